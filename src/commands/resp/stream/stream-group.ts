/**
 * XGROUP: consumer groups and their consumers come and go; XACK: an entry has been dealt with.
 *
 * Source: valkey-io/valkey src/t_stream.c, for texts and meanings.
 */
import { int64Exact } from '../../../base/int64.ts';
import { StreamId, streamIdSetMax, streamIdSetZero } from '../../../base/stream-id.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { readyNote } from '../../../engine/change-log.ts';
import { itemChanged } from '../../../engine/collection/packed.ts';
import { guardAdd } from '../../../engine/guard.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamCreate, streamRootOf } from '../../../engine/types/stream.ts';
import { consumerAdd, groupAdd } from '../../../engine/types/stream-group.ts';
import {
  groupLastIdSet,
  groupReadSet,
  READ_UNKNOWN,
} from '../../../engine/types/stream-group-progress.ts';
import { consumerDestroy, groupDestroy } from '../../../engine/types/stream-group-removal.ts';
import { consumerPendingCount, pendingRemove } from '../../../engine/types/stream-pending.ts';
import { streamLastId } from '../../../engine/types/stream-root.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, subcommandMisused } from '../../../protocol/resp/errors.ts';
import { respInteger, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow, UPDATE_KEY } from '../row.ts';
import { idArgument } from './stream-argument.ts';
import {
  consumerTake,
  GroupPlace,
  groupSeek,
  groupsChanged,
  groupTake,
  newNameTake,
  noGroupOfKey,
} from './stream-group-argument.ts';
import { streamToChange } from './stream-reply.ts';

const { WRITE, DENY_OOM, FAST } = FLAG;
const INSERT: readonly KeySpec[] = [{ use: 'RW insert', from: 2 }];
const UPDATE: readonly KeySpec[] = [{ use: 'RW update', from: 2 }];
const DELETE: readonly KeySpec[] = [{ use: 'RW delete', from: 2 }];

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'create',         arity: -5, flags: WRITE | DENY_OOM, keys: INSERT, since: '5.0.0', complexity: 'O(1)', syntax: '<key> <groupname> (<id> | $) [MKSTREAM] [ENTRIESREAD <entries-read>]', doc: 'Create a consumer group that begins behind the id; with MKSTREAM the stream too.', run: groupMake },
  { name: 'createconsumer', arity:  5, flags: WRITE | DENY_OOM, keys: INSERT, since: '6.2.0', complexity: 'O(1)', syntax: '<key> <groupname> <consumer>',                                         doc: 'Create a consumer of the group.', run: consumerMake },
  { name: 'delconsumer',    arity:  5, flags: WRITE,            keys: DELETE, since: '5.0.0', complexity: 'O(N log(M)), N what is pending at the consumer, M at all', syntax: '<key> <groupname> <consumer>', doc: 'Remove a consumer of the group, and what is pending at it.', run: consumerRemove },
  { name: 'destroy',        arity:  4, flags: WRITE,            keys: DELETE, since: '5.0.0', complexity: 'O(N), N what is pending in the group', syntax: '<key> <groupname>',                    doc: 'Remove the group.', run: groupRemove },
  { name: 'setid',          arity: -5, flags: WRITE,            keys: UPDATE, since: '5.0.0', complexity: 'O(1)', syntax: '<key> <groupname> (<id> | $) [ENTRIESREAD <entries-read>]',            doc: 'Have the group go on behind the id.', run: groupPlaceSet },
];

// biome-ignore format: a table reads in columns
export const STREAM_GROUP_ROWS: readonly RespRow[] = [
  containerRow(
    { name: 'xgroup', group: 'stream', since: '5.0.0', doc: 'A container for commands on consumer groups.', helpSince: '5.0.0' },
    SUBCOMMANDS,
  ),
  { name: 'xack', arity: -4, flags: WRITE | FAST, keys: UPDATE_KEY, group: 'stream', since: '5.0.0', complexity: 'O(N log(M)), N the ids, M what is pending', syntax: 'key group id [id ...]', doc: 'Tells that entries have been dealt with, which are pending no more.', run: acknowledge },
];

const NO_KEY =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.';
const READ_NEGATIVE = 'ERR value for ENTRIESREAD must be positive or -1';
const BUSY = 'BUSYGROUP Consumer Group name already exists';

const id = new StreamId();
const place = new GroupPlace();

/** What CREATE and SETID are told besides the id. */
let makesStream = false;
let entriesRead = READ_UNKNOWN;

/** Takes that from argument 5 on. False: something is wrong, which was answered. */
function groupOptionsTake(call: RespCall, mayMakeStream: boolean): boolean {
  const { args } = call;
  makesStream = false;
  entriesRead = READ_UNKNOWN;
  for (let index = 5; index < args.count; index++) {
    if (mayMakeStream && argumentIs(args, index, 'mkstream')) {
      makesStream = true;
    } else if (argumentIs(args, index, 'entriesread') && index + 1 < args.count) {
      index++;
      const read = integerArgument(call, index);
      if (Number.isNaN(read)) return false;
      if (read < -1) {
        answerError(call, READ_NEGATIVE);
        return false;
      }
      entriesRead = int64Exact(args.source, args.start[index], args.end[index]);
    } else {
      answerError(call, subcommandMisused('xgroup', argumentText(args, 1)));
      return false;
    }
  }
  return true;
}

/** The stream that is argument 2, to be changed; 0: there is none, or another type, which was answered. */
function streamDemand(call: RespCall, p: Partition): number {
  const ref = streamToChange(call, p);
  if (ref === OTHER_TYPE) return 0;
  if (ref === 0) answerError(call, NO_KEY);
  return ref;
}

