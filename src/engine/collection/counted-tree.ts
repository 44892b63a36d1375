/**
 * Counted tree: a B+tree of refs in order, whose inner nodes know how much hangs below each child. So
 * the entry at a position, and the position of an entry, cost one way down or up.
 *
 *   leaf   word 0      1         2           3       4              68
 *          ┌──────────┬─────────┬───────────┬───────┬──────────────┬─────────────────┐
 *          │ meta     │ rootRef │ parentRef │ count │ 64 entry refs│ 64 weights      │
 *          └──────────┴─────────┴───────────┴───────┴──────────────┴─────────────────┘
 *                                                     always         counting trees
 *
 *   inner  word 0      1         2           3       4              54           104             154
 *          ┌──────────┬─────────┬───────────┬───────┬──────────────┬────────────┬───────────────┬───────────┐
 *          │ meta     │ rootRef │ parentRef │ count │ 50 child refs│ 50 weights │ 50 first refs │ 50 scores │
 *          └──────────┴─────────┴───────────┴───────┴──────────────┴────────────┴───────────────┴───────────┘
 *                                                     always         always       ordered trees   f64, too
 *
 *   meta   as every node's (memory/node.ts), and bit 19: of an ordered tree
 *
 * There are two kinds of trees. In a **counting** tree, that of a list, the caller says where an entry
 * goes and what it weighs: the elements of a strip. In an **ordered** tree, that of a sorted set, the
 * entries are members, in the order of (score, name), and each weighs 1, which takes no room; an inner
 * node keeps the first member below each child, with its score, so that a search meets members only in
 * its leaf, or where scores are equal.
 *
 * Whatever a tree refers to names, in its word 2, the node that refers to it: nodes, strips, elements.
 * Only members do not; they are found by their order.
 *
 * The root of the tree is at `ROOT.treeRef`; it is a leaf while that suffices, and may then be empty.
 * No other node is empty, and an inner root has two children or more. Nodes may be far from full: a
 * node that is split at its end keeps all it has, so what is appended fills nodes to the last slot; and
 * one that shrinks to a quarter goes into its neighbour as soon as both fit three quarters of a node.
 * Two neighbours together always hold more than that.
 *
 * This file has the layout, and what leaves the tree as it is; counted-tree-growth.ts and
 * counted-tree-change.ts change it, with and without taking memory, and
 * counted-tree-order.ts searches it.
 *
 * Guard: the partition lock. Cf. valkey-io/valkey src/t_zset.c, whose skip list knows how many members
 * each of its links passes over.
 */
import { assert } from '../../base/assert.ts';
import { itemValueOffset } from '../../memory/item.ts';
import { NODE_TYPE, nodeType, ROOT } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';

/** Words of a node, as i32 indices from `ref << 1`. */
export const TREE = { parentRef: 2, count: 3, slots: 4 } as const;
/** What a leaf and an inner node hold at most. */
export const LEAF_SLOTS = 64;
export const INNER_SLOTS = 50;
/** Where an entry that is no member names its leaf: word 2, as a node does. */
export const ENTRY_LEAF_WORD = TREE.parentRef;

const ORDERED = 1 << 19;
const FIRSTS_WORD = TREE.slots + 2 * INNER_SLOTS;
const SCORES_WORD = TREE.slots + 3 * INNER_SLOTS;

assert(SCORES_WORD % 2 === 0, 'scores lie on 8-byte boundaries');

/** An entry's place: a leaf, and a slot in it. The caller's own; it is good until the tree changes. */
export class TreePlace {
  /** 0: nowhere. */
  leafRef = 0;
  slot = 0;
}

// ── Nodes ───────────────────────────────────────────────────────────────────────────────────────

export function nodeIsLeaf(p: Partition, node: number): boolean {
  return nodeType(p, node) === NODE_TYPE.TREE_LEAF;
}

export function nodeIsOrdered(p: Partition, node: number): boolean {
  return (p.i32[node << 1] & ORDERED) !== 0;
}

export function nodeOrderedSet(p: Partition, node: number): void {
  p.i32[node << 1] |= ORDERED;
}

/** Bytes of a node of the type. */
export function nodeBytes(type: number, ordered: boolean): number {
  if (type === NODE_TYPE.TREE_LEAF) return (TREE.slots + (ordered ? 1 : 2) * LEAF_SLOTS) << 2;
  return ordered ? (SCORES_WORD << 2) + (INNER_SLOTS << 3) : FIRSTS_WORD << 2;
}

