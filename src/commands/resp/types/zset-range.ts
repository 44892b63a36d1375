import { OTHER_TYPE } from '../../../engine/status.ts';
import { zsetFind, zsetRead, zsetRemoveRange } from '../../../engine/types/zset.ts';
import { rowMake, type ZsetRow } from '../../../engine/types/zset-combine.ts';
import { ZsetEntry } from '../../../engine/types/zset-entry.ts';
import { ZsetWalk, zsetWalkNext, zsetWalkStart } from '../../../engine/types/zset-walk.ts';
import type { Partition } from '../../../memory/partition.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respDouble,
  respEmptyArray,
  respInteger,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { DELETE_KEY, FLAG, type KeySpec, READ_KEY, type RespRow } from '../row.ts';
import { removedTell } from './zset.ts';
import {
  boundsTake,
  RANGE_BY,
  RANGE_OPEN,
  rangeLimit,
  rangeResolve,
  rangeTake,
  ZsetRange,
} from './zset-bounds.ts';
import { rowsStore } from './zset-reply.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;
const { RANK, SCORE, NAME } = RANGE_BY;
const STORE_KEYS: readonly KeySpec[] = [
  { use: 'OW update', from: 1 },
  { use: 'RO access', from: 2 },
];
const COST = 'O(log N + M), N the members of the set, M those of the range';

// biome-ignore format: a table reads in columns
export const ZSET_RANGE_ROWS: readonly RespRow[] = [
  { name: 'zrange',           arity: -4, flags: READONLY,         keys: READ_KEY,   group: 'sorted-set', since: '1.2.0', complexity: COST, syntax: 'key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]', doc: 'Members by rank, score or name.', run: (call) => rangeAnswer(call, RANGE_OPEN, RANGE_OPEN) },
  { name: 'zrevrange',        arity: -4, flags: READONLY,         keys: READ_KEY,   group: 'sorted-set', since: '1.2.0', complexity: COST, syntax: 'key start stop [WITHSCORES]', doc: 'Members by rank, the last first.', run: (call) => rangeAnswer(call, RANK, 1) },
  { name: 'zrangebyscore',    arity: -4, flags: READONLY,         keys: READ_KEY,   group: 'sorted-set', since: '1.0.5', complexity: COST, syntax: 'key min max [WITHSCORES] [LIMIT offset count]', doc: 'Members by score.', run: (call) => rangeAnswer(call, SCORE, 0) },
  { name: 'zrevrangebyscore', arity: -4, flags: READONLY,         keys: READ_KEY,   group: 'sorted-set', since: '2.2.0', complexity: COST, syntax: 'key max min [WITHSCORES] [LIMIT offset count]', doc: 'Members by score, the last first.', run: (call) => rangeAnswer(call, SCORE, 1) },
  { name: 'zrangebylex',      arity: -4, flags: READONLY,         keys: READ_KEY,   group: 'sorted-set', since: '2.8.9', complexity: COST, syntax: 'key min max [LIMIT offset count]', doc: 'Members by name, of a set whose scores are all the same.', run: (call) => rangeAnswer(call, NAME, 0) },
  { name: 'zrevrangebylex',   arity: -4, flags: READONLY,         keys: READ_KEY,   group: 'sorted-set', since: '2.8.9', complexity: COST, syntax: 'key max min [LIMIT offset count]', doc: 'Members by name, the last first.', run: (call) => rangeAnswer(call, NAME, 1) },
  { name: 'zrangestore',      arity: -5, flags: WRITE | DENY_OOM, keys: STORE_KEYS, group: 'sorted-set', since: '6.2.0', complexity: COST, syntax: 'dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]', doc: 'Stores members by rank, score or name.', run: zrangestore },
  { name: 'zcount',           arity:  4, flags: READONLY | FAST,  keys: READ_KEY,   group: 'sorted-set', since: '2.0.0', complexity: 'O(log N), N the members of the set', syntax: 'key min max', doc: 'How many members have a score between two.', run: (call) => countAnswer(call, SCORE) },
  { name: 'zlexcount',        arity:  4, flags: READONLY | FAST,  keys: READ_KEY,   group: 'sorted-set', since: '2.8.9', complexity: 'O(log N), N the members of the set', syntax: 'key min max', doc: 'How many members are between two names.', run: (call) => countAnswer(call, NAME) },
  { name: 'zremrangebyrank',  arity:  4, flags: WRITE,            keys: DELETE_KEY, group: 'sorted-set', since: '2.0.0', complexity: COST, syntax: 'key start stop', doc: 'Removes members by rank.', run: (call) => rangeRemove(call, RANK, 'zremrangebyrank') },
  { name: 'zremrangebyscore', arity:  4, flags: WRITE,            keys: DELETE_KEY, group: 'sorted-set', since: '1.2.0', complexity: COST, syntax: 'key min max', doc: 'Removes members by score.', run: (call) => rangeRemove(call, SCORE, 'zremrangebyscore') },
  { name: 'zremrangebylex',   arity:  4, flags: WRITE,            keys: DELETE_KEY, group: 'sorted-set', since: '2.8.9', complexity: COST, syntax: 'key min max', doc: 'Removes members by name.', run: (call) => rangeRemove(call, NAME, 'zremrangebylex') },
];

