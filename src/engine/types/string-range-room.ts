/**
 * Strings that are changed in place: APPEND, SETRANGE, bits. `valueOpen` gives the key's value the
 * length it needs, and the caller writes into it. What it costs goes by what is written, not by how
 * long the value is: a chain grows at its end, by links of twice the size until they are full.
 *
 * A value is copied instead if somebody is sending it (a hold), or if its item has what only a new one
 * may lack: a CAS unique that a client gave.
 *
 * Such values are *raw*. Redis tells so by OBJECT ENCODING, even of short ones, that would be `int` or
 * `embstr` had they been set whole. Short ones are marked by client flags that are there and 0, which no
 * memcached client can cause; values too long to be either need no mark.
 *
 * Guard: every function expects the lock of the key's partition.
 */
import { int64Parse } from '../../base/int64.ts';
import { bytesCopy } from '../../memory/bytes.ts';
import {
  chainHolds,
  chainLinkAdd,
  chainTail,
  chainTailFree,
  headValueBytesFor,
  LINK_HEADER_BYTES,
  LINK_VALUE_BYTES_MAX,
  linkUsed,
  linkUsedSet,
  linkValueOffset,
} from '../../memory/chain.ts';
import { EVENT } from '../../memory/event-log.ts';
import {
  EXTRA_CLIENT_FLAGS,
  EXTRA_EXPIRY,
  ITEM_TYPE,
  itemBytesFor,
  itemCasIsGiven,
  itemClientFlags,
  itemExpiresAtMs,
  itemExtras,
  itemHeaderWrite,
  itemIsChained,
  itemKeyBytes,
  itemKeyWrite,
  itemMarks,
  itemMarksClear,
  itemNoteInterest,
  itemValueBytes,
  itemValueBytesSet,
  itemValueOffset,
  MARK_BINARY_KEY,
  MARK_STALE,
  MARK_TOKEN_SENT,
} from '../../memory/item.ts';
import { itemAccessedSecSet } from '../../memory/item-access.ts';
import { type Partition, partitionBytesMax } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';
import { CHANGE, changeNote } from '../change-log.ts';
import { valueSplice } from '../collection/packed.ts';
import { eventIsWatched, eventStore } from '../events.ts';
import { chunkObtain } from '../eviction.ts';
import { itemCasRenew, itemCount, itemUnhold } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { STATUS } from '../status.ts';
import { chainStart, valueAppend } from './chained.ts';
import { fieldsWrite, itemSucceed, STORE } from './string.ts';

/** The longest text that is an integer to Redis, and the longest string that it embeds. */
const INT_BYTES_MAX = 20;
const EMBEDDED_BYTES_MAX = 44;

export const STRING_ENCODING = { INT: 0, EMBEDDED: 1, RAW: 2 } as const;
export type StringEncoding = (typeof STRING_ENCODING)[keyof typeof STRING_ENCODING];

/** What OBJECT ENCODING answers for a string. */
export function stringEncoding(p: Partition, ref: number): StringEncoding {
  const bytes = itemValueBytes(p, ref);
  if (bytes > EMBEDDED_BYTES_MAX || itemIsMarkedRaw(p, ref)) return STRING_ENCODING.RAW;
  const start = itemValueOffset(p, ref);
  if (itemIsChained(p, ref) || bytes > INT_BYTES_MAX) return STRING_ENCODING.EMBEDDED;
  const isInt = !Number.isNaN(int64Parse(p.u8, start, start + bytes));
  return isInt ? STRING_ENCODING.INT : STRING_ENCODING.EMBEDDED;
}

export function itemIsMarkedRaw(p: Partition, ref: number): boolean {
  return (itemExtras(p, ref) & EXTRA_CLIENT_FLAGS) !== 0 && itemClientFlags(p, ref) === 0;
}

/**
 * Makes the string at op's key one that has `valueBytes` and may be written to. Bytes that it had stay
 * and those that are added are stale: the caller writes all of them before it gives up the lock.
 *   old         the key's live item, a string; 0: there is none, and it is made
 *   valueBytes  at least what it has
 *   returns     its ref, maybe another; 0 without memory: nothing has changed
 * The CAS unique is new and the change noted. The expiry time stays. op's value is not looked at.
 */