export function nodeSlots(p: Partition, node: number): number {
  return nodeIsLeaf(p, node) ? LEAF_SLOTS : INNER_SLOTS;
}

/** Slots in use. */
export function nodeCount(p: Partition, node: number): number {
  return p.i32[(node << 1) + TREE.count];
}

/** The node above, or 0. */
export function nodeParent(p: Partition, node: number): number {
  return p.i32[(node << 1) + TREE.parentRef];
}

/** i32 index of a slot: of its entry or child. */
export function slotWord(node: number, slot: number): number {
  return (node << 1) + TREE.slots + slot;
}

/** What hangs at a slot weighs. */
export function slotWeight(p: Partition, node: number, slot: number): number {
  if (!nodeIsLeaf(p, node)) return p.i32[(node << 1) + TREE.slots + INNER_SLOTS + slot];
  if (nodeIsOrdered(p, node)) return 1;
  return p.i32[(node << 1) + TREE.slots + LEAF_SLOTS + slot];
}

/** For a node that keeps weights: any but an ordered leaf. */
export function slotWeightAdd(p: Partition, node: number, slot: number, difference: number): void {
  p.i32[(node << 1) + TREE.slots + nodeSlots(p, node) + slot] += difference;
}

/** The first member below a child, of an ordered tree's inner node. */
export function slotFirst(p: Partition, node: number, slot: number): number {
  return p.i32[(node << 1) + FIRSTS_WORD + slot];
}

/** f64 index of the score of the first member below a child, in an ordered tree's inner node. */
export function scoreIndex(node: number, slot: number): number {
  return node + (SCORES_WORD >>> 1) + slot;
}

export function slotFirstSet(p: Partition, node: number, slot: number, member: number): void {
  p.i32[(node << 1) + FIRSTS_WORD + slot] = member;
  if (member !== 0) p.f64[scoreIndex(node, slot)] = memberScore(p, member);
}

/** The score of a member of a sorted set: its value. */
export function memberScore(p: Partition, member: number): number {
  return p.view.getFloat64(itemValueOffset(p, member), true);
}

/** The first member in or below a node of an ordered tree; 0 if it is empty. */
export function nodeFirst(p: Partition, node: number): number {
  if (nodeCount(p, node) === 0) return 0;
  return nodeIsLeaf(p, node) ? p.i32[slotWord(node, 0)] : slotFirst(p, node, 0);
}

/** The slot at which a node has this child or entry. */
export function slotOf(p: Partition, node: number, ref: number): number {
  const { i32 } = p;
  const first = slotWord(node, 0);
  const end = first + i32[(node << 1) + TREE.count];
  let word = first;
  while (word < end && i32[word] !== ref) word++;
  assert(word < end, 'a node refers to what names it');
  return word - first;
}

/** All that hangs below a node. */
export function nodeWeight(p: Partition, node: number): number {
  const count = nodeCount(p, node);
  if (nodeIsLeaf(p, node) && nodeIsOrdered(p, node)) return count;
  let weight = 0;
  for (let slot = 0; slot < count; slot++) weight += slotWeight(p, node, slot);
  return weight;
}

// ── The tree ────────────────────────────────────────────────────────────────────────────────────

/** The node on top, or 0 if the collection has no tree. */
export function treeTop(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + ROOT.treeRef];
}

/** The sum of all weights. */
export function treeWeight(p: Partition, rootRef: number): number {
  const top = treeTop(p, rootRef);
  return top === 0 ? 0 : nodeWeight(p, top);
}

/** The entry at a place. */
export function treeEntry(p: Partition, place: TreePlace): number {
  return p.i32[slotWord(place.leafRef, place.slot)];
}

/** What the entry at a place weighs. */
export function treeEntryWeight(p: Partition, place: TreePlace): number {
  return slotWeight(p, place.leafRef, place.slot);
}

/** Goes to the first entry. False: there is none, and the place is where it would be. */
export function treeFirst(p: Partition, rootRef: number, place: TreePlace): boolean {
  let node = treeTop(p, rootRef);
  while (!nodeIsLeaf(p, node)) node = p.i32[slotWord(node, 0)];
  place.leafRef = node;
  place.slot = 0;
  return nodeCount(p, node) > 0;
}

/** Goes to the last entry. False: there is none, and the place is where it would be. */
export function treeLast(p: Partition, rootRef: number, place: TreePlace): boolean {
  treeEnd(p, rootRef, place);
  if (place.slot === 0) return false;
  place.slot--;
  return true;
}

