/**
 * Searching an ordered tree (counted-tree.ts): where the entries begin that are not before a target. A
 * target is a score, a name, or a score and a name; it can stand before what equals it or behind, so
 * one search finds any end of any range, inclusive or not, and the place of a member.
 *
 * Guard: the partition lock.
 */
import { assert } from '../../base/assert.ts';
import { bytesCompare } from '../../memory/bytes.ts';
import { itemKeyBytes, itemKeyOffset } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  memberScore,
  nodeCount,
  nodeIsLeaf,
  scoreIndex,
  slotFirst,
  slotWord,
  TreePlace,
  treeEntry,
  treeSettle,
  treeTop,
} from './counted-tree.ts';
import { treeReplace } from './counted-tree-change.ts';

/** A member's key is its name behind the ref of its collection's root. */
const NAMESPACE_BYTES = 4;

/** By what a target is compared with members. */
export const ORDER = {
  SCORE: 0, // by score alone
  NAME: 1, // by name alone: for sets whose scores are all the same
  BOTH: 2, // by score, then by name
} as const;

/** One per thread, and filled before each search. The name is a range of one of the thread's buffers. */
export class OrderTarget {
  by: number = ORDER.SCORE;
  /** What equals the target is before it: so the search leads behind it. */
  isBehind = false;
  score = 0.5;
  name: Buffer;
  nameStart = 0;
  nameBytes = 0;

  constructor(name: Buffer) {
    this.name = name;
    // The fraction above makes V8 keep the field as a double from the start.
    this.score = 0;
  }
}

/**
 * Goes to where the first entry is that is not before the target, or to where the target belongs:
 * maybe behind the last entry of a leaf (see treeSettle).
 */
export function treeSeek(
  p: Partition,
  rootRef: number,
  target: OrderTarget,
  place: TreePlace,
): void {
  let node = treeTop(p, rootRef);
  while (!nodeIsLeaf(p, node)) {
    // The last child whose first entry is before the target: no earlier one has what is sought.
    let low = 0;
    let high = nodeCount(p, node) - 1;
    while (low < high) {
      const slot = (low + high + 1) >>> 1;
      const score = p.f64[scoreIndex(node, slot)];
      if (memberIsBefore(p, score, slotFirst(p, node, slot), target)) low = slot;
      else high = slot - 1;
    }
    node = p.i32[slotWord(node, low)];
  }
  let low = 0;
  let high = nodeCount(p, node);
  while (low < high) {
    const slot = (low + high) >>> 1;
    const member = p.i32[slotWord(node, slot)];
    if (memberIsBefore(p, memberScore(p, member), member, target)) low = slot + 1;
    else high = slot;
  }
  place.leafRef = node;
  place.slot = low;
}

/** A member is at another ref from now on; what was at the old one can still be read. */
export function treeMemberReplace(p: Partition, rootRef: number, from: number, to: number): void {
  memberTarget.by = ORDER.BOTH;
  memberTarget.score = memberScore(p, from);
  memberTarget.name = p.u8;
  memberTarget.nameStart = memberNameOffset(p, from);
  memberTarget.nameBytes = memberNameBytes(p, from);
  treeSeek(p, rootRef, memberTarget, memberPlace);
  treeSettle(p, memberPlace);
  assert(treeEntry(p, memberPlace) === from, 'a member is where its order says');
  treeReplace(p, memberPlace, to);
}

const memberTarget = new OrderTarget(Buffer.alloc(0));
const memberPlace = new TreePlace();

function memberIsBefore(p: Partition, score: number, member: number, target: OrderTarget): boolean {
  if (target.by !== ORDER.NAME && score !== target.score) return score < target.score;
  if (target.by === ORDER.SCORE) return target.isBehind;
  const start = memberNameOffset(p, member);
  const bytes = memberNameBytes(p, member);
  const { name, nameStart, nameBytes } = target;
  const order = bytesCompare(p.u8, start, bytes, name, nameStart, nameBytes);
  return order < 0 || (order === 0 && target.isBehind);
}

function memberNameOffset(p: Partition, member: number): number {
  return itemKeyOffset(p, member) + NAMESPACE_BYTES;
}

function memberNameBytes(p: Partition, member: number): number {
  return itemKeyBytes(p, member) - NAMESPACE_BYTES;
}

/** Orders two members by score, then by name: below, above or equal to 0. */
export function membersCompare(p: Partition, one: number, other: number): number {
  const difference = memberScore(p, one) - memberScore(p, other);
  if (difference !== 0) return difference;
  const start = memberNameOffset(p, one);
  const otherStart = memberNameOffset(p, other);
  const bytes = memberNameBytes(p, one);
  return bytesCompare(p.u8, start, bytes, p.u8, otherStart, memberNameBytes(p, other));
}
