/**
 * Where an element goes in a HyperLogLog: a hash of 64 bits names a register, and how many zeros the
 * rest of it ends in is what the register may have to remember. Part of the format: a value that was
 * made by Redis goes on counting here, and the other way round.
 *
 * The arithmetic is in halves of 32 bits. BigInts would take fifty times as long.
 *
 * Source: MurmurHash2, 64-bit version (Appleby); Valkey src/hyperloglog.c MurmurHash64A, hllPatLen.
 */

/** Bits of the hash that name the register, and those that are left. */
export const INDEX_BITS = 14;
export const REST_BITS = 64 - INDEX_BITS;
export const REGISTER_COUNT = 1 << INDEX_BITS;

const SEED = 0xadc83b19;
const MULTIPLIER_HI = 0xc6a4a793;
const MULTIPLIER_LO = 0x5bd1e995;
const MULTIPLIER_LO_LOW = MULTIPLIER_LO & 0xffff;
const MULTIPLIER_LO_HIGH = MULTIPLIER_LO >>> 16;
/** A right shift by 47 leaves the upper half alone, by 15, in the lower. */
const SHIFT_WITHIN_HI = 47 - 32;

export class HashedElement {
  /** Which register: below REGISTER_COUNT. */
  index = 0;
  /** What it has to be at least: 1 to REST_BITS + 1. */
  rank = 0;
}

/** The product of the last multiply. */
let productHi = 0;
let productLo = 0;

/** Multiplies (hi, lo) by the multiplier, modulo 2^64. */
function multiply(hi: number, lo: number): void {
  const low = lo & 0xffff;
  const high = lo >>> 16;
  const middle = Math.imul(high, MULTIPLIER_LO_LOW) >>> 0;
  const lowest = Math.imul(low, MULTIPLIER_LO_LOW) >>> 0;
  // Neither sum exceeds 2^32: a product of two 16-bit numbers leaves room for two more of them.
  const carried = middle + (lowest >>> 16);
  const other = (Math.imul(low, MULTIPLIER_LO_HIGH) >>> 0) + (carried & 0xffff);
  const carry = Math.imul(high, MULTIPLIER_LO_HIGH) + (carried >>> 16) + (other >>> 16);
  productHi = (carry + Math.imul(lo, MULTIPLIER_HI) + Math.imul(hi, MULTIPLIER_LO)) | 0;
  productLo = (other << 16) | (lowest & 0xffff);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Hashes bytes[start, end). */
export function elementHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: HashedElement,
): void {
  const length = end - start;
  multiply(0, length);
  let hi = productHi;
  let lo = productLo ^ SEED;
  const wordsEnd = start + (length & ~7);
  for (let at = start; at < wordsEnd; at += 8) {
    multiply(wordAt(bytes, at + 4), wordAt(bytes, at));
    multiply(productHi, productLo ^ (productHi >>> SHIFT_WITHIN_HI));
    multiply(hi ^ productHi, lo ^ productLo);
    hi = productHi;
    lo = productLo;
  }
  if (wordsEnd < end) {
    for (let at = wordsEnd; at < end; at++) {
      const shift = (at - wordsEnd) << 3;
      if (shift < 32) lo ^= bytes[at] << shift;
      else hi ^= bytes[at] << (shift - 32);
    }
    multiply(hi, lo);
    hi = productHi;
    lo = productLo;
  }
  multiply(hi, lo ^ (hi >>> SHIFT_WITHIN_HI));
  hi = productHi;
  lo = productLo ^ (productHi >>> SHIFT_WITHIN_HI);
  out.index = lo & (REGISTER_COUNT - 1);
  out.rank = rankOf(
    (hi >>> INDEX_BITS) | (1 << (REST_BITS - 32)),
    (lo >>> INDEX_BITS) | (hi << 18),
  );
}

/** Zeros at the end of the rest of the hash, and one. A bit on top of it makes them end. */
function rankOf(hi: number, lo: number): number {
  return lo !== 0 ? 32 - Math.clz32(lo & -lo) : 64 - Math.clz32(hi & -hi);
}
