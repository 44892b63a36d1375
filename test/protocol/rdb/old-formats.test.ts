/** Formats that are read and no longer written, and the corners of those that are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VALUE_KIND, type ValueKind } from '../../../src/base/value-sink.ts';
import { RDB_TYPE } from '../../../src/protocol/rdb/types.ts';
import { distinct, score, type TestElement, text } from '../../support/told-values.ts';
import { asciiZset, rdbString, ziplist, zipmap } from './old-formats.ts';
import { payloadValue, payloadWrap } from './values.ts';

const NAME = (element: TestElement): string => element.text;
const list = fc.array(fc.record({ text }), { minLength: 1, maxLength: 60 });
const scored = distinct(fc.record({ text, score }), NAME);
const fields = distinct(fc.record({ text, value: text }), NAME);

/** The entries that an element takes. */
function entries(elements: readonly TestElement[]): string[] {
  return elements.flatMap((element) => {
    const behind = element.value ?? (element.score === undefined ? undefined : scoreText(element));
    return behind === undefined ? [element.text] : [element.text, behind];
  });
}

function scoreText({ score: value = 0 }: TestElement): string {
  if (Object.is(value, -0)) return '-0';
  return String(value).replace('Infinity', 'inf');
}

// biome-ignore format: a table reads in columns
const FORMATS: readonly (readonly [keyof typeof RDB_TYPE, ValueKind, fc.Arbitrary<TestElement[]>, (elements: TestElement[]) => Buffer])[] = [
  ['LIST_ZIPLIST',   VALUE_KIND.LIST, list,   (elements) => rdbString(ziplist(entries(elements)))],
  ['ZSET_ZIPLIST',   VALUE_KIND.ZSET, scored, (elements) => rdbString(ziplist(entries(elements)))],
  ['HASH_ZIPLIST',   VALUE_KIND.HASH, fields, (elements) => rdbString(ziplist(entries(elements)))],
  ['HASH_ZIPMAP',    VALUE_KIND.HASH, fields, (elements) => rdbString(zipmap(entries(elements)))],
  ['LIST_QUICKLIST', VALUE_KIND.LIST, list,   (elements) => Buffer.concat([
    Buffer.from([3]), rdbString(ziplist(entries(elements.slice(0, 2)))),
    rdbString(ziplist([])), rdbString(ziplist(entries(elements.slice(2)))),
  ])],
  ['ZSET',           VALUE_KIND.ZSET, scored, (elements) => asciiZset(
    elements.map((element) => [element.text, scoreText(element)]),
  )],
];

describe('a value written by an older server', () => {
  it.each(FORMATS)('as %s is read', (name, kind, elementsOf, write) => {
    fc.assert(
      fc.property(elementsOf, (elements) => {
        const value = payloadValue(payloadWrap(RDB_TYPE[name], write(elements)));
        expect(value).toEqual({ kind, elements });
      }),
    );
  });

  it.each(FORMATS)('as %s may be cut or changed anywhere', (name, _, elementsOf, write) => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(elementsOf, fc.array(change, { maxLength: 3 }), fc.nat(), (elements, ...how) => {
        const [changes, cut] = how;
        const whole = write(elements);
        for (const [at, byte] of changes) whole[at % whole.length] = byte;
        payloadValue(payloadWrap(RDB_TYPE[name], whole));
        payloadValue(payloadWrap(RDB_TYPE[name], whole.subarray(0, cut % whole.length)));
      }),
      { numRuns: 300 },
    );
  });
});

const LISTPACK_OF_TWO = '0f000000' + '0200' + '8161' + '02' + '8262' + '63' + '03' + 'ff';

describe('what is refused', () => {
  // biome-ignore format: a table reads in columns
  it.each([
    ['an empty list',                       'LIST',           '00'],
    ['an empty set',                        'SET',            '00'],
    ['an empty listpack',                   'SET_LISTPACK',   '07' + '07000000' + '0000' + 'ff'],
    ['an empty ziplist',                    'LIST_ZIPLIST',   '0b' + '0b000000' + '0a000000' + '0000' + 'ff'],
    ['an empty intset',                     'SET_INTSET',     '08' + '02000000' + '00000000'],
    ['an empty zipmap',                     'HASH_ZIPMAP',    '02' + '00' + 'ff'],
    ['a quicklist of empty nodes',          'LIST_QUICKLIST_2', '01' + '02' + '07' + '07000000' + '0000' + 'ff'],
    ['a quicklist node of no kind',         'LIST_QUICKLIST_2', '01' + '03' + '0161'],
    ['a hash with a field alone',           'HASH_LISTPACK',  `0f${LISTPACK_OF_TWO.replace('0200', '0100')}`],
    ['a listpack that counts wrong',        'SET_LISTPACK',   `0f${LISTPACK_OF_TWO.replace('0200', '0300')}`],
    ['a listpack of another length',        'SET_LISTPACK',   `0f${LISTPACK_OF_TWO.replace('0f', '0e')}`],
    ['a listpack with a wrong size behind', 'SET_LISTPACK',   `0f${LISTPACK_OF_TWO.replace('816102', '816103')}`],
    ['a score that is none',                'ZSET_LISTPACK',  `0f${LISTPACK_OF_TWO}`],
    ['a score that is not a number',        'ZSET_2',         '01' + '0161' + '000000000000f87f'],
    ['a score that is not a number, old',   'ZSET',           '01' + '0161' + 'fd'],
    ['an intset out of order',              'SET_INTSET',     '0c' + '02000000' + '02000000' + '0200' + '0100'],
    ['an intset with a member twice',       'SET_INTSET',     '0c' + '02000000' + '02000000' + '0100' + '0100'],
    ['an intset of odd width',              'SET_INTSET',     '0b' + '03000000' + '01000000' + '010000'],
    ['more members than there are bytes',   'SET',            '80ffffffff' + '0161'],
    ['a string that claims too much',       'STRING',         '80ffffffff' + '61'],
    ['a compressed string that claims it',  'STRING',         'c3' + '03' + '80ffffffff' + '006100'],
    ['a string of no coding',               'STRING',         'c4'],
    ['an earliest expiry beyond measure',   'HASH_METADATA',  'ffffffffffffffff' + '01' + '00' + '0161' + '0162'],
  ] as const)('%s', (_, name, hex) => {
    expect(payloadValue(payloadWrap(RDB_TYPE[name], Buffer.from(hex, 'hex')))).toBeNull();
  });

  it('streams, modules, and what no type has', () => {
    for (const type of [6, 7, 8, 15, 19, 21, 22, 23, 26, 200, 255]) {
      expect(payloadValue(payloadWrap(type, Buffer.from([1, 1, 0x61])))).toBeNull();
    }
  });
});

describe('fields that expire', () => {
  it('are read from a listpack, too', () => {
    // "a": "b", without expiry; "c": "d", at 1000.
    const entriesHex = '8161028162020001' + '816302816402c3e802';
    const pack = `${(7 + entriesHex.length / 2).toString(16)}0000000600${entriesHex}ff`;
    const hex = `e803000000000000${(pack.length / 2).toString(16)}${pack}`;
    expect(payloadValue(payloadWrap(RDB_TYPE.HASH_LISTPACK_EX, Buffer.from(hex, 'hex')))).toEqual({
      kind: VALUE_KIND.HASH,
      elements: [
        { text: 'a', value: 'b' },
        { text: 'c', value: 'd', expiresAtMs: 1000 },
      ],
    });
  });
});
