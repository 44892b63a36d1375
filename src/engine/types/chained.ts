/**
 * Long values: received piece by piece into a chain that nobody else sees, then put in the key's
 * place at once. What a slow client has sent so far lies in the partition, within `-m`, and not on
 * the heap; and each piece is one short lock.
 *
 *   chainStart → chainWrite* → chainCommit | chainAbandon        receive
 *   valueHold → valuePiece* → valueRelease                       send
 *
 * Guard: every function expects the lock of the partition.
 */
import { bytesCopy } from '../../memory/bytes.ts';
import {
  chainFirst,
  chainHold,
  chainInit,
  chainLinkAdd,
  chainTail,
  itemHeadValueBytes,
  LINK_HEADER_BYTES,
  LINK_VALUE_BYTES_MAX,
  linkNext,
  linkUsed,
  linkUsedSet,
  linkValueOffset,
} from '../../memory/chain.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import { EVENT } from '../../memory/event-log.ts';
import {
  EXTRA_CAS,
  EXTRA_CHAIN,
  EXTRA_CLIENT_FLAGS,
  EXTRA_EXPIRY,
  ITEM_TYPE,
  itemBytesFor,
  itemClientFlags,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemGivenCasSet,
  itemHeaderWrite,
  itemIsChained,
  itemKeyWrite,
  itemMarks,
  itemMarksAdd,
  itemValueBytes,
  itemValueOffset,
  MARK_BINARY_KEY,
  MARK_STALE,
} from '../../memory/item.ts';
import { type Partition, partitionBytesMax } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { CHANGE } from '../change-log.ts';
import { eventIsWatched, eventStore } from '../events.ts';
import { chunkObtain } from '../eviction.ts';
import { itemUnhold, itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import {
  concatenationFitsChunk,
  fieldsWrite,
  itemFind,
  itemSeek,
  itemSucceed,
  lookupTell,
  modeJoins,
  STORE,
  type StoreMode,
  storeCondition,
  storeFitsChunk,
  stringStore,
} from './string.ts';

/** Stores op's value under op's key, whatever its length. The one entry for a value that is at hand. */
export function valueStore(p: Partition, op: Operation, mode: StoreMode): Status {
  const { expiresAtMs } = op; // an append puts the item's own in its place
  const status = valuePut(p, op, mode);
  if (eventIsWatched(p.log, EVENT.STORE)) {
    storeTell(p, op, mode, status, op.valueBytes, expiresAtMs);
  }
  return status;
}

/** Tells watchers how a store ended. Of a value that was added to another they hear what came of it. */
function storeTell(
  p: Partition,
  op: Operation,
  mode: StoreMode,
  status: Status,
  valueBytes: number,
  expiresAtMs: number,
): void {
  const isJoined = status === STATUS.OK && (mode === STORE.APPEND || mode === STORE.PREPEND);
  const ref = isJoined ? itemSeek(p, op) : 0;
  const bytes = ref === 0 ? valueBytes : itemValueBytes(p, ref);
  const untilMs = ref === 0 ? expiresAtMs : itemExpiresAtMs(p, ref);
  eventStore(p, op.key, status, mode, bytes, untilMs, op.nowMs);
}

function valuePut(p: Partition, op: Operation, mode: StoreMode): Status {
  if (modeJoins(mode)) {
    const old = itemSeek(p, op);
    if (old !== 0 && !concatenationFitsChunk(p, op, old)) {
      if (eventIsWatched(p.log, EVENT.LOOKUP)) lookupTell(p, op, old);
      return chainConcatenate(p, op, mode, old);
    }
    if (old !== 0) return stringStore(p, op, mode);
  }
  if (storeFitsChunk(op)) return stringStore(p, op, mode);
  const old = itemFind(p, op);
  const condition = storeCondition(p, op, mode, old);
  if (condition !== STATUS.OK) return condition;
  p.guardRef = old;
  // What can never fit is not tried: all else would be evicted before that showed.
  const fits = op.valueBytes <= partitionBytesMax(p);
  const ref = fits ? chainStart(p, op, op.valueBytes) : 0;
  const written =
    ref !== 0 && chainWrite(p, ref, 0, op.value, op.valueStart, op.valueBytes, op.nowMs);
  p.guardRef = 0;
  if (!written) {
    if (ref !== 0) itemUnhold(p, ref);
    storeFailed(p, op, mode);
    return STATUS.NO_MEMORY;
  }
  const status = itemSucceed(p, op, old, ref);
  itemUnhold(p, ref);
  return status;
}

/**
 * Starts an item for op's key with room for `valueBytes` to come. Returns its ref, held and unlinked,
 * or 0 without memory.
 */
export function chainStart(p: Partition, op: Operation, valueBytes: number): number {
  const extras =
    EXTRA_CHAIN | EXTRA_EXPIRY | op.extras | (op.clientFlags !== 0 ? EXTRA_CLIENT_FLAGS : 0);
  const ref = chunkObtain(p, p.classes.largest, op.nowMs);
  if (ref === 0) return 0;
  classCount(p, p.classes.largest, CLASS_TOTAL.setCount);
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, op.key.bytes, valueBytes);
  fieldsWrite(p, op, ref, extras);
  chainInit(p, ref);
  chainHold(p, ref);
  itemKeyWrite(p, ref, op.key);
  if (extras & EXTRA_CAS) itemGivenCasSet(p, ref, op.casGiven);
  return ref;
}

