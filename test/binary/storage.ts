/** SET, ADD, REPLACE, APPEND, PREPEND, DELETE, with and without a CAS unique in the header. */
import {
  ANY_CAS,
  casNamed,
  repliesJoin,
  replyPacket,
  requestPacket,
  uint32,
} from '../support/binary-packet.ts';
import { transcript } from '../transcripts/transcript.ts';
import {
  done,
  fault,
  get,
  hit,
  join,
  KEY_250,
  keyed,
  pattern,
  SILENCE,
  set,
  stored,
} from './notation.ts';

const A_DAY_SEC = 86_400;
const PAST_SEC = 1_000_000_000;
const OTHER_CAS = 0x7fff_ffff_ffffn;

const plain = [
  transcript('SET stores, GET returns value and flags', [
    [set('a', 'abc', { flags: 0xdeadbeef }), stored()],
    [get('a'), hit('GET', 'abc', { flags: 0xdeadbeef })],
    [set('a', ''), stored()],
    [get('a'), hit('GET', '')],
  ]),
  transcript('ADD only where nothing is', [
    [set('a', 'one', { as: 'ADD' }), stored('ADD')],
    [set('a', 'two', { as: 'ADD' }), fault('ADD', 'EXISTS')],
    [get('a'), hit('GET', 'one')],
  ]),
  transcript('REPLACE only where something is', [
    [set('a', 'one', { as: 'REPLACE' }), fault('REPLACE', 'MISSING')],
    [get('a'), fault('GET', 'MISSING')],
    [set('a', 'one'), stored()],
    [set('a', 'two', { as: 'REPLACE', flags: 7 }), stored('REPLACE')],
    [get('a'), hit('GET', 'two', { flags: 7 })],
  ]),
  transcript('APPEND and PREPEND keep the flags', [
    [join('APPEND', 'a', 'x'), fault('APPEND', 'NOT_STORED')],
    [join('PREPEND', 'a', 'x'), fault('PREPEND', 'NOT_STORED')],
    [set('a', 'b', { flags: 9 }), stored()],
    [join('APPEND', 'a', 'c'), stored('APPEND')],
    [join('PREPEND', 'a', 'a'), stored('PREPEND')],
    [join('APPEND', 'a', ''), stored('APPEND')],
    [get('a'), hit('GET', 'abc', { flags: 9 })],
  ]),
  transcript('DELETE', [
    [keyed('DELETE', 'a'), fault('DELETE', 'MISSING')],
    [set('a', 'abc'), stored()],
    [keyed('DELETE', 'a'), done('DELETE')],
    [get('a'), fault('GET', 'MISSING')],
  ]),
  transcript('exptime: past, future, none', [
    [set('a', 'abc', { exptime: PAST_SEC }), stored()],
    [get('a'), fault('GET', 'MISSING')],
    [set('a', 'abc', { exptime: A_DAY_SEC }), stored()],
    [get('a'), hit('GET', 'abc')],
    [set('a', 'abc', { exptime: 0 }), stored()],
    [get('a'), hit('GET', 'abc')],
  ]),
  transcript('the opaque comes back, whatever it is', [
    [
      requestPacket('SET', {
        extras: uint32(0) + uint32(0),
        key: 'a',
        value: 'v',
        opaque: 0x80818283,
      }),
      replyPacket('SET', { opaque: 0x80818283, cas: ANY_CAS }),
    ],
    [
      requestPacket('GET', { key: 'none', opaque: 0xffffffff }),
      replyPacket('GET', { status: 'MISSING', opaque: 0xffffffff }),
    ],
    [requestPacket('NOOP', { opaque: 0 }), replyPacket('NOOP', { opaque: 0 })],
  ]),
  transcript('a key is bytes: spaces, line ends and zeros among them', [
    [set('a b\r\n\0\xff', 'abc'), stored()],
    [get('a b\r\n\0\xff'), hit('GET', 'abc')],
    [keyed('GETK', 'a b\r\n\0\xff'), hit('GETK', 'abc', { key: 'a b\r\n\0\xff' })],
    [get('a'), fault('GET', 'MISSING')],
  ]),
  transcript('a key of 250 bytes', [
    [set(KEY_250, 'abc'), stored()],
    [keyed('GETK', KEY_250), hit('GETK', 'abc', { key: KEY_250 })],
    [join('APPEND', KEY_250, 'd'), stored('APPEND')],
    [keyed('DELETE', KEY_250), done('DELETE')],
    [keyed('GETK', KEY_250), replyPacket('GETK', { status: 'MISSING', key: KEY_250 })],
  ]),
  transcript('a value is bytes: headers and line ends among them', [
    [set('a', get('a') + get('b')), stored()],
    [get('a'), hit('GET', get('a') + get('b'))],
    [set('a', 'x\r\nEND\r\n'), stored()],
    [get('a'), hit('GET', 'x\r\nEND\r\n')],
  ]),
];

