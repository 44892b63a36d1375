/**
 * Names of keys: a prefix and the key's number, padded so that all names have one length. A request is then the
 * same bytes but for the digits, and where a reply's parts lie is known before it is read.
 *
 *   key:00000042
 */

const DIGITS_MIN = 8;
const ZERO = 0x30;

export const KEY_PREFIX_USUAL = 'key:';
/** Beyond it numbers would not fit in the 32 bits that a request's number is kept in. */
export const KEY_COUNT_MAX = 2 ** 31 - 1;

/** How many digits a name has. */
export function keyDigits(keyCount: number): number {
  return Math.max(DIGITS_MIN, `${Math.max(0, keyCount - 1)}`.length);
}

export function keyName(prefix: string, keyCount: number, keyId: number): string {
  return prefix + `${keyId}`.padStart(keyDigits(keyCount), '0');
}

/** Writes `digits` digits at `at`; returns the offset just past them. */
export function digitsWrite(target: Buffer, at: number, keyId: number, digits: number): number {
  let left = keyId | 0;
  for (let place = at + digits - 1; place >= at; place--) {
    const quotient = (left / 10) | 0;
    target[place] = ZERO + left - quotient * 10;
    left = quotient;
  }
  return at + digits;
}
