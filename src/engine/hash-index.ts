/**
 * The hash index: linear hashing over buckets of one cache line (Litwin, "Linear hashing", VLDB '80).
 *
 *   bucket, 64 bytes = 16 words
 *   ┌────────────────────────┬──────────┬─────────────────────────────────────────────┐
 *   │ tag 0 … tag 11, 1 B    │ overflow │ ref 0 … ref 11, 4 B                         │
 *   │ each; 0 = empty slot   │ Ref      │                                             │
 *   └────────────────────────┴──────────┴─────────────────────────────────────────────┘
 *     words 0–2                word 3     words 4–15
 *
 * A lookup reads the bucket's line, compares twelve tags four at a time, and goes to an item only
 * where the tag agrees: one lookup in thirty visits an item in vain. A bucket that runs over chains a
 * further one from slab class 0.
 *
 * There are two tables in a partition: one of keys, and one of the members of large collections, which has
 * no page until there is such a collection. Which one an item is in follows from its type, and which one a
 * key is looked for in stands in the key.
 *
 * The table grows one bucket at a time, as items come: bucket `count - 2^n` is split, so no insert
 * ever waits for a rehash. Primary buckets live in pages of their own, 512 to a page, found through
 * the index directory. All of it is part of the partition's memory budget.
 *
 * Guard: the partition lock.
 */
import { assert } from '../base/assert.ts';
import { KEY_TABLE, type Key } from '../base/key.ts';
import { ITEM_TYPE, itemKeyEquals, itemType } from '../memory/item.ts';
import {
  HEADER,
  INDEX_DIRECTORY_OFFSET,
  indexDirectoryBytes,
  type Partition,
  TABLE,
} from '../memory/partition.ts';
import { chunkGive } from '../memory/slab.ts';
import {
  BUCKET_WORDS,
  bucketInsert,
  bucketWord,
  bucketWordAt,
  ITEMS_PER_BUCKET,
  indexPageAdd,
  OVERFLOW_WORD,
  REF_WORD,
  SLOTS_PER_BUCKET,
  tableInit,
} from './index-buckets.ts';
import { indexSplit } from './index-growth.ts';

/** From a KEY_TABLE to its words in the header. */
const TABLE_SHIFT = 5;

assert(
  HEADER.membersTable === HEADER.keysTable + (KEY_TABLE.MEMBERS << TABLE_SHIFT),
  'the tables lie where their numbers lead',
);

/** Gives an empty partition its first page of buckets, for keys. The other table leads to an empty bucket. */
export function indexInit(p: Partition): boolean {
  const directory = INDEX_DIRECTORY_OFFSET >>> 2;
  tableInit(p, HEADER.keysTable, directory);
  tableInit(p, HEADER.membersTable, directory + (indexDirectoryBytes(p.pageCount) >>> 2));
  return indexPageAdd(p, HEADER.keysTable);
}

/** Where the table that an item is in, or belongs in, has its words. */
function itemTable(p: Partition, ref: number): number {
  return itemType(p, ref) === ITEM_TYPE.MEMBER ? HEADER.membersTable : HEADER.keysTable;
}

/** The live item with this key, or 0. */
export function indexFind(p: Partition, key: Key): number {
  const { i32 } = p;
  const pattern = Math.imul(hashTag(key.hash), 0x01010101);
  let bucket = bucketWord(p, HEADER.keysTable + (key.table << TABLE_SHIFT), key.hash);
  for (;;) {
    for (let group = 0; group < 3; group++) {
      const difference = i32[bucket + group] ^ pattern;
      // A set high bit marks a byte that is zero, that is, a tag that agrees. (A borrow may mark a
      // byte above a zero one as well: the key comparison sorts that out.)
      let hits = (difference - 0x01010101) & ~difference & 0x80808080;
      while (hits !== 0) {
        const slot = (group << 2) + ((31 - Math.clz32(hits & -hits)) >>> 3);
        const ref = i32[bucket + REF_WORD + slot];
        if (ref !== 0 && itemKeyEquals(p, ref, key)) return ref;
        hits &= hits - 1;
      }
    }
    const overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) return 0;
    bucket = overflow << 1;
  }
}

/**
 * Adds an item whose key is not in the index. False when a further bucket is needed and there is no
 * chunk for it; the index is then as it was.
 */
export function indexInsert(p: Partition, hash: number, ref: number): boolean {
  const table = itemTable(p, ref);
  if (p.i32[table + TABLE.pageCount] === 0 && !indexPageAdd(p, table)) return false;
  if (!bucketInsert(p, table, bucketWord(p, table, hash), hashTag(hash), ref)) return false;
  const count = ++p.i32[table + TABLE.itemCount];
  if (count > p.i32[table + TABLE.bucketCount] * ITEMS_PER_BUCKET) indexSplit(p, table);
  return true;
}

/** Points the entry of one item at another with the same key. */
export function indexReplace(p: Partition, hash: number, oldRef: number, ref: number): void {
  p.i32[slotFind(p, itemTable(p, ref), hash, oldRef)] = ref;
}