export function valueOpen(p: Partition, op: Operation, old: number, valueBytes: number): number {
  if (valueBytes > partitionBytesMax(p)) return 0;
  const ref = old === 0 ? valueCreate(p, op, valueBytes) : valueEnlarge(p, op, old, valueBytes);
  if (ref !== 0 && eventIsWatched(p.log, EVENT.STORE)) {
    const expiresAtMs = itemExpiresAtMs(p, ref);
    eventStore(p, op.key, STATUS.OK, STORE.PUT, valueBytes, expiresAtMs, op.nowMs);
  }
  return ref;
}

function valueCreate(p: Partition, op: Operation, valueBytes: number): number {
  op.clientFlags = 0;
  op.expiresAtMs = 0;
  op.extras = rawMarkFor(valueBytes);
  if (fitsChunk(op.extras, op.key.bytes, valueBytes)) {
    return chunkRenew(p, op, 0, valueBytes);
  }
  return chainRenew(p, op, 0, valueBytes);
}

function valueEnlarge(p: Partition, op: Operation, old: number, valueBytes: number): number {
  itemNoteInterest(p, old, op.nowSec);
  const extras = itemExtras(p, old);
  const isChained = itemIsChained(p, old);
  const isMarked = (extras & EXTRA_CLIENT_FLAGS) !== 0 || valueBytes > EMBEDDED_BYTES_MAX;
  const mayStay = isMarked && !itemCasIsGiven(p, old) && !(isChained && chainHolds(p, old) !== 0);
  const fits = !isChained && fitsChunk(extras, op.key.bytes, valueBytes);
  if (mayStay && valueBytes === itemValueBytes(p, old)) return valueChanged(p, op, old);
  if (mayStay && isChained) return chainEnlarge(p, op, old, valueBytes);
  if (mayStay && fits) {
    const { hash } = op.key;
    const position = itemValueBytes(p, old);
    const ref = valueSplice(p, hash, old, position, 0, valueBytes - position, op.nowMs);
    return ref === 0 ? 0 : valueChanged(p, op, ref);
  }
  op.clientFlags = itemClientFlags(p, old);
  op.expiresAtMs = itemExpiresAtMs(p, old);
  op.extras = (itemMarks(p, old) & MARK_BINARY_KEY) | rawMarkFor(valueBytes);
  return fits ? chunkRenew(p, op, old, valueBytes) : chainRenew(p, op, old, valueBytes);
}

/** The field that marks a raw value of this length, if one must: for op.extras. */
export function rawMarkFor(valueBytes: number): number {
  return valueBytes <= EMBEDDED_BYTES_MAX ? EXTRA_CLIENT_FLAGS : 0;
}

/** Whether it fits one chunk, with the fields that the item may get later. */
function fitsChunk(extras: number, keyBytes: number, valueBytes: number): boolean {
  const extrasMax = extras | EXTRA_CLIENT_FLAGS | EXTRA_EXPIRY;
  return itemBytesFor(extrasMax, keyBytes, valueBytes) <= CHUNK_BYTES_MAX;
}

/** An item that was written to in place is another version of itself. */
function valueChanged(p: Partition, op: Operation, ref: number): number {
  itemMarksClear(p, ref, MARK_STALE | MARK_TOKEN_SENT);
  itemAccessedSecSet(p, ref, op.nowSec);
  op.casStored = itemCasRenew(p, ref);
  changeNote(p, CHANGE.STORE, ref);
  return ref;
}

/** A new item of one chunk in the place of `old`, with its value (0: none) and op's fields. */
function chunkRenew(p: Partition, op: Operation, old: number, valueBytes: number): number {
  const extras =
    op.extras |
    (op.clientFlags !== 0 ? EXTRA_CLIENT_FLAGS : 0) |
    (op.expiresAtMs !== 0 ? EXTRA_EXPIRY : 0);
  p.guardRef = old;
  const classId = p.classes.classFor(itemBytesFor(extras, op.key.bytes, valueBytes));
  const ref = chunkObtain(p, classId, op.nowMs);
  p.guardRef = 0;
  if (ref === 0) return 0;
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, op.key.bytes, valueBytes);
  fieldsWrite(p, op, ref, extras);
  itemKeyWrite(p, ref, op.key);
  if (old !== 0) {
    const start = itemValueOffset(p, old);
    bytesCopy(p.u8, start, p.u8, itemValueOffset(p, ref), itemValueBytes(p, old));
  }
  return itemSucceed(p, op, old, ref) === STATUS.OK ? ref : 0;
}

