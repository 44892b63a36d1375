/**
 * What was delivered to consumers of a group and has not been acknowledged. Each entry has a record in the
 * group's tree, and its id is in the tree of the consumer that has it; so neither a look at the group nor one
 * at a consumer goes through what it does not ask for.
 *
 *   record   word 0    4             6               7
 *            ┌────────┬─────────────┬───────────────┬─────────────┐
 *            │ id     │ deliveredMs │ deliveryCount │ consumerRef │
 *            └────────┴─────────────┴───────────────┴─────────────┘
 *              4 words  f64           u32
 *
 * `deliveryCount` stays at the greatest that it can be. Whether the stream still has the entry is not known
 * here.
 *
 * A record is known by its i32 index, which is good until one comes to the group or goes. How they come is
 * stream-pending-delivery.ts.
 *
 * Guard: the partition lock.
 */
import { assert } from '../../base/assert.ts';
import type { StreamId } from '../../base/stream-id.ts';
import type { Partition } from '../../memory/partition.ts';
import { CONSUMER, GROUP } from './stream-group-node.ts';
import { IdPlace, idAt, idSeek, idTreeCount } from './stream-pending-tree.ts';
import { idRemove } from './stream-pending-tree-change.ts';

export const PENDING = { deliveredMs: 4, count: 6, consumerRef: 7 } as const;
const DELIVERIES_MAX = 2 ** 32 - 1;

const inGroup = new IdPlace();
const inConsumer = new IdPlace();

// ── Trees ───────────────────────────────────────────────────────────────────────────────────────

/** i32 index of the tree of all that is pending in a group. */
export function groupPending(group: number): number {
  return (group << 1) + GROUP.pending;
}

/** i32 index of the tree of what is pending at a consumer. */
export function consumerPending(consumer: number): number {
  return (consumer << 1) + CONSUMER.pending;
}

export function groupPendingCount(p: Partition, group: number): number {
  return idTreeCount(p, groupPending(group));
}

export function consumerPendingCount(p: Partition, consumer: number): number {
  return idTreeCount(p, consumerPending(consumer));
}

// ── Records ─────────────────────────────────────────────────────────────────────────────────────

/** The record of an entry, or 0: it is not pending in the group. */
export function pendingFind(p: Partition, group: number, id: Readonly<StreamId>): number {
  return idSeek(p, groupPending(group), id, inGroup) ? idAt(p, inGroup) : 0;
}

/** When the entry was last delivered, in Unix milliseconds. */
export function pendingDeliveredMs(p: Partition, record: number): number {
  return p.f64[(record + PENDING.deliveredMs) >>> 1];
}

/** How often it was delivered. */
export function pendingDeliveries(p: Partition, record: number): number {
  return p.i32[record + PENDING.count] >>> 0;
}

export function pendingConsumer(p: Partition, record: number): number {
  return p.i32[record + PENDING.consumerRef];
}

/** Notes a delivery: when it was, and how many there have been with it. */
export function pendingDeliverySet(
  p: Partition,
  record: number,
  deliveredMs: number,
  deliveries: number,
): void {
  p.f64[(record + PENDING.deliveredMs) >>> 1] = deliveredMs;
  p.i32[record + PENDING.count] = Math.min(deliveries, DELIVERIES_MAX) | 0;
}

// ── Records go ──────────────────────────────────────────────────────────────────────────────────

/** The entry is not pending any more. False: it was not. */
export function pendingRemove(p: Partition, group: number, id: Readonly<StreamId>): boolean {
  if (!idSeek(p, groupPending(group), id, inGroup)) return false;
  consumerForget(p, pendingConsumer(p, idAt(p, inGroup)), id);
  idRemove(p, groupPending(group), inGroup);
  return true;
}

/** As pendingRemove, but the consumer is not told: it is about to go. */
export function pendingRemoveOfGroup(p: Partition, group: number, id: Readonly<StreamId>): void {
  if (idSeek(p, groupPending(group), id, inGroup)) idRemove(p, groupPending(group), inGroup);
}

/** A consumer does not have what is pending any more: the group is told, or knows. */
export function consumerForget(p: Partition, consumer: number, id: Readonly<StreamId>): void {
  const isThere = idSeek(p, consumerPending(consumer), id, inConsumer);
  assert(isThere, 'what is pending at a consumer is in its tree');
  idRemove(p, consumerPending(consumer), inConsumer);
}
