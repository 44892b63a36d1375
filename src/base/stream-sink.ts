/**
 * How a stream is told, after value-sink.ts has begun one: its entries, what is known of the whole, and its
 * consumer groups.
 *
 *   entry string string … entry …   state
 *     group pending … consumers  consumer owned …  consumer owned …
 *     group …
 *
 * Entries are told in their order, each with its names and values in turn. What is pending in a group is told
 * with the group, and then once more, by its id alone, with the consumer whose it is. Each call says whether to
 * go on, as those of value-sink.ts do.
 */
import type { StreamId } from './stream-id.ts';

export type StreamState = {
  readonly lastId: Readonly<StreamId>;
  /** 0-0 if there is no entry. */
  readonly firstId: Readonly<StreamId>;
  readonly maxDeletedId: Readonly<StreamId>;
  /** Entries there are, and that ever were. */
  readonly count: number;
  readonly added: bigint;
  readonly groupCount: number;
};

export type GroupState = {
  readonly lastId: Readonly<StreamId>;
  /** Entries that it has read, of those ever added; -1: nobody knows. */
  readonly read: bigint;
  readonly pendingCount: number;
};

export type ConsumerState = {
  /** Unix milliseconds: when it last asked, and when it last got something; -1: never. */
  readonly seenMs: number;
  readonly activeMs: number;
  readonly pendingCount: number;
};

export interface StreamSink {
  /** An entry of at least one field. */
  streamEntry(id: Readonly<StreamId>, fieldCount: number): boolean;
  /** source[start, start + bytes), which is good for this call only: a name, or a value. */
  streamString(source: Buffer, start: number, bytes: number): boolean;
  streamState(state: StreamState): boolean;
  streamGroup(source: Buffer, start: number, bytes: number, state: GroupState): boolean;
  streamPending(id: Readonly<StreamId>, deliveredMs: number, deliveryCount: number): boolean;
  /** So many consumers are told next. */
  streamConsumers(count: number): boolean;
  streamConsumer(source: Buffer, start: number, bytes: number, state: ConsumerState): boolean;
  streamOwned(id: Readonly<StreamId>): boolean;
}
