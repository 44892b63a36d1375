/**
 * An item's life: linked into the index, changed, unlinked, freed. Every way in and out of the
 * keyspace passes here, and with it the counters and the change log.
 *
 * Guard: the partition lock.
 */
import { type Uint64, uint64Copy, uint64SetNumber } from '../base/uint64.ts';
import { chainFree, chainHolds, chainUnhold } from '../memory/chain.ts';
import { itemIsLarge } from '../memory/collection.ts';
import {
  CAS_HI_MAX,
  EXTRA_CAS,
  ITEM_TYPE,
  itemBytes,
  itemCas,
  itemCasIsGiven,
  itemCasSet,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemGivenCasTake,
  itemIsChained,
  itemIsLinked,
  itemIsMain,
  itemLinkedClear,
  itemLinkedSet,
  itemType,
} from '../memory/item.ts';
import { itemAccessBegin } from '../memory/item-access.ts';
import { pageNoteExpiry } from '../memory/page-times.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  HEADER_F64,
  type Partition,
  REMOVAL_SLOTS,
} from '../memory/partition.ts';
import { chunkClass, chunkGive } from '../memory/slab.ts';
import { CHANGE, changeNote, changeNoteGone, changeNoteNew } from './change-log.ts';
import { collectionDiscard } from './collection/graveyard.ts';
import { databaseCount, databaseCountExpiry, itemIsFlushed } from './database.ts';
import { indexInsert, indexRemove } from './hash-index.ts';
import type { Operation } from './operation.ts';

/**
 * Gives the item a new CAS unique, greater than any given out in this partition before. Returns it as
 * itemCasUnique does.
 */
export function itemCasRenew(p: Partition, ref: number): number {
  const { i32 } = p;
  const lo = (i32[HEADER.casLo] + 1) | 0;
  i32[HEADER.casLo] = lo;
  if (lo === 0) i32[HEADER.casHi] = (i32[HEADER.casHi] + 1) & CAS_HI_MAX;
  itemCasSet(p, ref, lo, i32[HEADER.casHi]);
  return itemCasUnique(p, ref);
}

/**
 * The item's CAS unique, as clients see it unless one was given: distinct over all partitions, below
 * 2^53.
 */
export function itemCasUnique(p: Partition, ref: number): number {
  return itemCas(p, ref) * p.stride + p.id + 1;
}

/** The item's CAS unique as clients see it. */
export function itemCasTake(p: Partition, ref: number, unique: Uint64): void {
  if (itemCasIsGiven(p, ref)) itemGivenCasTake(p, ref, unique);
  else uint64SetNumber(unique, itemCasUnique(p, ref));
}

/** The CAS unique of the item that the operation has just stored. */
export function casStoredTake(op: Operation, unique: Uint64): void {
  if (op.extras & EXTRA_CAS) uint64Copy(unique, op.casGiven);
  else uint64SetNumber(unique, op.casStored);
}

/** Why an item must no longer be seen. */
export const DEATH = { NONE: 0, EXPIRED: 1, FLUSHED: 2 } as const;
export type Death = (typeof DEATH)[keyof typeof DEATH];

/** Whether an item's time has come, or a flush came after it. */
export function itemDeath(p: Partition, ref: number, nowMs: number): Death {
  const expiresAtMs = itemExpiresAtMs(p, ref);
  if (expiresAtMs !== 0 && expiresAtMs <= nowMs) return DEATH.EXPIRED;
  return itemIsFlushed(p, ref) ? DEATH.FLUSHED : DEATH.NONE;
}

export function itemIsDead(p: Partition, ref: number, nowMs: number): boolean {
  return itemDeath(p, ref, nowMs) !== DEATH.NONE;
}

/** Makes a finished item reachable. False when the index has no room; the item is then unlinked. */
export function itemLink(p: Partition, hash: number, ref: number, nowSec: number): boolean {
  if (!indexInsert(p, hash, ref)) return false;
  itemAccessBegin(p, ref, nowSec);
  itemCasRenew(p, ref);
  itemLinkedSet(p, ref);
  itemCount(p, ref, 1);
  p.f64[HEADER_F64.itemTotal]++;
  pageNoteExpiry(p, ref, itemExpiresAtMs(p, ref));
  changeNoteNew(p, ref);
  changeNote(p, CHANGE.STORE, ref);
  return true;
}

