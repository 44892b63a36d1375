/**
 * The memory limit while the server runs. What may be used at once is raised in one step. To lower it,
 * pages are emptied one by one, and the limit follows them down: so a partition never owes memory, and
 * whoever stores meanwhile finds what there is.
 *
 *   pages    0 ─────────────────── pageLimit ─────────── pageCount
 *            in use │ pool          │ reserved, and never touched or not any more
 *                   ◀── emptied ────┘ … and the limit comes after
 *
 * The limit of RESP's clients (maxmemory) may be anything, also less than the pages that a partition cannot
 * do without. So it is kept in bytes besides, which the maintainer, and whoever wants to write, bring down
 * to it item by item. That costs nothing while the pages in use keep within the bytes, as they do unless
 * the limit was lowered.
 *
 * Guard: the partition lock for what concerns one partition; the budget itself is a word of the control
 * block that an operator writes.
 */
import { budgetIsPossible, budgetPages, budgetPossible, budgetReserved } from '../memory/arena.ts';
import { CONTROL_F64 } from '../memory/control.ts';
import {
  HEADER,
  HEADER_F64,
  type Partition,
  partitionLimitSet,
  partitionLock,
  partitionUnlock,
} from '../memory/partition.ts';
import { PAGES_RESERVED } from '../memory/slab.ts';
import { PAGE_BYTES } from '../memory/slab-classes.ts';
import { partitionTableBytes, partitionUsedBytes } from '../memory/usage.ts';
import { graveyardWork } from './collection/graveyard-work.ts';
import { classSweep } from './hand.ts';
import { indexShrink } from './index-growth.ts';
import type { Keyspace } from './keyspace.ts';
import { classScore, pageSteal } from './page-move.ts';
import { classPageCompact } from './page-reassign.ts';
import { policyHasPrey } from './policy.ts';

/** Chunks of the graveyard that are freed as one page would be. */
const GRAVEYARD_CHUNKS = 256;
/** Items that a command evicts before it is run, while there is too much. */
const SHED_ITEMS = 16;

/**
 * Changes the budget. More can be used at once; less becomes so with the maintainer's next rounds. False,
 * and nothing done, if that much was not reserved or so little is not enough.
 */
export function keyspaceMemorySet(keyspace: Keyspace, memoryBytes: number): boolean {
  if (!budgetIsPossible(memoryBytes, keyspace.partitions)) return false;
  budgetSet(keyspace, memoryBytes, memoryBytes);
  return true;
}

/**
 * As keyspaceMemorySet, of any size: 0 is as much as was reserved, and so is more than that. What is less
 * than partitions need to work is kept to in bytes.
 */
export function keyspaceMaxMemorySet(keyspace: Keyspace, maxMemory: number): void {
  const { partitions } = keyspace;
  const wanted = maxMemory === 0 ? budgetReserved(partitions) : maxMemory;
  budgetSet(keyspace, budgetPossible(wanted, partitions), wanted);
}

function budgetSet({ control, partitions }: Keyspace, memoryBytes: number, bytesMax: number): void {
  control.f64[CONTROL_F64.memoryBytes] = memoryBytes;
  const pageTarget = budgetPages(memoryBytes, partitions);
  for (const p of partitions) {
    partitionLock(p);
    p.f64[HEADER_F64.bytesMax] = bytesMax / partitions.length;
    partitionResize(p, pageTarget, 0, 0);
    partitionUnlock(p);
  }
}

/** Bytes in use in all partitions, as they were a moment ago. */
export function keyspaceUsedBytes({ partitions }: Keyspace): number {
  return partitions.reduce((bytes, p) => bytes + partitionUsedBytes(p), 0);
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
  if (graveyardWork(p, GRAVEYARD_CHUNKS) > 0 || indexShrink(p)) return true;
  if (policyHasPrey(p)) return pageSteal(p, 0, nowMs, true);
  for (let classId = 1; classId < p.classes.count; classId++) {
    if (classPageCompact(p, classId, nowMs)) return true;
  }
  return false;
}

/**
 * Whether a command that may need memory is to be refused, since more is in use than may be and nothing can
 * be done about it: nothing may go, or all that may go is not enough. Evicts a little if the policy has it
 * so. Cheap while the limit is kept.
 */
export function partitionIsFull(p: Partition, nowMs: number): boolean {
  if (!partitionIsOver(p)) return false;
  const shed = partitionShed(p, nowMs, SHED_ITEMS);
  if (!partitionIsOver(p)) return false;
  return shed === 0 || partitionTableBytes(p) > p.f64[HEADER_F64.bytesMax];
}

/** Whether more is in use than may be. */
export function partitionIsOver(p: Partition): boolean {
  const bytesMax = p.f64[HEADER_F64.bytesMax];
  const pages = p.i32[HEADER.pageLimit] - p.i32[HEADER.pageFreeCount];
  if (partitionTableBytes(p) + pages * PAGE_BYTES <= bytesMax) return false;
  return partitionUsedBytes(p) > bytesMax;
}

/**
 * Evicts items, of the class first whose memory is worth least, until no more is in use than may be, or
 * `itemsMax` are gone. Returns how much was done: 0 if nothing may go.
 */
export function partitionShed(p: Partition, nowMs: number, itemsMax: number): number {
  let done = 0;
  while (done < itemsMax && partitionIsOver(p)) {
    if (graveyardWork(p, GRAVEYARD_CHUNKS) === 0 && !itemShed(p, nowMs)) break;
    done++;
  }
  return done;
}

function itemShed(p: Partition, nowMs: number): boolean {
  if (!policyHasPrey(p)) return false;
  let scoreMax = Number.POSITIVE_INFINITY;
  for (;;) {
    let best = -1;
    for (let classId = 1; classId < p.classes.count; classId++) {
      const score = classScore(p, classId);
      if (score < scoreMax && (best < 0 || score > classScore(p, best))) best = classId;
    }
    if (best < 0) return false;
    if (classSweep(p, best, nowMs)) return true;
    scoreMax = classScore(p, best);
  }
}
