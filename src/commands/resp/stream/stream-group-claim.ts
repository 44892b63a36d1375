/**
 * XCLAIM, XAUTOCLAIM: what is pending at a consumer that has not dealt with it goes to another.
 *
 * What the stream does not have any more is pending no longer once one of them comes by it.
 *
 * Source: valkey-io/valkey src/t_stream.c, for texts and meanings.
 */
import {
  ID_TEXT,
  StreamId,
  streamIdCompare,
  streamIdCopy,
  streamIdParse,
  streamIdRead,
  streamIdSetZero,
  streamIdText,
} from '../../../base/stream-id.ts';
import { guardAdd } from '../../../engine/guard.ts';
import { StreamCursor, streamSeekExact } from '../../../engine/types/stream-cursor.ts';
import { consumerActiveMsSet } from '../../../engine/types/stream-group.ts';
import { groupLastId, groupLastIdSet } from '../../../engine/types/stream-group-progress.ts';
import {
  groupPending,
  pendingDeliveredMs,
  pendingDeliveries,
  pendingDeliverySet,
  pendingFind,
  pendingRemove,
} from '../../../engine/types/stream-pending.ts';
import { pendingAdd, pendingGive } from '../../../engine/types/stream-pending-delivery.ts';
import {
  IdPlace,
  idAt,
  idNext,
  idSeek,
  idSettle,
} from '../../../engine/types/stream-pending-tree.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respDefer,
  respDeferredSet,
  respEmptyArray,
  respInsert,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow, UPDATE_KEY } from '../row.ts';
import { boundArgument, idArgument } from './stream-argument.ts';
import {
  consumerNameHolds,
  consumerProvide,
  GroupPlace,
  groupDemand,
  groupsChanged,
} from './stream-group-argument.ts';
import { respStreamEntry, respStreamId } from './stream-reply.ts';

const { WRITE, FAST } = FLAG;
const DELETE_KEY: readonly KeySpec[] = [{ use: 'RW delete', from: 1 }];

// biome-ignore format: a table reads in columns
export const STREAM_GROUP_CLAIM_ROWS: readonly RespRow[] = [
  { name: 'xclaim',     arity: -6, flags: WRITE | FAST, keys: UPDATE_KEY, group: 'stream', since: '5.0.0', complexity: 'O(N log(M)), N the ids, M what is pending', syntax: 'key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]', doc: 'Gives what is pending to another consumer.', run: claim },
  { name: 'xautoclaim', arity: -6, flags: WRITE | FAST, keys: DELETE_KEY, group: 'stream', since: '6.2.0', complexity: 'O(N log(M)), N the count, M what is pending', syntax: 'key group consumer min-idle-time start [COUNT count] [JUSTID]', doc: 'Gives what has been pending for long to another consumer.', run: autoClaim },
];

const COUNT_DEFAULT = 100;
/** So many times the count are looked at. */
const TRIES_FACTOR = 10;
const COUNT_MAX = 2 ** 59 - 1;
const COUNT_WRONG = 'ERR COUNT must be > 0';

const place = new GroupPlace();
const pending = new IdPlace();
const cursor = new StreamCursor();
const id = new StreamId();
const lastId = new StreamId();

/** What is claimed, and how it is from then on. */
const wanted = {
  /** How long it has been pending at least. */
  idleMsMin: 0,
  /** When it was delivered, as it is to be told. */
  deliveredMs: 0,
  /** How often; -1: once more. */
  deliveries: -1,
  /** Entries that are not pending become so. */
  isForced: false,
  /** Only ids are answered, and it is no delivery. */
  wantsIds: false,
};

/** What became of an entry. */
const CLAIMED = { YES: 0, NO: 1, NO_MEMORY: 2 } as const;

function wantedClear(idleMsMin: number, nowMs: number): void {
  wanted.idleMsMin = Math.max(idleMsMin, 0);
  wanted.deliveredMs = nowMs;
  wanted.deliveries = -1;
  wanted.isForced = false;
  wanted.wantsIds = false;
}

// ── XCLAIM ──────────────────────────────────────────────────────────────────────────────────────

