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
 * Items of one chunk move to another page of their class, and so do members of large collections, which
 * the roster and the tree find again. Nodes stay where they are, long values and elements as well: for
 * their page to be emptied, their key has to go.
 *
 * Guard: the partition lock. One call looks at no more than DONOR_TRIES_MAX × STEAL_TRIES_MAX pages, twice if
 * it must, and frees no more than VACATE_PARTS_MAX parts of collections for one of them.
 */
import { itemIsLarge } from '../memory/collection.ts';
import { EVENT } from '../memory/event-log.ts';
import {
  chunkKind,
  ITEM_TYPE,
  itemBytes,
  itemExpiresAtMs,
  itemFrequency,
  itemFrequencyLower,
  itemHash,
  itemIsChained,
  itemIsLinked,
  itemIsMain,
  itemPromote,
  itemType,
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
import { chunkGive, chunkTake, classFreeCount, pageSetAside, pageSetBack } from '../memory/slab.ts';
import { CLASS_OVERFLOW } from '../memory/slab-classes.ts';
import { graveyardWork } from './collection/graveyard-work.ts';
import { itemMoved } from './collection/member-life.ts';
import { eventIsWatched, eventPageMove } from './events.ts';
import { itemEvict, itemIsAtHand } from './forget.ts';
import { collectionAge, memberIsDead } from './hand.ts';
import { indexReplace } from './hash-index.ts';
import { itemIsDead } from './lifecycle.ts';
import { itemOwner } from './owner.ts';
import { policyAdmits } from './policy.ts';
import { itemReap } from './reaping.ts';

const STEAL_TRIES_MAX = 8;
const DONOR_TRIES_MAX = 4;
/** Pages in use that are passed over before one is taken all the same. */
const RENEWALS_MAX = 2;
/** A class gives a page only if its score is so many times that of the class in need. */
const STEAL_MARGIN = 2;
const SIZE_BYTES_MIN = 256;
/** Pages of a class that are looked at for one that can be packed. */
const PACK_TRIES_MAX = 4;
/** Parts of collections that are freed at once to empty a page. What is left follows later. */
const VACATE_PARTS_MAX = 4096;

/** How a page is emptied. */
export const VACATE = {
  PACK: 0, // all that lives moves
  SIFT: 1, // what is used moves or, if it may, goes; collections in use stay, and with them the page
  CLEAR: 2, // these go as well
} as const;
type Vacate = (typeof VACATE)[keyof typeof VACATE];

/**
 * Moves a page into the pool from the class whose memory is worth least. Unless `must`, only from one
 * that is worth clearly less than that of `classId`.
 */
export function pageSteal(p: Partition, classId: number, nowMs: number, must: boolean): boolean {
  if (!must) return p.i32[HEADER.pagesStay] === 0 && pageStealBy(p, classId, nowMs, null);
  return (
    pageStealBy(p, classId, nowMs, VACATE.SIFT) || pageStealBy(p, classId, nowMs, VACATE.CLEAR)
  );
}

/** `how` null: only from a class that is worth clearly less, and no page that is mostly in use. */
function pageStealBy(p: Partition, classId: number, nowMs: number, how: Vacate | null): boolean {
  const must = how !== null;
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
    if (classPageVacate(p, bestDonor, nowMs, how)) {
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
 * hand never moves, does not lose what it is read for. With `how` null it is all that is tried.
 */
export function classPageVacate(
  p: Partition,
  classId: number,
  nowMs: number,
  how: Vacate | null,
): boolean {
  const compactable = compactablePage(p, classId);
  if (compactable >= 0 && pageVacate(p, compactable, nowMs, VACATE.PACK)) return true;
  const klass = classRecord(classId);
  let page = p.i32[klass + CLASS.handPage] - 1;
  for (let tries = 0; tries < STEAL_TRIES_MAX && page >= 0; tries++) {
    const next = p.i32[pageRecord(p, page) + PAGE.ringNext] - 1;
    if ((how === null || tries < RENEWALS_MAX) && pageIsInUse(p, page)) {
      pageRenew(p, page);
      p.i32[klass + CLASS.handPage] = next + 1;
      p.i32[klass + CLASS.handChunk] = 0;
      if (how === null) return false;
    } else {
      if (pageVacate(p, page, nowMs, how ?? VACATE.SIFT)) return true;
      unusedCollectionEvict(p, page, nowMs);
    }
    page = next;
  }
  return false;
}

/**
 * A page may have to stay for the sake of one collection, and hold parts of another that nobody uses. That
 * one goes, so that the next who needs memory finds it in the graveyard.
 */
function unusedCollectionEvict(p: Partition, page: number, nowMs: number): void {
  let unused = 0;
  pageOwnersWalk(p, page, (owner, ref) => {
    if (owner === ref || !itemIsLarge(p, owner) || itemFrequency(p, owner) > 0) return;
    if (itemIsAtHand(p, owner) && policyAdmits(p, owner)) unused = owner;
  });
  if (unused !== 0) itemEvict(p, unused, nowMs);
}

/** Whether more than half of what is in the page was used since the hand came by. */
function pageIsInUse(p: Partition, page: number): boolean {
  let used = 0;
  let items = 0;
  pageOwnersWalk(p, page, (owner) => {
    items++;
    if (itemFrequency(p, owner) > 0) used++;
  });
  return used * 2 > items;
}

/** Does to a page what the hand would, but that nothing goes. */
function pageRenew(p: Partition, page: number): void {
  const record = pageRecord(p, page);
  const klass = classRecord(p.i32[record + PAGE.classId]);
  pageOwnersWalk(p, page, (owner, ref) => {
    if (itemFrequency(p, owner) === 0) return;
    if (owner !== ref) {
      collectionAge(p, klass, owner);
    } else if (itemIsMain(p, ref)) {
      itemFrequencyLower(p, ref);
    } else {
      itemPromote(p, ref);
      p.i32[klass + CLASS.mainCount]++;
    }
  });
  p.i32[record + PAGE.sweptAt] = p.i32[HEADER.evictionClock];
}

/** Visits what is in a page and can be reached, with the key that it belongs to; no links. */
function pageOwnersWalk(
  p: Partition,
  page: number,
  visit: (owner: number, ref: number) => void,
): void {
  const record = pageRecord(p, page);
  const chunkBytes = p.classes.chunkBytes[p.i32[record + PAGE.classId]];
  for (let chunk = 0; chunk < p.i32[record + PAGE.bumpCount]; chunk++) {
    const ref = (pageOffset(p, page) + chunk * chunkBytes) >>> 3;
    if (chunkKind(p, ref) === KIND_LINK) continue;
    const owner = itemOwner(p, ref);
    if (owner !== 0 && itemIsLinked(p, owner)) visit(owner, ref);
  }
}

/** How little a byte of the class is worth: the age its unused items reach, times their size. */
export function classScore(p: Partition, classId: number): number {
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
  let page = i32[classRecord(classId) + CLASS.partialHead] - 1;
  for (let tries = 0; tries < PACK_TRIES_MAX && page >= 0; tries++) {
    if (pageCanBeEmptied(p, page, VACATE.PACK)) return page;
    page = i32[pageRecord(p, page) + PAGE.partialNext] - 1;
  }
  return -1;
}

/**
 * Empties a page, so that it returns to the pool. Items worth keeping move to free chunks of their
 * class, the others are evicted. False if something in the page has to stay where it is; then, as far as
 * that could be told, nothing was done.
 */
export function pageVacate(p: Partition, page: number, nowMs: number, how: Vacate): boolean {
  const { i32 } = p;
  const record = pageRecord(p, page);
  const classId = i32[record + PAGE.classId];
  if (classId <= CLASS_OVERFLOW || !pageCanBeEmptied(p, page, how)) return false;
  const chunkBytes = p.classes.chunkBytes[classId];
  const chunkCount = i32[record + PAGE.bumpCount];
  const firstOffset = pageOffset(p, page);
  pageSetAside(p, page);
  let partsLeft = VACATE_PARTS_MAX;
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    // The last chunk to go hands the page to the pool and clears its class.
    if (i32[record + PAGE.classId] !== classId) break;
    const ref = (firstOffset + chunk * chunkBytes) >>> 3;
    if (chunkKind(p, ref) === KIND_FREE) continue;
    chunkVacate(p, classId, ref, nowMs, how);
    // A collection that went is freed from its end: this chunk as well, if that is not too far away.
    if (chunkKind(p, ref) !== KIND_FREE) partsLeft -= graveyardWork(p, partsLeft);
  }
  if (i32[record + PAGE.classId] === classId) {
    pageSetBack(p, page);
    return false;
  }
  p.f64[HEADER_F64.pageMoveTotal]++;
  return true;
}

/** Whether nothing in the page has to stay there, as far as that can be told. */
function pageCanBeEmptied(p: Partition, page: number, how: Vacate): boolean {
  const { i32 } = p;
  const record = pageRecord(p, page);
  const classId = i32[record + PAGE.classId];
  const chunkBytes = p.classes.chunkBytes[classId];
  const freeHere = p.classes.chunksPerPage[classId] - i32[record + PAGE.usedCount];
  let room = classFreeCount(p, classId) - freeHere;
  for (let chunk = 0; chunk < i32[record + PAGE.bumpCount]; chunk++) {
    const ref = (pageOffset(p, page) + chunk * chunkBytes) >>> 3;
    if (chunkKind(p, ref) === KIND_FREE) continue;
    const owner = itemOwner(p, ref);
    if (owner === 0 || !itemIsAtHand(p, owner)) return false;
    if (!ownerHasToStay(p, ref, owner, how)) continue;
    if (!chunkCanMove(p, ref) || room-- <= 0) return false;
  }
  return true;
}

/** Whether the key that a chunk belongs to is not to go for the sake of a page. */
function ownerHasToStay(p: Partition, ref: number, owner: number, how: Vacate): boolean {
  if (how === VACATE.PACK || !policyAdmits(p, owner)) return true;
  return (
    how === VACATE.SIFT && ref !== owner && itemIsLarge(p, owner) && itemFrequency(p, owner) > 0
  );
}

/** Whether the chunk is an item by itself, whose address nobody has but who is told of it. */
function chunkCanMove(p: Partition, ref: number): boolean {
  if (chunkKind(p, ref) !== KIND_ITEM || itemType(p, ref) === ITEM_TYPE.ELEMENT) return false;
  return !itemIsChained(p, ref);
}

function chunkVacate(p: Partition, classId: number, ref: number, nowMs: number, how: Vacate): void {
  const owner = itemOwner(p, ref);
  if (owner === 0 || !itemIsAtHand(p, owner)) return;
  if (itemIsDead(p, owner, nowMs)) {
    itemReap(p, itemHash(p, owner), owner);
    return;
  }
  if (memberIsDead(p, ref, nowMs)) {
    itemReap(p, itemHash(p, ref), ref);
    return;
  }
  const stays = ownerHasToStay(p, ref, owner, how);
  if (stays || itemFrequency(p, owner) > 0) {
    if (chunkCanMove(p, ref) && itemMove(p, classId, ref)) return;
  }
  if (!stays) itemEvict(p, owner, nowMs);
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
