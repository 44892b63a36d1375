/**
 * Bit fields: integers of 1 to 64 bits at any place of a string, the highest bit first.
 *
 *   bit  0        8        16                    a field of 5 bits at position 6
 *        ┌────────┬────────┬─ ─
 *        │xxxxxx43│210xxxxx│ …
 *        └────────┴────────┴─ ─
 *
 * A field touches at most nine bytes, which are read and written as one number.
 *
 * Guard: every function expects the lock of the key's partition.
 * Source: Valkey src/bitops.c, checkUnsignedBitfieldOverflow and those around it.
 */
import { itemValueBytes } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { valueRangeRead, valueRangeWrite } from './string-range.ts';

/** What becomes of a number that its field cannot hold. */
export const OVERFLOW = {
  WRAP: 0, // its lowest bits
  SATURATE: 1, // the nearest number that the field can hold
  FAIL: 2, // nothing is written
} as const;
export type Overflow = (typeof OVERFLOW)[keyof typeof OVERFLOW];

export type FieldType = { readonly isSigned: boolean; readonly bits: number };

const WINDOW_BYTES = 9;
const WINDOW_BITS = WINDOW_BYTES * 8;
const window = Buffer.alloc(WINDOW_BYTES);

/** Reads the bytes from `at` on as one number; those behind the value's end are 0. */
function windowRead(p: Partition, ref: number, at: number): bigint {
  window.fill(0);
  const bytes = ref === 0 ? 0 : Math.min(WINDOW_BYTES, itemValueBytes(p, ref) - at);
  if (bytes > 0) valueRangeRead(p, ref, at, bytes, window, 0);
  return (window.readBigUInt64BE(0) << 8n) | BigInt(window[8]);
}

/** The field at bit `position`; what lies behind the value's end is 0. `ref` may be 0: all of it. */
export function fieldRead(p: Partition, ref: number, position: number, type: FieldType): bigint {
  const shift = BigInt(WINDOW_BITS - (position % 8) - type.bits);
  const field = windowRead(p, ref, Math.floor(position / 8)) >> shift;
  return type.isSigned ? BigInt.asIntN(type.bits, field) : BigInt.asUintN(type.bits, field);
}

/** Writes the field at bit `position`, all of which the value has. */
export function fieldWrite(
  p: Partition,
  ref: number,
  position: number,
  type: FieldType,
  value: bigint,
): void {
  const at = Math.floor(position / 8);
  const shift = BigInt(WINDOW_BITS - (position % 8) - type.bits);
  const mask = ((1n << BigInt(type.bits)) - 1n) << shift;
  const field = BigInt.asUintN(type.bits, value) << shift;
  const changed = (windowRead(p, ref, at) & ~mask) | field;
  window.writeBigUInt64BE(changed >> 8n, 0);
  window[8] = Number(changed & 0xffn);
  const bytes = Math.ceil(((position % 8) + type.bits) / 8);
  valueRangeWrite(p, ref, at, window, 0, bytes);
}

/** The number as the field can hold it; null, if it cannot and that is to fail. */
export function fieldFit(value: bigint, type: FieldType, overflow: Overflow): bigint | null {
  const { isSigned, bits } = type;
  const max = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n;
  const min = isSigned ? -max - 1n : 0n;
  if (value >= min && value <= max) return value;
  if (overflow === OVERFLOW.FAIL) return null;
  if (overflow === OVERFLOW.SATURATE) return value < min ? min : max;
  return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}
