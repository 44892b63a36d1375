/** Values that go to another key, or to another database, and copies of them. */

import { int64Parse } from '../../../base/int64.ts';
import { keyFillIn } from '../../../base/key.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { databaseOf } from '../../../engine/database.ts';
import { itemCopy, itemRename } from '../../../engine/relocation.ts';
import { STATUS, type Status } from '../../../engine/status.ts';
import { itemFind, itemRead } from '../../../engine/types/string.ts';
import type { Partition } from '../../../memory/partition.ts';
import {
  type Arguments,
  argumentBytes,
  argumentCopy,
  argumentIs,
} from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respInteger, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent, keyEventTell, keyMissed } from '../key-events.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { isDatabase } from './database.ts';

const { WRITE, FAST, DENY_OOM } = FLAG;
const RENAME_KEYS: readonly KeySpec[] = [
  { use: 'RW access delete', from: 1 },
  { use: 'OW update', from: 2 },
];
const RENAMENX_KEYS: readonly KeySpec[] = [
  { use: 'RW access delete', from: 1 },
  { use: 'OW insert', from: 2 },
];
const COPY_KEYS: readonly KeySpec[] = [
  { use: 'RO access', from: 1 },
  { use: 'OW update', from: 2 },
];
const MOVE_KEY: readonly KeySpec[] = [{ use: 'RW access update', from: 1 }];
const COST =
  'O(1) for a string; O(N) for a collection of N elements that goes to another partition';

// biome-ignore format: a table reads in columns
export const RENAME_ROWS: readonly RespRow[] = [
  { name: 'rename',   arity:  3, flags: WRITE,            keys: RENAME_KEYS,   group: 'generic', since: '1.0.0', complexity: COST, syntax: 'key newkey', doc: 'Gives what a key holds to another, whatever that holds.', run: rename },
  { name: 'renamenx', arity:  3, flags: WRITE | FAST,     keys: RENAMENX_KEYS, group: 'generic', since: '1.0.0', complexity: COST, syntax: 'key newkey', doc: 'As RENAME, but only if there is no such other key.', run: renameNx },
  { name: 'copy',     arity: -3, flags: WRITE | DENY_OOM, keys: COPY_KEYS,     group: 'generic', since: '6.2.0', complexity: 'O(1) for a string, O(N) for a collection, N its elements', syntax: 'source destination [DB destination-db] [REPLACE]', doc: 'Copies what a key holds.', locks: copyLocks, run: copy },
  { name: 'move',     arity:  3, flags: WRITE | FAST,     keys: MOVE_KEY,      group: 'generic', since: '1.0.0', complexity: COST, syntax: 'key db', doc: 'Moves a key to another database, unless it is there.', locks: moveLocks, run: move },
];

/** Takes argument `index` for the key of `call.op`, in the database that clients call so. */
function keyTakeIn(call: RespCall, args: Arguments, index: number, called: number): Partition {
  const { op, keyspace } = call;
  const namespace = databaseOf(keyspace.control, called);
  keyFillIn(op.key, namespace, args.source, args.start[index], argumentBytes(args, index));
  return keyspace.partitionFor(op.key.hash);
}

function argumentsAgree(args: Arguments, one: number, other: number): boolean {
  const { source, start, end } = args;
  return source.compare(source, start[one], end[one], start[other], end[other]) === 0;
}

/** Answers why a value did not get where it was to go. */
function answerStatus(call: RespCall, status: Status): void {
  answerError(call, status === STATUS.NO_MEMORY ? RESP_ERROR.outOfMemory : RESP_ERROR.noKey);
}

/** How a rename ended. */
const RENAMED = { REFUSED: -1, NOT: 0, DONE: 1 } as const;

/** Does what RENAME and RENAMENX have in common; a refusal was answered. */
function renamed(call: RespCall, ifNew: boolean): number {
  const { args, op } = call;
  const from = keyTake(call, 1);
  const ref = itemFind(from, op);
  if (ref === 0) {
    answerError(call, RESP_ERROR.noKey);
    return RENAMED.REFUSED;
  }
  if (argumentsAgree(args, 1, 2)) return RENAMED.NOT;
  const { hash } = op.key;
  const to = keyTake(call, 2);
  if (ifNew && itemFind(to, op) !== 0) return RENAMED.NOT;
  const status = itemRename(from, ref, hash, to, op);
  if (status !== STATUS.OK) {
    answerStatus(call, status);
    return RENAMED.REFUSED;
  }
  keyEvent(call, KEY_EVENT.GENERIC, 'rename_from', 1);
  keyEvent(call, KEY_EVENT.GENERIC, 'rename_to', 2);
  changesCount(call, 1);
  return RENAMED.DONE;
}

