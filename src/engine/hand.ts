/**
 * The hand: which item of a slab class goes next.
 *
 * It visits the chunks of the class's pages in turn. There are no lists: the order is that of the
 * addresses, and an item costs eviction no bytes beyond the few bits in its header. A new item is on
 * *probation*; if the hand finds it unused, it goes at once (most items of a cache are never asked for
 * again, and these leave after one round). One that was used is promoted to *main*, and main items pay
 * only while they hold more than nine tenths of the class: then each visit takes one use off, and one
 * without uses goes. A key that comes back soon after it was evicted from probation is recognised by its
 * fingerprint in the *ghost table* (forget.ts) and starts as a main item. These are the ideas of S3-FIFO
 * (Yang et al., SOSP '23), done by one clock hand instead of three queues.
 *
 * A chunk that is part of a long value or of a large collection stands for the key: the more chunks that
 * has, the more often a hand comes by. Policies that go by other things than use (policy.ts) have the same
 * hand judge otherwise.
 *
 * Guard: the partition lock.
 */
import { CLASS_TOTAL, classCount, classCountAdd } from '../memory/class-totals.ts';
import { collectionRoot, itemIsLarge } from '../memory/collection.ts';
import {
  chunkKind,
  ITEM_TYPE,
  itemExpiresAtMs,
  itemFrequency,
  itemFrequencyLower,
  itemHash,
  itemIsMain,
  itemPromote,
  itemType,
  KIND_FREE,
  KIND_ITEM,
} from '../memory/item.ts';
import { itemUses } from '../memory/item-access.ts';
import { rootSweptAt, rootSweptAtSet } from '../memory/node.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  PAGE,
  type Partition,
  pageOffset,
  pageRecord,
} from '../memory/partition.ts';
import { chunkClass } from '../memory/slab.ts';
import { itemEvict, itemIsAtHand } from './forget.ts';
import { itemIsDead, itemIsHeld } from './lifecycle.ts';
import { itemOwner } from './owner.ts';
import {
  policyAdmits,
  policyCompares,
  policyIsBlind,
  policyIsByTtl,
  policyPassesOver,
} from './policy.ts';
import { itemReap } from './reaping.ts';

const SWEEP_VISITS_MAX = 2048;
/** Main items may hold this share of a class, in tenths, before they have to pay. */
const MAIN_TENTHS_MAX = 9;
/** Of so many items that may go the one goes that expires first, or that is used least. */
const SAMPLES = 16;

const VERDICT = {
  STAYS: 0,
  GOES: 1,
  IS_DEAD: 2,
  PART_IS_DEAD: 3, // a member, but not its collection
} as const;

/** Advances the class's hand until an item goes. False when the class has none that may. */
export function classSweep(p: Partition, classId: number, nowMs: number): boolean {
  const { i32 } = p;
  const klass = classRecord(classId);
  const chunkBytes = p.classes.chunkBytes[classId];
  let page = i32[klass + CLASS.handPage] - 1;
  if (page < 0) return false;
  let chunk = i32[klass + CLASS.handChunk];
  let record = pageRecord(p, page);
  let fallback = 0;
  let samples = policyCompares(p) ? SAMPLES : SWEEP_VISITS_MAX;
  // A round and a page in which nothing was met that may go: there is nothing.
  let turns = i32[klass + CLASS.pageCount] + 1;
  for (let visits = 0; visits < SWEEP_VISITS_MAX && samples > 0; visits++) {
    if (chunk >= i32[record + PAGE.bumpCount] || policyPassesOver(p, page)) {
      if (turns-- === 0 && fallback === 0) break;
      i32[record + PAGE.sweptAt] = i32[HEADER.evictionClock];
      i32[klass + CLASS.handTurned] = 1;
      page = i32[record + PAGE.ringNext] - 1;
      record = pageRecord(p, page);
      chunk = 0;
      continue;
    }
    const ref = (pageOffset(p, page) + chunk * chunkBytes) >>> 3;
    chunk++;
    if (chunkKind(p, ref) === KIND_FREE) continue;
    const owner = itemOwner(p, ref);
    if (owner === 0 || !itemIsAtHand(p, owner)) continue;
    const verdict = chunkJudge(p, klass, ref, owner, nowMs);
    if (verdict === VERDICT.STAYS) {
      if (policyAdmits(p, owner)) {
        fallback = fallbackChoose(p, fallback, owner, nowMs);
        samples--;
      }
      continue;
    }
    // The page may go back to the pool with this item: leave the hand where it finds its way.
    i32[klass + CLASS.handPage] = page + 1;
    i32[klass + CLASS.handChunk] = chunk;
    classCountAdd(p, classId, CLASS_TOTAL.sweepVisits, visits);
    const item = verdict === VERDICT.PART_IS_DEAD ? ref : owner;
    if (verdict === VERDICT.GOES) itemEvict(p, item, nowMs);
    else itemReap(p, itemHash(p, item), item);
    return true;
  }
  i32[klass + CLASS.handPage] = page + 1;
  i32[klass + CLASS.handChunk] = chunk;
  if (fallback === 0) return false;
  itemEvict(p, fallback, nowMs);
  return true;
}

