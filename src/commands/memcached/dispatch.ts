/**
 * The loop of a session: from bytes to commands, in whichever protocol.
 */
import { clockUs } from '../../base/clock.ts';
import { COUNTER } from '../../memory/control.ts';
import { memcachedTimeNote } from '../../memory/memcached-times.ts';
import { BINARY_REQUEST_MAGIC } from '../../protocol/memcached/binary.ts';
import { LF } from '../../protocol/memcached/line.ts';
import { replyRoom } from '../../protocol/reply.ts';
import { RUN_ENDED } from '../run-ended.ts';
import { binaryCommand } from './binary-dispatch.ts';
import { type Call, callClock } from './call.ts';
import { PHASE, PROTOCOL, waitAt } from './session.ts';
import { textCommand } from './text-dispatch.ts';

/** Room that every command but a retrieval finds in the reply buffer. */
const REPLY_LINE_BYTES_MAX = 1024;
/** In place of a command's number. */
const NO_COMMAND = -1;

/**
 * Runs what has arrived: call.input[start, call.end). Returns how far it came; the rest is an
 * incomplete request, or waits because the client is behind with reading or because the budget of
 * this event is spent: call.runEnded tells. Of a session that has closed it is where the last request
 * ended, which may lie past what has arrived.
 */
export function sessionRun(call: Call, start: number): number {
  callClock(call);
  const { timing } = call;
  const { requestsPerEventMax } = call.server.config;
  const isTimed = --timing.left === 0;
  const at = isTimed
    ? timedRun(call, start, requestsPerEventMax)
    : requestsRun(call, start, requestsPerEventMax);
  if (isTimed) timing.next();
  if (call.runEnded === RUN_ENDED.BUDGET) {
    call.counters[call.block + COUNTER.connectionYields]++;
  }
  return at;
}

/**
 * Runs at most `budgetMax` commands one by one, and takes the time of each. One that has to wait for its client
 * does not count, nor what goes on in the middle: how long that takes is not ours to answer for.
 */
function timedRun(call: Call, start: number, budgetMax: number): number {
  const { session, keyspace, server, timing } = call;
  let at = start;
  let startedUs = clockUs();
  for (let budget = budgetMax; budget > 0; budget--) {
    const isFresh = session.phase === PHASE.COMMAND;
    call.command = NO_COMMAND;
    at = requestsRun(call, at, 1);
    const endedUs = clockUs();
    if (isFresh && session.phase === PHASE.COMMAND && call.command !== NO_COMMAND) {
      const us = endedUs - startedUs;
      const { memcachedTimes } = keyspace;
      memcachedTimeNote(memcachedTimes, server.threadIndex, call.command, us, timing.weight);
    }
    if (call.runEnded !== RUN_ENDED.BUDGET) break;
    startedUs = endedUs;
  }
  return at;
}

function requestsRun(call: Call, start: number, budgetMax: number): number {
  const { session } = call;
  let at = start;
  let budget = budgetMax;
  call.runEnded = RUN_ENDED.INPUT;
  for (;;) {
    switch (session.phase) {
      case PHASE.COMMAND: {
        if (at >= call.end) return at;
        if (call.reply.isBlocked || !replyRoom(call.reply, REPLY_LINE_BYTES_MAX)) {
          call.runEnded = RUN_ENDED.BLOCKED;
          return at;
        }
        if (budget-- === 0) {
          call.runEnded = RUN_ENDED.BUDGET;
          return at;
        }
        if (session.protocol === PROTOCOL.UNDECIDED) {
          const isBinary = call.input[at] === BINARY_REQUEST_MAGIC;
          session.protocol = isBinary ? PROTOCOL.BINARY : PROTOCOL.TEXT;
        }
        call.reply.mark = call.reply.used;
        const isText = session.protocol === PROTOCOL.TEXT;
        const next = isText ? textCommand(call, at) : binaryCommand(call, at);
        if (next < 0) return waitAt(next);
        at = next;
        break;
      }
      case PHASE.SWALLOW: {
        const bytes = Math.min(session.swallowBytes, call.end - at);
        at += bytes;
        session.swallowBytes -= bytes;
        if (session.swallowBytes > 0) return at;
        session.phase = PHASE.COMMAND;
        break;
      }
      case PHASE.SKIP_LINE: {
        while (call.input[at] !== LF) at++;
        if (at >= call.end) return call.end;
        at++;
        session.phase = PHASE.COMMAND;
        break;
      }
      case PHASE.CLOSED:
        return at;
      case PHASE.AWAIT:
        call.runEnded = RUN_ENDED.BLOCKED;
        return at;
      default: {
        const next = session.resume(call, at);
        if (next < 0) return waitAt(next);
        at = next;
      }
    }
  }
}
