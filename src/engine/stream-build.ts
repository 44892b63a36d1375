/**
 * Building a stream out of what is told (base/stream-sink.ts), in an item that nobody sees yet: a part of
 * value-build.ts.
 *
 * Guard: the lock of the key's partition, from start to end. What is told may lie in that partition, in an
 * item that is guarded.
 */
import { StreamId, streamIdCompare, streamIdCopy, streamIdIsZero } from '../base/stream-id.ts';
import type { ConsumerState, GroupState, StreamSink, StreamState } from '../base/stream-sink.ts';
import type { Partition } from '../memory/partition.ts';
import type { Operation } from './operation.ts';
import { STATUS, type Status } from './status.ts';
import { GroupBuilder } from './stream-group-build.ts';
import { streamAdd, streamRootOf } from './types/stream.ts';
import { StreamFields } from './types/stream-fields.ts';
import {
  streamAddedSet,
  streamLastId,
  streamLastIdSet,
  streamMaxDeletedIdSet,
} from './types/stream-root.ts';

const BYTES_START = 1024;
const STRINGS_START = 16;

export class StreamBuilder implements StreamSink {
  /** Why it had enough: NO_MEMORY, TOO_LARGE; EXISTS, something that is there already, or out of order. */
  status: Status = STATUS.OK;
  private readonly p: Partition;
  private readonly op: Operation;
  private readonly ref: number;
  private readonly rootRef: number;
  private readonly groups: GroupBuilder;
  private readonly id: StreamId = new StreamId();
  private readonly lastId: StreamId = new StreamId();
  /** The entry that is being told: its strings lie in `fields.source`, one behind the other. */
  private readonly fields: StreamFields = new StreamFields(Buffer.allocUnsafe(BYTES_START));
  private strings = 0;

  /** Adds to a stream that is empty: that of an item. */
  constructor(p: Partition, op: Operation, ref: number) {
    this.p = p;
    this.op = op;
    this.ref = ref;
    this.rootRef = streamRootOf(p, ref);
    this.groups = new GroupBuilder(p, this.rootRef, op.nowMs);
    this.fields.start = new Int32Array(STRINGS_START);
    this.fields.end = new Int32Array(STRINGS_START);
  }

  streamEntry(id: Readonly<StreamId>, fieldCount: number): boolean {
    const { fields } = this;
    streamLastId(this.p, this.rootRef, this.lastId);
    if (streamIdIsZero(id) || streamIdCompare(id, this.lastId) <= 0)
      return this.fail(STATUS.EXISTS);
    streamIdCopy(this.id, id);
    this.strings = 0;
    fields.count = fieldCount;
    if (2 * fieldCount <= fields.start.length) return true;
    fields.start = new Int32Array(2 * fieldCount);
    fields.end = new Int32Array(2 * fieldCount);
    return true;
  }

  streamString(source: Buffer, start: number, bytes: number): boolean {
    const { fields } = this;
    const at = this.strings === 0 ? 0 : fields.end[this.strings - 1];
    if (at + bytes > fields.source.length) {
      const grown = Buffer.allocUnsafe(2 * (at + bytes));
      fields.source.copy(grown, 0, 0, at);
      fields.source = grown;
    }
    source.copy(fields.source, at, start, start + bytes);
    fields.start[this.strings] = at;
    fields.end[this.strings++] = at + bytes;
    if (this.strings < 2 * fields.count) return true;
    const status = streamAdd(this.p, this.op, this.ref, this.id, fields);
    return status === STATUS.OK || this.fail(status);
  }

  streamState({ lastId, maxDeletedId, added }: StreamState): boolean {
    const { p, rootRef } = this;
    streamLastId(p, rootRef, this.lastId);
    // Else an entry could get an id that another one has.
    if (streamIdCompare(lastId, this.lastId) < 0) return this.fail(STATUS.EXISTS);
    streamLastIdSet(p, rootRef, lastId);
    streamMaxDeletedIdSet(p, rootRef, maxDeletedId);
    streamAddedSet(p, rootRef, BigInt.asIntN(64, added));
    return true;
  }

  streamGroup(source: Buffer, start: number, bytes: number, state: GroupState): boolean {
    return this.hold(this.groups.groupBegin(source, start, bytes, state));
  }

  streamPending(id: Readonly<StreamId>, deliveredMs: number, deliveryCount: number): boolean {
    return this.hold(this.groups.pendingAdd(id, deliveredMs, deliveryCount));
  }

  streamConsumers(): boolean {
    return true;
  }

  streamConsumer(source: Buffer, start: number, bytes: number, state: ConsumerState): boolean {
    return this.hold(this.groups.consumerBegin(source, start, bytes, state));
  }

  streamOwned(id: Readonly<StreamId>): boolean {
    return this.hold(this.groups.ownedAdd(id));
  }

  /** All has been told. */
  end(): boolean {
    return this.groups.isWhole || this.fail(STATUS.EXISTS);
  }

  private hold(status: Status): boolean {
    return status === STATUS.OK || this.fail(status);
  }

  private fail(status: Status): false {
    this.status = status;
    return false;
  }
}
