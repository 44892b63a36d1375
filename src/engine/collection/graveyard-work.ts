/**
 * Freeing what lies in the graveyard, some chunks at a time: first the tree, from its end, and with it the
 * elements of a list; then the members, from the last to the first; in the end the root.
 *
 * Guard: the partition lock. It takes no memory.
 */
import { chunkKind, itemHash, KIND_NODE } from '../../memory/item.ts';
import { ROOT, rootCount } from '../../memory/node.ts';
import { HEADER_F64, type Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import { itemFree } from '../lifecycle.ts';
import { nodeCount, nodeIsOrdered, slotWord, TreePlace, treeEnd, treeTop } from './counted-tree.ts';
import { treeFree } from './counted-tree-change.ts';
import { graveyardFirst, graveyardShift } from './graveyard.ts';
import { memberDrop } from './member-life.ts';
import { rosterAt } from './roster.ts';

/**
 * Frees some `chunksMax` chunks, or a few more: those of a leaf's entries, of a member's long value.
 * Returns how many went; 0 when the graveyard is empty.
 */
export function graveyardWork(p: Partition, chunksMax: number): number {
  let freed = 0;
  while (freed < chunksMax) {
    const rootRef = graveyardFirst(p);
    if (rootRef === 0) break;
    freed += collectionShrink(p, rootRef);
  }
  return freed;
}

/** Frees the least that can be freed of a collection at once. */
function collectionShrink(p: Partition, rootRef: number): number {
  if (treeTop(p, rootRef) !== 0) {
    const entries = lastEntriesFree(p, rootRef);
    return entries + treeFree(p, rootRef, 1);
  }
  if (p.i32[(rootRef << 1) + ROOT.rosterRef] !== 0) {
    const ref = rosterAt(p, rootRef, rootCount(p, rootRef) - 1);
    memberDrop(p, rootRef, ref, itemHash(p, ref));
    return 1;
  }
  graveyardShift(p);
  chunkGive(p, rootRef);
  p.f64[HEADER_F64.discardTotal]++;
  return 1;
}

const place = new TreePlace();

/** Frees the entries of a list's last leaf. Those of a sorted set are members, and come later. */
function lastEntriesFree(p: Partition, rootRef: number): number {
  treeEnd(p, rootRef, place);
  const leaf = place.leafRef;
  if (nodeIsOrdered(p, leaf)) return 0;
  const count = nodeCount(p, leaf);
  for (let slot = 0; slot < count; slot++) {
    const entry = p.i32[slotWord(leaf, slot)];
    if (chunkKind(p, entry) === KIND_NODE) chunkGive(p, entry);
    else itemFree(p, entry);
  }
  return count;
}
