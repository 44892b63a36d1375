/**
 * Entries are delivered to consumers, and so pending there (stream-pending.ts).
 *
 * Guard: the partition lock. All of it may evict, and move items: the stream has to be guarded.
 */
import { StreamId, streamIdRead } from '../../base/stream-id.ts';
import { nodeRoot } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { STATUS, type Status } from '../status.ts';
import {
  consumerForget,
  consumerPending,
  groupPending,
  PENDING,
  pendingConsumer,
  pendingFind,
} from './stream-pending.ts';
import { IdPlace, idAt } from './stream-pending-tree.ts';
import { idRemove } from './stream-pending-tree-change.ts';
import { ID_ADDED, idAdd } from './stream-pending-tree-growth.ts';

const inGroup = new IdPlace();
const inConsumer = new IdPlace();
const moved = new StreamId();

/**
 * The entry is pending at the consumer from now on, whoever had it before. Returns its record, whose delivery
 * is the caller's to write; 0: no memory, and nothing has changed.
 */
export function pendingAdd(
  p: Partition,
  group: number,
  consumer: number,
  id: Readonly<StreamId>,
  nowMs: number,
): number {
  const rootRef = nodeRoot(p, group);
  const added = idAdd(p, rootRef, groupPending(group), id, inGroup, nowMs);
  if (added === ID_ADDED.NO_MEMORY) return 0;
  const record = idAt(p, inGroup);
  if (added === ID_ADDED.THERE) return pendingGive(p, record, consumer, nowMs) ? record : 0;
  if (idAdd(p, rootRef, consumerPending(consumer), id, inConsumer, nowMs) !== ID_ADDED.NEW) {
    idRemove(p, groupPending(group), inGroup);
    return 0;
  }
  p.i32[record + PENDING.consumerRef] = consumer;
  return record;
}

/** Gives what is pending to another consumer, or the same. False: no memory, and nothing has changed. */
export function pendingGive(
  p: Partition,
  record: number,
  consumer: number,
  nowMs: number,
): boolean {
  const before = pendingConsumer(p, record);
  if (before === consumer) return true;
  streamIdRead(p.i32, record, moved);
  const tree = consumerPending(consumer);
  if (idAdd(p, nodeRoot(p, consumer), tree, moved, inConsumer, nowMs) !== ID_ADDED.NEW) {
    return false;
  }
  consumerForget(p, before, moved);
  p.i32[record + PENDING.consumerRef] = consumer;
  return true;
}

// ── In pieces ───────────────────────────────────────────────────────────────────────────────────

/**
 * The entry, which is not pending yet, is pending in the group, at nobody so far: pendingOwn has to follow. Returns
 * its record, or 0 without memory.
 */
export function pendingPut(
  p: Partition,
  group: number,
  id: Readonly<StreamId>,
  nowMs: number,
): number {
  const added = idAdd(p, nodeRoot(p, group), groupPending(group), id, inGroup, nowMs);
  if (added !== ID_ADDED.NEW) return 0;
  const record = idAt(p, inGroup);
  p.i32[record + PENDING.consumerRef] = 0;
  return record;
}

/** Gives what is pending at nobody to a consumer. EXISTS: it is not pending, or at somebody. */
export function pendingOwn(
  p: Partition,
  group: number,
  consumer: number,
  id: Readonly<StreamId>,
  nowMs: number,
): Status {
  const record = pendingFind(p, group, id);
  if (record === 0 || pendingConsumer(p, record) !== 0) return STATUS.EXISTS;
  const tree = consumerPending(consumer);
  const added = idAdd(p, nodeRoot(p, group), tree, id, inConsumer, nowMs);
  if (added !== ID_ADDED.NEW) return STATUS.NO_MEMORY;
  p.i32[record + PENDING.consumerRef] = consumer;
  return STATUS.OK;
}
