/**
 * The memory limit while the server runs. What may be used at once is raised in one step. To lower it,
 * pages are emptied one by one, and the limit follows them down: so a partition never owes memory, and
 * whoever stores meanwhile finds what there is.
 *
 *   pages    0 ─────────────────── pageLimit ─────────── pageCount
 *            in use │ pool          │ reserved, and never touched or not any more
 *                   ◀── emptied ────┘ … and the limit comes after
 *
 * The limit of RESP's clients (maxmemory) may be anything, also less than the pages that partitions cannot do
 * without. So it is kept in bytes besides, as one sum: the maintainer, and whoever wants to write, evict
 * from all partitions in turn until it holds. That costs nothing while pages alone keep within the bytes,
 * as they do unless the limit was lowered: a word of the control block tells.
 *
 * Guard: the partition lock for what concerns one partition; the budget itself is a word of the control
 * block that an operator writes.
 */
import { budgetIsPossible, budgetPages, budgetPossible, budgetReserved } from '../memory/arena.ts';
import { CLIENT } from '../memory/client-records.ts';
import { connectionsWalk } from '../memory/connections.ts';
import { CONTROL, CONTROL_F64, type Control, TIGHT } from '../memory/control.ts';
import {
  HEADER,
  type Partition,
  partitionLimitSet,
  partitionLock,
  partitionUnlock,
} from '../memory/partition.ts';
import { PAGES_RESERVED } from '../memory/slab.ts';

import { partitionPossibleBytes, partitionUsedBytes } from '../memory/usage.ts';
import { graveyardWork } from './collection/graveyard-work.ts';
import { expirySeek } from './expiry.ts';
import { classSweep } from './hand.ts';
import { indexShrink } from './index-growth.ts';
import type { Keyspace } from './keyspace.ts';
import { classScore, pageSteal } from './page-move.ts';
import { classPageCompact } from './page-reassign.ts';
import { policyHasPrey, policyPreyCount } from './policy.ts';

/** Chunks of the graveyard that are freed as one page would be. */
const GRAVEYARD_CHUNKS = 256;
/** Items of a partition that a command evicts in a turn, and turns, before it is run while there is too much. */
const SHED_ITEMS = 8;
const SHED_TURNS_MAX = 8;
/** So many items that may go are enough for anything that one command stores. */
const PREY_AMPLE = 4096;
const PAGES_TRIES_MAX = 4096;
/** Pages with something dead in them that are looked through in one go. */
const REAP_PAGES = 8;
/** Buffers of clients that do not count. */
const BUFFER_BYTES_NOISE = 2 ** 20;

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
  control.f64[CONTROL_F64.maxMemory] = bytesMax;
  const pageTarget = budgetPages(memoryBytes, partitions);
  let bytesPossible = 0;
  for (const p of partitions) {
    partitionLock(p);
    partitionResize(p, pageTarget, 0, 0);
    bytesPossible += partitionPossibleBytes(p);
    partitionUnlock(p);
  }
  tightSet(control, TIGHT.LIMIT, bytesPossible > bytesMax);
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

/**
 * Whether so many pages are free, over the reserve, or can be made so. Where ample prey is left it says yes
 * and does nothing: then chunks are found as they are needed.
 */
export function partitionPagesMake(p: Partition, pages: number, nowMs: number): boolean {
  if (policyPreyCount(p) >= PREY_AMPLE) return true;
  for (let tries = 0; tries < PAGES_TRIES_MAX; tries++) {
    if (p.i32[HEADER.pageFreeCount] - PAGES_RESERVED >= pages) return true;
    if (!pageEmpty(p, nowMs) && partitionShed(p, nowMs, SHED_ITEMS) === 0) return false;
  }
  return false;
}

/**
 * Brings pages to the pool, or comes nearer to it. Where nothing may be evicted, what is dead goes, and items
 * are packed closer together.
 */
function pageEmpty(p: Partition, nowMs: number): boolean {
  if (graveyardWork(p, GRAVEYARD_CHUNKS) > 0 || indexShrink(p)) return true;
  if (policyHasPrey(p)) return pageSteal(p, 0, nowMs, true);
  if (expirySeek(p, nowMs, REAP_PAGES) > 0) return true;
  for (let classId = 1; classId < p.classes.count; classId++) {
    if (classPageCompact(p, classId, nowMs)) return true;
  }
  return false;
}

function tightSet({ i32 }: Control, bit: number, isTight: boolean): void {
  if (isTight) Atomics.or(i32, CONTROL.memoryIsTight, bit);
  else Atomics.and(i32, CONTROL.memoryIsTight, ~bit);
}

/** Requests and replies of RESP clients count against the limit, once they are more than noise. */
export function bufferBytesNote(control: Control): void {
  let bytes = 0;
  connectionsWalk(control, (record) => {
    const { i32 } = control;
    bytes += i32[record + CLIENT.queryBytes] + i32[record + CLIENT.argumentBytes];
    bytes += i32[record + CLIENT.outputBytes];
  });
  control.f64[CONTROL_F64.bufferBytes] = bytes;
  tightSet(control, TIGHT.BUFFERS, bytes > BUFFER_BYTES_NOISE);
}

/** Bytes in use in all partitions, as they were a moment ago. */
export function keyspaceUsedBytes({ partitions }: Keyspace): number {
  let bytes = 0;
  for (const p of partitions) bytes += partitionUsedBytes(p);
  return bytes;
}

/** Whether more is in use than may be. Cheap while the limit is one that pages keep. */
export function keyspaceIsOver(keyspace: Keyspace): boolean {
  const { i32, f64 } = keyspace.control;
  if (Atomics.load(i32, CONTROL.memoryIsTight) === 0) return false;
  const bytes = keyspaceUsedBytes(keyspace) + f64[CONTROL_F64.bufferBytes];
  return bytes > f64[CONTROL_F64.maxMemory];
}

/**
 * Before a command that may need memory, with no lock held: evicts from all partitions in turn, if more is
 * in use than may be. False: nothing may go, and the command is to be refused.
 */
export function keyspaceRoomMake(keyspace: Keyspace, nowMs: number): boolean {
  const { control } = keyspace;
  if ((Atomics.load(control.i32, CONTROL.memoryIsTight) & TIGHT.BUFFERS) !== 0) {
    bufferBytesNote(control); // clients may have read, or left, meanwhile
  }
  for (let turn = 0; turn < SHED_TURNS_MAX; turn++) {
    let done = 0;
    for (const p of keyspace.partitions) {
      if (!keyspaceIsOver(keyspace)) return true;
      partitionLock(p);
      done += partitionShed(p, nowMs, SHED_ITEMS);
      partitionUnlock(p);
    }
    if (done === 0) return !keyspaceIsOver(keyspace);
  }
  return true; // the rest is the maintainer's
}

/**
 * Evicts up to `itemsMax` items, of the class first whose memory is worth least; or some that are dead, if no
 * other may go. Returns how many went.
 */
export function partitionShed(p: Partition, nowMs: number, itemsMax: number): number {
  let done = 0;
  while (done < itemsMax && (graveyardWork(p, GRAVEYARD_CHUNKS) > 0 || itemShed(p, nowMs))) done++;
  return done > 0 ? done : expirySeek(p, nowMs, REAP_PAGES);
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
