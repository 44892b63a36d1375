/**
 * The roster: all members of a large collection by number, so that any one of them can be drawn, all of
 * them be listed, and a scan go on where it ended. A member knows its number, its *slot* (item.ts).
 *
 *   root ──rosterRef──▶ ┌──────┬─────────┬─────────────────────────────┐     rosterDepth 0: one node
 *                       │ meta │ rootRef │ member 0 … member 2045, u32 │
 *                       └──────┴─────────┴─────────────────────────────┘
 *
 *   root ──rosterRef──▶ ┌──────┬─────────┬───────────────────────┐           rosterDepth 1; and so on
 *                       │ meta │ rootRef │ node 0 … node 2045    │
 *                       └──────┴─────────┴───│───────────────────┘
 *                                            └──▶ members 0 … 2045, and behind them 2046 …
 *
 * All nodes are full but the last of each level. The last one's chunk is of the class that fits, and
 * doubles as it fills up; it halves when a quarter of it is in use. How many slots are in use follows
 * from the root's count.
 *
 * A removal fills the hole with the last member. So a scan by *descending* slot meets every member that
 * is there from its beginning to its end: a member that has not been met can only move down, and what is
 * added comes behind.
 *
 * Guard: the partition lock. Adding, which needs memory, is in roster-growth.ts.
 */
import { assert } from '../../base/assert.ts';
import { itemSlotSet } from '../../memory/item.ts';
import {
  NODE,
  NODE_HEADER_BYTES,
  ROOT,
  rootBytesAdd,
  rootCount,
  rootCountAdd,
} from '../../memory/node.ts';
import { CLASS, classRecord, type Partition } from '../../memory/partition.ts';
import { chunkClass, chunkGive, chunkTake } from '../../memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';

/** Refs in a full node. */
export const ROSTER_FANOUT = (CHUNK_BYTES_MAX - NODE_HEADER_BYTES) >>> 2;
/** The first node. */
export const ROSTER_BYTES_MIN = 64;
/** Levels of nodes: two are enough for four million members, three for all that a partition holds. */
export const ROSTER_DEPTH_MAX = 2;

assert(
  ROSTER_FANOUT ** (ROSTER_DEPTH_MAX + 1) > 2 ** 31 / 32,
  'all members there can be have a slot',
);

/** The member in the slot, which must be in use. */
export function rosterAt(p: Partition, rootRef: number, slot: number): number {
  const { i32 } = p;
  const root = rootRef << 1;
  if (i32[root + ROOT.rosterDepth] === 0) {
    return i32[(i32[root + ROOT.rosterRef] << 1) + NODE.headerWords + slot];
  }
  return i32[slotWord(p, rootRef, slot)];
}

/** The member in this slot is at another ref from now on. */
export function rosterReplace(
  p: Partition,
  rootRef: number,
  slot: number,
  memberRef: number,
): void {
  p.i32[slotWord(p, rootRef, slot)] = memberRef;
}

/** Takes a member out; the last one takes its slot. */
export function rosterRemove(p: Partition, rootRef: number, slot: number): void {
  const last = rootCount(p, rootRef) - 1;
  assert(slot >= 0 && slot <= last, 'a slot that is given back is in use');
  if (slot !== last) {
    const moved = rosterAt(p, rootRef, last);
    rosterReplace(p, rootRef, slot, moved);
    itemSlotSet(p, moved, slot);
  }
  rootCountAdd(p, rootRef, -1);
  levelTrim(p, rootRef, 0, last);
}

/** Refs that a node has room for. */
export function rosterNodeCapacity(p: Partition, node: number): number {
  return (p.classes.chunkBytes[chunkClass(p, node)] - NODE_HEADER_BYTES) >>> 2;
}

/**
 * A node. Those of level 0 hold members, those of the next level such nodes.
 *   index   which of its level
 */
