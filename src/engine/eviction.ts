/**
 * Eviction: what to forget when the partition is full, and which slab class pays for it.
 *
 * **Within a class** a hand visits the chunks of the class's pages in turn. There are no lists: the
 * order is that of the addresses, and an item costs eviction no bytes beyond the few bits in its
 * header. A new item is on *probation*; if the hand finds it unused, it goes at once (most items of
 * a cache are never asked for again, and these leave after one round). One that was used is promoted
 * to *main*, and main items pay only while they hold more than nine tenths of the class: then each
 * visit takes one use off, and one without uses goes. A key that comes back soon after it was evicted
 * from probation is recognised by its fingerprint in the *ghost table* and starts as a main item.
 * These are the ideas of S3-FIFO (Yang et al., SOSP '23), done by one clock hand instead of three
 * queues.
 *
 * **Between classes** a page moves when another class holds on to memory that is worth less. How long
 * the hand takes to come round is the age that an unused item of the class reaches. Were that age the
 * same everywhere, all sizes would be forgotten alike, as by one LRU; but an item of half the size that
 * is used as often is worth twice as much per byte. So what is made equal is age times size, which is
 * GDSF's rule (Cherkasova, HPL-98-69) at equilibrium, without a priority per item. And since any page
 * can go to any class, a change of item sizes never starves the newcomers.
 *
 * Guard: the partition lock. The work for one allocation is bounded by SWEEP_VISITS_MAX chunks and
 * STEAL_TRIES_MAX pages.
 */

