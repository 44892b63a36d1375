/**
 * Id tree: a B+tree of records of fixed size, in the order of their ids. What is pending in a group is one,
 * what is pending at a consumer is one, and the names of groups and of consumers are found by one, under
 * their hash.
 *
 *   tree   word 0        1         2       3
 *          ┌────────────┬─────────┬───────┬─────────────┐
 *          │ topRef     │ lastRef │ count │ recordWords │    four words of whatever node has the tree
 *          └────────────┴─────────┴───────┴─────────────┘
 *
 *   leaf   word 0   1         2           3         4             5       6       7          8
 *          ┌───────┬─────────┬───────────┬─────────┬─────────────┬───────┬───────┬──────────┬─────────────
 *          │ meta  │ rootRef │ parentRef │ nextRef │ previousRef │ first │ count │ capacity │ records …
 *          └───────┴─────────┴───────────┴─────────┴─────────────┴───────┴───────┴──────────┴─────────────
 *
 *   inner  the same header, without a chain                                                 8     108
 *                                                                                           ┌──────┬───────
 *                                                                                           │ 100  │ 100
 *                                                                                           │ refs │ bounds
 *                                                                                           └──────┴───────
 *
 *   record and bound begin with the id (base/stream-id.ts). A record has four words, and is its id, or eight.
 *   Bit 19 of a leaf's meta: its records have eight.
 *
 * Groups hand out ids in ascending order, and most are acknowledged in much the same order. So the last leaf
 * is known, and an id that comes behind all others goes there without a search; a leaf that is full to its end
 * is left full; and the records of a leaf begin at `first`, so that one that goes at either end moves no
 * others. A tree of one leaf is as small as it can be: the leaf grows twice before it is split.
 *
 * The bound of a child is no more than any id below it, and more than any below the child before; that of
 * the first child is not looked at. So what is below may change without a word to those above.
 *
 * A lone leaf may be empty; no other node is. A leaf or inner node that shrinks to a quarter goes into its
 * neighbour, as soon as both fit three quarters of a node.
 *
 * This file has the layout, and what leaves the tree as it is; stream-pending-tree-change.ts changes it.
 *
 * Guard: the partition lock.
 */
import { assert } from '../../base/assert.ts';
import { STREAM_ID_WORDS, StreamId, streamIdCompareAt } from '../../base/stream-id.ts';
import { NODE_TYPE, nodeType } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';

/** Words of a tree, from its first. */
export const ID_TREE = { topRef: 0, lastRef: 1, count: 2, recordWords: 3, words: 4 } as const;
/** Words of a node, as i32 indices from `ref << 1`. */
export const ID_NODE = {
  parentRef: 2,
  nextRef: 3,
  previousRef: 4,
  first: 5,
  count: 6,
  capacity: 7,
  slots: 8,
} as const;
/** What records and bounds begin with. */
export const ID_WORDS = STREAM_ID_WORDS;
/** Words of a record that has more than its id. */
export const WIDE_RECORD_WORDS = 8;
/** Children of an inner node. */
export const ID_INNER_SLOTS = 100;
export const ID_BOUNDS_WORD = ID_NODE.slots + ID_INNER_SLOTS;
/** Room for records in a leaf: of a lone one that grows, and of all others. */
export const ID_LEAF_ROOM_WORDS: readonly number[] = [32, 128, 504];
export const ID_LEAF_ROOM_WORDS_MAX = 504;

const WIDE = 1 << 19;
const LEAST = new StreamId();

assert(ID_NODE.slots % 2 === 0, 'records of eight words lie on 8-byte boundaries');

/** A record's place: a leaf, and how many records are before it there. Good until the tree changes. */
export class IdPlace {
  /** 0: nowhere. */
  leafRef = 0;
  slot = 0;
}

// ── Nodes ───────────────────────────────────────────────────────────────────────────────────────

export function idNodeIsLeaf(p: Partition, node: number): boolean {
  return nodeType(p, node) === NODE_TYPE.ID_LEAF;
}

export function idLeafWideSet(p: Partition, leaf: number): void {
  p.i32[leaf << 1] |= WIDE;
}

export function idRecordWords(p: Partition, leaf: number): number {
  return (p.i32[leaf << 1] & WIDE) === 0 ? ID_WORDS : WIDE_RECORD_WORDS;
}

export function idNodeCount(p: Partition, node: number): number {
  return p.i32[(node << 1) + ID_NODE.count];
}

export function idNodeParent(p: Partition, node: number): number {
  return p.i32[(node << 1) + ID_NODE.parentRef];
}

