/**
 * Strings that are numbers, as RESP clients count with them: signed 64-bit integers, and decimals that
 * are added as 80-bit floats. memcached's counters have other rules, see counter.ts.
 *
 * Guard: every function expects the lock of the key's partition.
 */
import {
  INT64_TEXT_BYTES_MAX,
  int64Exact,
  int64Holds,
  int64Parse,
  int64Write,
  int64WriteExact,
} from '../../base/int64.ts';
import {
  type LongDouble,
  longDoubleIsFinite,
  longDoubleParse,
  longDoubleSum,
  longDoubleText,
} from '../../base/long-double.ts';
import { itemValueCopy } from '../../memory/chain.ts';
import {
  ITEM_TYPE,
  itemClientFlags,
  itemExpiresAtMs,
  itemIsChained,
  itemNoteInterest,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { type Operation, termsClear } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import { valueStore } from './chained.ts';
import { itemFind, STORE, storeFitsChunk, valueReplace } from './string.ts';
import { itemIsMarkedRaw } from './string-range-room.ts';

/** Bytes of a text that can be a long double. */
const DECIMAL_BYTES_MAX = 5 * 1024;

/** Where an addition leaves the new number: the first `bytes` of `digits`. */
export class NumberResult {
  readonly digits: Buffer = Buffer.alloc(DECIMAL_BYTES_MAX);
  bytes = 0;
}

/** What is added to an integer: a double if that is exact, a BigInt for the rest. */
export class IntegerDelta {
  /** A safe integer, or NaN if `exact` is to be used. */
  value = 0;
  exact = 0n;
}

/** Takes a safe integer. */
export function deltaSet(delta: IntegerDelta, value: number): void {
  delta.value = value;
}

/** Whether it is an int64: the opposite of one may not be. */
export function deltaIsInt64(delta: IntegerDelta): boolean {
  return !Number.isNaN(delta.value) || int64Holds(delta.exact);
}

/** Takes the int64 in bytes[start, end), or its opposite. False, if there is none. */
export function deltaParse(
  delta: IntegerDelta,
  bytes: Buffer,
  start: number,
  end: number,
  isOpposite: boolean,
): boolean {
  const value = int64Parse(bytes, start, end);
  if (Number.isNaN(value)) return false;
  if (Number.isSafeInteger(value)) {
    delta.value = isOpposite ? -value : value;
    return true;
  }
  const exact = int64Exact(bytes, start, end);
  delta.value = Number.NaN;
  delta.exact = isOpposite ? -exact : exact;
  return true;
}

/**
 * Adds to the integer at op's key; a missing one is 0. The expiry time stays. op's value is used as
 * scratch.
 *   returns   OK; WRONG_TYPE; NOT_NUMERIC; OUT_OF_RANGE: the sum is no int64; NO_MEMORY
 */
export function integerAdd(
  p: Partition,
  op: Operation,
  delta: IntegerDelta,
  out: NumberResult,
): Status {
  const ref = itemFind(p, op);
  if (ref === 0) {
    const { value } = delta;
    out.bytes = Number.isNaN(value)
      ? int64WriteExact(out.digits, 0, delta.exact)
      : int64Write(out.digits, 0, value);
    return numberStore(p, op, 0, out);
  }
  if (itemType(p, ref) !== ITEM_TYPE.STRING) return STATUS.WRONG_TYPE;
  const bytes = itemValueBytes(p, ref);
  if (bytes > INT64_TEXT_BYTES_MAX || itemIsChained(p, ref)) return STATUS.NOT_NUMERIC;
  const start = itemValueOffset(p, ref);
  const status = integerSum(p.u8, start, start + bytes, delta, out);
  return status === STATUS.OK ? numberStore(p, op, ref, out) : status;
}

/** Adds to the integer in source[start, end): OK, NOT_NUMERIC or OUT_OF_RANGE, as integerAdd. */
export function integerSum(
  source: Buffer,
  start: number,
  end: number,
  delta: IntegerDelta,
  out: NumberResult,
): Status {
  const value = int64Parse(source, start, end);
  if (Number.isNaN(value)) return STATUS.NOT_NUMERIC;
  const sum = value + delta.value;
  if (Number.isSafeInteger(value) && Number.isSafeInteger(sum)) {
    out.bytes = int64Write(out.digits, 0, sum);
    return STATUS.OK;
  }
  const exact = int64Exact(source, start, end) + deltaExact(delta);
  if (!int64Holds(exact)) return STATUS.OUT_OF_RANGE;
  out.bytes = int64WriteExact(out.digits, 0, exact);
  return STATUS.OK;
}

function deltaExact(delta: IntegerDelta): bigint {
  return Number.isNaN(delta.value) ? delta.exact : BigInt(delta.value);
}

/**
 * Adds to the decimal at op's key; a missing one is 0. The expiry time stays. op's value is used as
 * scratch.
 *   returns   OK; WRONG_TYPE; NOT_NUMERIC; OUT_OF_RANGE: the sum is not finite; NO_MEMORY
 */
export function decimalAdd(
  p: Partition,
  op: Operation,
  delta: LongDouble,
  out: NumberResult,
): Status {
  const ref = itemFind(p, op);
  let value: LongDouble | null = DECIMAL_ZERO;
  if (ref !== 0) {
    if (itemType(p, ref) !== ITEM_TYPE.STRING) return STATUS.WRONG_TYPE;
    value = itemDecimal(p, ref, out.digits);
    if (value === null) return STATUS.NOT_NUMERIC;
  }
  const status = decimalSum(value, delta, out);
  return status === STATUS.OK ? numberStore(p, op, ref, out) : status;
}

/** The sum of two decimals: OK, or OUT_OF_RANGE, as decimalAdd. */
export function decimalSum(value: LongDouble, delta: LongDouble, out: NumberResult): Status {
  if (!longDoubleIsFinite(value) || !longDoubleIsFinite(delta)) return STATUS.OUT_OF_RANGE;
  const sum = longDoubleSum(value, delta);
  if (!longDoubleIsFinite(sum)) return STATUS.OUT_OF_RANGE;
  out.bytes = out.digits.write(longDoubleText(sum), 'latin1');
  return STATUS.OK;
}

/** What a missing number is. */
export const DECIMAL_ZERO: LongDouble = { isNegative: false, mantissa: 0n, exponent: 0 };

function itemDecimal(p: Partition, ref: number, scratch: Buffer): LongDouble | null {
  const bytes = itemValueBytes(p, ref);
  if (bytes > scratch.length) return null;
  itemValueCopy(p, ref, scratch, 0);
  return longDoubleParse(scratch, 0, bytes);
}

/** Gives the key the new number. In its old place, unless the item is marked, or long, or not there. */
function numberStore(p: Partition, op: Operation, ref: number, out: NumberResult): Status {
  const { digits, bytes } = out;
  termsClear(op);
  op.value = digits;
  op.valueStart = 0;
  op.valueBytes = bytes;
  if (ref === 0) {
    op.clientFlags = 0;
    op.expiresAtMs = 0;
    return valueStore(p, op, STORE.PUT);
  }
  itemNoteInterest(p, ref, op.nowSec);
  if (!itemIsMarkedRaw(p, ref) && !itemIsChained(p, ref) && storeFitsChunk(op)) {
    return valueReplace(p, op, ref, digits, bytes, bytes);
  }
  op.clientFlags = itemClientFlags(p, ref);
  op.expiresAtMs = itemExpiresAtMs(p, ref);
  return valueStore(p, op, STORE.PUT);
}
