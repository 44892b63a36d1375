/**
 * What has happened to the items of a slab class: counts in the class's record, behind its words, as doubles,
 * since what is counted by the million a second passes 2^32 within an hour or so.
 *
 *   record of a class, 192 B
 *   ┌──────────────┬────────┬──────────┬─────────┬───────────┬─────┐
 *   │ CLASS: 10    │ stores │ get hits │ touches │ evictions │ …   │   CLASS_TOTAL: 19 f64
 *   │ words, 40 B  │        │          │         │           │     │
 *   └──────────────┴────────┴──────────┴─────────┴───────────┴─────┘
 *   └───────────── a cache line ────────────────┘
 *
 * Guard: the lock of the partition. Who reads them without it may be a moment behind.
 */
import { assert } from '../base/assert.ts';
import { CLASS, CLASS_RECORD_BYTES, classRecord, type Partition } from './partition.ts';

export const CLASS_TOTAL = {
  setCount: 0,
  getHits: 1,
  touchHits: 2,
  evictions: 3,
  evictionsNonzero: 4, // … of items that had an expiry time
  evictionsUnfetched: 5,
  sweepVisits: 6,
  promotions: 7, // items that the hand moved from probation to main
  renewals: 8, // main items that the hand let stay
  deleteHits: 9,
  incrHits: 10,
  decrHits: 11,
  casHits: 12,
  casBadval: 13,
  expired: 14,
  expiredUnfetched: 15,
  outOfMemory: 16,
  reaped: 17, // dead items that were found page by page, not by asking for them
  reapVisits: 18, // items looked at for that
  words: 19,
} as const;

assert(CLASS.words % 2 === 0, 'totals begin at a double');
assert(CLASS.words * 4 + CLASS_TOTAL.words * 8 === CLASS_RECORD_BYTES, 'a class record is full');

/** Counts one more. */
export function classCount(p: Partition, classId: number, total: number): void {
  p.f64[wordOf(classId, total)]++;
}

/** … or several. */
export function classCountAdd(p: Partition, classId: number, total: number, count: number): void {
  p.f64[wordOf(classId, total)] += count;
}

/** How many there were. */
export function classTotal(p: Partition, classId: number, total: number): number {
  return p.f64[wordOf(classId, total)];
}

/** Adds the totals of a class to `sums`. */
export function classTotalsAdd(p: Partition, classId: number, sums: Float64Array): void {
  const first = wordOf(classId, 0);
  for (let total = 0; total < CLASS_TOTAL.words; total++) sums[total] += p.f64[first + total];
}

/** Sets the totals of a class to those, or to zero. */
export function classTotalsSet(p: Partition, classId: number, totals: Float64Array | 0): void {
  const first = wordOf(classId, 0);
  if (totals === 0) p.f64.fill(0, first, first + CLASS_TOTAL.words);
  else p.f64.set(totals, first);
}

/** The totals of all classes, copied. */
export function classTotalsCopy(p: Partition): readonly Float64Array[] {
  return Array.from({ length: p.classes.count }, (_, classId) => {
    const first = wordOf(classId, 0);
    return p.f64.slice(first, first + CLASS_TOTAL.words);
  });
}

/** f64 index of one of a class's totals. */
function wordOf(classId: number, total: number): number {
  return ((classRecord(classId) + CLASS.words) >>> 1) + total;
}
