/**
 * Large lists: putting elements into the strips of a tree. Where there is no room, a strip gets a larger
 * chunk; one that is full is split, unless the element comes at its end: then it goes to the end of the
 * strip before, or into one of its own. list-shrink.ts takes elements out.
 *
 * What fails for want of memory leaves the list's elements as they are, though maybe in other strips.
 *
 * Guard: the partition lock; and the list's item is guarded, or its root not yet attached to one.
 */
import { rootBytes, rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  TreePlace,
  treeEnd,
  treeEntry,
  treeFind,
  treeFirst,
  treeLast,
  treePrevious,
} from '../collection/counted-tree.ts';
import { treeReplace, treeWeightAdd } from '../collection/counted-tree-change.ts';
import { treeInsert } from '../collection/counted-tree-growth.ts';
import { stripCount, stripEntryBytes, stripNext, stripWrite } from '../collection/strip.ts';
import { chunkObtain } from '../eviction.ts';
import type { ListCursor } from './list-cursor.ts';
import { elementMake } from './list-element.ts';
import { elementFree, entryIsStrip } from './list-entry.ts';
import {
  STRIP_CONTENT_BYTES_MAX,
  stripNodeAppend,
  stripNodeBytes,
  stripNodeBytesMax,
  stripNodeClass,
  stripNodeCount,
  stripNodeCountAdd,
  stripNodeCut,
  stripNodeEnd,
  stripNodeFree,
  stripNodeInit,
  stripNodeOpen,
  stripNodeRoom,
  stripNodeStart,
} from './list-strip.ts';

/** Part of a list's bytes that a further strip of it is to have room for at once. */
const FIRST_SHARE = 8;

/** Beside a cursor's own. */
const neighbour = new TreePlace();

/** Points the cursor at an end of the list, for something to be put there. */
export function largeEndSeek(
  p: Partition,
  rootRef: number,
  atHead: boolean,
  cursor: ListCursor,
): void {
  const { place } = cursor;
  cursor.entry = 0;
  cursor.at = 0;
  const isThere = atHead ? treeFirst(p, rootRef, place) : treeLast(p, rootRef, place);
  if (!isThere) return;
  const entry = treeEntry(p, place);
  if (!entryIsStrip(p, entry)) {
    if (atHead) cursor.entry = entry;
    else place.slot++;
    return;
  }
  cursor.entry = entry;
  cursor.at = atHead ? stripNodeStart(p, entry) : stripNodeEnd(p, entry);
}

/**
 * Puts source[start, start + bytes), which is no part of a list, before the element under the cursor, or
 * at the end that largeEndSeek has found, and points the cursor at it. False without memory.
 */
export function largeInsert(
  p: Partition,
  rootRef: number,
  cursor: ListCursor,
  source: Buffer,
  start: number,
  bytes: number,
  nowMs: number,
): boolean {
  if (bytes > STRIP_CONTENT_BYTES_MAX) {
    const element = elementMake(p, rootRef, source, start, bytes, nowMs);
    if (element === 0) return false;
    if (largeElementInsert(p, rootRef, cursor, element, nowMs)) return true;
    elementFree(p, rootRef, element);
    return false;
  }
  const entryBytes = stripEntryBytes(bytes);
  if (!hostFind(p, rootRef, cursor, entryBytes, nowMs)) return false;
  const { entry, place } = cursor;
  cursor.at = stripNodeOpen(p, entry, cursor.at, entryBytes);
  stripWrite(p.u8, cursor.at, source, start, bytes);
  stripNodeCountAdd(p, entry, 1);
  treeWeightAdd(p, place, 1);
  rootCountAdd(p, rootRef, 1);
  return true;
}

/** Puts a strip of its own with the entries in [start, end) of this partition, no long ones, at the tail. */
export function largeStripPush(
  p: Partition,
  rootRef: number,
  start: number,
  end: number,
  count: number,
  nowMs: number,
): boolean {
  const fresh = chunkObtain(p, stripNodeClass(p, end - start), nowMs);
  if (fresh === 0) return false;
  stripNodeInit(p, fresh, rootRef, end - start, false);
  stripNodeAppend(p, fresh, start, end, count);
  treeEnd(p, rootRef, neighbour);
  if (!treeInsert(p, neighbour, fresh, count, nowMs)) {
    stripNodeFree(p, fresh);
    return false;
  }
  rootCountAdd(p, rootRef, count);
  return true;
}

/** As largeInsert, for a long element that has been made. Without memory it stays the caller's. */
export function largeElementInsert(
  p: Partition,
  rootRef: number,
  cursor: ListCursor,
  element: number,
  nowMs: number,
): boolean {
  const { place, entry } = cursor;
  if (cursor.at !== 0) {
    const start = stripNodeStart(p, entry);
    if (cursorIsInside(p, cursor)) {
      const kept = stripCount(p.u8, start, cursor.at);
      if (!stripCutOff(p, rootRef, cursor, cursor.at, kept, nowMs)) return false;
    }
    if (cursor.at !== start) place.slot++;
  }
  if (!treeInsert(p, place, element, 1, nowMs)) return false;
  cursor.entry = element;
  cursor.at = 0;
  rootCountAdd(p, rootRef, 1);
  return true;
}

/** Whether elements of one strip are on both sides of the cursor. */
function cursorIsInside(p: Partition, { entry, at }: ListCursor): boolean {
  return at !== stripNodeStart(p, entry) && at !== stripNodeEnd(p, entry);
}

