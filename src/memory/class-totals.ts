/**
 * What has happened to the items of a slab class: counts beside the class's record, as doubles, since what is
 * counted by the million a second passes 2^32 within an hour or so.
 *
 *   totals of a class, 192 B
 *   ┌──────────┬──────────┬───────────┬─────┐
 *   │ get hits │ stores   │ evictions │ …   │   CLASS_TOTAL: f64 each
 *   └──────────┴──────────┴───────────┴─────┘
 *
 * Guard: the lock of the partition. Who reads them without it may be a moment behind.
 */
import { assert } from '../base/assert.ts';
import { CLASS_TOTALS_BYTES, CLASS_TOTALS_OFFSET, type Partition } from './partition.ts';

// What requests count stands on one cache line, and what eviction counts on the next.
export const CLASS_TOTAL = {
  getHits: 0,
  setCount: 1,
  touchHits: 2,
  deleteHits: 3,
  incrHits: 4,
  decrHits: 5,
  casHits: 6,
  casBadval: 7,
  evictions: 8,
  evictionsNonzero: 9, // … of items that had an expiry time
  evictionsUnfetched: 10,
  sweepVisits: 11,
  promotions: 12, // items that the hand moved from probation to main
  renewals: 13, // main items that the hand let stay
  expired: 14,
  expiredUnfetched: 15,
  outOfMemory: 16,
  reaped: 17, // dead items that were found page by page, not by asking for them
  reapVisits: 18, // items looked at for that
  words: 24,
} as const;

assert(CLASS_TOTAL.words * 8 === CLASS_TOTALS_BYTES, 'the totals of a class have their room');

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

/** All classes' totals, which can be changed in place. */
export function classTotalsAll(p: Partition): Float64Array {
  return p.f64.subarray(wordOf(0, 0), wordOf(p.classes.count, 0));
}

function wordOf(classId: number, total: number): number {
  return (CLASS_TOTALS_OFFSET >>> 3) + classId * CLASS_TOTAL.words + total;
}
