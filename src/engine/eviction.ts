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
 * **Between classes** pages move to where they are worth most: see page-move.ts. Since any page can go
 * to any class, a change of item sizes never starves the newcomers.
 *
 * Guard: the partition lock. One allocation makes at most TRIES_MAX rounds of SWEEP_VISITS_MAX chunks
 * and what page-move.ts allows itself.
 */
import { linkHead } from '../memory/chain.ts';
import {
  chunkKind,
  itemFrequency,
  itemFrequencyLower,
  itemHash,
  itemIsMain,
  itemPromote,
  KIND_FREE,
  KIND_LINK,
} from '../memory/item.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  PAGE,
  type Partition,
  pageOffset,
  pageRecord,
} from '../memory/partition.ts';
import { chunkClass, chunkTake, PAGES_RESERVED } from '../memory/slab.ts';
import { expirySweep } from './expiry.ts';
import { itemEvict, itemIsEvictable } from './forget.ts';
import { itemIsDead } from './lifecycle.ts';
import { compactablePage, pageSteal, pageVacate } from './page-move.ts';
import { itemReap } from './reaping.ts';

const SWEEP_VISITS_MAX = 2048;
const TRIES_MAX = 8;
/** Pages searched for dead items when nothing else may go. */
const REAP_PAGES_MAX = 8;
/** Main items may hold this share of a class, in tenths, before they have to pay. */
const MAIN_TENTHS_MAX = 9;

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
  for (let tries = 0; tries < TRIES_MAX; tries++) {
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

/**
 * An unused long item goes as soon as the hand of any class comes by one of its links, main or not: it
 * costs the place of many short ones. Sparing main items here took a tenth of the hits on a trace of
 * mixed sizes.
 */
function linkJudge(p: Partition, head: number): number {
  return itemFrequency(p, head) === 0 ? VERDICT_GOES : VERDICT_STAYS;
}
