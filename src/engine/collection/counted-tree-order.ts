/**
 * Searching an ordered tree (counted-tree.ts): where the entries begin that are not before a target
 * (order-target.ts).
 *
 * Guard: the partition lock.
 */
import { assert } from '../../base/assert.ts';
import { bytesCompare } from '../../memory/bytes.ts';
import { itemNameBytes, itemNameOffset } from '../../memory/item.ts';
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
import {
  OrderTarget,
  targetByName,
  targetByScore,
  targetNeedsName,
  targetSetMember,
} from './order-target.ts';

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

/** The member itself is looked at only if its score does not decide. */
function memberIsBefore(p: Partition, score: number, member: number, target: OrderTarget): boolean {
  if (!targetNeedsName(target, score)) return targetByScore(target, score);
  return targetByName(target, p.u8, itemNameOffset(p, member), itemNameBytes(p, member));
}

/** A member is at another ref from now on; what was at the old one can still be read. */
export function treeMemberReplace(p: Partition, rootRef: number, from: number, to: number): void {
  treeMemberSeek(p, rootRef, from, memberPlace);
  treeReplace(p, memberPlace, to);
}

/** Goes to a member that the tree has. */
export function treeMemberSeek(
  p: Partition,
  rootRef: number,
  member: number,
  place: TreePlace,
): void {
  const start = itemNameOffset(p, member);
  const score = memberScore(p, member);
  targetSetMember(memberTarget, score, p.u8, start, itemNameBytes(p, member));
  treeSeek(p, rootRef, memberTarget, place);
  const isThere = treeSettle(p, place) && treeEntry(p, place) === member;
  assert(isThere, 'a member is where its order says');
}

const memberTarget = new OrderTarget(Buffer.alloc(0));
const memberPlace = new TreePlace();

/** Orders two members by score, then by name: below, above or equal to 0. */
export function membersCompare(p: Partition, one: number, other: number): number {
  const score = memberScore(p, one);
  const otherScore = memberScore(p, other);
  if (score !== otherScore) return score < otherScore ? -1 : 1;
  return bytesCompare(
    p.u8,
    itemNameOffset(p, one),
    itemNameBytes(p, one),
    p.u8,
    itemNameOffset(p, other),
    itemNameBytes(p, other),
  );
}