/** Argument 4 as an id, `$` for the last one of a stream. False: it is none, which was answered. */
function idTake(call: RespCall, p: Partition, rootRef: number): boolean {
  const { args } = call;
  if (!argumentIs(args, 4, '$')) return idArgument(call, 4, id);
  if (rootRef === 0) streamIdSetZero(id);
  else streamLastId(p, rootRef, id);
  return true;
}

function groupMake(call: RespCall): void {
  if (!groupOptionsTake(call, true)) return;
  const { op } = call;
  const p = keyTake(call, 2);
  let ref = makesStream ? streamToChange(call, p) : streamDemand(call, p);
  if (ref === OTHER_TYPE || (ref === 0 && !makesStream)) return;
  if (call.args.count > 8) {
    answerError(call, subcommandMisused('xgroup', argumentText(call.args, 1)));
    return;
  }
  if (!idTake(call, p, ref === 0 ? 0 : streamRootOf(p, ref))) return;
  const isNew = ref === 0;
  if (!isNew && groupTake(call, p, streamRootOf(p, ref), 3) !== 0) {
    answerError(call, BUSY);
    return;
  }
  const name = newNameTake(call, 3);
  if (name === null) return;
  if (isNew) ref = streamCreate(p, op);
  if (ref !== 0) guardAdd(p, ref);
  const group = ref === 0 ? 0 : groupAdd(p, streamRootOf(p, ref), name, op.nowMs);
  if (group !== 0) {
    groupLastIdSet(p, group, id);
    groupReadSet(p, group, entriesRead);
    changesCount(call, 1);
    keyEvent(call, KEY_EVENT.STREAM, 'xgroup-create', 2);
    respOk(call.reply);
  } else {
    answerError(call, RESP_ERROR.outOfMemory);
  }
  if (ref !== 0 && isNew) itemChanged(p, ref);
  else if (ref !== 0) groupsChanged(p, ref);
}

/**
 * Goes to the group that argument 3 names, of the stream that is argument 2. False: it is not there, which was
 * answered.
 */
function groupDemand(call: RespCall, p: Partition): boolean {
  place.ref = streamDemand(call, p);
  if (place.ref === 0) return false;
  place.rootRef = streamRootOf(p, place.ref);
  place.group = groupTake(call, p, place.rootRef, 3);
  if (place.group === 0) answerError(call, noGroupOfKey(call, 2, 3));
  return place.group !== 0;
}

function groupPlaceSet(call: RespCall): void {
  if (!groupOptionsTake(call, false)) return;
  const p = keyTake(call, 2);
  if (!groupDemand(call, p)) return;
  if (call.args.count > 7) {
    answerError(call, subcommandMisused('xgroup', argumentText(call.args, 1)));
    return;
  }
  if (argumentIs(call.args, 4, '-')) streamIdSetZero(id);
  else if (argumentIs(call.args, 4, '+')) streamIdSetMax(id);
  else if (!idTake(call, p, place.rootRef)) return;
  groupLastIdSet(p, place.group, id);
  groupReadSet(p, place.group, entriesRead);
  groupsChanged(p, place.ref);
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STREAM, 'xgroup-setid', 2);
  respOk(call.reply);
}

function groupRemove(call: RespCall): void {
  const p = keyTake(call, 2);
  const ref = streamDemand(call, p);
  if (ref === 0) return;
  const group = groupTake(call, p, streamRootOf(p, ref), 3);
  respInteger(call.reply, group === 0 ? 0 : 1);
  if (group === 0) return;
  groupDestroy(p, group);
  groupsChanged(p, ref);
  readyNote(p, ref); // who waits for entries of the group is to learn that it is gone
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STREAM, 'xgroup-destroy', 2);
}

function consumerMake(call: RespCall): void {
  const p = keyTake(call, 2);
  if (!groupDemand(call, p)) return;
  const isThere = consumerTake(call, p, place.group, 4) !== 0;
  const name = isThere ? null : newNameTake(call, 4);
  if (name === null) {
    if (isThere) respInteger(call.reply, 0);
    return;
  }
  guardAdd(p, place.ref);
  if (consumerAdd(p, place.group, name, call.op.nowMs) === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  groupsChanged(p, place.ref);
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STREAM, 'xgroup-createconsumer', 2);
  respInteger(call.reply, 1);
}

function consumerRemove(call: RespCall): void {
  const p = keyTake(call, 2);
  if (!groupDemand(call, p)) return;
  const consumer = consumerTake(call, p, place.group, 4);
  respInteger(call.reply, consumer === 0 ? 0 : consumerPendingCount(p, consumer));
  if (consumer === 0) return;
  consumerDestroy(p, place.group, consumer);
  groupsChanged(p, place.ref);
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STREAM, 'xgroup-delconsumer', 2);
}

/** XACK: all of its ids are read before the first one is acknowledged. */
function acknowledge(call: RespCall): void {
  const { args, p, reply } = call;
  if (!groupSeek(call, place)) {
    if (place.ref !== OTHER_TYPE) respInteger(reply, 0);
    return;
  }
  for (let index = 3; index < args.count; index++) if (!idArgument(call, index, id)) return;
  let acknowledged = 0;
  for (let index = 3; index < args.count; index++) {
    idArgument(call, index, id);
    if (pendingRemove(p, place.group, id)) acknowledged++;
  }
  respInteger(reply, acknowledged);
  if (acknowledged === 0) return;
  changesCount(call, acknowledged);
  groupsChanged(p, place.ref);
}
