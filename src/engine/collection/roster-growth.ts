/**
 * Adding to a roster (roster.ts), which may take memory: for a node's double, a further node, a further
 * level. Without it the roster is as it was.
 *
 * Guard: the partition lock. The collection's item is guarded, or not there yet: its members stay while
 * memory is looked for.
 */
import { assert } from '../../base/assert.ts';
import {
  NODE,
  NODE_TYPE,
  nodeInit,
  ROOT,
  rootBytesAdd,
  rootCount,
  rootCountAdd,
} from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';
import { chunkObtain } from '../eviction.ts';
import {
  ROSTER_BYTES_MIN,
  ROSTER_DEPTH_MAX,
  ROSTER_FANOUT,
  rosterNode,
  rosterNodeBytes,
  rosterNodeCapacity,
  rosterNodeCopy,
  rosterNodeFree,
  rosterNodeReplace,
} from './roster.ts';

/** Adds a member behind all others and returns its slot; -1 without memory. */
export function rosterAdd(p: Partition, rootRef: number, memberRef: number, nowMs: number): number {
  const slot = rootCount(p, rootRef);
  const node = entryObtain(p, rootRef, 0, slot, nowMs);
  if (node === 0) return -1;
  assert(slot === rootCount(p, rootRef), 'a collection that is added to loses no member');
  p.i32[(node << 1) + NODE.headerWords + (slot % ROSTER_FANOUT)] = memberRef;
  rootCountAdd(p, rootRef, 1);
  return slot;
}

/** The node with room for the entry `index`, the next of its level; 0 without memory. */
function entryObtain(
  p: Partition,
  rootRef: number,
  level: number,
  index: number,
  nowMs: number,
): number {
  const nodeIndex = (index / ROSTER_FANOUT) | 0;
  const used = index % ROSTER_FANOUT;
  if (used === 0) return nodeAdd(p, rootRef, level, nodeIndex, nowMs);
  const node = rosterNode(p, rootRef, level, nodeIndex);
  if (used < rosterNodeCapacity(p, node)) return node;
  const bytes = Math.min(rosterNodeBytes(p, node) * 2, CHUNK_BYTES_MAX);
  const grown = chunkObtain(p, p.classes.classFor(bytes), nowMs);
  if (grown === 0) return 0;
  rosterNodeCopy(p, rootRef, node, grown, used);
  rosterNodeReplace(p, rootRef, level, nodeIndex, grown);
  return grown;
}

/** A further node of a level, entered into the one above: the new node, or 0 without memory. */
function nodeAdd(
  p: Partition,
  rootRef: number,
  level: number,
  nodeIndex: number,
  nowMs: number,
): number {
  const { i32 } = p;
  const root = rootRef << 1;
  const node = nodeObtain(p, rootRef, nowMs);
  if (node === 0) return 0;
  if (nodeIndex === 0) {
    i32[root + ROOT.rosterRef] = node;
    return node;
  }
  if (level === i32[root + ROOT.rosterDepth]) {
    assert(level < ROSTER_DEPTH_MAX, 'a roster is no deeper than a partition has room for');
    const top = nodeObtain(p, rootRef, nowMs);
    if (top !== 0) {
      i32[(top << 1) + NODE.headerWords] = i32[root + ROOT.rosterRef];
      i32[(top << 1) + NODE.headerWords + 1] = node;
      i32[root + ROOT.rosterRef] = top;
      i32[root + ROOT.rosterDepth] = level + 1;
      return node;
    }
  } else {
    const above = entryObtain(p, rootRef, level + 1, nodeIndex, nowMs);
    if (above !== 0) {
      i32[(above << 1) + NODE.headerWords + (nodeIndex % ROSTER_FANOUT)] = node;
      return node;
    }
  }
  rosterNodeFree(p, rootRef, node);
  return 0;
}

function nodeObtain(p: Partition, rootRef: number, nowMs: number): number {
  const node = chunkObtain(p, p.classes.classFor(ROSTER_BYTES_MIN), nowMs);
  if (node === 0) return 0;
  nodeInit(p, node, NODE_TYPE.ROSTER, rootRef);
  rootBytesAdd(p, rootRef, rosterNodeBytes(p, node));
  return node;
}
