/**
 * Streams: entries between two ids, in either direction.
 *
 *   XRANGE k - + COUNT 2          [[1526919030474-0 [name value …]] [… […]]]
 *   XREVRANGE k + (1526919030474-0
 */
import { StreamId, streamIdCompare } from '../../../base/stream-id.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamRootOf } from '../../../engine/types/stream.ts';
import {
  StreamCursor,
  streamCount,
  streamNext,
  streamPrevious,
  streamSeek,
  streamSeekBack,
} from '../../../engine/types/stream-cursor.ts';
import type { Partition } from '../../../memory/partition.ts';
import type { Reply } from '../../../protocol/reply.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respEmptyArray, respNullArray } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, READ_KEY, type RespRow } from '../row.ts';
import { boundArgument } from './stream-argument.ts';
import { respStreamEntry, streamToRead } from './stream-reply.ts';

const { READONLY } = FLAG;

// biome-ignore format: a table reads in columns
export const STREAM_RANGE_ROWS: readonly RespRow[] = [
  { name: 'xrange',    arity: -4, flags: READONLY, keys: READ_KEY, group: 'stream', since: '5.0.0', complexity: 'O(log(M) + N), N the entries answered', syntax: 'key start end [COUNT count]', doc: 'Entries between two ids.',                     run: (call) => range(call, false) },
  { name: 'xrevrange', arity: -4, flags: READONLY, keys: READ_KEY, group: 'stream', since: '5.0.0', complexity: 'O(log(M) + N), N the entries answered', syntax: 'key end start [COUNT count]', doc: 'Entries between two ids, the last one first.', run: (call) => range(call, true) },
];

const low = new StreamId();
const high = new StreamId();
const from = new StreamCursor();
const to = new StreamCursor();

/** COUNT among the last arguments; Infinity without it; NaN: something was wrong, which was answered. */
function countTake(call: RespCall): number {
  const { args } = call;
  let count = Number.POSITIVE_INFINITY;
  for (let index = 4; index < args.count; index += 2) {
    if (index + 1 === args.count || !argumentIs(args, index, 'count')) {
      answerError(call, RESP_ERROR.syntax);
      return Number.NaN;
    }
    count = Math.max(0, integerArgument(call, index + 1));
    if (Number.isNaN(count)) return count;
  }
  return count;
}

function range(call: RespCall, backwards: boolean): void {
  const { p, reply } = call;
  if (!boundArgument(call, backwards ? 3 : 2, low, false)) return;
  if (!boundArgument(call, backwards ? 2 : 3, high, true)) return;
  const count = countTake(call);
  if (Number.isNaN(count)) return;
  const ref = streamToRead(call, p, 1);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) respEmptyArray(reply);
  else if (count === 0) respNullArray(reply);
  else respStreamRange(reply, p, streamRootOf(p, ref), low, high, count, backwards);
}

/** An array of the entries between two ids, both included; at most `max`. */
export function respStreamRange(
  reply: Reply,
  p: Partition,
  rootRef: number,
  first: Readonly<StreamId>,
  last: Readonly<StreamId>,
  max: number,
  backwards: boolean,
): void {
  const isThere =
    streamSeek(p, rootRef, first, from) &&
    streamSeekBack(p, rootRef, last, to) &&
    streamIdCompare(from.id, to.id) <= 0;
  if (!isThere) {
    respEmptyArray(reply);
    return;
  }
  const count = streamCount(p, from, to, max);
  const cursor = backwards ? to : from;
  respArray(reply, count);
  for (let left = count; left > 0; left--) {
    respStreamEntry(reply, p, cursor);
    if (backwards) streamPrevious(p, cursor);
    else streamNext(p, cursor);
  }
}
