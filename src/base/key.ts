/**
 * A key in hand: its bytes as 32-bit words, its length and its hash, made in one pass over the bytes.
 * Comparing and copying keys by words takes a third of the time of doing it by bytes.
 *
 * The hash takes a word at a time: multiply, rotate, mix in, multiply. Its seed and its three
 * multipliers are secret and drawn when the server starts, so a client cannot choose keys that share
 * a partition or a bucket: whatever difference it puts into a word, the first multiplication and the
 * rotation spread it in a way it does not know, and so it cannot undo it with the next word. The
 * frame is that of MurmurHash3 (Appleby), whose public constants offer no such protection.
 */
import { endianness } from 'node:os';
import { assert } from './assert.ts';
import { wordCut, wordEnd } from './word.ts';

/** Bytes of the longest key of any protocol. */
export const KEY_BYTES_LIMIT = 2048;
/** Secret words: a seed and three multipliers. */
export const HASH_SECRET_WORDS = 4;

assert(endianness() === 'LE', 'words of keys in memory read as they were written');

let seed = 0x2f0b4c47;
let wordMultiplier = 0x2c1b3c6d;
let hashMultiplier = 0x297a2d39;
let endMultiplier = 0x1b56c4e9;

/** Every thread of a server calls this once, with the same words, before it touches a key. */
export function hashSecretSet(secret: Int32Array): void {
  assert(secret.length === HASH_SECRET_WORDS, 'the secret has a seed and three multipliers');
  seed = secret[0] | 0;
  wordMultiplier = secret[1] | 1;
  hashMultiplier = secret[2] | 1;
  endMultiplier = secret[3] | 1;
}

export class Key {
  /** Little-endian words; the last one is padded with zeros. Words behind it are stale. */
  readonly words: Int32Array = new Int32Array(KEY_BYTES_LIMIT >>> 2);
  /** The same, byte by byte. */
  readonly u8: Uint8Array = new Uint8Array(this.words.buffer);
  bytes = 0;
  /** An int32. */
  hash = 0;
}

function hashStep(hash: number, word: number): number {
  const spread = Math.imul(word, wordMultiplier);
  return Math.imul(hash ^ ((spread << 15) | (spread >>> 17)), hashMultiplier);
}

function hashEnd(hash: number, bytes: number): number {
  const folded = Math.imul(hash ^ (hash >>> 16) ^ bytes, endMultiplier);
  return folded ^ (folded >>> 15);
}

/** Takes source[start, start + bytes) for the key. */
export function keyFill(key: Key, source: Uint8Array, start: number, bytes: number): void {
  assert(bytes <= KEY_BYTES_LIMIT, 'a key fits its words');
  const { words } = key;
  const wholeWords = bytes >>> 2;
  let hash = seed;
  let at = start;
  for (let index = 0; index < wholeWords; index++, at += 4) {
    const word =
      source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24);
    words[index] = word;
    hash = hashStep(hash, word);
  }
  if ((bytes & 3) !== 0) {
    let word = 0;
    for (let shift = 0; at < start + bytes; at++, shift += 8) word |= source[at] << shift;
    words[wholeWords] = word;
    hash = hashStep(hash, word);
  }
  key.bytes = bytes;
  key.hash = hashEnd(hash, bytes);
}

/** Bytes behind the one that ends a key that keyScan may look at. */
export const KEY_SCAN_SLACK_BYTES = 4;

/**
 * As keyFill, up to the first byte that is not above the space, or up to KEY_BYTES_LIMIT bytes.
 * Returns the position behind the key. It looks at four bytes at a time.
 */
export function keyScan(key: Key, source: DataView, start: number): number {
  const { words } = key;
  let hash = seed;
  let at = start;
  let index = 0;
  while (index < KEY_BYTES_LIMIT >>> 2) {
    const word = source.getInt32(at, true);
    const bytes = wordEnd(word);
    at += bytes;
    if (bytes > 0) {
      const cut = wordCut(word, bytes);
      words[index++] = cut;
      hash = hashStep(hash, cut);
    }
    if (bytes < 4) break;
  }
  key.bytes = at - start;
  key.hash = hashEnd(hash, key.bytes);
  return at;
}

/** Takes a key that lies at a word boundary: words[first, …), `bytes` long. */
export function keyFillWords(key: Key, words: Int32Array, first: number, bytes: number): void {
  const count = (bytes + 3) >>> 2;
  for (let index = 0; index < count; index++) key.words[index] = words[first + index];
  if ((bytes & 3) !== 0) key.words[count - 1] &= tailMask(bytes);
  key.bytes = bytes;
  key.hash = hashWords(words, first, bytes);
}

/** The hash of a key that lies at a word boundary. */
export function hashWords(words: Int32Array, first: number, bytes: number): number {
  const wholeWords = bytes >>> 2;
  let hash = seed;
  for (let index = first; index < first + wholeWords; index++) hash = hashStep(hash, words[index]);
  if ((bytes & 3) !== 0) hash = hashStep(hash, words[first + wholeWords] & tailMask(bytes));
  return hashEnd(hash, bytes);
}

/** Whether the key is the one at words[first, …). */
export function keyEquals(key: Key, words: Int32Array, first: number): boolean {
  const own = key.words;
  const { bytes } = key;
  const wholeWords = bytes >>> 2;
  for (let index = 0; index < wholeWords; index++) {
    if (own[index] !== words[first + index]) return false;
  }
  if ((bytes & 3) === 0) return true;
  return ((own[wholeWords] ^ words[first + wholeWords]) & tailMask(bytes)) === 0;
}

/** The bytes of a last, partial word. */
function tailMask(bytes: number): number {
  return (1 << ((bytes & 3) << 3)) - 1;
}
