/**
 * XREADGROUP: entries of streams for a consumer of a group.
 *
 *   XREADGROUP GROUP g c STREAMS k >     what nobody of the group has got, which is pending at c then
 *   XREADGROUP GROUP g c STREAMS k 0     what is pending at c, behind the id; it has been delivered again
 *
 * Those who wait for entries of one group get them first come, first served. One whose stream or group goes is
 * told so.
 *
 * Source: valkey-io/valkey src/t_stream.c, for texts and meanings.
 */
import {
  StreamId,
  streamIdCompare,
  streamIdIncrement,
  streamIdIsMax,
  streamIdRead,
  streamIdSetMax,
} from '../../../base/stream-id.ts';
import { guardAdd } from '../../../engine/guard.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamFind, streamRootOf } from '../../../engine/types/stream.ts';
import {
  StreamCursor,
  streamLastEntry,
  streamNext,
  streamSeek,
  streamSeekExact,
} from '../../../engine/types/stream-cursor.ts';
import { consumerActiveMsSet } from '../../../engine/types/stream-group.ts';
import { groupAdvance, groupLastId } from '../../../engine/types/stream-group-progress.ts';
import {
  consumerPending,
  pendingDeliveries,
  pendingDeliverySet,
  pendingFind,
} from '../../../engine/types/stream-pending.ts';
import { pendingAdd } from '../../../engine/types/stream-pending-delivery.ts';
import {
  IdPlace,
  idAt,
  idNext,
  idSeek,
  idSettle,
} from '../../../engine/types/stream-pending-tree.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentBytes, argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respDefer,
  respDeferredSet,
  respMap,
  respNullArray,
  respTakeBack,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount } from '../key-events.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { blockedClaim, blockOnKeys } from '../waits.ts';
import { idArgument } from './stream-argument.ts';
import {
  consumerNameHolds,
  consumerProvide,
  groupsChanged,
  groupTake,
  noGroup,
} from './stream-group-argument.ts';
import { ReadOptions, readOptionsTake } from './stream-read.ts';
import { respStreamEntry, respStreamId } from './stream-reply.ts';

const { WRITE, BLOCKING } = FLAG;
const KEYS: readonly KeySpec[] = [
  { use: 'RO access', from: 4, to: -1, keyword: 'streams', half: true },
];

// biome-ignore format: a table reads in columns
export const STREAM_GROUP_READ_ROWS: readonly RespRow[] = [
  { name: 'xreadgroup', arity: -7, flags: WRITE | BLOCKING, keys: KEYS, group: 'stream', since: '5.0.0', complexity: 'O(N log(M)), N the entries answered, M what is pending', syntax: 'GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]', doc: "Entries of streams for a group's consumer, or waits for some.", run: readGroup },
];

/** A stream that is read. */
class Source {
  p: Partition;
  /** Its item, its root, and the group. */
  ref = 0;
  rootRef = 0;
  group = 0;
  /** Behind which id the history is wanted; the greatest id: what is new. */
  readonly after: StreamId = new StreamId();

  constructor(p: Partition) {
    this.p = p;
  }
}

const options = new ReadOptions();
const sources: Source[] = [];
const cursor = new StreamCursor();
const pending = new IdPlace();
const id = new StreamId();

const SERVED = {
  NOTHING: 0,
  SOMETHING: 1,
  ELSEWHERE: 2, // somebody else has answered the client
  NO_MEMORY: 3,
} as const;

function readGroup(call: RespCall): void {
  const { reply } = call;
  if (!readOptionsTake(call, options, true)) return;
  const { firstKey, keyCount, blockMs } = options;
  for (let index = 0; index < keyCount; index++) if (!sourceCheck(call, index)) return;
  if (!consumerNameHolds(call, options.groupIndex + 1)) return;
  const place = keyCount === 1 ? null : respDefer(reply);
  let answered = 0;
  for (let index = 0; index < keyCount; index++) {
    const served = sourceServe(call, index, answered === 0);
    if (served === SERVED.ELSEWHERE) return;
    if (served === SERVED.NO_MEMORY) {
      if (place !== null) respTakeBack(reply, place);
      answerError(call, RESP_ERROR.outOfMemory);
      return;
    }
    answered += served;
  }
  if (answered > 0) {
    if (place === null) return;
    respDeferredSet(reply, place, reply.resp === 2 ? 'array' : 'map', answered);
  } else if (blockMs < 0) {
    respNullArray(reply);
  } else {
    const group = argumentText(call.args, options.groupIndex);
    blockOnKeys(call, firstKey, firstKey + keyCount - 1, blockMs, true, group);
  }
}

/** Takes the id for a stream, which has to have the group. False: that was answered. */
function sourceCheck(call: RespCall, index: number): boolean {
  const { args } = call;
  const { firstKey, keyCount, groupIndex } = options;
  const at = firstKey + keyCount + index;
  const p = keyTake(call, firstKey + index);
  if (index === sources.length) sources.push(new Source(p));
  const source = sources[index];
  const ref = streamFind(p, call.op);
  if (ref === OTHER_TYPE) return refuse(call, RESP_ERROR.wrongType);
  source.p = p;
  source.ref = ref;
  source.rootRef = ref === 0 ? 0 : streamRootOf(p, ref);
  source.group = ref === 0 ? 0 : groupTake(call, p, source.rootRef, groupIndex);
  if (source.group === 0) {
    const error = noGroup(call, firstKey + index, groupIndex);
    return refuse(call, `${error} in XREADGROUP with GROUP option`);
  }
  guardAdd(p, ref);
  if (argumentIs(args, at, '$') || argumentIs(args, at, '+')) {
    const symbol = argumentIs(args, at, '$') ? '$' : '+';
    return refuse(call, meaningless(symbol));
  }
  if (!argumentIs(args, at, '>')) return idArgument(call, at, source.after);
  streamIdSetMax(source.after);
  return true;
}

