/**
 * Unsigned 64-bit numbers that are only stored, compared and shown, never calculated with: two words,
 * so that nothing is allocated for one.
 */
import { decimalParse } from './decimal.ts';

const UINT32_END = 4294967296;
/** Below this `hi` the number is exact as a double. */
const EXACT_HI_END = 2 ** 21;
const DIGITS_EXACT_MAX = 15;
/** Digits of 2^64, and two leading zeros, as memcached has it. */
const DIGITS_MAX = 22;

export class Uint64 {
  /** Each an int32. */
  hi = 0;
  lo = 0;
}

export function uint64Copy(to: Uint64, from: Readonly<Uint64>): void {
  to.hi = from.hi;
  to.lo = from.lo;
}

/** Takes an integer below 2^53. */
export function uint64SetNumber(to: Uint64, value: number): void {
  to.hi = Math.floor(value / UINT32_END) | 0;
  to.lo = value | 0;
}

export function uint64IsZero(a: Readonly<Uint64>): boolean {
  return (a.hi | a.lo) === 0;
}

export function uint64Equals(a: Readonly<Uint64>, b: Readonly<Uint64>): boolean {
  return a.hi === b.hi && a.lo === b.lo;
}

export function uint64IsLess(a: Readonly<Uint64>, b: Readonly<Uint64>): boolean {
  return a.hi === b.hi ? a.lo >>> 0 < b.lo >>> 0 : a.hi >>> 0 < b.hi >>> 0;
}

/** The number, if it is below 2^53; else NaN. */
export function uint64Number(a: Readonly<Uint64>): number {
  const hi = a.hi >>> 0;
  return hi < EXACT_HI_END ? hi * UINT32_END + (a.lo >>> 0) : Number.NaN;
}

export function uint64Text(a: Readonly<Uint64>): string {
  return String((BigInt(a.hi >>> 0) << 32n) | BigInt(a.lo >>> 0));
}

/** Takes the decimal in bytes[start, end). False, and nothing changed, if anything else is there. */
export function uint64Parse(bytes: Buffer, start: number, end: number, to: Uint64): boolean {
  if (end - start <= DIGITS_EXACT_MAX) {
    const value = decimalParse(bytes, start, end);
    if (Number.isNaN(value)) return false;
    uint64SetNumber(to, value);
    return true;
  }
  const text = bytes.toString('latin1', start, end);
  if (text.length > DIGITS_MAX || !/^\d+$/.test(text)) return false;
  const value = BigInt(text);
  if (value >= 1n << 64n) return false;
  to.hi = Number(value >> 32n) | 0;
  to.lo = Number(value & 0xffffffffn) | 0;
  return true;
}
