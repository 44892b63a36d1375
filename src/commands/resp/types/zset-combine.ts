/** Sorted sets: union, intersection and difference, of sets too. */
import { float64Parse } from '../../../base/float64.ts';
import { itemRead } from '../../../engine/types/string.ts';
import {
  AGGREGATE,
  itemIsSource,
  type ZsetRow,
  ZsetSource,
  zsetDifference,
  zsetIntersection,
  zsetIntersectionCount,
  zsetUnion,
} from '../../../engine/types/zset-combine.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { rowsAnswer, rowsStore } from './zset-reply.ts';

const { WRITE, READONLY, DENY_OOM } = FLAG;
const COUNTED_KEYS: readonly KeySpec[] = [{ use: 'RO access', from: 1, counted: true }];
const STORE_KEYS: readonly KeySpec[] = [
  { use: 'OW update', from: 1 },
  { use: 'RO access', from: 2, counted: true },
];
const UNION_COST = 'O(N + M log M), N all members of the sources, M those of the result';
const INTERSECTION_COST =
  'O(N K + M log M), N the members of the smallest source, K the sources, M the members of the result';
const DIFFERENCE_COST =
  'O(N K + M log M), N the members of the first source, K the sources, M the members of the result';

const OF = { UNION: 0, INTERSECTION: 1, DIFFERENCE: 2 } as const;

// biome-ignore format: a table reads in columns
export const ZSET_COMBINE_ROWS: readonly RespRow[] = [
  { name: 'zunion',      arity: -3, flags: READONLY,         keys: COUNTED_KEYS, group: 'sorted-set', since: '6.2.0', complexity: UNION_COST,        syntax: 'numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE (SUM | MIN | MAX)] [WITHSCORES]', doc: 'What is in any of several sorted sets.', run: (call) => combine(call, OF.UNION, '') },
  { name: 'zinter',      arity: -3, flags: READONLY,         keys: COUNTED_KEYS, group: 'sorted-set', since: '6.2.0', complexity: INTERSECTION_COST, syntax: 'numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE (SUM | MIN | MAX)] [WITHSCORES]', doc: 'What is in all of several sorted sets.', run: (call) => combine(call, OF.INTERSECTION, '') },
  { name: 'zdiff',       arity: -3, flags: READONLY,         keys: COUNTED_KEYS, group: 'sorted-set', since: '6.2.0', complexity: DIFFERENCE_COST,   syntax: 'numkeys key [key ...] [WITHSCORES]', doc: 'What is in the first sorted set and in no other.', run: (call) => combine(call, OF.DIFFERENCE, '') },
  { name: 'zunionstore', arity: -4, flags: WRITE | DENY_OOM, keys: STORE_KEYS,   group: 'sorted-set', since: '2.0.0', complexity: UNION_COST,        syntax: 'destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE (SUM | MIN | MAX)]', doc: 'Stores what is in any of several sorted sets.', run: (call) => combine(call, OF.UNION, 'zunionstore') },
  { name: 'zinterstore', arity: -4, flags: WRITE | DENY_OOM, keys: STORE_KEYS,   group: 'sorted-set', since: '2.0.0', complexity: INTERSECTION_COST, syntax: 'destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE (SUM | MIN | MAX)]', doc: 'Stores what is in all of several sorted sets.', run: (call) => combine(call, OF.INTERSECTION, 'zinterstore') },
  { name: 'zdiffstore',  arity: -4, flags: WRITE | DENY_OOM, keys: STORE_KEYS,   group: 'sorted-set', since: '6.2.0', complexity: DIFFERENCE_COST,   syntax: 'destination numkeys key [key ...]', doc: 'Stores what is in the first sorted set and in no other.', run: (call) => combine(call, OF.DIFFERENCE, 'zdiffstore') },
  { name: 'zintercard',  arity: -3, flags: READONLY,         keys: COUNTED_KEYS, group: 'sorted-set', since: '7.0.0', complexity: 'O(N K), N the members of the smallest source, K the sources', syntax: 'numkeys key [key ...] [LIMIT limit]', doc: 'How much is in all of several sorted sets.', run: zintercard },
];