/** Bytes that the node has asked for. */
export function idNodeBytes(p: Partition, node: number): number {
  if (!idNodeIsLeaf(p, node)) return (ID_BOUNDS_WORD + ID_INNER_SLOTS * ID_WORDS) << 2;
  const capacity = p.i32[(node << 1) + ID_NODE.capacity];
  return (ID_NODE.slots + capacity * idRecordWords(p, node)) << 2;
}

/** i32 index of a record. */
export function idRecordWord(p: Partition, leaf: number, slot: number): number {
  const word = leaf << 1;
  return word + ID_NODE.slots + (p.i32[word + ID_NODE.first] + slot) * idRecordWords(p, leaf);
}

/** i32 index of a child's ref. */
export function idChildWord(inner: number, slot: number): number {
  return (inner << 1) + ID_NODE.slots + slot;
}

/** i32 index of a child's bound. */
export function idBoundWord(inner: number, slot: number): number {
  return (inner << 1) + ID_BOUNDS_WORD + slot * ID_WORDS;
}

/** Which child of the inner node it is. */
export function idSlotOf(p: Partition, inner: number, child: number): number {
  const first = idChildWord(inner, 0);
  let word = first;
  while (p.i32[word] !== child) word++;
  assert(word - first < idNodeCount(p, inner), 'a node is a child of its parent');
  return word - first;
}

// ── The tree ────────────────────────────────────────────────────────────────────────────────────

/** Makes four words an empty tree. */
export function idTreeInit(p: Partition, tree: number, recordWords: number): void {
  p.i32[tree + ID_TREE.topRef] = 0;
  p.i32[tree + ID_TREE.lastRef] = 0;
  p.i32[tree + ID_TREE.count] = 0;
  p.i32[tree + ID_TREE.recordWords] = recordWords;
}

export function idTreeCount(p: Partition, tree: number): number {
  return p.i32[tree + ID_TREE.count];
}

/**
 * Goes to the first record whose id is not less; maybe behind the last one of a leaf, see idSettle. Returns
 * whether it has this id.
 */
export function idSeek(
  p: Partition,
  tree: number,
  id: Readonly<StreamId>,
  place: IdPlace,
): boolean {
  const { i32 } = p;
  let node = i32[tree + ID_TREE.topRef];
  place.leafRef = node;
  place.slot = 0;
  if (node === 0) return false;
  while (!idNodeIsLeaf(p, node)) node = childSeek(i32, node, id);
  const words = idRecordWords(p, node);
  const first = idRecordWord(p, node, 0);
  const count = i32[(node << 1) + ID_NODE.count];
  let low = 0;
  for (let high = count; low < high; ) {
    const middle = (low + high) >>> 1;
    if (streamIdCompareAt(i32, first + middle * words, id) < 0) low = middle + 1;
    else high = middle;
  }
  place.leafRef = node;
  place.slot = low;
  return low < count && streamIdCompareAt(i32, first + low * words, id) === 0;
}

/** The last child whose bound is not more. */
function childSeek(i32: Int32Array, inner: number, id: Readonly<StreamId>): number {
  const bounds = idBoundWord(inner, 0);
  let low = 1;
  for (let high = i32[(inner << 1) + ID_NODE.count]; low < high; ) {
    const middle = (low + high) >>> 1;
    if (streamIdCompareAt(i32, bounds + middle * ID_WORDS, id) <= 0) low = middle + 1;
    else high = middle;
  }
  return i32[idChildWord(inner, low - 1)];
}

/** i32 index of the record at a place. */
export function idAt(p: Partition, place: IdPlace): number {
  return idRecordWord(p, place.leafRef, place.slot);
}

/** Goes from behind a leaf's last record to the next leaf's first one. False: there is none. */
export function idSettle(p: Partition, place: IdPlace): boolean {
  const { leafRef } = place;
  if (leafRef === 0) return false;
  if (place.slot < idNodeCount(p, leafRef)) return true;
  place.leafRef = p.i32[(leafRef << 1) + ID_NODE.nextRef];
  place.slot = 0;
  return place.leafRef !== 0;
}

/** Goes to the next record. False: there is none, and the place is nowhere. */
export function idNext(p: Partition, place: IdPlace): boolean {
  place.slot++;
  return idSettle(p, place);
}

/** Goes to the first record. False: there is none. */
export function idFirst(p: Partition, tree: number, place: IdPlace): boolean {
  return idSeek(p, tree, LEAST, place) || idSettle(p, place);
}

/** i32 index of the last record, of a tree that is not empty. */
export function idLastAt(p: Partition, tree: number): number {
  const last = p.i32[tree + ID_TREE.lastRef];
  return idRecordWord(p, last, idNodeCount(p, last) - 1);
}
