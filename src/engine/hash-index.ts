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
 * The table grows one bucket at a time, as items come: bucket `count - 2^n` is split, so no insert
 * ever waits for a rehash. Primary buckets live in pages of their own, 512 to a page, found through
 * the index directory. All of it is part of the partition's memory budget.
 *
 * Guard: the partition lock.
 */
import type { Key } from '../base/key.ts';
import { itemHash, itemKeyEquals } from '../memory/item.ts';
import {
  HEADER,
  INDEX_DIRECTORY_OFFSET,
  PAGE,
  PAGE_INDEX,
  type Partition,
  pageGive,
  pageOf,
  pageOffset,
  pageRecord,
  pageTake,
} from '../memory/partition.ts';
import { chunkGive, chunkTake, classFreeCount } from '../memory/slab.ts';
import { CLASS_OVERFLOW, PAGE_BYTES, PAGE_SHIFT } from '../memory/slab-classes.ts';

const BUCKET_WORDS = 16;
const BUCKETS_PER_PAGE_SHIFT = PAGE_SHIFT - 6;
const BUCKETS_PER_PAGE = 1 << BUCKETS_PER_PAGE_SHIFT;
const OVERFLOW_WORD = 3;
const REF_WORD = 4;
export const SLOTS_PER_BUCKET = 12;
/** Splits keep the mean at this many items a bucket: about 10 bytes of index an item. */
const ITEMS_PER_BUCKET = 9;
const DIRECTORY_WORD = INDEX_DIRECTORY_OFFSET >>> 2;

/** Gives an empty partition its first page of buckets. */
export function indexInit(p: Partition): boolean {
  const { i32 } = p;
  i32[HEADER.bucketCount] = 1;
  i32[HEADER.bucketMask] = 0;
  i32[HEADER.indexPageCount] = 0;
  return indexPageAdd(p);
}

/** The live item with this key, or 0. */
export function indexFind(p: Partition, key: Key): number {
  const { i32 } = p;
  const pattern = Math.imul(hashTag(key.hash), 0x01010101);
  let bucket = bucketWord(p, key.hash);
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
  if (!bucketInsert(p, bucketWord(p, hash), hashTag(hash), ref)) return false;
  const count = ++p.i32[HEADER.itemCount];
  if (count > p.i32[HEADER.bucketCount] * ITEMS_PER_BUCKET) indexSplit(p);
  return true;
}

/** Points the entry of one item at another with the same key. */
export function indexReplace(p: Partition, hash: number, oldRef: number, ref: number): void {
  const at = slotFind(p, hash, oldRef);
  p.i32[at] = ref;
}

export function indexRemove(p: Partition, hash: number, ref: number): void {
  const { i32 } = p;
  const at = slotFind(p, hash, ref);
  const bucket = (at >>> 4) << 4;
  i32[at] = 0;
  p.u8[(bucket << 2) + (at - bucket - REF_WORD)] = 0;
  i32[HEADER.itemCount]--;
  const first = bucketWord(p, hash);
  if (i32[first + OVERFLOW_WORD] !== 0) chainPack(p, first, bucket, at - bucket - REF_WORD);
}

/** Fills a slot that fell free from the chain's last bucket, and frees that one when it is empty. */
function chainPack(p: Partition, first: number, bucket: number, slot: number): void {
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
  i32[HEADER.overflowBucketCount]--;
}

/** Calls visit(ref) for every item. For verification and cold paths. */
export function indexWalk(p: Partition, visit: (ref: number, bucket: number) => void): void {
  for (let index = 0; index < p.i32[HEADER.bucketCount]; index++) {
    indexBucketWalk(p, index, (ref) => visit(ref, index));
  }
}

