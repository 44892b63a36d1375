/**
 * Item: one cached entry, at the start of a chunk. Little-endian words, 8-byte aligned.
 *
 *   byte 0        4            8         12               16
 *        ┌────────┬────────────┬─────────┬────────────────┬───────────┬───────┬────────┬─────┬───────┬──────
 *        │ meta   │ valueBytes │ casLo   │ casHi:12       │ expiresAt │ chain │ client │ key │ given │ value
 *        │        │            │         │ access:20      │ Ms f64    │ 16 B  │ flags  │     │ CAS   │
 *        └────────┴────────────┴─────────┴────────────────┴───────────┴───────┴────────┴─────┴───────┴──────
 *          always                                           bit 1       bit 2   bit 0          bit 17
 *
 *   meta  bits 0–2    which optional fields are there. They weigh 4, 8 and 16 bytes, so the key
 *                     starts at 16 + (bits 0–2) × 4: no table, no branch
 *         bits 3–4    what the chunk is: 0 free, 1 item, 2 link of a chain, 3 node (node.ts)
 *         bits 5–6    frequency, saturating: uses since eviction last came by
 *         bit  7      main: was used while on probation
 *         bits 8–11   type: string, list, …
 *         bit  12     linked: reachable from the index
 *         bit  13     fetched: read since it was stored
 *         bit  14     stale: may be served, but wants to be stored anew
 *         bit  15     token sent: a client has won the right to do that
 *         bit  16     the key came as base64, and goes out as such
 *         bit  17     given CAS: a client chose the CAS unique, 64 bits behind the key, unaligned
 *         bit  18     namespaced: the key's first word is its namespace (base/key.ts)
 *         bits 19–31  keyBytes, those of the namespace among them. With bit 18 they are the key's tag
 *
 * Most items have no expiry, no flags and one chunk: 16 bytes of header in all. The CAS unique has
 * 44 bits, and is there beside a given one: flush goes by it. What the last access says is in
 * item-access.ts. A MEMBER has no CAS unique of its own: casLo is its slot in the collection's
 * roster.
 *
 * A chained item's head chunk is of the largest class and holds the first part of the value; its
 * chain field names the rest (see chain.ts). It always has the expiry field, since a full chunk
 * could not make room for one later.
 *
 * Guard: the partition lock. Cf. memcached/memcached memcached.h, struct _stritem.
 */
import { assert } from '../base/assert.ts';
import {
  hashWords,
  KEY_BYTES_LIMIT,
  type Key,
  keyEquals,
  keyFillWords,
  NAMESPACE_BYTES,
} from '../base/key.ts';
import type { Uint64 } from '../base/uint64.ts';
import { ACCESS_MASK, itemAccessNote } from './item-access.ts';
import type { Partition } from './partition.ts';

export const ITEM = {
  meta: 0,
  valueBytes: 4,
  casLo: 8,
  casHiAccessed: 12,
  headerBytes: 16,
} as const;

export const EXTRA_CLIENT_FLAGS = 1;
export const EXTRA_EXPIRY = 2;
export const EXTRA_CHAIN = 4;
export const EXTRA_CAS = 1 << 17;
/** The fields before the key, and all of them. */
const FIELDS_MASK = 7;
const EXTRA_MASK = FIELDS_MASK | EXTRA_CAS;
/** From bit 17 to the 8 bytes that it stands for. */
const EXTRA_CAS_SHIFT = 14;
const GIVEN_CAS_BYTES = 8;

export const KIND_FREE = 0;
export const KIND_ITEM = 1;
export const KIND_LINK = 2;
export const KIND_NODE = 3;
const KIND_SHIFT = 3;
const KIND_MASK = 3;

const FREQUENCY_ONE = 1 << 5;
const FREQUENCY_MASK = 3 << 5;
const MAIN = 1 << 7;
const TYPE_SHIFT = 8;
const TYPE_MASK = 15;
const LINKED = 1 << 12;
const FETCHED = 1 << 13;
export const MARK_STALE = 1 << 14;
export const MARK_TOKEN_SENT = 1 << 15;
export const MARK_BINARY_KEY = 1 << 16;
const MARKS_MASK = MARK_STALE | MARK_TOKEN_SENT | MARK_BINARY_KEY;
const NAMESPACED = 1 << 18;
const TAG_SHIFT = 18;
const KEY_SHIFT = 19;

