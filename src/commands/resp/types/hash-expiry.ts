/**
 * Fields of a hash that expire, each at a time of its own.
 *
 * Texts and meanings are those of Redis 7.4, which had these commands first.
 */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { Entry } from '../../../engine/collection/entry.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import {
  EXPIRE_IF,
  EXPIRED,
  hashExpire,
  hashFind,
  hashGet,
  hashPersist,
  hashSettle,
} from '../../../engine/types/hash.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { invalidExpire, RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, READ_KEY, type RespRow, UPDATE_KEY } from '../row.ts';
import { fieldTake, hashToRead } from './hash.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;
const CONDITIONS = '[NX | XX | GT | LT]';
const FIELDS = 'FIELDS numfields field [field ...]';
const O_FIELDS = 'O(N), N the fields given';

// biome-ignore format: a table reads in columns
export const HASH_EXPIRY_ROWS: readonly RespRow[] = [
  { name: 'hexpire',      arity: -6, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY, group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key seconds ${CONDITIONS} ${FIELDS}`,                doc: 'Lets fields of a hash expire so many seconds from now.',       run: (call) => expire(call, call.op.nowMs, 1000) },
  { name: 'hpexpire',     arity: -6, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY, group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key milliseconds ${CONDITIONS} ${FIELDS}`,           doc: 'Lets fields of a hash expire so many milliseconds from now.',  run: (call) => expire(call, call.op.nowMs, 1) },
  { name: 'hexpireat',    arity: -6, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY, group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key unix-time-seconds ${CONDITIONS} ${FIELDS}`,      doc: 'Lets fields of a hash expire at a Unix time.',                 run: (call) => expire(call, 0, 1000) },
  { name: 'hpexpireat',   arity: -6, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY, group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key unix-time-milliseconds ${CONDITIONS} ${FIELDS}`, doc: 'Lets fields of a hash expire at a Unix time in milliseconds.', run: (call) => expire(call, 0, 1) },
  { name: 'httl',         arity: -5, flags: READONLY | FAST,         keys: READ_KEY,   group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key ${FIELDS}`, doc: 'Seconds that fields of a hash have to live; -1: no end, -2: no field.',             run: (call) => expiryAnswer(call, call.op.nowMs, 1000) },
  { name: 'hpttl',        arity: -5, flags: READONLY | FAST,         keys: READ_KEY,   group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key ${FIELDS}`, doc: 'Milliseconds that fields of a hash have to live; -1: no end, -2: no field.',        run: (call) => expiryAnswer(call, call.op.nowMs, 1) },
  { name: 'hexpiretime',  arity: -5, flags: READONLY | FAST,         keys: READ_KEY,   group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key ${FIELDS}`, doc: 'Unix times at which fields of a hash expire; -1: never, -2: no field.',             run: (call) => expiryAnswer(call, 0, 1000) },
  { name: 'hpexpiretime', arity: -5, flags: READONLY | FAST,         keys: READ_KEY,   group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key ${FIELDS}`, doc: 'Unix times in milliseconds at which fields of a hash expire.',                       run: (call) => expiryAnswer(call, 0, 1) },
  { name: 'hpersist',     arity: -5, flags: WRITE | FAST,            keys: UPDATE_KEY, group: 'hash', since: '7.4.0', complexity: O_FIELDS, syntax: `key ${FIELDS}`, doc: 'Lets fields of a hash never expire.',                                               run: persist },
];

/** The latest time a field can have: 46 bits, as in Redis. */
const EXPIRES_AT_MS_MAX = 2 ** 46 - 1;
const NO_FIELD = -2;
const NEVER = -1;
const FIELD_PERSISTED = 1;
const NOT_POSITIVE = 'ERR Number of fields must be a positive integer';

/** The field in hand. */
const entry = new Entry(Buffer.alloc(0));
/** What became of the fields so far: EXPIRED. */
const outcomes: number[] = [];

/**
 * The index of the first field, behind `FIELDS numfields`, which starts at argument `at`; 0 if something
 * is wrong there, which was answered.
 */
function fieldsTake(call: RespCall, at: number, notPositive: string): number {
  const { args } = call;
  if (at + 1 >= args.count || !argumentIs(args, at, 'fields')) {
    answerError(call, 'ERR Mandatory argument FIELDS is missing or not at the right position');
    return 0;
  }
  const count = integerArgument(call, at + 1, notPositive);
  if (Number.isNaN(count)) return 0;
  if (count < 1) {
    answerError(call, notPositive);
    return 0;
  }
  if (count === args.count - at - 2) return at + 2;
  answerError(call, 'ERR The `numfields` parameter must match the number of arguments');
  return 0;
}

