/** DUMP payloads: every type written is read back as it was told, and nothing broken is taken. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VALUE_KIND } from '../../../src/base/value-sink.ts';
import { payloadIsSound } from '../../../src/protocol/rdb/dump-payload.ts';
import { RDB_READ } from '../../../src/protocol/rdb/outcome.ts';
import { RDB_TYPE, type RdbType } from '../../../src/protocol/rdb/types.ts';
import {
  distinct,
  integerText,
  score,
  type TestElement,
  type TestValue,
  text,
} from '../../support/told-values.ts';
import { payloadOf, payloadRefusal, payloadValue, payloadWrap } from './values.ts';

const NAME = (element: TestElement): string => element.text;
const strings = fc.array(fc.record({ text }), { minLength: 1, maxLength: 60 });
const members = distinct(fc.record({ text }), NAME);
const integers = distinct(fc.record({ text: integerText }), NAME);
const scored = distinct(fc.record({ text, score }), NAME);
const fields = distinct(fc.record({ text, value: text }), NAME);
const expiring = distinct(
  fc.record(
    { text, value: text, expiresAtMs: fc.integer({ min: 1, max: 2 ** 48 - 1 }) },
    { requiredKeys: ['text', 'value'] },
  ),
  NAME,
).filter((elements) => elements.some(({ expiresAtMs }) => expiresAtMs !== undefined));

// biome-ignore format: a table reads in columns
const TYPES: readonly (readonly [keyof typeof RDB_TYPE, TestValue['kind'], fc.Arbitrary<TestElement[]>])[] = [
  ['STRING',           VALUE_KIND.STRING, strings.map(([first]) => [first as TestElement])],
  ['LIST',             VALUE_KIND.LIST,   strings],
  ['LIST_QUICKLIST_2', VALUE_KIND.LIST,   strings],
  ['SET',              VALUE_KIND.SET,    members],
  ['SET_LISTPACK',     VALUE_KIND.SET,    members],
  ['SET_INTSET',       VALUE_KIND.SET,    integers],
  ['ZSET_2',           VALUE_KIND.ZSET,   scored],
  ['ZSET_LISTPACK',    VALUE_KIND.ZSET,   scored],
  ['HASH',             VALUE_KIND.HASH,   fields],
  ['HASH_LISTPACK',    VALUE_KIND.HASH,   fields],
  ['HASH_METADATA',    VALUE_KIND.HASH,   expiring],
];

/** As it is read back: the members of an intset in order. */
function asRead(value: TestValue, type: RdbType): TestValue {
  if (type !== RDB_TYPE.SET_INTSET) return value;
  const elements = [...value.elements].sort((a, b) => (BigInt(a.text) < BigInt(b.text) ? -1 : 1));
  return { kind: value.kind, elements };
}

describe('a payload', () => {
  it.each(TYPES)('of type %s is read as it was told', (name, kind, elementsOf) => {
    fc.assert(
      fc.property(elementsOf, (elements) => {
        const value = { kind, elements };
        expect(payloadValue(payloadOf(value, RDB_TYPE[name]))).toEqual(
          asRead(value, RDB_TYPE[name]),
        );
      }),
    );
  });

  it.each(TYPES)('of type %s is given up where the sink has enough', (name, kind, elementsOf) => {
    fc.assert(
      fc.property(elementsOf, fc.nat(), (elements, tells) => {
        const payload = payloadOf({ kind, elements }, RDB_TYPE[name]);
        const tellsMax = 1 + (tells % (elements.length + 2));
        expect(payloadRefusal(payload, tellsMax)).toBe(RDB_READ.REFUSED);
      }),
      { numRuns: 30 },
    );
  });

  it.each(TYPES)('of type %s may be cut or changed anywhere', (name, kind, elementsOf) => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(elementsOf, fc.array(change, { maxLength: 3 }), fc.nat(), (elements, ...how) => {
        const [changes, cut] = how;
        const whole = payloadOf({ kind, elements }, RDB_TYPE[name]).subarray(1, -10);
        for (const [at, byte] of changes) whole[at % whole.length] = byte;
        payloadValue(payloadWrap(RDB_TYPE[name], whole));
        payloadValue(payloadWrap(RDB_TYPE[name], whole.subarray(0, cut % whole.length)));
      }),
      { numRuns: 300 },
    );
  });

  it('of any type may be any bytes', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.uint8Array({ maxLength: 40 }), (type, bytes) => {
        payloadValue(payloadWrap(type, bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('is marked with the first version that knows its type', () => {
    const value = { kind: VALUE_KIND.SET, elements: [{ text: 'a' }] };
    expect(payloadOf(value, RDB_TYPE.SET).at(-10)).toBe(10);
    expect(payloadOf(value, RDB_TYPE.SET_LISTPACK).at(-10)).toBe(11);
    const hash = { kind: VALUE_KIND.HASH, elements: [{ text: 'f', value: 'v', expiresAtMs: 5 }] };
    expect(payloadOf(hash, RDB_TYPE.HASH_METADATA).at(-10)).toBe(12);
  });

  it('is sound only with its checksum, and of a version that is known', () => {
    const payload = payloadOf(
      { kind: VALUE_KIND.STRING, elements: [{ text: 'some text' }] },
      RDB_TYPE.STRING,
    );
    const isSound = (bytes: Buffer): boolean => payloadIsSound(bytes, 0, bytes.length);
    expect(isSound(payload)).toBe(true);
    for (let at = 0; at < payload.length; at++) {
      const changed = Buffer.from(payload);
      changed[at] ^= 1;
      expect(isSound(changed)).toBe(false);
      expect(isSound(payload.subarray(0, at))).toBe(false);
    }
    expect(isSound(Buffer.alloc(9))).toBe(false);
  });

  it('keeps lists of long elements in nodes of their own, and of many in many', () => {
    const sizes = [10_000, 5, 9000, 20_000, 5, 5, 8192, 8193, 100];
    const elements = Array.from({ length: 200 }, (_, n) => ({
      text: `${n} `.repeat(20_000).slice(0, sizes[n % sizes.length]),
    }));
    const list = { kind: VALUE_KIND.LIST, elements };
    expect(payloadValue(payloadOf(list, RDB_TYPE.LIST_QUICKLIST_2))).toEqual(list);
  });
});