export function indexRemove(p: Partition, hash: number, ref: number): void {
  const { i32 } = p;
  const table = itemTable(p, ref);
  const at = slotFind(p, table, hash, ref);
  const bucket = (at >>> 4) << 4;
  i32[at] = 0;
  p.u8[(bucket << 2) + (at - bucket - REF_WORD)] = 0;
  i32[table + TABLE.itemCount]--;
  const first = bucketWord(p, table, hash);
  if (i32[first + OVERFLOW_WORD] !== 0) chainPack(p, table, first, bucket, at - bucket - REF_WORD);
}

/** Fills a slot that fell free from the chain's last bucket, and frees that one when it is empty. */
function chainPack(p: Partition, table: number, first: number, bucket: number, slot: number): void {
  const { i32, u8 } = p;
  let previous = first;
  let last = i32[first + OVERFLOW_WORD] << 1;
  while (i32[last + OVERFLOW_WORD] !== 0) {
    previous = last;
    last = i32[last + OVERFLOW_WORD] << 1;
  }
  if (last !== bucket) {
    let from = 0;
    while (from < SLOTS_PER_BUCKET && i32[last + REF_WORD + from] === 0) from++;
    if (from < SLOTS_PER_BUCKET) {
      i32[bucket + REF_WORD + slot] = i32[last + REF_WORD + from];
      u8[(bucket << 2) + slot] = u8[(last << 2) + from];
      i32[last + REF_WORD + from] = 0;
      u8[(last << 2) + from] = 0;
    }
  }
  if ((i32[last] | i32[last + 1] | i32[last + 2]) !== 0) return;
  i32[previous + OVERFLOW_WORD] = 0;
  chunkGive(p, last >>> 1);
  i32[table + TABLE.overflowCount]--;
}

/** Calls visit(ref) for every item of a table. For verification and cold paths. */
export function indexWalk(
  p: Partition,
  visit: (ref: number, bucket: number) => void,
  table: number = HEADER.keysTable,
): void {
  for (let index = 0; index < p.i32[table + TABLE.bucketCount]; index++) {
    indexBucketWalk(p, index, (ref) => visit(ref, index), table);
  }
}

/** Calls visit(ref) for every item of one bucket. It must not change the index. */
export function indexBucketWalk(
  p: Partition,
  index: number,
  visit: (ref: number) => void,
  table: number = HEADER.keysTable,
): void {
  let bucket = bucketWordAt(p, table, index);
  for (;;) {
    for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
      const ref = p.i32[bucket + REF_WORD + slot];
      if (ref !== 0) visit(ref);
    }
    const overflow = p.i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) return;
    bucket = overflow << 1;
  }
}

/** Keys in the index, of all databases; those that are dead but not yet found among them. */
export function indexKeyCount(p: Partition): number {
  return p.i32[HEADER.keysTable + TABLE.itemCount];
}

/** Primary buckets of the index of keys. */
export function indexBucketCount(p: Partition): number {
  return p.i32[HEADER.keysTable + TABLE.bucketCount];
}

/** Pages that the buckets of both tables take. */
export function indexPageCount(p: Partition): number {
  return p.i32[HEADER.keysTable + TABLE.pageCount] + p.i32[HEADER.membersTable + TABLE.pageCount];
}

/** Which bucket a hash belongs to. */
export function indexBucketOf(
  p: Partition,
  hash: number,
  table: number = HEADER.keysTable,
): number {
  const mask = p.i32[table + TABLE.bucketMask];
  const index = hash & mask;
  return index < p.i32[table + TABLE.bucketCount] ? index : index & (mask >>> 1);
}

/** Eight bits that partition and (small tables') bucket numbers do not use; never 0. */
function hashTag(hash: number): number {
  const tag = (hash >>> 17) & 0xff;
  return tag === 0 ? 1 : tag;
}

/** i32 index of the slot that holds `ref`. The caller knows that there is one. */
function slotFind(p: Partition, table: number, hash: number, ref: number): number {
  const { i32 } = p;
  let bucket = bucketWord(p, table, hash);
  for (;;) {
    for (let at = bucket + REF_WORD; at < bucket + BUCKET_WORDS; at++) {
      if (i32[at] === ref) return at;
    }
    const overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) throw new Error('broken invariant: a linked item is in the index');
    bucket = overflow << 1;
  }
}

/** Overflow buckets that hang in chains. For verification. */
export function indexOverflowCount(p: Partition, table: number = HEADER.keysTable): number {
  let count = 0;
  for (let index = 0; index < p.i32[table + TABLE.bucketCount]; index++) {
    let overflow = p.i32[bucketWordAt(p, table, index) + OVERFLOW_WORD];
    while (overflow !== 0) {
      count++;
      overflow = p.i32[(overflow << 1) + OVERFLOW_WORD];
    }
  }
  return count;
}
