/**
 * Signed 64-bit integers as text, the way Redis has them: canonical only, so that number and text
 * stand for each other. No plus, no leading zero, no space, no minus zero.
 *
 * A number below 2^53 is a double, and so nearly every one is. For the few beyond there is a second
 * step: what `int64Parse` returns is then close and not exact, and tells so by its size, and
 * `int64Exact` makes a BigInt of the same bytes.
 *
 * Source: Valkey src/util.c string2ll, ll2string.
 */
import { assert } from './assert.ts';
import { decimalWrite } from './decimal.ts';

/** `-9223372036854775808` */
export const INT64_TEXT_BYTES_MAX = 20;
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const DIGITS_MAX = 19;
/** Digits in the lower part of a long number; the upper one has no more than ten. */
const LOW_DIGITS = 9;
const LOW_END = 1e9;
/** 2^63 as these two parts. */
const HIGH_MAX = 9223372036;
const LOW_MAX = 854775808;

/**
 * The number in bytes[start, end): NaN, if anything but a canonical int64 is there. Exact, if it is a
 * safe integer; else one of at least 2^53, nearly the number.
 */
export function int64Parse(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = start < end && bytes[start] === MINUS;
  const digits = isNegative ? start + 1 : start;
  const count = end - digits;
  if (count < 1 || count > DIGITS_MAX) return Number.NaN;
  const first = bytes[digits];
  if (first <= ZERO || first > NINE) return first === ZERO && end - start === 1 ? 0 : Number.NaN;
  if (count <= LOW_DIGITS) {
    const value = digitsParse(bytes, digits, end);
    return isNegative ? -value : value;
  }
  const high = digitsParse(bytes, digits, end - LOW_DIGITS);
  const low = digitsParse(bytes, end - LOW_DIGITS, end);
  if (high >= HIGH_MAX && !(high === HIGH_MAX && low < LOW_MAX + Number(isNegative))) {
    return Number.NaN;
  }
  const value = high * LOW_END + low;
  return isNegative ? -value : value;
}

/** At most ten digits in bytes[at, end), or NaN. */
function digitsParse(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}

/** The number in bytes[start, end), for which `int64Parse` returned no NaN. */
export function int64Exact(bytes: Uint8Array, start: number, end: number): bigint {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return BigInt(text);
}

/** Whether the BigInt is an int64. */
export function int64Holds(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** Writes a safe integer at `at`; returns the position behind it. */
export function int64Write(target: Uint8Array, at: number, value: number): number {
  if (value >= 0) return decimalWrite(target, at, value);
  target[at] = MINUS;
  return decimalWrite(target, at + 1, -value);
}

/** As int64Write, for any int64. */
export function int64WriteExact(target: Uint8Array, at: number, value: bigint): number {
  assert(int64Holds(value), 'what is written as an int64 is one');
  const text = value.toString();
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index);
  return at + text.length;
}
