/**
 * The key hash: one multiply and one xor-shift per byte, from a secret seed and with a secret odd
 * multiplier, both drawn when the server starts. Who does not know them cannot choose keys that
 * share a partition or a bucket. The form is FNV-1a's; with a public multiplier and no seed it would
 * offer no such protection.
 *
 * One pass over the bytes serves two purposes in the parsers: they look for the end of the key and
 * hash it on the way (`hashStep` per byte, `hashFinish` once).
 */

let seed = 0x2f0b4c47;
let multiplier = 0x01000193;
let finisher = 0x2c1b3c6d;

/** Every thread of a server calls this once, with the same three words, before it touches a key. */
export function hashSeedSet(words: Int32Array): void {
  seed = words[0] | 0;
  multiplier = words[1] | 1;
  finisher = words[2] | 1;
}

export function hashStart(): number {
  return seed;
}

export function hashStep(hash: number, byte: number): number {
  const mixed = Math.imul(hash ^ byte, multiplier);
  return mixed ^ (mixed >>> 17);
}

/** Folds the length in and spreads the last bytes over the whole word; an int32. */
export function hashFinish(hash: number, keyBytes: number): number {
  const mixed = Math.imul(hash ^ keyBytes, finisher);
  return mixed ^ (mixed >>> 15);
}

/** Hash of `keyBytes` bytes from `keyStart`; an int32. */
export function hashBytes(bytes: Uint8Array, keyStart: number, keyBytes: number): number {
  let hash = seed;
  for (let at = keyStart, end = keyStart + keyBytes; at < end; at++) {
    const mixed = Math.imul(hash ^ bytes[at], multiplier);
    hash = mixed ^ (mixed >>> 17);
  }
  return hashFinish(hash, keyBytes);
}
