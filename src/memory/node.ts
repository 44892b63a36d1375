/**
 * Nodes: the chunks of which large collections consist, besides their members. What kind a node is
 * stands where an item has its type; every node but the root names its root.
 *
 *   node   word 0            1
 *          ┌────────────────┬─────────┬───────────────────────────────
 *          │ meta           │ rootRef │ what the kind of node has …
 *          └────────────────┴─────────┴───────────────────────────────
 *            bits 3–4 KIND_NODE · bits 8–11 NODE_TYPE
 *
 *   root   word 0      1         2       3           4             5         6               7
 *          ┌──────────┬─────────┬───────┬───────────┬─────────────┬─────────┬───────────────┬─────────┐
 *          │ meta     │ itemRef │ count │ rosterRef │ rosterDepth │ treeRef │ expiringCount │ nextRef │
 *          ├──────────┴─────────┼───────┴─┬─────────┴─────────────┴─────────┴───────────────┴─────────┘
 *          │ bytes f64          │ sweptAt │
 *          └────────────────────┴─────────┘
 *
 * `itemRef` is the item of the collection's key, and follows it when it moves; 0 while the collection is
 * being made, or being freed. `count` is its members or elements, `expiringCount` a hash's fields that
 * have an expiry time. `bytes` is what all its chunks have asked for. `nextRef` leads on through the
 * graveyard (engine/collection/graveyard.ts). `sweptAt` is the eviction clock of when a hand last took a
 * use off the collection (engine/hand.ts). A root never moves: its ref is the namespace of the
 * collection's members (base/key.ts). That of a stream has bit 19 of its meta word, and more words behind
 * these (engine/types/stream-root.ts).
 *
 * Guard: the partition lock.
 */
import { KIND_NODE } from './item.ts';
import type { Partition } from './partition.ts';

/** Words of every node, as i32 indices from `ref << 1`. */
export const NODE = { meta: 0, rootRef: 1, headerWords: 2 } as const;
export const NODE_HEADER_BYTES = 8;

export const NODE_TYPE = {
  ROOT: 0,
  ROSTER: 1, // member refs, or refs of further such nodes: engine/collection/roster.ts
  TREE_LEAF: 2, // refs in order: engine/collection/counted-tree.ts
  TREE_INNER: 3,
  STRIP: 4, // elements of a list: engine/types/list.ts
  BLOCK: 5, // entries of a stream: engine/types/stream-block.ts
  GROUPS: 6, // the consumer groups of a stream: engine/types/stream-group-node.ts
  GROUP: 7,
  CONSUMER: 8,
  ID_LEAF: 9, // records by id: engine/types/stream-pending-tree.ts
  ID_INNER: 10,
} as const;

/** Words of a root, as i32 indices from `ref << 1`. */
export const ROOT = {
  itemRef: 1,
  count: 2,
  rosterRef: 3,
  rosterDepth: 4,
  treeRef: 5,
  expiringCount: 6,
  nextRef: 7,
  sweptAt: 10,
} as const;
/** f64 index from `ref`. */
export const ROOT_F64 = { bytes: 4 } as const;
export const ROOT_BYTES = 48;

const OF_STREAM = 1 << 19;
const KIND_SHIFT = 3;
const TYPE_SHIFT = 8;
const TYPE_MASK = 15;

/** Makes a chunk a node. What lies behind the header is the caller's to fill. */
export function nodeInit(p: Partition, ref: number, type: number, rootRef: number): void {
  p.i32[ref << 1] = (KIND_NODE << KIND_SHIFT) | (type << TYPE_SHIFT);
  p.i32[(ref << 1) + NODE.rootRef] = rootRef;
}

/** One of NODE_TYPE. */
export function nodeType(p: Partition, ref: number): number {
  return (p.i32[ref << 1] >>> TYPE_SHIFT) & TYPE_MASK;
}

/** The root of any node: of a root, itself. */
export function nodeRoot(p: Partition, ref: number): number {
  return nodeType(p, ref) === NODE_TYPE.ROOT ? ref : p.i32[(ref << 1) + NODE.rootRef];
}

/** Hands a node over to another collection. */
export function nodeRootSet(p: Partition, ref: number, rootRef: number): void {
  p.i32[(ref << 1) + NODE.rootRef] = rootRef;
}

/** Makes a chunk the root of an empty collection that no key names yet. */
export function rootInit(p: Partition, ref: number): void {
  nodeInit(p, ref, NODE_TYPE.ROOT, 0);
  const word = ref << 1;
  for (let at = ROOT.itemRef; at <= ROOT.nextRef; at++) p.i32[word + at] = 0;
  p.f64[ref + ROOT_F64.bytes] = 0;
  p.i32[word + ROOT.sweptAt] = 0;
}

/** Whether it is the root of a stream. */
export function rootIsStream(p: Partition, rootRef: number): boolean {
  return (p.i32[rootRef << 1] & OF_STREAM) !== 0;
}

export function rootStreamSet(p: Partition, rootRef: number): void {
  p.i32[rootRef << 1] |= OF_STREAM;
}

/** The item of the key whose collection this is, or 0. */
export function rootItem(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + ROOT.itemRef];
}

export function rootItemSet(p: Partition, rootRef: number, itemRef: number): void {
  p.i32[(rootRef << 1) + ROOT.itemRef] = itemRef;
}

/** Members or elements. */
export function rootCount(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + ROOT.count];
}

export function rootCountAdd(p: Partition, rootRef: number, difference: number): void {
  p.i32[(rootRef << 1) + ROOT.count] += difference;
}

/** Bytes that all chunks of the collection have asked for. */
export function rootBytes(p: Partition, rootRef: number): number {
  return p.f64[rootRef + ROOT_F64.bytes];
}

export function rootBytesAdd(p: Partition, rootRef: number, difference: number): void {
  p.f64[rootRef + ROOT_F64.bytes] += difference;
}

/** Fields of a hash that have an expiry time. */
export function rootExpiringCount(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + ROOT.expiringCount];
}

export function rootExpiringAdd(p: Partition, rootRef: number, difference: number): void {
  p.i32[(rootRef << 1) + ROOT.expiringCount] += difference;
}

/** The eviction clock of when a hand last took a use off the collection. */
export function rootSweptAt(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + ROOT.sweptAt];
}

export function rootSweptAtSet(p: Partition, rootRef: number, clock: number): void {
  p.i32[(rootRef << 1) + ROOT.sweptAt] = clock;
}
