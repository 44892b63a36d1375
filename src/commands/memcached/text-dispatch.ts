/** One command of the text protocol: from its line to its row. */
import { lineSplit } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes } from '../../protocol/reply.ts';
import { answer, type Call, commandCount } from './call.ts';
import { commandFind } from './command-names.ts';
import type { Numbered, TextRow } from './row.ts';
import { PHASE, waitAt } from './session.ts';
import { textAuthenticate } from './text-authentication.ts';

/** A command line that is no retrieval ends within so many bytes, or the connection does. */
const LINE_BYTES_MAX = 2048;

/** Runs the command at `at`; returns as a TextHandler does. */
export function textCommand(call: Call, at: number): number {
  const { input, line } = call;
  if (!call.session.isAuthenticated) return textAuthenticate(call, at);
  const row = commandFind(call.view, at);
  line.noreply = false;
  // With less than two bytes behind it, a name may still go on; and there is no key to stream yet.
  if (row?.streams && at + row.name.length + 1 < call.end) return rowRun(call, at, row);
  if (!lineSplit(line, input, at, call.end)) {
    if (call.end - at <= LINE_BYTES_MAX) return waitAt(at);
    call.session.phase = PHASE.CLOSED;
    return at;
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
  return rowRun(call, at, row);
}

function rowRun(call: Call, at: number, row: Numbered<TextRow>): number {
  const next = row.run(call, at);
  // A command that waits, and has not begun, comes back.
  if (next >= 0 || call.session.phase !== PHASE.COMMAND) commandCount(call, row.number);
  return next;
}

function unknownAnswer(call: Call): number {
  const { input, line } = call;
  const last = line.count - 1;
  if (last >= 1 && input.toString('latin1', line.start[last], line.end[last]).startsWith('HTTP/')) {
    call.session.phase = PHASE.CLOSED;
    return line.next;
  }
  answer(call, REPLY.error);
  return line.next;
}
