/** Hashes: single fields, all fields, and fields that are numbers. */
import { int64Exact, int64Parse } from '../../../base/int64.ts';
import { KEY_BYTES_LIMIT } from '../../../base/key.ts';
import { type LongDouble, longDoubleIsFinite, longDoubleParse } from '../../../base/long-double.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import {
  Entry,
  EntryWalk,
  entryCount,
  entryName,
  entryValueCopy,
  OUTCOME,
  walkNext,
  walkStart,
} from '../../../engine/collection/entry.ts';
import { OTHER_TYPE, STATUS } from '../../../engine/status.ts';
import {
  hashEncodingExpect,
  hashFind,
  hashGet,
  hashRead,
  hashRemove,
  hashSet,
  hashSettle,
} from '../../../engine/types/hash.ts';
import {
  DECIMAL_ZERO,
  decimalSum,
  deltaParse,
  IntegerDelta,
  integerSum,
  NumberResult,
} from '../../../engine/types/string-number.ts';
import { collectionCount } from '../../../memory/collection.ts';
import type { Partition } from '../../../memory/partition.ts';
import type { Reply } from '../../../protocol/reply.ts';
import { argumentBytes } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, wrongArity } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBigInteger,
  respBulk,
  respInteger,
  respMap,
  respNull,
  respOk,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { roomExpect } from '../room.ts';
import {
  ACCESS_UPDATE_KEY,
  DELETE_KEY,
  FLAG,
  INFO_KEY,
  INSERT_KEY,
  READ_KEY,
  type RespRow,
  UPDATE_KEY,
} from '../row.ts';
import { respValue } from './string.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;

// biome-ignore format: a table reads in columns
export const HASH_ROWS: readonly RespRow[] = [
  { name: 'hset',         arity: -4, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY,        group: 'hash', since: '2.0.0', complexity: 'O(N), N the fields given', syntax: 'key field value [field value ...]', doc: 'Gives fields of a hash values.',                   run: hset },
  { name: 'hmset',        arity: -4, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY,        group: 'hash', since: '2.0.0', complexity: 'O(N), N the fields given', syntax: 'key field value [field value ...]', doc: 'Gives fields of a hash values, and answers OK.',   run: hmset },
  { name: 'hsetnx',       arity:  4, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY,        group: 'hash', since: '2.0.0', complexity: 'O(1)', syntax: 'key field value',     doc: 'Gives a field a value if it has none.',                              run: hsetnx },
  { name: 'hget',         arity:  3, flags: READONLY | FAST,         keys: READ_KEY,          group: 'hash', since: '2.0.0', complexity: 'O(1)', syntax: 'key field',           doc: 'Value of a field.',                                                  run: hget },
  { name: 'hmget',        arity: -3, flags: READONLY | FAST,         keys: READ_KEY,          group: 'hash', since: '2.0.0', complexity: 'O(N), N the fields asked for', syntax: 'key field [field ...]', doc: 'Values of several fields.',                        run: hmget },
  { name: 'hdel',         arity: -3, flags: WRITE | FAST,            keys: DELETE_KEY,        group: 'hash', since: '2.0.0', complexity: 'O(N), N the fields to remove', syntax: 'key field [field ...]', doc: 'Removes fields from a hash.',                      run: hdel },
  { name: 'hlen',         arity:  2, flags: READONLY | FAST,         keys: INFO_KEY,          group: 'hash', since: '2.0.0', complexity: 'O(1)', syntax: 'key',                 doc: 'How many fields a hash has.',                                        run: hlen },
  { name: 'hstrlen',      arity:  3, flags: READONLY | FAST,         keys: INFO_KEY,          group: 'hash', since: '3.2.0', complexity: 'O(1)', syntax: 'key field',           doc: 'Length of the value of a field.',                                    run: hstrlen },
  { name: 'hexists',      arity:  3, flags: READONLY | FAST,         keys: INFO_KEY,          group: 'hash', since: '2.0.0', complexity: 'O(1)', syntax: 'key field',           doc: 'Whether a hash has a field.',                                        run: hexists },
  { name: 'hgetall',      arity:  2, flags: READONLY,                keys: READ_KEY,          group: 'hash', since: '2.0.0', complexity: 'O(N), N the fields of the hash', syntax: 'key', doc: 'All fields and values of a hash.',                     run: hgetall },
  { name: 'hkeys',        arity:  2, flags: READONLY,                keys: READ_KEY,          group: 'hash', since: '2.0.0', complexity: 'O(N), N the fields of the hash', syntax: 'key', doc: 'All fields of a hash.',                                run: hkeys },
  { name: 'hvals',        arity:  2, flags: READONLY,                keys: READ_KEY,          group: 'hash', since: '2.0.0', complexity: 'O(N), N the fields of the hash', syntax: 'key', doc: 'All values of a hash.',                                run: hvals },
  { name: 'hincrby',      arity:  4, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'hash', since: '2.0.0', complexity: 'O(1)', syntax: 'key field increment', doc: 'Adds to the integer in a field.',                                    run: hincrby },
  { name: 'hincrbyfloat', arity:  4, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'hash', since: '2.6.0', complexity: 'O(1)', syntax: 'key field increment', doc: 'Adds to the decimal in a field.',                                    run: hincrbyfloat },
];

