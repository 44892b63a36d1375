/**
 * Taking all but a range of elements out of a list.
 *
 * What goes is freed at once, strip by strip, unless it is much and more than what stays: then that moves to
 * a root of its own, which takes its time to move, and the rest goes to the graveyard.
 *
 * Guard: the partition lock.
 */
import { collectionCount, collectionForm, collectionRoot, FORM } from '../../memory/collection.ts';
import { itemBytes } from '../../memory/item.ts';
import { nodeRootSet, rootBytes, rootBytesAdd, rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import {
  ENTRY_LEAF_WORD,
  TreePlace,
  treeAt,
  treeEnd,
  treeEntry,
  treeEntryWeight,
  treeFirst,
  treeNext,
} from '../collection/counted-tree.ts';
import { treeFree, treeRemove } from '../collection/counted-tree-change.ts';
import { treeCreate, treeInsert } from '../collection/counted-tree-growth.ts';
import { rootDiscard } from '../collection/graveyard.ts';
import { rootAttach, rootCreate } from '../collection/root.ts';
import { largeSettle, listDrop } from './list.ts';
import { entryIsStrip } from './list-entry.ts';
import { largeDrop } from './list-shrink.ts';
import { stripNodeChunkBytes } from './list-strip.ts';

/** From this size on what goes may go to the graveyard. */
const BURIED_BYTES_MIN = 1 << 20;
/** … if it is so many times what stays. */
const BURIED_SHARE_MIN = 2;

const place = new TreePlace();
const target = new TreePlace();

/**
 * Takes out all but the `kept` elements from `start` on; the list has so many. Returns the item's ref; 0
 * if the list is gone.
 *   hash   of the item's key
 */
export function listTrim(
  p: Partition,
  hash: number,
  ref: number,
  start: number,
  kept: number,
  nowMs: number,
): number {
  const length = collectionCount(p, ref);
  if (kept === 0) return listDrop(p, hash, ref, true, length, nowMs);
  if (length - kept >= kept * BURIED_SHARE_MIN && collectionForm(p, ref) === FORM.LARGE) {
    const isLong = rootBytes(p, collectionRoot(p, ref)) >= BURIED_BYTES_MIN;
    if (isLong && largeTrim(p, ref, start, kept, nowMs)) return largeSettle(p, hash, ref, nowMs);
  }
  const to = listDrop(p, hash, ref, false, length - start - kept, nowMs);
  return listDrop(p, hash, to, true, start, nowMs);
}

/** Does it by moving what stays. False: there is no memory for that, and nothing has changed. */
function largeTrim(p: Partition, ref: number, start: number, kept: number, nowMs: number): boolean {
  const rootRef = collectionRoot(p, ref);
  p.guardRef = ref;
  const fresh = rootCreate(p, nowMs);
  const isMade = fresh !== 0 && treeCreate(p, fresh, false, nowMs);
  const before = treeAt(p, rootRef, start, place);
  const entries = isMade ? entriesCopy(p, fresh, before + kept, nowMs) : 0;
  p.guardRef = 0;
  if (entries === 0) {
    if (fresh !== 0) rootUndo(p, rootRef, fresh, start, before + kept);
    return false;
  }
  treeAt(p, rootRef, start, place);
  let moved = 0;
  for (let left = entries; left > 0; left--) {
    const bytes = entryBytes(p, treeEntry(p, place));
    moved += treeEntryWeight(p, place);
    rootBytesAdd(p, rootRef, -bytes);
    rootBytesAdd(p, fresh, bytes);
    treeRemove(p, place);
  }
  rootCountAdd(p, rootRef, -moved);
  rootCountAdd(p, fresh, moved);
  for (let more = treeFirst(p, fresh, place); more; more = treeNext(p, place)) {
    const entry = treeEntry(p, place);
    if (entryIsStrip(p, entry)) nodeRootSet(p, entry, fresh);
    leafNote(p, entry);
  }
  rootDiscard(p, rootRef);
  rootAttach(p, ref, fresh);
  largeDrop(p, fresh, true, before);
  largeDrop(p, fresh, false, moved - before - kept);
  return true;
}

/**
 * Puts the entries from the place on into another tree as well, until it has `weight`. Returns how many;
 * 0 without memory.
 */
function entriesCopy(p: Partition, fresh: number, weight: number, nowMs: number): number {
  let entries = 0;
  let left = weight;
  treeEnd(p, fresh, target);
  for (; left > 0; entries++) {
    const entryWeight = treeEntryWeight(p, place);
    if (!treeInsert(p, target, treeEntry(p, place), entryWeight, nowMs)) return 0;
    target.slot++;
    left -= entryWeight;
    treeNext(p, place);
  }
  return entries;
}

/** Frees a tree that has not taken over its entries: they name the leaves of their own again. */
function rootUndo(
  p: Partition,
  rootRef: number,
  fresh: number,
  start: number,
  weight: number,
): void {
  treeFree(p, fresh, Number.MAX_SAFE_INTEGER);
  chunkGive(p, fresh);
  treeAt(p, rootRef, start, place);
  for (let left = weight; left > 0; treeNext(p, place)) {
    leafNote(p, treeEntry(p, place));
    left -= treeEntryWeight(p, place);
  }
}

/** The entry at the place names the leaf there. */
function leafNote(p: Partition, entry: number): void {
  p.i32[(entry << 1) + ENTRY_LEAF_WORD] = place.leafRef;
}

function entryBytes(p: Partition, entry: number): number {
  return entryIsStrip(p, entry) ? stripNodeChunkBytes(p, entry) : itemBytes(p, entry);
}
