/** Sizes: values at the item limit and beyond, class borders, long lines, long pipelines, broken streams. */
import {
  BAD_LINE,
  END,
  ERROR,
  NOT_A_NUMBER,
  NOT_STORED,
  PRESENT_PARSER,
  SILENCE,
  STORED,
  set,
  TOO_LARGE,
  value,
} from './replies.ts';
import { type Row, transcript } from './transcript.ts';

const MIB = 1_048_576;
const FITS_BYTES = MIB - 1024;
const VERSION = /VERSION [^\r\n]+\r\n/;

/** Bytes that repeat with no small period, so that a value put together wrongly is seen. */
function pattern(length: number): string {
  let text = '';
  for (let at = 0; text.length < length; at++) text += `${at},`;
  return text.slice(0, length);
}

/** A storage line of this command with one mebibyte of data: never fits. */
function oversize(command: string, tail = ''): string {
  return `${command} a 0 0 ${MIB}${tail}\r\n${'x'.repeat(MIB)}\r\n`;
}

/** Lengths around powers of two, where buffers and chunks are likely to end. */
const LENGTHS = Array.from({ length: 15 }, (_, power) => 2 ** (power + 3)).flatMap((size) => [
  size - 2,
  size - 1,
  size,
  size + 1,
]);

const values = [
  transcript('values of many lengths come back whole', [
    ...LENGTHS.flatMap((length): Row[] => [
      [set('a', pattern(length), length), STORED],
      ['get a\r\n', value('a', pattern(length), length)],
    ]),
  ]),
  transcript('a value of 1 MiB less 1 KiB fits', [
    [set('a', pattern(FITS_BYTES)), STORED],
    ['get a\r\n', value('a', pattern(FITS_BYTES))],
    ['delete a\r\n', 'DELETED\r\n'],
  ]),
  transcript('a value of 1 MiB is too large: swallowed, and set deletes the old value', [
    [set('a', 'old'), STORED],
    [oversize('set'), TOO_LARGE],
    ['get a\r\n', END],
    [oversize('set'), TOO_LARGE],
  ]),
  transcript('too large under any other command leaves the old value', [
    [set('a', 'old'), STORED],
    [oversize('add'), TOO_LARGE],
    [oversize('replace'), TOO_LARGE],
    [oversize('append'), TOO_LARGE],
    [oversize('prepend'), TOO_LARGE],
    [oversize('cas', ' 1'), TOO_LARGE],
    ['get a\r\n', value('a', 'old')],
  ]),
  transcript('noreply silences too large; the old value still goes', [
    [set('a', 'old'), STORED],
    [oversize('set', ' noreply'), SILENCE],
    ['get a\r\n', END],
    [oversize('add', ' noreply'), SILENCE],
  ]),
  transcript('after too large the stream goes on at the right byte', [
    [`${oversize('set')}version\r\n`, new RegExp(TOO_LARGE + VERSION.source)],
    [`set a 0 0 ${MIB}\r\n${'x'.repeat(MIB)}XYversion\r\n`, new RegExp(TOO_LARGE + VERSION.source)],
    [`set a 0 0 ${MIB}\r\n${'x'.repeat(MIB)}XYZ\r\n`, TOO_LARGE + BAD_LINE, PRESENT_PARSER],
  ]),
  transcript('append beyond the limit is NOT_STORED and leaves the value', [
    [set('a', pattern(600_000)), STORED],
    [`append a 0 0 600000\r\n${'y'.repeat(600_000)}\r\n`, NOT_STORED],
    [`prepend a 0 0 600000\r\n${'y'.repeat(600_000)}\r\n`, NOT_STORED],
    ['get a\r\n', value('a', pattern(600_000))],
    ['incr a 1\r\n', NOT_A_NUMBER],
  ]),
  transcript('append and prepend on a large value', [
    [set('a', pattern(300_000)), STORED],
    [`append a 0 0 200000\r\n${'y'.repeat(200_000)}\r\n`, STORED],
    ['prepend a 0 0 3\r\nabc\r\n', STORED],
    ['get a\r\n', value('a', `abc${pattern(300_000)}${'y'.repeat(200_000)}`)],
  ]),
  transcript('several large values in one reply', [
    [set('a', pattern(400_000)), STORED],
    [set('b', pattern(500_000)), STORED],
    [
      'get a b a\r\n',
      `VALUE a 0 400000\r\n${pattern(400_000)}\r\nVALUE b 0 500000\r\n${pattern(500_000)}\r\n${value('a', pattern(400_000))}`,
    ],
  ]),
];