/** Calls visit(ref) for every item of one bucket. It must not change the index. */
export function indexBucketWalk(p: Partition, index: number, visit: (ref: number) => void): void {
  let bucket = bucketWordAt(p, index);
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

/** Which bucket a hash belongs to. */
export function indexBucketOf(p: Partition, hash: number): number {
  const index = hash & p.i32[HEADER.bucketMask];
  return index < p.i32[HEADER.bucketCount] ? index : index & (p.i32[HEADER.bucketMask] >>> 1);
}

/** Eight bits that partition and (small tables') bucket numbers do not use; never 0. */
function hashTag(hash: number): number {
  const tag = (hash >>> 17) & 0xff;
  return tag === 0 ? 1 : tag;
}

function bucketWord(p: Partition, hash: number): number {
  const { i32 } = p;
  const mask = i32[HEADER.bucketMask];
  let index = hash & mask;
  if (index >= i32[HEADER.bucketCount]) index &= mask >>> 1;
  return (
    i32[DIRECTORY_WORD + (index >>> BUCKETS_PER_PAGE_SHIFT)] +
    ((index & (BUCKETS_PER_PAGE - 1)) << 4)
  );
}

function bucketWordAt(p: Partition, index: number): number {
  return (
    p.i32[DIRECTORY_WORD + (index >>> BUCKETS_PER_PAGE_SHIFT)] +
    ((index & (BUCKETS_PER_PAGE - 1)) << 4)
  );
}

/** i32 index of the slot that holds `ref`. The caller knows that there is one. */
function slotFind(p: Partition, hash: number, ref: number): number {
  const { i32 } = p;
  let bucket = bucketWord(p, hash);
  for (;;) {
    for (let at = bucket + REF_WORD; at < bucket + BUCKET_WORDS; at++) {
      if (i32[at] === ref) return at;
    }
    const overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) throw new Error('broken invariant: a linked item is in the index');
    bucket = overflow << 1;
  }
}

function bucketInsert(p: Partition, firstBucket: number, tag: number, ref: number): boolean {
  const { i32 } = p;
  let bucket = firstBucket;
  for (;;) {
    for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
      if (i32[bucket + REF_WORD + slot] === 0) {
        i32[bucket + REF_WORD + slot] = ref;
        p.u8[(bucket << 2) + slot] = tag;
        return true;
      }
    }
    let overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) {
      overflow = chunkTake(p, CLASS_OVERFLOW);
      if (overflow === 0) return false;
      const fresh = overflow << 1;
      for (let word = 0; word < BUCKET_WORDS; word++) i32[fresh + word] = 0;
      i32[bucket + OVERFLOW_WORD] = overflow;
      i32[HEADER.overflowBucketCount]++;
    }
    bucket = overflow << 1;
  }
}

/** Adds one bucket and moves to it what belongs there. Without memory the table stays as it is. */
function indexSplit(p: Partition): void {
  const { i32 } = p;
  const fresh = i32[HEADER.bucketCount];
  if (fresh >>> BUCKETS_PER_PAGE_SHIFT === i32[HEADER.indexPageCount] && !indexPageAdd(p)) return;
  if (fresh > i32[HEADER.bucketMask]) {
    i32[HEADER.bucketMask] = (i32[HEADER.bucketMask] << 1) | 1;
  }
  i32[HEADER.bucketCount] = fresh + 1;
  const old = fresh & (i32[HEADER.bucketMask] >>> 1);
  const target = bucketWordAt(p, fresh);
  let bucket = bucketWordAt(p, old);
  for (;;) {
    for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
      const ref = i32[bucket + REF_WORD + slot];
      if (ref === 0 || (itemHash(p, ref) & i32[HEADER.bucketMask]) !== fresh) continue;
      // Should there be no chunk for an overflow bucket, undo: half a bucket cannot stay behind.
      if (!bucketInsert(p, target, p.u8[(bucket << 2) + slot], ref)) {
        indexSplitUndo(p, old, fresh);
        return;
      }
      i32[bucket + REF_WORD + slot] = 0;
      p.u8[(bucket << 2) + slot] = 0;
    }
    const overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) break;
    bucket = overflow << 1;
  }
  overflowTrim(p, old);
}

/**
 * Gives the last page of buckets back, if the items left are few for so many buckets. False if not, or
 * if there is no chunk for an overflow bucket that the merged ones need; some are merged then.
 */
