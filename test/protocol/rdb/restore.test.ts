/** Payloads that may be anything, read into a partition: it stays sound, and holds what they say or nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFill } from '../../../src/base/key.ts';
import { VALUE_KIND } from '../../../src/base/value-sink.ts';
import { Operation } from '../../../src/engine/operation.ts';
import { STATUS } from '../../../src/engine/status.ts';
import { itemSeek, itemTouch } from '../../../src/engine/types/string.ts';
import { ValueBuilder } from '../../../src/engine/value-build.ts';
import { valueTell } from '../../../src/engine/value-tell.ts';
import { itemExpiresAtMs } from '../../../src/memory/item.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { RdbDecoder } from '../../../src/protocol/rdb/decoder.ts';
import { payloadRead } from '../../../src/protocol/rdb/dump-payload.ts';
import { RDB_READ } from '../../../src/protocol/rdb/outcome.ts';
import { RDB_TYPE, type RdbType } from '../../../src/protocol/rdb/types.ts';
import { Famine } from '../../engine/famine.ts';
import { partitionExpectSound, partitionMake } from '../../engine/fixture.ts';
import { MIB, NOW_MS } from '../../engine/limits.ts';
import { distinct, Recorder, score, type TestValue, text } from '../../support/told-values.ts';
import { payloadOf, payloadWrap } from './values.ts';

const decoder = new RdbDecoder();
const op = new Operation(Buffer.alloc(0));
op.nowMs = NOW_MS;
const KEY = Buffer.from('key');

const NAME = ({ text: name }: { readonly text: string }): string => name;
const list = fc.array(fc.record({ text }), { minLength: 1, maxLength: 200 });
const members = distinct(fc.record({ text }), NAME);
const scored = distinct(fc.record({ text, score }), NAME);
const fields = distinct(fc.record({ text, value: text }), NAME);

/** A value, and the types that it may be written as. */
const written: fc.Arbitrary<readonly [RdbType, TestValue]> = fc.oneof(
  list.map((elements) => [RDB_TYPE.LIST_QUICKLIST_2, { kind: VALUE_KIND.LIST, elements }] as const),
  members.map((elements) => [RDB_TYPE.SET_LISTPACK, { kind: VALUE_KIND.SET, elements }] as const),
  members.map((elements) => [RDB_TYPE.SET, { kind: VALUE_KIND.SET, elements }] as const),
  scored.map((elements) => [RDB_TYPE.ZSET_LISTPACK, { kind: VALUE_KIND.ZSET, elements }] as const),
  scored.map((elements) => [RDB_TYPE.ZSET_2, { kind: VALUE_KIND.ZSET, elements }] as const),
  fields.map((elements) => [RDB_TYPE.HASH_LISTPACK, { kind: VALUE_KIND.HASH, elements }] as const),
  fields.map((elements) => [RDB_TYPE.HASH, { kind: VALUE_KIND.HASH, elements }] as const),
);

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

function isTold(p: Partition): boolean {
  keyFill(op.key, KEY, 0, KEY.length);
  const ref = itemSeek(p, op);
  return ref !== 0 && valueTell(p, ref, NOW_MS, new Recorder());
}

describe('a payload read into a partition', () => {
  it('may be changed anywhere', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    const changes = fc.array(change, { maxLength: 3 });
    fc.assert(
      fc.property(written, changes, ([type, value], all) => {
        const p = partitionMake({ bytes: 4 * MIB });
        const bytes = payloadOf(value, type).subarray(1, -10);
        for (const [at, byte] of all) bytes[at % bytes.length] = byte;
        const isDone = restore(p, payloadWrap(type, bytes));
        partitionExpectSound(p);
        expect(isTold(p)).toBe(isDone);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves nothing behind when memory runs out', () => {
    let refusals = 0;
    fc.assert(
      fc.property(written, fc.nat(4), ([type, value], pages) => {
        const p = partitionMake({ bytes: 2 * MIB, evicts: false });
        const famine = new Famine(p);
        famine.begin(pages);
        const isDone = restore(p, payloadOf(value, type));
        famine.end();
        partitionExpectSound(p);
        expect(isTold(p)).toBe(isDone);
        if (!isDone) refusals++;
      }),
      { numRuns: 200 },
    );
    expect(refusals).toBeGreaterThan(0);
  });

  it('is given an end afterwards, however large it is', () => {
    for (const count of [3, 100, 1000]) {
      const elements = Array.from({ length: count }, (_, n) => ({ text: `member ${n}`, score: n }));
      const p = partitionMake({ bytes: 4 * MIB });
      expect(restore(p, payloadOf({ kind: VALUE_KIND.ZSET, elements }, RDB_TYPE.ZSET_2))).toBe(
        true,
      );
      op.expiresAtMs = NOW_MS + 1000;
      const ref = itemTouch(p, op, itemSeek(p, op));
      expect(itemExpiresAtMs(p, ref)).toBe(NOW_MS + 1000);
      partitionExpectSound(p);
      expect(isTold(p)).toBe(true);
      op.nowMs = NOW_MS + 1000;
      expect(itemSeek(p, op)).toBe(0);
      op.nowMs = NOW_MS;
      partitionExpectSound(p);
    }
  });
});