export function rosterNode(p: Partition, rootRef: number, level: number, index: number): number {
  const { i32 } = p;
  const root = rootRef << 1;
  let node = i32[root + ROOT.rosterRef];
  for (let above = i32[root + ROOT.rosterDepth]; above > level; above--) {
    const below = above - 1 === level ? index : (index / ROSTER_FANOUT) | 0;
    node = i32[(node << 1) + NODE.headerWords + (below % ROSTER_FANOUT)];
  }
  return node;
}

/** Puts another chunk in a node's place. */
export function rosterNodeReplace(
  p: Partition,
  rootRef: number,
  level: number,
  index: number,
  node: number,
): void {
  const root = rootRef << 1;
  if (level === p.i32[root + ROOT.rosterDepth]) p.i32[root + ROOT.rosterRef] = node;
  else p.i32[entryWord(p, rootRef, level + 1, index)] = node;
}

/** Copies a node with its first `used` refs to another chunk, and frees the one it was in. */
export function rosterNodeCopy(
  p: Partition,
  rootRef: number,
  from: number,
  to: number,
  used: number,
): void {
  p.u8.copyWithin(to << 3, from << 3, (from << 3) + NODE_HEADER_BYTES + used * 4);
  rootBytesAdd(p, rootRef, rosterNodeBytes(p, to));
  rosterNodeFree(p, rootRef, from);
}

/** What a node counts among the collection's bytes. */
export function rosterNodeBytes(p: Partition, node: number): number {
  return p.classes.chunkBytes[chunkClass(p, node)];
}

export function rosterNodeFree(p: Partition, rootRef: number, node: number): void {
  rootBytesAdd(p, rootRef, -rosterNodeBytes(p, node));
  chunkGive(p, node);
}

function slotWord(p: Partition, rootRef: number, slot: number): number {
  return entryWord(p, rootRef, 0, slot);
}

/** i32 index of the entry `index` of a level. */
function entryWord(p: Partition, rootRef: number, level: number, index: number): number {
  const node = rosterNode(p, rootRef, level, (index / ROSTER_FANOUT) | 0);
  return (node << 1) + NODE.headerWords + (index % ROSTER_FANOUT);
}

/** The last entry of a level is gone: its node is freed with its last one, or may be smaller. */
function levelTrim(p: Partition, rootRef: number, level: number, removed: number): void {
  const { i32 } = p;
  const root = rootRef << 1;
  const index = (removed / ROSTER_FANOUT) | 0;
  const node = rosterNode(p, rootRef, level, index);
  const left = removed % ROSTER_FANOUT;
  const isTop = level === i32[root + ROOT.rosterDepth];
  if (left === 0) {
    rosterNodeFree(p, rootRef, node);
    if (isTop) i32[root + ROOT.rosterRef] = 0;
    else levelTrim(p, rootRef, level + 1, index);
  } else if (isTop && level > 0 && left === 1) {
    i32[root + ROOT.rosterRef] = i32[(node << 1) + NODE.headerWords];
    i32[root + ROOT.rosterDepth] = level - 1;
    rosterNodeFree(p, rootRef, node);
  } else if (left * 4 <= rosterNodeCapacity(p, node)) {
    nodeShrink(p, rootRef, level, index, left);
  }
}

/** Halves a node, if there is a free chunk for that: it is not worth a page. */
function nodeShrink(
  p: Partition,
  rootRef: number,
  level: number,
  index: number,
  used: number,
): void {
  const node = rosterNode(p, rootRef, level, index);
  const bytes = rosterNodeBytes(p, node) >>> 1;
  if (bytes < ROSTER_BYTES_MIN) return;
  const classId = p.classes.classFor(bytes);
  if (p.i32[classRecord(classId) + CLASS.partialHead] === 0) return;
  const to = chunkTake(p, classId);
  rosterNodeCopy(p, rootRef, node, to, used);
  rosterNodeReplace(p, rootRef, level, index, to);
}
