/**
 * Counters: strings of decimal digits, added to and subtracted from as unsigned 64-bit numbers.
 * Spec: memcached/memcached doc/protocol.txt, "Increment/Decrement".
 *
 * Guard: the caller holds the lock of the key's partition.
 */
import { decimalParse, decimalPrefixBytes, decimalWrite } from '../../base/decimal.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import {
  ITEM_TYPE,
  itemIsChained,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import type { Operation } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import { casHolds } from './cas.ts';
import { itemFind, valueReplace } from './string.ts';

const DIGITS_MAX = 20;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const UINT64_END = 1n << 64n;
/** Up to here value and delta and their sum are exact as doubles. */
const EXACT_DIGITS_MAX = 15;

/** Where a counter operation leaves the new number: its first `bytes` digits. */
export class CounterResult {
  readonly digits: Buffer = Buffer.alloc(DIGITS_MAX);
  bytes = 0;
}

/**
 * Adds op's value, a valid unsigned 64-bit decimal, to the counter at op's key; `up` false subtracts,
 * stopping at 0. A sum wraps at 2^64. The stored value never gets shorter: it is padded with spaces.
 */
export function counterAdd(p: Partition, op: Operation, up: boolean, out: CounterResult): Status {
  const ref = itemFind(p, op);
  if (ref === 0) return STATUS.MISSING;
  const bytes = itemValueBytes(p, ref);
  if (itemType(p, ref) !== ITEM_TYPE.STRING) return STATUS.WRONG_TYPE;
  if (bytes === 0) return STATUS.NOT_NUMERIC;
  if (op.demandsCas && !casHolds(p, op, ref)) return STATUS.EXISTS;
  if (itemIsChained(p, ref)) return STATUS.NOT_NUMERIC;
  const end = itemValueOffset(p, ref) + bytes;
  const start = zerosSkip(p.u8, itemValueOffset(p, ref), end);
  const digits = decimalPrefixBytes(p.u8, start, end);
  const closed = start + digits === end || p.u8[start + digits] === SPACE;
  if (digits === 0 || digits > DIGITS_MAX || !closed) return STATUS.NOT_NUMERIC;
  if (!numberAdd(p.u8, start, digits, op, up, out)) return STATUS.NOT_NUMERIC;

  classCount(p, chunkClass(p, ref), up ? CLASS_TOTAL.incrHits : CLASS_TOTAL.decrHits);
  return valueReplace(p, op, ref, out.digits, out.bytes, Math.max(bytes, out.bytes));
}

/** Past leading zeros, of which a number may have any count, up to its last digit. */
function zerosSkip(u8: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + 1 < end && u8[at] === ZERO && u8[at + 1] >= ZERO && u8[at + 1] <= NINE) at++;
  return at;
}

/** The result as digits in `out`; false when the counter exceeds 64 bits. */
function numberAdd(
  u8: Buffer,
  start: number,
  digits: number,
  op: Operation,
  up: boolean,
  out: CounterResult,
): boolean {
  if (digits <= EXACT_DIGITS_MAX && op.valueBytes <= EXACT_DIGITS_MAX) {
    const value = decimalParse(u8, start, start + digits);
    const delta = decimalParse(op.value, op.valueStart, op.valueStart + op.valueBytes);
    const sum = up ? value + delta : Math.max(0, value - delta);
    out.bytes = decimalWrite(out.digits, 0, sum);
    return true;
  }
  const value = BigInt(u8.toString('latin1', start, start + digits));
  const delta = BigInt(op.value.toString('latin1', op.valueStart, op.valueStart + op.valueBytes));
  if (value >= UINT64_END) return false;
  const difference = value > delta ? value - delta : 0n;
  out.bytes = out.digits.write(String(up ? (value + delta) % UINT64_END : difference), 'latin1');
  return true;
}
