/**
 * Taking a page from a slab class because an operator says so.
 *
 * Guard: takes the lock of one partition after the other.
 */
import {
  CLASS,
  classRecord,
  type Partition,
  partitionLock,
  partitionUnlock,
} from '../memory/partition.ts';
import type { Keyspace } from './keyspace.ts';
import { classPageVacate, compactablePage, pageVacate, VACATE } from './page-move.ts';

/**
 * Pages of each class, by its id, in the partition where it has the most. Class 0, of the index, has none
 * to give.
 */
export function classPageCounts({ partitions }: Keyspace): number[] {
  const counts = new Array<number>(partitions[0].classes.count).fill(0);
  for (const p of partitions) {
    partitionLock(p);
    for (let classId = 1; classId < counts.length; classId++) {
      counts[classId] = Math.max(counts[classId], classPageCount(p, classId));
    }
    partitionUnlock(p);
  }
  return counts;
}

/**
 * Brings a page of the class to the pool, in the partition where the class has the most. False when each
 * of its pages there is held by a value on its way, or by items that may not be evicted.
 */
export function keyspacePageReassign(keyspace: Keyspace, classId: number, nowMs: number): boolean {
  const byPages = (a: Partition, b: Partition): number =>
    classPageCount(b, classId) - classPageCount(a, classId);
  const [p] = keyspace.partitions.toSorted(byPages);
  partitionLock(p);
  const isDone = p.evicts
    ? classPageVacate(p, classId, nowMs, VACATE.SIFT)
    : classPageCompact(p, classId, nowMs);
  partitionUnlock(p);
  return isDone;
}

/** Where nothing may be evicted, a page is given only if its items fit the others. */
export function classPageCompact(p: Partition, classId: number, nowMs: number): boolean {
  const page = compactablePage(p, classId);
  return page >= 0 && pageVacate(p, page, nowMs, VACATE.PACK);
}

function classPageCount(p: Partition, classId: number): number {
  return p.i32[classRecord(classId) + CLASS.pageCount];
}
