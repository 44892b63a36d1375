/** Streams as tests have them: told to a sink, written down from what a sink is told, made at random. */
import fc from 'fast-check';
import { StreamId, streamIdText } from '../../../src/base/stream-id.ts';
import type {
  ConsumerState,
  GroupState,
  StreamSink,
  StreamState,
} from '../../../src/base/stream-sink.ts';
import type { ValueSink } from '../../../src/base/value-sink.ts';

/** Writes down all that it is told of a stream, a line for each call. */
export class StreamRecorder implements ValueSink, StreamSink {
  readonly lines: string[] = [];

  streamBegin(): StreamSink {
    this.lines.push('stream');
    return this;
  }

  streamEntry(id: Readonly<StreamId>, fieldCount: number): boolean {
    return this.say(`entry ${streamIdText(id)} ${fieldCount}`);
  }

  streamString(source: Buffer, start: number, bytes: number): boolean {
    return this.say(`string ${source.toString('latin1', start, start + bytes)}`);
  }

  streamState({ lastId, firstId, maxDeletedId, count, added, groupCount }: StreamState): boolean {
    const ids = [lastId, firstId, maxDeletedId].map(streamIdText).join(' ');
    return this.say(`state ${ids} ${count} ${added} ${groupCount}`);
  }

  streamGroup(source: Buffer, start: number, bytes: number, state: GroupState): boolean {
    const name = source.toString('latin1', start, start + bytes);
    const { lastId, read, pendingCount } = state;
    return this.say(`group ${name} ${streamIdText(lastId)} ${read} ${pendingCount}`);
  }

  streamPending(id: Readonly<StreamId>, deliveredMs: number, deliveryCount: number): boolean {
    return this.say(`pending ${streamIdText(id)} ${deliveredMs} ${deliveryCount}`);
  }

  streamConsumers(count: number): boolean {
    return this.say(`consumers ${count}`);
  }

  streamConsumer(source: Buffer, start: number, bytes: number, state: ConsumerState): boolean {
    const name = source.toString('latin1', start, start + bytes);
    // When it was last active is not written.
    return this.say(`consumer ${name} ${state.seenMs} ${state.pendingCount}`);
  }

  streamOwned(id: Readonly<StreamId>): boolean {
    return this.say(`owned ${streamIdText(id)}`);
  }

  valueBegin(): boolean {
    return false;
  }

  valueExpiry(): boolean {
    return false;
  }

  valueString(): boolean {
    return false;
  }

  valueScore(): boolean {
    return false;
  }

  valueEnd(): boolean {
    return this.say('end');
  }

  private say(line: string): true {
    this.lines.push(line);
    return true;
  }
}

export type TestEntry = { readonly id: StreamId; readonly strings: readonly string[] };

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const text = fc.oneof(
  fc.constantFrom('', 'a', 'sensor', '0', '-1', '127', '128', '4096', '9223372036854775807'),
  fc.integer().map(String),
  fc.nat(300).map((bytes) => 'x'.repeat(bytes)),
);
const strings = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', '17', ''), text), { minLength: 1, maxLength: 3 })
  .map((fields) => fields.flat());

/** Entries in the order of their ids: some near each other, some anywhere. */
export const testEntries: fc.Arbitrary<readonly TestEntry[]> = fc
  .array(fc.tuple(fc.oneof(fc.constant(null), fc.tuple(word, word, word, word)), strings), {
    maxLength: 250,
  })
  .map((all) => {
    const entries = all.map(([words, of], index) => {
      const id = new StreamId();
      [id.msHi, id.msLo, id.seqHi, id.seqLo] = words ?? [0, 1 + (index >> 2), 0, index];
      return { id, strings: of };
    });
    const byId = new Map(entries.map((entry) => [streamIdText(entry.id), entry]));
    byId.delete('0-0');
    return [...byId.values()].sort((a, b) => (idNumber(a.id) < idNumber(b.id) ? -1 : 1));
  });

export function idNumber({ msHi, msLo, seqHi, seqLo }: StreamId): bigint {
  return [msHi, msLo, seqHi, seqLo].reduce((sum, part) => (sum << 32n) | BigInt(part >>> 0), 0n);
}
