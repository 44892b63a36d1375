/**
 * The memory limit while the server runs. What may be used at once is raised in one step. To lower it,
 * pages are emptied one by one, and the limit follows them down: so a partition never owes memory, and
 * whoever stores meanwhile finds what there is.
 *
 *   pages    0 ─────────────────── pageLimit ─────────── pageCount
 *            in use │ pool          │ reserved, and never touched or not any more
 *                   ◀── emptied ────┘ … and the limit comes after
 *
 * Guard: the partition lock for what concerns one partition; the budget itself is a word of the control
 * block that an operator writes.
 */
import { budgetIsPossible, budgetPages } from '../memory/arena.ts';
import { CONTROL_F64 } from '../memory/control.ts';
import {
  HEADER,
  type Partition,
  partitionLimitSet,
  partitionLock,
  partitionUnlock,
} from '../memory/partition.ts';
import { PAGES_RESERVED } from '../memory/slab.ts';
import { indexShrink } from './index-growth.ts';
import type { Keyspace } from './keyspace.ts';
import { pageSteal } from './page-move.ts';
import { classPageCompact } from './page-reassign.ts';

/**
 * Changes the budget. More can be used at once; less becomes so with the maintainer's next rounds. False,
 * and nothing done, if that much was not reserved or so little is not enough.
 */
export function keyspaceMemorySet(keyspace: Keyspace, memoryBytes: number): boolean {
  const { control, partitions } = keyspace;
  if (!budgetIsPossible(memoryBytes, partitions)) return false;
  control.f64[CONTROL_F64.memoryBytes] = memoryBytes;
  const pageTarget = keyspacePageTarget(keyspace);
  for (const p of partitions) {
    partitionLock(p);
    partitionResize(p, pageTarget, 0, 0);
    partitionUnlock(p);
  }
  return true;
}

/** Pages that each partition is to have under the budget of now. */
export function keyspacePageTarget({ control, partitions }: Keyspace): number {
  return budgetPages(control.f64[CONTROL_F64.memoryBytes], partitions);
}

/**
 * Brings the partition's limit closer to `pageTarget`, emptying at most `pagesMax` pages. True when there
 * is more to be done and it is worth going on.
 */
export function partitionResize(
  p: Partition,
  pageTarget: number,
  nowMs: number,
  pagesMax: number,
): boolean {
  const { i32 } = p;
  if (i32[HEADER.pageLimit] < pageTarget) partitionLimitSet(p, pageTarget);
  for (let pages = 0; ; pages++) {
    const over = i32[HEADER.pageLimit] - pageTarget;
    if (over === 0) return false;
    const spare = i32[HEADER.pageFreeCount] - PAGES_RESERVED;
    if (spare > 0) partitionLimitSet(p, i32[HEADER.pageLimit] - Math.min(spare, over));
    if (i32[HEADER.pageLimit] === pageTarget) return false;
    if (pages === pagesMax) return true;
    if (!pageEmpty(p, nowMs)) return false;
  }
}

/** Brings one page to the pool. Where nothing may be evicted, items are only packed closer together. */
function pageEmpty(p: Partition, nowMs: number): boolean {
  if (indexShrink(p)) return true;
  if (p.evicts) return pageSteal(p, 0, nowMs, true);
  for (let classId = 1; classId < p.classes.count; classId++) {
    if (classPageCompact(p, classId, nowMs)) return true;
  }
  return false;
}
