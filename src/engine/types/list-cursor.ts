/**
 * Going along a list, from any element in either direction. A cursor is good until its list changes.
 *
 * Guard: the partition lock.
 */
import { collectionCount, collectionForm, collectionRoot, FORM } from '../../memory/collection.ts';
import { itemIsChained, itemValueBytes, itemValueOffset } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  TreePlace,
  treeAt,
  treeEntry,
  treeNext,
  treePrevious,
} from '../collection/counted-tree.ts';
import { packedEnd, packedStart } from '../collection/packed.ts';
import {
  stripContentBytes,
  stripContentStart,
  stripEquals,
  stripNext,
  stripPrevious,
  stripSeek,
} from '../collection/strip.ts';
import { elementEquals } from './list-element.ts';
import { entryIsStrip } from './list-entry.ts';
import { stripNodeCount, stripNodeEnd, stripNodeStart } from './list-strip.ts';

export class ListCursor {
  /** The list's item. */
  ref = 0;
  /** In a large list: where in the tree, and which strip or long element is there. Else 0. */
  readonly place: TreePlace = new TreePlace();
  entry = 0;
  /** Where the element's entry is in its strip: an offset in the partition. */
  at = 0;
  /** The element: partition.u8[start, start + bytes), or the value of the item at `chainRef`. */
  start = 0;
  bytes = 0;
  chainRef = 0;
}

/** Goes to the element at `index`, counted from 0. False if there is none, and the cursor is nowhere. */
export function listSeek(p: Partition, ref: number, index: number, cursor: ListCursor): boolean {
  cursor.ref = ref;
  cursor.entry = 0;
  if (collectionForm(p, ref) === FORM.PACKED) {
    const count = collectionCount(p, ref);
    if (index < 0 || index >= count) return false;
    cursor.at = stripSeek(p.u8, packedStart(p, ref), packedEnd(p, ref), count, index);
    elementTake(p, cursor);
    return true;
  }
  return largeSeek(p, collectionRoot(p, ref), index, cursor);
}

/** As listSeek, in a large list that may not have an item yet. */
export function largeSeek(
  p: Partition,
  rootRef: number,
  index: number,
  cursor: ListCursor,
): boolean {
  const { place } = cursor;
  const inside = treeAt(p, rootRef, index, place);
  if (inside < 0) return false;
  const entry = treeEntry(p, place);
  cursor.entry = entry;
  cursor.at = 0;
  if (entryIsStrip(p, entry)) {
    const end = stripNodeEnd(p, entry);
    const count = stripNodeCount(p, entry);
    cursor.at = stripSeek(p.u8, stripNodeStart(p, entry), end, count, inside);
  }
  elementTake(p, cursor);
  return true;
}

/** Goes to the next element. False if that was the last, and the cursor is nowhere. */
export function listNext(p: Partition, cursor: ListCursor): boolean {
  const { entry, place } = cursor;
  if (cursor.at !== 0) {
    cursor.at = stripNext(p.u8, cursor.at);
    if (cursor.at < cursorStripEnd(p, cursor)) {
      elementTake(p, cursor);
      return true;
    }
  }
  if (entry === 0 || !treeNext(p, place)) return false;
  const next = treeEntry(p, place);
  cursor.entry = next;
  cursor.at = entryIsStrip(p, next) ? stripNodeStart(p, next) : 0;
  elementTake(p, cursor);
  return true;
}

/** Goes to the element before. False if that was the first, and the cursor is nowhere. */
export function listPrevious(p: Partition, cursor: ListCursor): boolean {
  const { entry, place } = cursor;
  if (cursor.at > cursorStripStart(p, cursor)) {
    cursor.at = stripPrevious(p.u8, cursor.at);
    elementTake(p, cursor);
    return true;
  }
  if (entry === 0 || !treePrevious(p, place)) return false;
  const previous = treeEntry(p, place);
  cursor.entry = previous;
  cursor.at = 0;
  if (entryIsStrip(p, previous)) cursor.at = stripPrevious(p.u8, stripNodeEnd(p, previous));
  elementTake(p, cursor);
  return true;
}

/** Where the strip ends that the cursor is in. */
function cursorStripEnd(p: Partition, { entry, ref }: ListCursor): number {
  return entry === 0 ? packedEnd(p, ref) : stripNodeEnd(p, entry);
}

/** Where it starts; of a long element, which is in none, 0. */
function cursorStripStart(p: Partition, { entry, ref, at }: ListCursor): number {
  if (entry === 0) return packedStart(p, ref);
  return at === 0 ? 0 : stripNodeStart(p, entry);
}

/** Tells where the element is that the cursor has come to. */
function elementTake(p: Partition, cursor: ListCursor): void {
  const { at, entry } = cursor;
  cursor.chainRef = 0;
  if (at !== 0) {
    cursor.start = stripContentStart(p.u8, at);
    cursor.bytes = stripContentBytes(p.u8, at);
    return;
  }
  cursor.start = itemValueOffset(p, entry);
  cursor.bytes = itemValueBytes(p, entry);
  if (itemIsChained(p, entry)) cursor.chainRef = entry;
}

/** Whether the element under the cursor is source[start, start + bytes). */
export function listElementEquals(
  p: Partition,
  cursor: ListCursor,
  source: Buffer,
  start: number,
  bytes: number,
): boolean {
  if (cursor.bytes !== bytes) return false;
  if (cursor.at === 0) return elementEquals(p, cursor.entry, source, start, bytes);
  return stripEquals(p.u8, cursor.at, source, start, bytes);
}
