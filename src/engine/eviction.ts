/**
 * Eviction: memory when the partition is full, and which slab class pays for it.
 *
 * What lies in the graveyard is freed first, since nobody wants that any more. **Within a class** the hand
 * tells what to forget: see hand.ts. **Between classes** pages move to where they are worth most: see
 * page-move.ts. Since any page can go to any class, a change of item sizes never starves the newcomers.
 *
 * Guard: the partition lock. One allocation makes at most TRIES_MAX rounds of what the hand, the graveyard
 * and page-move.ts allow themselves.
 */
import { CLASS_TOTAL, classCount } from '../memory/class-totals.ts';
import { CLASS, classRecord, HEADER, type Partition } from '../memory/partition.ts';
import { chunkTake, PAGES_RESERVED } from '../memory/slab.ts';
import { graveyardFirst } from './collection/graveyard.ts';
import { graveyardWork } from './collection/graveyard-work.ts';
import { expirySeek } from './expiry.ts';
import { classSweep } from './hand.ts';
import { compactablePage, pageSteal, pageVacate, VACATE } from './page-move.ts';
import { policyHasPrey, policyIsVolatile } from './policy.ts';

const TRIES_MAX = 8;
/** Of these, so many look in vain for pages of other classes, or in the class itself. */
const FAILURES_MAX = 2;
/** What goes from other classes where only what expires may. */
const VOLATILE_GOES_MAX = 16;
const VOLATILE_ITEMS = 16;
/** Pages with something due that are searched for dead items when nothing else may go. */
const REAP_PAGES_MAX = 8;
/** So often, as what went may have left no page empty. */
const REAP_GOES_MAX = 4096;
/**
 * Chunks of the graveyard that are freed in one go, and such goes for one try. Where collections have
 * come and gone all pages have a part in several, and much has to go before one is empty.
 */
const GRAVEYARD_CHUNKS = 64;
const GRAVEYARD_GOES_MAX = 1024;

/**
 * A chunk of the class, evicting if need be; 0 when nothing can be evicted or nothing may be. Guarded
 * items (guard.ts) are left alone.
 */
export function chunkObtain(p: Partition, classId: number, nowMs: number): number {
  const { i32 } = p;
  i32[HEADER.evictionClock] = (i32[HEADER.evictionClock] + 1) | 0;
  const ref = chunkTake(p, classId);
  if (ref !== 0) return ref;
  const freed = chunkObtainFreed(p, classId);
  if (freed !== 0) return freed;
  return policyHasPrey(p)
    ? chunkObtainSlow(p, classId, nowMs)
    : chunkObtainByCompaction(p, classId, nowMs);
}

/** From the graveyard. */
function chunkObtainFreed(p: Partition, classId: number): number {
  for (let go = 0; go < GRAVEYARD_GOES_MAX && graveyardFirst(p) !== 0; go++) {
    graveyardWork(p, GRAVEYARD_CHUNKS);
    const ref = chunkTake(p, classId);
    if (ref !== 0) return ref;
  }
  return 0;
}

function chunkObtainSlow(p: Partition, classId: number, nowMs: number): number {
  const klass = classRecord(classId);
  if (p.i32[HEADER.pageFreeCount] < PAGES_RESERVED) pageSteal(p, classId, nowMs, true);
  let stealFailures = 0;
  let sweepFailures = 0;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const atNewPage = p.i32[klass + CLASS.handTurned] !== 0 || p.i32[klass + CLASS.handChunk] === 0;
    const must = tries > 0 || p.i32[klass + CLASS.usedCount] === 0;
    if ((atNewPage || must) && stealFailures < FAILURES_MAX) {
      p.i32[klass + CLASS.handTurned] = 0;
      if (pageSteal(p, classId, nowMs, must)) {
        const stolen = chunkTake(p, classId);
        if (stolen !== 0) return stolen;
        continue;
      }
      if (must) stealFailures++;
    }
    if (sweepFailures < FAILURES_MAX) {
      if (!classSweep(p, classId, nowMs)) sweepFailures++;
      const swept = chunkTake(p, classId);
      if (swept !== 0) return swept;
    }
    // What went may have been a large collection.
    const freed = chunkObtainFreed(p, classId);
    if (freed !== 0) return freed;
  }
  if (policyIsVolatile(p)) {
    return chunkObtainScraped(p, classId, nowMs) || chunkObtainByCompaction(p, classId, nowMs);
  }
  classCount(p, classId, CLASS_TOTAL.outOfMemory);
  return 0;
}

/**
 * Where only what expires may go, there may be little of that, and none in this class or in a page of its
 * own: what goes from other classes makes room for the rest of a page to move.
 */
function chunkObtainScraped(p: Partition, classId: number, nowMs: number): number {
  for (let go = 0; go < VOLATILE_GOES_MAX; go++) {
    let items = 0;
    for (let donor = 1; donor < p.classes.count && items < VOLATILE_ITEMS; donor++) {
      while (items < VOLATILE_ITEMS && classSweep(p, donor, nowMs)) items++;
    }
    if (items === 0) return 0;
    const ref = chunkTake(p, classId) || chunkObtainFreed(p, classId);
    if (ref !== 0) return ref;
    if (pageSteal(p, classId, nowMs, true)) {
      const stolen = chunkTake(p, classId);
      if (stolen !== 0) return stolen;
    }
  }
  return 0;
}

/**
 * Nothing may be evicted, but what is dead can go before its sweep, and a class with many free chunks
 * can be packed into fewer pages.
 */
function chunkObtainByCompaction(p: Partition, classId: number, nowMs: number): number {
  for (let go = 0; go < REAP_GOES_MAX && expirySeek(p, nowMs, REAP_PAGES_MAX) > 0; go++) {
    const ref = chunkTake(p, classId) || chunkObtainFreed(p, classId);
    if (ref !== 0) return ref;
  }
  for (let donor = 1; donor < p.classes.count; donor++) {
    const page = donor === classId ? -1 : compactablePage(p, donor);
    if (page >= 0 && pageVacate(p, page, nowMs, VACATE.PACK)) {
      const ref = chunkTake(p, classId);
      if (ref !== 0) return ref;
    }
  }
  classCount(p, classId, CLASS_TOTAL.outOfMemory);
  return 0;
}