export function indexShrink(p: Partition): boolean {
  const { i32 } = p;
  const page = i32[HEADER.indexPageCount] - 1;
  const bucketsLeft = page << BUCKETS_PER_PAGE_SHIFT;
  if (bucketsLeft === 0 || i32[HEADER.itemCount] * 2 > bucketsLeft * ITEMS_PER_BUCKET) return false;
  while (i32[HEADER.bucketCount] > bucketsLeft) {
    const last = i32[HEADER.bucketCount] - 1;
    const old = last & (i32[HEADER.bucketMask] >>> 1);
    if (!bucketsFitOne(p, old, last)) return false;
    indexSplitUndo(p, old, last);
  }
  i32[HEADER.indexPageCount] = page;
  pageGive(p, pageOf(p, i32[DIRECTORY_WORD + page] >>> 1));
  return true;
}

/** Whether all entries of two buckets fit the first: its slots, and one overflow bucket to be had. */
function bucketsFitOne(p: Partition, target: number, source: number): boolean {
  const room = bucketSlotCount(p, target, true) - bucketSlotCount(p, source, false);
  if (room >= 0) return true;
  const hasChunk = classFreeCount(p, CLASS_OVERFLOW) > 0 || p.i32[HEADER.pageFreeCount] > 0;
  return hasChunk && room >= -SLOTS_PER_BUCKET;
}

/** Slots of a bucket and its overflow buckets that are free, or that are not. */
function bucketSlotCount(p: Partition, index: number, free: boolean): number {
  let count = 0;
  let bucket = bucketWordAt(p, index);
  for (;;) {
    for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
      if ((p.i32[bucket + REF_WORD + slot] === 0) === free) count++;
    }
    const overflow = p.i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) return count;
    bucket = overflow << 1;
  }
}

/** Takes back a split: the entries that moved return to the bucket they left. */
function indexSplitUndo(p: Partition, old: number, fresh: number): void {
  const { i32 } = p;
  let bucket = bucketWordAt(p, fresh);
  for (;;) {
    for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
      const ref = i32[bucket + REF_WORD + slot];
      if (ref === 0) continue;
      bucketInsert(p, bucketWordAt(p, old), p.u8[(bucket << 2) + slot], ref);
      i32[bucket + REF_WORD + slot] = 0;
      p.u8[(bucket << 2) + slot] = 0;
    }
    const overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) break;
    bucket = overflow << 1;
  }
  overflowTrim(p, fresh);
  i32[HEADER.bucketCount] = fresh;
  if (fresh === (i32[HEADER.bucketMask] >>> 1) + 1 && fresh > 1) i32[HEADER.bucketMask] >>>= 1;
  else if (fresh === 1) i32[HEADER.bucketMask] = 0;
}

/** Frees the overflow buckets of a chain that are empty. */
function overflowTrim(p: Partition, index: number): void {
  const { i32 } = p;
  let previous = bucketWordAt(p, index);
  for (;;) {
    const overflow = i32[previous + OVERFLOW_WORD];
    if (overflow === 0) return;
    const bucket = overflow << 1;
    if ((i32[bucket] | i32[bucket + 1] | i32[bucket + 2]) === 0) {
      i32[previous + OVERFLOW_WORD] = i32[bucket + OVERFLOW_WORD];
      chunkGive(p, overflow);
      i32[HEADER.overflowBucketCount]--;
    } else {
      previous = bucket;
    }
  }
}

function indexPageAdd(p: Partition): boolean {
  const page = pageTake(p);
  if (page < 0) return false;
  const { i32 } = p;
  const offset = pageOffset(p, page);
  i32[pageRecord(p, page) + PAGE.classId] = PAGE_INDEX;
  p.u8.fill(0, offset, offset + PAGE_BYTES);
  i32[DIRECTORY_WORD + i32[HEADER.indexPageCount]] = offset >>> 2;
  i32[HEADER.indexPageCount]++;
  return true;
}

/** Overflow buckets that hang in chains. For verification. */
export function indexOverflowCount(p: Partition): number {
  let count = 0;
  for (let index = 0; index < p.i32[HEADER.bucketCount]; index++) {
    let overflow = p.i32[bucketWordAt(p, index) + OVERFLOW_WORD];
    while (overflow !== 0) {
      count++;
      overflow = p.i32[(overflow << 1) + OVERFLOW_WORD];
    }
  }
  return count;
}
