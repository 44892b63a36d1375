/**
 * Changing a counted tree (counted-tree.ts) in ways that take no memory: entries go, are replaced, get
 * heavier or lighter; nodes join. Eviction itself goes this way. Growing is counted-tree-growth.ts.
 *
 * Guard: the partition lock.
 */
import { nodeRoot, nodeType, ROOT, rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import {
  leafNext,
  nodeBytes,
  nodeCount,
  nodeFirst,
  nodeIsLeaf,
  nodeIsOrdered,
  nodeParent,
  nodeSlots,
  nodeWeight,
  scoreIndex,
  slotFirstSet,
  slotOf,
  slotWeight,
  slotWeightAdd,
  slotWord,
  TREE,
  TreePlace,
  treeTop,
} from './counted-tree.ts';

/** Takes the entry out and goes to the one behind it; nowhere if it was the last. */
export function treeRemove(p: Partition, place: TreePlace): void {
  const { leafRef, slot } = place;
  pathWeightAdd(p, leafRef, -slotWeight(p, leafRef, slot));
  slotClose(p, leafRef, slot);
  if (slot === 0) pathFirstSet(p, leafRef);
  if (slot === nodeCount(p, leafRef)) {
    place.leafRef = leafNext(p, leafRef);
    place.slot = 0;
  }
  nodeShrunk(p, leafRef, place);
}

/**
 * Puts another entry of the same weight in the place of one; in an ordered tree, one that belongs
 * there. Also for the same member, when its score has changed in a way that leaves it there.
 */
export function treeReplace(p: Partition, place: TreePlace, entry: number): void {
  const { leafRef, slot } = place;
  slotFill(p, leafRef, slot, entry, slotWeight(p, leafRef, slot));
  if (slot === 0) pathFirstSet(p, leafRef);
}

/** Moves an entry within an ordered tree's leaf, by words. */
export function entryShift(p: Partition, leaf: number, from: number, to: number): void {
  const { i32 } = p;
  const entry = i32[slotWord(leaf, from)];
  if (from < to) wordsMove(i32, slotWord(leaf, from + 1), slotWord(leaf, from), to - from);
  else wordsMove(i32, slotWord(leaf, to), slotWord(leaf, to + 1), from - to);
  i32[slotWord(leaf, to)] = entry;
  if (from === 0 || to === 0) pathFirstSet(p, leaf);
}

/** An entry of a counting tree has become heavier, or lighter. */
export function treeWeightAdd(p: Partition, place: TreePlace, difference: number): void {
  slotWeightAdd(p, place.leafRef, place.slot, difference);
  pathWeightAdd(p, place.leafRef, difference);
}

/**
 * Frees the tree from its end, at most so many leaves of it, and looks at no entry. Returns how many
 * leaves went; `treeTop` is 0 when all have.
 */
export function treeFree(p: Partition, rootRef: number, leavesMax: number): number {
  let leaves = 0;
  for (; leaves < leavesMax; leaves++) {
    let node = treeTop(p, rootRef);
    if (node === 0) break;
    while (!nodeIsLeaf(p, node)) node = p.i32[slotWord(node, nodeCount(p, node) - 1)];
    if (nodeParent(p, node) === 0) {
      p.i32[(rootRef << 1) + ROOT.treeRef] = 0;
      nodeFree(p, node);
    } else {
      pathWeightAdd(p, node, -nodeWeight(p, node));
      p.i32[(node << 1) + TREE.count] = 0;
      nodeShrunk(p, node, NOWHERE);
    }
  }
  return leaves;
}

/** Of who does not look at entries. */
const NOWHERE = new TreePlace();

// ── Nodes go ────────────────────────────────────────────────────────────────────────────────────

export function nodeFree(p: Partition, node: number): void {
  const bytes = nodeBytes(nodeType(p, node), nodeIsOrdered(p, node));
  rootBytesAdd(p, nodeRoot(p, node), -bytes);
  chunkGive(p, node);
}

/** What is to be done after a node has lost slots. A place in a leaf that goes goes with its entry. */
function nodeShrunk(p: Partition, shrunk: number, place: TreePlace): void {
  let node = shrunk;
  for (let parent = 0; (parent = nodeParent(p, node)) !== 0; node = parent) {
    const count = nodeCount(p, node);
    if (count === 0) {
      const slot = slotOf(p, parent, node);
      slotClose(p, parent, slot);
      if (slot === 0) pathFirstSet(p, parent);
      nodeFree(p, node);
    } else if (count > nodeSlots(p, node) >>> 2 || !neighboursJoin(p, parent, node, place)) {
      return;
    }
  }
  topLower(p, node);
}

/** While the top has one child, that is the top. */
function topLower(p: Partition, top: number): void {
  let node = top;
  while (!nodeIsLeaf(p, node) && nodeCount(p, node) === 1) {
    const child = p.i32[slotWord(node, 0)];
    p.i32[(child << 1) + TREE.parentRef] = 0;
    p.i32[(nodeRoot(p, node) << 1) + ROOT.treeRef] = child;
    nodeFree(p, node);
    node = child;
  }
}

/** Joins a node with the one behind or before it, if the two have little. */
function neighboursJoin(p: Partition, parent: number, node: number, place: TreePlace): boolean {
  const slot = slotOf(p, parent, node);
  return nodesJoin(p, parent, slot, place) || nodesJoin(p, parent, slot - 1, place);
}

/** Joins the child at `slot` with the one behind it. */
function nodesJoin(p: Partition, parent: number, slot: number, place: TreePlace): boolean {
  if (slot < 0 || slot + 1 >= nodeCount(p, parent)) return false;
  const left = p.i32[slotWord(parent, slot)];
  const right = p.i32[slotWord(parent, slot + 1)];
  const kept = nodeCount(p, left);
  const moved = nodeCount(p, right);
  if (kept + moved > (nodeSlots(p, left) * 3) >>> 2) return false;
  slotsMove(p, right, 0, left, kept, moved);
  p.i32[(left << 1) + TREE.count] = kept + moved;
  slotWeightAdd(p, parent, slot, slotWeight(p, parent, slot + 1));
  slotClose(p, parent, slot + 1);
  nodeFree(p, right);
  if (place.leafRef === right) {
    place.leafRef = left;
    place.slot += kept;
  }
  return true;
}

// ── Slots ───────────────────────────────────────────────────────────────────────────────────────

/** Makes room for a slot; what it holds is stale. */
export function slotOpen(p: Partition, node: number, slot: number): void {
  slotsMove(p, node, slot, node, slot + 1, nodeCount(p, node) - slot);
  p.i32[(node << 1) + TREE.count]++;
}

function slotClose(p: Partition, node: number, slot: number): void {
  slotsMove(p, node, slot + 1, node, slot, nodeCount(p, node) - slot - 1);
  p.i32[(node << 1) + TREE.count]--;
}

export function slotFill(
  p: Partition,
  node: number,
  slot: number,
  ref: number,
  weight: number,
): void {
  const isLeaf = nodeIsLeaf(p, node);
  const ordered = nodeIsOrdered(p, node);
  p.i32[slotWord(node, slot)] = ref;
  if (isLeaf && ordered) return;
  p.i32[slotWord(node, slot) + nodeSlots(p, node)] = weight;
  p.i32[(ref << 1) + TREE.parentRef] = node;
  if (ordered) slotFirstSet(p, node, slot, nodeFirst(p, ref));
}

/** Moves `count` slots, within a node or to another of its kind. */
export function slotsMove(
  p: Partition,
  from: number,
  fromSlot: number,
  to: number,
  toSlot: number,
  count: number,
): void {
  const { i32 } = p;
  const isLeaf = nodeIsLeaf(p, from);
  const ordered = nodeIsOrdered(p, from);
  const stride = nodeSlots(p, from);
  let fromWord = slotWord(from, fromSlot);
  let toWord = slotWord(to, toSlot);
  wordsMove(i32, fromWord, toWord, count);
  if (isLeaf && ordered) return;
  if (from !== to) {
    for (let word = toWord; word < toWord + count; word++) {
      i32[(i32[word] << 1) + TREE.parentRef] = to;
    }
  }
  wordsMove(i32, (fromWord += stride), (toWord += stride), count);
  if (!ordered) return;
  wordsMove(i32, fromWord + stride, toWord + stride, count);
  scoresMove(p.f64, scoreIndex(from, fromSlot), scoreIndex(to, toSlot), count);
}

/** In runs this short, a loop takes a third of the time of copyWithin. */
function wordsMove(i32: Int32Array, from: number, to: number, count: number): void {
  if (to <= from) {
    for (let index = 0; index < count; index++) i32[to + index] = i32[from + index];
  } else {
    for (let index = count - 1; index >= 0; index--) i32[to + index] = i32[from + index];
  }
}

function scoresMove(f64: Float64Array, from: number, to: number, count: number): void {
  if (to <= from) {
    for (let index = 0; index < count; index++) f64[to + index] = f64[from + index];
  } else {
    for (let index = count - 1; index >= 0; index--) f64[to + index] = f64[from + index];
  }
}

// ── The way up ──────────────────────────────────────────────────────────────────────────────────

/** What hangs below a node has become heavier, or lighter. */
export function pathWeightAdd(p: Partition, below: number, difference: number): void {
  for (let node = below, parent = 0; (parent = nodeParent(p, node)) !== 0; node = parent) {
    slotWeightAdd(p, parent, slotOf(p, parent, node), difference);
  }
}

/** The first entry below a node may have become another one. */
export function pathFirstSet(p: Partition, below: number): void {
  if (!nodeIsOrdered(p, below)) return;
  const first = nodeFirst(p, below);
  for (let node = below, parent = 0; (parent = nodeParent(p, node)) !== 0; node = parent) {
    const slot = slotOf(p, parent, node);
    slotFirstSet(p, parent, slot, first);
    if (slot > 0) return;
  }
}
