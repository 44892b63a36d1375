/** Sorted sets: members drawn at random. */

import { Entry, entryScore } from '../../../engine/collection/entry.ts';
import { EntrySample, entryDraw } from '../../../engine/collection/entry-sample.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { zsetRead } from '../../../engine/types/zset.ts';
import { replyOverflows } from '../../../protocol/reply.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respDouble,
  respEmptyArray,
  respNull,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, READ_KEY, type RespRow } from '../row.ts';

const { READONLY } = FLAG;

// biome-ignore format: a table reads in columns
export const ZSET_RANDOM_ROWS: readonly RespRow[] = [
  { name: 'zrandmember', arity: -2, flags: READONLY, keys: READ_KEY, group: 'sorted-set', since: '6.2.0', complexity: 'O(N), N the members to draw', syntax: 'key [count [WITHSCORES]]', doc: 'Members drawn at random; if the count is negative, one may be drawn twice.', run: zrandmember },
];

/** No int64 is beyond this. */
const INT64_END = 2 ** 63;
/** Members that may be drawn one by one: there is no reply for more. */
const DRAWS_MAX = 2 ** 31;

const entry = new Entry(Buffer.alloc(0));

function zrandmember(call: RespCall): void {
  const { args, p, op, reply } = call;
  const hasCount = args.count > 2;
  const count = hasCount ? countArgument(call) : 1;
  if (Number.isNaN(count)) return;
  const ref = zsetRead(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
  } else if (!hasCount) {
    if (ref === 0) {
      respNull(reply);
    } else {
      entryDraw(p, ref, entry, 0);
      respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
    }
  } else if (ref === 0 || count === 0) {
    respEmptyArray(reply);
  } else {
    membersDraw(call, ref, count, args.count === 4);
  }
}

/** `count [WITHSCORES]`; NaN if something is wrong, which was answered. */
function countArgument(call: RespCall): number {
  const { args } = call;
  const count = integerArgument(call, 2);
  if (Number.isNaN(count)) return count;
  const withScores = args.count > 3;
  if (-count >= INT64_END) {
    const most = '9223372036854775807';
    answerError(call, `ERR value is out of range, value must between -${most} and ${most}`);
  } else if (args.count > 4 || (withScores && !argumentIs(args, 3, 'withscores'))) {
    answerError(call, RESP_ERROR.syntax);
  } else if (-count > DRAWS_MAX || (withScores && count > INT64_END / 2)) {
    answerError(call, RESP_ERROR.outOfRange);
  } else {
    return count;
  }
  return Number.NaN;
}

/** Answers members that are drawn: different ones, or if the count is negative each from all. */
function membersDraw(call: RespCall, ref: number, count: number, withScores: boolean): void {
  const { p, reply } = call;
  const sample = count > 0 ? new EntrySample(p, ref, count, 0) : null;
  const size = sample === null ? -count : sample.size;
  const inPairs = withScores && reply.resp === 3;
  respArray(reply, withScores && !inPairs ? size * 2 : size);
  for (let drawn = 0; drawn < size && !replyOverflows(reply); drawn++) {
    if (sample === null) entryDraw(p, ref, entry, 0);
    else sample.next(p, entry);
    if (inPairs) respArray(reply, 2);
    respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
    if (withScores) respDouble(reply, entryScore(p, entry));
  }
}
