/**
 * Doubles as text: what strtod takes, and what Redis prints since 7.2, the shortest decimal that reads
 * back as the same double.
 *
 *   read     12  -1.5  .5  1.  1e-3  +7  inf  -Infinity  0x1.8p3      the whole text, no space before it
 *   refused  nan, and what is too large for a double, or so small that it would become zero
 *   written  12  -0  1.5  0.000001  1.5e-7  1000000000000000000000000  1e+300  inf  -inf  nan
 *
 * Numbers of few digits, as people and programs write them, go neither way through a string: up to 15
 * digits and 10^22 are exact as doubles, and so one multiplication or division of the two rounds right
 * (Clinger, "How to read floating point numbers accurately", PLDI '90).
 *
 * Source: Valkey src/util.c string2d, d2string; deps/fpconv for where exponents begin. (Of a thousand
 * doubles with 17 digits it writes one with a digit too many, or the second nearest; here all are right.)
 */
import { binaryRealFromHex, binaryRealRound } from './binary-real.ts';
import { decimalWrite } from './decimal.ts';
import { int64Write } from './int64.ts';

/** `-1.2345678901234567e-308` has 24; plain decimals and integers no more than these. */
export const FLOAT64_TEXT_BYTES_MAX = 32;

const ZERO = 0x30;
const NINE = 0x39;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const LOWER_E = 0x65;

const DIGITS_EXACT_MAX = 15;
const MANTISSA_EXACT_END = 1e15;
/** Powers of ten that are exact as doubles. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const POWER_EXACT_MAX = POWERS.length - 1;
/** An exponent in a text counts up to here; any beyond is as good as endless. */
const EXPONENT_END = 1e6;

/** Up to here an integer is printed with all its digits. */
const INTEGER_MAX = 2 ** 62;
/** Decimals that are tried before a string is made. */
const DECIMALS_TRIED = 6;

const WORD = /^[+-]?inf(?:inity)?$/i;

/** The double in bytes[start, end), which may be infinite; NaN, if there is none. */
export function float64Parse(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = start < end && bytes[start] === MINUS;
  let at = isNegative || (start < end && bytes[start] === PLUS) ? start + 1 : start;
  const digitsAt = at;
  let mantissa = 0;
  let digits = 0;
  let pointAt = -1;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte >= ZERO && byte <= NINE) {
      if (digits <= DIGITS_EXACT_MAX) mantissa = mantissa * 10 + (byte - ZERO);
      if (mantissa !== 0) digits++;
    } else if (byte === POINT && pointAt === -1) {
      pointAt = at;
    } else {
      break;
    }
  }
  const decimals = pointAt === -1 ? 0 : at - pointAt - 1;
  if (at - digitsAt - Number(pointAt !== -1) === 0) return wordParse(bytes, start, end);
  let exponent = 0;
  if (at < end) {
    if ((bytes[at] | 0x20) !== LOWER_E) return hexParse(bytes, start, end);
    exponent = exponentParse(bytes, at + 1, end);
    if (Number.isNaN(exponent)) return Number.NaN;
  }
  const power = exponent - decimals;
  if (digits > DIGITS_EXACT_MAX || Math.abs(power) > POWER_EXACT_MAX) {
    return longParse(bytes, start, end, mantissa === 0);
  }
  const size = power < 0 ? mantissa / POWERS[-power] : mantissa * POWERS[power];
  return isNegative ? -size : size;
}

/** What follows the `e`: digits, and a sign before them. NaN, if that is not there. */
function exponentParse(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = start < end && bytes[start] === MINUS;
  let at = isNegative || (start < end && bytes[start] === PLUS) ? start + 1 : start;
  if (at === end) return Number.NaN;
  let exponent = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return Number.NaN;
    if (exponent < EXPONENT_END) exponent = exponent * 10 + (byte - ZERO);
  }
  return isNegative ? -exponent : exponent;
}

/** A decimal whose form was checked. */
function longParse(bytes: Uint8Array, start: number, end: number, isZero: boolean): number {
  const value = Number(textOf(bytes, start, end));
  return Number.isFinite(value) && (value !== 0 || isZero) ? value : Number.NaN;
}

function wordParse(bytes: Uint8Array, start: number, end: number): number {
  if (!WORD.test(textOf(bytes, start, end))) return Number.NaN;
  return bytes[start] === MINUS ? -Infinity : Infinity;
}

/** C's hexadecimal form. (A result that is subnormal may have been rounded twice.) */
function hexParse(bytes: Uint8Array, start: number, end: number): number {
  const real = binaryRealFromHex(textOf(bytes, start, end));
  if (real === null) return Number.NaN;
  const { mantissa, exponent } = binaryRealRound(real, 53);
  const half = Math.trunc(exponent / 2);
  const size = Number(mantissa) * 2 ** half * 2 ** (exponent - half);
  if (size === Infinity || (size === 0 && mantissa !== 0n)) return Number.NaN;
  return bytes[start] === MINUS ? -size : size;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}

/** Writes a double at `at`, at most FLOAT64_TEXT_BYTES_MAX bytes; returns the position behind it. */
export function float64Write(target: Uint8Array, at: number, value: number): number {
  if (Number.isSafeInteger(value)) {
    if (value === 0 && 1 / value < 0) return textWrite(target, at, '-0');
    return int64Write(target, at, value);
  }
  const size = Math.abs(value);
  for (let decimals = 1; decimals <= DECIMALS_TRIED; decimals++) {
    const mantissa = Math.round(size * POWERS[decimals]);
    if (mantissa >= MANTISSA_EXACT_END) break;
    if (mantissa / POWERS[decimals] === size) {
      if (value < 0) target[at++] = MINUS;
      return decimalsWrite(target, at, mantissa, decimals);
    }
  }
  return textWrite(target, at, float64Text(value));
}

/** Writes mantissa / 10^decimals. */
function decimalsWrite(target: Uint8Array, at: number, mantissa: number, decimals: number): number {
  const whole = Math.floor(mantissa / POWERS[decimals]);
  const point = decimalWrite(target, at, whole);
  // One digit more, a 1 that becomes the point, keeps the zeros behind it.
  const end = decimalWrite(target, point, mantissa - whole * POWERS[decimals] + POWERS[decimals]);
  target[point] = POINT;
  return end;
}

function textWrite(target: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** A double as text: as float64Write writes it. */
export function float64Text(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}inf`;
  if (Number.isInteger(size) && size <= INTEGER_MAX) return `${sign}${BigInt(size)}`;
  if (size >= 1e-3 && size < 1e4) return String(value);
  const scientific = size.toExponential();
  const [first = '', exponentText = ''] = scientific.split('e');
  const digits = first.replace('.', '');
  const exponent = Number(exponentText);
  const zeros = exponent + 1 - digits.length;
  if (zeros >= 0 && exponent < digits.length + 7) return `${sign}${digits}${'0'.repeat(zeros)}`;
  if (zeros >= 0 || (zeros <= -7 && Math.abs(exponent) >= 4)) return `${sign}${scientific}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