import { linkHead } from '../memory/chain.ts';
import {
  chunkKind,
  EXTRA_EXPIRY,
  itemBytes,
  itemExpiresAtMs,
  itemExtras,
  itemFrequency,
  itemFrequencyLower,
  itemHash,
  itemIdleSec,
  itemIsChained,
  itemIsFetched,
  itemIsLinked,
  itemIsMain,
  itemPromote,
  KIND_FREE,
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
import {
  chunkClass,
  chunkGive,
  chunkTake,
  classFreeCount,
  PAGES_RESERVED,
  pageSetAside,
  pageSetBack,
} from '../memory/slab.ts';
import { CLASS_OVERFLOW } from '../memory/slab-classes.ts';
import { CHANGE } from './change-log.ts';
import { expirySweep } from './expiry.ts';
import { indexReplace } from './hash-index.ts';
import { itemIsDead, itemIsHeld, itemReap, itemUnlink } from './lifecycle.ts';

const SWEEP_VISITS_MAX = 2048;
const STEAL_TRIES_MAX = 8;
const DONOR_TRIES_MAX = 4;
/** Pages searched for dead items when nothing else may go. */
const REAP_PAGES_MAX = 8;
/** Main items may hold this share of a class, in tenths, before they have to pay. */
const MAIN_TENTHS_MAX = 9;
/** A class gives a page only if its score is so many times that of the class in need. */
const STEAL_MARGIN = 1.1;

/**
 * A chunk of the class, evicting if need be; 0 when nothing can be evicted or nothing may be. The
 * item at `p.guardRef` is left alone.
 */
export function chunkObtain(p: Partition, classId: number, nowMs: number): number {
  const { i32 } = p;
  i32[HEADER.evictionClock] = (i32[HEADER.evictionClock] + 1) | 0;
  const ref = chunkTake(p, classId);
  if (ref !== 0) return ref;
  return p.evicts ? chunkObtainSlow(p, classId, nowMs) : chunkObtainByCompaction(p, classId, nowMs);
}

function chunkObtainSlow(p: Partition, classId: number, nowMs: number): number {
  const klass = classRecord(classId);
  if (p.i32[HEADER.pageFreeCount] < PAGES_RESERVED) pageSteal(p, classId, nowMs, true);
  for (let tries = 0; tries < STEAL_TRIES_MAX; tries++) {
    const atNewPage = p.i32[klass + CLASS.handTurned] !== 0 || p.i32[klass + CLASS.handChunk] === 0;
    const must = tries > 0 || p.i32[klass + CLASS.usedCount] === 0;
    if (atNewPage || must) {
      p.i32[klass + CLASS.handTurned] = 0;
      if (pageSteal(p, classId, nowMs, must)) {
        const stolen = chunkTake(p, classId);
        if (stolen !== 0) return stolen;
        continue;
      }
    }
    if (classSweep(p, classId, nowMs)) {
      const swept = chunkTake(p, classId);
      if (swept !== 0) return swept;
    }
  }
  p.i32[klass + CLASS.outOfMemory]++;
  return 0;
}

/**
 * Nothing may be evicted, but what is dead can go before its sweep, and a class with many free chunks
 * can be packed into fewer pages.
 */
function chunkObtainByCompaction(p: Partition, classId: number, nowMs: number): number {
  if (expirySweep(p, nowMs, REAP_PAGES_MAX) > 0) {
    const ref = chunkTake(p, classId);
    if (ref !== 0) return ref;
  }
  for (let donor = 1; donor < p.classes.count; donor++) {
    const page = donor === classId ? -1 : compactablePage(p, donor);
    if (page >= 0 && pageVacate(p, page, nowMs, true)) {
      const ref = chunkTake(p, classId);
      if (ref !== 0) return ref;
    }
  }
  p.i32[classRecord(classId) + CLASS.outOfMemory]++;
  return 0;
}

/**
 * Advances the class's hand until an item goes. False when the class has none that may.
 */
function classSweep(p: Partition, classId: number, nowMs: number): boolean {
  const { i32 } = p;
  const klass = classRecord(classId);
  const chunkBytes = p.classes.chunkBytes[classId];
  let page = i32[klass + CLASS.handPage] - 1;
  if (page < 0) return false;
  let chunk = i32[klass + CLASS.handChunk];
  let record = pageRecord(p, page);
  let fallback = 0;
  for (let visits = 0; visits < SWEEP_VISITS_MAX; visits++) {
    if (chunk >= i32[record + PAGE.bumpCount]) {
      i32[record + PAGE.sweptAt] = i32[HEADER.evictionClock];
      i32[klass + CLASS.handTurned] = 1;
      page = i32[record + PAGE.ringNext] - 1;
      record = pageRecord(p, page);
      chunk = 0;
    }
    const ref = (pageOffset(p, page) + chunk * chunkBytes) >>> 3;
    chunk++;
    const kind = chunkKind(p, ref);
    if (kind === KIND_FREE) continue;
    // A link stands for its item: the longer a chain is, the more often a hand comes by.
    const item = kind === KIND_LINK ? linkHead(p, ref) : ref;
    if (!itemIsEvictable(p, item)) continue;
    const verdict = kind === KIND_LINK ? linkJudge(p, item) : itemJudge(p, item, nowMs);
    if (verdict === VERDICT_STAYS) {
      fallback = item;
      continue;
    }
    // The page may go back to the pool with this item: leave the hand where it finds its way.
    i32[klass + CLASS.handPage] = page + 1;
    i32[klass + CLASS.handChunk] = chunk;
    i32[klass + CLASS.sweepVisits] = (i32[klass + CLASS.sweepVisits] + visits) | 0;
    if (verdict === VERDICT_DEAD) itemReap(p, itemHash(p, item), item);
    else itemEvict(p, item, nowMs);
    return true;
  }
  i32[klass + CLASS.handPage] = page + 1;
  i32[klass + CLASS.handChunk] = chunk;
  if (fallback === 0) return false;
  itemEvict(p, fallback, nowMs);
  return true;
}

const VERDICT_STAYS = 0;
const VERDICT_GOES = 1;
const VERDICT_DEAD = 2;

/** What the hand does to an item it comes by. */
function itemJudge(p: Partition, ref: number, nowMs: number): number {
  const { i32 } = p;
  const klass = classRecord(chunkClass(p, ref));
  if (itemIsDead(p, ref, nowMs)) return VERDICT_DEAD;
  if (!itemIsMain(p, ref)) {
    if (itemFrequency(p, ref) === 0) return VERDICT_GOES;
    itemPromote(p, ref);
    i32[klass + CLASS.mainCount]++;
    i32[klass + CLASS.promotions]++;
    return VERDICT_STAYS;
  }
  if (i32[klass + CLASS.mainCount] * 10 > i32[klass + CLASS.itemCount] * MAIN_TENTHS_MAX) {
    if (itemFrequency(p, ref) === 0) return VERDICT_GOES;
    itemFrequencyLower(p, ref);
  }
  i32[klass + CLASS.renewals]++;
  return VERDICT_STAYS;
}

/** An unused long item goes as soon as the hand of any class comes by one of its links. */
function linkJudge(p: Partition, head: number): number {
  return itemFrequency(p, head) === 0 ? VERDICT_GOES : VERDICT_STAYS;
}

function itemIsEvictable(p: Partition, ref: number): boolean {
  return itemIsLinked(p, ref) && ref !== p.guardRef && !itemIsHeld(p, ref);
}

function itemEvict(p: Partition, ref: number, nowMs: number): void {
  const { i32, f64 } = p;
  const klass = classRecord(chunkClass(p, ref));
  const hash = itemHash(p, ref);
  i32[klass + CLASS.evictions]++;
  f64[HEADER_F64.evictionTotal]++;
  i32[klass + CLASS.evictedAgeSec] = itemIdleSec(p, ref, Math.floor(nowMs / 1000));
  if ((itemExtras(p, ref) & EXTRA_EXPIRY) !== 0 && itemExpiresAtMs(p, ref) !== 0) {
    i32[klass + CLASS.evictionsNonzero]++;
  }
  if (!itemIsFetched(p, ref)) {
    i32[klass + CLASS.evictionsUnfetched]++;
    f64[HEADER_F64.evictedUnfetchedTotal]++;
  }
  if (!itemIsMain(p, ref)) ghostAdd(p, hash);
  itemUnlink(p, hash, ref, CHANGE.EVICT);
}

// ── Ghost table ─────────────────────────────────────────────────────────────────────────────────

function ghostSlot(p: Partition, hash: number): number {
  return p.ghostStart + (hash & p.ghostMask);
}

function ghostFingerprint(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 16) | 1;
}

