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
import { argumentBytes } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respBulk, respDouble, respEmptyArray } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { positiveArgument } from '../number-arguments.ts';
import { ACCESS_DELETE_KEY, FLAG, type RespRow } from '../row.ts';
import {
  blockingPop,
  COUNTED_KEYS,
  KEYS_BEFORE_TIMEOUT,
  multiPop,
  type PopKind,
  TIMEOUT_COUNTED_KEYS,
} from './pop-request.ts';

const { WRITE, FAST, BLOCKING } = FLAG;

// biome-ignore format: a table reads in columns
export const ZSET_POP_ROWS: readonly RespRow[] = [
  { name: 'zpopmin',  arity: -2, flags: WRITE | FAST,            keys: ACCESS_DELETE_KEY,    group: 'sorted-set', since: '5.0.0', complexity: 'O(M log N), M the members to take, N those of the set', syntax: 'key [count]', doc: 'Takes the members with the lowest scores.', run: (call) => pop(call, false) },
  { name: 'zpopmax',  arity: -2, flags: WRITE | FAST,            keys: ACCESS_DELETE_KEY,    group: 'sorted-set', since: '5.0.0', complexity: 'O(M log N), M the members to take, N those of the set', syntax: 'key [count]', doc: 'Takes the members with the highest scores.', run: (call) => pop(call, true) },
  { name: 'zmpop',    arity: -4, flags: WRITE,                   keys: COUNTED_KEYS,         group: 'sorted-set', since: '7.0.0', complexity: 'O(K + M log N), K the keys, M the members to take, N those of the set', syntax: 'numkeys key [key ...] (MIN | MAX) [COUNT count]', doc: 'Takes members from the first set that has some.', run: (call) => multiPop(call, SETS, 1) },
  { name: 'bzpopmin', arity: -3, flags: WRITE | FAST | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'sorted-set', since: '5.0.0', complexity: 'O(log N), N the members of the set', syntax: 'key [key ...] timeout', doc: 'As ZPOPMIN, or waits for a member.', run: (call) => blockingPop(call, SETS, false) },
  { name: 'bzpopmax', arity: -3, flags: WRITE | FAST | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'sorted-set', since: '5.0.0', complexity: 'O(log N), N the members of the set', syntax: 'key [key ...] timeout', doc: 'As ZPOPMAX, or waits for a member.', run: (call) => blockingPop(call, SETS, true) },
  { name: 'bzmpop',   arity: -5, flags: WRITE | BLOCKING,        keys: TIMEOUT_COUNTED_KEYS, group: 'sorted-set', since: '7.0.0', complexity: 'O(K + M log N), K the keys, M the members to take, N those of the set', syntax: 'timeout numkeys key [key ...] (MIN | MAX) [COUNT count]', doc: 'As ZMPOP, or waits for a member.', run: (call) => multiPop(call, SETS, 2) },
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

const SETS: PopKind = {
  ends: ['min', 'max'],
  find(call, p) {
    const ref = zsetFind(p, call.op);
    if (ref === OTHER_TYPE && call.serving === null) answerError(call, RESP_ERROR.wrongType);
    return ref;
  },
  take(call, p, ref, index, count, fromEnd, isMany) {
    membersTake(call, p, ref, index, count, fromEnd, isMany ? SHAPE.KEY_PAIRS : SHAPE.KEY_FLAT);
  },
};
