/**
 * What the tree of a large list refers to: strips, and between them elements too long for one. Both name
 * their leaf where the tree looks for that, and are told apart by what kind of chunk they are.
 *
 * Here is how they go, which takes no memory: the graveyard needs it too.
 *
 * Guard: the partition lock.
 */
import { chunkKind, itemBytes, KIND_NODE } from '../../memory/item.ts';
import { rootBytesAdd, rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { nodeCount, nodeWeight, slotWord, TreePlace, treeEnd } from '../collection/counted-tree.ts';
import { itemFree } from '../lifecycle.ts';
import { stripNodeFree } from './list-strip.ts';

/** Whether an entry is a strip: else it is a long element. */
export function entryIsStrip(p: Partition, entry: number): boolean {
  return chunkKind(p, entry) === KIND_NODE;
}

/** Frees an entry that is in no tree any more. */
export function entryFree(p: Partition, rootRef: number, entry: number): void {
  if (entryIsStrip(p, entry)) stripNodeFree(p, entry);
  else elementFree(p, rootRef, entry);
}

/** Frees a long element that is in no tree any more. */
export function elementFree(p: Partition, rootRef: number, ref: number): void {
  rootBytesAdd(p, rootRef, -itemBytes(p, ref));
  itemFree(p, ref);
}

const place = new TreePlace();

/** Frees the entries of a list's last leaf, which itself is to follow: treeFree. Returns how many. */
export function lastEntriesFree(p: Partition, rootRef: number): number {
  treeEnd(p, rootRef, place);
  const leaf = place.leafRef;
  const count = nodeCount(p, leaf);
  rootCountAdd(p, rootRef, -nodeWeight(p, leaf));
  for (let slot = 0; slot < count; slot++) entryFree(p, rootRef, p.i32[slotWord(leaf, slot)]);
  return count;
}
