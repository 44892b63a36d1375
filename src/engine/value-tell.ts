/**
 * Telling the value of a key, whatever its type and form, to a sink (base/value-sink.ts). Sorted sets are
 * told in their order, fields whose time has come are not told.
 *
 * Guard: the partition lock. The sink may take memory, in this partition too, if the item is guarded.
 */
import { VALUE_KIND, type ValueKind, type ValueSink } from '../base/value-sink.ts';
import { itemValueCopy } from '../memory/chain.ts';
import { collectionCount, collectionRoot, itemIsLarge } from '../memory/collection.ts';
import {
  ITEM_TYPE,
  itemIsChained,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../memory/item.ts';
import { rootExpiringCount } from '../memory/node.ts';
import type { Partition } from '../memory/partition.ts';
import { Entry, EntryWalk, entryCount, walkNext, walkStart } from './collection/entry.ts';
import { ListCursor, listNext, listSeek } from './types/list-cursor.ts';
import { streamTell } from './types/stream-tell.ts';
import { ZsetEntry } from './types/zset-entry.ts';
import { ZsetWalk, zsetWalkNext, zsetWalkStart } from './types/zset-walk.ts';

const EMPTY = Buffer.alloc(0);
const entry = new Entry(EMPTY);
const walk = new EntryWalk();
const member = new ZsetEntry(EMPTY);
const zsetWalk = new ZsetWalk();
const cursor = new ListCursor();

/** Whether there is anything to tell: not of a hash whose last field has died. */
export function valueIsThere(p: Partition, ref: number, nowMs: number): boolean {
  return itemType(p, ref) === ITEM_TYPE.STREAM || valueCount(p, ref, nowMs) > 0;
}

/** Elements that valueTell is going to tell. */
function valueCount(p: Partition, ref: number, nowMs: number): number {
  const type = itemType(p, ref);
  if (type === ITEM_TYPE.STRING) return 1;
  return type === ITEM_TYPE.HASH ? entryCount(p, ref, nowMs) : collectionCount(p, ref);
}

/** When the first field of a hash expires; 0: none does, or it is no hash. */
export function valueEarliestMs(p: Partition, ref: number, nowMs: number): number {
  if (itemType(p, ref) !== ITEM_TYPE.HASH || !itemIsLarge(p, ref)) return 0;
  if (rootExpiringCount(p, collectionRoot(p, ref)) === 0) return 0;
  let earliest = 0;
  walkStart(p, ref, walk);
  while (walkNext(p, walk, entry, nowMs)) {
    const { expiresAtMs } = entry;
    if (expiresAtMs !== 0 && (earliest === 0 || expiresAtMs < earliest)) earliest = expiresAtMs;
  }
  return earliest;
}

/** Tells the value of a live item. False: the sink had enough. */
export function valueTell(p: Partition, ref: number, nowMs: number, sink: ValueSink): boolean {
  if (itemType(p, ref) === ITEM_TYPE.STREAM) {
    const told = sink.streamBegin?.() ?? null;
    return told !== null && streamTell(p, collectionRoot(p, ref), told) && sink.valueEnd();
  }
  const count = valueCount(p, ref, nowMs);
  // The numbers of types and kinds are the same.
  if (count === 0 || !sink.valueBegin(itemType(p, ref) as ValueKind, count)) return false;
  return elementsTell(p, ref, nowMs, sink) && sink.valueEnd();
}

function elementsTell(p: Partition, ref: number, nowMs: number, sink: ValueSink): boolean {
  switch (itemType(p, ref)) {
    case VALUE_KIND.STRING:
      return itemTell(p, ref, sink);
    case VALUE_KIND.LIST:
      return listTell(p, ref, sink);
    case VALUE_KIND.ZSET:
      return zsetTell(p, ref, sink);
    default:
      return entriesTell(p, ref, nowMs, sink);
  }
}

/** Tells the value of an item: a string, a long element, or a member with the value of a field. */
function itemTell(p: Partition, ref: number, sink: ValueSink): boolean {
  const bytes = itemValueBytes(p, ref);
  if (!itemIsChained(p, ref)) return sink.valueString(p.u8, itemValueOffset(p, ref), bytes);
  const whole = Buffer.allocUnsafeSlow(bytes);
  itemValueCopy(p, ref, whole, 0);
  return sink.valueString(whole, 0, bytes);
}

function listTell(p: Partition, ref: number, sink: ValueSink): boolean {
  let isThere = listSeek(p, ref, 0, cursor);
  while (isThere) {
    const isTold =
      cursor.chainRef === 0
        ? sink.valueString(p.u8, cursor.start, cursor.bytes)
        : itemTell(p, cursor.chainRef, sink);
    if (!isTold) return false;
    isThere = listNext(p, cursor);
  }
  return true;
}

function zsetTell(p: Partition, ref: number, sink: ValueSink): boolean {
  zsetWalkStart(p, ref, zsetWalk, 0, collectionCount(p, ref), false);
  while (zsetWalkNext(p, zsetWalk, member)) {
    if (!sink.valueString(member.name, member.nameStart, member.nameBytes)) return false;
    if (!sink.valueScore(member.score)) return false;
  }
  return true;
}

function entriesTell(p: Partition, ref: number, nowMs: number, sink: ValueSink): boolean {
  const isHash = itemType(p, ref) === ITEM_TYPE.HASH;
  walkStart(p, ref, walk);
  while (walkNext(p, walk, entry, nowMs)) {
    const { expiresAtMs, memberRef } = entry;
    if (expiresAtMs !== 0 && !sink.valueExpiry(expiresAtMs)) return false;
    if (!sink.valueString(entry.name, entry.nameStart, entry.nameBytes)) return false;
    if (!isHash) continue;
    const isTold =
      memberRef === 0
        ? sink.valueString(p.u8, entry.valueStart, entry.valueBytes)
        : itemTell(p, memberRef, sink);
    if (!isTold) return false;
  }
  return true;
}
