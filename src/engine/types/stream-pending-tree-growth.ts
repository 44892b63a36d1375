/**
 * Records come to an id tree (stream-pending-tree.ts), and with them nodes.
 *
 * Guard: the partition lock. Obtaining memory may evict, and move items: the stream has to be guarded, or not
 * yet attached to a key. Nothing is changed unless all memory for it is there.
 */
import { assert } from '../../base/assert.ts';
import { type StreamId, streamIdCompareAt, streamIdStore } from '../../base/stream-id.ts';
import { NODE_TYPE, nodeRoot } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { nodeObtain } from '../collection/node-obtain.ts';
import {
  ID_BOUNDS_WORD,
  ID_INNER_SLOTS,
  ID_LEAF_ROOM_WORDS,
  ID_LEAF_ROOM_WORDS_MAX,
  ID_NODE,
  ID_TREE,
  ID_WORDS,
  type IdPlace,
  idBoundWord,
  idChildWord,
  idLastAt,
  idLeafWideSet,
  idNodeCount,
  idNodeParent,
  idRecordWord,
  idRecordWords,
  idSeek,
  idSlotOf,
  WIDE_RECORD_WORDS,
} from './stream-pending-tree.ts';
import { idChildrenMove, idNodeFree, idWordsMove } from './stream-pending-tree-change.ts';

/** What became of an id that was to be added. */
export const ID_ADDED = { NEW: 0, THERE: 1, NO_MEMORY: 2 } as const;

/** More levels than a partition could fill. */
const DEPTH_MAX = 16;
/** Nodes set aside for one change: that of the leaves' level first. */
const spares = new Int32Array(DEPTH_MAX);
/** The bound of a node that is about to be put below a parent. */
const bound = new Int32Array(ID_WORDS);

// ── Records come ────────────────────────────────────────────────────────────────────────────────

/**
 * Adds a record for an id to the tree of a collection, and goes to it; what it has
 * besides the id is the caller's to write. If there is one already it goes there.
 */
export function idAdd(
  p: Partition,
  rootRef: number,
  tree: number,
  id: Readonly<StreamId>,
  place: IdPlace,
  nowMs: number,
): number {
  const { i32 } = p;
  if (i32[tree + ID_TREE.topRef] === 0 && !treeBegin(p, rootRef, tree, nowMs)) {
    return ID_ADDED.NO_MEMORY;
  }
  if (idIsBehindAll(p, tree, id)) {
    place.leafRef = i32[tree + ID_TREE.lastRef];
    place.slot = idNodeCount(p, place.leafRef);
  } else if (idSeek(p, tree, id, place)) {
    return ID_ADDED.THERE;
  }
  streamIdStore(bound, 0, id);
  if (!slotProvide(p, tree, place, nowMs)) return ID_ADDED.NO_MEMORY;
  const word = idRecordWord(p, place.leafRef, place.slot);
  streamIdStore(i32, word, id);
  i32[tree + ID_TREE.count]++;
  return ID_ADDED.NEW;
}

function idIsBehindAll(p: Partition, tree: number, id: Readonly<StreamId>): boolean {
  if (p.i32[tree + ID_TREE.count] === 0) return true;
  return streamIdCompareAt(p.i32, idLastAt(p, tree), id) < 0;
}

function treeBegin(p: Partition, rootRef: number, tree: number, nowMs: number): boolean {
  const recordWords = p.i32[tree + ID_TREE.recordWords];
  const leaf = leafObtain(p, rootRef, recordWords, ID_LEAF_ROOM_WORDS[0], nowMs);
  if (leaf === 0) return false;
  p.i32[tree + ID_TREE.topRef] = leaf;
  p.i32[tree + ID_TREE.lastRef] = leaf;
  return true;
}

/** Opens a slot at the place, whose id is in `bound`, and follows it to where that is. */
function slotProvide(p: Partition, tree: number, place: IdPlace, nowMs: number): boolean {
  if (leafIsFull(p, place)) {
    const { leafRef } = place;
    const room = p.i32[(leafRef << 1) + ID_NODE.capacity] * idRecordWords(p, leafRef);
    const isProvided =
      room < ID_LEAF_ROOM_WORDS_MAX
        ? leafGrow(p, tree, place, room, nowMs)
        : leafSplit(p, tree, place, nowMs);
    if (!isProvided) return false;
  }
  slotOpen(p, place.leafRef, place.slot);
  return true;
}