/**
 * Writes the next `bytes` of the value, which so far has `position` bytes. False without memory: the
 * caller then abandons the chain.
 */
export function chainWrite(
  p: Partition,
  ref: number,
  position: number,
  source: Buffer,
  start: number,
  bytes: number,
  nowMs: number,
): boolean {
  let from = start;
  let at = position;
  const end = start + bytes;
  const headBytes = itemHeadValueBytes(p, ref);
  if (at < headBytes) {
    const copied = Math.min(headBytes - at, end - from);
    bytesCopy(source, from, p.u8, itemValueOffset(p, ref) + at, copied);
    from += copied;
    at += copied;
  }
  while (from < end) {
    let tail = chainTail(p, ref);
    if (tail === 0 || linkUsed(p, tail) === linkCapacityBytes(p, tail)) {
      const expected = Math.max(itemValueBytes(p, ref) - at, end - from);
      tail = linkObtain(p, expected, nowMs);
      if (tail === 0) return false;
      chainLinkAdd(p, ref, tail);
    }
    const used = linkUsed(p, tail);
    const copied = Math.min(linkCapacityBytes(p, tail) - used, end - from);
    bytesCopy(source, from, p.u8, linkValueOffset(tail) + used, copied);
    linkUsedSet(p, tail, used + copied);
    from += copied;
    at += copied;
  }
  return true;
}

function linkObtain(p: Partition, expectedBytes: number, nowMs: number): number {
  const valueBytes = Math.min(expectedBytes, LINK_VALUE_BYTES_MAX);
  return chunkObtain(p, p.classes.classFor(valueBytes + LINK_HEADER_BYTES), nowMs);
}

function linkCapacityBytes(p: Partition, link: number): number {
  return p.classes.chunkBytes[chunkClass(p, link)] - LINK_HEADER_BYTES;
}

/** Gives up an item that was being received. */
export function chainAbandon(p: Partition, ref: number): void {
  itemUnhold(p, ref);
}

/**
 * Puts a completely received item in its key's place, if the mode's condition holds. The chain is the
 * key's item afterwards, or freed.
 */
export function chainCommit(p: Partition, op: Operation, mode: StoreMode, ref: number): Status {
  if (!eventIsWatched(p.log, EVENT.STORE)) return chainPut(p, op, mode, ref);
  const valueBytes = itemValueBytes(p, ref);
  const expiresAtMs = itemExpiresAtMs(p, ref);
  const status = chainPut(p, op, mode, ref);
  storeTell(p, op, mode, status, valueBytes, expiresAtMs);
  return status;
}

function chainPut(p: Partition, op: Operation, mode: StoreMode, ref: number): Status {
  const old = itemFind(p, op);
  const condition = storeCondition(p, op, mode, old);
  if (condition !== STATUS.OK) {
    itemUnhold(p, ref);
    return condition;
  }
  if (modeJoins(mode) && old !== 0) {
    const status = valuesConcatenate(p, op, old, ref, mode === STORE.APPEND);
    itemUnhold(p, ref);
    return status;
  }
  if (op.extras & MARK_STALE) {
    // Only now is it known: see storeCondition.
    itemMarksAdd(p, ref, op.extras);
    itemExpiresAtMsSet(p, ref, op.expiresAtMs);
  }
  const status = itemSucceed(p, op, old, ref);
  itemUnhold(p, ref);
  return status;
}

/** A store that is refused before the engine has its value: what it leaves, and what watchers hear. */
export function storeGiveUp(p: Partition, op: Operation, mode: StoreMode, status: Status): void {
  if (eventIsWatched(p.log, EVENT.STORE)) eventStore(p, op.key, status, mode, 0, 0, op.nowMs);
  storeFailed(p, op, mode);
}

/** After a failure to make room for op's value: a SET must not leave the old, stale one behind. */
export function storeFailed(p: Partition, op: Operation, mode: StoreMode): void {
  const old = itemFind(p, op);
  if (old !== 0 && mode === STORE.SET) itemUnlink(p, op.key.hash, old, CHANGE.DELETE);
}

