/** Streams in payloads: written, read, read after they were changed anywhere, and by the real redis-server. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyFill } from '../../../src/base/key.ts';
import { StreamId } from '../../../src/base/stream-id.ts';
import { Operation } from '../../../src/engine/operation.ts';
import { STATUS } from '../../../src/engine/status.ts';
import { streamAdd, streamCreate, streamRootOf } from '../../../src/engine/types/stream.ts';
import { streamDelete } from '../../../src/engine/types/stream-trim.ts';
import { itemSeek } from '../../../src/engine/types/string.ts';
import { ValueBuilder } from '../../../src/engine/value-build.ts';
import { valueTell } from '../../../src/engine/value-tell.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { RdbDecoder } from '../../../src/protocol/rdb/decoder.ts';
import { payloadBegin, payloadEnd, payloadRead } from '../../../src/protocol/rdb/dump-payload.ts';
import { RdbEncoder } from '../../../src/protocol/rdb/encoder.ts';
import { RDB_READ } from '../../../src/protocol/rdb/outcome.ts';
import { RDB_TYPE } from '../../../src/protocol/rdb/types.ts';
import { RdbWriter } from '../../../src/protocol/rdb/writer.ts';
import { partitionExpectSound, partitionMake } from '../../engine/fixture.ts';
import { MIB, NOW_MS } from '../../engine/limits.ts';
import { fieldsOf } from '../../engine/types/stream-world.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn } from '../../support/resp-server.ts';
import { StreamRecorder, type TestEntry, testEntries } from './told-streams.ts';
import { payloadWrap } from './values.ts';

const writer = new RdbWriter();
const encoder = new RdbEncoder(writer);
const decoder = new RdbDecoder();
const op = new Operation(Buffer.alloc(0));
op.nowMs = NOW_MS;
const KEY = Buffer.from('key');
const TYPE = RDB_TYPE.STREAM_LISTPACKS_2;

function seek(p: Partition): number {
  keyFill(op.key, KEY, 0, KEY.length);
  return itemSeek(p, op);
}

/** A partition with a stream of these entries, out of which every `step`-th was taken again. */
function partitionWith(entries: readonly TestEntry[], step: number): Partition {
  const p = partitionMake({ bytes: 8 * MIB });
  keyFill(op.key, KEY, 0, KEY.length);
  const ref = streamCreate(p, op);
  for (const { id, strings } of entries) {
    const fields = fieldsOf(strings.map((string) => Buffer.from(string, 'latin1')));
    expect(streamAdd(p, op, ref, id, fields)).toBe(STATUS.OK);
  }
  for (const [at, { id }] of entries.entries()) {
    if (at % step === step - 1) streamDelete(p, streamRootOf(p, ref), id);
  }
  return p;
}

function payloadOf(p: Partition): Buffer {
  payloadBegin(writer, TYPE);
  encoder.start(TYPE, 0);
  expect(valueTell(p, seek(p), NOW_MS, encoder)).toBe(true);
  payloadEnd(writer, TYPE);
  return Buffer.from(writer.bytes.subarray(0, writer.used));
}

/** What the key's stream is, line by line. */
function linesOf(p: Partition): string[] {
  const recorder = new StreamRecorder();
  valueTell(p, seek(p), NOW_MS, recorder);
  return recorder.lines;
}

/** What a payload tells; null, if it is broken. */
function payloadLines(payload: Buffer): string[] | null {
  const recorder = new StreamRecorder();
  const result = payloadRead(decoder, payload, 0, payload.length, recorder);
  return result === RDB_READ.OK ? recorder.lines : null;
}

/** RESTORE; whether it was done. */
function restore(p: Partition, payload: Buffer): boolean {
  keyFill(op.key, KEY, 0, KEY.length);
  const builder = new ValueBuilder(p, op, 0);
  if (payloadRead(decoder, payload, 0, payload.length, builder) === RDB_READ.OK) {
    return builder.commit() === STATUS.OK;
  }
  builder.abandon();
  return false;
}

