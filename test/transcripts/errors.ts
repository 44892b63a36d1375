/** What is refused, with which words, and how much of the stream goes with it. */
import {
  BAD_LINE,
  END,
  ERROR,
  KEY_251,
  OK,
  PRESENT_PARSER,
  SILENCE,
  STORED,
  set,
  value,
} from './replies.ts';
import { transcript } from './transcript.ts';

const STORAGE = ['set', 'add', 'replace', 'append', 'prepend'] as const;
const VERSION = /VERSION [^\r\n]+\r\n/;

const lines = [
  transcript('unknown commands', [
    ['bogus\r\n', ERROR],
    ['bogus with words\r\n', ERROR],
    ['bogus noreply other\r\n', ERROR],
    ['ab\r\n', ERROR],
    ['abc\n', ERROR],
    ['versions\r\n', ERROR],
    ['SET a 0 0 1\r\n', ERROR],
    ['flush_alls\r\n', ERROR],
    ['getx a\r\n', ERROR],
    ['\0\0\0\r\n', ERROR],
    ['\xff\xfe\xfd\r\n', ERROR],
  ]),
  transcript(
    'an unknown command with noreply is silent',
    [
      ['bogus noreply\r\n', SILENCE],
      ['bogus a b c noreply\r\n', SILENCE],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'lines under four bytes with their ending',
    [
      ['\r\n', BAD_LINE],
      ['\n', BAD_LINE],
      ['a\r\n', BAD_LINE],
      ['a\n', BAD_LINE],
      ['ab\n', BAD_LINE],
      [' \r\n', BAD_LINE],
      ['ab\r\n', ERROR],
      ['abc\n', ERROR],
      ['   \r\n', ERROR],
      ['\r\n\r\nversion\r\n', new RegExp(`${BAD_LINE}${BAD_LINE}${VERSION.source}`)],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'a leading space is an error',
    [
      [' get a\r\n', ERROR],
      ['  get a\r\n', ERROR],
      [' version\r\n', ERROR],
      [' quit\r\n', ERROR],
      [' delete a\r\n', ERROR],
      [' stats\r\n', ERROR],
      ['\tget a\r\n', ERROR],
    ],
    PRESENT_PARSER,
  ),
  transcript('a tab does not separate words', [
    ['get\ta\r\n', ERROR],
    ['set\ta 0 0 1\r\n', ERROR],
    ['version\t\r\n', ERROR],
    ['delete\ta\r\n', ERROR],
  ]),
  transcript('storage lines: several spaces and one at the end', [
    ['set  a   0  0    1 \r\n1\r\n', STORED],
    ['get a\r\n', value('a', '1')],
    ['add  b 0 0 1  \r\n2\r\n', STORED],
    ['get b\r\n', value('b', '2')],
    ['set a 0 0 1  noreply \r\n3\r\n', SILENCE],
    ['get a\r\n', value('a', '3')],
  ]),
  transcript('requests arrive together and are answered in order', [
    [
      'set a 0 0 1\r\n1\r\nget a\r\nincr a 1\r\ndelete a\r\nget a\r\n',
      `${STORED}${value('a', '1')}2\r\nDELETED\r\n${END}`,
    ],
    ['bogus\r\nget a\r\nbogus\r\n', ERROR + END + ERROR],
    [
      'set a 0 0 1\r\n1\r\nbogus noreplies\r\nget a\r\nflush_all\r\n',
      STORED + ERROR + value('a', '1') + OK,
    ],
  ]),
];

const storageLines = [
  transcript(
    'storage commands with words missing: refused, and nothing swallowed',
    [
      ...STORAGE.flatMap((name) => [
        [`${name}\r\n`, BAD_LINE] as const,
        [`${name} a\r\n`, BAD_LINE] as const,
        [`${name} a 0\r\n`, BAD_LINE] as const,
        [`${name} a 0 0\r\n`, BAD_LINE] as const,
        [`${name} a 0 0 \r\n`, BAD_LINE] as const,
      ]),
      ['cas\r\n', BAD_LINE],
      ['cas a 0 0\r\n', BAD_LINE],
      ['set a 0 0\r\nversions\r\n', BAD_LINE + ERROR],
      ['set a 0 0 noreply\r\n', BAD_LINE],
      ['get a\r\n', END],
    ],
    PRESENT_PARSER,
  ),
  transcript('bad lengths: refused, and nothing swallowed', [
    [set('a', 'old'), STORED],
    ['set a 0 0 x\r\n', BAD_LINE],
    ['set a 0 0 -1\r\n', BAD_LINE],
    ['set a 0 0 -2147483648\r\n', BAD_LINE],
    ['set a 0 0 2147483646\r\n', BAD_LINE],
    ['set a 0 0 2147483647\r\n', BAD_LINE],
    ['set a 0 0 18446744073709551617\r\n', BAD_LINE],
    ['set a 0 0 1.5\r\n', BAD_LINE],
    ['set a 0 0 1x\r\n', BAD_LINE],
    ['set a 0 0 x\r\nget a\r\n', BAD_LINE + value('a', 'old')],
    ['set a 0 0 -1\r\nget a\r\n', BAD_LINE + value('a', 'old')],
    ['add a 0 0 -1\r\n', BAD_LINE],
    ['replace a 0 0 -1\r\n', BAD_LINE],
    ['append a 0 0 -1\r\n', BAD_LINE],
    ['prepend a 0 0 -1\r\n', BAD_LINE],
    ['cas a 0 0 -1 1\r\n', BAD_LINE],
  ]),
  transcript('a length of more than eleven digits', [['set a 0 0 000000000001\r\n', BAD_LINE]], {
    ...PRESENT_PARSER,
    skipOn: { flagstone: 'leading zeros do no harm' },
  }),
  transcript(
    'bad lengths as the present parser reads them',
    [
      ['set a 0 0 4294967297\r\n', BAD_LINE],
      ['set a 0 0 +1\r\n', BAD_LINE],
      ['set a 0 0 1\t\r\n', BAD_LINE],
      ['set a 0 0 1\r\r\n', BAD_LINE],
      ['set a 0 0 x noreply\r\n', BAD_LINE],
      ['set a 0 0 -1 noreply\r\n', BAD_LINE],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'bad flags: refused, the data swallowed, the old value kept',
    [
      [set('a', 'old'), STORED],
      ...['x', '-1', '1.5', '0x1', '18446744073709551616', '1x'].map(
        (flags) => [`set a ${flags} 0 3\r\nget\r\n`, BAD_LINE] as const,
      ),
      ['set a x 0 0\r\n\r\n', BAD_LINE],
      ['get a\r\n', value('a', 'old')],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'each storage command swallows the data after a bad word',
    [
      [set('a', 'old'), STORED],
      ...STORAGE.flatMap((name) => [
        [`${name} a x 0 9\r\nversion\r\n\r\n`, BAD_LINE] as const,
        [`${name} a 0 x 9\r\nversion\r\n\r\n`, BAD_LINE] as const,
        [`${name} ${KEY_251} 0 0 9\r\nversion\r\n\r\n`, BAD_LINE] as const,
      ]),
      ['cas a x 0 9 1\r\nversion\r\n\r\n', BAD_LINE],
      ['cas a 0 x 9 1\r\nversion\r\n\r\n', BAD_LINE],
      ['cas a 0 0 9 x\r\nversion\r\n\r\n', BAD_LINE],
      [`cas ${KEY_251} 0 0 9 1\r\nversion\r\n\r\n`, BAD_LINE],
      ['get a\r\n', value('a', 'old')],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'swallowing takes the length and two bytes more, whatever they are',
    [
      ['set a x 0 3\r\nabcXYversion\r\n', new RegExp(BAD_LINE + VERSION.source)],
      ['set a x 0 3\nabc\r\nversion\n', new RegExp(BAD_LINE + VERSION.source)],
      ['set a x 0 3\r\nab\r\nXversion\r\n', new RegExp(BAD_LINE + VERSION.source)],
      ['set a x 0 3\r\nab\r\nget a\r\n', BAD_LINE + ERROR],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'noreply silences a refused storage line that is swallowed',
    [
      ['set a x 0 7 noreply\r\nversion\r\n', SILENCE],
      ['set a 0 x 7 noreply\r\nversion\r\n', SILENCE],
      ['cas a 0 0 7 x noreply\r\nversion\r\n', SILENCE],
      ['cas a 0 0 7 noreply\r\nversion\r\n', SILENCE],
      [`set ${KEY_251} 0 0 7 noreply\r\nversion\r\n`, SILENCE],
      ['get a\r\n', END],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'a doubled space is no empty word',
    [
      ['set  0 0 1\r\n', BAD_LINE],
      ['incr  1\r\n', BAD_LINE],
      ['touch  0\r\n', BAD_LINE],
    ],
    PRESENT_PARSER,
  ),
];

const web = [
  ...[
    'GET / HTTP/1.0\r\n',
    'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n',
    'PUT /some/path HTTP/1.1\r\n',
    'DELETE HTTP/1.1\r\n',
    'POST / HTTP/1.1\n',
  ].map((line) =>
    transcript(`HTTP is hung up on: ${JSON.stringify(line)}`, [[line, SILENCE, { closes: true }]]),
  ),
  transcript(
    'HTTP is hung up on whatever the command, and with noreply before it',
    [['x y noreply HTTP/2\r\n', SILENCE, { closes: true }]],
    PRESENT_PARSER,
  ),
  transcript('what only resembles HTTP', [
    ['x HTTP/1 y\r\n', ERROR],
    ['x aHTTP/1.0\r\n', ERROR],
    ['x HTTP\r\n', ERROR],
    ['POST / http/1.1\r\n', ERROR],
    ['get / HTTP/1.1\r\n', END],
    ['HTTP/1.1\r\n', ERROR, PRESENT_PARSER],
  ]),
];

export const errors = [...lines, ...storageLines, ...web];