/** As chunkRenew, for a value that is too long for one. */
function chainRenew(p: Partition, op: Operation, old: number, valueBytes: number): number {
  p.guardRef = old;
  const ref = chainStart(p, op, valueBytes);
  const isDone =
    ref !== 0 &&
    (old === 0 || valueAppend(p, op, ref, 0, old)) &&
    chainGrow(p, ref, old === 0 ? 0 : itemValueBytes(p, old), valueBytes, op.nowMs) === valueBytes;
  p.guardRef = 0;
  if (!isDone) {
    if (ref !== 0) itemUnhold(p, ref);
    return 0;
  }
  const status = itemSucceed(p, op, old, ref);
  itemUnhold(p, ref);
  return status === STATUS.OK ? ref : 0;
}

/** Adds to a chain of the key's at its end. */
function chainEnlarge(p: Partition, op: Operation, ref: number, valueBytes: number): number {
  const before = itemValueBytes(p, ref);
  p.guardRef = ref;
  const reached = chainGrow(p, ref, before, valueBytes, op.nowMs);
  p.guardRef = 0;
  if (reached < valueBytes) {
    chainCut(p, ref, reached, before);
    return 0;
  }
  itemCount(p, ref, -1);
  itemValueBytesSet(p, ref, valueBytes);
  itemCount(p, ref, 1);
  return valueChanged(p, op, ref);
}

/**
 * Gives the links of a chain room for a value of `to` bytes, where they have `from`. Returns how far it
 * got: less than `to` without memory.
 */
function chainGrow(p: Partition, ref: number, from: number, to: number, nowMs: number): number {
  let at = Math.max(from, Math.min(to, chainHeadRoom(p, ref)));
  while (at < to) {
    const tail = chainTailRoomy(p, ref, to - at, nowMs);
    if (tail === 0) return at;
    const used = linkUsed(p, tail);
    const added = Math.min(linkRoom(p, tail) - used, to - at);
    linkUsedSet(p, tail, used + added);
    at += added;
  }
  return at;
}

/** The last link, if it has room; or one in its place that has; or one behind it. 0: no memory. */
function chainTailRoomy(p: Partition, ref: number, bytes: number, nowMs: number): number {
  const tail = chainTail(p, ref);
  const used = tail === 0 ? LINK_VALUE_BYTES_MAX : linkUsed(p, tail);
  if (tail !== 0 && used < linkRoom(p, tail)) return tail;
  const isReplaced = used < LINK_VALUE_BYTES_MAX;
  const wanted = isReplaced ? Math.max(used + bytes, 2 * used) : bytes;
  const room = Math.min(wanted, LINK_VALUE_BYTES_MAX);
  const link = chunkObtain(p, p.classes.classFor(room + LINK_HEADER_BYTES), nowMs);
  if (link === 0) return 0;
  if (isReplaced) {
    bytesCopy(p.u8, linkValueOffset(tail), p.u8, linkValueOffset(link), used);
    chainTailFree(p, ref);
  }
  chainLinkAdd(p, ref, link);
  if (isReplaced) linkUsedSet(p, link, used);
  return link;
}

/** Takes links back that a value of `to` bytes does not need, where they have `from`. */
function chainCut(p: Partition, ref: number, from: number, to: number): void {
  let surplus = from - Math.max(to, Math.min(from, chainHeadRoom(p, ref)));
  while (surplus > 0) {
    const tail = chainTail(p, ref);
    const used = linkUsed(p, tail);
    if (used <= surplus) chainTailFree(p, ref);
    else linkUsedSet(p, tail, used - surplus);
    surplus -= Math.min(used, surplus);
  }
}

function chainHeadRoom(p: Partition, ref: number): number {
  return headValueBytesFor(itemExtras(p, ref), itemKeyBytes(p, ref));
}

function linkRoom(p: Partition, link: number): number {
  return p.classes.chunkBytes[chunkClass(p, link)] - LINK_HEADER_BYTES;
}
