/**
 * Sets: members without values, in no order that a client could count on. What they are made of is in
 * collection/entry.ts; here is what a command does to one of them. Several are joined in set-algebra.ts.
 *
 * A command works member by member and then says `setSettle`. Before that the set's item may change its
 * place: what changes a set returns its ref.
 *
 * Clients ask which of Redis's encodings a set has. Ours is none of them, so it is kept beside (the
 * collection's flags), and changes as Redis's would: from intset to listpack to hashtable, never back.
 *
 * Guard: every function expects the lock of the key's partition, which is the caller's to take.
 * Source: Valkey src/t_set.c.
 */

import { int64Parse } from '../../base/int64.ts';
import { collectionCount, collectionFlags, collectionFlagsSet } from '../../memory/collection.ts';
import { ITEM_TYPE, itemType } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { type Entry, entryFind, OUTCOME } from '../collection/entry.ts';
import { entriesSettle, entryAdd, entryRemove } from '../collection/entry-change.ts';
import type { Operation } from '../operation.ts';
import { OTHER_TYPE } from '../status.ts';
import { itemFind, itemRead } from './string.ts';

/** What clients are told: the value of a set's flags. */
export const SET_ENCODING = { INTSET: 0, LISTPACK: 1, HASHTABLE: 2 } as const;

/** Up to where they are told so: CONFIG SET. */
export const setEncoding = { intsetEntriesMax: 512, listpackEntriesMax: 128, listpackValueMax: 64 };

/** The live set under op's key; 0: no such key; or OTHER_TYPE. */
export function setFind(p: Partition, op: Operation): number {
  const ref = itemFind(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.SET ? ref : OTHER_TYPE;
}

/** As setFind, and counts as a read. */
export function setRead(p: Partition, op: Operation): number {
  const ref = itemRead(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.SET ? ref : OTHER_TYPE;
}

/** Whether the entry's name is a member. */
export function setHas(p: Partition, ref: number, entry: Entry): boolean {
  return entryFind(p, ref, entry, 0);
}

/** Adds the entry's name, unless it is a member. `ref` 0: to a new set. Returns the set's ref, or 0. */
export function setAdd(p: Partition, op: Operation, ref: number, entry: Entry): number {
  if (ref !== 0 && entryFind(p, ref, entry, 0)) {
    entry.outcome = OUTCOME.NONE;
    return ref;
  }
  op.valueBytes = 0;
  op.expiresAtMs = 0;
  const to = entryAdd(p, op, ref, ITEM_TYPE.SET, entry);
  if (entry.outcome === OUTCOME.ADDED) encodingNote(p, to, entry);
  return to;
}

/** Removes the entry's name, if it is a member. Returns the set's ref. */
export function setRemove(p: Partition, op: Operation, ref: number, entry: Entry): number {
  if (entryFind(p, ref, entry, 0)) return entryRemove(p, op, ref, entry);
  entry.outcome = OUTCOME.NONE;
  return ref;
}

/** Ends what a command did to a set: an empty one is gone. Returns the set's ref, or 0. */
export function setSettle(p: Partition, op: Operation, ref: number): number {
  return entriesSettle(p, op, ref);
}

/** One of SET_ENCODING. */
export function setEncodingOf(p: Partition, ref: number): number {
  return collectionFlags(p, ref);
}

/**
 * A command adds up to `count` members: Redis gets room for all of them at once, as if none were there
 * yet. To be told before the first, or behind it if that made the set.
 */
export function setEncodingExpect(p: Partition, ref: number, count: number, isNew: boolean): void {
  const { intsetEntriesMax, listpackEntriesMax } = setEncoding;
  const encoding = collectionFlags(p, ref);
  const isIntset = encoding === SET_ENCODING.INTSET;
  if (count <= (isIntset ? intsetEntriesMax : listpackEntriesMax)) return;
  const isListpack = isNew && isIntset && count <= listpackEntriesMax;
  collectionFlagsSet(p, ref, isListpack ? SET_ENCODING.LISTPACK : SET_ENCODING.HASHTABLE);
}

/** What an added member makes of the encoding. */
function encodingNote(p: Partition, ref: number, entry: Entry): void {
  const encoding = collectionFlags(p, ref);
  if (encoding === SET_ENCODING.HASHTABLE) return;
  const { intsetEntriesMax, listpackEntriesMax, listpackValueMax } = setEncoding;
  const count = collectionCount(p, ref);
  if (encoding === SET_ENCODING.INTSET && entryIsInteger(entry)) {
    if (count > intsetEntriesMax) collectionFlagsSet(p, ref, SET_ENCODING.HASHTABLE);
  } else {
    const fits = count <= listpackEntriesMax && entry.nameBytes <= listpackValueMax;
    collectionFlagsSet(p, ref, fits ? SET_ENCODING.LISTPACK : SET_ENCODING.HASHTABLE);
  }
}

function entryIsInteger(entry: Entry): boolean {
  const { name, nameStart, nameBytes } = entry;
  return !Number.isNaN(int64Parse(name, nameStart, nameStart + nameBytes));
}
