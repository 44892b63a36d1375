/**
 * Four bytes at a time: little-endian words of text, in which the first byte that is a space or below
 * ends a key or a name.
 */

/** Bytes before the first one that is not above the space: 0 to 4. */
export function wordEnd(word: number): number {
  // The lowest high bit set here marks that byte. (A borrow may mark bytes above it as well.)
  const ends = (word - 0x21212121) & ~word & 0x80808080;
  return ends === 0 ? 4 : (31 - Math.clz32(ends & -ends)) >>> 3;
}

/** The first `bytes` bytes of the word, 1 to 4; zeros behind them. */
export function wordCut(word: number, bytes: number): number {
  return word & (-1 >>> ((4 - bytes) << 3));
}
