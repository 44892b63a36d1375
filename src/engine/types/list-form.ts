/**
 * From a packed list to a large one, and back.
 *
 * A list gets large when a strip in its item has no room for what is to come; that is then put into the
 * large list first, before the item takes it over, so a failure leaves the packed list as it was. It gets
 * packed again when it has half of what a packed one may have; so one at the border does not change its form
 * with every push and pop.
 *
 * Guard: the partition lock; and the list's item is guarded.
 */
import {
  collectionCount,
  collectionFlags,
  collectionHeaderWrite,
  collectionRoot,
  FORM,
  LARGE_VALUE_BYTES,
} from '../../memory/collection.ts';
import { itemExtras, itemKeyBytes, itemValueOffset } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import {
  nodeCount,
  nodeIsLeaf,
  TreePlace,
  treeEntry,
  treeFirst,
  treeNext,
  treeTop,
} from '../collection/counted-tree.ts';
import { treeFree } from '../collection/counted-tree-change.ts';
import { treeCreate } from '../collection/counted-tree-growth.ts';
import {
  PACKED_BYTES_MAX,
  PACKED_HEADER_BYTES,
  packedEnd,
  packedFits,
  packedStart,
  valueSplice,
} from '../collection/packed.ts';
import { rootAttach, rootCreate } from '../collection/root.ts';
import { stripContentBytes, stripContentStart, stripNext } from '../collection/strip.ts';
import { ListCursor } from './list-cursor.ts';
import { entryIsStrip, lastEntriesFree } from './list-entry.ts';
import { largeEndSeek, largeInsert, largeStripPush } from './list-large.ts';
import {
  STRIP_CONTENT_BYTES_MAX,
  stripNodeBytes,
  stripNodeEnd,
  stripNodeStart,
} from './list-strip.ts';

/** A list with more strips is not looked at for whether they would fit an item. */
const PACKED_STRIPS_MAX = 4;

const place = new TreePlace();
const cursor = new ListCursor();

/** A large list with the elements of a packed one, to be attached or freed. 0 without memory. */
export function largeMake(p: Partition, ref: number, nowMs: number): number {
  const rootRef = rootCreate(p, nowMs);
  if (rootRef === 0) return 0;
  if (treeCreate(p, rootRef, false, nowMs) && elementsTake(p, rootRef, ref, nowMs)) return rootRef;
  largeDiscard(p, rootRef);
  return 0;
}

/** Copies the elements of a packed list into a large one that is empty. False: no memory. */
function elementsTake(p: Partition, rootRef: number, ref: number, nowMs: number): boolean {
  const end = packedEnd(p, ref);
  let at = packedStart(p, ref);
  while (at < end) {
    let runEnd = at;
    let count = 0;
    while (runEnd < end && stripContentBytes(p.u8, runEnd) <= STRIP_CONTENT_BYTES_MAX) {
      runEnd = stripNext(p.u8, runEnd);
      count++;
    }
    if (count > 0) {
      if (!largeStripPush(p, rootRef, at, runEnd, count, nowMs)) return false;
    } else {
      const start = stripContentStart(p.u8, at);
      const bytes = stripContentBytes(p.u8, at);
      largeEndSeek(p, rootRef, false, cursor);
      if (!largeInsert(p, rootRef, cursor, p.u8, start, bytes, nowMs)) return false;
      runEnd = stripNext(p.u8, at);
    }
    at = runEnd;
  }
  return true;
}

/** Frees a large list that no item has, at once: it is a short one. */
export function largeDiscard(p: Partition, rootRef: number): void {
  while (treeTop(p, rootRef) !== 0) {
    lastEntriesFree(p, rootRef);
    treeFree(p, rootRef, 1);
  }
  chunkGive(p, rootRef);
}

/**
 * Puts a large list in the place of the packed one that its elements came from. Returns the item's ref,
 * maybe another; 0 without memory: then the item is as it was, and the large list is freed.
 */
export function largeAttach(
  p: Partition,
  hash: number,
  ref: number,
  rootRef: number,
  nowMs: number,
): number {
  const stripBytes = packedEnd(p, ref) - packedStart(p, ref);
  const bodyBytes = LARGE_VALUE_BYTES - PACKED_HEADER_BYTES;
  const to = valueSplice(p, hash, ref, PACKED_HEADER_BYTES, stripBytes, bodyBytes, nowMs);
  if (to === 0) largeDiscard(p, rootRef);
  else rootAttach(p, to, rootRef);
  return to;
}

/** Makes a large list that has got short a packed one, if there is memory. Returns its item's ref. */
export function largeShrunk(p: Partition, hash: number, ref: number, nowMs: number): number {
  const rootRef = collectionRoot(p, ref);
  const bytes = bytesIfFew(p, rootRef);
  if ((bytes + PACKED_HEADER_BYTES) * 2 > PACKED_BYTES_MAX) return ref;
  if (!packedFits(itemExtras(p, ref), itemKeyBytes(p, ref), bytes)) return ref;
  const flags = collectionFlags(p, ref);
  const count = collectionCount(p, ref);
  const bodyBytes = LARGE_VALUE_BYTES - PACKED_HEADER_BYTES;
  const value = itemValueOffset(p, ref);
  // Before it moves: nobody may look for a root where elements are to come.
  collectionHeaderWrite(p, value, FORM.PACKED, flags, count);
  const to = valueSplice(p, hash, ref, PACKED_HEADER_BYTES, bodyBytes, bytes, nowMs);
  if (to === 0) {
    collectionHeaderWrite(p, value, FORM.LARGE, flags, 0);
    return ref;
  }
  let at = packedStart(p, to);
  for (let more = treeFirst(p, rootRef, place); more; more = treeNext(p, place)) {
    const strip = treeEntry(p, place);
    p.u8.copyWithin(at, stripNodeStart(p, strip), stripNodeEnd(p, strip));
    at += stripNodeBytes(p, strip);
  }
  largeDiscard(p, rootRef);
  return to;
}

/** Bytes of all strips of a list that has few of them and no long element. */
function bytesIfFew(p: Partition, rootRef: number): number {
  const top = treeTop(p, rootRef);
  if (!nodeIsLeaf(p, top) || nodeCount(p, top) > PACKED_STRIPS_MAX) return PACKED_BYTES_MAX;
  let bytes = 0;
  for (let more = treeFirst(p, rootRef, place); more; more = treeNext(p, place)) {
    const entry = treeEntry(p, place);
    if (!entryIsStrip(p, entry)) return PACKED_BYTES_MAX;
    bytes += stripNodeBytes(p, entry);
  }
  return bytes;
}