/** Which item goes if the hand finds no better: the last one that it met, what expires first, or is used least. */
function fallbackChoose(p: Partition, before: number, ref: number, nowMs: number): number {
  if (before === 0 || !policyCompares(p)) return ref;
  if (policyIsByTtl(p)) {
    return itemExpiresAtMs(p, ref) < itemExpiresAtMs(p, before) ? ref : before;
  }
  const nowSec = Math.floor(nowMs / 1000);
  return itemUses(p, ref, nowSec) < itemUses(p, before, nowSec) ? ref : before;
}

/** What the hand does to the chunk it comes by, which is the item `owner` or a part of it. */
function chunkJudge(
  p: Partition,
  klass: number,
  ref: number,
  owner: number,
  nowMs: number,
): number {
  if (itemIsDead(p, owner, nowMs)) return VERDICT.IS_DEAD;
  if (owner !== ref && memberIsDead(p, ref, nowMs)) return VERDICT.PART_IS_DEAD;
  if (!policyAdmits(p, owner) || policyCompares(p)) return VERDICT.STAYS;
  if (policyIsBlind(p)) return VERDICT.GOES;
  return owner === ref ? itemJudge(p, ref) : partJudge(p, klass, owner);
}

/** Whether a chunk is a field of a hash whose own time has come, and that nobody holds. */
export function memberIsDead(p: Partition, ref: number, nowMs: number): boolean {
  if (chunkKind(p, ref) !== KIND_ITEM || itemType(p, ref) !== ITEM_TYPE.MEMBER) return false;
  return itemIsDead(p, ref, nowMs) && !itemIsHeld(p, ref);
}

function itemJudge(p: Partition, ref: number): number {
  const { i32 } = p;
  const classId = chunkClass(p, ref);
  const klass = classRecord(classId);
  if (!itemIsMain(p, ref)) {
    if (itemFrequency(p, ref) === 0) return VERDICT.GOES;
    itemPromote(p, ref);
    i32[klass + CLASS.mainCount]++;
    classCount(p, classId, CLASS_TOTAL.promotions);
    return VERDICT.STAYS;
  }
  if (i32[klass + CLASS.mainCount] * 10 > i32[klass + CLASS.itemCount] * MAIN_TENTHS_MAX) {
    if (itemFrequency(p, ref) === 0) return VERDICT.GOES;
    itemFrequencyLower(p, ref);
  }
  classCount(p, classId, CLASS_TOTAL.renewals);
  return VERDICT.STAYS;
}

/**
 * An unused long item goes as soon as the hand of any class comes by one of its parts, main or not: it
 * costs the place of many short ones. Sparing main items here took a tenth of the hits on a trace of
 * mixed sizes.
 */
function partJudge(p: Partition, klass: number, owner: number): number {
  if (itemFrequency(p, owner) === 0) return VERDICT.GOES;
  if (itemIsLarge(p, owner)) collectionAge(p, klass, owner);
  return VERDICT.STAYS;
}

/**
 * Takes a use off a large collection, once in a round of the hand through the class, whichever of its
 * chunks it comes by. Where the item of its key lies the hand may never come. As many chunks obtained as
 * the class has in use are a round.
 */
export function collectionAge(p: Partition, klass: number, owner: number): void {
  const clock = p.i32[HEADER.evictionClock];
  const root = collectionRoot(p, owner);
  if ((clock - rootSweptAt(p, root)) >>> 0 < p.i32[klass + CLASS.usedCount]) return;
  rootSweptAtSet(p, root, clock);
  if (itemFrequency(p, owner) > 0) itemFrequencyLower(p, owner);
}
