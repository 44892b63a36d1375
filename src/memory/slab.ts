/**
 * The slab allocator: chunks out of the pages of a class.
 *
 * Free chunks hang in a list of their page, not of their class, so that a page whose last chunk is
 * freed goes back to the pool at once and any class can take it next.
 *
 *   class ──partialHead──▶ page ──partialNext──▶ page        pages with a free chunk
 *                           │ freeHeadRef
 *                           ▼
 *                          chunk ──word 1──▶ chunk ──▶ 0     word 0 of a free chunk is 0
 *
 * Guard: the partition lock.
 */
import { assert } from '../base/assert.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  PAGE,
  type Partition,
  pageGive,
  pageOf,
  pageOffset,
  pageRecord,
  pageTake,
} from './partition.ts';
import { CLASS_OVERFLOW } from './slab-classes.ts';

/** Values of PAGE.inPartial. */
const NOT_PARTIAL = 0;
const PARTIAL = 1;
const SET_ASIDE = 2;

/**
 * Pages of the pool that items may not take: the index grows into them, also when all else is full.
 * Eviction refills the reserve.
 */
export const PAGES_RESERVED = 2;

/** A chunk of the class, or 0 when neither the class nor the pool has one. Its bytes are stale. */
export function chunkTake(p: Partition, classId: number): number {
  const { i32 } = p;
  const klass = classRecord(classId);
  let page = i32[klass + CLASS.partialHead] - 1;
  if (page < 0) {
    if (classId !== CLASS_OVERFLOW && i32[HEADER.pageFreeCount] <= PAGES_RESERVED) return 0;
    page = classPageAdd(p, classId);
    if (page < 0) return 0;
  }
  const record = pageRecord(p, page);
  let ref = i32[record + PAGE.freeHeadRef];
  if (ref !== 0) {
    i32[record + PAGE.freeHeadRef] = i32[(ref << 1) + 1];
  } else {
    const chunk = i32[record + PAGE.bumpCount]++;
    ref = (pageOffset(p, page) + chunk * p.classes.chunkBytes[classId]) >>> 3;
  }
  i32[record + PAGE.usedCount]++;
  i32[klass + CLASS.usedCount]++;
  if (
    i32[record + PAGE.freeHeadRef] === 0 &&
    i32[record + PAGE.bumpCount] === p.classes.chunksPerPage[classId]
  ) {
    partialRemove(p, klass, record);
  }
  return ref;
}

/** Frees a chunk; its page goes back to the pool with its last one. */
export function chunkGive(p: Partition, ref: number): void {
  const { i32 } = p;
  const page = pageOf(p, ref);
  const record = pageRecord(p, page);
  const klass = classRecord(i32[record + PAGE.classId]);
  i32[ref << 1] = 0;
  i32[(ref << 1) + 1] = i32[record + PAGE.freeHeadRef];
  i32[record + PAGE.freeHeadRef] = ref;
  i32[record + PAGE.usedCount]--;
  i32[klass + CLASS.usedCount]--;
  if (i32[record + PAGE.usedCount] === 0) classPageRemove(p, klass, page);
  else if (i32[record + PAGE.inPartial] === NOT_PARTIAL) partialAdd(p, klass, page);
}

/** The class whose page the ref lies in. */
export function chunkClass(p: Partition, ref: number): number {
  return p.i32[pageRecord(p, pageOf(p, ref)) + PAGE.classId];
}

/** Keeps `chunkTake` from choosing this page, while it is being emptied. */
export function pageSetAside(p: Partition, page: number): void {
  const record = pageRecord(p, page);
  if (p.i32[record + PAGE.inPartial] === PARTIAL) {
    partialRemove(p, classRecord(p.i32[record + PAGE.classId]), record);
  }
  p.i32[record + PAGE.inPartial] = SET_ASIDE;
}

