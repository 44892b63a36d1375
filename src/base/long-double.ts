/**
 * The 80-bit floats of x87, in which Redis computes INCRBYFLOAT and HINCRBYFLOAT: a mantissa of 64 bits.
 * To add in doubles, or in decimals, would give other digits than Redis gives: its 1000.1 + 0 is
 * 1000.09999999999999998. So here is the same arithmetic, in BigInts; a sum costs about two
 * microseconds.
 *
 * What is smaller than 2^-16382 has all 64 bits here and less there. No digit shows it: 17 decimals
 * are printed.
 *
 * Source: Valkey src/util.c string2ld, ld2string with LD_STR_HUMAN.
 */
import {
  type BinaryReal,
  binaryRealFromHex,
  binaryRealRound,
  bitCount,
  shiftedRight,
} from './binary-real.ts';

/** Frozen in use: a sum is a new one. */
export type LongDouble = {
  readonly isNegative: boolean;
  /** Below 2^64. */
  readonly mantissa: bigint;
  /** The value is mantissa × 2^exponent. Infinity: that. */
  readonly exponent: number;
};

/** Bytes of a text that is looked at. */
const TEXT_BYTES_MAX = 5 * 1024 - 1;
const MANTISSA_BITS = 64;
/** mantissa × 2^exponent is below 2^TOP_MAX, and not below 2^TOP_MIN, about half the smallest. */
const TOP_MAX = 16384;
const TOP_MIN = -16445;
/** Powers of ten beyond these are too large or too small with any digits that fit in the text. */
const POWER_MAX = 5000;
const POWER_MIN = -5000 - TEXT_BYTES_MAX;
const DECIMALS = 17;
const DECIMALS_SCALE = 10n ** BigInt(DECIMALS);

const DECIMAL = /^[+-]?(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const WORD = /^[+-]?inf(?:inity)?$/i;

/** The number in bytes[start, end), as strtold reads it; null, if there is none, or too large a one. */
export function longDoubleParse(bytes: Buffer, start: number, end: number): LongDouble | null {
  if (end - start > TEXT_BYTES_MAX) return null;
  const text = bytes.toString('latin1', start, end);
  const isNegative = text.startsWith('-');
  if (WORD.test(text)) return { isNegative, mantissa: 1n, exponent: Infinity };
  const real = binaryRealFromHex(text) ?? binaryRealFromDecimal(text);
  if (real === null) return null;
  if (real.mantissa === 0n) return { isNegative, mantissa: 0n, exponent: 0 };
  const top = bitCount(real.mantissa) + real.exponent;
  if (top > TOP_MAX + 1 || top < TOP_MIN) return null;
  const value = longDoubleOf(isNegative, real);
  return longDoubleIsFinite(value) ? value : null;
}

/** Digits, with or without a point and an exponent; at least the bits that can be told apart. */
function binaryRealFromDecimal(text: string): BinaryReal | null {
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const mantissa = BigInt(whole + fraction);
  if (mantissa === 0n) return { mantissa, exponent: 0 };
  const power = Number(exponent) - fraction.length;
  if (power > POWER_MAX || power < POWER_MIN) return null;
  if (power >= 0) return { mantissa: mantissa * 10n ** BigInt(power), exponent: 0 };
  // The quotient gets two bits more than are kept; the last of them stands for all that follow.
  const divisor = 10n ** BigInt(-power);
  const shift = Math.max(0, MANTISSA_BITS + 2 + bitCount(divisor) - bitCount(mantissa));
  const dividend = mantissa << BigInt(shift);
  const quotient = dividend / divisor;
  const isExact = quotient * divisor === dividend;
  return { mantissa: isExact ? quotient : quotient | 1n, exponent: -shift };
}

function longDoubleOf(isNegative: boolean, real: BinaryReal): LongDouble {
  const { mantissa, exponent } = binaryRealRound(real, MANTISSA_BITS);
  const isInfinite = bitCount(mantissa) + exponent > TOP_MAX;
  return { isNegative, mantissa, exponent: isInfinite ? Infinity : exponent };
}

export function longDoubleIsFinite(value: LongDouble): boolean {
  return value.exponent !== Infinity;
}

/** a + b, which must be finite; the sum may be infinite. */
export function longDoubleSum(a: LongDouble, b: LongDouble): LongDouble {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = signedMantissa(a, exponent) + signedMantissa(b, exponent);
  return longDoubleOf(sum < 0n, { mantissa: sum < 0n ? -sum : sum, exponent });
}

function signedMantissa(value: LongDouble, exponent: number): bigint {
  const mantissa = value.mantissa << BigInt(value.exponent - exponent);
  return value.isNegative ? -mantissa : mantissa;
}

/** The number without exponent, with at most 17 decimals and none of them a zero at the end. */
export function longDoubleText(value: LongDouble): string {
  const sign = value.isNegative ? '-' : '';
  if (!longDoubleIsFinite(value)) return `${sign}inf`;
  const { mantissa, exponent } = value;
  const scaled =
    exponent >= 0
      ? (mantissa << BigInt(exponent)) * DECIMALS_SCALE
      : shiftedRight(mantissa * DECIMALS_SCALE, -exponent);
  if (scaled === 0n) return '0';
  const digits = scaled.toString().padStart(DECIMALS + 1, '0');
  const decimals = digits.slice(-DECIMALS).replace(/0+$/, '');
  return `${sign}${digits.slice(0, -DECIMALS)}${decimals === '' ? '' : `.${decimals}`}`;
}
