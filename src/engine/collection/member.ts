/**
 * Members of large collections, as commands see them. A member is an item of its own, in the index of
 * members; its key is its name in the namespace of the root. Its value is that of a hash's field, a
 * sorted set's score, or nothing; its expiry time is a field's. Where a key has its CAS unique it has its
 * slot in the roster.
 *
 * What a member is to hold comes in the operation: value and expiresAtMs (0: never).
 *
 * Guard: the partition lock. Whatever takes memory may evict and move other items, so the collection's
 * item is guarded, or not there yet; and a value that lies in the partition lies in what is guarded.
 */
import { type Key, keyFillIn } from '../../base/key.ts';
import { bytesCopy } from '../../memory/bytes.ts';
import { chainInit } from '../../memory/chain.ts';
import {
  EXTRA_CHAIN,
  EXTRA_EXPIRY,
  ITEM_TYPE,
  itemBytes,
  itemBytesFor,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemExtras,
  itemHash,
  itemHeaderRewrite,
  itemHeaderWrite,
  itemKeyBytes,
  itemKeyOffset,
  itemKeyWrite,
  itemLinkedClear,
  itemLinkedSet,
  itemSlot,
  itemSlotSet,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import { rootBytesAdd, rootExpiringAdd } from '../../memory/node.ts';
import { pageNoteExpiry } from '../../memory/page-times.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass, chunkGive } from '../../memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';
import { chunkObtain } from '../eviction.ts';
import { indexFind, indexReplace } from '../hash-index.ts';
import { itemCount, itemFree, memberLink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { chainWrite } from '../types/chained.ts';
import { rosterRemove, rosterReplace } from './roster.ts';
import { rosterAdd } from './roster-growth.ts';

/** Takes a member's name in hand. */
export function memberKeyFill(
  key: Key,
  rootRef: number,
  source: Uint8Array,
  start: number,
  bytes: number,
): void {
  keyFillIn(key, rootRef, source, start, bytes);
}

/** The member whose key is in hand, or 0. Of a hash it may be one whose time has come. */
export function memberFind(p: Partition, key: Key): number {
  return indexFind(p, key);
}

/**
 * Adds a member that is not there yet, with op's value and expiry time. Returns its ref; 0 without memory,
 * and nothing has changed.
 */
export function memberAdd(p: Partition, op: Operation, rootRef: number, key: Key): number {
  const ref = memberMake(p, op, key);
  if (ref === 0) return 0;
  const slot = rosterAdd(p, rootRef, ref, op.nowMs);
  if (slot >= 0) {
    itemSlotSet(p, ref, slot);
    if (memberLink(p, key.hash, ref)) {
      rootBytesAdd(p, rootRef, itemBytes(p, ref));
      if (op.expiresAtMs !== 0) rootExpiringAdd(p, rootRef, 1);
      return ref;
    }
    rosterRemove(p, rootRef, slot);
  }
  itemFree(p, ref);
  return 0;
}

/**
 * Gives a member op's value and expiry time. Returns its ref, maybe another; 0 without memory, and the
 * member is as it was. The value must not lie in the member.
 */
export function memberStore(
  p: Partition,
  op: Operation,
  rootRef: number,
  ref: number,
  key: Key,
): number {
  const extras = memberExtras(op, key);
  const bytes = itemBytesFor(extras, key.bytes, op.valueBytes);
  const isShort = ((extras | itemExtras(p, ref)) & EXTRA_CHAIN) === 0;
  if (!isShort || p.classes.classFor(bytes) !== chunkClass(p, ref)) {
    const to = memberMake(p, op, key);
    if (to !== 0) memberSwap(p, rootRef, key.hash, ref, to);
    return to;
  }
  const before = itemBytes(p, ref);
  rootExpiringAdd(p, rootRef, expiringChange(itemExpiresAtMs(p, ref), op.expiresAtMs));
  itemCount(p, ref, -1);
  const keyMoves = itemExtras(p, ref) !== extras;
  itemHeaderRewrite(p, ref, extras, op.valueBytes);
  if (extras & EXTRA_EXPIRY) itemExpiresAtMsSet(p, ref, op.expiresAtMs);
  if (keyMoves) itemKeyWrite(p, ref, key);
  bytesCopy(op.value, op.valueStart, p.u8, itemValueOffset(p, ref), op.valueBytes);
  itemCount(p, ref, 1);
  pageNoteExpiry(p, ref, op.expiresAtMs);
  rootBytesAdd(p, rootRef, bytes - before);
  return ref;
}

/** Gives a member op's expiry time, and leaves its value. Returns as memberStore. */
export function memberExpirySet(p: Partition, op: Operation, rootRef: number, ref: number): number {
  const { expiresAtMs } = op;
  const change = expiringChange(itemExpiresAtMs(p, ref), expiresAtMs);
  let to = ref;
  if ((itemExtras(p, ref) & EXTRA_EXPIRY) === 0 && expiresAtMs !== 0) {
    to = memberWiden(p, op, rootRef, ref);
    if (to === 0) return 0;
  }
  rootExpiringAdd(p, rootRef, change);
  if ((itemExtras(p, to) & EXTRA_EXPIRY) === 0) return to;
  itemExpiresAtMsSet(p, to, expiresAtMs);
  pageNoteExpiry(p, to, expiresAtMs);
  return to;
}

/** How the number of expiring fields changes with one of them. */
function expiringChange(beforeMs: number, afterMs: number): number {
  return (afterMs === 0 ? 0 : 1) - (beforeMs === 0 ? 0 : 1);
}

/** Makes room for the expiry field, which is 0 then: within the chunk, or in another. */
function memberWiden(p: Partition, op: Operation, rootRef: number, ref: number): number {
  const extras = itemExtras(p, ref) | EXTRA_EXPIRY;
  const bytes = itemBytesFor(extras, itemKeyBytes(p, ref), itemValueBytes(p, ref));
  const classId = p.classes.classFor(bytes);
  let to = ref;
  if (classId !== chunkClass(p, ref)) {
    to = chunkObtain(p, classId, op.nowMs);
    if (to === 0) return 0;
  }
  // From the key on everything moves up, before the header says so.
  const keyAt = itemKeyOffset(p, ref) - (ref << 3);
  const before = itemBytes(p, ref);
  itemCount(p, ref, -1);
  p.u8.copyWithin((to << 3) + keyAt + 8, (ref << 3) + keyAt, (ref << 3) + before);
  if (to !== ref) p.u8.copyWithin(to << 3, ref << 3, (ref << 3) + keyAt);
  p.i32[to << 1] |= EXTRA_EXPIRY;
  itemExpiresAtMsSet(p, to, 0);
  itemCount(p, to, 1);
  rootBytesAdd(p, rootRef, bytes - before);
  if (to === ref) return ref;
  indexReplace(p, itemHash(p, to), ref, to);
  rosterReplace(p, rootRef, itemSlot(p, to), to);
  chunkGive(p, ref);
  return to;
}

/** Puts a finished, unlinked member in the place of another of the same name, and frees that one. */
function memberSwap(p: Partition, rootRef: number, hash: number, from: number, to: number): void {
  const expiresAtMs = itemExpiresAtMs(p, to);
  indexReplace(p, hash, from, to);
  itemSlotSet(p, to, itemSlot(p, from));
  rosterReplace(p, rootRef, itemSlot(p, from), to);
  rootExpiringAdd(p, rootRef, expiringChange(itemExpiresAtMs(p, from), expiresAtMs));
  rootBytesAdd(p, rootRef, itemBytes(p, to) - itemBytes(p, from));
  itemCount(p, from, -1);
  itemLinkedClear(p, from);
  itemFree(p, from);
  itemLinkedSet(p, to);
  itemCount(p, to, 1);
  pageNoteExpiry(p, to, expiresAtMs);
}

/** Which fields a member with op's value has. */
function memberExtras(op: Operation, key: Key): number {
  const extras = op.expiresAtMs !== 0 ? EXTRA_EXPIRY : 0;
  const fits = itemBytesFor(EXTRA_EXPIRY, key.bytes, op.valueBytes) <= CHUNK_BYTES_MAX;
  return fits ? extras : EXTRA_EXPIRY | EXTRA_CHAIN;
}

/** An unlinked member with op's value; 0 without memory. */
function memberMake(p: Partition, op: Operation, key: Key): number {
  const extras = memberExtras(op, key);
  const isChained = (extras & EXTRA_CHAIN) !== 0;
  const bytes = itemBytesFor(extras, key.bytes, op.valueBytes);
  const classId = isChained ? p.classes.largest : p.classes.classFor(bytes);
  const ref = chunkObtain(p, classId, op.nowMs);
  if (ref === 0) return 0;
  itemHeaderWrite(p, ref, ITEM_TYPE.MEMBER, extras, key.bytes, op.valueBytes);
  p.i32[(ref << 1) + 2] = 0;
  p.i32[(ref << 1) + 3] = 0;
  if (extras & EXTRA_EXPIRY) itemExpiresAtMsSet(p, ref, op.expiresAtMs);
  if (isChained) chainInit(p, ref);
  itemKeyWrite(p, ref, key);
  if (!isChained) {
    bytesCopy(op.value, op.valueStart, p.u8, itemValueOffset(p, ref), op.valueBytes);
  } else if (!chainWrite(p, ref, 0, op.value, op.valueStart, op.valueBytes, op.nowMs)) {
    itemFree(p, ref);
    return 0;
  }
  return ref;
}
