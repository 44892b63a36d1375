/** Sets: members of one set, and of two. */

import { KEY_BYTES_LIMIT } from '../../../base/key.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import {
  Entry,
  EntryWalk,
  entryName,
  OUTCOME,
  walkNext,
  walkStart,
} from '../../../engine/collection/entry.ts';
import { entryRemove } from '../../../engine/collection/entry-change.ts';
import { EntrySample, entryDraw } from '../../../engine/collection/entry-sample.ts';
import { guardAdd, guardsClear } from '../../../engine/guard.ts';
import { itemUnlink } from '../../../engine/lifecycle.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import {
  setAdd,
  setEncodingExpect,
  setFind,
  setHas,
  setRead,
  setRemove,
  setSettle,
} from '../../../engine/types/set.ts';
import { collectionCount } from '../../../memory/collection.ts';
import type { Partition } from '../../../memory/partition.ts';
import { replyOverflows } from '../../../protocol/reply.ts';
import { argumentBytes } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respEmptyArray,
  respInteger,
  respNull,
  respSet,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument, positiveArgument } from '../number-arguments.ts';
import { roomExpect } from '../room.ts';
import {
  ACCESS_DELETE_KEY,
  DELETE_KEY,
  FLAG,
  INFO_KEY,
  INSERT_KEY,
  READ_KEY,
  type RespRow,
} from '../row.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;

// biome-ignore format: a table reads in columns
export const SET_ROWS: readonly RespRow[] = [
  { name: 'sadd',        arity: -3, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY,        group: 'set', since: '1.0.0', complexity: 'O(N), N the members given',       syntax: 'key member [member ...]', doc: 'Adds members to a set.',                    run: sadd },
  { name: 'srem',        arity: -3, flags: WRITE | FAST,            keys: DELETE_KEY,        group: 'set', since: '1.0.0', complexity: 'O(N), N the members given',       syntax: 'key member [member ...]', doc: 'Removes members from a set.',               run: srem },
  { name: 'scard',       arity:  2, flags: READONLY | FAST,         keys: INFO_KEY,          group: 'set', since: '1.0.0', complexity: 'O(1)',                            syntax: 'key',                     doc: 'How many members a set has.',               run: scard },
  { name: 'sismember',   arity:  3, flags: READONLY | FAST,         keys: INFO_KEY,          group: 'set', since: '1.0.0', complexity: 'O(1)',                            syntax: 'key member',              doc: 'Whether a set has a member.',               run: sismember },
  { name: 'smismember',  arity: -3, flags: READONLY | FAST,         keys: READ_KEY,          group: 'set', since: '6.2.0', complexity: 'O(N), N the members asked for',   syntax: 'key member [member ...]', doc: 'Of several members, which a set has.',      run: smismember },
  { name: 'smembers',    arity:  2, flags: READONLY,                keys: READ_KEY,          group: 'set', since: '1.0.0', complexity: 'O(N), N the members of the set', syntax: 'key',                     doc: 'All members of a set.',                     run: smembers },
  { name: 'srandmember', arity: -2, flags: READONLY,                keys: READ_KEY,          group: 'set', since: '1.0.0', complexity: 'O(N), N the count given',        syntax: 'key [count]',             doc: 'Members of a set drawn at random.',         run: srandmember },
  { name: 'spop',        arity: -2, flags: WRITE | FAST,            keys: ACCESS_DELETE_KEY, group: 'set', since: '1.0.0', complexity: 'O(N), N the count given',        syntax: 'key [count]',             doc: 'Removes members drawn at random from a set, and answers them.', run: spop },
  { name: 'smove',       arity:  4, flags: WRITE | FAST,            keys: [{ use: 'RW access delete', from: 1 }, { use: 'RW insert', from: 2 }], group: 'set', since: '1.0.0', complexity: 'O(1)', syntax: 'source destination member', doc: 'Moves a member from a set to another.', run: smove },
];

/** The member in hand. */
const entry = new Entry(Buffer.alloc(0));
const walk = new EntryWalk();

