/** get, gets, gat, gats: hits, misses, many keys, and the order of everything. */
import {
  BAD_EXPTIME,
  BAD_LINE,
  END,
  ERROR,
  KEY_250,
  KEY_251,
  PRESENT_PARSER,
  SILENCE,
  STORED,
  set,
  value,
} from './replies.ts';
import { transcript } from './transcript.ts';

const MANY = Array.from({ length: 10_000 }, (_, index) => `key${`${index}`.padStart(6, '0')}`);
const MANY_LINE = MANY.join(' ');

export const retrieval = [
  transcript('get of a missing key is END alone', [
    ['get a\r\n', END],
    ['gets a\r\n', END],
    ['gat 0 a\r\n', END],
    ['gats 0 a\r\n', END],
  ]),
  transcript('get of several keys answers the present ones in the order asked', [
    [set('a', '1', 1), STORED],
    [set('c', '333', 3), STORED],
    ['get a b c\r\n', `VALUE a 1 1\r\n1\r\n${value('c', '333', 3)}`],
    ['get c b a\r\n', `VALUE c 3 3\r\n333\r\n${value('a', '1', 1)}`],
    ['get b b\r\n', END],
    ['gat 0 c b a\r\n', `VALUE c 3 3\r\n333\r\n${value('a', '1', 1)}`],
  ]),
  transcript('a key asked for twice is answered twice', [
    [set('a', '1'), STORED],
    ['get a a a\r\n', `VALUE a 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\n${value('a', '1')}`],
    ['gets a a\r\n', /VALUE a 0 1 (\d+)\r\n1\r\nVALUE a 0 1 \1\r\n1\r\nEND\r\n/],
    ['gats 0 a a\r\n', /VALUE a 0 1 (\d+)\r\n1\r\nVALUE a 0 1 \1\r\n1\r\nEND\r\n/],
  ]),
  transcript('gets shows a different CAS unique for each key', [
    [set('a', '1'), STORED],
    [set('b', '2'), STORED],
    ['gets a b\r\n', /VALUE a 0 1 (\d+)\r\n1\r\nVALUE b 0 1 (?!\1\r)\d+\r\n2\r\nEND\r\n/],
    ['gats 0 b a\r\n', /VALUE b 0 1 (\d+)\r\n2\r\nVALUE a 0 1 (?!\1\r)\d+\r\n1\r\nEND\r\n/],
  ]),
  transcript('more keys on one line than any table of words would hold', [
    [set('a', '1'), STORED],
    [`get${' a'.repeat(30)}\r\n`, 'VALUE a 0 1\r\n1\r\n'.repeat(30) + END],
    [`get${' a'.repeat(300)}\r\n`, 'VALUE a 0 1\r\n1\r\n'.repeat(300) + END],
    [`gat 0${' a'.repeat(300)}\r\n`, 'VALUE a 0 1\r\n1\r\n'.repeat(300) + END],
    [`get${' b'.repeat(300)}\r\n`, END],
  ]),
  transcript('get of 10,000 keys on a line of 100,000 bytes', [
    [set('key000000', 'first'), STORED],
    [set('key009999', 'last'), STORED],
    [`get ${MANY_LINE}\r\n`, `VALUE key000000 0 5\r\nfirst\r\n${value('key009999', 'last')}`],
    [
      `gets ${MANY_LINE}\r\n`,
      /VALUE key000000 0 5 \d+\r\nfirst\r\nVALUE key009999 0 4 \d+\r\nlast\r\nEND\r\n/,
    ],
    [`get ${MANY_LINE}\n`, `VALUE key000000 0 5\r\nfirst\r\n${value('key009999', 'last')}`],
  ]),
  transcript('get of 1,000 present keys answers every one', [
    [
      MANY.slice(0, 1000)
        .map((key) => `set ${key} 0 0 9 noreply\r\n${key}\r\n`)
        .join(''),
      SILENCE,
    ],
    [
      `get ${MANY.slice(0, 1000).join(' ')}\r\n`,
      MANY.slice(0, 1000)
        .map((key) => `VALUE ${key} 0 9\r\n${key}\r\n`)
        .join('') + END,
    ],
  ]),
  transcript('several spaces separate keys, one at the end does no harm, a tab is part of a key', [
    [set('a', '1'), STORED],
    [set('b', '2'), STORED],
    ['get  a   b\r\n', `VALUE a 0 1\r\n1\r\n${value('b', '2')}`],
    ['get a \r\n', value('a', '1')],
    ['get a b   \r\n', `VALUE a 0 1\r\n1\r\n${value('b', '2')}`],
    ['get a\tb\r\n', END],
    ['get a\t\r\n', END],
    ['gat  0  a  b \r\n', `VALUE a 0 1\r\n1\r\n${value('b', '2')}`],
  ]),
  transcript('a bare LF ends a line', [
    [set('a', '1'), STORED],
    ['get a\n', value('a', '1')],
    ['gets b\n', END],
    ['gat 0 a\n', value('a', '1')],
    ['get a\nget b\n', value('a', '1') + END],
  ]),
  transcript('noreply is a key to get and gat', [
    [set('noreply', '1'), STORED],
    ['get noreply\r\n', value('noreply', '1')],
    ['get a noreply\r\n', value('noreply', '1')],
    ['gat 0 noreply\r\n', value('noreply', '1')],
    ['gat x noreply\r\n', BAD_EXPTIME],
  ]),
  transcript(
    'get and gat without a key',
    [
      ['get\r\n', BAD_LINE],
      ['get \r\n', BAD_LINE],
      ['gets\r\n', BAD_LINE],
      ['gets \r\n', BAD_LINE],
      ['gat\r\n', BAD_LINE],
      ['gat 0\r\n', BAD_LINE],
      ['gat a\r\n', BAD_LINE],
      ['gats 0 \r\n', BAD_LINE],
    ],
    PRESENT_PARSER,
  ),
  transcript('gat reads its exptime before anything else', [
    [set('a', '1'), STORED],
    ['gat x a\r\n', BAD_EXPTIME],
    ['gat a a\r\n', BAD_EXPTIME],
    ['gat 1.5 a\r\n', BAD_EXPTIME],
    ['gat --1 a\r\n', BAD_EXPTIME],
    ['gats x a\r\n', BAD_EXPTIME],
    ['gat +5 a\r\n', BAD_EXPTIME, PRESENT_PARSER],
    ['gat 2147483648 a\r\n', BAD_EXPTIME, PRESENT_PARSER],
    ['get a\r\n', value('a', '1')],
  ]),
  transcript('gat with an exptime in the past answers a last time', [
    [set('a', '1'), STORED],
    ['gat -1 a\r\n', value('a', '1')],
    ['get a\r\n', END],
    [set('a', '1'), STORED],
    ['gat -1 a a\r\n', value('a', '1')],
  ]),
  transcript('gat keeps flags and value', [
    [set('a', '\r\n', 77), STORED],
    ['gat 100 a\r\n', value('a', '\r\n', 77)],
    ['gat 0 a\r\n', value('a', '\r\n', 77)],
    ['get a\r\n', value('a', '\r\n', 77)],
  ]),
  transcript(
    'a key of 251 bytes in get is an error',
    [
      [`get ${KEY_251}\r\n`, BAD_LINE],
      [`gets ${KEY_251}\r\n`, BAD_LINE],
      [`gat 0 ${KEY_251}\r\n`, BAD_LINE],
      [`get ${'k'.repeat(1000)}\r\n`, BAD_LINE],
    ],
    {
      skipOn: { memcached: { since: '1.6.45', reason: 'it sends an empty line after the error' } },
      pipelinedSkipOn: { memcached: 'it drops the earlier replies of the same read' },
    },
  ),
  transcript(
    'a key of 251 bytes among others: the error alone, not the values before it',
    [
      [set('a', '1'), STORED],
      [set(KEY_250, '2'), STORED],
      [`get a ${KEY_251}\r\n`, BAD_LINE],
      [`get ${KEY_251} a\r\n`, BAD_LINE],
      [`get ${KEY_250} ${KEY_251} a\r\n`, BAD_LINE],
      ['get a\r\n', value('a', '1')],
    ],
    {
      // Of a line that comes in parts, the keys that are there are answered.
      modes: ['whole', 'pipelined'],
      skipOn: { memcached: { since: '1.6.45', reason: 'it sends an empty line after the error' } },
      pipelinedSkipOn: { memcached: 'it drops the earlier replies of the same read' },
    },
  ),
  transcript(
    'noreply at the end of a get that fails is a key, not a wish for silence',
    [[`get ${KEY_251} noreply\r\n`, BAD_LINE]],
    {
      skipOn: {
        memcached: { since: '1.6.45', reason: 'it sends an empty line in place of the error' },
      },
    },
  ),
  transcript('commands are in lower case and whole', [
    [set('a', '1'), STORED],
    ['GET a\r\n', ERROR],
    ['Get a\r\n', ERROR],
    ['gett a\r\n', ERROR],
    ['ge a\r\n', ERROR],
    ['get\ta\r\n', ERROR],
    ['gatss 0 a\r\n', ERROR],
  ]),
];
