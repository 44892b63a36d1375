/**
 * Sorted sets: members with scores, in the order of (score, name). A small one is packed
 * (zset-packed.ts), a long one large (zset-large.ts); once large it remains so. What is walked in order
 * is in zset-walk.ts.
 *
 * A command does what it has to, member by member, and then says `zsetSettle`, which makes the change
 * known and deletes a set that has become empty. Before that, an item may change its place: what
 * changes a set returns its ref.
 *
 * Guard: every function expects the lock of the key's partition, which is the caller's to take.
 */

import {
  collectionCount,
  collectionFlags,
  collectionFlagsSet,
  collectionForm,
  collectionRoot,
  FORM,
  LARGE_VALUE_BYTES,
} from '../../memory/collection.ts';
import { ITEM_TYPE, itemIsLinked, itemType } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE } from '../change-log.ts';
import { memberScore } from '../collection/counted-tree.ts';
import { rootDiscard } from '../collection/graveyard.ts';
import { OrderTarget } from '../collection/order-target.ts';
import {
  collectionCreate,
  itemChanged,
  PACKED_HEADER_BYTES,
  packedEnd,
  packedStart,
  valueSplice,
} from '../collection/packed.ts';
import { rootAttach } from '../collection/root.ts';
import { STRIP_NONE } from '../collection/strip.ts';
import { itemFree, itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { OTHER_TYPE } from '../status.ts';
import { itemFind, itemRead } from './string.ts';
import { ZsetEntry } from './zset-entry.ts';
import {
  largeAdd,
  largeAppend,
  largeCreate,
  largeFind,
  largeRank,
  largeRankOf,
  largeRemove,
  largeRemoveRange,
  largeScoreSet,
} from './zset-large.ts';
import {
  packedAdd,
  packedAddFits,
  packedAt,
  packedFind,
  packedRank,
  packedRemove,
  packedScoreSet,
  packedSeek,
  pairNext,
  pairScore,
  pairTake,
} from './zset-packed.ts';

/** Conditions of an add, a bit each. */
export const ADD = {
  NX: 1, // only if the member is not there
  XX: 2, // only if it is
  GT: 4, // if it is there, only to a higher score
  LT: 8, // … to a lower one
  INCR: 16, // the score is added to that of the member
} as const;

/** What became of an add. */
export const ADDED = {
  NOTHING: 0, // a condition does not hold
  NEW: 1,
  CHANGED: 2, // the member has another score
  SAME: 3, // it had this score already
  NAN: 4, // the sum is no number
  NO_MEMORY: 5, // nothing has changed
} as const;

/** Flags of a sorted set (memory/collection.ts): clients are told that it is a skip list. */
const FLAG_SKIPLIST = 1;

/** Up to what clients are told that a set is a listpack, whatever it is in truth: CONFIG SET. */
export const zsetEncoding = { entriesMax: 128, nameBytesMax: 64 };

/** The target of this thread, good within one operation. */
const target = new OrderTarget(Buffer.alloc(0));
/** A pair of a set that becomes large. */
const pair = new ZsetEntry(Buffer.alloc(0));

/** The live sorted set under op's key; 0: no such key; or OTHER_TYPE. */
export function zsetFind(p: Partition, op: Operation): number {
  const ref = itemFind(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.ZSET ? ref : OTHER_TYPE;
}

/** As zsetFind, and counts as a read. */
export function zsetRead(p: Partition, op: Operation): number {
  const ref = itemRead(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.ZSET ? ref : OTHER_TYPE;
}

export function zsetIsLarge(p: Partition, ref: number): boolean {
  return collectionForm(p, ref) === FORM.LARGE;
}

/** Whether clients are told that the set is a skip list. */
export function zsetIsSkiplist(p: Partition, ref: number): boolean {
  return (collectionFlags(p, ref) & FLAG_SKIPLIST) !== 0;
}

/** Takes the score of the entry's name. False: it is no member. */
export function zsetScore(p: Partition, ref: number, entry: ZsetEntry): boolean {
  if (zsetIsLarge(p, ref)) {
    const member = largeFind(p, collectionRoot(p, ref), entry);
    if (member === 0) return false;
    entry.score = memberScore(p, member);
  } else {
    const at = packedFind(p, ref, entry);
    if (at === STRIP_NONE) return false;
    entry.score = pairScore(p, at);
  }
  return true;
}

/** The rank of the entry's name, whose score this takes; -1: it is no member. */
export function zsetRank(p: Partition, ref: number, entry: ZsetEntry): number {
  if (zsetIsLarge(p, ref)) {
    const rootRef = collectionRoot(p, ref);
    const member = largeFind(p, rootRef, entry);
    if (member === 0) return -1;
    entry.score = memberScore(p, member);
    return largeRank(p, rootRef, member);
  }
  const at = packedFind(p, ref, entry);
  if (at === STRIP_NONE) return -1;
  entry.score = pairScore(p, at);
  return packedRank(p, ref, at);
}

/** How many members are before the target. */
export function zsetRankOf(p: Partition, ref: number, sought: OrderTarget): number {
  if (zsetIsLarge(p, ref)) return largeRankOf(p, collectionRoot(p, ref), sought);
  return packedRank(p, ref, packedSeek(p, ref, sought));
}

/**
 * Adds the entry, or gives its name the entry's score, or adds that to it; `entry.score` is then what
 * the member has. `entry.outcome` says what was done. Returns the set's ref: a new one if `ref` was 0,
 * and still 0 if nothing was added then.
 */
export function zsetAdd(
  p: Partition,
  op: Operation,
  ref: number,
  entry: ZsetEntry,
  conditions: number,
): number {
  if (ref === 0) {
    if (conditions & ADD.XX) {
      entry.outcome = ADDED.NOTHING;
      return 0;
    }
    entry.outcome = ADDED.NO_MEMORY;
    const created = collectionCreate(p, op, ITEM_TYPE.ZSET);
    return created === 0 ? 0 : memberNew(p, op, created, entry);
  }
  const rootRef = zsetIsLarge(p, ref) ? collectionRoot(p, ref) : 0;
  const found = rootRef === 0 ? packedFind(p, ref, entry) : largeFind(p, rootRef, entry);
  if (found <= 0) {
    entry.outcome = ADDED.NOTHING;
    return conditions & ADD.XX ? ref : memberNew(p, op, ref, entry);
  }
  const before = rootRef === 0 ? pairScore(p, found) : memberScore(p, found);
  const score = conditions & ADD.INCR ? before + entry.score : entry.score;
  entry.outcome = outcomeOf(before, score, conditions);
  if (entry.outcome !== ADDED.CHANGED) {
    entry.score = before;
    return ref;
  }
  entry.score = score;
  if (rootRef === 0) {
    packedScoreSet(p, ref, found, entry, target);
  } else {
    p.guardRef = ref;
    const isMoved = largeScoreSet(p, rootRef, found, entry, target, op.nowMs);
    p.guardRef = 0;
    if (!isMoved) entry.outcome = ADDED.NO_MEMORY;
  }
  return ref;
}

/** What becomes of a member whose score is to be another. */
function outcomeOf(before: number, score: number, conditions: number): number {
  if (conditions & ADD.NX) return ADDED.NOTHING;
  if (Number.isNaN(score)) return ADDED.NAN;
  if (conditions & ADD.GT && score <= before) return ADDED.NOTHING;
  if (conditions & ADD.LT && score >= before) return ADDED.NOTHING;
  return score === before ? ADDED.SAME : ADDED.CHANGED;
}

/** Adds an entry that is no member. */
function memberNew(p: Partition, op: Operation, ref: number, entry: ZsetEntry): number {
  const isPacked = !zsetIsLarge(p, ref);
  const isSkiplist =
    zsetIsSkiplist(p, ref) || isBeyondListpack(collectionCount(p, ref) + 1, entry.nameBytes);
  if (!isSkiplist) entry.score = listpackScore(entry.score);
  let to = ref;
  let isAdded = false;
  if (isPacked && packedAddFits(p, ref, entry.nameBytes)) {
    to = packedAdd(p, op, ref, entry, target);
    isAdded = to !== 0;
  } else {
    if (isPacked) {
      to = zsetEnlarge(p, op, ref);
      // Takes the entry's key in hand.
      if (to !== 0) largeFind(p, collectionRoot(p, to), entry);
    }
    p.guardRef = to;
    isAdded = to !== 0 && largeAdd(p, op, collectionRoot(p, to), entry, target);
    p.guardRef = 0;
  }
  entry.outcome = isAdded ? ADDED.NEW : ADDED.NO_MEMORY;
  if (isAdded) {
    if (isSkiplist) collectionFlagsSet(p, to, FLAG_SKIPLIST);
    return to;
  }
  const left = to === 0 ? ref : to;
  if (collectionCount(p, left) > 0) return left;
  if (itemIsLinked(p, left)) itemUnlink(p, op.key.hash, left, CHANGE.DELETE);
  else itemFree(p, left);
  return 0;
}

/** Whether clients are no longer told that a set of so many members is a listpack; it never is again. */
function isBeyondListpack(count: number, nameBytesMax: number): boolean {
  return count > zsetEncoding.entriesMax || nameBytesMax > zsetEncoding.nameBytesMax;
}

/** Listpacks keep integers as such, and so no minus before a zero. */
export function listpackScore(score: number): number {
  return score + 0;
}

/**
 * A set has come to so many members, or a command brings so many, of names up to this long, though they
 * may not all be new: clients are told what Redis then makes of the set. Returns whether that is a skip list.
 */
export function zsetEncodingExpect(
  p: Partition,
  ref: number,
  count: number,
  nameBytesMax: number,
): boolean {
  if (isBeyondListpack(count, nameBytesMax)) collectionFlagsSet(p, ref, FLAG_SKIPLIST);
  return zsetIsSkiplist(p, ref);
}

/** Makes a packed set large. Returns its ref, maybe another; 0 without memory: nothing has changed. */
function zsetEnlarge(p: Partition, op: Operation, ref: number): number {
  p.guardRef = ref;
  const rootRef = largeCreate(p, op.nowMs);
  const isBuilt = rootRef !== 0 && pairsAppend(p, op, ref, rootRef);
  p.guardRef = 0;
  if (!isBuilt) {
    if (rootRef !== 0) rootDiscard(p, rootRef);
    return 0;
  }
  const stripBytes = packedEnd(p, ref) - packedStart(p, ref);
  const linkBytes = LARGE_VALUE_BYTES - PACKED_HEADER_BYTES;
  const to = valueSplice(p, op.key.hash, ref, PACKED_HEADER_BYTES, stripBytes, linkBytes, op.nowMs);
  if (to === 0) rootDiscard(p, rootRef);
  else rootAttach(p, to, rootRef);
  return to;
}

function pairsAppend(p: Partition, op: Operation, ref: number, rootRef: number): boolean {
  const end = packedEnd(p, ref);
  for (let at = packedStart(p, ref); at < end; at = pairNext(p.u8, at)) {
    pairTake(p, at, pair);
    if (!largeAppend(p, op, rootRef, pair)) return false;
  }
  return true;
}

/** Removes the entry's name, if it is a member: `entry.outcome` says whether. Returns the set's ref. */
export function zsetRemove(p: Partition, op: Operation, ref: number, entry: ZsetEntry): number {
  if (zsetIsLarge(p, ref)) {
    const rootRef = collectionRoot(p, ref);
    const member = largeFind(p, rootRef, entry);
    entry.outcome = member === 0 ? ADDED.NOTHING : ADDED.CHANGED;
    if (member !== 0) largeRemove(p, rootRef, member);
    return ref;
  }
  const at = packedFind(p, ref, entry);
  entry.outcome = at === STRIP_NONE ? ADDED.NOTHING : ADDED.CHANGED;
  return at === STRIP_NONE ? ref : packedRemove(p, op, ref, at, 1);
}

/**
 * Removes `count` members, which are there, from the one of this rank on. Returns the set's ref; 0 if
 * these were all of them, and so the set is gone.
 */
export function zsetRemoveRange(
  p: Partition,
  op: Operation,
  ref: number,
  rank: number,
  count: number,
): number {
  if (count === collectionCount(p, ref)) {
    itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
    return 0;
  }
  if (!zsetIsLarge(p, ref)) return packedRemove(p, op, ref, packedAt(p, ref, rank), count);
  largeRemoveRange(p, collectionRoot(p, ref), rank, count);
  return ref;
}

/** Ends what a command did to a set: the change is known, and a set without members is gone. */
export function zsetSettle(p: Partition, op: Operation, ref: number, hasChanged: boolean): void {
  if (ref === 0 || !hasChanged) return;
  if (collectionCount(p, ref) === 0) itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
  else itemChanged(p, ref);
}
