/** Strings: SET and GET with all that they may be asked for besides, and their older kin. */
import { assert } from '../../../base/assert.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemCasRenew, itemUnlink } from '../../../engine/lifecycle.ts';
import { OTHER_TYPE, STATUS } from '../../../engine/status.ts';
import { valueStore } from '../../../engine/types/chained.ts';
import { itemFind, itemRead, itemTouch, STORE } from '../../../engine/types/string.ts';
import { spanNext, spanSeek, ValueSpan } from '../../../engine/types/string-range.ts';
import { LOOP_BYTES_MAX, WORDS_BYTES_MAX, wordsCopy } from '../../../memory/bytes.ts';
import {
  ITEM_TYPE,
  itemExpiresAtMs,
  itemIsChained,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../../memory/item.ts';
import type { Partition } from '../../../memory/partition.ts';
import { type Reply, replyRoom } from '../../../protocol/reply.ts';
import { type Arguments, argumentIs } from '../../../protocol/resp/arguments.ts';
import { invalidExpire, RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  type Deferred,
  respBulkEnd,
  respBulkStart,
  respDefer,
  respInteger,
  respNull,
  respOk,
  respRaw,
  respTakeBack,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent, keyMissed } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import {
  ACCESS_DELETE_KEY,
  ACCESS_UPDATE_KEY,
  FLAG,
  type KeySpec,
  type KeyUse,
  OVERWRITE_KEY,
  READ_KEY,
  type RespRow,
} from '../row.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;
const SET_KEY: readonly KeySpec[] = [{ use: 'RW access update variable_flags', from: 1 }];
const INSERT_KEY: readonly KeySpec[] = [{ use: 'OW insert', from: 1 }];
const TIMES = 'EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds';

// biome-ignore format: a table reads in columns
export const STRING_ROWS: readonly RespRow[] = [
  { name: 'get',    arity:  2, flags: READONLY | FAST,         keys: READ_KEY,          group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key',                                                 doc: 'Value of a key.',                                           run: get },
  { name: 'set',    arity: -3, flags: WRITE | DENY_OOM,        keys: SET_KEY, keyUse: setKeyUse, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: `key value [NX | XX] [GET] [${TIMES} | KEEPTTL]`,      doc: 'Stores a value.',                                           run: set },
  { name: 'setnx',  arity:  3, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY,        group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key value',                                           doc: 'Stores a value if there is no such key.',                   run: setnx },
  { name: 'setex',  arity:  4, flags: WRITE | DENY_OOM,        keys: OVERWRITE_KEY,     group: 'string', since: '2.0.0', complexity: 'O(1)', syntax: 'key seconds value',                                   doc: 'Stores a value that expires so many seconds from now.',     run: (call) => setExpiring(call, SECOND_MS) },
  { name: 'psetex', arity:  4, flags: WRITE | DENY_OOM,        keys: OVERWRITE_KEY,     group: 'string', since: '2.6.0', complexity: 'O(1)', syntax: 'key milliseconds value',                              doc: 'Stores a value that expires so many milliseconds from now.', run: (call) => setExpiring(call, 1) },
  { name: 'getset', arity:  3, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key value',                                           doc: 'Stores a value, and answers the one before.',               run: getset },
  { name: 'getdel', arity:  2, flags: WRITE | FAST,            keys: ACCESS_DELETE_KEY, group: 'string', since: '6.2.0', complexity: 'O(1)', syntax: 'key',                                                 doc: 'Value of a key, which is deleted.',                         run: getdel },
  { name: 'getex',  arity: -2, flags: WRITE | FAST,            keys: ACCESS_UPDATE_KEY, group: 'string', since: '6.2.0', complexity: 'O(1)', syntax: `key [${TIMES} | PERSIST]`,                            doc: 'Value of a key, and when that expires from now on.',        run: getex },
];

const SECOND_MS = 1000;
const INT64_END = 2 ** 63;

/**
 * The string under op's key, which is argument `index`, to be read: its ref, 0 for none; or OTHER_TYPE,
 * which was answered.
 */
export function stringToRead(call: RespCall, p: Partition, index: number): number {
  const ref = itemRead(p, call.op);
  if (ref === 0) keyMissed(call, index);
  else if (itemType(p, ref) !== ITEM_TYPE.STRING) return otherType(call);
  return ref;
}

/** The string under op's key, to be changed: its ref, 0 for none; or OTHER_TYPE, which was answered. */
export function stringToChange(call: RespCall, p: Partition): number {
  const ref = itemFind(p, call.op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.STRING ? ref : otherType(call);
}

function otherType(call: RespCall): number {
  answerError(call, RESP_ERROR.wrongType);
  return OTHER_TYPE;
}

/** Takes argument `index` for op's value. */
export function valueTake({ args, op }: RespCall, index: number): void {
  op.value = args.source;
  op.valueStart = args.start[index];
  op.valueBytes = args.end[index] - args.start[index];
}

/** An item's value as a bulk string. */
export function respValue(reply: Reply, p: Partition, ref: number): void {
  const bytes = itemValueBytes(p, ref);
  if (itemIsChained(p, ref)) {
    respValueRange(reply, p, ref, 0, bytes);
    return;
  }
  const start = itemValueOffset(p, ref);
  respBulkStart(reply, bytes);
  if (bytes > LOOP_BYTES_MAX && bytes <= WORDS_BYTES_MAX) {
    replyRoom(reply, WORDS_BYTES_MAX);
    wordsCopy(p.view, start, reply.view, reply.used, bytes);
    reply.used += bytes;
  } else {
    respRaw(reply, p.u8, start, bytes);
  }
  respBulkEnd(reply);
}

/** A part of an item's value as a bulk string; it is there. */
export function respValueRange(
  reply: Reply,
  p: Partition,
  ref: number,
  position: number,
  bytes: number,
): void {
  respBulkStart(reply, bytes);
  let left = bytes;
  if (left > 0) spanSeek(p, ref, position, span);
  while (left > 0) {
    const piece = Math.min(span.bytes, left);
    respRaw(reply, p.u8, span.offset, piece);
    left -= piece;
    if (left > 0) assert(spanNext(p, ref, span), 'a range ends within its value');
  }
  respBulkEnd(reply);
}

const span = new ValueSpan();

function get(call: RespCall): void {
  const ref = stringToRead(call, call.p, 1);
  if (ref > 0) respValue(call.reply, call.p, ref);
  else if (ref === 0) respNull(call.reply);
}

function set(call: RespCall): void {
  const { args, reply, op } = call;
  valueTake(call, 2);
  op.expiresAtMs = 0;
  if (args.count > 3) {
    setWithOptions(call);
  } else if (stringPut(call, call.p, 1)) {
    respOk(reply);
  } else {
    answerError(call, RESP_ERROR.outOfMemory);
  }
}

/**
 * Stores op's value under op's key, which is argument `index`, until op.expiresAtMs, whatever is there.
 * False without memory.
 */
export function stringPut(call: RespCall, p: Partition, index: number): boolean {
  const { op } = call;
  op.clientFlags = 0;
  op.extras = 0;
  op.demandsCas = false;
  if (valueStore(p, op, STORE.PUT) !== STATUS.OK) return false;
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STRING, 'set', index);
  return true;
}

// ── Options ─────────────────────────────────────────────────────────────────────────────────────

/** Bits, by the options that ask for them. */
const OPTION = { NX: 1, XX: 2, GET: 4, KEEP: 8, PERSIST: 16 } as const;

/** What the options of SET or GETEX say. */
const options = {
  /** OPTION bits. */
  bits: 0,
  /** Index of the time given; 0: none. */
  timeIndex: 0,
  /** Milliseconds in its unit. */
  unitMs: 1,
  /** It counts from 1970. */
  isAbsolute: false,
};

/** Reads options from argument `from` on. False: they make no sense, which was answered. */
function optionsTake(call: RespCall, from: number, allowed: number): boolean {
  const { args } = call;
  options.bits = 0;
  options.timeIndex = 0;
  for (let index = from; index < args.count; index++) {
    const bit = optionNamed(call, index) & allowed;
    const hasTime = options.timeIndex !== 0;
    const excludes = bit === OPTION.NX ? OPTION.XX : bit === OPTION.XX ? OPTION.NX : 0;
    const isLifetime = bit === OPTION.KEEP || bit === OPTION.PERSIST;
    if (bit !== 0 && (options.bits & excludes) === 0 && !(isLifetime && hasTime)) {
      options.bits |= bit;
    } else if (index + 1 < args.count && timeNamed(call, index, hasTime)) {
      options.timeIndex = ++index;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
  }
  return true;
}

function optionNamed({ args }: RespCall, index: number): number {
  if (argumentIs(args, index, 'nx')) return OPTION.NX;
  if (argumentIs(args, index, 'xx')) return OPTION.XX;
  if (argumentIs(args, index, 'get')) return OPTION.GET;
  if (argumentIs(args, index, 'keepttl')) return OPTION.KEEP;
  return argumentIs(args, index, 'persist') ? OPTION.PERSIST : 0;
}

/** Whether a time comes next, as it may, and notes its unit. A time may be given twice in the same unit. */
function timeNamed({ args }: RespCall, index: number, hasTime: boolean): boolean {
  const isSec = argumentIs(args, index, 'ex') || argumentIs(args, index, 'exat');
  const isMs = argumentIs(args, index, 'px') || argumentIs(args, index, 'pxat');
  if (!isSec && !isMs) return false;
  if ((options.bits & (OPTION.KEEP | OPTION.PERSIST)) !== 0) return false;
  const unitMs = isSec ? SECOND_MS : 1;
  const isAbsolute = args.end[index] - args.start[index] === 4;
  if (hasTime && (unitMs !== options.unitMs || isAbsolute !== options.isAbsolute)) return false;
  options.unitMs = unitMs;
  options.isAbsolute = isAbsolute;
  return true;
}

/** Argument `index` as a Unix time in milliseconds; NaN if it is none that is to come, which was answered. */
function timeTake(call: RespCall, index: number, unitMs: number, isAbsolute: boolean): number {
  const time = integerArgument(call, index);
  if (Number.isNaN(time)) return time;
  const atMs = time * unitMs + (isAbsolute ? 0 : call.op.nowMs);
  if (time > 0 && time * unitMs < INT64_END && atMs < INT64_END) return atMs;
  answerError(call, invalidExpire(call.command.fullName));
  return Number.NaN;
}

function setKeyUse(args: Arguments): KeyUse {
  for (let index = 3; index < args.count; index++) {
    if (argumentIs(args, index, 'get')) return 'RW access update';
  }
  return 'OW update';
}

/** SET with options: op's value is taken. */
function setWithOptions(call: RespCall): void {
  const { p, op, reply } = call;
  if (!optionsTake(call, 3, OPTION.NX | OPTION.XX | OPTION.GET | OPTION.KEEP)) return;
  const { bits, timeIndex, unitMs, isAbsolute } = options;
  let expiresAtMs = 0;
  if (timeIndex !== 0) {
    expiresAtMs = timeTake(call, timeIndex, unitMs, isAbsolute);
    if (Number.isNaN(expiresAtMs)) return;
  }
  const hasPassed = timeIndex !== 0 && expiresAtMs <= op.nowMs;
  const answersOld = (bits & OPTION.GET) !== 0;
  const place = answersOld ? respDefer(reply) : null;
  if (answersOld && !oldAnswer(call)) return;
  // With nothing but a time the store is a plain one, and looks for the key by itself.
  const old = bits !== 0 || hasPassed ? itemFind(p, op) : 0;
  if ((bits & OPTION.NX && old !== 0) || (bits & OPTION.XX && old === 0)) {
    if (!answersOld) respNull(reply);
    return;
  }
  if (hasPassed) {
    if (old !== 0) keyDelete(call, old);
  } else {
    op.expiresAtMs = bits & OPTION.KEEP && old !== 0 ? itemExpiresAtMs(p, old) : expiresAtMs;
    if (!stringPut(call, p, 1)) {
      refuse(call, place);
      return;
    }
    if (timeIndex !== 0) keyEvent(call, KEY_EVENT.GENERIC, 'expire', 1);
  }
  if (!answersOld) respOk(reply);
}

/** Answers the value before, or null. False: it is no string, which was answered. */
function oldAnswer(call: RespCall): boolean {
  const ref = stringToRead(call, call.p, 1);
  if (ref > 0) respValue(call.reply, call.p, ref);
  else if (ref === 0) respNull(call.reply);
  return ref !== OTHER_TYPE;
}

/** There is no memory for the new value: an error, in the place of what was answered since `place`. */
function refuse(call: RespCall, place: Deferred | null): void {
  if (place !== null) respTakeBack(call.reply, place);
  answerError(call, RESP_ERROR.outOfMemory);
}

function keyDelete(call: RespCall, ref: number): void {
  itemUnlink(call.p, call.op.key.hash, ref, CHANGE.DELETE);
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
}

// ── Kin ─────────────────────────────────────────────────────────────────────────────────────────

function setnx(call: RespCall): void {
  const { p, op, reply } = call;
  if (itemFind(p, op) !== 0) {
    respInteger(reply, 0);
    return;
  }
  valueTake(call, 2);
  op.expiresAtMs = 0;
  if (stringPut(call, p, 1)) respInteger(reply, 1);
  else answerError(call, RESP_ERROR.outOfMemory);
}

function setExpiring(call: RespCall, unitMs: number): void {
  const expiresAtMs = timeTake(call, 2, unitMs, false);
  if (Number.isNaN(expiresAtMs)) return;
  valueTake(call, 3);
  call.op.expiresAtMs = expiresAtMs;
  if (!stringPut(call, call.p, 1)) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  keyEvent(call, KEY_EVENT.GENERIC, 'expire', 1);
  respOk(call.reply);
}

function getset(call: RespCall): void {
  const place = respDefer(call.reply);
  if (!oldAnswer(call)) return;
  valueTake(call, 2);
  call.op.expiresAtMs = 0;
  if (!stringPut(call, call.p, 1)) refuse(call, place);
}

function getdel(call: RespCall): void {
  const { p, reply } = call;
  const ref = stringToRead(call, p, 1);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    respNull(reply);
    return;
  }
  respValue(reply, p, ref);
  keyDelete(call, ref);
}

function getex(call: RespCall): void {
  const { p, op, reply } = call;
  if (!optionsTake(call, 2, OPTION.PERSIST)) return;
  const { bits, timeIndex, unitMs, isAbsolute } = options;
  const ref = stringToRead(call, p, 1);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    respNull(reply);
    return;
  }
  if (timeIndex !== 0) {
    const expiresAtMs = timeTake(call, timeIndex, unitMs, isAbsolute);
    if (Number.isNaN(expiresAtMs)) return;
    if (expiresAtMs <= op.nowMs) {
      respValue(reply, p, ref);
      keyDelete(call, ref);
      return;
    }
    expirySet(call, ref, expiresAtMs, 'expire');
  } else if (bits & OPTION.PERSIST && itemExpiresAtMs(p, ref) !== 0) {
    expirySet(call, ref, 0, 'persist');
  } else {
    respValue(reply, p, ref);
  }
}

/** Gives the key another expiry time, 0: none, and answers its value. */
function expirySet(call: RespCall, ref: number, expiresAtMs: number, event: string): void {
  const { p, op, reply } = call;
  op.expiresAtMs = expiresAtMs;
  const touched = itemTouch(p, op, ref);
  if (touched === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  itemCasRenew(p, touched);
  respValue(reply, p, touched);
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.GENERIC, event, 1);
}