/**
 * Whether a record more at the place calls for another leaf. One at the end does unless a quarter of the leaf
 * is free before its first: or all would be moved for every few that come.
 */
function leafIsFull(p: Partition, { leafRef, slot }: IdPlace): boolean {
  const word = leafRef << 1;
  const first = p.i32[word + ID_NODE.first];
  const count = p.i32[word + ID_NODE.count];
  const capacity = p.i32[word + ID_NODE.capacity];
  if (count === capacity) return true;
  return slot === count && first + count === capacity && first < capacity >>> 2;
}

function slotOpen(p: Partition, leaf: number, slot: number): void {
  const { i32 } = p;
  const word = leaf << 1;
  const words = idRecordWords(p, leaf);
  const records = word + ID_NODE.slots;
  const first = i32[word + ID_NODE.first];
  const count = i32[word + ID_NODE.count]++;
  const start = records + first * words;
  if (first + count < i32[word + ID_NODE.capacity] && (first === 0 || slot > count >>> 1)) {
    const at = start + slot * words;
    idWordsMove(i32, at, at + words, (count - slot) * words);
  } else if (slot === count) {
    idWordsMove(i32, start, records, count * words);
    i32[word + ID_NODE.first] = 0;
  } else {
    idWordsMove(i32, start, start - words, slot * words);
    i32[word + ID_NODE.first] = first - 1;
  }
}

/** Puts a larger leaf in the place of a lone one. */
function leafGrow(
  p: Partition,
  tree: number,
  place: IdPlace,
  room: number,
  nowMs: number,
): boolean {
  const { i32 } = p;
  const { leafRef } = place;
  const words = idRecordWords(p, leafRef);
  const more = ID_LEAF_ROOM_WORDS[ID_LEAF_ROOM_WORDS.indexOf(room) + 1];
  const fresh = leafObtain(p, nodeRoot(p, leafRef), words, more, nowMs);
  if (fresh === 0) return false;
  const count = idNodeCount(p, leafRef);
  idWordsMove(i32, idRecordWord(p, leafRef, 0), idRecordWord(p, fresh, 0), count * words);
  i32[(fresh << 1) + ID_NODE.count] = count;
  i32[tree + ID_TREE.topRef] = fresh;
  i32[tree + ID_TREE.lastRef] = fresh;
  idNodeFree(p, leafRef);
  place.leafRef = fresh;
  return true;
}

/** Splits a full leaf in two, or at its end leaves it as it is and begins the next. */
function leafSplit(p: Partition, tree: number, place: IdPlace, nowMs: number): boolean {
  const { i32 } = p;
  const { leafRef, slot } = place;
  if (!sparesObtain(p, leafRef, nowMs)) return false;
  const fresh = spares[0];
  const words = idRecordWords(p, leafRef);
  const count = idNodeCount(p, leafRef);
  const kept = slot === count ? count : count >>> 1;
  if (kept < count) {
    const from = idRecordWord(p, leafRef, kept);
    idWordsMove(i32, from, idRecordWord(p, fresh, 0), (count - kept) * words);
    for (let index = 0; index < ID_WORDS; index++) bound[index] = i32[from + index];
    i32[(leafRef << 1) + ID_NODE.count] = kept;
    i32[(fresh << 1) + ID_NODE.count] = count - kept;
  }
  leafChainIn(p, tree, leafRef, fresh);
  childPut(p, tree, leafRef, fresh, 0);
  if (slot > kept || slot === count) {
    place.leafRef = fresh;
    place.slot = slot - kept;
  }
  return true;
}

/** Puts a leaf behind another in the chain of all. */
function leafChainIn(p: Partition, tree: number, leaf: number, fresh: number): void {
  const { i32 } = p;
  const next = i32[(leaf << 1) + ID_NODE.nextRef];
  i32[(fresh << 1) + ID_NODE.nextRef] = next;
  i32[(fresh << 1) + ID_NODE.previousRef] = leaf;
  i32[(leaf << 1) + ID_NODE.nextRef] = fresh;
  if (next === 0) i32[tree + ID_TREE.lastRef] = fresh;
  else i32[(next << 1) + ID_NODE.previousRef] = fresh;
}

