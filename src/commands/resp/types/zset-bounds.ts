/**
 * Ranges of sorted sets as commands ask for them: by rank, by score or by name. Whatever the kind, a
 * range comes to a rank to begin at, a direction and a count.
 *
 *   by score    1.5  (1.5  inf  -inf         by name    [a  (a  -  +         by rank    0  -1
 *
 * The two bounds cut the set: what is before the low cut is not in the range, what is before the high
 * one is. A cut is a target of the engine (collection/order-target.ts), or one end of the set.
 *
 * Guard: ranges belong to their thread.
 */
import { float64Parse } from '../../../base/float64.ts';
import {
  OrderTarget,
  targetSetName,
  targetSetScore,
} from '../../../engine/collection/order-target.ts';
import { zsetRankOf } from '../../../engine/types/zset.ts';
import { collectionCount } from '../../../memory/collection.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';

export const RANGE_BY = { RANK: 0, SCORE: 1, NAME: 2 } as const;

/** Whether a command says by its name what its range is by, and which way it goes. */
export const RANGE_OPEN = -1;

const OPENING = 0x28;
const BRACKET = 0x5b;
const PLUS = 0x2b;
const MINUS = 0x2d;

const CUT = { AT_START: 0, AT_END: 1, AT_TARGET: 2 } as const;

class Cut {
  where: number = CUT.AT_START;
  readonly target = new OrderTarget(Buffer.alloc(0));
}

/** A range that was asked for, and once it was resolved what it is of one set. */
export class ZsetRange {
  by: number = RANGE_BY.RANK;
  goesBack = false;
  withScores = false;
  offset = 0;
  /** Negative: all. */
  limit = -1;
  /** Of a range by rank. */
  start = 0;
  stop = 0;
  readonly low = new Cut();
  readonly high = new Cut();

  /** The first member's rank, and how many there are, going back or forth. */
  rank = 0;
  count = 0;
}

/**
 * Reads `min max [BYSCORE | BYLEX] [REV] [WITHSCORES] [LIMIT offset count]` from argument `first` on.
 *   by, back     RANGE_BY, and 1 or 0 for the direction, where the command has said so; or RANGE_OPEN
 *   stores       there is no reply that could have scores
 *   returns      false if something is wrong, which was answered
 */
export function rangeTake(
  call: RespCall,
  range: ZsetRange,
  first: number,
  by: number,
  back: number,
  stores: boolean,
): boolean {
  range.by = by === RANGE_OPEN ? RANGE_BY.RANK : by;
  range.goesBack = back === 1;
  range.withScores = false;
  range.offset = 0;
  range.limit = -1;
  if (!optionsTake(call, range, first + 2, by, back, stores)) return false;
  if (range.limit !== -1 && range.by === RANGE_BY.RANK) {
    const places = 'BYSCORE or BYLEX';
    answerError(
      call,
      `ERR syntax error, LIMIT is only supported in combination with either ${places}`,
    );
    return false;
  }
  if (range.withScores && range.by === RANGE_BY.NAME) {
    answerError(call, 'ERR syntax error, WITHSCORES not supported in combination with BYLEX');
    return false;
  }
  const isReversed = range.goesBack && range.by !== RANGE_BY.RANK;
  return boundsTake(call, range, isReversed ? first + 1 : first, isReversed ? first : first + 1);
}