function conditionOf({ args }: RespCall, index: number): number {
  if (argumentIs(args, index, 'nx')) return EXPIRE_IF.NONE;
  if (argumentIs(args, index, 'xx')) return EXPIRE_IF.SOME;
  if (argumentIs(args, index, 'gt')) return EXPIRE_IF.LATER;
  return argumentIs(args, index, 'lt') ? EXPIRE_IF.EARLIER : EXPIRE_IF.ALWAYS;
}

/**
 * The time at which fields are to expire; -1 if it makes no sense, which was answered.
 *   baseMs   from when the time given counts
 *   unitMs   milliseconds in its unit
 */
function timeTake(call: RespCall, baseMs: number, unitMs: number): number {
  const time = integerArgument(call, 2);
  if (Number.isNaN(time)) return -1;
  if (time < 0) {
    answerError(call, 'ERR invalid expire time, must be >= 0');
    return -1;
  }
  const atMs = baseMs + time * unitMs;
  if (atMs <= EXPIRES_AT_MS_MAX) return atMs;
  answerError(call, invalidExpire(call.command.fullName));
  return -1;
}

function expire(call: RespCall, baseMs: number, unitMs: number): void {
  const { args, p, op, reply } = call;
  let ref = hashFind(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  const atMs = timeTake(call, baseMs, unitMs);
  if (atMs < 0) return;
  const condition = conditionOf(call, 3);
  const first = fieldsTake(
    call,
    condition === EXPIRE_IF.ALWAYS ? 3 : 4,
    'ERR Parameter `numFields` should be greater than 0',
  );
  if (first === 0) return;
  op.expiresAtMs = atMs;
  outcomes.length = 0;
  for (let index = first; index < args.count; index++) {
    entry.outcome = EXPIRED.NO_FIELD;
    fieldTake(call, index, entry);
    if (ref !== 0) ref = hashExpire(p, op, ref, entry, condition);
    if (entry.outcome === EXPIRED.NO_MEMORY) break;
    outcomes.push(entry.outcome);
  }
  if (ref !== 0) expireTell(call, ref);
  if (outcomes.length < args.count - first) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  respArray(reply, outcomes.length);
  for (const outcome of outcomes) respInteger(reply, outcome);
}

/** Ends a command that has done to the fields of a hash what `outcomes` says. */
function expireTell(call: RespCall, ref: number): void {
  const { p, op } = call;
  let set = 0;
  let deleted = 0;
  for (const outcome of outcomes) {
    if (outcome === EXPIRED.SET) set++;
    else if (outcome === EXPIRED.DELETED) deleted++;
  }
  if (set + deleted === 0) return;
  const left = hashSettle(p, op, ref);
  changesCount(call, set + deleted);
  if (deleted > 0) keyEvent(call, KEY_EVENT.HASH, 'hdel', 1);
  if (set > 0) keyEvent(call, KEY_EVENT.HASH, 'hexpire', 1);
  if (left === 0) keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
}

function persist(call: RespCall): void {
  const { args, p, op, reply } = call;
  const ref = hashFind(p, op);
  if (ref === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  const first = fieldsTake(call, 2, NOT_POSITIVE);
  if (first === 0) return;
  let persisted = 0;
  respArray(reply, args.count - first);
  for (let index = first; index < args.count; index++) {
    fieldTake(call, index, entry);
    const isThere = ref !== 0 && hashGet(p, op, ref, entry);
    const expires = isThere && entry.expiresAtMs !== 0;
    if (expires) {
      hashPersist(p, op, ref, entry);
      persisted++;
    }
    respInteger(reply, expires ? FIELD_PERSISTED : isThere ? NEVER : NO_FIELD);
  }
  if (persisted === 0) return;
  hashSettle(p, op, ref);
  changesCount(call, persisted);
  keyEvent(call, KEY_EVENT.HASH, 'hpersist', 1);
}

/** HTTL and its kin: when fields expire, in units from `baseMs` on, rounded up. */
function expiryAnswer(call: RespCall, baseMs: number, unitMs: number): void {
  const { args, p, op, reply } = call;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  const first = fieldsTake(call, 2, NOT_POSITIVE);
  if (first === 0) return;
  respArray(reply, args.count - first);
  for (let index = first; index < args.count; index++) {
    fieldTake(call, index, entry);
    if (ref === 0 || !hashGet(p, op, ref, entry)) respInteger(reply, NO_FIELD);
    else if (entry.expiresAtMs === 0) respInteger(reply, NEVER);
    else respInteger(reply, Math.ceil((entry.expiresAtMs - baseMs) / unitMs));
  }
}
