/**
 * Going along a stream, from any id in either direction. A cursor is good until its stream changes.
 *
 *   for (let more = streamSeek(p, rootRef, id, cursor); more; more = streamNext(p, cursor)) …
 *
 * What hangs in the tree is found by the ids that blocks start with: to compare with what is below a
 * child, a search goes down to the first block there, so an inner node keeps no ids. Nearly all searches are
 * for what came last, and try the last block first.
 *
 * Guard: the partition lock.
 */
import {
  StreamId,
  streamIdCompare,
  streamIdCompareAt,
  streamIdIsMax,
  streamIdRead,
} from '../../base/stream-id.ts';
import { rootCount } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  nodeCount,
  nodeIsLeaf,
  slotWord,
  TreePlace,
  treeEntry,
  treeFind,
  treeNext,
  treePrevious,
  treeTop,
} from '../collection/counted-tree.ts';
import {
  blockEntry,
  blockFirst,
  blockNameCount,
  blockNames,
  blockSlots,
  entryBody,
  entryHasNames,
  entryId,
} from './stream-block.ts';
import { entryCountOf, entryIdWord, entryIsBlock } from './stream-entry.ts';
import { fieldNext, fieldsSkip, lengthEnd, lengthRead } from './stream-fields.ts';
import { longFieldCount } from './stream-long.ts';
import { streamTail } from './stream-root.ts';

export class StreamCursor {
  readonly place: TreePlace = new TreePlace();
  /** The block, or the long entry, at the place; and the slot in the block. */
  entry = 0;
  slot = 0;
  /** Of the entry that the cursor is at. */
  readonly id: StreamId = new StreamId();
  /** Its fields. */
  fieldCount = 0;
  /** Where, in a block, its next name and value are: offsets in the partition. See streamField. */
  nameAt = 0;
  valueAt = 0;
}

const LEAST = new StreamId();

/** Whether the cursor is at an entry too long for a block: see LongReader. */
export function cursorIsLong(p: Partition, cursor: StreamCursor): boolean {
  return !entryIsBlock(p, cursor.entry);
}

/** Goes to the first entry that is not before the id. False: there is none. */
export function streamSeek(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  cursor: StreamCursor,
): boolean {
  if (rootCount(p, rootRef) === 0) return false;
  entrySeek(p, rootRef, id, cursor);
  const { entry } = cursor;
  if (entryIsBlock(p, entry)) {
    cursor.slot = blockSeek(p, entry, id);
    if (cursor.slot < blockSlots(p, entry)) {
      slotTake(p, cursor);
      return true;
    }
  } else if (streamIdCompareAt(p.i32, entryIdWord(p, entry), id) >= 0) {
    longTake(p, cursor);
    return true;
  }
  return entryNext(p, cursor);
}

/** Goes to the last entry that is not behind the id. False: there is none. */
export function streamSeekBack(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  cursor: StreamCursor,
): boolean {
  if (streamIdIsMax(id)) return streamLastEntry(p, rootRef, cursor);
  if (rootCount(p, rootRef) === 0) return false;
  entrySeek(p, rootRef, id, cursor);
  const { entry } = cursor;
  if (streamIdCompareAt(p.i32, entryIdWord(p, entry), id) > 0) return false;
  if (!entryIsBlock(p, entry)) {
    longTake(p, cursor);
    return true;
  }
  cursor.slot = blockSeek(p, entry, id);
  if (cursor.slot < blockSlots(p, entry)) {
    slotTake(p, cursor);
    if (streamIdCompare(cursor.id, id) === 0) return true;
  }
  return streamPrevious(p, cursor);
}

/** Goes to the entry that has the id. False: there is none. */
export function streamSeekExact(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  cursor: StreamCursor,
): boolean {
  return streamSeek(p, rootRef, id, cursor) && streamIdCompare(cursor.id, id) === 0;
}

/** Goes to the first entry. False: there is none. */
export function streamFirstEntry(p: Partition, rootRef: number, cursor: StreamCursor): boolean {
  return streamSeek(p, rootRef, LEAST, cursor);
}

/** Goes to the last entry. False: there is none. */
export function streamLastEntry(p: Partition, rootRef: number, cursor: StreamCursor): boolean {
  const tail = streamTail(p, rootRef);
  if (tail === 0) return false;
  treeFind(p, tail, cursor.place);
  endTake(p, tail, cursor);
  return true;
}

/** Goes to the next entry. False: that was the last, and the cursor is nowhere. */
export function streamNext(p: Partition, cursor: StreamCursor): boolean {
  const { entry } = cursor;
  if (entryIsBlock(p, entry) && cursor.slot + 1 < blockSlots(p, entry)) {
    cursor.slot++;
    slotTake(p, cursor);
    return true;
  }
  return entryNext(p, cursor);
}

/** Goes to the entry before. False: that was the first, and the cursor is nowhere. */
export function streamPrevious(p: Partition, cursor: StreamCursor): boolean {
  const { entry, place } = cursor;
  if (entryIsBlock(p, entry) && cursor.slot > blockFirst(p, entry)) {
    cursor.slot--;
    slotTake(p, cursor);
    return true;
  }
  if (!treePrevious(p, place)) return false;
  endTake(p, treeEntry(p, place), cursor);
  return true;
}