function meaningless(symbol: string): string {
  const history = 'you want to read the history of this consumer by specifying a proper ID';
  const news = 'use the > ID to get new messages';
  const result = `The ${symbol} ID would just return an empty result set`;
  return `ERR The ${symbol} ID is meaningless in the context of XREADGROUP: ${history}, or ${news}. ${result}.`;
}

/** Also to a client that waits, unless somebody else has answered it. */
function refuse(call: RespCall, error: string): false {
  if (blockedClaim(call)) answerError(call, error);
  return false;
}

/** Answers what there is of a stream, to which nothing was answered if it is the first: one of SERVED. */
function sourceServe(call: RespCall, index: number, isFirst: boolean): number {
  const { op } = call;
  const { firstKey, groupIndex } = options;
  const { p, ref, rootRef, group, after } = sources[index];
  const wantsNew = streamIdIsMax(after);
  const isThere = !wantsNew || newSeek(p, rootRef, group);
  if (isThere && isFirst && !blockedClaim(call)) return SERVED.ELSEWHERE;
  const consumer = consumerProvide(call, p, group, groupIndex + 1, firstKey + index);
  if (!isThere) return consumer === 0 && call.serving === null ? SERVED.NO_MEMORY : SERVED.NOTHING;
  if (consumer === 0) return SERVED.NO_MEMORY;
  if (!wantsNew) {
    sourceBegin(call, index);
    historyAnswer(call, p, rootRef, group, consumer, after);
  } else if (options.needsNoAck || newTake(p, group, consumer, op.nowMs)) {
    sourceBegin(call, index);
    newAnswer(call, p, rootRef, group, consumer);
  } else {
    return SERVED.NO_MEMORY;
  }
  groupsChanged(p, ref);
  changesCount(call, 1);
  return SERVED.SOMETHING;
}

/** The key, in front of its entries. */
function sourceBegin({ args, reply }: RespCall, index: number): void {
  const { firstKey, keyCount } = options;
  const key = firstKey + index;
  if (keyCount === 1) {
    if (reply.resp === 2) respArray(reply, 1);
    else respMap(reply, 1);
  }
  if (reply.resp === 2) respArray(reply, 2);
  respBulk(reply, args.source, args.start[key], argumentBytes(args, key));
}

/** Goes to the first entry that the group has not got. False: there is none. */
function newSeek(p: Partition, rootRef: number, group: number): boolean {
  groupLastId(p, group, id);
  if (!streamLastEntry(p, rootRef, cursor) || streamIdCompare(cursor.id, id) <= 0) return false;
  streamIdIncrement(id);
  return streamSeek(p, rootRef, id, cursor);
}

/** The entry under the cursor is pending at the consumer from now on. False: no memory for it. */
function newTake(p: Partition, group: number, consumer: number, nowMs: number): boolean {
  const record = pendingAdd(p, group, consumer, cursor.id, nowMs);
  if (record === 0) return false;
  pendingDeliverySet(p, record, nowMs, 1);
  return true;
}

/** Answers the entry under the cursor, which is pending already, and what follows, as long as there is memory. */
function newAnswer(
  { reply, op }: RespCall,
  p: Partition,
  rootRef: number,
  group: number,
  consumer: number,
): void {
  const { nowMs } = op;
  const { countMax, needsNoAck } = options;
  const isOne = countMax === 1;
  const place = isOne ? null : respDefer(reply);
  if (isOne) respArray(reply, 1);
  let count = 0;
  do {
    groupAdvance(p, rootRef, group, cursor.id);
    respStreamEntry(reply, p, cursor);
    count++;
  } while (
    count < countMax &&
    streamNext(p, cursor) &&
    (needsNoAck || newTake(p, group, consumer, nowMs))
  );
  if (place !== null) respDeferredSet(reply, place, 'array', count);
  if (!needsNoAck) consumerActiveMsSet(p, consumer, nowMs);
}

/** Answers what is pending at the consumer, behind an id, and notes that it was delivered once more. */
function historyAnswer(
  { reply, op }: RespCall,
  p: Partition,
  rootRef: number,
  group: number,
  consumer: number,
  after: StreamId,
): void {
  const place = respDefer(reply);
  let count = 0;
  streamIdIncrement(after);
  idSeek(p, consumerPending(consumer), after, pending);
  let isThere = idSettle(p, pending);
  for (; isThere && count < options.countMax; isThere = idNext(p, pending)) {
    streamIdRead(p.i32, idAt(p, pending), id);
    if (streamSeekExact(p, rootRef, id, cursor)) {
      respStreamEntry(reply, p, cursor);
      const record = pendingFind(p, group, id);
      pendingDeliverySet(p, record, op.nowMs, pendingDeliveries(p, record) + 1);
    } else {
      respArray(reply, 2);
      respStreamId(reply, id);
      respNullArray(reply);
    }
    count++;
  }
  respDeferredSet(reply, place, 'array', count);
}
