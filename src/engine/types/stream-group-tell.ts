/**
 * Telling the consumer groups of a stream to a sink (base/stream-sink.ts).
 *
 * Guard: the partition lock. The sink may take memory, in this partition too, if the item is guarded.
 */
import { StreamId, streamIdRead } from '../../base/stream-id.ts';
import type { StreamSink } from '../../base/stream-sink.ts';
import type { Partition } from '../../memory/partition.ts';
import { consumerActiveMs, consumerSeenMs } from './stream-group.ts';
import {
  directorySorted,
  groupDirectory,
  groupsDirectory,
  nameBytes,
  nameOffset,
} from './stream-group-node.ts';
import { groupLastId, groupRead } from './stream-group-progress.ts';
import {
  consumerPending,
  consumerPendingCount,
  groupPending,
  groupPendingCount,
  pendingDeliveredMs,
  pendingDeliveries,
} from './stream-pending.ts';
import { IdPlace, idAt, idFirst, idNext } from './stream-pending-tree.ts';
import { streamGroups } from './stream-root.ts';

const place = new IdPlace();
const id = new StreamId();

/** Tells all of them. False: the sink had enough. */
export function groupsTell(p: Partition, rootRef: number, sink: StreamSink): boolean {
  const groups = streamGroups(p, rootRef);
  if (groups === 0) return true;
  return directorySorted(p, groupsDirectory(groups)).every((group) => groupTell(p, group, sink));
}

function groupTell(p: Partition, group: number, sink: StreamSink): boolean {
  const lastId = new StreamId();
  groupLastId(p, group, lastId);
  const read = groupRead(p, group);
  const state = { lastId, read, pendingCount: groupPendingCount(p, group) };
  if (!sink.streamGroup(p.u8, nameOffset(p, group), nameBytes(p, group), state)) return false;
  const tree = groupPending(group);
  for (let isThere = idFirst(p, tree, place); isThere; isThere = idNext(p, place)) {
    const record = idAt(p, place);
    streamIdRead(p.i32, record, id);
    const deliveredMs = pendingDeliveredMs(p, record);
    if (!sink.streamPending(id, deliveredMs, pendingDeliveries(p, record))) return false;
  }
  const consumers = directorySorted(p, groupDirectory(group));
  if (!sink.streamConsumers(consumers.length)) return false;
  return consumers.every((consumer) => consumerTell(p, consumer, sink));
}

function consumerTell(p: Partition, consumer: number, sink: StreamSink): boolean {
  const state = {
    seenMs: consumerSeenMs(p, consumer),
    activeMs: consumerActiveMs(p, consumer),
    pendingCount: consumerPendingCount(p, consumer),
  };
  const start = nameOffset(p, consumer);
  if (!sink.streamConsumer(p.u8, start, nameBytes(p, consumer), state)) return false;
  const tree = consumerPending(consumer);
  for (let isThere = idFirst(p, tree, place); isThere; isThere = idNext(p, place)) {
    streamIdRead(p.i32, idAt(p, place), id);
    if (!sink.streamOwned(id)) return false;
  }
  return true;
}
