/** Sorted sets: single members, their scores and ranks. */

import { float64Parse } from '../../../base/float64.ts';
import { KEY_BYTES_LIMIT } from '../../../base/key.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import {
  ADD,
  ADDED,
  zsetAdd,
  zsetEncodingExpect,
  zsetFind,
  zsetRank,
  zsetRead,
  zsetRemove,
  zsetScore,
  zsetSettle,
} from '../../../engine/types/zset.ts';
import { entrySetName, ZsetEntry } from '../../../engine/types/zset-entry.ts';
import { collectionCount } from '../../../memory/collection.ts';
import { argumentBytes, argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, wrongArity } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respDouble,
  respInteger,
  respNull,
  respNullArray,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { roomExpect } from '../room.ts';
import {
  ACCESS_UPDATE_KEY,
  DELETE_KEY,
  FLAG,
  INFO_KEY,
  READ_KEY,
  type RespRow,
  UPDATE_KEY,
} from '../row.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;

// biome-ignore format: a table reads in columns
export const ZSET_ROWS: readonly RespRow[] = [
  { name: 'zadd',     arity: -4, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY,        group: 'sorted-set', since: '1.2.0', complexity: 'O(log N) for each member, N the members of the set', syntax: 'key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]', doc: 'Adds members to a sorted set, or gives them other scores.', run: zadd },
  { name: 'zincrby',  arity:  4, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'sorted-set', since: '1.2.0', complexity: 'O(log N), N the members of the set', syntax: 'key increment member', doc: 'Adds to the score of a member.', run: zincrby },
  { name: 'zrem',     arity: -3, flags: WRITE | FAST,            keys: DELETE_KEY,        group: 'sorted-set', since: '1.2.0', complexity: 'O(M log N), M the members to remove, N those of the set', syntax: 'key member [member ...]', doc: 'Removes members from a sorted set.', run: zrem },
  { name: 'zcard',    arity:  2, flags: READONLY | FAST,         keys: INFO_KEY,          group: 'sorted-set', since: '1.2.0', complexity: 'O(1)', syntax: 'key', doc: 'How many members a sorted set has.', run: zcard },
  { name: 'zscore',   arity:  3, flags: READONLY | FAST,         keys: READ_KEY,          group: 'sorted-set', since: '1.2.0', complexity: 'O(1)', syntax: 'key member', doc: 'The score of a member.', run: zscore },
  { name: 'zmscore',  arity: -3, flags: READONLY | FAST,         keys: READ_KEY,          group: 'sorted-set', since: '6.2.0', complexity: 'O(N), N the members asked for', syntax: 'key member [member ...]', doc: 'The scores of several members.', run: zmscore },
  { name: 'zrank',    arity: -3, flags: READONLY | FAST,         keys: READ_KEY,          group: 'sorted-set', since: '2.0.0', complexity: 'O(log N), N the members of the set', syntax: 'key member [WITHSCORE]', doc: 'How many members are before a member.', run: zrank },
  { name: 'zrevrank', arity: -3, flags: READONLY | FAST,         keys: READ_KEY,          group: 'sorted-set', since: '2.0.0', complexity: 'O(log N), N the members of the set', syntax: 'key member [WITHSCORE]', doc: 'How many members are behind a member.', run: zrevrank },
];

const NOT_A_NUMBER = 'ERR resulting score is not a number (NaN)';
const SCORES_MIN = 64;

/** The member in hand. */
const entry = new ZsetEntry(Buffer.alloc(0));
/** The scores of the request in hand. */
let scores = new Float64Array(SCORES_MIN);

/** Takes argument `index` for the name of the entry. */
export function nameTake({ args }: RespCall, index: number, into: ZsetEntry): void {
  entrySetName(into, args.source, args.start[index], args.end[index] - args.start[index]);
}

/** The bit of ADD that an argument is, 0 if it is CH, -1 if it is none. */
function conditionOf({ args }: RespCall, index: number): number {
  const bytes = argumentBytes(args, index);
  if (bytes > 4) return -1;
  if (argumentIs(args, index, 'nx')) return ADD.NX;
  if (argumentIs(args, index, 'xx')) return ADD.XX;
  if (argumentIs(args, index, 'gt')) return ADD.GT;
  if (argumentIs(args, index, 'lt')) return ADD.LT;
  if (argumentIs(args, index, 'incr')) return ADD.INCR;
  return argumentIs(args, index, 'ch') ? 0 : -1;
}

function zadd(call: RespCall): void {
  const { args } = call;
  let conditions = 0;
  let tellsChanged = false;
  let at = 2;
  for (; at < args.count; at++) {
    const condition = conditionOf(call, at);
    if (condition < 0) break;
    conditions |= condition;
    if (condition === 0) tellsChanged = true;
  }
  const left = args.count - at;
  if (left === 0 || left % 2 !== 0) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const error = conditionsError(conditions, left >>> 1);
  if (error !== null) answerError(call, error);
  else if (scoresTake(call, at)) membersAdd(call, at + 1, 2, conditions, tellsChanged);
}

function zincrby(call: RespCall): void {
  if (scoresTake(call, 2)) membersAdd(call, 3, 2, ADD.INCR, false);
}

/** Why conditions do not go together. */
function conditionsError(conditions: number, pairs: number): string | null {
  const { NX, XX, GT, LT, INCR } = ADD;
  if ((conditions & (NX | XX)) === (NX | XX)) {
    return 'ERR XX and NX options at the same time are not compatible';
  }
  const orders = conditions & (NX | GT | LT);
  if (orders !== 0 && orders !== NX && orders !== GT && orders !== LT) {
    return 'ERR GT, LT, and/or NX options at the same time are not compatible';
  }
  return conditions & INCR && pairs > 1
    ? 'ERR INCR option supports a single increment-element pair'
    : null;
}

