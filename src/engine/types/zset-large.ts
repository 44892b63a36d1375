/**
 * Large sorted sets: each member an item of its own, its score the value (collection/member.ts), in an
 * ordered tree (collection/counted-tree.ts).
 *
 * Guard: the partition lock. What adds or moves a member takes memory: the set's item is guarded, or
 * there is none yet.
 */
import { KEY_BYTES_LIMIT } from '../../base/key.ts';
import { itemHash, itemValueOffset } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  memberScore,
  TreePlace,
  treeAt,
  treeEnd,
  treeEntry,
  treePosition,
} from '../collection/counted-tree.ts';
import { treeRemove } from '../collection/counted-tree-change.ts';
import { treeCreate, treeInsert, treeMove } from '../collection/counted-tree-growth.ts';
import { treeMemberSeek, treeSeek } from '../collection/counted-tree-order.ts';
import { rootDiscard } from '../collection/graveyard.ts';
import { memberAdd, memberFind, memberKeyFill } from '../collection/member.ts';
import { memberDrop } from '../collection/member-life.ts';
import { type OrderTarget, targetSetMember } from '../collection/order-target.ts';
import { rootCreate } from '../collection/root.ts';
import type { Operation } from '../operation.ts';
import type { ZsetEntry } from './zset-entry.ts';

const SCORE_BYTES = 8;

/** Places of this thread, good within one operation. */
const place = new TreePlace();
const placeTo = new TreePlace();
/** A score as a member's value. */
const scoreValue = Buffer.alloc(SCORE_BYTES);

/** An empty large set that no key names; 0 without memory. It has to be attached, or discarded. */
export function largeCreate(p: Partition, nowMs: number): number {
  const rootRef = rootCreate(p, nowMs);
  if (rootRef === 0) return 0;
  if (treeCreate(p, rootRef, true, nowMs)) return rootRef;
  rootDiscard(p, rootRef);
  return 0;
}

/** The member with the entry's name, whose key this takes in hand; or 0. */
export function largeFind(p: Partition, rootRef: number, entry: ZsetEntry): number {
  if (entry.nameBytes > KEY_BYTES_LIMIT) return 0;
  memberKeyFill(entry.key, rootRef, entry.name, entry.nameStart, entry.nameBytes);
  return memberFind(p, entry.key);
}

/** Adds an entry whose key is in hand, and not there. False: no memory, and nothing has changed. */
export function largeAdd(
  p: Partition,
  op: Operation,
  rootRef: number,
  entry: ZsetEntry,
  target: OrderTarget,
): boolean {
  targetSetMember(target, entry.score, entry.name, entry.nameStart, entry.nameBytes);
  treeSeek(p, rootRef, target, place);
  return memberInsert(p, op, rootRef, entry);
}

/** As largeAdd, for an entry that belongs behind all others. */
export function largeAppend(
  p: Partition,
  op: Operation,
  rootRef: number,
  entry: ZsetEntry,
): boolean {
  memberKeyFill(entry.key, rootRef, entry.name, entry.nameStart, entry.nameBytes);
  treeEnd(p, rootRef, place);
  return memberInsert(p, op, rootRef, entry);
}

/** Adds the entry at `place`. */
function memberInsert(p: Partition, op: Operation, rootRef: number, entry: ZsetEntry): boolean {
  scoreValue.writeDoubleLE(entry.score);
  op.value = scoreValue;
  op.valueStart = 0;
  op.valueBytes = SCORE_BYTES;
  op.expiresAtMs = 0;
  const member = memberAdd(p, op, rootRef, entry.key);
  if (member === 0) return false;
  if (treeInsert(p, place, member, 1, op.nowMs)) return true;
  memberDrop(p, rootRef, member, entry.key.hash);
  return false;
}

/** Gives a member the entry's score. False: no memory, and nothing has changed. */
export function largeScoreSet(
  p: Partition,
  rootRef: number,
  member: number,
  entry: ZsetEntry,
  target: OrderTarget,
  nowMs: number,
): boolean {
  const before = memberScore(p, member);
  treeMemberSeek(p, rootRef, member, place);
  targetSetMember(target, entry.score, entry.name, entry.nameStart, entry.nameBytes);
  treeSeek(p, rootRef, target, placeTo);
  p.view.setFloat64(itemValueOffset(p, member), entry.score, true);
  if (treeMove(p, place, placeTo, nowMs)) return true;
  p.view.setFloat64(itemValueOffset(p, member), before, true);
  return false;
}

/** Removes a member. */
export function largeRemove(p: Partition, rootRef: number, member: number): void {
  treeMemberSeek(p, rootRef, member, place);
  treeRemove(p, place);
  memberDrop(p, rootRef, member, itemHash(p, member));
}

/** Removes `count` members from the one of this rank on. */
export function largeRemoveRange(p: Partition, rootRef: number, rank: number, count: number): void {
  treeAt(p, rootRef, rank, place);
  for (let removed = 0; removed < count; removed++) {
    const member = treeEntry(p, place);
    treeRemove(p, place);
    memberDrop(p, rootRef, member, itemHash(p, member));
  }
}

/** How many members are before the target. */
export function largeRankOf(p: Partition, rootRef: number, target: OrderTarget): number {
  treeSeek(p, rootRef, target, place);
  return treePosition(p, place);
}

/** The rank of a member. */
export function largeRank(p: Partition, rootRef: number, member: number): number {
  treeMemberSeek(p, rootRef, member, place);
  return treePosition(p, place);
}