/** Append or prepend of op's own value when the result is too long for one chunk. */
function chainConcatenate(p: Partition, op: Operation, mode: StoreMode, old: number): Status {
  const condition = storeCondition(p, op, mode, old);
  if (condition !== STATUS.OK) return condition;
  return valuesConcatenate(p, op, old, 0, mode === STORE.APPEND);
}

/**
 * Builds the item that holds old's value and a second one (that of the item `other`, or op's own if it
 * is 0), and puts it in old's place.
 */
function valuesConcatenate(
  p: Partition,
  op: Operation,
  old: number,
  other: number,
  behind: boolean,
): Status {
  const addedBytes = other === 0 ? op.valueBytes : itemValueBytes(p, other);
  const valueBytes = itemValueBytes(p, old) + addedBytes;
  if (itemBytesFor(0, op.key.bytes, valueBytes) > op.itemBytesMax) return STATUS.TOO_LARGE;
  op.clientFlags = itemClientFlags(p, old);
  op.expiresAtMs = itemExpiresAtMs(p, old);
  op.extras = (op.extras & EXTRA_CAS) | (itemMarks(p, old) & MARK_BINARY_KEY);
  op.joinedBytes = valueBytes;
  p.guardRef = old;
  const ref = chainStart(p, op, valueBytes);
  const stored =
    ref !== 0 &&
    (behind
      ? valueAppend(p, op, ref, 0, old) && addedAppend(p, op, ref, itemValueBytes(p, old), other)
      : addedAppend(p, op, ref, 0, other) && valueAppend(p, op, ref, addedBytes, old));
  p.guardRef = 0;
  if (!stored) {
    if (ref !== 0) itemUnhold(p, ref);
    return STATUS.NO_MEMORY;
  }
  const status = itemSucceed(p, op, old, ref);
  itemUnhold(p, ref);
  return status;
}

function addedAppend(
  p: Partition,
  op: Operation,
  ref: number,
  position: number,
  other: number,
): boolean {
  if (other !== 0) return valueAppend(p, op, ref, position, other);
  return chainWrite(p, ref, position, op.value, op.valueStart, op.valueBytes, op.nowMs);
}

/** Writes the whole value of `from` at `position` of the chain being built at `ref`. */
export function valueAppend(
  p: Partition,
  op: Operation,
  ref: number,
  position: number,
  from: number,
): boolean {
  let at = position;
  const headBytes = itemHeadValueBytes(p, from);
  if (!chainWrite(p, ref, at, p.u8, itemValueOffset(p, from), headBytes, op.nowMs)) return false;
  at += headBytes;
  let link = itemIsChained(p, from) ? chainFirst(p, from) : 0;
  for (; link !== 0; link = linkNext(p, link)) {
    const used = linkUsed(p, link);
    if (!chainWrite(p, ref, at, p.u8, linkValueOffset(link), used, op.nowMs)) return false;
    at += used;
  }
  return true;
}

// ── Sending ─────────────────────────────────────────────────────────────────────────────────────

/** Keeps a chained item's bytes in place until `valueRelease`, whatever happens to its key. */
export function valueHold(p: Partition, ref: number): void {
  chainHold(p, ref);
}

export function valueRelease(p: Partition, ref: number): void {
  itemUnhold(p, ref);
}

/**
 * Where the reading of a chained value stands. `link` is 0 while in the head; `offset` counts within
 * the current chunk; `leftBytes` is what is still to come.
 */
export class ValueCursor {
  link = 0;
  offset = 0;
  leftBytes = 0;
}

export function cursorStart(cursor: ValueCursor, valueBytes: number): void {
  cursor.link = 0;
  cursor.offset = 0;
  cursor.leftBytes = valueBytes;
}

/** Copies up to `roomBytes` more of a held value to target; returns how many. */
export function valuePiece(
  p: Partition,
  ref: number,
  cursor: ValueCursor,
  target: Buffer,
  targetStart: number,
  roomBytes: number,
): number {
  let copied = 0;
  while (copied < roomBytes && cursor.leftBytes > 0) {
    const inHead = cursor.link === 0;
    const chunkBytes = inHead ? itemHeadValueBytes(p, ref) : linkUsed(p, cursor.link);
    if (cursor.offset === chunkBytes) {
      cursor.link = inHead ? chainFirst(p, ref) : linkNext(p, cursor.link);
      cursor.offset = 0;
      continue;
    }
    const start = inHead ? itemValueOffset(p, ref) : linkValueOffset(cursor.link);
    const bytes = Math.min(chunkBytes - cursor.offset, roomBytes - copied, cursor.leftBytes);
    bytesCopy(p.u8, start + cursor.offset, target, targetStart + copied, bytes);
    cursor.offset += bytes;
    cursor.leftBytes -= bytes;
    copied += bytes;
  }
  return copied;
}
