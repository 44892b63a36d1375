/**
 * Strings: the type behind every memcached item and RESP string. Reading, the six ways to store,
 * and touch. Values of one chunk are handled here; longer ones by chained.ts.
 *
 * Guard: every function expects the lock of the key's partition, which is the caller's to take.
 */
import { bytesCopy } from '../../memory/bytes.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import { EVENT } from '../../memory/event-log.ts';
import {
  EXTRA_CAS,
  EXTRA_CLIENT_FLAGS,
  EXTRA_EXPIRY,
  ITEM_TYPE,
  itemBytes,
  itemBytesFor,
  itemClientFlags,
  itemClientFlagsSet,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemExtras,
  itemFetchedSet,
  itemGivenCasSet,
  itemHeaderRewrite,
  itemHeaderWrite,
  itemIsChained,
  itemIsFetched,
  itemIsMain,
  itemIsPlain,
  itemKeyBytes,
  itemKeyOffset,
  itemKeyWrite,
  itemLinkedSet,
  itemMarks,
  itemNoteInterest,
  itemNoteUse,
  itemPromote,
  itemType,
  itemValueBytes,
  itemValueOffset,
  MARK_BINARY_KEY,
} from '../../memory/item.ts';
import { itemAccessedSecSet, itemAccessTake, itemUseCount } from '../../memory/item-access.ts';
import { pageNoteExpiry } from '../../memory/page-times.ts';
import { HEADER_F64, type Partition } from '../../memory/partition.ts';
import { chunkClass, chunkGive } from '../../memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';
import { CHANGE, changeNote } from '../change-log.ts';
import { itemMoved } from '../collection/member-life.ts';
import { databaseCountExpiry } from '../database.ts';
import { eventDelete, eventIsWatched, eventLookup, LOOKED_UP } from '../events.ts';
import { chunkObtain } from '../eviction.ts';
import { ghostTake } from '../forget.ts';
import { indexFind, indexReplace } from '../hash-index.ts';
import {
  DEATH,
  itemCasRenew,
  itemCasUnique,
  itemClassCount,
  itemCount,
  itemDeath,
  itemExpirySet,
  itemFree,
  itemIsHeld,
  itemLink,
  itemRetire,
  itemUnlink,
} from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { itemReap } from '../reaping.ts';
import { STATUS, type Status } from '../status.ts';
import { casAdmits, casHolds } from './cas.ts';

/** The ways to store, and the condition of each. */
export const STORE = {
  SET: 0, // always
  ADD: 1, // if the key is missing
  REPLACE: 2, // if it is there
  APPEND: 3, // if it is there: behind its value
  PREPEND: 4, // if it is there: before its value
  CAS: 5, // as SET, but only if it is there: for stores that demand a CAS unique
  PUT: 6, // as SET, but that without memory the old value stays: what RESP clients expect
} as const;

const SPACE = 0x20;

export type StoreMode = (typeof STORE)[keyof typeof STORE];

/** The live item of the key, or 0. An item found dead is freed on the way. */
export function itemFind(p: Partition, op: Operation): number {
  const ref = itemSeek(p, op);
  if (eventIsWatched(p.log, EVENT.LOOKUP)) lookupTell(p, op, ref);
  return ref;
}

/** Tells watchers of a lookup that `itemSeek` made. */
export function lookupTell(p: Partition, op: Operation, ref: number): void {
  let outcome: number = ref === 0 ? LOOKED_UP.MISSING : LOOKED_UP.FOUND;
  if (ref === 0 && op.deathFound === DEATH.EXPIRED) outcome = LOOKED_UP.EXPIRED;
  if (ref === 0 && op.deathFound === DEATH.FLUSHED) outcome = LOOKED_UP.FLUSHED;
  eventLookup(p, op.key, ref, outcome);
}

/** As itemFind, for one lookup of several that one command makes: watchers do not hear of it. */
export function itemSeek(p: Partition, op: Operation): number {
  const ref = indexFind(p, op.key);
  op.deathFound = ref === 0 ? DEATH.NONE : itemDeath(p, ref, op.nowMs);
  if (ref !== 0 && op.deathFound === DEATH.NONE) {
    op.found = (op.found + 1) | 0;
    return ref;
  }
  op.missed = (op.missed + 1) | 0;
  if (ref !== 0 && !op.sparesDead) itemReap(p, op.key.hash, ref);
  return 0;
}

/** An item's slab class, told by its size: that spares a look at the page table. */
export function itemClass(p: Partition, ref: number): number {
  return itemIsChained(p, ref) ? p.classes.largest : p.classes.classFor(itemBytes(p, ref));
}

