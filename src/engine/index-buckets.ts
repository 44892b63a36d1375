/**
 * The buckets of an index table: where they lie, how entries get into them and overflow buckets out of
 * them. Drawing and guard: hash-index.ts.
 */
import {
  HEADER,
  PAGE,
  PAGE_INDEX,
  type Partition,
  pageOffset,
  pageRecord,
  pageTake,
  TABLE,
} from '../memory/partition.ts';
import { chunkGive, chunkTake } from '../memory/slab.ts';
import { CLASS_OVERFLOW, PAGE_BYTES, PAGE_SHIFT } from '../memory/slab-classes.ts';

export const BUCKET_WORDS = 16;
export const BUCKETS_PER_PAGE_SHIFT = PAGE_SHIFT - 6;
export const BUCKETS_PER_PAGE = 1 << BUCKETS_PER_PAGE_SHIFT;
export const OVERFLOW_WORD = 3;
export const REF_WORD = 4;
export const SLOTS_PER_BUCKET = 12;
/** Splits keep the mean at this many items a bucket: about 10 bytes of index an item. */
export const ITEMS_PER_BUCKET = 9;
/** Makes a table empty: without a page, it leads to a bucket that is. */
export function tableInit(p: Partition, table: number, directory: number): void {
  const { i32 } = p;
  i32[table + TABLE.bucketCount] = 1;
  i32[table + TABLE.bucketMask] = 0;
  i32[table + TABLE.pageCount] = 0;
  i32[table + TABLE.directoryWord] = directory;
  i32[directory] = HEADER.emptyBucket;
}

/** i32 index of the first bucket for a hash. */
export function bucketWord(p: Partition, table: number, hash: number): number {
  const { i32 } = p;
  const mask = i32[table + TABLE.bucketMask];
  let index = hash & mask;
  if (index >= i32[table + TABLE.bucketCount]) index &= mask >>> 1;
  return (
    i32[i32[table + TABLE.directoryWord] + (index >>> BUCKETS_PER_PAGE_SHIFT)] +
    ((index & (BUCKETS_PER_PAGE - 1)) << 4)
  );
}

/** i32 index of a primary bucket. */
export function bucketWordAt(p: Partition, table: number, index: number): number {
  const { i32 } = p;
  return (
    i32[i32[table + TABLE.directoryWord] + (index >>> BUCKETS_PER_PAGE_SHIFT)] +
    ((index & (BUCKETS_PER_PAGE - 1)) << 4)
  );
}

/** Puts an entry into a free slot of a bucket or its overflow buckets. False without a chunk for one more. */
export function bucketInsert(
  p: Partition,
  table: number,
  firstBucket: number,
  tag: number,
  ref: number,
): boolean {
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
      i32[table + TABLE.overflowCount]++;
    }
    bucket = overflow << 1;
  }
}

/** Frees the overflow buckets of a chain that are empty. */
export function overflowTrim(p: Partition, table: number, index: number): void {
  const { i32 } = p;
  let previous = bucketWordAt(p, table, index);
  for (;;) {
    const overflow = i32[previous + OVERFLOW_WORD];
    if (overflow === 0) return;
    const bucket = overflow << 1;
    if ((i32[bucket] | i32[bucket + 1] | i32[bucket + 2]) === 0) {
      i32[previous + OVERFLOW_WORD] = i32[bucket + OVERFLOW_WORD];
      chunkGive(p, overflow);
      i32[table + TABLE.overflowCount]--;
    } else {
      previous = bucket;
    }
  }
}

/** Gives a table one more page of buckets. */
export function indexPageAdd(p: Partition, table: number): boolean {
  const page = pageTake(p);
  if (page < 0) return false;
  const { i32 } = p;
  const offset = pageOffset(p, page);
  i32[pageRecord(p, page) + PAGE.classId] = PAGE_INDEX;
  p.u8.fill(0, offset, offset + PAGE_BYTES);
  i32[i32[table + TABLE.directoryWord] + i32[table + TABLE.pageCount]] = offset >>> 2;
  i32[table + TABLE.pageCount]++;
  return true;
}
