/**
 * Real numbers as mantissa × 2^exponent, of any length, with BigInts: for the rare texts and results
 * that have to be rounded by hand.
 */

export type BinaryReal = {
  /** Not negative; 0 only with zero. */
  mantissa: bigint;
  exponent: number;
};

/** Digits before and behind the point, of which there is at least one, and an exponent of 2. */
const HEX = /^[+-]?0x(?=\.?[\da-f])([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;

/** C's hexadecimal form, as `-0x1.8p3`, without its sign; null, if it is not that. */
export function binaryRealFromHex(text: string): BinaryReal | null {
  const match = HEX.exec(text);
  if (match === null) return null;
  const [, whole = '', fraction = '', power = '0'] = match;
  return {
    mantissa: BigInt(`0x0${whole}${fraction}`),
    exponent: Number(power) - 4 * fraction.length,
  };
}

/** The same, or the nearest to it that has at most so many bits; of two, the even one. */
export function binaryRealRound(real: BinaryReal, bits: number): BinaryReal {
  const surplus = bitCount(real.mantissa) - bits;
  if (surplus <= 0) return real;
  const mantissa = shiftedRight(real.mantissa, surplus);
  return { mantissa, exponent: real.exponent + surplus };
}

/** mantissa / 2^bits, rounded half to even. */
export function shiftedRight(mantissa: bigint, bits: number): bigint {
  const by = BigInt(bits);
  const floor = mantissa >> by;
  const rest = mantissa - (floor << by);
  const half = 1n << (by - 1n);
  const isUp = rest > half || (rest === half && (floor & 1n) === 1n);
  return isUp ? floor + 1n : floor;
}

/** Bits of a number that is not negative; none for 0. */
export function bitCount(mantissa: bigint): number {
  return mantissa === 0n ? 0 : mantissa.toString(2).length;
}