function optionsTake(
  call: RespCall,
  range: ZsetRange,
  first: number,
  by: number,
  back: number,
  stores: boolean,
): boolean {
  const { args } = call;
  let isOpen = by === RANGE_OPEN;
  for (let at = first; at < args.count; at++) {
    if (!stores && argumentIs(args, at, 'withscores')) {
      range.withScores = true;
    } else if (at + 2 < args.count && argumentIs(args, at, 'limit')) {
      range.offset = integerArgument(call, at + 1);
      if (Number.isNaN(range.offset)) return false;
      range.limit = integerArgument(call, at + 2);
      if (Number.isNaN(range.limit)) return false;
      at += 2;
    } else if (back === RANGE_OPEN && argumentIs(args, at, 'rev')) {
      range.goesBack = true;
    } else if (isOpen && argumentIs(args, at, 'bylex')) {
      range.by = RANGE_BY.NAME;
      isOpen = false;
    } else if (isOpen && argumentIs(args, at, 'byscore')) {
      range.by = RANGE_BY.SCORE;
      isOpen = false;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
  }
  return true;
}

/** Reads the bounds of a range by `range.by` at these arguments. */
export function boundsTake(call: RespCall, range: ZsetRange, min: number, max: number): boolean {
  if (range.by === RANGE_BY.RANK) {
    range.start = integerArgument(call, min);
    if (Number.isNaN(range.start)) return false;
    range.stop = integerArgument(call, max);
    return !Number.isNaN(range.stop);
  }
  if (range.by === RANGE_BY.SCORE) {
    if (scoreCut(call, min, range.low, false) && scoreCut(call, max, range.high, true)) return true;
    answerError(call, 'ERR min or max is not a float');
    return false;
  }
  if (nameCut(call, min, range.low, false) && nameCut(call, max, range.high, true)) return true;
  answerError(call, 'ERR min or max not valid string range item');
  return false;
}

/** Behind what equals the bound is where an inclusive range ends, and where an exclusive one begins. */
function scoreCut({ args }: RespCall, index: number, cut: Cut, isHigh: boolean): boolean {
  const { source } = args;
  const end = args.end[index];
  let start = args.start[index];
  const isExclusive = start < end && source[start] === OPENING;
  if (isExclusive) start++;
  // As strtod has it, nothing is zero.
  const score = start === end ? 0 : float64Parse(source, start, end);
  cut.where = CUT.AT_TARGET;
  targetSetScore(cut.target, score, isExclusive !== isHigh);
  return !Number.isNaN(score);
}

function nameCut({ args }: RespCall, index: number, cut: Cut, isHigh: boolean): boolean {
  const start = args.start[index];
  const bytes = args.end[index] - start;
  const sign = bytes === 0 ? 0 : args.source[start];
  if (sign === PLUS || sign === MINUS) {
    cut.where = sign === PLUS ? CUT.AT_END : CUT.AT_START;
    return bytes === 1;
  }
  if (sign !== OPENING && sign !== BRACKET) return false;
  cut.where = CUT.AT_TARGET;
  const isExclusive = sign === OPENING;
  targetSetName(cut.target, args.source, start + 1, bytes - 1, isExclusive !== isHigh);
  return true;
}

/** Finds what the range is of a set: `range.rank` and `range.count`, the limit not yet considered. */
export function rangeResolve(p: Partition, ref: number, range: ZsetRange): void {
  const members = collectionCount(p, ref);
  let first = 0;
  let end = 0;
  if (range.by === RANGE_BY.RANK) {
    first = Math.max(range.start < 0 ? range.start + members : range.start, 0);
    end = Math.min(range.stop < 0 ? range.stop + members : range.stop, members - 1) + 1;
  } else {
    first = cutRank(p, ref, range.low, members);
    end = cutRank(p, ref, range.high, members);
  }
  range.count = Math.max(end - first, 0);
  range.rank = first;
  if (!range.goesBack) return;
  range.rank = range.by === RANGE_BY.RANK ? members - 1 - first : end - 1;
}

/** Takes away what is before the offset and beyond the limit, which ranges by rank have none of. */
export function rangeLimit(range: ZsetRange): void {
  const { offset, limit, goesBack } = range;
  if (range.by === RANGE_BY.RANK) return;
  if (offset < 0 || offset >= range.count) {
    range.count = 0;
    return;
  }
  range.rank += goesBack ? -offset : offset;
  range.count -= offset;
  if (limit >= 0 && limit < range.count) range.count = limit;
}

function cutRank(p: Partition, ref: number, cut: Cut, members: number): number {
  if (cut.where === CUT.AT_TARGET) return zsetRankOf(p, ref, cut.target);
  return cut.where === CUT.AT_START ? 0 : members;
}