/** As itemFind, and counts as a read: eviction and statistics see it. */
export function itemRead(p: Partition, op: Operation): number {
  const ref = itemFind(p, op);
  if (ref !== 0) {
    if (!op.isTraceless) itemNoteUse(p, ref, op.nowSec);
    classCount(p, itemClass(p, ref), CLASS_TOTAL.getHits);
  }
  return ref;
}

/** Removes the key. */
export function itemDelete(p: Partition, op: Operation): Status {
  const ref = itemFind(p, op);
  if (ref === 0) return STATUS.MISSING;
  if (op.demandsCas && !casHolds(p, op, ref)) return STATUS.EXISTS;
  classCount(p, chunkClass(p, ref), CLASS_TOTAL.deleteHits);
  if (eventIsWatched(p.log, EVENT.DELETE)) eventDelete(p, ref);
  itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
  return STATUS.OK;
}

/** Whether a store of this mode may go on, given the live item (0 = none). */
export function storeCondition(p: Partition, op: Operation, mode: StoreMode, old: number): Status {
  if (old === 0) {
    if (mode === STORE.SET || mode === STORE.ADD || mode === STORE.PUT) return STATUS.OK;
    if (op.createsMissing && modeJoins(mode)) return STATUS.OK;
    return mode === STORE.CAS ? STATUS.MISSING : STATUS.NOT_STORED;
  }
  if (mode === STORE.ADD) {
    itemNoteInterest(p, old, op.nowSec);
    return STATUS.NOT_STORED;
  }
  if (op.demandsCas && !casAdmits(p, op, old, mode === STORE.CAS)) return STATUS.EXISTS;
  if (modeJoins(mode) && itemType(p, old) !== ITEM_TYPE.STRING) return STATUS.WRONG_TYPE;
  return STATUS.OK;
}

export function modeJoins(mode: StoreMode): boolean {
  return mode === STORE.APPEND || mode === STORE.PREPEND;
}

/**
 * Stores op's value under op's key, if it fits one chunk (`storeFitsChunk`); chained.ts stores others.
 * On NO_MEMORY a SET leaves no value behind: the old one would be stale.
 */
export function stringStore(p: Partition, op: Operation, mode: StoreMode): Status {
  const old = itemFind(p, op);
  const condition = storeCondition(p, op, mode, old);
  if (condition !== STATUS.OK) return condition;
  if (modeJoins(mode) && old !== 0) {
    return stringConcatenate(p, op, old, mode === STORE.APPEND);
  }
  const extras =
    op.extras |
    (op.clientFlags !== 0 ? EXTRA_CLIENT_FLAGS : 0) |
    (op.expiresAtMs !== 0 ? EXTRA_EXPIRY : 0);
  const classId = p.classes.classFor(itemBytesFor(extras, op.key.bytes, op.valueBytes));
  classCount(p, classId, CLASS_TOTAL.setCount);
  if (old !== 0) itemUseCount(p, old, op.nowSec);
  if (old !== 0 && itemIsPlain(p, old) && chunkClass(p, old) === classId) {
    stringOverwrite(p, op, old, extras);
    return STATUS.OK;
  }
  p.guardRef = old;
  const ref = chunkObtain(p, classId, op.nowMs);
  p.guardRef = 0;
  if (ref === 0) {
    if (old !== 0 && mode === STORE.SET) itemUnlink(p, op.key.hash, old, CHANGE.DELETE);
    return STATUS.NO_MEMORY;
  }
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, op.key.bytes, op.valueBytes);
  fieldsWrite(p, op, ref, extras);
  itemKeyWrite(p, ref, op.key);
  if (extras & EXTRA_CAS) itemGivenCasSet(p, ref, op.casGiven);
  bytesCopy(op.value, op.valueStart, p.u8, itemValueOffset(p, ref), op.valueBytes);
  return itemSucceed(p, op, old, ref);
}

/** Whether the key with a value of op's size fits one chunk. */
export function storeFitsChunk(op: Operation): boolean {
  const extrasMax = EXTRA_CLIENT_FLAGS | EXTRA_EXPIRY | op.extras;
  return itemBytesFor(extrasMax, op.key.bytes, op.valueBytes) <= CHUNK_BYTES_MAX;
}

/** Whether the value of `old` and op's fit one chunk together. */
export function concatenationFitsChunk(p: Partition, op: Operation, old: number): boolean {
  const valueBytes = itemValueBytes(p, old) + op.valueBytes;
  const extrasMax = EXTRA_CLIENT_FLAGS | EXTRA_EXPIRY | op.extras;
  return (
    !itemIsChained(p, old) && itemBytesFor(extrasMax, op.key.bytes, valueBytes) <= CHUNK_BYTES_MAX
  );
}

