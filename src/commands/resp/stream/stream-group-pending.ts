/**
 * XPENDING: what was delivered to consumers of a group and has not been acknowledged.
 *
 *   XPENDING k g                                how much, from which id to which, and at whom
 *   XPENDING k g [IDLE ms] - + 10 [consumer]    each with its consumer, its age, and how often it was delivered
 *
 * Source: valkey-io/valkey src/t_stream.c, for texts and meanings.
 */
import { StreamId, streamIdCompareAt, streamIdRead } from '../../../base/stream-id.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamRootOf } from '../../../engine/types/stream.ts';
import { directorySorted, groupDirectory } from '../../../engine/types/stream-group-node.ts';
import {
  consumerPending,
  consumerPendingCount,
  groupPending,
  groupPendingCount,
  pendingConsumer,
  pendingDeliveredMs,
  pendingDeliveries,
  pendingFind,
} from '../../../engine/types/stream-pending.ts';
import {
  IdPlace,
  idAt,
  idFirst,
  idLastAt,
  idNext,
  idSeek,
  idSettle,
} from '../../../engine/types/stream-pending-tree.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respDefer,
  respDeferredSet,
  respEmptyArray,
  respInteger,
  respIntegerBulk,
  respNull,
  respNullArray,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, READ_KEY, type RespRow } from '../row.ts';
import { boundArgument } from './stream-argument.ts';
import { consumerTake, groupTake, noGroup, respName } from './stream-group-argument.ts';
import { respStreamId, streamToRead } from './stream-reply.ts';

const { READONLY } = FLAG;

// biome-ignore format: a table reads in columns
export const STREAM_GROUP_PENDING_ROWS: readonly RespRow[] = [
  { name: 'xpending', arity: -3, flags: READONLY, keys: READ_KEY, group: 'stream', since: '5.0.0', complexity: 'O(N), N the entries looked at, or the consumers', syntax: 'key group [[IDLE min-idle-time] start end count [consumer]]', doc: 'What was delivered and has not been acknowledged.', run: pendingShow },
];

/** What is asked for, beside the group. */
const from = new StreamId();
const to = new StreamId();
let idleMsMin = 0;
let countMax = 0;
/** Argument that names a consumer; 0: of all. */
let consumerIndex = 0;

const place = new IdPlace();
const id = new StreamId();

function pendingShow(call: RespCall): void {
  const { args, p } = call;
  const isSummary = args.count === 3;
  if (!isSummary && !rangeTake(call)) return;
  const ref = streamToRead(call, p, 1);
  if (ref === OTHER_TYPE) return;
  const group = ref === 0 ? 0 : groupTake(call, p, streamRootOf(p, ref), 2);
  if (group === 0) answerError(call, noGroup(call, 1, 2));
  else if (isSummary) summaryAnswer(call, p, group);
  else rangeAnswer(call, p, group);
}

/** Takes the arguments behind the group. False: something is wrong, which was answered. */
function rangeTake(call: RespCall): boolean {
  const { args } = call;
  const hasIdle = args.count > 3 && argumentIs(args, 3, 'idle');
  const first = hasIdle ? 5 : 3;
  if (args.count < 6 || args.count > 9) return refuse(call);
  idleMsMin = hasIdle ? integerArgument(call, 4) : 0;
  if (Number.isNaN(idleMsMin)) return false;
  if (hasIdle && args.count < 8) return refuse(call);
  countMax = integerArgument(call, first + 2);
  if (Number.isNaN(countMax)) return false;
  consumerIndex = first + 3 < args.count ? first + 3 : 0;
  return boundArgument(call, first, from, false) && boundArgument(call, first + 1, to, true);
}

function refuse(call: RespCall): false {
  answerError(call, RESP_ERROR.syntax);
  return false;
}

function summaryAnswer({ reply }: RespCall, p: Partition, group: number): void {
  respArray(reply, 4);
  const count = groupPendingCount(p, group);
  respInteger(reply, count);
  if (count === 0) {
    respNull(reply);
    respNull(reply);
    respNullArray(reply);
    return;
  }
  idFirst(p, groupPending(group), place);
  streamIdRead(p.i32, idAt(p, place), id);
  respStreamId(reply, id);
  streamIdRead(p.i32, idLastAt(p, groupPending(group)), id);
  respStreamId(reply, id);
  const consumers = directorySorted(p, groupDirectory(group)).filter(
    (consumer) => consumerPendingCount(p, consumer) > 0,
  );
  respArray(reply, consumers.length);
  for (const consumer of consumers) {
    respArray(reply, 2);
    respName(reply, p, consumer);
    respIntegerBulk(reply, consumerPendingCount(p, consumer));
  }
}

function rangeAnswer(call: RespCall, p: Partition, group: number): void {
  const { reply, op } = call;
  const consumer = consumerIndex === 0 ? 0 : consumerTake(call, p, group, consumerIndex);
  if (consumerIndex !== 0 && consumer === 0) {
    respEmptyArray(reply);
    return;
  }
  const tree = consumer === 0 ? groupPending(group) : consumerPending(consumer);
  const start = respDefer(reply);
  let count = 0;
  idSeek(p, tree, from, place);
  let isThere = idSettle(p, place);
  for (; isThere && count < countMax; isThere = idNext(p, place)) {
    const at = idAt(p, place);
    if (streamIdCompareAt(p.i32, at, to) > 0) break;
    streamIdRead(p.i32, at, id);
    const record = consumer === 0 ? at : pendingFind(p, group, id);
    const idleMs = op.nowMs - pendingDeliveredMs(p, record);
    if (idleMsMin !== 0 && idleMs < idleMsMin) continue;
    respArray(reply, 4);
    respStreamId(reply, id);
    respName(reply, p, pendingConsumer(p, record));
    respInteger(reply, Math.max(idleMs, 0));
    respInteger(reply, pendingDeliveries(p, record));
    count++;
  }
  respDeferredSet(reply, start, 'array', count);
}