function rename(call: RespCall): void {
  if (renamed(call, false) !== RENAMED.REFUSED) respOk(call.reply);
}

function renameNx(call: RespCall): void {
  const outcome = renamed(call, true);
  if (outcome !== RENAMED.REFUSED) respInteger(call.reply, outcome);
}

/** The options of COPY; `error` is what is wrong with them. */
type CopyOptions = { database: number; replaces: boolean; error: string | null };

function copyOptions(call: RespCall, args: Arguments): CopyOptions {
  const options: CopyOptions = { database: call.session.database, replaces: false, error: null };
  for (let index = 3; index < args.count && options.error === null; index++) {
    if (argumentIs(args, index, 'replace')) {
      options.replaces = true;
    } else if (argumentIs(args, index, 'db') && index + 1 < args.count) {
      options.database = databaseArgument(args, ++index);
      options.error = databaseError(options.database);
    } else {
      options.error = RESP_ERROR.syntax;
    }
  }
  return options;
}

/** The number that an argument is, or NaN. */
function databaseArgument(args: Arguments, index: number): number {
  return int64Parse(args.source, args.start[index], args.end[index]);
}

function databaseError(database: number): string | null {
  if (Number.isNaN(database)) return RESP_ERROR.notInteger;
  return isDatabase(database) ? null : RESP_ERROR.invalidDatabase;
}

/** The destination may be in another database than the one that the client is in. */
function copyLocks(call: RespCall, args: Arguments): void {
  const { database, error } = copyOptions(call, args);
  if (error === null) call.locks.want(keyTakeIn(call, args, 2, database));
}

function copy(call: RespCall): void {
  const { args, op, session, reply } = call;
  const { database, replaces, error } = copyOptions(call, args);
  if (error !== null) {
    answerError(call, error);
    return;
  }
  if (database === session.database && argumentsAgree(args, 1, 2)) {
    answerError(call, RESP_ERROR.sameObject);
    return;
  }
  const from = keyTake(call, 1);
  const ref = itemRead(from, op);
  if (ref === 0) keyMissed(call, 1);
  const to = keyTakeIn(call, args, 2, database);
  if (ref === 0 || (!replaces && itemFind(to, op) !== 0)) {
    respInteger(reply, 0);
    return;
  }
  const status = itemCopy(from, ref, to, op);
  if (status === STATUS.OK) {
    keyEventIn(call, 'copy_to', 2, database);
    changesCount(call, 1);
    respInteger(reply, 1);
  } else if (status === STATUS.MISSING) {
    respInteger(reply, 0);
  } else {
    answerStatus(call, status);
  }
}

function moveLocks(call: RespCall, args: Arguments): void {
  const database = databaseArgument(args, 2);
  if (databaseError(database) === null) call.locks.want(keyTakeIn(call, args, 1, database));
}

function move(call: RespCall): void {
  const { args, op, session, reply } = call;
  const database = databaseArgument(args, 2);
  const error = database === session.database ? RESP_ERROR.sameObject : databaseError(database);
  if (error !== null) {
    answerError(call, error);
    return;
  }
  const from = keyTake(call, 1);
  const ref = itemFind(from, op);
  const { hash } = op.key;
  const to = keyTakeIn(call, args, 1, database);
  if (ref === 0 || itemFind(to, op) !== 0) {
    respInteger(reply, 0);
    return;
  }
  const status = itemRename(from, ref, hash, to, op);
  if (status === STATUS.OK) {
    keyEvent(call, KEY_EVENT.GENERIC, 'move_from', 1);
    keyEventIn(call, 'move_to', 1, database);
    changesCount(call, 1);
    respInteger(reply, 1);
  } else if (status === STATUS.MISSING) {
    respInteger(reply, 0);
  } else {
    answerStatus(call, status);
  }
}

/** Something happened to the key that argument `index` is in another database. */
function keyEventIn(call: RespCall, event: string, index: number, database: number): void {
  if ((call.keyEvents & KEY_EVENT.GENERIC) === 0) return;
  keyEventTell(call, KEY_EVENT.GENERIC, event, argumentCopy(call.args, index), database);
}