const conditional = [
  transcript('a CAS unique makes SET conditional', [
    [set('a', 'one', { cas: 5n }), fault('SET', 'MISSING')],
    [set('a', 'one'), stored('SET', casNamed('first'))],
    [get('a'), hit('GET', 'one', { cas: casNamed('read') })],
    [set('a', 'two', { cas: '{read}' }), stored('SET', casNamed('second'))],
    [set('a', 'three', { cas: '{first}' }), fault('SET', 'EXISTS')],
    [set('a', 'three', { cas: OTHER_CAS }), fault('SET', 'EXISTS')],
    [get('a'), hit('GET', 'two', { cas: '{second}' })],
  ]),
  transcript('a CAS unique turns ADD and REPLACE into the same', [
    [set('a', 'one', { as: 'ADD', cas: 5n }), fault('ADD', 'MISSING')],
    [set('a', 'one', { as: 'REPLACE', cas: 5n }), fault('REPLACE', 'MISSING')],
    [set('a', 'one'), stored('SET', casNamed('first'))],
    [set('a', 'two', { as: 'ADD', cas: '{first}' }), stored('ADD', casNamed('second'))],
    [set('a', 'no', { as: 'ADD', cas: '{first}' }), fault('ADD', 'EXISTS')],
    [set('a', 'no', { as: 'REPLACE', cas: '{first}' }), fault('REPLACE', 'EXISTS')],
    [set('a', 'three', { as: 'REPLACE', cas: '{second}' }), stored('REPLACE', casNamed('third'))],
    [get('a'), hit('GET', 'three', { cas: '{third}' })],
  ]),
  transcript('a CAS unique makes APPEND and PREPEND conditional', [
    [join('APPEND', 'a', 'x', 5n), fault('APPEND', 'NOT_STORED')],
    [set('a', 'b'), stored('SET', casNamed('first'))],
    [join('APPEND', 'a', 'x', OTHER_CAS), fault('APPEND', 'EXISTS')],
    [join('PREPEND', 'a', 'x', OTHER_CAS), fault('PREPEND', 'EXISTS')],
    [join('APPEND', 'a', 'c', '{first}'), stored('APPEND', casNamed('second'))],
    [join('PREPEND', 'a', 'a', '{first}'), fault('PREPEND', 'EXISTS')],
    [join('PREPEND', 'a', 'a', '{second}'), stored('PREPEND', casNamed('third'))],
    [get('a'), hit('GET', 'abc', { cas: '{third}' })],
  ]),
  transcript('a CAS unique makes DELETE conditional', [
    [keyed('DELETE', 'a', 5n), fault('DELETE', 'MISSING')],
    [set('a', 'one'), stored('SET', casNamed('first'))],
    [keyed('DELETE', 'a', OTHER_CAS), fault('DELETE', 'EXISTS')],
    [get('a'), hit('GET', 'one', { cas: '{first}' })],
    [keyed('DELETE', 'a', '{first}'), done('DELETE')],
    [get('a'), fault('GET', 'MISSING')],
  ]),
  transcript('a CAS unique in a GET means nothing', [
    [set('a', 'one'), stored()],
    [keyed('GET', 'a', 77n), hit('GET', 'one')],
    [keyed('GETK', 'a', 77n), hit('GETK', 'one', { key: 'a' })],
  ]),
  transcript('uniques of 64 bits are told apart', [
    [set('a', 'one'), stored('SET', /(?<high>[\s\S]{4})(?<low>[\s\S]{4})/)],
    [set('a', 'no', { cas: '\x01\0\0\0{low}' }), fault('SET', 'EXISTS')],
    [set('a', 'no', { cas: 0xffff_ffff_ffff_ffffn }), fault('SET', 'EXISTS')],
    [get('a'), hit('GET', 'one', { cas: '{high}{low}' })],
  ]),
];

