/**
 * What the tree of a stream refers to: blocks (stream-block.ts), and between them entries too long for one,
 * as items of type
 * ELEMENT (stream-long.ts). Both name their leaf where the tree looks for that, and are told apart by what
 * kind of chunk they are.
 *
 * Here is what both have in common, and how they go, which takes no memory: the graveyard needs it too.
 *
 * Guard: the partition lock.
 */
import { chunkKind, itemBytes, itemValueOffset, KIND_NODE } from '../../memory/item.ts';
import { rootBytesAdd, rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { nodeCount, slotWord, TreePlace, treeEnd } from '../collection/counted-tree.ts';
import { itemFree } from '../lifecycle.ts';
import { BLOCK, blockCount, blockFree } from './stream-block.ts';

/** Whether it is a block: else it is a long entry. */
export function entryIsBlock(p: Partition, entry: number): boolean {
  return chunkKind(p, entry) === KIND_NODE;
}

/** i32 index of a block's id, which none of its entries is before, or of a long entry's. */
export function entryIdWord(p: Partition, entry: number): number {
  if (entryIsBlock(p, entry)) return (entry << 1) + BLOCK.id;
  return itemValueOffset(p, entry) >>> 2;
}

/** Entries of the stream that an entry of its tree stands for. */
export function entryCountOf(p: Partition, entry: number): number {
  return entryIsBlock(p, entry) ? blockCount(p, entry) : 1;
}

/** Frees what is in no tree any more, and does not count any more. */
export function entryFree(p: Partition, rootRef: number, entry: number): void {
  if (entryIsBlock(p, entry)) {
    blockFree(p, entry);
  } else {
    rootBytesAdd(p, rootRef, -itemBytes(p, entry));
    itemFree(p, entry);
  }
}

const place = new TreePlace();

/** Frees the entries of the tree's last leaf, which itself is to follow: treeFree. Returns how many. */
export function lastBlocksFree(p: Partition, rootRef: number): number {
  treeEnd(p, rootRef, place);
  const leaf = place.leafRef;
  const count = nodeCount(p, leaf);
  for (let slot = 0; slot < count; slot++) {
    const entry = p.i32[slotWord(leaf, slot)];
    rootCountAdd(p, rootRef, -entryCountOf(p, entry));
    entryFree(p, rootRef, entry);
  }
  return count;
}