const CAS_HI_SHIFT = 20;
export const CAS_HI_MAX = 0xfff;

/** What a value is. */
export const ITEM_TYPE = {
  STRING: 0,
  LIST: 1,
  SET: 2,
  ZSET: 3,
  HASH: 4,
  STREAM: 5,
  MEMBER: 8, // of a large collection; its key is in the collection's namespace
  ELEMENT: 9, // of a list, too long to lie beside others; it has no key
} as const;
/** All types are below it. */
export const ITEM_TYPE_COUNT = 12;

assert(ITEM.headerBytes % 8 === 0, 'the expiry time starts on an 8-byte boundary');
assert(EXTRA_CAS >>> EXTRA_CAS_SHIFT === GIVEN_CAS_BYTES, 'the bit of the given CAS is its size');
assert((KEY_BYTES_LIMIT + NAMESPACE_BYTES) >>> (32 - KEY_SHIFT) === 0, 'a length fits its bits');

/** Bytes of all optional fields: `extras` is a set of EXTRA bits; others may be among them. */
export function extrasBytes(extras: number): number {
  return ((extras & FIELDS_MASK) << 2) + ((extras >>> EXTRA_CAS_SHIFT) & GIVEN_CAS_BYTES);
}

/** Bytes of header, key and value of an item of one chunk. */
export function itemBytesFor(extras: number, keyBytes: number, valueBytes: number): number {
  return ITEM.headerBytes + extrasBytes(extras) + keyBytes + valueBytes;
}

/** Writes a fresh header: unlinked, on probation, not yet read. `extras` are EXTRA and MARK bits. */
export function itemHeaderWrite(
  p: Partition,
  ref: number,
  type: number,
  extras: number,
  keyBytes: number,
  valueBytes: number,
): void {
  const word = ref << 1;
  p.i32[word] = extras | (KIND_ITEM << KIND_SHIFT) | (type << TYPE_SHIFT) | (keyBytes << KEY_SHIFT);
  p.i32[word + 1] = valueBytes;
}

/** Rewrites a linked item's fields and marks in place; what eviction knows of it stays. */
export function itemHeaderRewrite(
  p: Partition,
  ref: number,
  extras: number,
  valueBytes: number,
): void {
  const word = ref << 1;
  p.i32[word] = (p.i32[word] & ~(EXTRA_MASK | MARKS_MASK | FETCHED)) | extras;
  p.i32[word + 1] = valueBytes;
}

export function chunkKind(p: Partition, ref: number): number {
  return (p.i32[ref << 1] >>> KIND_SHIFT) & KIND_MASK;
}

export function itemType(p: Partition, ref: number): number {
  return (p.i32[ref << 1] >>> TYPE_SHIFT) & TYPE_MASK;
}

/** Which optional fields are there: EXTRA bits. */
export function itemExtras(p: Partition, ref: number): number {
  return p.i32[ref << 1] & EXTRA_MASK;
}

/** MARK bits. */
export function itemMarks(p: Partition, ref: number): number {
  return p.i32[ref << 1] & MARKS_MASK;
}

export function itemMarksAdd(p: Partition, ref: number, marks: number): void {
  p.i32[ref << 1] |= marks & MARKS_MASK;
}

export function itemMarksClear(p: Partition, ref: number, marks: number): void {
  p.i32[ref << 1] &= ~(marks & MARKS_MASK);
}

/** Whether the type is one that there is, and a namespaced key long enough for its namespace. */
export function itemMetaIsSound(p: Partition, ref: number): boolean {
  const type = itemType(p, ref);
  if (type > ITEM_TYPE.STREAM && type !== ITEM_TYPE.MEMBER && type !== ITEM_TYPE.ELEMENT)
    return false;
  return !itemIsNamespaced(p, ref) || itemKeyBytes(p, ref) >= NAMESPACE_BYTES;
}

/** Whether the key is in another namespace than 0: in a further database, or in a collection. */
export function itemIsNamespaced(p: Partition, ref: number): boolean {
  return (p.i32[ref << 1] & NAMESPACED) !== 0;
}

/** A database, or the root of a member's collection. */
export function itemNamespace(p: Partition, ref: number): number {
  return itemIsNamespaced(p, ref) ? p.i32[itemKeyOffset(p, ref) >>> 2] : 0;
}