/** Takes argument `index` for the name of the entry. */
function memberTake({ args }: RespCall, index: number): void {
  entryName(entry, args.source, args.start[index], args.end[index] - args.start[index]);
}

/** The set to be changed: its ref, 0 for none; or OTHER_TYPE, which was answered. */
function setToChange(call: RespCall): number {
  const ref = setFind(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

/** The set to be read: its ref, 0 for none; or OTHER_TYPE, which was answered. */
function setToRead(call: RespCall): number {
  const ref = setRead(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

function respMember({ reply }: RespCall): void {
  respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
}

function sadd(call: RespCall): void {
  const { args, p, op, reply } = call;
  for (let index = 2; index < args.count; index++) {
    if (argumentBytes(args, index) <= KEY_BYTES_LIMIT) continue;
    answerError(call, RESP_ERROR.keyTooLong);
    return;
  }
  if (!roomExpect(call, p, 2, 1)) return;
  const before = setToChange(call);
  if (before === OTHER_TYPE) return;
  const members = args.count - 2;
  if (before !== 0) setEncodingExpect(p, before, members, false);
  let ref = before;
  let added = 0;
  let index = 2;
  for (; index < args.count; index++) {
    memberTake(call, index);
    ref = setAdd(p, op, ref, entry);
    if (entry.outcome === OUTCOME.NO_MEMORY) break;
    if (entry.outcome === OUTCOME.ADDED) added++;
  }
  if (before === 0 && ref !== 0) setEncodingExpect(p, ref, members, true);
  if (added > 0) {
    setSettle(p, op, ref);
    changesCount(call, added);
    keyEvent(call, KEY_EVENT.SET, 'sadd', 1);
  }
  if (index < args.count) answerError(call, RESP_ERROR.outOfMemory);
  else respInteger(reply, added);
}

function srem(call: RespCall): void {
  const { args, p, op, reply } = call;
  let ref = setToChange(call);
  if (ref === OTHER_TYPE) return;
  let removed = 0;
  for (let index = 2; ref !== 0 && index < args.count; index++) {
    memberTake(call, index);
    ref = setRemove(p, op, ref, entry);
    if (entry.outcome === OUTCOME.CHANGED) removed++;
    if (collectionCount(p, ref) === 0) break;
  }
  if (removed > 0) removedTell(call, p, ref, removed, 'srem');
  respInteger(reply, removed);
}

/** Ends a command that has removed members of the set at argument 1. */
function removedTell(
  call: RespCall,
  p: Partition,
  ref: number,
  removed: number,
  event: string,
): void {
  const isGone = setSettle(p, call.op, ref) === 0;
  removedEvents(call, isGone, removed, event);
}

function removedEvents(call: RespCall, isGone: boolean, removed: number, event: string): void {
  changesCount(call, removed);
  keyEvent(call, KEY_EVENT.SET, event, 1);
  if (isGone) keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
}

function scard(call: RespCall): void {
  const ref = setToRead(call);
  if (ref !== OTHER_TYPE) respInteger(call.reply, ref === 0 ? 0 : collectionCount(call.p, ref));
}

function sismember(call: RespCall): void {
  const ref = setToRead(call);
  if (ref === OTHER_TYPE) return;
  memberTake(call, 2);
  respInteger(call.reply, ref !== 0 && setHas(call.p, ref, entry) ? 1 : 0);
}

function smismember(call: RespCall): void {
  const { args, p, reply } = call;
  const ref = setToRead(call);
  if (ref === OTHER_TYPE) return;
  respArray(reply, args.count - 2);
  for (let index = 2; index < args.count; index++) {
    memberTake(call, index);
    respInteger(reply, ref !== 0 && setHas(p, ref, entry) ? 1 : 0);
  }
}

function smembers(call: RespCall): void {
  const { p, reply } = call;
  const ref = setToRead(call);
  if (ref === OTHER_TYPE) return;
  respSet(reply, ref === 0 ? 0 : collectionCount(p, ref));
  if (ref !== 0) membersAnswer(call, ref);
}

function membersAnswer(call: RespCall, ref: number): void {
  for (walkStart(call.p, ref, walk); walkNext(call.p, walk, entry, 0); ) respMember(call);
}

function srandmember(call: RespCall): void {
  const { args, p, reply } = call;
  if (args.count > 3) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const count = args.count === 3 ? signedCount(call, 2) : 1;
  if (Number.isNaN(count)) return;
  const ref = setToRead(call);
  if (ref === OTHER_TYPE) return;
  if (args.count === 2) {
    if (ref !== 0 && entryDraw(p, ref, entry, 0)) respMember(call);
    else respNull(reply);
  } else if (ref === 0 || count === 0) {
    respEmptyArray(reply);
  } else if (count < 0) {
    respArray(reply, -count);
    for (let left = -count; left > 0 && !replyOverflows(reply); left--) {
      entryDraw(p, ref, entry, 0);
      respMember(call);
    }
  } else {
    const sample = new EntrySample(p, ref, count, 0);
    respArray(reply, sample.size);
    while (sample.next(p, entry)) respMember(call);
  }
}

/** How many are to be drawn; negative: one may be drawn more than once. NaN: an error was answered. */
export function signedCount(call: RespCall, index: number): number {
  const count = integerArgument(call, index);
  if (count !== INT64_MIN) return count;
  answerError(call, COUNT_OUT_OF_RANGE);
  return Number.NaN;
}

const INT64_MIN = -(2 ** 63);
const COUNT_OUT_OF_RANGE =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807';

function spop(call: RespCall): void {
  const { args, p, op, reply } = call;
  if (args.count > 3) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const count = args.count === 3 ? positiveArgument(call, 2) : 1;
  if (Number.isNaN(count)) return;
  const ref = setToChange(call);
  if (ref === OTHER_TYPE) return;
  const size = ref === 0 ? 0 : collectionCount(p, ref);
  const popped = Math.min(count, size);
  if (args.count === 3) respSet(reply, popped);
  else if (popped === 0) respNull(reply);
  if (popped === 0) return;
  if (popped === size) {
    membersAnswer(call, ref);
    itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
    removedEvents(call, true, popped, 'spop');
    return;
  }
  let left = ref;
  for (let pops = 0; pops < popped; pops++) {
    entryDraw(p, left, entry, 0);
    respMember(call);
    left = entryRemove(p, op, left, entry);
  }
  removedTell(call, p, left, popped, 'spop');
}

function smove(call: RespCall): void {
  const { op, reply } = call;
  const from = keyTake(call, 1);
  const source = setFind(from, op);
  if (source === 0) {
    respInteger(reply, 0);
    return;
  }
  const to = keyTake(call, 2);
  const target = setFind(to, op);
  if (source === OTHER_TYPE || target === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  memberTake(call, 3);
  if (!setHas(from, source, entry)) {
    respInteger(reply, 0);
    return;
  }
  if (from !== to || source !== target) {
    if (!memberMove(call, from, source, to, target)) return;
  }
  respInteger(reply, 1);
}

/** Moves the member in hand. It is added first, since that may fail: false, and that was answered. */
function memberMove(
  call: RespCall,
  from: Partition,
  source: number,
  to: Partition,
  target: number,
): boolean {
  const { op } = call;
  guardAdd(from, source);
  const grown = setAdd(to, op, target, entry);
  guardsClear(from);
  const isAdded = entry.outcome === OUTCOME.ADDED;
  if (entry.outcome === OUTCOME.NO_MEMORY) {
    answerError(call, RESP_ERROR.outOfMemory);
    return false;
  }
  if (isAdded) setSettle(to, op, grown);
  keyTake(call, 1);
  removedTell(call, from, setRemove(from, op, source, entry), 1, 'srem');
  if (isAdded) keyEvent(call, KEY_EVENT.SET, 'sadd', 2);
  return true;
}
