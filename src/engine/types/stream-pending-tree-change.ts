/**
 * Changing an id tree (stream-pending-tree.ts) in ways that take no memory: records go, and with them nodes. The
 * graveyard goes this way. Growing is stream-pending-tree-growth.ts.
 *
 * Guard: the partition lock.
 */
import { nodeRoot, rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import {
  ID_INNER_SLOTS,
  ID_NODE,
  ID_TREE,
  ID_WORDS,
  type IdPlace,
  idBoundWord,
  idChildWord,
  idNodeBytes,
  idNodeCount,
  idNodeIsLeaf,
  idNodeParent,
  idRecordWord,
  idRecordWords,
  idSlotOf,
} from './stream-pending-tree.ts';

/** Up to here a loop moves words in less time than a call takes. */
const LOOP_WORDS_MAX = 64;

// ── Records go ──────────────────────────────────────────────────────────────────────────────────

/** Takes the record at a place out; what the place is afterwards is not said. */
export function idRemove(p: Partition, tree: number, place: IdPlace): void {
  const { i32 } = p;
  const { leafRef, slot } = place;
  const word = leafRef << 1;
  const words = idRecordWords(p, leafRef);
  const start = idRecordWord(p, leafRef, 0);
  const left = --i32[word + ID_NODE.count];
  i32[tree + ID_TREE.count]--;
  if (slot < left >>> 1 || slot === 0) {
    idWordsMove(i32, start, start + words, slot * words);
    i32[word + ID_NODE.first]++;
  } else {
    const at = start + slot * words;
    idWordsMove(i32, at + words, at, (left - slot) * words);
  }
  if (left > i32[word + ID_NODE.capacity] >>> 2) return;
  if (idNodeParent(p, leafRef) === 0) {
    if (left === 0) i32[word + ID_NODE.first] = 0;
  } else if (left === 0) {
    leafDrop(p, tree, leafRef);
  } else {
    const next = i32[word + ID_NODE.nextRef];
    if (!leavesJoin(p, tree, leafRef, next)) {
      leavesJoin(p, tree, i32[word + ID_NODE.previousRef], leafRef);
    }
  }
}

/** Frees the last leaf with all its records. False: there is none. */
export function idTreeShrink(p: Partition, tree: number): boolean {
  const last = p.i32[tree + ID_TREE.lastRef];
  if (last === 0) return false;
  p.i32[tree + ID_TREE.count] -= idNodeCount(p, last);
  if (idNodeParent(p, last) === 0) {
    p.i32[tree + ID_TREE.topRef] = 0;
    p.i32[tree + ID_TREE.lastRef] = 0;
    idNodeFree(p, last);
  } else {
    leafDrop(p, tree, last);
  }
  return true;
}

/** Moves all of a leaf to the end of the one before, if both have the same parent and little. */
function leavesJoin(p: Partition, tree: number, left: number, right: number): boolean {
  const { i32 } = p;
  if (left === 0 || right === 0 || idNodeParent(p, left) !== idNodeParent(p, right)) return false;
  const kept = idNodeCount(p, left);
  const moved = idNodeCount(p, right);
  const word = left << 1;
  const capacity = i32[word + ID_NODE.capacity];
  if (kept + moved > (capacity * 3) >>> 2) return false;
  const words = idRecordWords(p, left);
  const records = word + ID_NODE.slots;
  idWordsMove(i32, idRecordWord(p, left, 0), records, kept * words);
  i32[word + ID_NODE.first] = 0;
  idWordsMove(i32, idRecordWord(p, right, 0), records + kept * words, moved * words);
  i32[word + ID_NODE.count] = kept + moved;
  leafDrop(p, tree, right);
  return true;
}

/** Takes a leaf, of more than one, out of the tree and frees it. */
function leafDrop(p: Partition, tree: number, leaf: number): void {
  const { i32 } = p;
  const next = i32[(leaf << 1) + ID_NODE.nextRef];
  const previous = i32[(leaf << 1) + ID_NODE.previousRef];
  if (previous !== 0) i32[(previous << 1) + ID_NODE.nextRef] = next;
  if (next === 0) i32[tree + ID_TREE.lastRef] = previous;
  else i32[(next << 1) + ID_NODE.previousRef] = previous;
  childDrop(p, tree, leaf);
}

// ── Nodes ───────────────────────────────────────────────────────────────────────────────────────

/** Takes a node, but not the top, from its parent and frees it. */
function childDrop(p: Partition, tree: number, child: number): void {
  const { i32 } = p;
  const parent = idNodeParent(p, child);
  const slot = idSlotOf(p, parent, child);
  idChildrenMove(p, parent, slot + 1, parent, slot, idNodeCount(p, parent) - slot - 1);
  const left = --i32[(parent << 1) + ID_NODE.count];
  idNodeFree(p, child);
  if (idNodeParent(p, parent) === 0) topLower(p, tree);
  else if (left === 0) childDrop(p, tree, parent);
  else if (left <= ID_INNER_SLOTS >>> 2) innerShrunk(p, tree, parent);
}

/** While the top has one child, that is the top. */
function topLower(p: Partition, tree: number): void {
  const { i32 } = p;
  let top = i32[tree + ID_TREE.topRef];
  while (!idNodeIsLeaf(p, top) && idNodeCount(p, top) === 1) {
    const child = i32[idChildWord(top, 0)];
    i32[(child << 1) + ID_NODE.parentRef] = 0;
    i32[tree + ID_TREE.topRef] = child;
    idNodeFree(p, top);
    top = child;
  }
}

function innerShrunk(p: Partition, tree: number, inner: number): void {
  const slot = idSlotOf(p, idNodeParent(p, inner), inner);
  if (!innersJoin(p, tree, inner, slot)) innersJoin(p, tree, inner, slot - 1);
}

/** Moves the children of the one behind the parent's child at `slot` to that, if both have few. */
function innersJoin(p: Partition, tree: number, inner: number, slot: number): boolean {
  const { i32 } = p;
  const parent = idNodeParent(p, inner);
  if (slot < 0 || slot + 1 >= idNodeCount(p, parent)) return false;
  const left = i32[idChildWord(parent, slot)];
  const right = i32[idChildWord(parent, slot + 1)];
  const kept = idNodeCount(p, left);
  const moved = idNodeCount(p, right);
  if (kept + moved > (ID_INNER_SLOTS * 3) >>> 2) return false;
  idChildrenMove(p, right, 0, left, kept, moved);
  // The first one's bound was not looked at so far.
  const from = idBoundWord(parent, slot + 1);
  idWordsMove(i32, from, idBoundWord(left, kept), ID_WORDS);
  i32[(left << 1) + ID_NODE.count] = kept + moved;
  childDrop(p, tree, right);
  return true;
}

/** Moves `count` children, within a node or to another. */
export function idChildrenMove(
  p: Partition,
  from: number,
  fromSlot: number,
  to: number,
  toSlot: number,
  count: number,
): void {
  const { i32 } = p;
  if (count <= 0) return;
  idWordsMove(i32, idChildWord(from, fromSlot), idChildWord(to, toSlot), count);
  const fromBound = idBoundWord(from, fromSlot);
  idWordsMove(i32, fromBound, idBoundWord(to, toSlot), count * ID_WORDS);
  if (from === to) return;
  const word = idChildWord(to, toSlot);
  for (let at = word; at < word + count; at++) i32[(i32[at] << 1) + ID_NODE.parentRef] = to;
}

export function idWordsMove(i32: Int32Array, from: number, to: number, count: number): void {
  if (count > LOOP_WORDS_MAX) {
    i32.copyWithin(to, from, from + count);
  } else if (to <= from) {
    for (let index = 0; index < count; index++) i32[to + index] = i32[from + index];
  } else {
    for (let index = count - 1; index >= 0; index--) i32[to + index] = i32[from + index];
  }
}

export function idNodeFree(p: Partition, node: number): void {
  rootBytesAdd(p, nodeRoot(p, node), -idNodeBytes(p, node));
  chunkGive(p, node);
}