/** How many entries there are from one to another behind it, both included; at most `max`. */
export function streamCount(
  p: Partition,
  from: StreamCursor,
  to: StreamCursor,
  max: number,
): number {
  const { entry } = from;
  if (entry === to.entry) return Math.min(max, to.slot - from.slot + 1);
  let count = entryIsBlock(p, entry) ? blockSlots(p, entry) - from.slot : 1;
  counting.leafRef = from.place.leafRef;
  counting.slot = from.place.slot;
  while (count < max && treeNext(p, counting)) {
    const next = treeEntry(p, counting);
    if (next === to.entry) {
      count += entryIsBlock(p, next) ? to.slot - blockFirst(p, next) + 1 : 1;
      break;
    }
    count += entryCountOf(p, next);
  }
  return Math.min(max, count);
}

const counting = new TreePlace();

/**
 * Goes on to the next field of the entry, which is in a block: its name is the string at `nameAt`, its value
 * the one at `valueAt` (stream-fields.ts).
 */
export function fieldPass(p: Partition, cursor: StreamCursor): void {
  cursor.nameAt = fieldNext(p.u8, cursor.nameAt);
  cursor.valueAt = fieldNext(p.u8, cursor.valueAt);
}

// ── Within ──────────────────────────────────────────────────────────────────────────────────────

/** Goes to the tree's last entry whose id is not behind this one; to the first, if all are. */
function entrySeek(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  cursor: StreamCursor,
): void {
  const { place } = cursor;
  const tail = streamTail(p, rootRef);
  if (streamIdCompareAt(p.i32, entryIdWord(p, tail), id) <= 0) {
    treeFind(p, tail, place);
    cursor.entry = tail;
    return;
  }
  for (let node = treeTop(p, rootRef); ; ) {
    let low = 0;
    let high = nodeCount(p, node) - 1;
    while (low < high) {
      const slot = (low + high + 1) >>> 1;
      const first = entryBelow(p, node, slot);
      if (streamIdCompareAt(p.i32, entryIdWord(p, first), id) <= 0) low = slot;
      else high = slot - 1;
    }
    if (nodeIsLeaf(p, node)) {
      place.leafRef = node;
      place.slot = low;
      cursor.entry = treeEntry(p, place);
      return;
    }
    node = p.i32[slotWord(node, low)];
  }
}

/** The first entry below a slot. */
function entryBelow(p: Partition, node: number, slot: number): number {
  let above = node;
  let below = p.i32[slotWord(node, slot)];
  while (!nodeIsLeaf(p, above)) {
    above = below;
    below = p.i32[slotWord(above, 0)];
  }
  return below;
}

const probe = new StreamId();

/** The slot of a block's first entry that is not before the id; the end of its slots, if all are. */
export function blockSeek(p: Partition, ref: number, id: Readonly<StreamId>): number {
  let low = blockFirst(p, ref);
  let high = blockSlots(p, ref);
  while (low < high) {
    const slot = (low + high) >>> 1;
    entryId(p, ref, blockEntry(p, ref, slot), probe);
    if (streamIdCompare(probe, id) < 0) low = slot + 1;
    else high = slot;
  }
  return low;
}

function entryNext(p: Partition, cursor: StreamCursor): boolean {
  const { place } = cursor;
  if (!treeNext(p, place)) return false;
  cursor.entry = treeEntry(p, place);
  if (entryIsBlock(p, cursor.entry)) {
    cursor.slot = blockFirst(p, cursor.entry);
    slotTake(p, cursor);
  } else {
    longTake(p, cursor);
  }
  return true;
}

/** Comes to the last entry of what is at the place. */
function endTake(p: Partition, entry: number, cursor: StreamCursor): void {
  cursor.entry = entry;
  if (entryIsBlock(p, entry)) {
    cursor.slot = blockSlots(p, entry) - 1;
    slotTake(p, cursor);
  } else {
    longTake(p, cursor);
  }
}

/** Tells of the entry in the slot that the cursor has come to. */
function slotTake(p: Partition, cursor: StreamCursor): void {
  const { u8 } = p;
  const { entry } = cursor;
  const at = blockEntry(p, entry, cursor.slot);
  entryId(p, entry, at, cursor.id);
  const body = entryBody(u8, at);
  if (!entryHasNames(u8, at)) {
    cursor.fieldCount = blockNameCount(p, entry);
    cursor.nameAt = blockNames(entry);
    cursor.valueAt = body;
    return;
  }
  const count = lengthRead(u8, body);
  cursor.fieldCount = count;
  cursor.nameAt = lengthEnd(u8, body);
  cursor.valueAt = fieldsSkip(u8, cursor.nameAt, count);
}

function longTake(p: Partition, cursor: StreamCursor): void {
  const { entry } = cursor;
  streamIdRead(p.i32, entryIdWord(p, entry), cursor.id);
  cursor.fieldCount = longFieldCount(p, entry);
  cursor.slot = 0;
}
