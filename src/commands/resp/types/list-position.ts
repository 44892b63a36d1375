/** Lists: finding where an element is. */
import { OTHER_TYPE } from '../../../engine/status.ts';
import {
  ListCursor,
  listElementEquals,
  listNext,
  listPrevious,
  listSeek,
} from '../../../engine/types/list-cursor.ts';
import { collectionCount } from '../../../memory/collection.ts';
import { argumentBytes, argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respDefer,
  respDeferredSet,
  respEmptyArray,
  respInteger,
  respNull,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument, positiveArgument } from '../number-arguments.ts';
import { FLAG, READ_KEY, type RespRow } from '../row.ts';
import { listToRead } from './list-reply.ts';

// biome-ignore format: a table reads in columns
export const LIST_POSITION_ROWS: readonly RespRow[] = [
  { name: 'lpos', arity: -3, flags: FLAG.READONLY, keys: READ_KEY, group: 'list', since: '6.0.6', complexity: 'O(N), N the elements that are compared', syntax: 'key element [RANK rank] [COUNT num-matches] [MAXLEN len]', doc: 'At which index an element is.', run: lpos },
];

const RANK_ZERO_ERROR =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  'or use negative to start from the end of the list';
/** The one int64 whose opposite is none. */
const INT64_MIN_TEXT = '-9223372036854775808';
const RANK_RANGE_ERROR =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807';

const cursor = new ListCursor();
/** The options of a request. `count` -1: not given, and the answer is one index. */
const search = { rank: 1, count: -1, lengthMax: 0 };

/** Reads the options. False: they are wrong, which was answered. */
function optionsTake(call: RespCall): boolean {
  const { args } = call;
  search.rank = 1;
  search.count = -1;
  search.lengthMax = 0;
  for (let index = 3; index < args.count; index += 2) {
    let value = Number.NaN;
    if (index + 1 === args.count) {
      answerError(call, RESP_ERROR.syntax);
    } else if (argumentIs(args, index, 'rank')) {
      search.rank = value = rankArgument(call, index + 1);
    } else if (argumentIs(args, index, 'count')) {
      search.count = value = positiveArgument(call, index + 1, "ERR COUNT can't be negative");
    } else if (argumentIs(args, index, 'maxlen')) {
      search.lengthMax = value = positiveArgument(call, index + 1, "ERR MAXLEN can't be negative");
    } else {
      answerError(call, RESP_ERROR.syntax);
    }
    if (Number.isNaN(value)) return false;
  }
  return true;
}

function rankArgument(call: RespCall, index: number): number {
  if (argumentText(call.args, index) === INT64_MIN_TEXT) {
    answerError(call, RANK_RANGE_ERROR);
    return Number.NaN;
  }
  const rank = integerArgument(call, index);
  if (rank !== 0) return rank;
  answerError(call, RANK_ZERO_ERROR);
  return Number.NaN;
}

function lpos(call: RespCall): void {
  if (!optionsTake(call)) return;
  const { reply } = call;
  const ref = listToRead(call);
  if (ref === OTHER_TYPE) return;
  const isMany = search.count >= 0;
  if (ref === 0) {
    if (isMany) respEmptyArray(reply);
    else respNull(reply);
  } else if (isMany) {
    const place = respDefer(reply);
    const most = search.count === 0 ? Number.MAX_SAFE_INTEGER : search.count;
    respDeferredSet(reply, place, 'array', positionsAnswer(call, ref, most));
  } else if (positionsAnswer(call, ref, 1) === 0) {
    respNull(reply);
  }
}

/** Answers up to `most` indices of elements that equal argument 2. Returns how many. */
function positionsAnswer({ args, p, reply }: RespCall, ref: number, most: number): number {
  const { source } = args;
  const start = args.start[2];
  const bytes = argumentBytes(args, 2);
  const length = collectionCount(p, ref);
  const backwards = search.rank < 0;
  const lengthMax = search.lengthMax === 0 ? length : Math.min(search.lengthMax, length);
  let skipped = Math.abs(search.rank) - 1;
  let found = 0;
  listSeek(p, ref, backwards ? length - 1 : 0, cursor);
  for (let passed = 0; passed < lengthMax && found < most; passed++) {
    if (listElementEquals(p, cursor, source, start, bytes) && skipped-- <= 0) {
      respInteger(reply, backwards ? length - 1 - passed : passed);
      found++;
    }
    if (backwards) listPrevious(p, cursor);
    else listNext(p, cursor);
  }
  return found;
}
