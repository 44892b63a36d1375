/**
 * Entries: what sets and hashes consist of, members and fields, in either form of a collection. A field
 * is a member with a value, and maybe an expiry time: then its hash is large, since only members have one.
 * Sorted sets can be read as entries too, in no order: the value is the score (types/zset.ts).
 *
 *   PACKED   member member member …            LARGE   a member each: its name, the field's value,
 *            field value field value …                 the field's expiry time
 *
 * A field whose time has come is not there, for whoever reads; until it is reaped it is counted.
 *
 * Guard: the partition lock. entry-change.ts is what changes entries.
 */
import { KEY_BYTES_LIMIT, Key } from '../../base/key.ts';
import { bytesCopy } from '../../memory/bytes.ts';
import { itemValueCopy } from '../../memory/chain.ts';
import { collectionCount, collectionForm, collectionRoot, FORM } from '../../memory/collection.ts';
import {
  ITEM_TYPE,
  itemExpiresAtMs,
  itemNameBytes,
  itemNameOffset,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import { rootCount, rootExpiringCount } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { memberFind, memberKeyFill } from './member.ts';
import { packedEnd, packedStart } from './packed.ts';
import { rosterAt } from './roster.ts';
import {
  STRIP_NONE,
  stripContentBytes,
  stripContentStart,
  stripFind,
  stripNext,
  stripSeek,
} from './strip.ts';

/** What became of an entry that was to be changed. */
export const OUTCOME = {
  NONE: 0, // nothing has changed
  ADDED: 1,
  CHANGED: 2,
  NO_MEMORY: 3, // nothing has changed
  TOO_LONG: 4, // the name: nothing has changed
} as const;

/** An entry in hand. One per use and thread. */
export class Entry {
  /** The name: what is asked for, or what was found: a range of a thread's buffer, or of a partition. */
  name: Buffer;
  nameStart = 0;
  nameBytes = 0;
  /** Where a packed entry starts; 0: it is none. */
  at = 0;
  /** A large collection's member, dead or alive; 0: there is none. */
  memberRef = 0;
  /** The value found, in the partition's bytes. If the member is chained, that is where it begins. */
  valueStart = 0;
  valueBytes = 0;
  /** Unix milliseconds; 0 = never. */
  expiresAtMs = 0.5;
  /** One of OUTCOME. */
  outcome = 0;
  /** For looking the name up among members. */
  readonly key: Key = new Key();

  constructor(name: Buffer) {
    this.name = name;
    // The fraction above makes V8 keep the field as a double from the start.
    this.expiresAtMs = 0;
  }
}

/** Takes a name in hand. */
export function entryName(entry: Entry, name: Buffer, start: number, bytes: number): void {
  entry.name = name;
  entry.nameStart = start;
  entry.nameBytes = bytes;
}

/** Entries of a packed collection's strip that make one of its own: without or with a value. */
export function entryStride(p: Partition, ref: number): number {
  return itemType(p, ref) === ITEM_TYPE.SET ? 1 : 2;
}

export function collectionIsPacked(p: Partition, ref: number): boolean {
  return collectionForm(p, ref) === FORM.PACKED;
}

/** Finds the entry's name in a collection, and takes its place and value. */
export function entryFind(p: Partition, ref: number, entry: Entry, nowMs: number): boolean {
  entry.at = 0;
  entry.memberRef = 0;
  if (collectionIsPacked(p, ref)) {
    const stride = entryStride(p, ref);
    const { name, nameStart, nameBytes } = entry;
    const end = packedEnd(p, ref);
    const at = stripFind(p.u8, packedStart(p, ref), end, stride, name, nameStart, nameBytes);
    if (at === STRIP_NONE) return false;
    packedPlace(p, entry, at, stride);
    return true;
  }
  if (entry.nameBytes > KEY_BYTES_LIMIT) return false;
  const rootRef = collectionRoot(p, ref);
  memberKeyFill(entry.key, rootRef, entry.name, entry.nameStart, entry.nameBytes);
  const member = memberFind(p, entry.key);
  if (member === 0) return false;
  memberPlace(p, entry, member);
  return entryIsAlive(entry, nowMs);
}

function entryIsAlive(entry: Entry, nowMs: number): boolean {
  return entry.expiresAtMs === 0 || entry.expiresAtMs > nowMs;
}

/** Takes place and value of the packed entry at this offset. */
function packedPlace(p: Partition, entry: Entry, at: number, stride: number): void {
  entry.at = at;
  entry.memberRef = 0;
  entry.expiresAtMs = 0;
  if (stride === 1) {
    entry.valueStart = 0;
    entry.valueBytes = 0;
    return;
  }
  const value = stripNext(p.u8, at);
  entry.valueStart = stripContentStart(p.u8, value);
  entry.valueBytes = stripContentBytes(p.u8, value);
}

function memberPlace(p: Partition, entry: Entry, member: number): void {
  entry.at = 0;
  entry.memberRef = member;
  entry.expiresAtMs = itemExpiresAtMs(p, member);
  entry.valueStart = itemValueOffset(p, member);
  entry.valueBytes = itemValueBytes(p, member);
}

/** Takes all there is of the packed entry at this offset. */
function packedTake(p: Partition, entry: Entry, at: number, stride: number): void {
  entryName(entry, p.u8, stripContentStart(p.u8, at), stripContentBytes(p.u8, at));
  packedPlace(p, entry, at, stride);
}

/** Takes all there is of a member. */
function memberTake(p: Partition, entry: Entry, member: number): void {
  entryName(entry, p.u8, itemNameOffset(p, member), itemNameBytes(p, member));
  memberPlace(p, entry, member);
}

/** Takes the entry with this number, below the collection's count. False: its time has come. */
export function entryAt(
  p: Partition,
  ref: number,
  index: number,
  entry: Entry,
  nowMs: number,
): boolean {
  if (!collectionIsPacked(p, ref)) {
    memberTake(p, entry, rosterAt(p, collectionRoot(p, ref), index));
    return entryIsAlive(entry, nowMs);
  }
  const stride = entryStride(p, ref);
  const entries = collectionCount(p, ref) * stride;
  const start = packedStart(p, ref);
  packedTake(p, entry, stripSeek(p.u8, start, packedEnd(p, ref), entries, index * stride), stride);
  return true;
}

/** Entries that are there: without those whose time has come. */
export function entryCount(p: Partition, ref: number, nowMs: number): number {
  const count = collectionCount(p, ref);
  if (collectionIsPacked(p, ref)) return count;
  const rootRef = collectionRoot(p, ref);
  if (rootExpiringCount(p, rootRef) === 0) return count;
  let alive = 0;
  for (let slot = 0; slot < count; slot++) {
    const expiresAtMs = itemExpiresAtMs(p, rosterAt(p, rootRef, slot));
    if (expiresAtMs === 0 || expiresAtMs > nowMs) alive++;
  }
  return alive;
}

/** A walk over the entries of a collection, which must not change meanwhile. One per use and thread. */
export class EntryWalk {
  /** Packed: the next entry, and the end of the strip. */
  at = 0;
  end = 0;
  stride = 0;
  /** Large: the root, 0 if it is packed, and the next slot. */
  rootRef = 0;
  slot = 0;
}

export function walkStart(p: Partition, ref: number, walk: EntryWalk): void {
  walk.slot = 0;
  if (collectionIsPacked(p, ref)) {
    walk.rootRef = 0;
    walk.at = packedStart(p, ref);
    walk.end = packedEnd(p, ref);
    walk.stride = entryStride(p, ref);
  } else {
    walk.rootRef = collectionRoot(p, ref);
  }
}

/** Takes the next entry that is there. False: there is none left. */
export function walkNext(p: Partition, walk: EntryWalk, entry: Entry, nowMs: number): boolean {
  if (walk.rootRef === 0) {
    if (walk.at === walk.end) return false;
    packedTake(p, entry, walk.at, walk.stride);
    walk.at = stripNext(p.u8, walk.at);
    if (walk.stride === 2) walk.at = stripNext(p.u8, walk.at);
    return true;
  }
  const count = rootCount(p, walk.rootRef);
  while (walk.slot < count) {
    memberTake(p, entry, rosterAt(p, walk.rootRef, walk.slot++));
    if (entryIsAlive(entry, nowMs)) return true;
  }
  return false;
}

/** The score of an entry of a sorted set: its value. */
export function entryScore(p: Partition, entry: Entry): number {
  return p.view.getFloat64(entry.valueStart, true);
}

/** Copies the whole value found to the beginning of target, which has room for it. */
export function entryValueCopy(p: Partition, entry: Entry, target: Buffer): void {
  const { memberRef, valueStart, valueBytes } = entry;
  if (memberRef !== 0) itemValueCopy(p, memberRef, target, 0);
  else bytesCopy(p.u8, valueStart, target, 0, valueBytes);
}
