/**
 * Sorted sets: taking the first or the last members out, and waiting for some to take.
 *
 *   ZPOPMIN k         m1 s1               RESP2 and RESP3
 *   ZPOPMIN k 2       m1 s1 m2 s2         RESP3: in pairs
 *   BZPOPMIN k t      k m1 s1
 *   ZMPOP 1 k MIN     k [[m1 s1] …]
 */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { zsetFind, zsetRemoveRange, zsetSettle } from '../../../engine/types/zset.ts';
import { ZsetEntry } from '../../../engine/types/zset-entry.ts';
import { ZsetWalk, zsetWalkNext, zsetWalkStart } from '../../../engine/types/zset-walk.ts';
import { collectionCount } from '../../../memory/collection.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentBytes, argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respDouble,
  respEmptyArray,
  respNullArray,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument, positiveArgument, timeoutArgument } from '../number-arguments.ts';
import { ACCESS_DELETE_KEY, FLAG, type KeySpec, type RespRow } from '../row.ts';
import { blockedClaim, blockOnKeys } from '../waits.ts';

const { WRITE, FAST, BLOCKING } = FLAG;
const KEYS_BEFORE_TIMEOUT: readonly KeySpec[] = [{ use: 'RW access delete', from: 1, to: -2 }];
const COUNTED_KEYS: readonly KeySpec[] = [{ use: 'RW access delete', from: 1, counted: true }];
const TIMEOUT_COUNTED_KEYS: readonly KeySpec[] = [
  { use: 'RW access delete', from: 2, counted: true },
];

// biome-ignore format: a table reads in columns
export const ZSET_POP_ROWS: readonly RespRow[] = [
  { name: 'zpopmin',  arity: -2, flags: WRITE | FAST,            keys: ACCESS_DELETE_KEY,    group: 'sorted-set', since: '5.0.0', complexity: 'O(M log N), M the members to take, N those of the set', syntax: 'key [count]', doc: 'Takes the members with the lowest scores.', run: (call) => pop(call, false) },
  { name: 'zpopmax',  arity: -2, flags: WRITE | FAST,            keys: ACCESS_DELETE_KEY,    group: 'sorted-set', since: '5.0.0', complexity: 'O(M log N), M the members to take, N those of the set', syntax: 'key [count]', doc: 'Takes the members with the highest scores.', run: (call) => pop(call, true) },
  { name: 'zmpop',    arity: -4, flags: WRITE,                   keys: COUNTED_KEYS,         group: 'sorted-set', since: '7.0.0', complexity: 'O(K + M log N), K the keys, M the members to take, N those of the set', syntax: 'numkeys key [key ...] (MIN | MAX) [COUNT count]', doc: 'Takes members from the first set that has some.', run: (call) => multiPop(call, 1) },
  { name: 'bzpopmin', arity: -3, flags: WRITE | FAST | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'sorted-set', since: '5.0.0', complexity: 'O(log N), N the members of the set', syntax: 'key [key ...] timeout', doc: 'As ZPOPMIN, or waits for a member.', run: (call) => blockingPop(call, false) },
  { name: 'bzpopmax', arity: -3, flags: WRITE | FAST | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'sorted-set', since: '5.0.0', complexity: 'O(log N), N the members of the set', syntax: 'key [key ...] timeout', doc: 'As ZPOPMAX, or waits for a member.', run: (call) => blockingPop(call, true) },
  { name: 'bzmpop',   arity: -5, flags: WRITE | BLOCKING,        keys: TIMEOUT_COUNTED_KEYS, group: 'sorted-set', since: '7.0.0', complexity: 'O(K + M log N), K the keys, M the members to take, N those of the set', syntax: 'timeout numkeys key [key ...] (MIN | MAX) [COUNT count]', doc: 'As ZMPOP, or waits for a member.', run: (call) => multiPop(call, 2) },
];

const walk = new ZsetWalk();
const entry = new ZsetEntry(Buffer.alloc(0));

/** How the members that are taken are answered. */
const SHAPE = {
  FLAT: 0, // members and scores in turn
  PAIRS: 1,
  KEY_FLAT: 2, // the key before them
  KEY_PAIRS: 3, // the key, and an array of pairs
} as const;

function pop(call: RespCall, fromEnd: boolean): void {
  const { args, p, op, reply } = call;
  if (args.count > 3) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const count = args.count === 3 ? positiveArgument(call, 2) : 1;
  if (Number.isNaN(count)) return;
  const ref = zsetFind(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
  } else if (ref === 0 || count === 0) {
    respEmptyArray(reply);
  } else {
    const inPairs = args.count === 3 && reply.resp === 3;
    membersTake(call, p, ref, 1, count, fromEnd, inPairs ? SHAPE.PAIRS : SHAPE.FLAT);
  }
}