/** Goes behind the last entry: where the next one is to be appended. */
export function treeEnd(p: Partition, rootRef: number, place: TreePlace): void {
  let node = treeTop(p, rootRef);
  while (!nodeIsLeaf(p, node)) node = p.i32[slotWord(node, nodeCount(p, node) - 1)];
  place.leafRef = node;
  place.slot = nodeCount(p, node);
}

/** Goes to the next entry. False: there is none, and the place is nowhere. */
export function treeNext(p: Partition, place: TreePlace): boolean {
  place.slot++;
  return treeSettle(p, place);
}

/** Goes from behind a leaf's last entry to the next leaf's first one. False as for treeNext. */
export function treeSettle(p: Partition, place: TreePlace): boolean {
  if (place.slot < nodeCount(p, place.leafRef)) return true;
  place.leafRef = leafNext(p, place.leafRef);
  place.slot = 0;
  return place.leafRef !== 0;
}

/** Goes to the entry before. False: there is none, and the place is nowhere. */
export function treePrevious(p: Partition, place: TreePlace): boolean {
  if (place.slot > 0) {
    place.slot--;
    return true;
  }
  place.leafRef = leafPrevious(p, place.leafRef);
  place.slot = place.leafRef === 0 ? 0 : nodeCount(p, place.leafRef) - 1;
  return place.leafRef !== 0;
}

/** The leaf behind this one, or 0. */
export function leafNext(p: Partition, leaf: number): number {
  for (let node = leaf, parent = 0; (parent = nodeParent(p, node)) !== 0; node = parent) {
    const slot = slotOf(p, parent, node) + 1;
    if (slot === nodeCount(p, parent)) continue;
    let below = p.i32[slotWord(parent, slot)];
    while (!nodeIsLeaf(p, below)) below = p.i32[slotWord(below, 0)];
    return below;
  }
  return 0;
}

function leafPrevious(p: Partition, leaf: number): number {
  for (let node = leaf, parent = 0; (parent = nodeParent(p, node)) !== 0; node = parent) {
    const slot = slotOf(p, parent, node) - 1;
    if (slot < 0) continue;
    let below = p.i32[slotWord(parent, slot)];
    while (!nodeIsLeaf(p, below)) below = p.i32[slotWord(below, nodeCount(p, below) - 1)];
    return below;
  }
  return 0;
}

/**
 * Goes to the entry that holds a position, counted in weight from 0. Returns how far into the entry
 * that is; -1, and the place is nowhere, if there is no such position.
 */
export function treeAt(p: Partition, rootRef: number, position: number, place: TreePlace): number {
  let node = treeTop(p, rootRef);
  let rest = position;
  place.leafRef = 0;
  if (node === 0 || rest < 0) return -1;
  while (true) {
    const isLeaf = nodeIsLeaf(p, node);
    const count = nodeCount(p, node);
    let slot = 0;
    if (isLeaf && nodeIsOrdered(p, node)) {
      slot = rest < count ? rest : count;
      rest -= slot;
    } else {
      for (; slot < count; slot++) {
        const weight = slotWeight(p, node, slot);
        if (rest < weight) break;
        rest -= weight;
      }
    }
    if (slot === count) return -1;
    if (isLeaf) {
      place.leafRef = node;
      place.slot = slot;
      return rest;
    }
    node = p.i32[slotWord(node, slot)];
  }
}

/** The position at which an entry begins; of a place behind a leaf's last entry, where that ends. */
export function treePosition(p: Partition, place: TreePlace): number {
  let position = weightBefore(p, place.leafRef, place.slot);
  for (let node = place.leafRef, parent = 0; (parent = nodeParent(p, node)) !== 0; node = parent) {
    position += weightBefore(p, parent, slotOf(p, parent, node));
  }
  return position;
}

function weightBefore(p: Partition, node: number, slot: number): number {
  if (nodeIsLeaf(p, node) && nodeIsOrdered(p, node)) return slot;
  let weight = 0;
  for (let before = 0; before < slot; before++) weight += slotWeight(p, node, before);
  return weight;
}

/** Goes to an entry that names its leaf: one of a counting tree. */
export function treeFind(p: Partition, entry: number, place: TreePlace): void {
  place.leafRef = p.i32[(entry << 1) + ENTRY_LEAF_WORD];
  place.slot = slotOf(p, place.leafRef, entry);
}
