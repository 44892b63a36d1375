/**
 * Values built, told, copied and renamed, of every type and size, within a partition and between two: what
 * arrives is what was sent, and when memory runs out nothing has changed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_BYTES_LIMIT, keyFill } from '../../src/base/key.ts';
import { VALUE_KIND } from '../../src/base/value-sink.ts';
import { Operation } from '../../src/engine/operation.ts';
import { itemCopy, itemRename } from '../../src/engine/relocation.ts';
import { STATUS, type Status } from '../../src/engine/status.ts';
import { itemSeek } from '../../src/engine/types/string.ts';
import { ValueBuilder } from '../../src/engine/value-build.ts';
import { valueTell } from '../../src/engine/value-tell.ts';
import { itemClientFlags, itemExpiresAtMs } from '../../src/memory/item.ts';
import type { Partition } from '../../src/memory/partition.ts';
import {
  distinct,
  Recorder,
  score,
  type TestElement,
  type TestValue,
  valueTell as testValueTell,
  text,
} from '../support/told-values.ts';
import { Famine } from './famine.ts';
import { partitionExpectSound, partitionMake } from './fixture.ts';
import { MIB, NOW_MS } from './limits.ts';

/** A sorted set keeps -0 as 0, as Redis does. */
function unsigned(value: number): number {
  return value + 0;
}

const op = new Operation(Buffer.alloc(0));
op.nowMs = NOW_MS;
op.nowSec = Math.floor(NOW_MS / 1000);

const NAME = (element: TestElement): string => element.text;
/** Values and elements that take more than a chunk. */
const long = fc.nat(30_000).map((bytes) => 'long '.repeat(bytes / 5));
const value = fc.oneof({ arbitrary: text, weight: 5 }, { arbitrary: long, weight: 1 });
/** Names of fields and members have a limit. */
const name = text.filter(({ length }) => length <= KEY_BYTES_LIMIT);
/** Few elements, or enough to make the collection large. */
const many = <T>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.oneof(
    fc.array(element, { minLength: 1, maxLength: 8 }),
    fc.array(element, { minLength: 100, maxLength: 300, size: 'max' }),
  );
const named = (element: fc.Arbitrary<TestElement>): fc.Arbitrary<TestElement[]> =>
  many(element).map((all) => [...new Map(all.map((one) => [NAME(one), one])).values()]);

const values: fc.Arbitrary<TestValue> = fc.oneof(
  value.map((one) => ({ kind: VALUE_KIND.STRING, elements: [{ text: one }] })),
  many(fc.record({ text: value })).map((elements) => ({ kind: VALUE_KIND.LIST, elements })),
  named(fc.record({ text: name })).map((elements) => ({ kind: VALUE_KIND.SET, elements })),
  named(fc.record({ text: name, score: score.map(unsigned) })).map((elements) => ({
    kind: VALUE_KIND.ZSET,
    elements,
  })),
  named(
    fc.record(
      { text: name, value, expiresAtMs: fc.integer({ min: NOW_MS + 1, max: NOW_MS + 1e9 }) },
      { requiredKeys: ['text', 'value'] },
    ),
  ).map((elements) => ({ kind: VALUE_KIND.HASH, elements })),
);

function keyTake(key: string): void {
  const bytes = Buffer.from(key);
  keyFill(op.key, bytes, 0, bytes.length);
}

function find(p: Partition, key: string): number {
  keyTake(key);
  return itemSeek(p, op);
}

/** Puts a value under a key, as RESTORE does. */
function build(p: Partition, key: string, told: TestValue, expiresAtMs: number): Status {
  keyTake(key);
  op.clientFlags = told.kind === VALUE_KIND.STRING ? 77 : 0;
  const builder = new ValueBuilder(p, op, expiresAtMs);
  if (testValueTell(told, builder)) return builder.commit();
  builder.abandon();
  return builder.status;
}

/** The value, in an order that does not depend on how it is kept. */
function normal({ kind, elements }: TestValue): TestValue {
  if (kind === VALUE_KIND.LIST || kind === VALUE_KIND.STRING) return { kind, elements };
  return { kind, elements: [...elements].sort((a, b) => (NAME(a) < NAME(b) ? -1 : 1)) };
}

function read(p: Partition, key: string): TestValue | null {
  const ref = find(p, key);
  if (ref === 0) return null;
  const recorder = new Recorder();
  expect(valueTell(p, ref, op.nowMs, recorder)).toBe(true);
  return normal(recorder);
}

function expectHolds(p: Partition, key: string, told: TestValue | null, expiresAtMs = 0): void {
  const found = read(p, key);
  if (told === null) {
    expect(found).toBeNull();
    return;
  }
  expect(found?.kind).toBe(told.kind);
  expect(found?.elements).toEqual(normal(told).elements);
  const ref = find(p, key);
  expect(itemExpiresAtMs(p, ref)).toBe(expiresAtMs);
  expect(itemClientFlags(p, ref)).toBe(told.kind === VALUE_KIND.STRING ? 77 : 0);
}

/** COPY or RENAME, from key to key. */
function relocate(
  how: typeof itemCopy | typeof itemRename,
  from: Partition,
  fromKey: string,
  to: Partition,
  toKey: string,
): Status {
  const ref = find(from, fromKey);
  const { hash } = op.key;
  keyTake(toKey);
  if (how === itemCopy) return itemCopy(from, ref, to, op);
  return itemRename(from, ref, hash, to, op);
}

