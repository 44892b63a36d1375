/**
 * Pages between slab classes. A page moves when another class holds on to memory that is worth less.
 *
 * How long the hand takes to come round is the age that an unused item of the class reaches. Were that
 * age the same everywhere, all sizes would be forgotten alike, as by one LRU; but an item of half the
 * size that is used as often is worth twice as much per byte. So what is made equal is age times size,
 * which is GDSF's rule (Cherkasova, HPL-98-69) at equilibrium, without a priority per item. The size
 * counts within bounds, from SIZE_BYTES_MIN to that of the largest chunk: beyond them the rule would
 * let a cache full of tiny items that nobody wants any more keep out large ones for ever.
 *
 * Guard: the partition lock. One call looks at no more than DONOR_TRIES_MAX × STEAL_TRIES_MAX pages.
 */
import { linkHead } from '../memory/chain.ts';
import { EVENT } from '../memory/event-log.ts';
import {
  chunkKind,
  itemBytes,
  itemExpiresAtMs,
  itemFrequency,
  itemFrequencyLower,
  itemHash,
  itemIsChained,
  itemIsLinked,
  itemIsMain,
  itemPromote,
  KIND_ITEM,
  KIND_LINK,
} from '../memory/item.ts';
import { pageNoteExpiry } from '../memory/page-times.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  HEADER_F64,
  PAGE,
  type Partition,
  pageOffset,
  pageRecord,
} from '../memory/partition.ts';
import { chunkGive, chunkTake, classFreeCount, pageSetAside, pageSetBack } from '../memory/slab.ts';
import { CLASS_OVERFLOW } from '../memory/slab-classes.ts';
import { itemMoved } from './collection/member-life.ts';
import { eventIsWatched, eventPageMove } from './events.ts';
import { itemEvict, itemIsEvictable } from './forget.ts';
import { indexReplace } from './hash-index.ts';
import { itemIsDead } from './lifecycle.ts';
import { itemReap } from './reaping.ts';

const STEAL_TRIES_MAX = 8;
const DONOR_TRIES_MAX = 4;
/** Pages in use that are passed over before one is taken all the same. */
const RENEWALS_MAX = 2;
/** A class gives a page only if its score is so many times that of the class in need. */
const STEAL_MARGIN = 2;
const SIZE_BYTES_MIN = 256;

/**
 * Moves a page into the pool from the class whose memory is worth least. Unless `must`, only from one
 * that is worth clearly less than that of `classId`.
 */
export function pageSteal(p: Partition, classId: number, nowMs: number, must: boolean): boolean {
  if (!must && p.i32[HEADER.pagesStay] !== 0) return false;
  const scoreMin = must ? -1 : classScore(p, classId) * STEAL_MARGIN;
  let scoreMax = Number.POSITIVE_INFINITY;
  // The class worth least may have all its pages pinned by values under way: then the next one.
  for (let tries = 0; tries < DONOR_TRIES_MAX; tries++) {
    let bestScore = scoreMin;
    let bestDonor = -1;
    for (let donor = 1; donor < p.classes.count; donor++) {
      if (donor === classId && !must) continue;
      const score = classScore(p, donor);
      if (score > bestScore && score < scoreMax) {
        bestScore = score;
        bestDonor = donor;
      }
    }
    if (bestDonor < 0) return false;
    if (classPageVacate(p, bestDonor, nowMs, must)) {
      if (eventIsWatched(p.log, EVENT.PAGE_MOVE)) eventPageMove(p, bestDonor, classId);
      return true;
    }
    scoreMax = bestScore;
  }
  return false;
}

/**
 * Empties a page of the class, starting with the one that eviction would come to next. A page that is
 * mostly in use is passed over, once, and grows young by it: so a class that is only read, whose own
 * hand never moves, does not lose what it is read for.
 */
export function classPageVacate(
  p: Partition,
  classId: number,
  nowMs: number,
  must: boolean,
): boolean {
  const compactable = compactablePage(p, classId);
  if (compactable >= 0 && pageVacate(p, compactable, nowMs, true)) return true;
  const klass = classRecord(classId);
  let page = p.i32[klass + CLASS.handPage] - 1;
  for (let tries = 0; tries < STEAL_TRIES_MAX && page >= 0; tries++) {
    const next = p.i32[pageRecord(p, page) + PAGE.ringNext] - 1;
    if ((!must || tries < RENEWALS_MAX) && pageIsInUse(p, page)) {
      pageRenew(p, page);
      p.i32[klass + CLASS.handPage] = next + 1;
      p.i32[klass + CLASS.handChunk] = 0;
      if (!must) return false;
    } else if (pageVacate(p, page, nowMs, false)) {
      return true;
    }
    page = next;
  }
  return false;
}

/** Whether more than half of the page's items were used since the hand came by. */
function pageIsInUse(p: Partition, page: number): boolean {
  let used = 0;
  let items = 0;
  pageItemsWalk(p, page, (ref) => {
    items++;
    if (itemFrequency(p, ref) > 0) used++;
  });
  return used * 2 > items;
}