/** Puts a finished, unlinked item in the place of `old` (0 = none). Frees it if that fails. */
export function itemSucceed(p: Partition, op: Operation, old: number, ref: number): Status {
  if (old === 0) {
    if (ghostTake(p, op.key.hash)) itemPromote(p, ref);
    if (itemLink(p, op.key.hash, ref, op.nowSec)) {
      op.casStored = itemCasUnique(p, ref);
      return STATUS.OK;
    }
    if (!itemIsHeld(p, ref)) itemFree(p, ref);
    return STATUS.NO_MEMORY;
  }
  // A value that replaces another keeps the key's standing with eviction.
  if (itemIsMain(p, old)) itemPromote(p, ref);
  indexReplace(p, op.key.hash, old, ref);
  itemAccessTake(p, ref, old, op.nowSec);
  itemRetire(p, old);
  op.casStored = itemCasRenew(p, ref);
  itemLinkedSet(p, ref);
  itemCount(p, ref, 1);
  p.f64[HEADER_F64.itemTotal]++;
  pageNoteExpiry(p, ref, itemExpiresAtMs(p, ref));
  changeNote(p, CHANGE.STORE, ref);
  return STATUS.OK;
}

/** Rewrites a linked item whose chunk class stays the same. */
function stringOverwrite(p: Partition, op: Operation, ref: number, extras: number): void {
  databaseCountExpiry(p, ref, op.expiresAtMs);
  itemClassCount(p, ref, -1);
  // A given CAS lies behind the key, and a longer value would run over it: it is written anew.
  const keyMoves = itemExtras(p, ref) !== extras;
  itemHeaderRewrite(p, ref, extras, op.valueBytes);
  fieldsWrite(p, op, ref, extras);
  if (keyMoves) itemKeyWrite(p, ref, op.key);
  if (extras & EXTRA_CAS) itemGivenCasSet(p, ref, op.casGiven);
  bytesCopy(op.value, op.valueStart, p.u8, itemValueOffset(p, ref), op.valueBytes);
  itemAccessedSecSet(p, ref, op.nowSec);
  op.casStored = itemCasRenew(p, ref);
  itemClassCount(p, ref, 1);
  p.f64[HEADER_F64.itemTotal]++;
  if (extras & EXTRA_EXPIRY) pageNoteExpiry(p, ref, op.expiresAtMs);
  changeNote(p, CHANGE.STORE, ref);
}

/** Fills the optional fields that `extras` names, from the operation. */
export function fieldsWrite(p: Partition, op: Operation, ref: number, extras: number): void {
  if (extras & EXTRA_EXPIRY) itemExpiresAtMsSet(p, ref, op.expiresAtMs);
  if (extras & EXTRA_CLIENT_FLAGS) itemClientFlagsSet(p, ref, op.clientFlags);
}

/**
 * Append or prepend where old and new fit one chunk together; keeps flags, expiry and how the key is
 * shown. What was stale is fresh again.
 */
function stringConcatenate(p: Partition, op: Operation, old: number, behind: boolean): Status {
  const extras = extrasJoined(p, op, old);
  const oldBytes = itemValueBytes(p, old);
  const valueBytes = oldBytes + op.valueBytes;
  if (itemBytesFor(0, op.key.bytes, valueBytes) > op.itemBytesMax) return STATUS.TOO_LARGE;
  const classId = p.classes.classFor(itemBytesFor(extras, op.key.bytes, valueBytes));
  classCount(p, classId, CLASS_TOTAL.setCount);
  p.guardRef = old;
  const ref = chunkObtain(p, classId, op.nowMs);
  p.guardRef = 0;
  if (ref === 0) return STATUS.NO_MEMORY;
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, op.key.bytes, valueBytes);
  fieldsCopy(p, ref, old, extras);
  itemKeyWrite(p, ref, op.key);
  if (extras & EXTRA_CAS) itemGivenCasSet(p, ref, op.casGiven);
  op.joinedBytes = valueBytes;
  const start = itemValueOffset(p, ref);
  const oldStart = behind ? start : start + op.valueBytes;
  bytesCopy(p.u8, itemValueOffset(p, old), p.u8, oldStart, oldBytes);
  bytesCopy(op.value, op.valueStart, p.u8, behind ? start + oldBytes : start, op.valueBytes);
  return itemSucceed(p, op, old, ref);
}

/** The fields of an item that takes over from `old` with another CAS unique, and its binary key. */
export function extrasJoined(p: Partition, op: Operation, old: number): number {
  return (
    (itemExtras(p, old) & ~EXTRA_CAS) |
    (itemMarks(p, old) & MARK_BINARY_KEY) |
    (op.extras & EXTRA_CAS)
  );
}

/**
 * Gives a live item of one chunk another value: the first `sourceBytes` of `source`, padded with
 * spaces to `valueBytes`, or to what one chunk holds. Key, flags, expiry and marks stay; the CAS
 * unique is new.
 */