/** Reads the scores of the pairs from argument `first` on. False: one is wrong, and was answered. */
function scoresTake(call: RespCall, first: number): boolean {
  const { args } = call;
  for (let at = first, pair = 0; at < args.count; at += 2, pair++) {
    const score = float64Parse(args.source, args.start[at], args.end[at]);
    if (Number.isNaN(score)) {
      answerError(call, RESP_ERROR.notFloat);
      return false;
    }
    scoreNote(pair, score);
  }
  return true;
}

/** Sets the score of a member that membersAdd is to add: the number `member` of them. */
export function scoreNote(member: number, score: number): void {
  if (member === scores.length) {
    const grown = new Float64Array(member * 4);
    grown.set(scores);
    scores = grown;
  }
  scores[member] = score;
}

/** Adds the members whose scores were noted, and whose names are every `stride`th argument from one on. */
export function membersAdd(
  call: RespCall,
  firstName: number,
  stride: number,
  conditions: number,
  tellsChanged: boolean,
): void {
  const { args, p, op, reply } = call;
  for (let at = firstName; at < args.count; at += stride) {
    if (argumentBytes(args, at) <= KEY_BYTES_LIMIT) continue;
    answerError(call, RESP_ERROR.keyTooLong);
    return;
  }
  if (!roomExpect(call, p, firstName, stride)) return;
  let ref = zsetFind(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  let added = 0;
  let changed = 0;
  let nameBytesMax = 0;
  let outcome: number = ADDED.NOTHING;
  let member = 0;
  for (let at = firstName; at < args.count; at += stride) {
    nameTake(call, at, entry);
    if (entry.nameBytes > nameBytesMax) nameBytesMax = entry.nameBytes;
    entry.score = scores[member++];
    ref = zsetAdd(p, op, ref, entry, conditions);
    outcome = entry.outcome;
    if (outcome === ADDED.NEW) added++;
    else if (outcome === ADDED.CHANGED) changed++;
    else if (outcome >= ADDED.NAN) break;
  }
  if (ref !== 0) zsetEncodingExpect(p, ref, member, nameBytesMax);
  if (added + changed > 0) {
    zsetSettle(p, op, ref, true);
    changesCount(call, added + changed);
    keyEvent(call, KEY_EVENT.ZSET, conditions & ADD.INCR ? 'zincr' : 'zadd', 1);
  }
  if (outcome === ADDED.NAN) answerError(call, NOT_A_NUMBER);
  else if (outcome === ADDED.NO_MEMORY) answerError(call, RESP_ERROR.outOfMemory);
  else if ((conditions & ADD.INCR) === 0)
    respInteger(reply, tellsChanged ? added + changed : added);
  else if (outcome === ADDED.NOTHING) respNull(reply);
  else respDouble(reply, entry.score);
}

function zrem(call: RespCall): void {
  const { args, p, op, reply } = call;
  let ref = zsetFind(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  let removed = 0;
  if (ref !== 0) {
    for (let index = 2; index < args.count; index++) {
      nameTake(call, index, entry);
      ref = zsetRemove(p, op, ref, entry);
      if (entry.outcome === ADDED.CHANGED) removed++;
      if (collectionCount(p, ref) === 0) break;
    }
    removedTell(call, ref, removed, 'zrem');
  }
  respInteger(reply, removed);
}

/** Ends a command that has removed members of the set at argument 1; `ref` 0: that is gone already. */
export function removedTell(call: RespCall, ref: number, removed: number, event: string): void {
  const { p, op } = call;
  if (removed === 0) return;
  const isGone = ref === 0 || collectionCount(p, ref) === 0;
  zsetSettle(p, op, ref, true);
  changesCount(call, removed);
  keyEvent(call, KEY_EVENT.ZSET, event, 1);
  if (isGone) keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
}

function zcard(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = zsetRead(p, op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  else respInteger(reply, ref === 0 ? 0 : collectionCount(p, ref));
}

function zscore(call: RespCall): void {
  const { p, op } = call;
  const ref = zsetRead(p, op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  else scoreAnswer(call, ref, 2);
}

function zmscore(call: RespCall): void {
  const { args, p, op, reply } = call;
  const ref = zsetRead(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  respArray(reply, args.count - 2);
  for (let index = 2; index < args.count; index++) scoreAnswer(call, ref, index);
}

/** Answers the score of the member at an argument, or null. `ref` 0: there is no set. */
function scoreAnswer(call: RespCall, ref: number, index: number): void {
  nameTake(call, index, entry);
  if (ref !== 0 && zsetScore(call.p, ref, entry)) respDouble(call.reply, entry.score);
  else respNull(call.reply);
}

function zrank(call: RespCall): void {
  rankAnswer(call, false);
}

function zrevrank(call: RespCall): void {
  rankAnswer(call, true);
}

function rankAnswer(call: RespCall, fromEnd: boolean): void {
  const { args, p, op, reply } = call;
  if (args.count > 4) {
    answerError(call, wrongArity(call.command.fullName));
    return;
  }
  const withScore = args.count === 4;
  if (withScore && !argumentIs(args, 3, 'withscore')) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const ref = zsetRead(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  nameTake(call, 2, entry);
  const rank = ref === 0 ? -1 : zsetRank(p, ref, entry);
  if (rank < 0) {
    if (withScore) respNullArray(reply);
    else respNull(reply);
    return;
  }
  if (withScore) respArray(reply, 2);
  respInteger(reply, fromEnd ? collectionCount(p, ref) - 1 - rank : rank);
  if (withScore) respDouble(reply, entry.score);
}
