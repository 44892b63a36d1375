/**
 * Short values on their way in that are none of an item, such as a list of nodes: gathered on the heap,
 * piece by piece, whichever protocol sends them.
 */
import { assert } from '../../base/assert.ts';
import { CR, LF } from '../../protocol/memcached/line.ts';
import type { Call } from './call.ts';
import { type Gathering, PHASE, waitAt } from './session.ts';

/**
 * Starts gathering `valueBytes` bytes, and behind them `endBytes`: 2 for a line end, which must be
 * there. When all has come `done` gets the value, or null where the line end was not, and answers. The
 * caller bounds the length.
 */
export function gatherStart(
  call: Call,
  valueBytes: number,
  endBytes: 0 | 2,
  done: Gathering['done'],
): void {
  const { session, line } = call;
  session.gathering = { value: Buffer.alloc(valueBytes), gatheredBytes: 0, endBytes, done };
  session.noreply = line.noreply;
  session.resume = gather;
  session.phase = PHASE.GATHER;
}

function gather(call: Call, from: number): number {
  const { session, input } = call;
  const { gathering } = session;
  assert(gathering !== null, 'a session that gathers knows what');
  const { value, endBytes } = gathering;
  const bytes = Math.min(value.length - gathering.gatheredBytes, call.end - from);
  const at = from + bytes;
  input.copy(value, gathering.gatheredBytes, from, at);
  gathering.gatheredBytes += bytes;
  if (gathering.gatheredBytes < value.length || call.end - at < endBytes) return waitAt(at);
  session.phase = PHASE.COMMAND;
  session.gathering = null;
  call.line.noreply = session.noreply;
  const isSound = endBytes === 0 || (input[at] === CR && input[at + 1] === LF);
  gathering.done(call, isSound ? value : null);
  return at + endBytes;
}