/** The field in hand. */
const entry = new Entry(Buffer.alloc(0));
const walk = new EntryWalk();
const delta = new IntegerDelta();
const sum = new NumberResult();
const ZERO = Buffer.from('0');

/** Takes argument `index` for the name of the entry. */
export function fieldTake({ args }: RespCall, index: number, into: Entry): void {
  entryName(into, args.source, args.start[index], args.end[index] - args.start[index]);
}

/** Takes argument `index` for the value of the field to be set, which never expires. */
function valueTake({ args, op }: RespCall, index: number): void {
  op.value = args.source;
  op.valueStart = args.start[index];
  op.valueBytes = args.end[index] - args.start[index];
  op.expiresAtMs = 0;
}

/** The hash to be changed: its ref, 0 for none; or OTHER_TYPE, which was answered. */
function hashToChange(call: RespCall): number {
  const ref = hashFind(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

/** The hash to be read: its ref, 0 for none; or OTHER_TYPE, which was answered. */
export function hashToRead(call: RespCall): number {
  const ref = hashRead(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

/** The value found, as a bulk string. */
export function respEntryValue(reply: Reply, p: Partition, found: Entry): void {
  if (found.memberRef !== 0) respValue(reply, p, found.memberRef);
  else respBulk(reply, p.u8, found.valueStart, found.valueBytes);
}

function hset(call: RespCall): void {
  const created = fieldsSet(call);
  if (created >= 0) respInteger(call.reply, created);
}

function hmset(call: RespCall): void {
  if (fieldsSet(call) >= 0) respOk(call.reply);
}

/** Sets all pairs of field and value. Returns how many fields are new; -1 if an error was answered. */
function fieldsSet(call: RespCall): number {
  const { args, p, op } = call;
  if (args.count % 2 === 1) {
    answerError(call, wrongArity(call.command.fullName));
    return -1;
  }
  for (let index = 2; index < args.count; index += 2) {
    if (argumentBytes(args, index) <= KEY_BYTES_LIMIT) continue;
    answerError(call, RESP_ERROR.keyTooLong);
    return -1;
  }
  if (!roomExpect(call, p, 2, 2)) return -1;
  let ref = hashToChange(call);
  if (ref === OTHER_TYPE) return -1;
  let created = 0;
  let index = 2;
  for (; index < args.count; index += 2) {
    fieldTake(call, index, entry);
    valueTake(call, index + 1);
    ref = hashSet(p, op, ref, entry);
    if (entry.outcome === OUTCOME.ADDED) created++;
    else if (entry.outcome !== OUTCOME.CHANGED) break;
  }
  const isDone = index === args.count;
  if (index > 2) {
    hashEncodingExpect(p, ref, (args.count - 2) >>> 1);
    changeTell(call, ref, (index - 2) >>> 1, 'hset');
  }
  if (isDone) return created;
  answerError(call, RESP_ERROR.outOfMemory);
  return -1;
}

/** Ends a command that has changed fields of the hash at argument 1. */
export function changeTell(call: RespCall, ref: number, count: number, event: string): void {
  const left = hashSettle(call.p, call.op, ref);
  changesCount(call, count);
  keyEvent(call, KEY_EVENT.HASH, event, 1);
  if (left === 0) keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
}

function hsetnx(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = hashToChange(call);
  if (ref === OTHER_TYPE) return;
  fieldTake(call, 2, entry);
  if (ref !== 0 && hashGet(p, op, ref, entry)) {
    respInteger(reply, 0);
    return;
  }
  valueTake(call, 3);
  if (fieldStore(call, ref, 'hset')) respInteger(reply, 1);
}

/** Gives the field in hand op's value. False: it could not, which was answered. */
function fieldStore(call: RespCall, ref: number, event: string): boolean {
  const to = hashSet(call.p, call.op, ref, entry);
  const { outcome } = entry;
  if (outcome === OUTCOME.TOO_LONG) answerError(call, RESP_ERROR.keyTooLong);
  else if (outcome === OUTCOME.NO_MEMORY) answerError(call, RESP_ERROR.outOfMemory);
  else changeTell(call, to, 1, event);
  return outcome === OUTCOME.ADDED || outcome === OUTCOME.CHANGED;
}

function hget(call: RespCall): void {
  const ref = hashToRead(call);
  if (ref !== OTHER_TYPE) fieldAnswer(call, ref, 2);
}

/** Answers the value of the field that argument `index` names, in a hash that may be missing. */
function fieldAnswer(call: RespCall, ref: number, index: number): void {
  const { p, op, reply } = call;
  fieldTake(call, index, entry);
  if (ref !== 0 && hashGet(p, op, ref, entry)) respEntryValue(reply, p, entry);
  else respNull(reply);
}

function hmget(call: RespCall): void {
  const { args, reply } = call;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  respArray(reply, args.count - 2);
  for (let index = 2; index < args.count; index++) fieldAnswer(call, ref, index);
}

function hdel(call: RespCall): void {
  const { args, p, op, reply } = call;
  let ref = hashToChange(call);
  if (ref === OTHER_TYPE) return;
  let removed = 0;
  for (let index = 2; ref !== 0 && index < args.count; index++) {
    fieldTake(call, index, entry);
    ref = hashRemove(p, op, ref, entry);
    if (entry.outcome === OUTCOME.CHANGED) removed++;
    if (collectionCount(p, ref) === 0) break;
  }
  if (removed > 0) changeTell(call, ref, removed, 'hdel');
  else if (ref !== 0 && collectionCount(p, ref) === 0) hashSettle(p, op, ref);
  respInteger(reply, removed);
}

function hlen(call: RespCall): void {
  const ref = hashToRead(call);
  if (ref !== OTHER_TYPE) respInteger(call.reply, ref === 0 ? 0 : collectionCount(call.p, ref));
}

function hstrlen(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  fieldTake(call, 2, entry);
  respInteger(reply, ref !== 0 && hashGet(p, op, ref, entry) ? entry.valueBytes : 0);
}

function hexists(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  fieldTake(call, 2, entry);
  respInteger(reply, ref !== 0 && hashGet(p, op, ref, entry) ? 1 : 0);
}

function hgetall(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  respMap(reply, ref === 0 ? 0 : entryCount(p, ref, op.nowMs));
  if (ref === 0) return;
  for (walkStart(p, ref, walk); walkNext(p, walk, entry, op.nowMs); ) {
    respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
    respEntryValue(reply, p, entry);
  }
}

function hkeys(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  respArray(reply, ref === 0 ? 0 : entryCount(p, ref, op.nowMs));
  if (ref === 0) return;
  for (walkStart(p, ref, walk); walkNext(p, walk, entry, op.nowMs); ) {
    respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
  }
}

function hvals(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  respArray(reply, ref === 0 ? 0 : entryCount(p, ref, op.nowMs));
  if (ref === 0) return;
  for (walkStart(p, ref, walk); walkNext(p, walk, entry, op.nowMs); ) {
    respEntryValue(reply, p, entry);
  }
}

function hincrby(call: RespCall): void {
  const { args, p, op, reply } = call;
  if (!deltaParse(delta, args.source, args.start[3], args.end[3], false)) {
    answerError(call, RESP_ERROR.notInteger);
    return;
  }
  const ref = hashToChange(call);
  if (ref === OTHER_TYPE) return;
  fieldTake(call, 2, entry);
  const isThere = ref !== 0 && hashGet(p, op, ref, entry);
  const { valueStart, valueBytes } = entry;
  const status = isThere
    ? integerSum(p.u8, valueStart, valueStart + valueBytes, delta, sum)
    : integerSum(ZERO, 0, ZERO.length, delta, sum);
  if (status === STATUS.NOT_NUMERIC) answerError(call, 'ERR hash value is not an integer');
  else if (status !== STATUS.OK) answerError(call, RESP_ERROR.overflow);
  else if (sumStore(call, ref, isThere, 'hincrby')) {
    const value = int64Parse(sum.digits, 0, sum.bytes);
    if (Number.isSafeInteger(value)) respInteger(reply, value);
    else respBigInteger(reply, int64Exact(sum.digits, 0, sum.bytes));
  }
}

function hincrbyfloat(call: RespCall): void {
  const { args, p, op, reply } = call;
  const added = longDoubleParse(args.source, args.start[3], args.end[3]);
  if (added === null || !longDoubleIsFinite(added)) {
    const error = added === null ? RESP_ERROR.notFloat : 'ERR value is NaN or Infinity';
    answerError(call, error);
    return;
  }
  const ref = hashToChange(call);
  if (ref === OTHER_TYPE) return;
  fieldTake(call, 2, entry);
  const isThere = ref !== 0 && hashGet(p, op, ref, entry);
  const value = isThere ? decimalFound(p) : DECIMAL_ZERO;
  if (value === null) answerError(call, 'ERR hash value is not a float');
  else if (decimalSum(value, added, sum) !== STATUS.OK) {
    answerError(call, 'ERR increment would produce NaN or Infinity');
  } else if (sumStore(call, ref, isThere, 'hincrbyfloat')) {
    respBulk(reply, sum.digits, 0, sum.bytes);
  }
}

/** The value found as a decimal, or null. */
function decimalFound(p: Partition): LongDouble | null {
  if (entry.valueBytes > sum.digits.length) return null;
  entryValueCopy(p, entry, sum.digits);
  return longDoubleParse(sum.digits, 0, entry.valueBytes);
}

/** Gives the field in hand the sum for a value; its expiry time stays. */
function sumStore(call: RespCall, ref: number, isThere: boolean, event: string): boolean {
  const { op } = call;
  op.value = sum.digits;
  op.valueStart = 0;
  op.valueBytes = sum.bytes;
  op.expiresAtMs = isThere ? entry.expiresAtMs : 0;
  return fieldStore(call, ref, event);
}