/** Byte offset of the key as its client knows it, behind the namespace. */
export function itemNameOffset(p: Partition, ref: number): number {
  return itemKeyOffset(p, ref) + (itemIsNamespaced(p, ref) ? NAMESPACE_BYTES : 0);
}

export function itemNameBytes(p: Partition, ref: number): number {
  return itemKeyBytes(p, ref) - (itemIsNamespaced(p, ref) ? NAMESPACE_BYTES : 0);
}

/** With the namespace. */
export function itemKeyBytes(p: Partition, ref: number): number {
  return p.i32[ref << 1] >>> KEY_SHIFT;
}

/** Byte offset of the key. */
export function itemKeyOffset(p: Partition, ref: number): number {
  return (ref << 3) + ITEM.headerBytes + ((p.i32[ref << 1] & FIELDS_MASK) << 2);
}

/** Byte offset of the value, or of its first part when the item is chained. */
export function itemValueOffset(p: Partition, ref: number): number {
  const meta = p.i32[ref << 1];
  return (ref << 3) + ITEM.headerBytes + extrasBytes(meta) + (meta >>> KEY_SHIFT);
}

export function itemValueBytes(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + 1];
}

/** For an item whose value gets longer or shorter within its chunk. */
export function itemValueBytesSet(p: Partition, ref: number, valueBytes: number): void {
  p.i32[(ref << 1) + 1] = valueBytes;
}

/** Bytes that the item asked for; a chained item's links are not counted one by one. */
export function itemBytes(p: Partition, ref: number): number {
  const meta = p.i32[ref << 1];
  return ITEM.headerBytes + extrasBytes(meta) + (meta >>> KEY_SHIFT) + p.i32[(ref << 1) + 1];
}

/** A string of one chunk: what most items are. */
export function itemIsPlain(p: Partition, ref: number): boolean {
  return (p.i32[ref << 1] & (EXTRA_CHAIN | (TYPE_MASK << TYPE_SHIFT))) === 0;
}

export function itemIsChained(p: Partition, ref: number): boolean {
  return (p.i32[ref << 1] & EXTRA_CHAIN) !== 0;
}

/** The client's 32 bits, unsigned. */
export function itemClientFlags(p: Partition, ref: number): number {
  const meta = p.i32[ref << 1];
  if ((meta & EXTRA_CLIENT_FLAGS) === 0) return 0;
  return p.i32[((ref << 3) + ITEM.headerBytes + ((meta & FIELDS_MASK) << 2) - 4) >>> 2] >>> 0;
}

export function itemClientFlagsSet(p: Partition, ref: number, clientFlags: number): void {
  const meta = p.i32[ref << 1];
  p.i32[((ref << 3) + ITEM.headerBytes + ((meta & FIELDS_MASK) << 2) - 4) >>> 2] = clientFlags | 0;
}

/** Unix milliseconds; 0 = never expires. */
export function itemExpiresAtMs(p: Partition, ref: number): number {
  return (p.i32[ref << 1] & EXTRA_EXPIRY) === 0 ? 0 : p.f64[ref + (ITEM.headerBytes >>> 3)];
}

/** For an item that has the expiry field. */
export function itemExpiresAtMsSet(p: Partition, ref: number, expiresAtMs: number): void {
  p.f64[ref + (ITEM.headerBytes >>> 3)] = expiresAtMs;
}

/** i32 index of the chain field of an item that has one. */
export function itemChainWord(p: Partition, ref: number): number {
  return (ref << 1) + 4 + (p.i32[ref << 1] & EXTRA_EXPIRY);
}

/** The CAS unique as stored: an integer below 2^44. */
export function itemCas(p: Partition, ref: number): number {
  const word = ref << 1;
  return (p.i32[word + 3] >>> CAS_HI_SHIFT) * 4294967296 + (p.i32[word + 2] >>> 0);
}

export function itemCasSet(p: Partition, ref: number, casLo: number, casHi: number): void {
  const word = ref << 1;
  p.i32[word + 2] = casLo;
  p.i32[word + 3] = (p.i32[word + 3] & ACCESS_MASK) | (casHi << CAS_HI_SHIFT);
}

/** A member's place in the roster of its collection; it has that instead of a CAS unique. */
export function itemSlot(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + 2];
}

export function itemSlotSet(p: Partition, ref: number, slot: number): void {
  p.i32[(ref << 1) + 2] = slot;
}

