/** What commands of lists have in common: finding the list, and answering elements of it. */
import { OTHER_TYPE } from '../../../engine/status.ts';
import { listFind, listRead } from '../../../engine/types/list.ts';
import { ListCursor, listNext, listPrevious, listSeek } from '../../../engine/types/list-cursor.ts';
import type { Partition } from '../../../memory/partition.ts';
import type { Reply } from '../../../protocol/reply.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respBulk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { respValue } from './string.ts';

/**
 * The list under op's key, to be changed: its ref, 0 for none; or OTHER_TYPE, which was answered, unless a
 * blocked client is tried, who then waits on.
 */
export function listToChange(call: RespCall, p: Partition): number {
  const ref = listFind(p, call.op);
  if (ref === OTHER_TYPE && call.serving === null) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

/** The list under op's key, to be read: its ref, 0 for none; or OTHER_TYPE, which was answered. */
export function listToRead(call: RespCall): number {
  const ref = listRead(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

/** Takes argument `index` for op's value. */
export function valueTake({ args, op }: RespCall, index: number): void {
  op.value = args.source;
  op.valueStart = args.start[index];
  op.valueBytes = args.end[index] - args.start[index];
}

/** The element under the cursor as a bulk string. */
export function respElement(reply: Reply, p: Partition, cursor: ListCursor): void {
  if (cursor.chainRef === 0) respBulk(reply, p.u8, cursor.start, cursor.bytes);
  else respValue(reply, p, cursor.chainRef);
}

const cursor = new ListCursor();

/** An array of `count` elements from the one at `index` on, forwards or backwards. The list has so many. */
export function respElements(
  reply: Reply,
  p: Partition,
  ref: number,
  index: number,
  count: number,
  backwards: boolean,
): void {
  respArray(reply, count);
  listSeek(p, ref, index, cursor);
  for (let left = count; left > 0; left--) {
    respElement(reply, p, cursor);
    if (backwards) listPrevious(p, cursor);
    else listNext(p, cursor);
  }
}

export const SIDE = { LEFT: 0, RIGHT: 1, NEITHER: 2 } as const;

/** Which end of a list argument `index` names; NEITHER was answered. */
export function sideArgument(call: RespCall, index: number): number {
  if (argumentIs(call.args, index, 'left')) return SIDE.LEFT;
  if (argumentIs(call.args, index, 'right')) return SIDE.RIGHT;
  answerError(call, RESP_ERROR.syntax);
  return SIDE.NEITHER;
}