/** Does to a page what the hand would, but that nothing goes. */
function pageRenew(p: Partition, page: number): void {
  const record = pageRecord(p, page);
  const klass = classRecord(p.i32[record + PAGE.classId]);
  pageItemsWalk(p, page, (ref) => {
    if (itemFrequency(p, ref) === 0) return;
    if (itemIsMain(p, ref)) {
      itemFrequencyLower(p, ref);
    } else {
      itemPromote(p, ref);
      p.i32[klass + CLASS.mainCount]++;
    }
  });
  p.i32[record + PAGE.sweptAt] = p.i32[HEADER.evictionClock];
}

function pageItemsWalk(p: Partition, page: number, visit: (ref: number) => void): void {
  const record = pageRecord(p, page);
  const chunkBytes = p.classes.chunkBytes[p.i32[record + PAGE.classId]];
  for (let chunk = 0; chunk < p.i32[record + PAGE.bumpCount]; chunk++) {
    const ref = (pageOffset(p, page) + chunk * chunkBytes) >>> 3;
    if (chunkKind(p, ref) === KIND_ITEM && itemIsLinked(p, ref)) visit(ref);
  }
}

/** How little a byte of the class is worth: the age its unused items reach, times their size. */
function classScore(p: Partition, classId: number): number {
  const { i32 } = p;
  const page = i32[classRecord(classId) + CLASS.handPage] - 1;
  if (page < 0) return -1;
  const age = (i32[HEADER.evictionClock] - i32[pageRecord(p, page) + PAGE.sweptAt]) >>> 0;
  return age * Math.max(p.classes.chunkBytes[classId], SIZE_BYTES_MIN);
}

/** A page whose items fit into the free chunks of the class's other pages, or -1. */
export function compactablePage(p: Partition, classId: number): number {
  const { i32 } = p;
  const perPage = p.classes.chunksPerPage[classId];
  const freeCount = classFreeCount(p, classId);
  if (freeCount < perPage + (perPage >>> 2)) return -1;
  const page = i32[classRecord(classId) + CLASS.partialHead] - 1;
  return page;
}

/**
 * Empties a page, so that it returns to the pool. Items worth keeping move to free chunks of their
 * class (all of them if `keepAll`), the others are evicted. False, and nothing done, if something in
 * the page has to stay where it is.
 */
export function pageVacate(p: Partition, page: number, nowMs: number, keepAll: boolean): boolean {
  const { i32 } = p;
  const record = pageRecord(p, page);
  const classId = i32[record + PAGE.classId];
  if (classId <= CLASS_OVERFLOW) return false;
  const chunkBytes = p.classes.chunkBytes[classId];
  const chunkCount = i32[record + PAGE.bumpCount];
  const firstOffset = pageOffset(p, page);
  if (keepAll && classFreeCount(p, classId) < p.classes.chunksPerPage[classId]) return false;
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    if (chunkIsFixed(p, (firstOffset + chunk * chunkBytes) >>> 3, keepAll)) return false;
  }
  pageSetAside(p, page);
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    // The last chunk to go hands the page to the pool and clears its class.
    if (i32[record + PAGE.classId] !== classId) break;
    const ref = (firstOffset + chunk * chunkBytes) >>> 3;
    chunkVacate(p, classId, ref, nowMs, keepAll);
  }
  if (i32[record + PAGE.classId] === classId) {
    pageSetBack(p, page);
    return false;
  }
  p.f64[HEADER_F64.pageMoveTotal]++;
  return true;
}

function chunkIsFixed(p: Partition, ref: number, keepAll: boolean): boolean {
  const kind = chunkKind(p, ref);
  if (kind === KIND_ITEM) {
    return !itemIsEvictable(p, ref) || (keepAll && itemIsChained(p, ref));
  }
  return kind === KIND_LINK && (keepAll || !itemIsEvictable(p, linkHead(p, ref)));
}

function chunkVacate(
  p: Partition,
  classId: number,
  ref: number,
  nowMs: number,
  keepAll: boolean,
): void {
  const kind = chunkKind(p, ref);
  if (kind === KIND_LINK) {
    itemEvict(p, linkHead(p, ref), nowMs);
    return;
  }
  if (kind !== KIND_ITEM) return;
  if (itemIsDead(p, ref, nowMs)) {
    itemReap(p, itemHash(p, ref), ref);
    return;
  }
  const worthKeeping = keepAll || (itemFrequency(p, ref) > 0 && !itemIsChained(p, ref));
  if (!worthKeeping || !itemMove(p, classId, ref)) itemEvict(p, ref, nowMs);
}

/** Moves an item of one chunk to another chunk of its class. False when the class has none free. */
function itemMove(p: Partition, classId: number, ref: number): boolean {
  // A free chunk in another page, that is: taking a page from the pool would gain nothing.
  if (p.i32[classRecord(classId) + CLASS.partialHead] === 0) return false;
  const to = chunkTake(p, classId);
  p.u8.copyWithin(to << 3, ref << 3, (ref << 3) + itemBytes(p, ref));
  indexReplace(p, itemHash(p, ref), ref, to);
  itemMoved(p, ref, to);
  pageNoteExpiry(p, to, itemExpiresAtMs(p, to));
  chunkGive(p, ref);
  p.f64[HEADER_F64.rescueTotal]++;
  return true;
}