/** As itemLink, for a MEMBER: where a key has its CAS unique it has its slot, and it is no change of a key. */
export function memberLink(p: Partition, hash: number, ref: number): boolean {
  if (!indexInsert(p, hash, ref)) return false;
  itemLinkedSet(p, ref);
  itemCount(p, ref, 1);
  pageNoteExpiry(p, ref, itemExpiresAtMs(p, ref));
  return true;
}

/** Takes an item out of the index, and frees it unless somebody holds it. */
export function itemUnlink(p: Partition, hash: number, ref: number, change: number): void {
  if (itemType(p, ref) !== ITEM_TYPE.MEMBER) {
    changeNote(p, change, ref);
    removalNote(p, hash, ref);
  }
  indexRemove(p, hash, ref);
  itemRetire(p, ref);
}

/**
 * Leaves the CAS unique of an item behind that leaves the index. So who saw a key missing can tell later, when it
 * is missing again, whether it was there in between: WATCH.
 */
function removalNote(p: Partition, hash: number, ref: number): void {
  const slot = HEADER_F64.removals + (hash & (REMOVAL_SLOTS - 1));
  const cas = itemCas(p, ref);
  if (cas > p.f64[slot]) p.f64[slot] = cas;
}

/**
 * The greatest CAS unique of an item of the key that was removed, or of another key of its slot; not in the
 * form that clients see. Compare with casLast.
 */
export function removalCas(p: Partition, hash: number): number {
  return p.f64[HEADER_F64.removals + (hash & (REMOVAL_SLOTS - 1))];
}

/** The CAS unique given out last, as itemCas has them. */
export function casLast(p: Partition): number {
  return p.i32[HEADER.casHi] * 4294967296 + (p.i32[HEADER.casLo] >>> 0);
}

/** Gives a linked item that has the expiry field another time, 0 for never. */
export function itemExpirySet(p: Partition, ref: number, expiresAtMs: number): void {
  databaseCountExpiry(p, ref, expiresAtMs);
  itemExpiresAtMsSet(p, ref, expiresAtMs);
  pageNoteExpiry(p, ref, expiresAtMs);
}

/** The second half of unlinking: for an item whose index entry is gone or points elsewhere. */
export function itemRetire(p: Partition, ref: number): void {
  if (itemType(p, ref) === ITEM_TYPE.STREAM) changeNoteGone(p, ref);
  itemCount(p, ref, -1);
  itemLinkedClear(p, ref);
  if (!itemIsHeld(p, ref)) itemFree(p, ref);
}

/** Adds the item to the counts of its class, its database and the partition, or takes it away. */
export function itemCount(p: Partition, ref: number, sign: 1 | -1): void {
  itemClassCount(p, ref, sign);
  if (itemType(p, ref) !== ITEM_TYPE.MEMBER) databaseCount(p, ref, sign);
}

/**
 * As itemCount, while the item is rewritten in place: to its database it stays a key. Of a member only the
 * bytes count: it is no item by itself.
 */
export function itemClassCount(p: Partition, ref: number, sign: 1 | -1): void {
  const klass = classRecord(chunkClass(p, ref));
  const bytes = itemBytes(p, ref) * sign;
  const type = itemType(p, ref);
  p.i32[klass + CLASS.itemBytes] += bytes;
  p.f64[HEADER_F64.itemBytes] += bytes;
  p.f64[HEADER_F64.typeItems + type] += sign;
  p.f64[HEADER_F64.typeBytes + type] += bytes;
  if (type === ITEM_TYPE.MEMBER) return;
  p.i32[klass + CLASS.itemCount] += sign;
  if (itemIsMain(p, ref)) p.i32[klass + CLASS.mainCount] += sign;
}

export function itemIsHeld(p: Partition, ref: number): boolean {
  return itemIsChained(p, ref) && chainHolds(p, ref) !== 0;
}

/** Frees the chunks of an item that is not in the index. A large collection goes to the graveyard. */
export function itemFree(p: Partition, ref: number): void {
  if (itemIsLarge(p, ref)) collectionDiscard(p, ref);
  if (itemIsChained(p, ref)) chainFree(p, ref);
  chunkGive(p, ref);
}

/** Lets go of a chained item; frees it when it was unlinked meanwhile and nobody else holds it. */
export function itemUnhold(p: Partition, ref: number): void {
  if (chainUnhold(p, ref) === 0 && !itemIsLinked(p, ref)) itemFree(p, ref);
}
