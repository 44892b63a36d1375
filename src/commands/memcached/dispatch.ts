/**
 * The loop of a session: from bytes to commands, in whichever protocol.
 */
import { COUNTER } from '../../memory/control.ts';
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

/**
 * Runs what has arrived: call.input[start, call.end). Returns how far it came; the rest is an
 * incomplete request, or waits because the client is behind with reading or because the budget of
 * this event is spent: call.runEnded tells. Of a session that has closed it is where the last request
 * ended, which may lie past what has arrived.
 */
export function sessionRun(call: Call, start: number): number {
  const { session } = call;
  let at = start;
  let budget = call.server.config.requestsPerEventMax;
  call.runEnded = RUN_ENDED.INPUT;
  callClock(call);
  for (;;) {
    switch (session.phase) {
      case PHASE.COMMAND: {
        if (at >= call.end) return at;
        if (call.reply.isBlocked || !replyRoom(call.reply, REPLY_LINE_BYTES_MAX)) {
          call.runEnded = RUN_ENDED.BLOCKED;
          return at;
        }
        if (budget-- === 0) {
          call.counters[call.block + COUNTER.connectionYields]++;
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
