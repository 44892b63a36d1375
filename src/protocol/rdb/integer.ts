/**
 * Integers that stand for strings. A string that is the decimal of an integer of 64 bits, written as
 * one writes it (no plus, no leading zero, not `-0`), is kept as the integer and read back as the text.
 *
 * Up to 15 digits are exact in a double; the few integers beyond are BigInts.
 */
import { decimalWrite } from '../../base/decimal.ts';

const ZERO = 0x30;
const MINUS = 0x2d;
const DIGITS_EXACT_MAX = 15;
const EXACT_END = 1e15;
/** A minus and 19 digits. */
export const INTEGER_TEXT_BYTES_MAX = 20;

/** The integer that u8[start, end) is the text of; null if it is none of 64 bits. */
export function integerParse(u8: Buffer, start: number, end: number): number | bigint | null {
  if (end === start || end - start > INTEGER_TEXT_BYTES_MAX) return null;
  const isNegative = u8[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  const digits = end - first;
  if (digits === 0 || (u8[first] === ZERO && (isNegative || digits > 1))) return null;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = u8[at] - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  if (digits <= DIGITS_EXACT_MAX) return isNegative ? -value : value;
  const exact = BigInt(u8.toString('latin1', start, end));
  return BigInt.asIntN(64, exact) === exact ? exact : null;
}

/** Writes an integer below 10^15 either way as text at `at`; returns the position behind it. */
export function integerTextWrite(u8: Buffer, at: number, value: number): number {
  if (value >= 0) return decimalWrite(u8, at, value);
  u8[at] = MINUS;
  return decimalWrite(u8, at + 1, -value);
}

/** As integerTextWrite, for the little-endian int64 at source[from, from + 8). */
export function integer64TextWrite(u8: Buffer, at: number, source: Buffer, from: number): number {
  const high = source.readInt32LE(from + 4);
  const value = high * 2 ** 32 + source.readUInt32LE(from);
  if (Math.abs(value) < EXACT_END) return integerTextWrite(u8, at, value);
  return at + u8.write(source.readBigInt64LE(from).toString(), at, 'latin1');
}
