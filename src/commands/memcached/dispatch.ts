/**
 * The loop of the text protocol: from bytes to commands.
 */
import { assert } from '../../base/assert.ts';
import { COUNTER } from '../../memory/control.ts';
import { LF, lineSplit } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyRoom } from '../../protocol/reply.ts';
import { answer, type Call, callClock } from './call.ts';
import { commandFind } from './command-names.ts';
import { PHASE, waitAt } from './session.ts';

/** A command line that is no retrieval ends within so many bytes, or the connection does. */
const LINE_BYTES_MAX = 2048;
/** Room that every command but a retrieval finds in the reply buffer. */
const REPLY_LINE_BYTES_MAX = 1024;

/** Why a run ended before its input did. */
export const RUN_ENDED = { INPUT: 0, BLOCKED: 1, BUDGET: 2 } as const;

/**
 * Runs what has arrived: call.input[start, call.end). Returns how far it came; the rest is an
 * incomplete request, or waits because the client is behind with reading or because the budget of
 * this event is spent: call.runEnded tells.
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
        const next = commandRun(call, at);
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
        return call.end;
      default: {
        const { row } = session;
        assert(row !== null && row.resume !== null, 'a session in the middle knows of what');
        const next = row.resume(call, at);
        if (next < 0) return waitAt(next);
        at = next;
      }
    }
  }
}

/** Runs the command at `at`; returns as a TextHandler does. */
function commandRun(call: Call, at: number): number {
  const { input, line } = call;
  const row = commandFind(input, at);
  line.noreply = false;
  call.reply.mark = call.reply.used;
  // With less than two bytes behind it, a name may still go on; and there is no key to stream yet.
  if (row?.streams && at + row.name.length + 1 < call.end) return row.run(call, at);
  if (!lineSplit(line, input, at, call.end)) {
    if (call.end - at <= LINE_BYTES_MAX) return waitAt(at);
    call.session.phase = PHASE.CLOSED;
    return call.end;
  }
  if (line.next - at < 4) {
    answer(call, REPLY.badFormat);
    return line.next;
  }
  if (row === null) return unknownAnswer(call);
  if (line.count < row.wordsMin) {
    // A line without its words asks for nothing, not for silence either.
    replyBytes(call.reply, REPLY.badFormat);
    return line.next;
  }
  return row.run(call, at);
}

function unknownAnswer(call: Call): number {
  const { input, line } = call;
  const last = line.count - 1;
  if (last >= 1 && input.toString('latin1', line.start[last], line.end[last]).startsWith('HTTP/')) {
    call.session.phase = PHASE.CLOSED;
    return call.end;
  }
  answer(call, REPLY.error);
  return line.next;
}
