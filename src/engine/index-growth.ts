/**
 * How an index table grows by a bucket, and gives pages back: linear hashing. Drawing and guard:
 * hash-index.ts.
 */
import { itemHash } from '../memory/item.ts';
import { HEADER, type Partition, pageGive, pageOf, TABLE } from '../memory/partition.ts';
import { classFreeCount } from '../memory/slab.ts';
import { CLASS_OVERFLOW } from '../memory/slab-classes.ts';
import {
  BUCKETS_PER_PAGE_SHIFT,
  bucketInsert,
  bucketWordAt,
  ITEMS_PER_BUCKET,
  indexPageAdd,
  OVERFLOW_WORD,
  overflowTrim,
  REF_WORD,
  SLOTS_PER_BUCKET,
  tableInit,
} from './index-buckets.ts';

/** Adds one bucket and moves to it what belongs there. Without memory the table stays as it is. */
export function indexSplit(p: Partition, table: number): void {
  const { i32 } = p;
  const fresh = i32[table + TABLE.bucketCount];
  const needsPage = fresh >>> BUCKETS_PER_PAGE_SHIFT === i32[table + TABLE.pageCount];
  if (needsPage && !indexPageAdd(p, table)) return;
  if (fresh > i32[table + TABLE.bucketMask]) {
    i32[table + TABLE.bucketMask] = (i32[table + TABLE.bucketMask] << 1) | 1;
  }
  i32[table + TABLE.bucketCount] = fresh + 1;
  const old = fresh & (i32[table + TABLE.bucketMask] >>> 1);
  const target = bucketWordAt(p, table, fresh);
  let bucket = bucketWordAt(p, table, old);
  for (;;) {
    for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
      const ref = i32[bucket + REF_WORD + slot];
      if (ref === 0 || (itemHash(p, ref) & i32[table + TABLE.bucketMask]) !== fresh) continue;
      // Should there be no chunk for an overflow bucket, undo: half a bucket cannot stay behind.
      if (!bucketInsert(p, table, target, p.u8[(bucket << 2) + slot], ref)) {
        indexSplitUndo(p, table, old, fresh);
        return;
      }
      i32[bucket + REF_WORD + slot] = 0;
      p.u8[(bucket << 2) + slot] = 0;
    }
    const overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) break;
    bucket = overflow << 1;
  }
  overflowTrim(p, table, old);
}

/**
 * Gives the last page of buckets back, if the items left are few for so many buckets. False if not, or
 * if there is no chunk for an overflow bucket that the merged ones need; some are merged then.
 */
export function indexShrink(p: Partition): boolean {
  return tableShrink(p, HEADER.membersTable) || tableShrink(p, HEADER.keysTable);
}

function tableShrink(p: Partition, table: number): boolean {
  const { i32 } = p;
  const page = i32[table + TABLE.pageCount] - 1;
  const bucketsLeft = page << BUCKETS_PER_PAGE_SHIFT;
  if (page < 0) return false;
  if (i32[table + TABLE.itemCount] * 2 > bucketsLeft * ITEMS_PER_BUCKET) return false;
  while (i32[table + TABLE.bucketCount] > Math.max(1, bucketsLeft)) {
    const last = i32[table + TABLE.bucketCount] - 1;
    const old = last & (i32[table + TABLE.bucketMask] >>> 1);
    if (!bucketsFitOne(p, table, old, last)) return false;
    indexSplitUndo(p, table, old, last);
  }
  const directory = i32[table + TABLE.directoryWord];
  i32[table + TABLE.pageCount] = page;
  pageGive(p, pageOf(p, i32[directory + page] >>> 1));
  if (page === 0) tableInit(p, table, directory);
  return true;
}

/** Whether all entries of two buckets fit the first: its slots, and one overflow bucket to be had. */
function bucketsFitOne(p: Partition, table: number, target: number, source: number): boolean {
  const room = bucketSlotCount(p, table, target, true) - bucketSlotCount(p, table, source, false);
  if (room >= 0) return true;
  const hasChunk = classFreeCount(p, CLASS_OVERFLOW) > 0 || p.i32[HEADER.pageFreeCount] > 0;
  return hasChunk && room >= -SLOTS_PER_BUCKET;
}

/** Slots of a bucket and its overflow buckets that are free, or that are not. */
function bucketSlotCount(p: Partition, table: number, index: number, free: boolean): number {
  let count = 0;
  let bucket = bucketWordAt(p, table, index);
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
function indexSplitUndo(p: Partition, table: number, old: number, fresh: number): void {
  const { i32 } = p;
  let bucket = bucketWordAt(p, table, fresh);
  for (;;) {
    for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
      const ref = i32[bucket + REF_WORD + slot];
      if (ref === 0) continue;
      bucketInsert(p, table, bucketWordAt(p, table, old), p.u8[(bucket << 2) + slot], ref);
      i32[bucket + REF_WORD + slot] = 0;
      p.u8[(bucket << 2) + slot] = 0;
    }
    const overflow = i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) break;
    bucket = overflow << 1;
  }
  overflowTrim(p, table, fresh);
  i32[table + TABLE.bucketCount] = fresh;
  const mask = i32[table + TABLE.bucketMask];
  if (fresh === 1) i32[table + TABLE.bucketMask] = 0;
  else if (fresh === (mask >>> 1) + 1) i32[table + TABLE.bucketMask] = mask >>> 1;
}