describe('a value', () => {
  it('is told as it was built', () => {
    fc.assert(
      fc.property(values, fc.boolean(), (told, expires) => {
        const p = partitionMake({ bytes: 16 * MIB });
        const expiresAtMs = expires ? NOW_MS + 5000 : 0;
        expect(build(p, 'key', { kind: VALUE_KIND.STRING, elements: [{ text: 'old' }] }, 0)).toBe(
          0,
        );
        expect(build(p, 'key', told, expiresAtMs)).toBe(STATUS.OK);
        partitionExpectSound(p);
        expectHolds(p, 'key', told, expiresAtMs);
      }),
      { numRuns: 60 },
    );
  });

  it('with a member that comes twice, or has too long a name, is given up', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    const twice = [{ text: 'a' }, { text: 'b' }, { text: 'a' }];
    const scored = twice.map((element) => ({ ...element, score: 1 }));
    const fields = twice.map((element) => ({ ...element, value: 'v' }));
    const tooLong = 'x'.repeat(KEY_BYTES_LIMIT + 1);
    expect(build(p, 'k', { kind: VALUE_KIND.SET, elements: twice }, 0)).toBe(STATUS.EXISTS);
    expect(build(p, 'k', { kind: VALUE_KIND.ZSET, elements: scored }, 0)).toBe(STATUS.EXISTS);
    expect(build(p, 'k', { kind: VALUE_KIND.HASH, elements: fields }, 0)).toBe(STATUS.EXISTS);
    for (const kind of [VALUE_KIND.SET, VALUE_KIND.ZSET, VALUE_KIND.HASH]) {
      const elements = [{ text: tooLong, value: 'v', score: 1 }].map(({ text: long, ...rest }) => {
        if (kind === VALUE_KIND.SET) return { text: long };
        if (kind === VALUE_KIND.ZSET) return { text: long, score: rest.score };
        return { text: long, value: rest.value };
      });
      expect(build(p, 'k', { kind, elements }, 0)).toBe(STATUS.TOO_LARGE);
    }
    partitionExpectSound(p);
    expectHolds(p, 'k', null);
  });

  it('of which nothing is alive is not there', () => {
    const p = partitionMake();
    const elements = [{ text: 'f', value: 'v', expiresAtMs: NOW_MS }];
    expect(build(p, 'k', { kind: VALUE_KIND.HASH, elements }, 0)).toBe(STATUS.MISSING);
    partitionExpectSound(p);
    expectHolds(p, 'k', null);
  });

  it.each([
    ['within a partition', true],
    ['to another partition', false],
  ])('is copied and renamed %s', (_, within) => {
    fc.assert(
      fc.property(values, values, fc.boolean(), (told, replaced, expires) => {
        const from = partitionMake({ bytes: 16 * MIB });
        const to = within ? from : partitionMake({ bytes: 16 * MIB });
        const expiresAtMs = expires ? NOW_MS + 5000 : 0;
        build(from, 'one', told, expiresAtMs);
        build(to, 'two', replaced, 0);
        for (const target of ['two', 'a rather long name of a key']) {
          expect(relocate(itemCopy, from, 'one', to, target)).toBe(STATUS.OK);
          partitionExpectSound(to);
          expectHolds(to, target, told, expiresAtMs);
          expectHolds(from, 'one', told, expiresAtMs);
        }
        build(to, 'two', replaced, 0);
        expect(relocate(itemRename, from, 'one', to, 'two')).toBe(STATUS.OK);
        partitionExpectSound(from);
        partitionExpectSound(to);
        expectHolds(from, 'one', null);
        expectHolds(to, 'two', told, expiresAtMs);
      }),
      { numRuns: 40 },
    );
  });

  it('stays where and as it is when there is no memory for another', () => {
    let refusals = 0;
    const how = fc.constantFrom(itemCopy, itemRename);
    fc.assert(
      fc.property(
        values,
        values,
        how,
        fc.boolean(),
        fc.nat(6),
        (told, other, way, within, pages) => {
          const from = partitionMake({ bytes: 4 * MIB, evicts: false });
          const to = within ? from : partitionMake({ bytes: 4 * MIB, evicts: false });
          if (build(from, 'one', told, 0) !== STATUS.OK) return;
          if (build(to, 'two', other, 0) !== STATUS.OK) return;
          const famine = new Famine(to);
          famine.begin(pages);
          const status = relocate(way, from, 'one', to, 'two');
          famine.end();
          partitionExpectSound(from);
          partitionExpectSound(to);
          if (status !== STATUS.OK) refusals++;
          const isGone = status === STATUS.OK && way === itemRename;
          expectHolds(from, 'one', isGone ? null : told);
          expectHolds(to, 'two', status === STATUS.OK ? told : other);
        },
      ),
      { numRuns: 120 },
    );
    expect(refusals).toBeGreaterThan(0);
  });

  it('is copied while other keys are evicted to make room', () => {
    fc.assert(
      fc.property(distinct(fc.record({ text: name, value }), NAME), (elements) => {
        const p = partitionMake({ bytes: MIB });
        for (let n = 0; n < 3000; n++) {
          build(
            p,
            `filler ${n}`,
            { kind: VALUE_KIND.STRING, elements: [{ text: `${n}`.repeat(90) }] },
            0,
          );
        }
        const told = { kind: VALUE_KIND.HASH, elements };
        if (build(p, 'one', told, 0) !== STATUS.OK) return;
        for (let n = 0; n < 4; n++) {
          const status = relocate(itemCopy, p, 'one', p, `copy ${n}`);
          partitionExpectSound(p);
          if (status !== STATUS.OK) return;
          expectHolds(p, `copy ${n}`, told);
          expectHolds(p, 'one', told);
        }
      }),
      { numRuns: 20 },
    );
  });
});
