/**
 * APPEND and SETRANGE: strings that get longer, or are written to in the middle.
 *
 * Guard: every function expects the lock of the key's partition.
 */
import { ITEM_TYPE, itemType, itemValueBytes } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { type Operation, termsClear } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import { valueStore } from './chained.ts';
import { itemFind, STORE } from './string.ts';
import { valueRangeClear, valueRangeWrite } from './string-range.ts';
import { valueOpen } from './string-range-room.ts';

/**
 * Adds op's value behind that of op's key, or makes it the key's. `bytesMax` is for the whole, whose
 * length op.joinedBytes then is.
 *   returns   OK; WRONG_TYPE; TOO_LARGE; NO_MEMORY: nothing has changed
 */
export function stringAppend(p: Partition, op: Operation, bytesMax: number): Status {
  const old = itemFind(p, op);
  const { value, valueStart, valueBytes } = op;
  if (old === 0) {
    if (valueBytes > bytesMax) return STATUS.TOO_LARGE;
    termsClear(op);
    op.clientFlags = 0;
    op.expiresAtMs = 0;
    op.joinedBytes = valueBytes;
    return valueStore(p, op, STORE.PUT);
  }
  if (itemType(p, old) !== ITEM_TYPE.STRING) return STATUS.WRONG_TYPE;
  const position = itemValueBytes(p, old);
  if (position + valueBytes > bytesMax) return STATUS.TOO_LARGE;
  const ref = valueOpen(p, op, old, position + valueBytes);
  if (ref === 0) return STATUS.NO_MEMORY;
  valueRangeWrite(p, ref, position, value, valueStart, valueBytes);
  op.joinedBytes = position + valueBytes;
  return STATUS.OK;
}

/**
 * Writes op's value over that of op's key from `position` on; zeros fill a gap. An empty one changes
 * nothing. `bytesMax` is for the whole, whose length op.joinedBytes then is.
 *   returns   OK; WRONG_TYPE; TOO_LARGE; NO_MEMORY: nothing has changed
 */
export function stringRangeSet(
  p: Partition,
  op: Operation,
  position: number,
  bytesMax: number,
): Status {
  const old = itemFind(p, op);
  if (old !== 0 && itemType(p, old) !== ITEM_TYPE.STRING) return STATUS.WRONG_TYPE;
  const { value, valueStart, valueBytes } = op;
  const oldBytes = old === 0 ? 0 : itemValueBytes(p, old);
  op.joinedBytes = oldBytes;
  if (valueBytes === 0) return STATUS.OK;
  const end = position + valueBytes;
  if (end > bytesMax) return STATUS.TOO_LARGE;
  const ref = valueOpen(p, op, old, Math.max(oldBytes, end));
  if (ref === 0) return STATUS.NO_MEMORY;
  valueRangeClear(p, ref, oldBytes, Math.max(0, position - oldBytes));
  valueRangeWrite(p, ref, position, value, valueStart, valueBytes);
  op.joinedBytes = Math.max(oldBytes, end);
  return STATUS.OK;
}
