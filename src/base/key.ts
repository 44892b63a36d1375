/**
 * A key in hand: its bytes as 32-bit words, its length and its hash, made in one pass over the bytes.
 * Comparing and copying keys by words takes a third of the time of doing it by bytes.
 *
 * The hash takes a word at a time: multiply, rotate, mix in, multiply. Its seed and its three
 * multipliers are secret and drawn when the server starts, so a client cannot choose keys that share
 * a partition or a bucket: whatever difference it puts into a word, the first multiplication and the
 * rotation spread it in a way it does not know, and so it cannot undo it with the next word. The
 * frame is that of MurmurHash3 (Appleby), whose public constants offer no such protection.
 *
 * A key stands in a **namespace**. Keys of namespace 0 are their bytes alone; any other is a word of its
 * own before them, which counts among the key's bytes and is hashed with them:
 *
 *   ┌───────────┬───────────────────┐   namespace  0       database 0, which memcached's keys are in: no word
 *   │ namespace │ the client's name │              1 … 15  the other databases
 *   │ u32       │                   │              16 …    the members of a collection: the ref of its root
 *   └───────────┴───────────────────┘
 *
 * So nothing that compares, copies or hashes keys asks for the namespace. Only the *tag* does, which is
 * compared first anyway: it is the length, and whether there is such a word.
 */
import { endianness } from 'node:os';
import { assert } from './assert.ts';
import { wordCut, wordEnd } from './word.ts';

/** Bytes of the longest key of any protocol, without a namespace: header and key fit one chunk. */
export const KEY_BYTES_LIMIT = 8000;
/** Bytes of the word before the name. */
export const NAMESPACE_BYTES = 4;
/** Namespaces below this are databases. */
export const DATABASE_COUNT = 16;
/** Which of a partition's index tables a key is in. */
export const KEY_TABLE = { KEYS: 0, MEMBERS: 1 } as const;
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
  readonly words: Int32Array = new Int32Array((KEY_BYTES_LIMIT + NAMESPACE_BYTES) >>> 2);
  /** The same, byte by byte. */
  readonly u8: Uint8Array = new Uint8Array(this.words.buffer);
  /** Those of the namespace among them. */
  bytes = 0;
  /** bytes << 1, and 1 if there is a namespace: as the top bits of an item's meta (memory/item.ts). */
  tag = 0;
  /** One of KEY_TABLE. */
  table = 0;
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

/** Takes source[start, start + bytes) for the key, in namespace 0. */
export function keyFill(key: Key, source: Uint8Array, start: number, bytes: number): void {
  assert(bytes <= KEY_BYTES_LIMIT, 'a key fits its words');
  key.bytes = bytes;
  key.tag = bytes << 1;
  key.table = KEY_TABLE.KEYS;
  key.hash = hashEnd(nameTake(key, 0, seed, source, start, bytes), bytes);
}

/** As keyFill, in any namespace. */
export function keyFillIn(
  key: Key,
  namespace: number,
  source: Uint8Array,
  start: number,
  bytes: number,
): void {
  if (namespace === 0) {
    keyFill(key, source, start, bytes);
    return;
  }
  assert(bytes <= KEY_BYTES_LIMIT, 'a key fits its words');
  const allBytes = bytes + NAMESPACE_BYTES;
  key.words[0] = namespace;
  key.bytes = allBytes;
  key.tag = (allBytes << 1) | 1;
  key.table = namespace < DATABASE_COUNT ? KEY_TABLE.KEYS : KEY_TABLE.MEMBERS;
  key.hash = hashEnd(nameTake(key, 1, hashStep(seed, namespace), source, start, bytes), allBytes);
}

/** Puts a name into the key's words from `first` on. Returns the hash so far. */
function nameTake(
  key: Key,
  first: number,
  hashBefore: number,
  source: Uint8Array,
  start: number,
  bytes: number,
): number {
  const { words } = key;
  const wordsEnd = first + (bytes >>> 2);
  let hash = hashBefore;
  let at = start;
  for (let index = first; index < wordsEnd; index++, at += 4) {
    const word =
      source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24);
    words[index] = word;
    hash = hashStep(hash, word);
  }
  if ((bytes & 3) !== 0) {
    let word = 0;
    for (let shift = 0; at < start + bytes; at++, shift += 8) word |= source[at] << shift;
    words[wordsEnd] = word;
    hash = hashStep(hash, word);
  }
  return hash;
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
  const bytes = at - start;
  key.bytes = bytes;
  key.tag = bytes << 1;
  key.table = KEY_TABLE.KEYS;
  key.hash = hashEnd(hash, bytes);
  return at;
}

/**
 * Takes a key that lies at a word boundary, words[first, …), with its namespace if the tag says that
 * there is one.
 */
export function keyFillWords(key: Key, words: Int32Array, first: number, tag: number): void {
  const bytes = tag >>> 1;
  const count = (bytes + 3) >>> 2;
  for (let index = 0; index < count; index++) key.words[index] = words[first + index];
  if ((bytes & 3) !== 0) key.words[count - 1] &= tailMask(bytes);
  key.bytes = bytes;
  key.tag = tag;
  const isMember = (tag & 1) !== 0 && words[first] >>> 0 >= DATABASE_COUNT;
  key.table = isMember ? KEY_TABLE.MEMBERS : KEY_TABLE.KEYS;
  key.hash = hashWords(words, first, bytes);
}

/** The namespace of the key. */
export function keyNamespace(key: Key): number {
  return (key.tag & 1) === 0 ? 0 : key.words[0];
}

/** The hash of a key that lies at a word boundary. `bytes` with those of a namespace. */
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