const streams = [
  transcript('1,000 sets and gets in one write', [
    [
      Array.from(
        { length: 1000 },
        (_, index) => `set k${index} 0 0 4\r\nabcd\r\nget k${index}\r\n`,
      ).join(''),
      Array.from({ length: 1000 }, (_, index) => STORED + value(`k${index}`, 'abcd')).join(''),
    ],
    ['get k0 k999 k1000\r\n', `VALUE k0 0 4\r\nabcd\r\n${value('k999', 'abcd')}`],
  ]),
  transcript('errors, silence and replies in one long write stay in order', [
    [
      Array.from(
        { length: 300 },
        () => 'bogus\r\nset n 0 0 1 noreply\r\n1\r\nincr n 1\r\nget m\r\n',
      ).join(''),
      Array.from({ length: 300 }, () => `${ERROR}2\r\n${END}`).join(''),
    ],
  ]),
  transcript('a value that arrives in parts is stored when it is whole', [
    [set('a', 'old'), STORED],
    ['set a 0 0 6\r\nabc', SILENCE, { on: 'slow', partial: true }],
    ['get a\r\n', value('a', 'old')],
    [set('a', 'between'), STORED],
    ['def\r\n', STORED, { on: 'slow' }],
    ['get a\r\n', value('a', 'abcdef')],
  ]),
  transcript('a large value that arrives in parts', [
    [
      `set a 0 0 300000\r\n${pattern(300_000).slice(0, 123_456)}`,
      SILENCE,
      { on: 'slow', partial: true },
    ],
    ['get a\r\n', END],
    [`${pattern(300_000).slice(123_456)}\r\n`, STORED, { on: 'slow' }],
    ['get a\r\n', value('a', pattern(300_000))],
  ]),
  transcript('a delete between the parts does not undo the store', [
    [set('a', 'old'), STORED],
    ['set a 0 0 3\r\nn', SILENCE, { on: 'slow', partial: true }],
    ['delete a\r\n', 'DELETED\r\n'],
    ['ew\r\n', STORED, { on: 'slow' }],
    ['get a\r\n', value('a', 'new')],
  ]),
  transcript('the end of a data block may come apart', [
    ['set a 0 0 3\r\nabc\r', SILENCE, { on: 'slow', partial: true }],
    ['get a\r\n', END],
    ['\n', STORED, { on: 'slow' }],
    ['get a\r', SILENCE, { on: 'slow', partial: true }],
    ['\n', value('a', 'abc'), { on: 'slow' }],
  ]),
  transcript('a client that hangs up inside a data block stores nothing', [
    [set('a', 'old'), STORED],
    ['set a 0 0 6\r\nabc', SILENCE, { on: 'gone', hangsUp: true }],
    ['get a\r\n', value('a', 'old')],
    [`set b 0 0 300000\r\n${'x'.repeat(100_000)}`, SILENCE, { on: 'gone too', hangsUp: true }],
    ['get b\r\n', END],
  ]),
  transcript('a client that shuts its sending side still gets its replies', [
    [set('a', '1'), STORED],
    ['get a\r\nget b\r\n', value('a', '1') + END, { ends: true }],
  ]),
  transcript('a client that shuts its sending side inside a request gets a close', [
    ['set a 0 0 3\r\nab', SILENCE, { ends: true }],
  ]),
];

const longLines = [
  transcript('a line of 2048 bytes may still end', [
    ['x'.repeat(2047), SILENCE, { partial: true }],
    ['\r\n', ERROR],
    ['x'.repeat(2048), SILENCE, { partial: true }],
    ['\n', ERROR],
  ]),
  transcript('a line of more than 2048 bytes without an end is hung up on', [
    ['x'.repeat(2049), SILENCE, { closes: true }],
  ]),
  transcript('so is a storage line', [[`set ${'k'.repeat(2100)}`, SILENCE, { closes: true }]]),
  transcript('a get line may go on', [
    [set('a', '1'), STORED],
    [`get a${' b'.repeat(1500)}`, SILENCE, { partial: true }],
    [`${' b'.repeat(20_000)} a\r\n`, `VALUE a 0 1\r\n1\r\n${value('a', '1')}`],
    [`gets${' b'.repeat(1500)}`, SILENCE, { partial: true }],
    [`${' b'.repeat(20_000)}\r\n`, END],
  ]),
  transcript(
    'a gat line may not go on',
    [[`gat 0${' b'.repeat(1500)}`, SILENCE, { closes: true }]],
    { skipOn: { flagstone: 'it may, as that of a get' } },
  ),
  transcript('lines just under the limit', [
    [`${'x'.repeat(2046)}\r\n`, ERROR],
    [`set a 0 0 1${' '.repeat(1500)}\r\n1\r\n`, STORED],
    [`get${' '.repeat(2000)}a\r\n`, value('a', '1')],
    [`bogus${' x'.repeat(1000)}\r\n`, ERROR],
  ]),
];

export const limits = [...values, ...streams, ...longLines];