export function itemCasIsGiven(p: Partition, ref: number): boolean {
  return (p.i32[ref << 1] & EXTRA_CAS) !== 0;
}

/** The CAS unique that a client chose, of an item that has one. */
export function itemGivenCasTake(p: Partition, ref: number, unique: Uint64): void {
  const offset = itemValueOffset(p, ref) - GIVEN_CAS_BYTES;
  unique.lo = p.u8.readInt32LE(offset);
  unique.hi = p.u8.readInt32LE(offset + 4);
}

/** For an item that has the field. After the key: see itemKeyWrite. */
export function itemGivenCasSet(p: Partition, ref: number, unique: Uint64): void {
  const offset = itemValueOffset(p, ref) - GIVEN_CAS_BYTES;
  p.u8.writeInt32LE(unique.lo, offset);
  p.u8.writeInt32LE(unique.hi, offset + 4);
}

export function itemIsLinked(p: Partition, ref: number): boolean {
  return (p.i32[ref << 1] & LINKED) !== 0;
}

export function itemLinkedSet(p: Partition, ref: number): void {
  p.i32[ref << 1] |= LINKED;
}

export function itemLinkedClear(p: Partition, ref: number): void {
  p.i32[ref << 1] &= ~LINKED;
}

export function itemIsFetched(p: Partition, ref: number): boolean {
  return (p.i32[ref << 1] & FETCHED) !== 0;
}

/** As itemNoteUse, for what was no read: eviction sees it, statistics do not. */
export function itemNoteInterest(p: Partition, ref: number, nowSec: number): void {
  const wasFetched = p.i32[ref << 1] & FETCHED;
  itemNoteUse(p, ref, nowSec);
  if (wasFetched === 0) p.i32[ref << 1] &= ~FETCHED;
}

/** Takes over from an item that was read. */
export function itemFetchedSet(p: Partition, ref: number): void {
  p.i32[ref << 1] |= FETCHED;
}

/** Notes a read: eviction and statistics see it. Writes only what changes. */
export function itemNoteUse(p: Partition, ref: number, nowSec: number): void {
  const word = ref << 1;
  const meta = p.i32[word];
  const frequent = (meta & FREQUENCY_MASK) === FREQUENCY_MASK ? meta : meta + FREQUENCY_ONE;
  if ((frequent | FETCHED) !== meta) p.i32[word] = frequent | FETCHED;
  itemAccessNote(p, ref, nowSec);
}

export function itemFrequency(p: Partition, ref: number): number {
  return (p.i32[ref << 1] & FREQUENCY_MASK) >>> 5;
}

export function itemFrequencyLower(p: Partition, ref: number): void {
  p.i32[ref << 1] -= FREQUENCY_ONE;
}

export function itemIsMain(p: Partition, ref: number): boolean {
  return (p.i32[ref << 1] & MAIN) !== 0;
}

/** Ends an item's probation; its uses start from zero. */
export function itemPromote(p: Partition, ref: number): void {
  p.i32[ref << 1] = (p.i32[ref << 1] & ~FREQUENCY_MASK) | MAIN;
}

/** Whether the item's key is these bytes. */
export function itemKeyEquals(p: Partition, ref: number, key: Key): boolean {
  const word = ref << 1;
  const meta = p.i32[word];
  if (meta >>> TAG_SHIFT !== key.tag) return false;
  return keyEquals(key, p.i32, word + (ITEM.headerBytes >>> 2) + (meta & FIELDS_MASK));
}

/**
 * Puts the key where the item's key goes. It is written in whole words, so the bytes behind it change
 * as well: the given CAS and the value come after.
 */
export function itemKeyWrite(p: Partition, ref: number, key: Key): void {
  const first = itemKeyOffset(p, ref) >>> 2;
  const count = (key.bytes + 3) >>> 2;
  for (let index = 0; index < count; index++) p.i32[first + index] = key.words[index];
  p.i32[ref << 1] |= (key.tag & 1) << TAG_SHIFT;
}

/** The hash of the item's key. */
export function itemHash(p: Partition, ref: number): number {
  return hashWords(p.i32, itemKeyOffset(p, ref) >>> 2, itemKeyBytes(p, ref));
}

/** Takes the item's key in hand. */
export function itemKeyRead(p: Partition, ref: number, key: Key): void {
  keyFillWords(key, p.i32, itemKeyOffset(p, ref) >>> 2, p.i32[ref << 1] >>> TAG_SHIFT);
}
