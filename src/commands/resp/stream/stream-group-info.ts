/**
 * XINFO GROUPS and CONSUMERS, and what XINFO STREAM FULL tells of groups.
 *
 * Source: valkey-io/valkey src/t_stream.c, for texts and meanings.
 */
import { StreamId, streamIdRead } from '../../../base/stream-id.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamRootOf } from '../../../engine/types/stream.ts';
import {
  consumerActiveMs,
  consumerCount,
  consumerSeenMs,
} from '../../../engine/types/stream-group.ts';
import {
  directorySorted,
  groupDirectory,
  groupsDirectory,
  NEVER_MS,
} from '../../../engine/types/stream-group-node.ts';
import {
  groupLag,
  groupLastId,
  groupRead,
  READ_UNKNOWN,
} from '../../../engine/types/stream-group-progress.ts';
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
import { IdPlace, idAt, idFirst, idNext } from '../../../engine/types/stream-pending-tree.ts';
import { streamGroups } from '../../../engine/types/stream-root.ts';
import type { Partition } from '../../../memory/partition.ts';
import type { Reply } from '../../../protocol/reply.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBigInteger,
  respInteger,
  respMap,
  respNull,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import type { SubcommandRow } from '../container.ts';
import { FLAG, type KeySpec } from '../row.ts';
import { groupTake, noGroupOfKey, respName } from './stream-group-argument.ts';
import { respStreamId, streamToRead } from './stream-reply.ts';

const { READONLY } = FLAG;
const STREAM_KEY: readonly KeySpec[] = [{ use: 'RO access', from: 2 }];

/** Of XINFO. */
// biome-ignore format: a table reads in columns
export const GROUP_INFO_SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'consumers', arity: 4, flags: READONLY, keys: STREAM_KEY, since: '5.0.0', complexity: 'O(N log(N)), N the consumers', syntax: '<key> <groupname>', doc: 'Show the consumers of the group.', run: infoConsumers },
  { name: 'groups',    arity: 3, flags: READONLY, keys: STREAM_KEY, since: '5.0.0', complexity: 'O(N log(N)), N the groups',    syntax: '<key>',             doc: 'Show the consumer groups of the stream.', run: infoGroups },
];

const id = new StreamId();
const place = new IdPlace();

/** The stream that is argument 2; 0: there is none, or another type, which was answered. */
function streamDemand(call: RespCall, p: Partition): number {
  const ref = streamToRead(call, p, 2);
  if (ref === OTHER_TYPE) return 0;
  if (ref === 0) answerError(call, RESP_ERROR.noKey);
  return ref;
}

/** The stream's groups by their names. */
function groupsSorted(p: Partition, rootRef: number): readonly number[] {
  const groups = streamGroups(p, rootRef);
  return groups === 0 ? [] : directorySorted(p, groupsDirectory(groups));
}

function infoGroups(call: RespCall): void {
  const p = keyTake(call, 2);
  const ref = streamDemand(call, p);
  if (ref === 0) return;
  const { reply } = call;
  const rootRef = streamRootOf(p, ref);
  const groups = groupsSorted(p, rootRef);
  respArray(reply, groups.length);
  for (const group of groups) {
    respMap(reply, 6);
    respText(reply, 'name');
    respName(reply, p, group);
    respText(reply, 'consumers');
    respInteger(reply, consumerCount(p, group));
    respText(reply, 'pending');
    respInteger(reply, groupPendingCount(p, group));
    progressAnswer(reply, p, rootRef, group);
  }
}

/** How far the group has read: three pairs. */
function progressAnswer(reply: Reply, p: Partition, rootRef: number, group: number): void {
  respText(reply, 'last-delivered-id');
  groupLastId(p, group, id);
  respStreamId(reply, id);
  respText(reply, 'entries-read');
  const read = groupRead(p, group);
  if (read === READ_UNKNOWN) respNull(reply);
  else respBigInteger(reply, read);
  respText(reply, 'lag');
  const lag = groupLag(p, rootRef, group);
  if (lag === null) respNull(reply);
  else respBigInteger(reply, lag);
}

function infoConsumers(call: RespCall): void {
  const p = keyTake(call, 2);
  const ref = streamDemand(call, p);
  if (ref === 0) return;
  const group = groupTake(call, p, streamRootOf(p, ref), 3);
  if (group === 0) {
    answerError(call, noGroupOfKey(call, 2, 3));
    return;
  }
  const { reply, op } = call;
  const consumers = directorySorted(p, groupDirectory(group));
  respArray(reply, consumers.length);
  for (const consumer of consumers) {
    const activeMs = consumerActiveMs(p, consumer);
    respMap(reply, 4);
    respText(reply, 'name');
    respName(reply, p, consumer);
    respText(reply, 'pending');
    respInteger(reply, consumerPendingCount(p, consumer));
    respText(reply, 'idle');
    respInteger(reply, Math.max(op.nowMs - consumerSeenMs(p, consumer), 0));
    respText(reply, 'inactive');
    respInteger(reply, activeMs === NEVER_MS ? NEVER_MS : op.nowMs - activeMs);
  }
}

/** All groups of a stream, with up to `max` of what is pending in each and at each of their consumers. */
export function respGroupsFull(reply: Reply, p: Partition, rootRef: number, max: number): void {
  const groups = groupsSorted(p, rootRef);
  respArray(reply, groups.length);
  for (const group of groups) {
    respMap(reply, 7);
    respText(reply, 'name');
    respName(reply, p, group);
    progressAnswer(reply, p, rootRef, group);
    respText(reply, 'pel-count');
    respInteger(reply, groupPendingCount(p, group));
    respText(reply, 'pending');
    pendingAnswer(reply, p, group, 0, max);
    respText(reply, 'consumers');
    consumersFullAnswer(reply, p, group, max);
  }
}

function consumersFullAnswer(reply: Reply, p: Partition, group: number, max: number): void {
  const consumers = directorySorted(p, groupDirectory(group));
  respArray(reply, consumers.length);
  for (const consumer of consumers) {
    respMap(reply, 5);
    respText(reply, 'name');
    respName(reply, p, consumer);
    respText(reply, 'seen-time');
    respInteger(reply, consumerSeenMs(p, consumer));
    respText(reply, 'active-time');
    respInteger(reply, consumerActiveMs(p, consumer));
    respText(reply, 'pel-count');
    respInteger(reply, consumerPendingCount(p, consumer));
    respText(reply, 'pending');
    pendingAnswer(reply, p, group, consumer, max);
  }
}

/** What is pending at a consumer, or in the group (0), and then with the consumer. */
function pendingAnswer(
  reply: Reply,
  p: Partition,
  group: number,
  consumer: number,
  max: number,
): void {
  const isOfGroup = consumer === 0;
  const tree = isOfGroup ? groupPending(group) : consumerPending(consumer);
  const all = isOfGroup ? groupPendingCount(p, group) : consumerPendingCount(p, consumer);
  let left = Math.min(all, max);
  respArray(reply, left);
  for (let isThere = idFirst(p, tree, place); isThere && left > 0; isThere = idNext(p, place)) {
    const at = idAt(p, place);
    streamIdRead(p.i32, at, id);
    const record = isOfGroup ? at : pendingFind(p, group, id);
    respArray(reply, isOfGroup ? 4 : 3);
    respStreamId(reply, id);
    if (isOfGroup) respName(reply, p, pendingConsumer(p, record));
    respInteger(reply, pendingDeliveredMs(p, record));
    respInteger(reply, pendingDeliveries(p, record));
    left--;
  }
}