/** Undoes `pageSetAside` for a page that could not be emptied. */
export function pageSetBack(p: Partition, page: number): void {
  const { i32 } = p;
  const record = pageRecord(p, page);
  const classId = i32[record + PAGE.classId];
  const hasFree =
    i32[record + PAGE.freeHeadRef] !== 0 ||
    i32[record + PAGE.bumpCount] < p.classes.chunksPerPage[classId];
  i32[record + PAGE.inPartial] = NOT_PARTIAL;
  if (hasFree) partialAdd(p, classRecord(classId), page);
}

/** Chunks the class could hand out without a new page. */
export function classFreeCount(p: Partition, classId: number): number {
  const klass = classRecord(classId);
  return (
    p.i32[klass + CLASS.pageCount] * p.classes.chunksPerPage[classId] -
    p.i32[klass + CLASS.usedCount]
  );
}

/** Moves a page from the pool to the class, behind the hand: eviction comes to it last. */
function classPageAdd(p: Partition, classId: number): number {
  const page = pageTake(p);
  if (page < 0) return -1;
  const { i32 } = p;
  const klass = classRecord(classId);
  const record = pageRecord(p, page);
  i32[record + PAGE.classId] = classId;
  i32[record + PAGE.sweptAt] = i32[HEADER.evictionClock];
  const hand = i32[klass + CLASS.handPage] - 1;
  if (hand < 0) {
    i32[record + PAGE.ringNext] = page + 1;
    i32[record + PAGE.ringPrev] = page + 1;
    i32[klass + CLASS.handPage] = page + 1;
    i32[klass + CLASS.handChunk] = 0;
  } else {
    const handRecord = pageRecord(p, hand);
    const last = i32[handRecord + PAGE.ringPrev] - 1;
    i32[record + PAGE.ringNext] = hand + 1;
    i32[record + PAGE.ringPrev] = last + 1;
    i32[handRecord + PAGE.ringPrev] = page + 1;
    i32[pageRecord(p, last) + PAGE.ringNext] = page + 1;
  }
  i32[klass + CLASS.pageCount]++;
  partialAdd(p, klass, page);
  return page;
}

function classPageRemove(p: Partition, klass: number, page: number): void {
  const { i32 } = p;
  const record = pageRecord(p, page);
  assert(i32[record + PAGE.usedCount] === 0, 'a page leaves its class empty');
  if (i32[record + PAGE.inPartial] === PARTIAL) partialRemove(p, klass, record);
  const next = i32[record + PAGE.ringNext] - 1;
  const previous = i32[record + PAGE.ringPrev] - 1;
  i32[pageRecord(p, next) + PAGE.ringPrev] = previous + 1;
  i32[pageRecord(p, previous) + PAGE.ringNext] = next + 1;
  if (i32[klass + CLASS.handPage] - 1 === page) {
    i32[klass + CLASS.handPage] = next === page ? 0 : next + 1;
    i32[klass + CLASS.handChunk] = 0;
  }
  i32[klass + CLASS.pageCount]--;
  pageGive(p, page);
}

function partialAdd(p: Partition, klass: number, page: number): void {
  const { i32 } = p;
  const record = pageRecord(p, page);
  const head = i32[klass + CLASS.partialHead];
  i32[record + PAGE.partialNext] = head;
  i32[record + PAGE.partialPrev] = 0;
  if (head !== 0) i32[pageRecord(p, head - 1) + PAGE.partialPrev] = page + 1;
  i32[klass + CLASS.partialHead] = page + 1;
  i32[record + PAGE.inPartial] = PARTIAL;
}

function partialRemove(p: Partition, klass: number, record: number): void {
  const { i32 } = p;
  const next = i32[record + PAGE.partialNext];
  const previous = i32[record + PAGE.partialPrev];
  if (next !== 0) i32[pageRecord(p, next - 1) + PAGE.partialPrev] = previous;
  if (previous !== 0) i32[pageRecord(p, previous - 1) + PAGE.partialNext] = next;
  else i32[klass + CLASS.partialHead] = next;
  i32[record + PAGE.inPartial] = NOT_PARTIAL;
}