/**
 * Finds the sources that the number at argument `index` and the keys behind it name. Null if something is
 * wrong, which was answered.
 */
function sourcesTake(call: RespCall, index: number): ZsetSource[] | null {
  const { args, op } = call;
  const count = integerArgument(call, index);
  if (Number.isNaN(count)) return null;
  if (count < 1) {
    const name = call.command.fullName;
    answerError(call, `ERR at least 1 input key is needed for '${name}' command`);
    return null;
  }
  if (count > args.count - index - 1) {
    answerError(call, RESP_ERROR.syntax);
    return null;
  }
  const sources: ZsetSource[] = [];
  for (let at = index + 1; at <= index + count; at++) {
    const p = keyTake(call, at);
    const ref = itemRead(p, op);
    if (ref !== 0 && !itemIsSource(p, ref)) {
      answerError(call, RESP_ERROR.wrongType);
      return null;
    }
    sources.push(new ZsetSource(p, ref));
  }
  return sources;
}

/** The options behind the keys. */
class Options {
  aggregate: number = AGGREGATE.SUM;
  withScores = false;
}

/** `event` is empty if the result is answered. */
function combine(call: RespCall, of: number, event: string): void {
  const stores = event !== '';
  const countIndex = stores ? 2 : 1;
  const sources = sourcesTake(call, countIndex);
  if (sources === null) return;
  const options = new Options();
  const first = countIndex + 1 + sources.length;
  if (!optionsTake(call, first, sources, options, of === OF.DIFFERENCE, stores)) return;
  let rows: ZsetRow[];
  if (of === OF.UNION) rows = zsetUnion(sources, options.aggregate);
  else if (of === OF.INTERSECTION) rows = zsetIntersection(sources, options.aggregate);
  else rows = zsetDifference(sources);
  if (stores) rowsStore(call, rows, event, 1);
  else rowsAnswer(call, rows, options.withScores);
}

function optionsTake(
  call: RespCall,
  first: number,
  sources: ZsetSource[],
  options: Options,
  isDifference: boolean,
  stores: boolean,
): boolean {
  const { args } = call;
  for (let at = first; at < args.count; at++) {
    const left = args.count - at - 1;
    if (!isDifference && left >= sources.length && argumentIs(args, at, 'weights')) {
      for (const source of sources) if (!weightTake(call, ++at, source)) return false;
    } else if (!isDifference && left >= 1 && argumentIs(args, at, 'aggregate')) {
      if (!aggregateTake(call, ++at, options)) return false;
    } else if (!stores && argumentIs(args, at, 'withscores')) {
      options.withScores = true;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
  }
  return true;
}

function weightTake(call: RespCall, index: number, source: ZsetSource): boolean {
  const { args } = call;
  source.weight = float64Parse(args.source, args.start[index], args.end[index]);
  if (!Number.isNaN(source.weight)) return true;
  answerError(call, 'ERR weight value is not a float');
  return false;
}

function aggregateTake(call: RespCall, index: number, options: Options): boolean {
  const { args } = call;
  if (argumentIs(args, index, 'sum')) options.aggregate = AGGREGATE.SUM;
  else if (argumentIs(args, index, 'min')) options.aggregate = AGGREGATE.MIN;
  else if (argumentIs(args, index, 'max')) options.aggregate = AGGREGATE.MAX;
  else {
    answerError(call, RESP_ERROR.syntax);
    return false;
  }
  return true;
}

function zintercard(call: RespCall): void {
  const { args, reply } = call;
  const sources = sourcesTake(call, 1);
  if (sources === null) return;
  let limit = 0;
  for (let at = 2 + sources.length; at < args.count; at += 2) {
    if (at + 1 === args.count || !argumentIs(args, at, 'limit')) {
      answerError(call, RESP_ERROR.syntax);
      return;
    }
    limit = integerArgument(call, at + 1, LIMIT_ERROR);
    if (Number.isNaN(limit)) return;
    if (limit < 0) {
      answerError(call, LIMIT_ERROR);
      return;
    }
  }
  respInteger(reply, zsetIntersectionCount(sources, limit));
}

const LIMIT_ERROR = "ERR LIMIT can't be negative";
