/** Payloads of streams with consumer groups, changed anywhere, read into a partition: it stays sound. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFill } from '../../../src/base/key.ts';
import { Operation } from '../../../src/engine/operation.ts';
import { STATUS } from '../../../src/engine/status.ts';
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
import { Famine } from '../../engine/famine.ts';
import { partitionExpectSound, partitionMake } from '../../engine/fixture.ts';
import { MIB, NOW_MS } from '../../engine/limits.ts';
import { GroupWorld } from '../../engine/types/stream-group-world.ts';
import { StreamWorld } from '../../engine/types/stream-world.ts';
import { payloadWrap } from './values.ts';

const KEY = 'key';
const RUNS = process.env['FLAGSTONE_LONG'] === '1' ? 20_000 : 600;
const TYPE = RDB_TYPE.STREAM_LISTPACKS_2;
const writer = new RdbWriter();
const encoder = new RdbEncoder(writer);
const decoder = new RdbDecoder();
const op = new Operation(Buffer.alloc(0));
op.nowMs = NOW_MS;

function seek(p: Partition): number {
  keyFill(op.key, Buffer.from(KEY), 0, KEY.length);
  return itemSeek(p, op);
}

/** The payload of what the key holds. */
function dump(p: Partition): Buffer {
  payloadBegin(writer, TYPE);
  encoder.start(TYPE, 0);
  expect(valueTell(p, seek(p), NOW_MS, encoder)).toBe(true);
  payloadEnd(writer, TYPE);
  return Buffer.from(writer.bytes.subarray(0, writer.used));
}

function restore(p: Partition, payload: Buffer): boolean {
  keyFill(op.key, Buffer.from(KEY), 0, KEY.length);
  const builder = new ValueBuilder(p, op, 0);
  if (payloadRead(decoder, payload, 0, payload.length, builder) === RDB_READ.OK) {
    return builder.commit() === STATUS.OK;
  }
  builder.abandon();
  return false;
}

/** A payload of some entries, and of groups in which some of them and others are pending. */
function payloadMake(): Buffer {
  const world = new StreamWorld({ bytes: 4 * MIB, evicts: false });
  for (let n = 0; n < 7; n++) world.add(KEY, 1n << 64n, [Buffer.from('f'), Buffer.from(`${n}`)]);
  const groups = new GroupWorld({ bytes: 4 * MIB, evicts: false }, world.p);
  const ids = (count: number): bigint[] =>
    Array.from({ length: count }, (_, n) => BigInt(n) << 64n);
  groups.deliver(KEY, 'g', 'alice', ids(5));
  groups.deliver(KEY, 'g', 'bob', ids(2));
  groups.deliver(KEY, 'other', 'carol', ids(1));
  groups.deliver(KEY, 'other', 'nothing', []);
  return dump(world.p);
}

describe('a payload of a stream with groups', () => {
  const payload = payloadMake();

  it('is what it was after it was read', () => {
    const p = partitionMake({ bytes: 2 * MIB });
    expect(restore(p, payload)).toBe(true);
    partitionExpectSound(p);
    expect(dump(p)).toEqual(payload);
  });

  it('may be changed anywhere', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    let done = 0;
    const property = fc.property(changes, (all) => {
      const p = partitionMake({ bytes: 2 * MIB });
      const bytes = Buffer.from(payload.subarray(1, -10));
      for (const [at, byte] of all) bytes[at % bytes.length] = byte;
      const isDone = restore(p, payloadWrap(TYPE, bytes));
      partitionExpectSound(p);
      expect(seek(p) !== 0).toBe(isDone);
      if (!isDone) return;
      done++;
      const told = dump(p);
      expect(restore(p, told)).toBe(true);
      expect(dump(p)).toEqual(told);
    });
    fc.assert(property, { numRuns: RUNS });
    expect(done).toBeGreaterThan(0);
  });

  it('may end anywhere', () => {
    for (let bytes = 1; bytes < payload.length - 11; bytes++) {
      const p = partitionMake({ bytes: 2 * MIB });
      expect(restore(p, payloadWrap(TYPE, payload.subarray(1, 1 + bytes)))).toBe(false);
      partitionExpectSound(p);
    }
  });

  it('leaves nothing behind when memory runs out', () => {
    let refusals = 0;
    for (let pages = 0; pages < 12; pages++) {
      const p = partitionMake({ bytes: 2 * MIB, evicts: false });
      const famine = new Famine(p);
      famine.begin(pages);
      const isDone = restore(p, payload);
      famine.end();
      partitionExpectSound(p);
      expect(seek(p) !== 0).toBe(isDone);
      if (!isDone) refusals++;
    }
    expect(refusals).toBeGreaterThan(0);
    expect(refusals).toBeLessThan(12);
  });
});