function ghostAdd(p: Partition, hash: number): void {
  p.u16[ghostSlot(p, hash)] = ghostFingerprint(hash);
}

/** Whether the key was evicted from probation not long ago. Forgets it. */
export function ghostTake(p: Partition, hash: number): boolean {
  const slot = ghostSlot(p, hash);
  if (p.u16[slot] !== ghostFingerprint(hash)) return false;
  p.u16[slot] = 0;
  return true;
}

// ── Pages between classes ───────────────────────────────────────────────────────────────────────

/**
 * Moves a page into the pool from the class whose memory is worth least. Unless `must`, only from one
 * that is worth clearly less than that of `classId`.
 */
function pageSteal(p: Partition, classId: number, nowMs: number, must: boolean): boolean {
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
    if (classPageVacate(p, bestDonor, nowMs)) return true;
    scoreMax = bestScore;
  }
  return false;
}

/** Empties a page of the class, starting with the one that eviction would come to next. */
function classPageVacate(p: Partition, classId: number, nowMs: number): boolean {
  const compactable = compactablePage(p, classId);
  if (compactable >= 0 && pageVacate(p, compactable, nowMs, true)) return true;
  let page = p.i32[classRecord(classId) + CLASS.handPage] - 1;
  for (let tries = 0; tries < STEAL_TRIES_MAX && page >= 0; tries++) {
    const next = p.i32[pageRecord(p, page) + PAGE.ringNext] - 1;
    if (pageVacate(p, page, nowMs, false)) return true;
    page = next;
  }
  return false;
}

/** How little a byte of the class is worth: the age its unused items reach, times their size. */
function classScore(p: Partition, classId: number): number {
  const { i32 } = p;
  const klass = classRecord(classId);
  const page = i32[klass + CLASS.handPage] - 1;
  if (page < 0) return -1;
  const age = (i32[HEADER.evictionClock] - i32[pageRecord(p, page) + PAGE.sweptAt]) >>> 0;
  const itemCount = i32[klass + CLASS.itemCount];
  const meanBytes = itemCount === 0 ? 0 : i32[klass + CLASS.itemBytes] / itemCount;
  return age * Math.max(p.classes.chunkBytes[classId], meanBytes);
}

/** A page whose items fit into the free chunks of the class's other pages, or -1. */
function compactablePage(p: Partition, classId: number): number {
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
function pageVacate(p: Partition, page: number, nowMs: number, keepAll: boolean): boolean {
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
  pageNoteExpiry(p, to, itemExpiresAtMs(p, to));
  chunkGive(p, ref);
  return true;
}
