/**
 * Hashes: fields with values, and maybe a time of their own at which they go. What they are made of is in
 * collection/entry.ts; here is what a command does to one of them.
 *
 * A command works field by field and then says `hashSettle`. Before that the hash's item may change its
 * place: what changes a hash returns its ref.
 *
 * Which of Redis's encodings clients are told of is kept beside (the collection's flags), and changes as
 * Redis's would: from listpack to hashtable, never back.
 *
 * Guard: every function expects the lock of the key's partition, which is the caller's to take.
 * Source: Valkey src/t_hash.c; of times of fields, Redis 7.4.
 */

import { collectionCount, collectionFlags, collectionFlagsSet } from '../../memory/collection.ts';
import { ITEM_TYPE, itemType } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { type Entry, entryFind, OUTCOME } from '../collection/entry.ts';
import {
  entriesSettle,
  entryAdd,
  entryExpire,
  entryRemove,
  entryReplace,
} from '../collection/entry-change.ts';
import type { Operation } from '../operation.ts';
import { OTHER_TYPE } from '../status.ts';
import { itemFind, itemRead } from './string.ts';

/** What clients are told. */
export const HASH_ENCODING = { LISTPACK: 0, HASHTABLE: 1, LISTPACK_WITH_TIMES: 2 } as const;

/** Up to where they are told that a hash is a listpack: CONFIG SET. */
export const hashEncoding = { entriesMax: 128, valueBytesMax: 64 };

/** Flags of a hash. */
const FLAG_HASHTABLE = 1;
const FLAG_HAD_TIMES = 2;

/** When a field gets another expiry time. */
export const EXPIRE_IF = {
  ALWAYS: 0,
  NONE: 1, // if it has none
  SOME: 2, // if it has one
  LATER: 3, // if the new one is later; never is latest
  EARLIER: 4,
} as const;

/** What became of a field that was to have another expiry time. */
export const EXPIRED = {
  NO_FIELD: -2,
  NOT_MET: 0, // the condition
  SET: 1,
  DELETED: 2, // since that time has come already
  NO_MEMORY: 3,
} as const;

/** The live hash under op's key; 0: no such key; or OTHER_TYPE. */
export function hashFind(p: Partition, op: Operation): number {
  const ref = itemFind(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.HASH ? ref : OTHER_TYPE;
}

/** As hashFind, and counts as a read. */
export function hashRead(p: Partition, op: Operation): number {
  const ref = itemRead(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.HASH ? ref : OTHER_TYPE;
}

/** Takes the value and the expiry time of the entry's name. False: there is no such field. */
export function hashGet(p: Partition, op: Operation, ref: number, entry: Entry): boolean {
  return entryFind(p, ref, entry, op.nowMs);
}

/**
 * Gives a field, made if need be, op's value and expiry time. `ref` 0: of a new hash. Returns the hash's
 * ref, or 0.
 */
export function hashSet(p: Partition, op: Operation, ref: number, entry: Entry): number {
  const isThere = ref !== 0 && entryFind(p, ref, entry, op.nowMs);
  const to = isThere
    ? entryReplace(p, op, ref, entry)
    : entryAdd(p, op, ref, ITEM_TYPE.HASH, entry);
  if (entry.outcome === OUTCOME.ADDED || entry.outcome === OUTCOME.CHANGED) {
    encodingNote(p, to, entry.nameBytes, op.valueBytes);
  }
  return to;
}

/** Removes a field, if it is there. Returns the hash's ref. */
export function hashRemove(p: Partition, op: Operation, ref: number, entry: Entry): number {
  const isAlive = entryFind(p, ref, entry, op.nowMs);
  const to = isAlive || entry.memberRef !== 0 ? entryRemove(p, op, ref, entry) : ref;
  entry.outcome = isAlive ? OUTCOME.CHANGED : OUTCOME.NONE;
  return to;
}

/**
 * Gives a field op's expiry time, on a condition (EXPIRE_IF). `entry.outcome` is one of EXPIRED. Returns
 * the hash's ref.
 */
export function hashExpire(
  p: Partition,
  op: Operation,
  ref: number,
  entry: Entry,
  condition: number,
): number {
  if (!entryFind(p, ref, entry, op.nowMs)) {
    entry.outcome = EXPIRED.NO_FIELD;
    return ref;
  }
  if (!expiryAdmits(entry.expiresAtMs, op.expiresAtMs, condition)) {
    entry.outcome = EXPIRED.NOT_MET;
    return ref;
  }
  if (op.expiresAtMs <= op.nowMs) {
    const left = entryRemove(p, op, ref, entry);
    entry.outcome = EXPIRED.DELETED;
    return left;
  }
  const to = entryExpire(p, op, ref, entry);
  const isSet = entry.outcome === OUTCOME.CHANGED;
  entry.outcome = isSet ? EXPIRED.SET : EXPIRED.NO_MEMORY;
  if (isSet) collectionFlagsSet(p, to, collectionFlags(p, to) | FLAG_HAD_TIMES);
  return to;
}

function expiryAdmits(beforeMs: number, afterMs: number, condition: number): boolean {
  if (condition === EXPIRE_IF.NONE) return beforeMs === 0;
  if (condition === EXPIRE_IF.SOME) return beforeMs !== 0;
  if (condition === EXPIRE_IF.LATER) return beforeMs !== 0 && afterMs > beforeMs;
  if (condition === EXPIRE_IF.EARLIER) return beforeMs === 0 || afterMs < beforeMs;
  return true;
}

/** Takes the expiry time from a field that hashGet has found. */
export function hashPersist(p: Partition, op: Operation, ref: number, entry: Entry): void {
  op.expiresAtMs = 0;
  entryExpire(p, op, ref, entry); // needs no memory, and leaves the hash where it is
}

/** Ends what a command did to a hash: an empty one is gone. Returns the hash's ref, or 0. */
export function hashSettle(p: Partition, op: Operation, ref: number): number {
  return entriesSettle(p, op, ref);
}

/** One of HASH_ENCODING. */
export function hashEncodingOf(p: Partition, ref: number): number {
  const flags = collectionFlags(p, ref);
  if (flags & FLAG_HASHTABLE) return HASH_ENCODING.HASHTABLE;
  return flags & FLAG_HAD_TIMES ? HASH_ENCODING.LISTPACK_WITH_TIMES : HASH_ENCODING.LISTPACK;
}

/** Before a command sets so many fields: Redis gets room for all of them, as if all were new. */
export function hashEncodingExpect(p: Partition, ref: number, fieldCount: number): void {
  if (fieldCount > hashEncoding.entriesMax) flagHashtable(p, ref);
}

/** What a field that was set makes of the encoding. */
function encodingNote(p: Partition, ref: number, nameBytes: number, valueBytes: number): void {
  const { entriesMax, valueBytesMax } = hashEncoding;
  const isLong = nameBytes > valueBytesMax || valueBytes > valueBytesMax;
  if (isLong || collectionCount(p, ref) > entriesMax) flagHashtable(p, ref);
}

function flagHashtable(p: Partition, ref: number): void {
  collectionFlagsSet(p, ref, collectionFlags(p, ref) | FLAG_HASHTABLE);
}