const quiet = [
  transcript('quiet forms say nothing of success', [
    [set('a', 'b', { as: 'SETQ' }), SILENCE],
    [set('b', 'x', { as: 'ADDQ' }), SILENCE],
    [set('b', 'y', { as: 'REPLACEQ', flags: 3 }), SILENCE],
    [join('APPENDQ', 'a', 'c'), SILENCE],
    [join('PREPENDQ', 'a', 'a'), SILENCE],
    [get('a'), hit('GET', 'abc')],
    [get('b'), hit('GET', 'y', { flags: 3 })],
    [keyed('DELETEQ', 'a'), SILENCE],
    [get('a'), fault('GET', 'MISSING')],
  ]),
  transcript('quiet forms tell of failure under their own opcodes', [
    [set('a', 'abc'), stored()],
    [set('a', 'no', { as: 'SETQ', cas: OTHER_CAS }), fault('SETQ', 'EXISTS')],
    [set('none', 'no', { as: 'SETQ', cas: 5n }), fault('SETQ', 'MISSING')],
    [set('a', 'no', { as: 'ADDQ' }), fault('ADDQ', 'EXISTS')],
    [set('none', 'no', { as: 'REPLACEQ' }), fault('REPLACEQ', 'MISSING')],
    [join('APPENDQ', 'none', 'x'), fault('APPENDQ', 'NOT_STORED')],
    [join('PREPENDQ', 'none', 'x'), fault('PREPENDQ', 'NOT_STORED')],
    [join('APPENDQ', 'a', 'x', OTHER_CAS), fault('APPENDQ', 'EXISTS')],
    [keyed('DELETEQ', 'none'), fault('DELETEQ', 'MISSING')],
    [keyed('DELETEQ', 'a', OTHER_CAS), fault('DELETEQ', 'EXISTS')],
    [get('a'), hit('GET', 'abc')],
  ]),
  transcript('two connections see the same uniques', [
    [set('a', 'one'), stored('SET', casNamed('first')), { on: 'one' }],
    [get('a'), hit('GET', 'one', { cas: '{first}' }), { on: 'two' }],
    [set('a', 'two', { cas: '{first}' }), stored('SET', casNamed('second')), { on: 'two' }],
    [set('a', 'no', { cas: '{first}' }), fault('SET', 'EXISTS'), { on: 'one' }],
    [set('a', 'three', { cas: '{second}' }), stored(), { on: 'one' }],
  ]),
];

const MIB = 1_048_576;
const FITS_BYTES = MIB - 1024;

/** Lengths around powers of two, where buffers and chunks are likely to end. */
const LENGTHS = Array.from({ length: 16 }, (_, power) => 2 ** (power + 4)).flatMap((size) => [
  size - 1,
  size,
  size + 1,
]);

const long = [
  transcript(
    'values of many lengths come back whole',
    LENGTHS.flatMap((length) => [
      [set('a', pattern(length), { flags: length }), stored()] as const,
      [get('a'), hit('GET', pattern(length), { flags: length })] as const,
    ]),
  ),
  transcript('a value of 1 MiB less 1 KiB fits, and comes with its key', [
    [set('a', pattern(FITS_BYTES), { flags: 1 }), stored()],
    [keyed('GETK', 'a'), hit('GETK', pattern(FITS_BYTES), { key: 'a', flags: 1 })],
    [keyed('DELETE', 'a'), done('DELETE')],
  ]),
  transcript('too large: swallowed, and SET deletes the old value', [
    [set('a', 'old'), stored()],
    [set('a', pattern(MIB), { as: 'ADD' }), fault('ADD', 'TOO_LARGE')],
    [set('a', pattern(MIB), { as: 'REPLACE' }), fault('REPLACE', 'TOO_LARGE')],
    [join('APPEND', 'a', pattern(MIB)), fault('APPEND', 'TOO_LARGE')],
    [join('PREPENDQ', 'a', pattern(MIB)), fault('PREPENDQ', 'TOO_LARGE')],
    [get('a'), hit('GET', 'old')],
    [set('a', pattern(MIB), { as: 'SETQ' }), fault('SETQ', 'TOO_LARGE')],
    [get('a'), fault('GET', 'MISSING')],
  ]),
  transcript('append beyond the limit is not stored, and leaves the value', [
    [set('a', pattern(600_000)), stored()],
    [join('APPEND', 'a', pattern(600_000)), fault('APPEND', 'NOT_STORED')],
    [join('PREPENDQ', 'a', pattern(600_000)), fault('PREPENDQ', 'NOT_STORED')],
    [get('a'), hit('GET', pattern(600_000))],
  ]),
  transcript('append and prepend on a long value', [
    [set('a', pattern(300_000), { flags: 5 }), stored()],
    [join('APPEND', 'a', 'y'.repeat(200_000)), stored('APPEND')],
    [join('PREPENDQ', 'a', 'abc'), SILENCE],
    [get('a'), hit('GET', `abc${pattern(300_000)}${'y'.repeat(200_000)}`, { flags: 5 })],
  ]),
  transcript('a CAS unique with a long value', [
    [set('a', 'old'), stored('SET', casNamed('first'))],
    [set('a', pattern(200_000), { cas: OTHER_CAS }), fault('SET', 'EXISTS')],
    [set('a', pattern(200_000), { cas: '{first}' }), stored('SET', casNamed('second'))],
    [join('APPENDQ', 'a', pattern(20_000), '{first}'), fault('APPENDQ', 'EXISTS')],
    [get('a'), hit('GET', pattern(200_000), { cas: '{second}' })],
  ]),
  transcript('several long values in one reply', [
    [set('a', pattern(400_000)), stored()],
    [set('b', pattern(500_000)), stored()],
    [
      get('a') + keyed('GETKQ', 'b') + keyed('GETQ', 'none') + get('a'),
      repliesJoin(
        hit('GET', pattern(400_000)),
        hit('GETKQ', pattern(500_000), { key: 'b' }),
        hit('GET', pattern(400_000)),
      ),
    ],
  ]),
];

export const storage = [...plain, ...conditional, ...quiet, ...long];