function claim(call: RespCall): void {
  const { p, op, reply, args } = call;
  if (!groupDemand(call, place)) return;
  const idleMs = integerArgument(call, 4, 'ERR Invalid min-idle-time argument for XCLAIM');
  if (Number.isNaN(idleMs)) return;
  wantedClear(idleMs, op.nowMs);
  let options = 5;
  while (options < args.count && idRead(call, options)) options++;
  if (!claimOptionsTake(call, options) || !consumerNameHolds(call, 3)) return;
  const { group, rootRef } = place;
  groupLastId(p, group, id);
  if (streamIdCompare(lastId, id) > 0) groupLastIdSet(p, group, lastId);
  guardAdd(p, place.ref);
  const consumer = consumerProvide(call, p, group, 3, 1);
  if (consumer === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  const isOne = options === 6;
  const start = isOne ? null : respDefer(reply);
  let count = 0;
  for (let index = 5; index < options; index++) {
    idRead(call, index);
    if (!streamSeekExact(p, rootRef, id, cursor)) {
      if (pendingRemove(p, group, id)) changesCount(call, 1);
      continue;
    }
    const claimed = idClaim(p, group, consumer, op.nowMs);
    if (claimed === CLAIMED.NO_MEMORY) break;
    if (claimed === CLAIMED.NO) continue;
    if (isOne) respArray(reply, 1);
    claimedAnswer(call, p);
    count++;
  }
  if (start !== null) respDeferredSet(reply, start, 'array', count);
  else if (count === 0) respEmptyArray(reply);
  claimEnd(call, p, consumer, count);
}

/** Whether argument `index` is an id, which is taken then. */
function idRead({ args }: RespCall, index: number): boolean {
  const read = streamIdParse(args.source, args.start[index], args.end[index], id);
  return read === ID_TEXT.FULL || read === ID_TEXT.MS;
}

/** Takes what follows the ids. False: something is wrong, which was answered. */
function claimOptionsTake(call: RespCall, first: number): boolean {
  const { args, op } = call;
  streamIdSetZero(lastId);
  let deliveredMs = -1;
  for (let index = first; index < args.count; index++) {
    const hasMore = index + 1 < args.count;
    if (argumentIs(args, index, 'force')) {
      wanted.isForced = true;
    } else if (argumentIs(args, index, 'justid')) {
      wanted.wantsIds = true;
    } else if (argumentIs(args, index, 'idle') && hasMore) {
      deliveredMs = op.nowMs - numberArgument(call, ++index, 'IDLE');
      if (Number.isNaN(deliveredMs)) return false;
    } else if (argumentIs(args, index, 'time') && hasMore) {
      deliveredMs = numberArgument(call, ++index, 'TIME');
      if (Number.isNaN(deliveredMs)) return false;
    } else if (argumentIs(args, index, 'retrycount') && hasMore) {
      wanted.deliveries = numberArgument(call, ++index, 'RETRYCOUNT');
      if (Number.isNaN(wanted.deliveries)) return false;
    } else if (argumentIs(args, index, 'lastid') && hasMore) {
      if (!idArgument(call, ++index, lastId)) return false;
    } else {
      answerError(call, `ERR Unrecognized XCLAIM option '${argumentText(args, index)}'`);
      return false;
    }
  }
  // A time that makes no sense is taken for now: clients calculate it, by clocks of their own.
  if (deliveredMs >= 0 && deliveredMs <= op.nowMs) wanted.deliveredMs = deliveredMs;
  return true;
}

function numberArgument(call: RespCall, index: number, option: string): number {
  return integerArgument(call, index, `ERR Invalid ${option} option argument for XCLAIM`);
}

/** Claims the entry of `id`, which the stream has. */
function idClaim(p: Partition, group: number, consumer: number, nowMs: number): number {
  const found = pendingFind(p, group, id);
  if (found !== 0) return recordClaim(p, found, consumer, nowMs);
  if (!wanted.isForced) return CLAIMED.NO;
  const record = pendingAdd(p, group, consumer, id, nowMs);
  if (record === 0) return CLAIMED.NO_MEMORY;
  deliveryWrite(p, record, 1);
  return CLAIMED.YES;
}

/** Claims what is pending, if it has been so for long enough. */
function recordClaim(p: Partition, record: number, consumer: number, nowMs: number): number {
  const { idleMsMin } = wanted;
  if (idleMsMin > 0 && nowMs - pendingDeliveredMs(p, record) < idleMsMin) return CLAIMED.NO;
  if (!pendingGive(p, record, consumer, nowMs)) return CLAIMED.NO_MEMORY;
  deliveryWrite(p, record, pendingDeliveries(p, record));
  return CLAIMED.YES;
}

function deliveryWrite(p: Partition, record: number, before: number): void {
  const { deliveredMs, deliveries, wantsIds } = wanted;
  const count = deliveries >= 0 ? deliveries : before + (wantsIds ? 0 : 1);
  pendingDeliverySet(p, record, deliveredMs, count);
}

/** Answers the entry under the cursor. */
function claimedAnswer({ reply }: RespCall, p: Partition): void {
  if (wanted.wantsIds) respStreamId(reply, cursor.id);
  else respStreamEntry(reply, p, cursor);
}

function claimEnd(call: RespCall, p: Partition, consumer: number, count: number): void {
  if (count > 0) consumerActiveMsSet(p, consumer, call.op.nowMs);
  changesCount(call, count);
  groupsChanged(p, place.ref);
}

// ── XAUTOCLAIM ──────────────────────────────────────────────────────────────────────────────────

/** Ids of what the stream did not have any more. So many are kept for the next time. */
const deleted: StreamId[] = [];
const DELETED_KEPT_MAX = 1000;
let deletedCount = 0;

function autoClaim(call: RespCall): void {
  const { p, op, reply } = call;
  const idleMs = integerArgument(call, 4, 'ERR Invalid min-idle-time argument for XAUTOCLAIM');
  if (Number.isNaN(idleMs)) return;
  wantedClear(idleMs, op.nowMs);
  if (!boundArgument(call, 5, id, false)) return;
  const countMax = autoOptionsTake(call);
  if (countMax === 0 || !groupDemand(call, place) || !consumerNameHolds(call, 3)) return;
  const { group } = place;
  guardAdd(p, place.ref);
  const consumer = consumerProvide(call, p, group, 3, 1);
  if (consumer === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  respArray(reply, 3);
  const start = respDefer(reply);
  idSeek(p, groupPending(group), id, pending);
  const count = pendingClaim(call, p, consumer, countMax);
  respDeferredSet(reply, start, 'array', count);
  if (pending.leafRef === 0) streamIdSetZero(id);
  else streamIdRead(p.i32, idAt(p, pending), id);
  const next = streamIdText(id);
  respInsert(reply, start, `$${next.length}\r\n${next}\r\n`);
  respArray(reply, deletedCount);
  for (let index = 0; index < deletedCount; index++) respStreamId(reply, deleted[index]);
  if (deleted.length > DELETED_KEPT_MAX) deleted.length = DELETED_KEPT_MAX;
  claimEnd(call, p, consumer, count);
}

/** Takes COUNT and JUSTID, and returns the count; 0: something is wrong, which was answered. */
function autoOptionsTake(call: RespCall): number {
  const { args } = call;
  let countMax = COUNT_DEFAULT;
  for (let index = 6; index < args.count; index++) {
    if (argumentIs(args, index, 'count') && index + 1 < args.count) {
      countMax = integerArgument(call, ++index, COUNT_WRONG);
      if (Number.isNaN(countMax)) return 0;
      if (countMax < 1 || countMax > COUNT_MAX) {
        answerError(call, COUNT_WRONG);
        return 0;
      }
    } else if (argumentIs(args, index, 'justid')) {
      wanted.wantsIds = true;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return 0;
    }
  }
  return countMax;
}

/**
 * Claims what there is from the place on, which is then at what follows, or nowhere. Returns how much was
 * claimed; what is pending no longer counts with that.
 */
function pendingClaim(call: RespCall, p: Partition, consumer: number, countMax: number): number {
  const { group, rootRef } = place;
  const { nowMs } = call.op;
  deletedCount = 0;
  let claimedCount = 0;
  let tries = countMax * TRIES_FACTOR;
  let isThere = idSettle(p, pending);
  while (isThere && tries-- > 0 && claimedCount + deletedCount < countMax) {
    streamIdRead(p.i32, idAt(p, pending), id);
    if (!streamSeekExact(p, rootRef, id, cursor)) {
      deletedNote();
      pendingRemove(p, group, id);
      changesCount(call, 1);
      idSeek(p, groupPending(group), id, pending);
      isThere = idSettle(p, pending);
      continue;
    }
    const claimed = recordClaim(p, idAt(p, pending), consumer, nowMs);
    if (claimed === CLAIMED.NO_MEMORY) break;
    if (claimed === CLAIMED.YES) {
      claimedAnswer(call, p);
      claimedCount++;
    }
    isThere = idNext(p, pending);
  }
  return claimedCount;
}

function deletedNote(): void {
  if (deletedCount === deleted.length) deleted.push(new StreamId());
  streamIdCopy(deleted[deletedCount++], id);
}
