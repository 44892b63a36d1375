/**
 * When keys expire: EXPIRE and its kin set it, TTL and its kin tell. One kin counts seconds, another
 * milliseconds, and either from now or from 1970.
 *
 * A key that is given a time that has passed is deleted, and never seen as expired.
 */

import { INT64_MAX } from '../../../base/int64.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemCasRenew, itemUnlink } from '../../../engine/lifecycle.ts';
import { itemFind, itemTouch } from '../../../engine/types/string.ts';
import { itemExpiresAtMs } from '../../../memory/item.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { invalidExpire, RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respBigInteger, respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent, keyMissed } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, READ_KEY, type RespRow } from '../row.ts';

const { WRITE, READONLY, FAST } = FLAG;
const CHANGE_KEY: readonly KeySpec[] = [{ use: 'RW update', from: 1 }];
const CONDITIONS = '[NX | XX | GT | LT]';

// biome-ignore format: a table reads in columns
export const EXPIRE_ROWS: readonly RespRow[] = [
  { name: 'expire',      arity: -3, flags: WRITE | FAST,    keys: CHANGE_KEY, group: 'generic', since: '1.0.0', complexity: 'O(1)', syntax: `key seconds ${CONDITIONS}`,                doc: 'Lets a key expire so many seconds from now.',      run: (call) => expire(call, call.op.nowMs, 1000) },
  { name: 'pexpire',     arity: -3, flags: WRITE | FAST,    keys: CHANGE_KEY, group: 'generic', since: '2.6.0', complexity: 'O(1)', syntax: `key milliseconds ${CONDITIONS}`,           doc: 'Lets a key expire so many milliseconds from now.', run: (call) => expire(call, call.op.nowMs, 1) },
  { name: 'expireat',    arity: -3, flags: WRITE | FAST,    keys: CHANGE_KEY, group: 'generic', since: '1.2.0', complexity: 'O(1)', syntax: `key unix-time-seconds ${CONDITIONS}`,      doc: 'Lets a key expire at a Unix time.',                run: (call) => expire(call, 0, 1000) },
  { name: 'pexpireat',   arity: -3, flags: WRITE | FAST,    keys: CHANGE_KEY, group: 'generic', since: '2.6.0', complexity: 'O(1)', syntax: `key unix-time-milliseconds ${CONDITIONS}`, doc: 'Lets a key expire at a Unix time in milliseconds.', run: (call) => expire(call, 0, 1) },
  { name: 'persist',     arity:  2, flags: WRITE | FAST,    keys: CHANGE_KEY, group: 'generic', since: '2.2.0', complexity: 'O(1)', syntax: 'key', doc: 'Lets a key never expire.',                                                                                 run: persist },
  { name: 'ttl',         arity:  2, flags: READONLY | FAST, keys: READ_KEY,   group: 'generic', since: '1.0.0', complexity: 'O(1)', syntax: 'key', doc: 'Seconds that a key has to live; -1: no end, -2: no key.',                                                  run: (call) => expiryAnswer(call, false, 1000) },
  { name: 'pttl',        arity:  2, flags: READONLY | FAST, keys: READ_KEY,   group: 'generic', since: '2.6.0', complexity: 'O(1)', syntax: 'key', doc: 'Milliseconds that a key has to live; -1: no end, -2: no key.',                                             run: (call) => expiryAnswer(call, false, 1) },
  { name: 'expiretime',  arity:  2, flags: READONLY | FAST, keys: READ_KEY,   group: 'generic', since: '7.0.0', complexity: 'O(1)', syntax: 'key', doc: 'The Unix time at which a key expires; -1: never, -2: no key.',                                             run: (call) => expiryAnswer(call, true, 1000) },
  { name: 'pexpiretime', arity:  2, flags: READONLY | FAST, keys: READ_KEY,   group: 'generic', since: '7.0.0', complexity: 'O(1)', syntax: 'key', doc: 'The Unix time in milliseconds at which a key expires; -1: never, -2: no key.',                             run: (call) => expiryAnswer(call, true, 1) },
];

const INT64_END = 2 ** 63;
/** Bits, by the options that ask for them. */
const CONDITION = { NX: 1, XX: 2, GT: 4, LT: 8 } as const;
const NO_KEY = -2;
const NEVER = -1;

/**
 * Gives the key another time to expire.
 *   baseMs   from when the time given counts
 *   unitMs   milliseconds in its unit
 */