const range = new ZsetRange();
const walk = new ZsetWalk();
const entry = new ZsetEntry(Buffer.alloc(0));

function rangeAnswer(call: RespCall, by: number, back: number): void {
  const { p, op, reply } = call;
  if (!rangeTake(call, range, 2, by, back, false)) return;
  const ref = zsetRead(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  if (ref === 0) {
    respEmptyArray(reply);
    return;
  }
  rangeResolve(p, ref, range);
  rangeLimit(range);
  membersAnswer(call, p, ref, range.rank, range.count, range.goesBack, range.withScores);
}

/** Answers `count` members from one rank on: with scores, in RESP2 in a flat array, in RESP3 in pairs. */
export function membersAnswer(
  { reply }: RespCall,
  p: Partition,
  ref: number,
  rank: number,
  count: number,
  goesBack: boolean,
  withScores: boolean,
): void {
  const inPairs = withScores && reply.resp === 3;
  respArray(reply, withScores && !inPairs ? count * 2 : count);
  zsetWalkStart(p, ref, walk, rank, count, goesBack);
  while (zsetWalkNext(p, walk, entry)) {
    if (inPairs) respArray(reply, 2);
    respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
    if (withScores) respDouble(reply, entry.score);
  }
}

function zrangestore(call: RespCall): void {
  if (!rangeTake(call, range, 3, RANGE_OPEN, RANGE_OPEN, true)) return;
  const p = keyTake(call, 2);
  const ref = zsetRead(p, call.op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  const rows: ZsetRow[] = [];
  if (ref !== 0) {
    rangeResolve(p, ref, range);
    rangeLimit(range);
    zsetWalkStart(p, ref, walk, range.rank, range.count, range.goesBack);
    while (zsetWalkNext(p, walk, entry)) {
      rows.push(rowMake(entry.name, entry.nameStart, entry.nameBytes, entry.score));
    }
  }
  rowsStore(call, range.goesBack ? rows.reverse() : rows, 'zrangestore', 1);
}

function countAnswer(call: RespCall, by: number): void {
  const { p, op, reply } = call;
  range.by = by;
  range.goesBack = false;
  if (!boundsTake(call, range, 2, 3)) return;
  const ref = zsetRead(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  if (ref !== 0) rangeResolve(p, ref, range);
  respInteger(reply, ref === 0 ? 0 : range.count);
}

function rangeRemove(call: RespCall, by: number, event: string): void {
  const { p, op, reply } = call;
  range.by = by;
  range.goesBack = false;
  if (!boundsTake(call, range, 2, 3)) return;
  const ref = zsetFind(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  if (ref === 0) {
    respInteger(reply, 0);
    return;
  }
  rangeResolve(p, ref, range);
  const { rank, count } = range;
  if (count > 0) removedTell(call, zsetRemoveRange(p, op, ref, rank, count), count, event);
  respInteger(reply, count);
}
