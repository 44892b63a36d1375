/**
 * Copying between a partition and a thread's buffers. `Buffer.copy` costs about 80 ns before the first
 * byte, a byte loop about 2 ns a byte, and a loop over words through DataViews 0.5 ns a byte: short
 * copies loop, longer ones call.
 */

/** Up to here a loop over bytes is as good as anything. */
export const LOOP_BYTES_MAX = 40;
/** Up to here one over words is. */
export const WORDS_BYTES_MAX = 160;

/** Copies source[sourceStart, sourceStart + bytes) to target at targetStart. */
export function bytesCopy(
  source: Buffer,
  sourceStart: number,
  target: Buffer,
  targetStart: number,
  bytes: number,
): void {
  if (bytes <= LOOP_BYTES_MAX) {
    for (let at = 0; at < bytes; at++) target[targetStart + at] = source[sourceStart + at];
  } else {
    source.copy(target, targetStart, sourceStart, sourceStart + bytes);
  }
}

/**
 * Copies source[sourceStart, sourceStart + bytes) to target at targetStart word by word, if it is
 * short; false if it is not, and nothing was copied.
 */
export function wordsCopy(
  source: DataView,
  sourceStart: number,
  target: DataView,
  targetStart: number,
  bytes: number,
): boolean {
  if (bytes > WORDS_BYTES_MAX) return false;
  let from = sourceStart;
  let to = targetStart;
  const end = sourceStart + bytes;
  for (; from + 16 <= end; from += 16, to += 16) {
    target.setInt32(to, source.getInt32(from, true), true);
    target.setInt32(to + 4, source.getInt32(from + 4, true), true);
    target.setInt32(to + 8, source.getInt32(from + 8, true), true);
    target.setInt32(to + 12, source.getInt32(from + 12, true), true);
  }
  for (; from + 4 <= end; from += 4, to += 4) {
    target.setInt32(to, source.getInt32(from, true), true);
  }
  for (; from < end; from++, to++) target.setUint8(to, source.getUint8(from));
  return true;
}

/** Bytes that are compared one by one before a call is worth its cost. */
const COMPARE_LOOP_BYTES = 48;

/**
 * Orders a[aStart, aStart + aBytes) and b[bStart, bStart + bBytes) as memcmp does, a shorter one before
 * what it begins: below, above or equal to 0.
 */
export function bytesCompare(
  a: Buffer,
  aStart: number,
  aBytes: number,
  b: Buffer,
  bStart: number,
  bBytes: number,
): number {
  const common = aBytes < bBytes ? aBytes : bBytes;
  const looped = common < COMPARE_LOOP_BYTES ? common : COMPARE_LOOP_BYTES;
  for (let at = 0; at < looped; at++) {
    const difference = a[aStart + at] - b[bStart + at];
    if (difference !== 0) return difference;
  }
  if (looped === common) return aBytes - bBytes;
  return a.compare(b, bStart + looped, bStart + bBytes, aStart + looped, aStart + aBytes);
}
