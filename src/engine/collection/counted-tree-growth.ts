/**
 * Growing a counted tree (counted-tree.ts): entries come and nodes split. All memory that a change needs
 * is obtained before anything is changed, so a refusal leaves the tree as it was.
 *
 * Guard: the partition lock. Obtaining memory may evict, and move items: the collection has to be
 * guarded, or not yet attached to a key. Its nodes then stay where they are, and so do places in it.
 */
import { assert } from '../../base/assert.ts';
import { NODE_TYPE, nodeRoot, ROOT } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  INNER_SLOTS,
  LEAF_SLOTS,
  nodeBytes,
  nodeCount,
  nodeIsOrdered,
  nodeOrderedSet,
  nodeParent,
  nodeSlots,
  nodeWeight,
  slotOf,
  slotWord,
  TREE,
  type TreePlace,
} from './counted-tree.ts';
import {
  entryShift,
  nodeFree,
  pathFirstSet,
  pathWeightAdd,
  slotFill,
  slotOpen,
  slotsMove,
  treeRemove,
} from './counted-tree-change.ts';
import { nodeObtain } from './node-obtain.ts';

/** More levels than a partition could fill. */
const DEPTH_MAX = 24;
/** Nodes set aside for one change, that of the leaves' level first. */
const spares = new Int32Array(DEPTH_MAX);

/** Gives the collection an empty tree. False: no memory. */
export function treeCreate(
  p: Partition,
  rootRef: number,
  ordered: boolean,
  nowMs: number,
): boolean {
  const leaf = treeNodeObtain(p, rootRef, NODE_TYPE.TREE_LEAF, ordered, nowMs);
  if (leaf === 0) return false;
  p.i32[(rootRef << 1) + ROOT.treeRef] = leaf;
  return true;
}

/**
 * Puts an entry before the one at the place, or behind the leaf's last one if the place is there, and
 * goes to it. An ordered tree's entry weighs 1. False: no memory, and nothing has changed.
 */
export function treeInsert(
  p: Partition,
  place: TreePlace,
  entry: number,
  weight: number,
  nowMs: number,
): boolean {
  const { leafRef } = place;
  if (nodeCount(p, leafRef) === LEAF_SLOTS) {
    if (!sparesObtain(p, leafRef, nowMs)) return false;
    place.leafRef = nodeSplit(p, leafRef, place.slot, 0);
    if (place.leafRef !== leafRef) place.slot -= nodeCount(p, leafRef);
  }
  slotOpen(p, place.leafRef, place.slot);
  slotFill(p, place.leafRef, place.slot, entry, weight);
  pathWeightAdd(p, place.leafRef, weight);
  if (place.slot === 0) pathFirstSet(p, place.leafRef);
  return true;
}

/**
 * Moves an ordered tree's entry to before another place, where it belongs by a score that it has been
 * given already. What both places are afterwards is not said. False: no memory, and the tree is as it
 * was; so has the score to be.
 */
export function treeMove(p: Partition, from: TreePlace, to: TreePlace, nowMs: number): boolean {
  const { leafRef, slot } = from;
  const entry = p.i32[slotWord(leafRef, slot)];
  if (to.leafRef === leafRef) {
    entryShift(p, leafRef, slot, to.slot > slot ? to.slot - 1 : to.slot);
    return true;
  }
  // In before out: to take the entry back might need memory. Only the other leaf is split by that.
  if (!treeInsert(p, to, entry, 1, nowMs)) return false;
  treeRemove(p, from);
  return true;
}

// ── Nodes come ──────────────────────────────────────────────────────────────────────────────────

function treeNodeObtain(
  p: Partition,
  rootRef: number,
  type: number,
  ordered: boolean,
  nowMs: number,
): number {
  const node = nodeObtain(p, rootRef, type, nodeBytes(type, ordered), nowMs);
  if (node === 0) return 0;
  if (ordered) nodeOrderedSet(p, node);
  p.i32[(node << 1) + TREE.parentRef] = 0;
  p.i32[(node << 1) + TREE.count] = 0;
  return node;
}

/** Obtains the nodes that an entry more in a full leaf calls for: one a full level, and a new top. */
function sparesObtain(p: Partition, leaf: number, nowMs: number): boolean {
  const rootRef = nodeRoot(p, leaf);
  const ordered = nodeIsOrdered(p, leaf);
  let count = 0;
  for (let node = leaf; node === 0 || nodeCount(p, node) === nodeSlots(p, node); ) {
    const type = count === 0 ? NODE_TYPE.TREE_LEAF : NODE_TYPE.TREE_INNER;
    const spare = treeNodeObtain(p, rootRef, type, ordered, nowMs);
    if (spare === 0) {
      while (count > 0) nodeFree(p, spares[--count]);
      return false;
    }
    assert(count < DEPTH_MAX, 'a tree is not deeper than memory allows');
    spares[count++] = spare;
    if (node === 0) break;
    node = nodeParent(p, node);
  }
  return true;
}

/**
 * Splits a full node by the spare of its level, and its parent if that is full too, for something to
 * be put before `slot`. Returns the node that this goes to: the old one, or the new one behind it, and
 * then its slot is as many less as the old one has kept.
 */
function nodeSplit(p: Partition, node: number, slot: number, level: number): number {
  const fresh = spares[level];
  const count = nodeCount(p, node);
  // At an end, the old node or the new one stays full: more is likely to come there.
  let kept = count >>> 1;
  if (slot === count || slot <= 1) kept = slot;
  slotsMove(p, node, kept, fresh, 0, count - kept);
  p.i32[(node << 1) + TREE.count] = kept;
  p.i32[(fresh << 1) + TREE.count] = count - kept;
  const weight = nodeWeight(p, fresh);
  pathWeightAdd(p, node, -weight);

  let parent = nodeParent(p, node);
  if (parent === 0) parent = topRaise(p, node, spares[level + 1]);
  let place = slotOf(p, parent, node) + 1;
  if (nodeCount(p, parent) === INNER_SLOTS) {
    const target = nodeSplit(p, parent, place, level + 1);
    if (target !== parent) place -= nodeCount(p, parent);
    parent = target;
  }
  slotOpen(p, parent, place);
  slotFill(p, parent, place, fresh, weight);
  if (place === 0) pathFirstSet(p, parent);
  pathWeightAdd(p, parent, weight);
  return slot > kept || slot === count ? fresh : node;
}

/** Puts an empty inner node above the top. */
function topRaise(p: Partition, top: number, above: number): number {
  slotOpen(p, above, 0);
  slotFill(p, above, 0, top, nodeWeight(p, top));
  p.i32[(nodeRoot(p, top) << 1) + ROOT.treeRef] = above;
  return above;
}
