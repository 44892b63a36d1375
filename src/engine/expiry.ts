/**
 * Expiry and flush. An item whose time has come is never served (`itemFind` sees to that); this is
 * the active side, which gives its memory back: a sweep over the pages, in slices, that reads only
 * pages where something is due.
 *
 * A flush (database.ts) does not walk at all; the sweep then collects what it left dead.
 *
 * Guard: the partition lock.
 */
import { CLASS_TOTAL, classCount, classCountAdd } from '../memory/class-totals.ts';
import { chunkKind, itemExpiresAtMs, itemHash, itemIsLinked, KIND_ITEM } from '../memory/item.ts';
import { pageExpiresAtMinMs, pageExpiresAtMinMsSet } from '../memory/page-times.ts';
import { HEADER, PAGE, type Partition, pageOffset, pageRecord } from '../memory/partition.ts';
import { itemIsAtHand } from './forget.ts';
import { itemIsDead, itemIsHeld } from './lifecycle.ts';
import { itemOwner } from './owner.ts';
import { itemReap } from './reaping.ts';

/**
 * Visits up to `pagesMax` pages that have something due, starting where the last call ended, and
 * frees what is dead. Returns how many items went.
 */
export function expirySweep(p: Partition, nowMs: number, pagesMax: number): number {
  const { i32 } = p;
  const pagesUsed = i32[HEADER.pageBump];
  let visited = 0;
  let reaped = 0;
  for (let step = 0; step < pagesUsed && visited < pagesMax; step++) {
    const page = i32[HEADER.expiryPage] % pagesUsed;
    i32[HEADER.expiryPage] = page + 1;
    const isDue = i32[pageRecord(p, page) + PAGE.classId] > 0 && pageIsDue(p, page, nowMs);
    if (i32[HEADER.flushSweepPages] > 0) i32[HEADER.flushSweepPages]--;
    if (!isDue) continue;
    visited++;
    reaped += pageReap(p, page, nowMs);
  }
  return reaped;
}

/**
 * Goes on sweeping until something has gone, as long as a flush has left pages that were not looked at: there
 * is memory for who needs it, and it may lie behind pages in which everything lives. Returns how many went.
 */
export function expirySeek(p: Partition, nowMs: number, pagesMax: number): number {
  for (;;) {
    const reaped = expirySweep(p, nowMs, pagesMax);
    if (reaped > 0 || p.i32[HEADER.flushSweepPages] <= 0) return reaped;
  }
}

/** Whether something in a page of a class may be dead. */
export function pageIsDue(p: Partition, page: number, nowMs: number): boolean {
  const earliest = pageExpiresAtMinMs(p, page);
  return p.i32[HEADER.flushSweepPages] > 0 || (earliest !== 0 && earliest <= nowMs);
}

/** Frees the dead items of a page of a class, and finds its new earliest expiry. Returns how many. */
export function pageReap(p: Partition, page: number, nowMs: number): number {
  const { i32 } = p;
  const record = pageRecord(p, page);
  const classId = i32[record + PAGE.classId];
  classCountAdd(p, classId, CLASS_TOTAL.reapVisits, i32[record + PAGE.usedCount]);
  const chunkBytes = p.classes.chunkBytes[classId];
  let earliest = 0;
  let reaped = 0;
  for (let chunk = 0; chunk < i32[record + PAGE.bumpCount]; chunk++) {
    const ref = (pageOffset(p, page) + chunk * chunkBytes) >>> 3;
    if (chunkKind(p, ref) !== KIND_ITEM || !itemIsLinked(p, ref)) continue;
    if (itemIsDead(p, ref, nowMs) && itemIsReapable(p, ref)) {
      itemReap(p, itemHash(p, ref), ref);
      classCount(p, classId, CLASS_TOTAL.reaped);
      reaped++;
      if (i32[record + PAGE.classId] !== classId) return reaped; // that was the page's last item
    } else {
      const expiresAtMs = itemExpiresAtMs(p, ref);
      if (expiresAtMs !== 0 && (earliest === 0 || expiresAtMs < earliest)) earliest = expiresAtMs;
    }
  }
  pageExpiresAtMinMsSet(p, page, earliest);
  return reaped;
}

/** Whether nobody works on the item, or on the collection that it is a member of. */
function itemIsReapable(p: Partition, ref: number): boolean {
  const owner = itemOwner(p, ref);
  return owner !== 0 && itemIsAtHand(p, owner) && !itemIsHeld(p, ref);
}