/** Takes up to `count` members out of a set that has some, the key of which is argument `index`. */
function membersTake(
  call: RespCall,
  p: Partition,
  ref: number,
  index: number,
  count: number,
  fromEnd: boolean,
  shape: number,
): void {
  const { args, op, reply } = call;
  const members = collectionCount(p, ref);
  const taken = Math.min(count, members);
  if (shape === SHAPE.KEY_FLAT || shape === SHAPE.KEY_PAIRS) {
    respArray(reply, shape === SHAPE.KEY_FLAT ? taken * 2 + 1 : 2);
    respBulk(reply, args.source, args.start[index], argumentBytes(args, index));
  }
  const inPairs = shape === SHAPE.PAIRS || shape === SHAPE.KEY_PAIRS;
  if (inPairs) respArray(reply, taken);
  else if (shape === SHAPE.FLAT) respArray(reply, taken * 2);
  zsetWalkStart(p, ref, walk, fromEnd ? members - 1 : 0, taken, fromEnd);
  while (zsetWalkNext(p, walk, entry)) {
    if (inPairs) respArray(reply, 2);
    respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
    respDouble(reply, entry.score);
  }
  const left = zsetRemoveRange(p, op, ref, fromEnd ? members - taken : 0, taken);
  zsetSettle(p, op, left, true);
  changesCount(call, taken);
  keyEvent(call, KEY_EVENT.ZSET, fromEnd ? 'zpopmax' : 'zpopmin', index);
  if (left === 0) keyEvent(call, KEY_EVENT.GENERIC, 'del', index);
}

const FOUND = { NOTHING: 0, MEMBERS: 1, OTHER_TYPE: 2 } as const;

/**
 * Takes members from the first set among the keys at arguments first, … last that there is, unless a key
 * before it holds something else.
 */
function firstSetTake(
  call: RespCall,
  first: number,
  last: number,
  count: number,
  fromEnd: boolean,
  shape: number,
): number {
  for (let index = first; index <= last; index++) {
    const p = keyTake(call, index);
    const ref = zsetFind(p, call.op);
    if (ref === 0) continue;
    if (ref === OTHER_TYPE) {
      if (call.serving !== null) continue; // another of its keys is ready
      answerError(call, RESP_ERROR.wrongType);
      return FOUND.OTHER_TYPE;
    }
    if (blockedClaim(call)) membersTake(call, p, ref, index, count, fromEnd, shape);
    return FOUND.MEMBERS;
  }
  return FOUND.NOTHING;
}

function blockingPop(call: RespCall, fromEnd: boolean): void {
  const last = call.args.count - 2;
  const timeoutMs = timeoutArgument(call, last + 1);
  if (Number.isNaN(timeoutMs)) return;
  const found = firstSetTake(call, 1, last, 1, fromEnd, SHAPE.KEY_FLAT);
  if (found === FOUND.NOTHING) blockOnKeys(call, 1, last, timeoutMs, true);
}

/** ZMPOP, and BZMPOP, which has the timeout before the number of keys. */
function multiPop(call: RespCall, countIndex: number): void {
  const { args } = call;
  const keys = integerArgument(call, countIndex, NUMKEYS_ERROR);
  if (Number.isNaN(keys)) return;
  if (keys < 1) {
    answerError(call, NUMKEYS_ERROR);
    return;
  }
  const last = countIndex + keys;
  if (last + 1 >= args.count) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const fromEnd = argumentIs(args, last + 1, 'max');
  if (!fromEnd && !argumentIs(args, last + 1, 'min')) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const count = countOption(call, last + 2);
  if (Number.isNaN(count)) return;
  const timeoutMs = countIndex === 2 ? timeoutArgument(call, 1) : 0;
  if (Number.isNaN(timeoutMs)) return;
  const found = firstSetTake(call, countIndex + 1, last, count, fromEnd, SHAPE.KEY_PAIRS);
  if (found !== FOUND.NOTHING) return;
  if (countIndex === 2) blockOnKeys(call, countIndex + 1, last, timeoutMs, true);
  else respNullArray(call.reply);
}

const NUMKEYS_ERROR = 'ERR numkeys should be greater than 0';
const COUNT_ERROR = 'ERR count should be greater than 0';

/** `[COUNT count]` from argument `index` on: 1 without; NaN if something is wrong, which was answered. */
function countOption(call: RespCall, index: number): number {
  const { args } = call;
  if (args.count === index) return 1;
  if (args.count < index + 2 || !argumentIs(args, index, 'count')) {
    answerError(call, RESP_ERROR.syntax);
    return Number.NaN;
  }
  const count = integerArgument(call, index + 1, COUNT_ERROR);
  if (Number.isNaN(count)) return count;
  if (count < 1 || args.count > index + 2) {
    answerError(call, count < 1 ? COUNT_ERROR : RESP_ERROR.syntax);
    return Number.NaN;
  }
  return count;
}
