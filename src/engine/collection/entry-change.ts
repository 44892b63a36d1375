/**
 * Changing the entries of sets and hashes (entry.ts), and with them the form that the collection has: a
 * packed one gets large when it gets long, and a large one packed when there is little left of it.
 *
 * Entries keep their order through all of that. So a scan, which goes by slots, never misses one that is
 * there all the time (roster.ts), whatever forms its collection has between two steps.
 *
 * What changes a collection returns its ref, maybe another one, and says in `entry.outcome` what became
 * of it. A new value comes in the operation, as does the field's expiry time. op's key is the
 * collection's.
 *
 * Guard: the partition lock.
 */
import { KEY_BYTES_LIMIT } from '../../base/key.ts';
import {
  collectionCount,
  collectionCountSet,
  collectionFlags,
  collectionHeaderWrite,
  collectionRoot,
  FORM,
  itemIsLarge,
  LARGE_VALUE_BYTES,
} from '../../memory/collection.ts';
import {
  itemExtras,
  itemHash,
  itemIsLinked,
  itemKeyBytes,
  itemNameBytes,
  itemNameOffset,
  itemNoteInterest,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import { rootCount, rootExpiringCount } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE } from '../change-log.ts';
import { itemFree, itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import {
  collectionIsPacked,
  Entry,
  EntryWalk,
  entryStride,
  OUTCOME,
  walkNext,
  walkStart,
} from './entry.ts';
import { rootDiscard } from './graveyard.ts';
import { memberAdd, memberExpirySet, memberFind, memberKeyFill, memberStore } from './member.ts';
import { memberDrop } from './member-life.ts';
import {
  collectionCreate,
  itemChanged,
  PACKED_HEADER_BYTES,
  packedEnd,
  packedFits,
  packedGrowFits,
  packedStart,
  valueSplice,
} from './packed.ts';
import { rootAttach, rootCreate } from './root.ts';
import { rosterAt } from './roster.ts';
import { stripEntryBytes, stripNext, stripWrite } from './strip.ts';

/** Entries of a packed collection: more are found faster by hash. */
const PACKED_ENTRIES_MAX = 128;
/** A large collection with no more than these is packed again. */
const REPACKED_ENTRIES_MAX = 32;
const REPACKED_BYTES_MAX = 1024;

/** The entries of a collection that changes its form. */
const moved = new Entry(Buffer.alloc(0));
const walk = new EntryWalk();

/**
 * Adds an entry that entryFind has not found. `ref` 0: a collection of the type is created; it is deleted
 * again if that was in vain, and 0 is returned.
 */
export function entryAdd(
  p: Partition,
  op: Operation,
  ref: number,
  type: number,
  entry: Entry,
): number {
  if (entry.nameBytes > KEY_BYTES_LIMIT) {
    entry.outcome = OUTCOME.TOO_LONG;
    return ref;
  }
  let to = ref === 0 ? collectionCreate(p, op, type) : ref;
  entry.outcome = OUTCOME.NO_MEMORY;
  if (to === 0) return 0;
  if (collectionIsPacked(p, to)) {
    if (addFits(p, op, to, entry)) return packedAdd(p, op, to, entry);
    to = enlarged(p, op, to);
    if (collectionIsPacked(p, to)) return emptyDrop(p, op, to);
    entry.memberRef = 0;
  }
  const rootRef = collectionRoot(p, to);
  memberKeyFill(entry.key, rootRef, entry.name, entry.nameStart, entry.nameBytes);
  p.guardRef = to;
  const member =
    entry.memberRef === 0
      ? memberAdd(p, op, rootRef, entry.key)
      : memberStore(p, op, rootRef, entry.memberRef, entry.key);
  p.guardRef = 0;
  if (member === 0) return emptyDrop(p, op, to);
  entry.outcome = OUTCOME.ADDED;
  return to;
}

/** Whether a packed collection can have one more entry. */
function addFits(p: Partition, op: Operation, ref: number, entry: Entry): boolean {
  if (op.expiresAtMs !== 0 || collectionCount(p, ref) >= PACKED_ENTRIES_MAX) return false;
  return packedGrowFits(p, ref, addedBytes(p, op, ref, entry));
}

function addedBytes(p: Partition, op: Operation, ref: number, entry: Entry): number {
  const nameBytes = stripEntryBytes(entry.nameBytes);
  return entryStride(p, ref) === 1 ? nameBytes : nameBytes + stripEntryBytes(op.valueBytes);
}

function packedAdd(p: Partition, op: Operation, ref: number, entry: Entry): number {
  const position = itemValueBytes(p, ref);
  const bytes = addedBytes(p, op, ref, entry);
  const to = valueSplice(p, op.key.hash, ref, position, 0, bytes, op.nowMs);
  if (to === 0) return emptyDrop(p, op, ref);
  const at = itemValueOffset(p, to) + position;
  const next = stripWrite(p.u8, at, entry.name, entry.nameStart, entry.nameBytes);
  if (entryStride(p, to) === 2) stripWrite(p.u8, next, op.value, op.valueStart, op.valueBytes);
  collectionCountSet(p, to, collectionCount(p, to) + 1);
  entry.outcome = OUTCOME.ADDED;
  return to;
}

/** Gives an entry that entryFind has found op's value and expiry time. */
export function entryReplace(p: Partition, op: Operation, ref: number, entry: Entry): number {
  let to = ref;
  entry.outcome = OUTCOME.NO_MEMORY;
  if (collectionIsPacked(p, ref)) {
    const before = stripEntryBytes(entry.valueBytes);
    const bytes = stripEntryBytes(op.valueBytes);
    if (op.expiresAtMs === 0 && packedGrowFits(p, ref, bytes - before)) {
      return packedReplace(p, op, ref, entry, before, bytes);
    }
    to = enlarged(p, op, ref);
    if (collectionIsPacked(p, to)) return to;
    entry.memberRef = memberOf(p, to, entry);
  }
  const rootRef = collectionRoot(p, to);
  p.guardRef = to;
  const member = memberStore(p, op, rootRef, entry.memberRef, entry.key);
  p.guardRef = 0;
  if (member !== 0) entry.outcome = OUTCOME.CHANGED;
  return to;
}

function packedReplace(
  p: Partition,
  op: Operation,
  ref: number,
  entry: Entry,
  before: number,
  bytes: number,
): number {
  let to = ref;
  const value = itemValueOffset(p, ref);
  const position = stripNext(p.u8, entry.at) - value;
  if (before !== bytes) {
    to = valueSplice(p, op.key.hash, ref, position, before, bytes, op.nowMs);
    if (to === 0) return ref;
  }
  stripWrite(p.u8, itemValueOffset(p, to) + position, op.value, op.valueStart, op.valueBytes);
  entry.outcome = OUTCOME.CHANGED;
  return to;
}

/** Gives an entry that entryFind has found op's expiry time. */
export function entryExpire(p: Partition, op: Operation, ref: number, entry: Entry): number {
  let to = ref;
  entry.outcome = OUTCOME.CHANGED;
  if (collectionIsPacked(p, ref)) {
    if (op.expiresAtMs === 0) return ref;
    to = enlarged(p, op, ref);
    entry.outcome = OUTCOME.NO_MEMORY;
    if (collectionIsPacked(p, to)) return to;
    entry.memberRef = memberOf(p, to, entry);
  }
  p.guardRef = to;
  const member = memberExpirySet(p, op, collectionRoot(p, to), entry.memberRef);
  p.guardRef = 0;
  entry.outcome = member === 0 ? OUTCOME.NO_MEMORY : OUTCOME.CHANGED;
  return to;
}

/** The member with the entry's name, which is there. */
function memberOf(p: Partition, ref: number, entry: Entry): number {
  memberKeyFill(entry.key, collectionRoot(p, ref), entry.name, entry.nameStart, entry.nameBytes);
  return memberFind(p, entry.key);
}

/** Removes an entry that is in hand, by whatever way it was found, alive or dead. */
export function entryRemove(p: Partition, op: Operation, ref: number, entry: Entry): number {
  entry.outcome = OUTCOME.CHANGED;
  if (entry.memberRef !== 0) {
    memberDrop(p, collectionRoot(p, ref), entry.memberRef, itemHash(p, entry.memberRef));
    return ref;
  }
  let next = stripNext(p.u8, entry.at);
  if (entryStride(p, ref) === 2) next = stripNext(p.u8, next);
  const position = entry.at - itemValueOffset(p, ref);
  collectionCountSet(p, ref, collectionCount(p, ref) - 1);
  return valueSplice(p, op.key.hash, ref, position, next - entry.at, 0, op.nowMs);
}

/**
 * Ends what a command did to a collection: the change is known, one with few entries is packed, one
 * without any is gone. Returns the ref, or 0 if it is.
 */
export function entriesSettle(p: Partition, op: Operation, ref: number): number {
  if (collectionCount(p, ref) === 0) return emptyDrop(p, op, ref);
  const to = itemIsLarge(p, ref) ? repacked(p, op, ref) : ref;
  itemNoteInterest(p, to, op.nowSec);
  itemChanged(p, to);
  return to;
}

/** Deletes a collection if it is empty. */
function emptyDrop(p: Partition, op: Operation, ref: number): number {
  if (collectionCount(p, ref) > 0) return ref;
  if (itemIsLinked(p, ref)) itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
  else itemFree(p, ref);
  return 0;
}

// ── From one form to the other ──────────────────────────────────────────────────────────────────

/** The collection, large if there was memory for that. */
function enlarged(p: Partition, op: Operation, ref: number): number {
  p.guardRef = ref;
  const rootRef = rootCreate(p, op.nowMs);
  const isBuilt = rootRef !== 0 && membersBuild(p, op, ref, rootRef);
  p.guardRef = 0;
  if (isBuilt) {
    const strip = packedEnd(p, ref) - packedStart(p, ref);
    const added = LARGE_VALUE_BYTES - PACKED_HEADER_BYTES;
    const to = valueSplice(p, op.key.hash, ref, PACKED_HEADER_BYTES, strip, added, op.nowMs);
    if (to !== 0) {
      rootAttach(p, to, rootRef);
      return to;
    }
  }
  if (rootRef !== 0) rootDiscard(p, rootRef);
  return ref;
}

/** Makes members of all entries. What op had for the entry in hand it has afterwards. */
function membersBuild(p: Partition, op: Operation, ref: number, rootRef: number): boolean {
  const { value, valueStart, valueBytes, expiresAtMs } = op;
  let isBuilt = true;
  walkStart(p, ref, walk);
  while (isBuilt && walkNext(p, walk, moved, op.nowMs)) {
    op.value = p.u8;
    op.valueStart = moved.valueStart;
    op.valueBytes = moved.valueBytes;
    op.expiresAtMs = 0;
    memberKeyFill(moved.key, rootRef, moved.name, moved.nameStart, moved.nameBytes);
    isBuilt = memberAdd(p, op, rootRef, moved.key) !== 0;
  }
  op.value = value;
  op.valueStart = valueStart;
  op.valueBytes = valueBytes;
  op.expiresAtMs = expiresAtMs;
  return isBuilt;
}

/** The collection, packed if that pays and there was memory for it. */
function repacked(p: Partition, op: Operation, ref: number): number {
  const rootRef = collectionRoot(p, ref);
  const count = rootCount(p, rootRef);
  if (count > REPACKED_ENTRIES_MAX || rootExpiringCount(p, rootRef) > 0) return ref;
  const stride = entryStride(p, ref);
  let bytes = 0;
  for (let slot = 0; slot < count; slot++) {
    const member = rosterAt(p, rootRef, slot);
    bytes += stripEntryBytes(itemNameBytes(p, member));
    if (stride === 2) bytes += stripEntryBytes(itemValueBytes(p, member));
    if (bytes > REPACKED_BYTES_MAX) return ref;
  }
  if (!packedFits(itemExtras(p, ref), itemKeyBytes(p, ref), bytes)) return ref;
  const flags = collectionFlags(p, ref);
  const value = itemValueOffset(p, ref);
  const removed = LARGE_VALUE_BYTES - PACKED_HEADER_BYTES;
  // Before it moves: nobody may look for a root where entries are to come.
  collectionHeaderWrite(p, value, FORM.PACKED, flags, count);
  p.guardRef = ref;
  const to = valueSplice(p, op.key.hash, ref, PACKED_HEADER_BYTES, removed, bytes, op.nowMs);
  p.guardRef = 0;
  if (to === 0) {
    collectionHeaderWrite(p, value, FORM.LARGE, flags, 0);
    return ref;
  }
  let at = packedStart(p, to);
  for (let slot = 0; slot < count; slot++) {
    const member = rosterAt(p, rootRef, slot);
    at = stripWrite(p.u8, at, p.u8, itemNameOffset(p, member), itemNameBytes(p, member));
    if (stride === 1) continue;
    at = stripWrite(p.u8, at, p.u8, itemValueOffset(p, member), itemValueBytes(p, member));
  }
  rootDiscard(p, rootRef);
  return to;
}
