/**
 * Lists. A short one is a strip in its key's item; one that got larger is a tree of strips
 * (list-strip.ts), in which what is not at an end is found in O(log n). Elements are bytes, of any length.
 *
 *   item ── PACKED ──▶ │ entry │ entry │ …
 *        ── LARGE  ──▶ root ──▶ tree ──▶ strip │ strip │ long element │ strip │ …
 *
 * Whatever changes a list may move its item, and so returns a ref. What returns 0 for want of memory has
 * changed nothing, and the old ref is good. After the last change of a command its caller calls
 * `itemChanged`. A list never stays empty: with its last element its item is unlinked.
 *
 * Guard: the lock of the key's partition, which is the caller's to take. Cf. valkey-io/valkey src/t_list.c.
 */

import {
  collectionCount,
  collectionCountSet,
  collectionForm,
  collectionRoot,
  FORM,
} from '../../memory/collection.ts';
import {
  ITEM_TYPE,
  itemNoteInterest,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import { rootCount } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE } from '../change-log.ts';
import {
  PACKED_HEADER_BYTES,
  packedEnd,
  packedGrowFits,
  packedStart,
  valueSplice,
} from '../collection/packed.ts';
import {
  stripCount,
  stripEntryBytes,
  stripNext,
  stripSeek,
  stripWrite,
} from '../collection/strip.ts';
import { itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { OTHER_TYPE } from '../status.ts';
import { ListCursor, largeSeek, listNext } from './list-cursor.ts';
import { largeAttach, largeDiscard, largeMake, largeShrunk } from './list-form.ts';
import { largeEndSeek, largeInsert } from './list-large.ts';
import { largeDrop, largeRemove, stripTidy } from './list-shrink.ts';
import {
  STRIP_CONTENT_BYTES_MAX,
  stripNodeClose,
  stripNodeOpen,
  stripNodeRoom,
} from './list-strip.ts';
import { itemFind, itemRead } from './string.ts';

/** Where the operation under way works in a large list. */
const own = new ListCursor();

/**
 * The live list under op's key, to be changed; 0: no such key; or OTHER_TYPE. Eviction takes that for a
 * use: a queue is hardly ever read.
 */
export function listFind(p: Partition, op: Operation): number {
  const ref = itemFind(p, op);
  if (ref === 0) return 0;
  if (itemType(p, ref) !== ITEM_TYPE.LIST) return OTHER_TYPE;
  itemNoteInterest(p, ref, op.nowSec);
  return ref;
}

/** As listFind, and counts as a read. */
export function listRead(p: Partition, op: Operation): number {
  const ref = itemRead(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.LIST ? ref : OTHER_TYPE;
}

/** Puts op's value at an end of the list. Returns the item's ref; 0 without memory. */
export function listPush(p: Partition, op: Operation, ref: number, atHead: boolean): number {
  if (collectionForm(p, ref) === FORM.PACKED) {
    if (!packedGrowFits(p, ref, stripEntryBytes(op.valueBytes))) {
      return listEnlarge(p, op, ref, atHead ? 0 : collectionCount(p, ref), false);
    }
    return packedPut(p, op, ref, atHead ? PACKED_HEADER_BYTES : itemValueBytes(p, ref), 0);
  }
  const rootRef = collectionRoot(p, ref);
  largeEndSeek(p, rootRef, atHead, own);
  return largePut(p, op, ref, rootRef, own) ? ref : 0;
}

/**
 * Puts op's value before the element under the cursor, or behind it. Returns the item's ref; 0 without
 * memory. The cursor is nowhere afterwards.
 */
export function listInsert(
  p: Partition,
  op: Operation,
  ref: number,
  cursor: ListCursor,
  behind: boolean,
): number {
  if (collectionForm(p, ref) === FORM.PACKED) {
    const at = behind ? stripNext(p.u8, cursor.at) : cursor.at;
    if (!packedGrowFits(p, ref, stripEntryBytes(op.valueBytes))) {
      return listEnlarge(p, op, ref, stripCount(p.u8, packedStart(p, ref), at), false);
    }
    return packedPut(p, op, ref, at - itemValueOffset(p, ref), 0);
  }
  const rootRef = collectionRoot(p, ref);
  if (behind && !listNext(p, cursor)) largeEndSeek(p, rootRef, false, cursor);
  return largePut(p, op, ref, rootRef, cursor) ? ref : 0;
}

/**
 * Puts op's value in the place of the element under the cursor. Returns the item's ref; 0 without memory.
 * The cursor is nowhere afterwards.
 */
export function listSet(p: Partition, op: Operation, ref: number, cursor: ListCursor): number {
  if (collectionForm(p, ref) === FORM.PACKED) {
    const removedBytes = stripNext(p.u8, cursor.at) - cursor.at;
    if (!packedGrowFits(p, ref, stripEntryBytes(op.valueBytes) - removedBytes)) {
      return listEnlarge(p, op, ref, stripCount(p.u8, packedStart(p, ref), cursor.at), true);
    }
    return packedPut(p, op, ref, cursor.at - itemValueOffset(p, ref), removedBytes);
  }
  const rootRef = collectionRoot(p, ref);
  p.guardRef = ref;
  const isDone = largeReplace(p, op, rootRef, cursor);
  const to = isDone ? largeShrunk(p, op.key.hash, ref, op.nowMs) : 0;
  p.guardRef = 0;
  return to;
}

/**
 * Takes `count` elements out at an end, or all there are. Returns the item's ref; 0 if the list is gone.
 *   hash   of the item's key
 */
export function listDrop(
  p: Partition,
  hash: number,
  ref: number,
  atHead: boolean,
  count: number,
  nowMs: number,
): number {
  const length = collectionCount(p, ref);
  if (count >= length) {
    itemUnlink(p, hash, ref, CHANGE.DELETE);
    return 0;
  }
  if (count === 0) return ref;
  if (collectionForm(p, ref) === FORM.PACKED) {
    const start = packedStart(p, ref);
    const end = packedEnd(p, ref);
    const at = stripSeek(p.u8, start, end, length, atHead ? count : length - count);
    const from = atHead ? start : at;
    const removedBytes = atHead ? at - start : end - at;
    collectionCountSet(p, ref, length - count);
    return valueSplice(p, hash, ref, from - itemValueOffset(p, ref), removedBytes, 0, nowMs);
  }
  largeDrop(p, collectionRoot(p, ref), atHead, count);
  return largeSettle(p, hash, ref, nowMs);
}

/** After elements went out of a large list: maybe it can be packed. Returns the item's ref. */
export function largeSettle(p: Partition, hash: number, ref: number, nowMs: number): number {
  p.guardRef = ref;
  const to = largeShrunk(p, hash, ref, nowMs);
  p.guardRef = 0;
  return to;
}

/** Puts op's value as an entry into the place of `removedBytes`, those of one entry or none. */
function packedPut(
  p: Partition,
  op: Operation,
  ref: number,
  position: number,
  removedBytes: number,
): number {
  const bytes = stripEntryBytes(op.valueBytes);
  const to = valueSplice(p, op.key.hash, ref, position, removedBytes, bytes, op.nowMs);
  if (to === 0) return 0;
  stripWrite(p.u8, itemValueOffset(p, to) + position, op.value, op.valueStart, op.valueBytes);
  if (removedBytes === 0) collectionCountSet(p, to, collectionCount(p, to) + 1);
  return to;
}

/** Puts op's value where the cursor is in a large list. False: no memory. */
function largePut(
  p: Partition,
  op: Operation,
  ref: number,
  rootRef: number,
  cursor: ListCursor,
): boolean {
  p.guardRef = ref;
  const isDone = largeInsert(p, rootRef, cursor, op.value, op.valueStart, op.valueBytes, op.nowMs);
  p.guardRef = 0;
  return isDone;
}

/** Makes a packed list large, with op's value before the element at `index`, or in its place. */
function listEnlarge(
  p: Partition,
  op: Operation,
  ref: number,
  index: number,
  replaces: boolean,
): number {
  p.guardRef = ref;
  const rootRef = largeMake(p, ref, op.nowMs);
  let to = 0;
  if (rootRef !== 0) {
    if (index === rootCount(p, rootRef)) largeEndSeek(p, rootRef, false, own);
    else largeSeek(p, rootRef, index, own);
    const { value, valueStart, valueBytes, nowMs } = op;
    const isDone = replaces
      ? largeReplace(p, op, rootRef, own)
      : largeInsert(p, rootRef, own, value, valueStart, valueBytes, nowMs);
    if (isDone) to = largeAttach(p, op.key.hash, ref, rootRef, nowMs);
    else largeDiscard(p, rootRef);
  }
  p.guardRef = 0;
  return to;
}

/** Puts op's value in the place of the element under the cursor. False: no memory. */
function largeReplace(p: Partition, op: Operation, rootRef: number, cursor: ListCursor): boolean {
  const { value, valueStart, valueBytes, nowMs } = op;
  const { entry, at } = cursor;
  if (at !== 0 && valueBytes <= STRIP_CONTENT_BYTES_MAX) {
    const oldBytes = stripNext(p.u8, at) - at;
    const grownBytes = stripEntryBytes(valueBytes) - oldBytes;
    if (grownBytes <= stripNodeRoom(p, entry)) {
      let start = at;
      if (grownBytes > 0) {
        start = stripNodeOpen(p, entry, at + oldBytes, grownBytes) - oldBytes;
      } else if (grownBytes < 0) {
        start = stripNodeClose(p, entry, at, -grownBytes);
      }
      stripWrite(p.u8, start, value, valueStart, valueBytes);
      if (grownBytes < 0) stripTidy(p, rootRef, entry);
      return true;
    }
  }
  if (!largeInsert(p, rootRef, cursor, value, valueStart, valueBytes, nowMs)) return false;
  listNext(p, cursor);
  largeRemove(p, rootRef, cursor);
  return true;
}
