/**
 * What is sought in a sorted set, packed or large: a score, a name, or a score and a name. A target can
 * stand before what equals it or behind, so one search finds any end of any range, inclusive or not, and
 * the place of a member. Everything in the set is before the target or is not, in that order.
 *
 * Guard: an OrderTarget belongs to its thread.
 */
import { bytesCompare } from '../../memory/bytes.ts';

/** By what a target is compared with members. */
export const ORDER = {
  SCORE: 0, // by score alone
  NAME: 1, // by name alone: for sets whose scores are all the same
  BOTH: 2, // by score, then by name
} as const;

export class OrderTarget {
  by: number = ORDER.SCORE;
  /** What equals the target is before it: so the search leads behind it. */
  isBehind = false;
  score = 0.5;
  /** The name is a range of one of the thread's buffers, or of a partition. */
  name: Buffer;
  nameStart = 0;
  nameBytes = 0;

  constructor(name: Buffer) {
    this.name = name;
    // The fraction above makes V8 keep the field as a double from the start.
    this.score = 0;
  }
}

/** Sets a target to a score: before all that have it, or behind them. */
export function targetSetScore(target: OrderTarget, score: number, isBehind: boolean): void {
  target.by = ORDER.SCORE;
  target.score = score;
  target.isBehind = isBehind;
}

/** Sets a target to a name: before the one that has it, or behind. */
export function targetSetName(
  target: OrderTarget,
  name: Buffer,
  start: number,
  bytes: number,
  isBehind: boolean,
): void {
  target.by = ORDER.NAME;
  target.name = name;
  target.nameStart = start;
  target.nameBytes = bytes;
  target.isBehind = isBehind;
}

/** Sets a target to where a member of this score and name is, or would be. */
export function targetSetMember(
  target: OrderTarget,
  score: number,
  name: Buffer,
  start: number,
  bytes: number,
): void {
  targetSetName(target, name, start, bytes, false);
  target.by = ORDER.BOTH;
  target.score = score;
}

/** Whether the score alone tells that it is before the target, or is not: see targetByScore. */
export function targetNeedsName(target: OrderTarget, score: number): boolean {
  return target.by === ORDER.NAME || (target.by === ORDER.BOTH && score === target.score);
}

/** Whether something of this score is before a target that needs no name for it. */
export function targetByScore(target: OrderTarget, score: number): boolean {
  return score < target.score || (score === target.score && target.isBehind);
}

/** Whether something of this name is before a target that needs it. */
export function targetByName(
  target: OrderTarget,
  u8: Buffer,
  nameStart: number,
  nameBytes: number,
): boolean {
  const order = bytesCompare(
    u8,
    nameStart,
    nameBytes,
    target.name,
    target.nameStart,
    target.nameBytes,
  );
  return order < 0 || (order === 0 && target.isBehind);
}
