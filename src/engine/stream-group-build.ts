/**
 * Building the consumer groups of a stream out of what is told (base/stream-sink.ts): a part of
 * stream-build.ts. What is told may be anything; what does not fit together is refused.
 *
 * Guard: as stream-build.ts.
 */
import { KEY_BYTES_LIMIT, Key, keyFill } from '../base/key.ts';
import type { StreamId } from '../base/stream-id.ts';
import type { ConsumerState, GroupState } from '../base/stream-sink.ts';
import type { Partition } from '../memory/partition.ts';
import { STATUS, type Status } from './status.ts';
import {
  consumerActiveMsSet,
  consumerAdd,
  consumerFind,
  consumerSeenMsSet,
  groupAdd,
  groupFind,
} from './types/stream-group.ts';
import { groupLastIdSet, groupReadSet } from './types/stream-group-progress.ts';
import { pendingDeliverySet, pendingFind } from './types/stream-pending.ts';
import { pendingOwn, pendingPut } from './types/stream-pending-delivery.ts';

export class GroupBuilder {
  private readonly p: Partition;
  private readonly rootRef: number;
  private readonly nowMs: number;
  private readonly name: Key = new Key();
  /** The group and the consumer told last. */
  private group = 0;
  private consumer = 0;
  /** What is pending in the group, and was told of no consumer so far. */
  private unowned = 0;

  constructor(p: Partition, rootRef: number, nowMs: number) {
    this.p = p;
    this.rootRef = rootRef;
    this.nowMs = nowMs;
  }

  groupBegin(source: Buffer, start: number, bytes: number, state: GroupState): Status {
    const { p, rootRef, name } = this;
    if (this.unowned !== 0) return STATUS.EXISTS;
    if (!this.nameTake(source, start, bytes)) return STATUS.TOO_LARGE;
    if (groupFind(p, rootRef, name) !== 0) return STATUS.EXISTS;
    this.group = groupAdd(p, rootRef, name, this.nowMs);
    this.consumer = 0;
    if (this.group === 0) return STATUS.NO_MEMORY;
    groupLastIdSet(p, this.group, state.lastId);
    groupReadSet(p, this.group, state.read);
    return STATUS.OK;
  }

  pendingAdd(id: Readonly<StreamId>, deliveredMs: number, deliveryCount: number): Status {
    const { p, group } = this;
    if (pendingFind(p, group, id) !== 0) return STATUS.EXISTS;
    const record = pendingPut(p, group, id, this.nowMs);
    if (record === 0) return STATUS.NO_MEMORY;
    pendingDeliverySet(p, record, deliveredMs, deliveryCount);
    this.unowned++;
    return STATUS.OK;
  }

  consumerBegin(source: Buffer, start: number, bytes: number, state: ConsumerState): Status {
    const { p, group, name } = this;
    if (!this.nameTake(source, start, bytes)) return STATUS.TOO_LARGE;
    if (consumerFind(p, group, name) !== 0) return STATUS.EXISTS;
    this.consumer = consumerAdd(p, group, name, this.nowMs);
    if (this.consumer === 0) return STATUS.NO_MEMORY;
    consumerSeenMsSet(p, this.consumer, state.seenMs);
    consumerActiveMsSet(p, this.consumer, state.activeMs);
    return STATUS.OK;
  }

  /** An entry that is pending at the consumer: it was told with the group, and with no other consumer. */
  ownedAdd(id: Readonly<StreamId>): Status {
    const { p, group, consumer } = this;
    const status = pendingOwn(p, group, consumer, id, this.nowMs);
    if (status === STATUS.OK) this.unowned--;
    return status;
  }

  /** Whether all that is pending is so at some consumer. */
  get isWhole(): boolean {
    return this.unowned === 0;
  }

  private nameTake(source: Buffer, start: number, bytes: number): boolean {
    if (bytes > KEY_BYTES_LIMIT) return false;
    keyFill(this.name, source, start, bytes);
    return true;
  }
}