/** Points the cursor to where an entry of so many bytes can be put into a strip. False: no memory. */
function hostFind(
  p: Partition,
  rootRef: number,
  cursor: ListCursor,
  bytes: number,
  nowMs: number,
): boolean {
  const { place } = cursor;
  let comesBehind = cursor.entry === 0;
  if (cursor.at !== 0) {
    if (stripTakes(p, cursor.entry, bytes)) return roomMake(p, rootRef, cursor, bytes, nowMs);
    if (cursorIsInside(p, cursor)) {
      if (!stripSplit(p, rootRef, cursor, nowMs)) return false;
      return roomMake(p, rootRef, cursor, bytes, nowMs);
    }
    comesBehind = cursor.at === stripNodeEnd(p, cursor.entry);
    if (comesBehind) place.slot++;
  }
  if (!comesBehind && stripBeforeTakes(p, cursor, bytes)) {
    return roomMake(p, rootRef, cursor, bytes, nowMs);
  }
  return stripAdd(p, rootRef, cursor, bytes, comesBehind, nowMs);
}

/** Whether a strip has, or can get, room for an entry of so many bytes. */
function stripTakes(p: Partition, strip: number, bytes: number): boolean {
  return stripNodeBytes(p, strip) + bytes <= stripNodeBytesMax(p);
}

/** If the entry before the cursor's is a strip with room, points the cursor at its end. */
function stripBeforeTakes(p: Partition, cursor: ListCursor, bytes: number): boolean {
  const { place } = cursor;
  neighbour.leafRef = place.leafRef;
  neighbour.slot = place.slot;
  if (!treePrevious(p, neighbour)) return false;
  const entry = treeEntry(p, neighbour);
  if (!entryIsStrip(p, entry) || !stripTakes(p, entry, bytes)) return false;
  place.leafRef = neighbour.leafRef;
  place.slot = neighbour.slot;
  cursor.entry = entry;
  cursor.at = stripNodeEnd(p, entry);
  return true;
}

/** Puts the cursor's strip into a larger chunk if it has no room for `bytes` more. False: no memory. */
function roomMake(
  p: Partition,
  rootRef: number,
  cursor: ListCursor,
  bytes: number,
  nowMs: number,
): boolean {
  const { entry, place } = cursor;
  if (stripNodeRoom(p, entry) >= bytes) return true;
  const used = stripNodeBytes(p, entry);
  const fresh = chunkObtain(p, stripNodeClass(p, used + bytes), nowMs);
  if (fresh === 0) return false;
  const start = stripNodeStart(p, entry);
  // What grows at its head has the new room before it.
  stripNodeInit(p, fresh, rootRef, used, cursor.at === start);
  stripNodeAppend(p, fresh, start, start + used, stripNodeCount(p, entry));
  treeReplace(p, place, fresh);
  stripNodeFree(p, entry);
  cursor.entry = fresh;
  cursor.at += stripNodeStart(p, fresh) - start;
  return true;
}

/** Gives the tree an empty strip at the cursor's place. False: no memory. */
function stripAdd(
  p: Partition,
  rootRef: number,
  cursor: ListCursor,
  bytes: number,
  comesBehind: boolean,
  nowMs: number,
): boolean {
  const expected = Math.max(bytes, Math.floor(rootBytes(p, rootRef) / FIRST_SHARE));
  const fresh = chunkObtain(p, stripNodeClass(p, expected), nowMs);
  if (fresh === 0) return false;
  stripNodeInit(p, fresh, rootRef, bytes, !comesBehind);
  if (!treeInsert(p, cursor.place, fresh, 0, nowMs)) {
    stripNodeFree(p, fresh);
    return false;
  }
  cursor.entry = fresh;
  cursor.at = stripNodeStart(p, fresh);
  return true;
}

/** Splits the strip that the cursor is inside of, about in the middle. False: no memory. */
function stripSplit(p: Partition, rootRef: number, cursor: ListCursor, nowMs: number): boolean {
  const { entry } = cursor;
  const start = stripNodeStart(p, entry);
  const end = stripNodeEnd(p, entry);
  const middle = (start + end) >>> 1;
  let cut = start;
  let kept = 0;
  for (let next = stripNext(p.u8, start); next < end; next = stripNext(p.u8, next)) {
    const isNearer = cut === start || Math.abs(next - middle) < Math.abs(cut - middle);
    if (!isNearer) break;
    cut = next;
    kept++;
  }
  return stripCutOff(p, rootRef, cursor, cut, kept, nowMs);
}

/**
 * Moves what lies from `cut` on, behind the first `kept` elements, into a strip of its own. The cursor
 * follows, but at the cut stays at the old strip's end. False: no memory, and nothing has changed.
 */
function stripCutOff(
  p: Partition,
  rootRef: number,
  cursor: ListCursor,
  cut: number,
  kept: number,
  nowMs: number,
): boolean {
  const { entry, place } = cursor;
  const end = stripNodeEnd(p, entry);
  const moved = stripNodeCount(p, entry) - kept;
  const fresh = chunkObtain(p, stripNodeClass(p, end - cut), nowMs);
  if (fresh === 0) return false;
  stripNodeInit(p, fresh, rootRef, end - cut, false);
  neighbour.leafRef = place.leafRef;
  neighbour.slot = place.slot + 1;
  if (!treeInsert(p, neighbour, fresh, 0, nowMs)) {
    stripNodeFree(p, fresh);
    return false;
  }
  stripNodeAppend(p, fresh, cut, end, moved);
  stripNodeCut(p, entry, cut, moved);
  treeWeightAdd(p, neighbour, moved);
  treeFind(p, entry, place);
  treeWeightAdd(p, place, -moved);
  if (cursor.at > cut) {
    cursor.entry = fresh;
    cursor.at += stripNodeStart(p, fresh) - cut;
    treeFind(p, fresh, place);
  }
  return true;
}
