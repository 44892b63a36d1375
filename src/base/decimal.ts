/**
 * Decimal numbers in byte buffers, without strings: what protocols send and what counters hold.
 */

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;

/** Writes a non-negative integer below 2^53 at `at`; returns the position behind it. */
export function decimalWrite(target: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    target[at] = ZERO + value;
    return at + 1;
  }
  if (value >= 1e9) {
    const high = Math.floor(value / 1e9);
    const middle = decimalWrite(target, at, high);
    decimalFill(target, middle + 9, value - high * 1e9, 9);
    return middle + 9;
  }
  const bytes = decimalBytes(value);
  decimalFill(target, at + bytes, value, bytes);
  return at + bytes;
}

/** Digits of an integer below 10^9. */
function decimalBytes(value: number): number {
  if (value < 100) return value < 10 ? 1 : 2;
  if (value < 10000) return value < 1000 ? 3 : 4;
  if (value < 1000000) return value < 100000 ? 5 : 6;
  if (value < 100000000) return value < 10000000 ? 7 : 8;
  return 9;
}

/** Writes exactly `bytes` digits so that they end before `end`. */
function decimalFill(target: Uint8Array, end: number, value: number, bytes: number): void {
  let left = value | 0;
  for (let at = end - 1; at >= end - bytes; at--) {
    const quotient = (left / 10) | 0;
    target[at] = ZERO + left - quotient * 10;
    left = quotient;
  }
}

/**
 * An unsigned integer of 1 to 15 digits in bytes[start, end); NaN if anything else is there. 15
 * digits are exact in a double, and enough for lengths, flags and times.
 */
export function decimalParse(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 15) return Number.NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}

/** As decimalParse, with an optional leading minus. */
export function decimalParseSigned(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === MINUS && end > start) return -decimalParse(bytes, start + 1, end);
  return decimalParse(bytes, start, end);
}

/** How many digits bytes[start, end) begins with. */
export function decimalPrefixBytes(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] >= ZERO && bytes[at] <= NINE) at++;
  return at - start;
}