export function valueReplace(
  p: Partition,
  op: Operation,
  old: number,
  source: Buffer,
  sourceBytes: number,
  paddedBytes: number,
): Status {
  const extras = extrasJoined(p, op, old) | itemMarks(p, old);
  const room = CHUNK_BYTES_MAX - itemBytesFor(extras | EXTRA_EXPIRY, op.key.bytes, 0);
  const valueBytes = Math.min(paddedBytes, room);
  const wasFetched = itemIsFetched(p, old);
  const classId = p.classes.classFor(itemBytesFor(extras, op.key.bytes, valueBytes));
  let ref = old;
  if (classId === chunkClass(p, old)) {
    itemCount(p, old, -1);
    itemHeaderRewrite(p, old, extras, valueBytes);
  } else {
    p.guardRef = old;
    ref = chunkObtain(p, classId, op.nowMs);
    p.guardRef = 0;
    if (ref === 0) return STATUS.NO_MEMORY;
    itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, op.key.bytes, valueBytes);
    fieldsCopy(p, ref, old, extras);
    itemKeyWrite(p, ref, op.key);
  }
  if (wasFetched) itemFetchedSet(p, ref);
  if (extras & EXTRA_CAS) itemGivenCasSet(p, ref, op.casGiven);
  const start = itemValueOffset(p, ref);
  bytesCopy(source, 0, p.u8, start, sourceBytes);
  for (let at = sourceBytes; at < valueBytes; at++) p.u8[start + at] = SPACE;
  if (ref !== old) return itemSucceed(p, op, old, ref);
  itemAccessedSecSet(p, old, op.nowSec);
  op.casStored = itemCasRenew(p, old);
  itemCount(p, old, 1);
  changeNote(p, CHANGE.STORE, old);
  return STATUS.OK;
}

/** Gives `ref` the optional fields of `from` that `extras` names. */
export function fieldsCopy(p: Partition, ref: number, from: number, extras: number): void {
  if (extras & EXTRA_EXPIRY) itemExpiresAtMsSet(p, ref, itemExpiresAtMs(p, from));
  if (extras & EXTRA_CLIENT_FLAGS) itemClientFlagsSet(p, ref, itemClientFlags(p, from));
}

/**
 * Gives a live item another expiry time. Its CAS unique stays. Returns its ref, which may be new: an
 * item that never expired so far needs room for the time. 0 without memory for it: nothing changed.
 */
export function itemTouch(p: Partition, op: Operation, ref: number): number {
  let touched = ref;
  if ((itemExtras(p, ref) & EXTRA_EXPIRY) === 0 && op.expiresAtMs !== 0) {
    touched = itemWiden(p, op, ref);
    if (touched === 0) return 0;
  }
  if (itemExtras(p, touched) & EXTRA_EXPIRY) {
    itemExpirySet(p, touched, op.expiresAtMs);
  }
  itemAccessedSecSet(p, touched, op.nowSec);
  itemUseCount(p, touched, op.nowSec);
  changeNote(p, CHANGE.TOUCH, touched);
  return touched;
}

/** Makes room for the expiry field: within the chunk if it has the bytes, else in another. */
function itemWiden(p: Partition, op: Operation, ref: number): number {
  const extras = itemExtras(p, ref) | EXTRA_EXPIRY;
  const keyBytes = itemKeyBytes(p, ref);
  const valueBytes = itemValueBytes(p, ref);
  const clientFlags = itemClientFlags(p, ref);
  const from = itemKeyOffset(p, ref);
  const classId = p.classes.classFor(itemBytesFor(extras, keyBytes, valueBytes));
  let to = ref;
  if (classId !== chunkClass(p, ref)) {
    p.guardRef = ref;
    to = chunkObtain(p, classId, op.nowMs);
    p.guardRef = 0;
    if (to === 0) return 0;
  }
  itemCount(p, ref, -1);
  // The header's words, then the longer extras, then the rest, from the key on, at its new place.
  const restBytes = itemBytes(p, ref) - (from - (ref << 3));
  if (to !== ref) p.u8.copyWithin(to << 3, ref << 3, (ref << 3) + 16);
  const word = to << 1;
  p.i32[word] = p.i32[word] | EXTRA_EXPIRY;
  p.u8.copyWithin(itemKeyOffset(p, to), from, from + restBytes);
  if (extras & EXTRA_CLIENT_FLAGS) itemClientFlagsSet(p, to, clientFlags);
  itemCount(p, to, 1);
  if (to !== ref) {
    indexReplace(p, op.key.hash, ref, to);
    itemMoved(p, ref, to);
    chunkGive(p, ref);
  }
  return to;
}
