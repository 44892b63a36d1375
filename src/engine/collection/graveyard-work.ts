/**
 * Freeing what lies in the graveyard, some chunks at a time: first the consumer groups of a stream; then the
 * tree, from its end, and with it the elements of a list or the entries of a stream; then the members, from the
 * last to the first; in the end the root.
 *
 * Guard: the partition lock. It takes no memory.
 */
import { itemHash } from '../../memory/item.ts';
import { ROOT, rootCount, rootIsStream } from '../../memory/node.ts';
import { HEADER_F64, type Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import { lastEntriesFree } from '../types/list-entry.ts';
import { lastBlocksFree } from '../types/stream-entry.ts';
import { groupsShrink } from '../types/stream-group-removal.ts';
import { nodeIsOrdered, treeTop } from './counted-tree.ts';
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
  if (rootIsStream(p, rootRef) && groupsShrink(p, rootRef)) return 1;
  if (treeTop(p, rootRef) !== 0) {
    return leafEntriesFree(p, rootRef) + treeFree(p, rootRef, 1);
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

/** Frees what hangs in the last leaf of a tree, if it is not members. Returns how many chunks went. */
function leafEntriesFree(p: Partition, rootRef: number): number {
  if (rootIsStream(p, rootRef)) return lastBlocksFree(p, rootRef);
  return nodeIsOrdered(p, treeTop(p, rootRef)) ? 0 : lastEntriesFree(p, rootRef);
}