const step = fc.constantFrom(2, 3, 7, 1000);

describe('a stream in a payload', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(testEntries, step, (entries, each) => {
        const p = partitionWith(entries, each);
        const lines = linesOf(p);
        expect(payloadLines(payloadOf(p))).toEqual(lines);
        const other = partitionMake({ bytes: 8 * MIB });
        expect(restore(other, payloadOf(p))).toBe(true);
        partitionExpectSound(other);
        expect(linesOf(other)).toEqual(lines);
      }),
      { numRuns: 60 },
    );
  });

  it('may be changed anywhere', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(testEntries, step, changes, (entries, each, all) => {
        const bytes = payloadOf(partitionWith(entries.slice(0, 40), each)).subarray(1, -10);
        for (const [at, byte] of all) bytes[at % bytes.length] = byte;
        const p = partitionMake({ bytes: 8 * MIB });
        const isDone = restore(p, payloadWrap(TYPE, bytes));
        partitionExpectSound(p);
        expect(seek(p) !== 0).toBe(isDone);
      }),
      { numRuns: 200 },
    );
  });

  it('has its consumer groups with it', () => {
    const id = (ms: number, seq: number): StreamId =>
      Object.assign(new StreamId(), { msLo: ms, seqLo: seq });
    payloadBegin(writer, TYPE);
    encoder.start(TYPE, 0);
    const recorder = new StreamRecorder();
    for (const sink of [encoder.streamBegin(), recorder.streamBegin()]) {
      const name = (text: string): [Buffer, number, number] => [
        Buffer.from(`<${text}>`),
        1,
        text.length,
      ];
      sink.streamEntry(id(5, 1), 1);
      sink.streamString(...name('a'));
      sink.streamString(...name('1'));
      const state = { lastId: id(7, 7), firstId: id(5, 1), maxDeletedId: id(6, 0) };
      sink.streamState({ ...state, count: 1, added: 2n ** 63n - 1n, groupCount: 2 });
      sink.streamGroup(...name('workers'), { lastId: id(5, 1), read: -1n, pendingCount: 1 });
      sink.streamPending(id(5, 1), 1_700_000_000_000, 3);
      sink.streamConsumers(2);
      sink.streamConsumer(...name('alice'), { seenMs: 1e12, activeMs: 1e12, pendingCount: 1 });
      sink.streamOwned(id(5, 1));
      sink.streamConsumer(...name(''), { seenMs: 1e12, activeMs: -1, pendingCount: 0 });
      sink.streamGroup(...name('idle'), { lastId: id(0, 0), read: 0n, pendingCount: 0 });
      sink.streamConsumers(0);
    }
    recorder.valueEnd();
    payloadEnd(writer, TYPE);
    const payload = Buffer.from(writer.bytes.subarray(0, writer.used));
    expect(payloadLines(payload)).toEqual(recorder.lines);
  });
});

const installed = redisFind();
const title = installed === null ? 'redis-server (skipped: not on the PATH)' : 'redis-server';
describe.skipIf(installed === null)(title, () => {
  let server: RespServer;
  let peer: RespClient;
  beforeAll(async () => {
    server = await redisSpawn(installed?.command ?? '', ['--sanitize-dump-payload', 'yes']);
    peer = server.client();
  });
  afterAll(async () => {
    peer.end();
    await server.stop();
  });

  it('reads a stream as it was written, and we what it writes', async () => {
    const property = fc.asyncProperty(testEntries, step, async (entries, each) => {
      const p = partitionWith(entries, each);
      const payload = payloadOf(p).toString('latin1');
      expect(`${await peer.call('restore', 'k', 0, payload, 'replace')}`).not.toMatch(/ERR/);
      const dumped = Buffer.from((await peer.call('dump', 'k')) as string, 'latin1');
      expect(payloadLines(dumped)).toEqual(linesOf(p));
    });
    await fc.assert(property, { numRuns: 40 });
  });
});
