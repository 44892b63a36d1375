/**
 * Items of collections: made, resized, changed. A packed collection grows and shrinks with every write,
 * and so moves from chunk to chunk: at once when it gets too long for its own, and down only when a
 * quarter of that is to spare, or a list at the border of two slab classes would move on every push and
 * pop.
 *
 * Guard: the partition lock.
 */
import { assert } from '../../base/assert.ts';
import {
  COLLECTION,
  collectionHeaderWrite,
  FORM,
  itemIsLarge,
  LARGE_VALUE_BYTES,
} from '../../memory/collection.ts';
import {
  EXTRA_EXPIRY,
  itemBytes,
  itemBytesFor,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemExtras,
  itemHeaderWrite,
  itemIsChained,
  itemIsLinked,
  itemKeyBytes,
  itemKeyWrite,
  itemPromote,
  itemValueBytes,
  itemValueBytesSet,
  itemValueOffset,
} from '../../memory/item.ts';
import { pageNoteExpiry } from '../../memory/page-times.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass, chunkGive, chunkTake } from '../../memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';
import { CHANGE, changeNote } from '../change-log.ts';
import { chunkObtain } from '../eviction.ts';
import { ghostTake } from '../forget.ts';
import { indexReplace } from '../hash-index.ts';
import { itemCasRenew, itemCount, itemFree, itemLink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { itemMoved } from './member-life.ts';

/** Bytes before the strip. */
export const PACKED_HEADER_BYTES = COLLECTION.body;
/** Bytes of a packed collection's value, header and strip. */
export const PACKED_BYTES_MAX = 2048;

/**
 * An empty packed collection under op's key, which has no item so far. It never expires. Returns its
 * ref, or 0 without memory. The caller fills it, or deletes it, before the lock is released. `valueBytes`
 * are LARGE_VALUE_BYTES if it is to be given a root at once.
 */
export function collectionCreate(
  p: Partition,
  op: Operation,
  type: number,
  valueBytes: number = PACKED_HEADER_BYTES,
): number {
  const ref = collectionMake(p, op, type, 0, valueBytes);
  if (ref === 0) return 0;
  if (ghostTake(p, op.key.hash)) itemPromote(p, ref);
  if (itemLink(p, op.key.hash, ref, op.nowSec)) return ref;
  itemFree(p, ref);
  return 0;
}

/**
 * As collectionCreate, but under no key yet, so op's key may have an item: for commands that build a
 * collection and then put it in another's place (itemSucceed). Freed by itemFree. `extras` may be
 * EXTRA_EXPIRY, for op's expiry time.
 */
export function collectionMake(
  p: Partition,
  op: Operation,
  type: number,
  extras = 0,
  valueBytes: number = PACKED_HEADER_BYTES,
): number {
  const { key } = op;
  const classId = p.classes.classFor(itemBytesFor(extras, key.bytes, valueBytes));
  const ref = chunkObtain(p, classId, op.nowMs);
  if (ref === 0) return 0;
  itemHeaderWrite(p, ref, type, extras, key.bytes, valueBytes);
  if (extras & EXTRA_EXPIRY) itemExpiresAtMsSet(p, ref, op.expiresAtMs);
  itemKeyWrite(p, ref, key);
  collectionHeaderWrite(p, itemValueOffset(p, ref), FORM.PACKED, 0, 0);
  return ref;
}

/** Where a packed collection's strip starts. */
export function packedStart(p: Partition, ref: number): number {
  return itemValueOffset(p, ref) + PACKED_HEADER_BYTES;
}

/** Where it ends. */
export function packedEnd(p: Partition, ref: number): number {
  return itemValueOffset(p, ref) + itemValueBytes(p, ref);
}

/** Whether the strip of a packed collection can grow by so many bytes. If not, it has to get large. */
export function packedGrowFits(p: Partition, ref: number, addedBytes: number): boolean {
  const valueBytes = itemValueBytes(p, ref) + addedBytes;
  return valueBytes <= packedBytesMax(itemExtras(p, ref), itemKeyBytes(p, ref));
}

/** Whether a collection under this key can have a strip of so many bytes. */
export function packedFits(extras: number, keyBytes: number, stripBytes: number): boolean {
  return stripBytes + PACKED_HEADER_BYTES <= packedBytesMax(extras, keyBytes);
}

/** With a long key, the chunk is the limit. There has to be room for an expiry time, to come later. */
function packedBytesMax(extras: number, keyBytes: number): number {
  const roomBytes = CHUNK_BYTES_MAX - itemBytesFor(extras | EXTRA_EXPIRY, keyBytes, 0);
  return Math.min(PACKED_BYTES_MAX, roomBytes);
}

/**
 * Puts `insertedBytes` in the place of the `removedBytes` at `position`, counted from the value's first
 * byte, of an item of one chunk. What the new bytes are is the caller's to write. Index, counts, the
 * page's expiry, a root and guards follow the item if it moves; its CAS unique stays, see itemChanged.
 *   hash      of the item's key
 *   returns   the item's ref, maybe another; 0 without memory: nothing has changed
 */
export function valueSplice(
  p: Partition,
  hash: number,
  ref: number,
  position: number,
  removedBytes: number,
  insertedBytes: number,
  nowMs: number,
): number {
  const grownBytes = insertedBytes - removedBytes;
  const bytes = itemBytes(p, ref) + grownBytes;
  const tailStart = position + removedBytes;
  assert(!itemIsChained(p, ref), 'an item that is spliced has one chunk');
  assert(bytes <= CHUNK_BYTES_MAX, 'a value grows within a chunk');
  assert(tailStart <= itemValueBytes(p, ref), 'what is removed is there');
  assert(position >= LARGE_VALUE_BYTES || !itemIsLarge(p, ref), 'a root is not cut out');
  const classId = chunkClass(p, ref);
  const target = classFitting(p, classId, bytes);
  let to = ref;
  if (target > classId) {
    to = chunkObtainGuarding(p, target, ref, nowMs);
    if (to === 0) return 0;
  } else if (target < classId) {
    // To save some bytes nothing is evicted: without a free chunk the item stays where it is.
    to = chunkTake(p, target) || ref;
  }
  const isLinked = itemIsLinked(p, ref);
  if (isLinked) itemCount(p, ref, -1);
  const value = itemValueOffset(p, ref);
  const valueBytes = itemValueBytes(p, ref);
  const moved = (to - ref) << 3;
  if (grownBytes !== 0 || moved !== 0) {
    const tail = value + tailStart;
    p.u8.copyWithin(tail + grownBytes + moved, tail, value + valueBytes);
  }
  if (to !== ref) p.u8.copyWithin(to << 3, ref << 3, value + position);
  itemValueBytesSet(p, to, valueBytes + grownBytes);
  if (isLinked) itemCount(p, to, 1);
  if (to !== ref) itemPlaceChange(p, hash, ref, to);
  return to;
}

/** The class for an item of `bytes` that is in `classId`: the same one, if it is not much too large. */
function classFitting(p: Partition, classId: number, bytes: number): number {
  const chunkBytes = p.classes.chunkBytes[classId];
  if (bytes <= chunkBytes && bytes * 4 > chunkBytes * 3) return classId;
  return p.classes.classFor(bytes);
}

function chunkObtainGuarding(p: Partition, classId: number, ref: number, nowMs: number): number {
  const guarded = p.guardRef;
  p.guardRef = ref;
  const chunk = chunkObtain(p, classId, nowMs);
  p.guardRef = guarded;
  return chunk;
}

/** All that knew an item at `ref` finds it at `to`, where its bytes are already. */
function itemPlaceChange(p: Partition, hash: number, ref: number, to: number): void {
  if (itemIsLinked(p, to)) indexReplace(p, hash, ref, to);
  itemMoved(p, ref, to);
  pageNoteExpiry(p, to, itemExpiresAtMs(p, to));
  chunkGive(p, ref);
}

/** Ends every change of a collection: its CAS unique is new, and the change is noted. */
export function itemChanged(p: Partition, ref: number): void {
  itemCasRenew(p, ref);
  changeNote(p, CHANGE.STORE, ref);
}