function expire(call: RespCall, baseMs: number, unitMs: number): void {
  const { p, op, reply } = call;
  const conditions = conditionsTake(call);
  if (conditions < 0) return;
  const time = integerArgument(call, 2);
  if (Number.isNaN(time)) return;
  const atMs = baseMs + time * unitMs;
  if (overflows(time, baseMs, unitMs)) {
    answerError(call, invalidExpire(call.command.fullName));
    return;
  }
  const ref = itemFind(p, op);
  if (ref === 0 || !conditionsHold(conditions, itemExpiresAtMs(p, ref), atMs)) {
    respInteger(reply, 0);
    return;
  }
  if (atMs <= op.nowMs) {
    itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
    keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
  } else {
    op.expiresAtMs = atMs;
    const touched = itemTouch(p, op, ref);
    if (touched === 0) {
      answerError(call, RESP_ERROR.outOfMemory);
      return;
    }
    itemCasRenew(p, touched);
    keyEvent(call, KEY_EVENT.GENERIC, 'expire', 1);
  }
  changesCount(call, 1);
  respInteger(reply, 1);
}

/** Whether the time is none of 64 bits in milliseconds from 1970. */
function overflows(time: number, baseMs: number, unitMs: number): boolean {
  const atMs = time * unitMs;
  if (unitMs > 1 && Math.abs(atMs) >= INT64_END) return true;
  return baseMs > 0 && atMs + baseMs >= INT64_END;
}

/** Reads the options. Returns CONDITION bits; -1 if they make no sense, which was answered. */
function conditionsTake(call: RespCall): number {
  const { args } = call;
  let conditions = 0;
  for (let index = 3; index < args.count; index++) {
    const bit = conditionNamed(call, index);
    if (bit === 0) {
      answerError(call, `ERR Unsupported option ${argumentText(args, index)}`);
      return -1;
    }
    conditions |= bit;
  }
  const isNew = (conditions & CONDITION.NX) !== 0;
  if (isNew && conditions !== CONDITION.NX) {
    answerError(call, 'ERR NX and XX, GT or LT options at the same time are not compatible');
    return -1;
  }
  if ((conditions & CONDITION.GT) !== 0 && (conditions & CONDITION.LT) !== 0) {
    answerError(call, 'ERR GT and LT options at the same time are not compatible');
    return -1;
  }
  return conditions;
}

function conditionNamed({ args }: RespCall, index: number): number {
  if (argumentIs(args, index, 'nx')) return CONDITION.NX;
  if (argumentIs(args, index, 'xx')) return CONDITION.XX;
  if (argumentIs(args, index, 'gt')) return CONDITION.GT;
  return argumentIs(args, index, 'lt') ? CONDITION.LT : 0;
}

/** A key that never expires has the latest time there is. */
function conditionsHold(conditions: number, expiresAtMs: number, atMs: number): boolean {
  const hasExpiry = expiresAtMs !== 0;
  if ((conditions & CONDITION.NX) !== 0 && hasExpiry) return false;
  if ((conditions & CONDITION.XX) !== 0 && !hasExpiry) return false;
  if ((conditions & CONDITION.GT) !== 0 && (!hasExpiry || atMs <= expiresAtMs)) return false;
  return (conditions & CONDITION.LT) === 0 || !hasExpiry || atMs < expiresAtMs;
}

function persist(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = itemFind(p, op);
  if (ref === 0 || itemExpiresAtMs(p, ref) === 0) {
    respInteger(reply, 0);
    return;
  }
  op.expiresAtMs = 0;
  itemCasRenew(p, itemTouch(p, op, ref));
  keyEvent(call, KEY_EVENT.GENERIC, 'persist', 1);
  changesCount(call, 1);
  respInteger(reply, 1);
}

/** TTL and its kin: when the key expires, as a Unix time or from now on. */
function expiryAnswer(call: RespCall, isAbsolute: boolean, unitMs: number): void {
  const { p, op, reply } = call;
  const ref = itemFind(p, op);
  const expiresAtMs = ref === 0 ? 0 : itemExpiresAtMs(p, ref);
  if (ref === 0) keyMissed(call, 1);
  if (expiresAtMs === 0) {
    respInteger(reply, ref === 0 ? NO_KEY : NEVER);
    return;
  }
  const ms = isAbsolute ? expiresAtMs : expiresAtMs - op.nowMs;
  const time = unitMs === 1 ? ms : Math.floor((ms + 500) / unitMs);
  if (Number.isSafeInteger(time)) respInteger(reply, time);
  else respBigInteger(reply, time < INT64_END ? BigInt(time) : INT64_MAX);
}