/** Puts a node, whose bound is in `bound`, behind its neighbour below that one's parent. */
function childPut(p: Partition, tree: number, before: number, fresh: number, level: number): void {
  const { i32 } = p;
  let parent = idNodeParent(p, before);
  if (parent === 0) {
    parent = spares[level + 1];
    childOpen(p, parent, 0);
    childFill(p, parent, 0, before);
    i32[tree + ID_TREE.topRef] = parent;
  }
  const slot = idSlotOf(p, parent, before) + 1;
  if (idNodeCount(p, parent) < ID_INNER_SLOTS) {
    childOpen(p, parent, slot);
    childFill(p, parent, slot, fresh);
    return;
  }
  const beside = spares[level + 1];
  const kept = slot === ID_INNER_SLOTS ? slot : ID_INNER_SLOTS >>> 1;
  idChildrenMove(p, parent, kept, beside, 0, ID_INNER_SLOTS - kept);
  i32[(parent << 1) + ID_NODE.count] = kept;
  i32[(beside << 1) + ID_NODE.count] = ID_INNER_SLOTS - kept;
  const isBeside = slot > kept || slot === ID_INNER_SLOTS;
  const target = isBeside ? beside : parent;
  childOpen(p, target, isBeside ? slot - kept : slot);
  childFill(p, target, isBeside ? slot - kept : slot, fresh);
  // If it is the first one there its bound is that of all.
  const first = idBoundWord(beside, 0);
  for (let index = 0; index < ID_WORDS; index++) bound[index] = i32[first + index];
  childPut(p, tree, parent, beside, level + 1);
}

function childOpen(p: Partition, inner: number, slot: number): void {
  idChildrenMove(p, inner, slot, inner, slot + 1, idNodeCount(p, inner) - slot);
  p.i32[(inner << 1) + ID_NODE.count]++;
}

/** Puts a node in an open slot, with the bound that is in `bound`. */
function childFill(p: Partition, inner: number, slot: number, child: number): void {
  const { i32 } = p;
  i32[idChildWord(inner, slot)] = child;
  i32[(child << 1) + ID_NODE.parentRef] = inner;
  const word = idBoundWord(inner, slot);
  for (let index = 0; index < ID_WORDS; index++) i32[word + index] = bound[index];
}

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────

/** Obtains the nodes that a split of this leaf calls for: one a full level, and a new top. */
function sparesObtain(p: Partition, leaf: number, nowMs: number): boolean {
  const rootRef = nodeRoot(p, leaf);
  let count = 0;
  let node = leaf;
  do {
    const spare =
      count === 0
        ? leafObtain(p, rootRef, idRecordWords(p, leaf), ID_LEAF_ROOM_WORDS_MAX, nowMs)
        : innerObtain(p, rootRef, nowMs);
    if (spare === 0) {
      while (count > 0) idNodeFree(p, spares[--count]);
      return false;
    }
    assert(count < DEPTH_MAX, 'a tree is not deeper than memory allows');
    spares[count++] = spare;
    if (node === 0) break;
    node = idNodeParent(p, node);
  } while (node === 0 || idNodeCount(p, node) === ID_INNER_SLOTS);
  return true;
}

function leafObtain(
  p: Partition,
  rootRef: number,
  recordWords: number,
  roomWords: number,
  nowMs: number,
): number {
  const bytes = (ID_NODE.slots + roomWords) << 2;
  const leaf = idNodeObtain(p, rootRef, NODE_TYPE.ID_LEAF, bytes, nowMs);
  if (leaf === 0) return 0;
  if (recordWords === WIDE_RECORD_WORDS) idLeafWideSet(p, leaf);
  p.i32[(leaf << 1) + ID_NODE.capacity] = roomWords / recordWords;
  return leaf;
}

function innerObtain(p: Partition, rootRef: number, nowMs: number): number {
  const bytes = (ID_BOUNDS_WORD + ID_INNER_SLOTS * ID_WORDS) << 2;
  const inner = idNodeObtain(p, rootRef, NODE_TYPE.ID_INNER, bytes, nowMs);
  if (inner === 0) return 0;
  p.i32[(inner << 1) + ID_NODE.capacity] = ID_INNER_SLOTS;
  return inner;
}

/** A node of its own in the tree, without records. */
function idNodeObtain(
  p: Partition,
  rootRef: number,
  type: number,
  bytes: number,
  nowMs: number,
): number {
  const node = nodeObtain(p, rootRef, type, bytes, nowMs);
  if (node === 0) return 0;
  p.i32.fill(0, (node << 1) + ID_NODE.parentRef, (node << 1) + ID_NODE.slots);
  return node;
}
