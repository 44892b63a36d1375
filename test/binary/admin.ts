/** QUIT, FLUSH, NOOP, VERSION, STAT, VERBOSITY, SASL where it is off, and opcodes nobody knows. */
import { replyPacket, requestPacket, uint32 } from '../support/binary-packet.ts';
import { transcript } from '../transcripts/transcript.ts';
import {
  done,
  fault,
  get,
  hit,
  keyed,
  SILENCE,
  set,
  stat,
  statsReply,
  stored,
} from './notation.ts';

const A_DAY_SEC = 86_400;
/** Seven bytes of header that are always the same, the lengths, the rest of the header, the version. */
const VERSION = new RegExp(
  `${done('VERSION').slice(0, 7)}[\\s\\S]{5}opaq[\\s\\S]{8}\\d+\\.\\d+\\.\\d+`,
);
const UNKNOWN_OPCODES = [0x1f, 0x25, 0x40, 0x5f, 0x69, 0x7f, 0x80, 0xff];

/** The packet header is read as 24 bytes of body: the swallowing goes on in the requests behind. */
const SWALLOWS_TOO_MUCH = {
  memcached: 'counts extras and key twice, and swallows the requests that follow',
};

function flush(opcode: 'FLUSH' | 'FLUSHQ', exptime?: number): string {
  return requestPacket(opcode, exptime === undefined ? {} : { extras: uint32(exptime) });
}

const control = [
  transcript('NOOP and VERSION', [
    [keyed('NOOP', ''), done('NOOP')],
    [keyed('VERSION', ''), VERSION],
  ]),
  transcript('QUIT answers and closes; what follows it is not run', [
    [set('a', 'abc'), stored(), { on: 'other' }],
    [keyed('QUIT', '') + keyed('DELETE', 'a'), done('QUIT'), { closes: true }],
    [get('a'), hit('GET', 'abc'), { on: 'other' }],
  ]),
  transcript('QUITQ closes without a word', [
    [set('a', 'abc', { as: 'SETQ' }) + keyed('QUITQ', ''), SILENCE, { closes: true }],
    [get('a'), hit('GET', 'abc'), { on: 'other' }],
  ]),
  transcript('what stands before a QUIT is answered', [
    [
      keyed('GETK', 'none') + keyed('QUITQ', ''),
      replyPacket('GETK', { status: 'MISSING', key: 'none' }),
      { closes: true },
    ],
  ]),
  transcript('FLUSH forgets all there is', [
    [set('a', 'abc'), stored()],
    [flush('FLUSH', A_DAY_SEC), done('FLUSH')],
    [flush('FLUSHQ', A_DAY_SEC), SILENCE],
    [get('a'), hit('GET', 'abc')],
    [flush('FLUSH', 0), done('FLUSH')],
    [flush('FLUSHQ', 0), SILENCE],
    [flush('FLUSH'), done('FLUSH')],
    [flush('FLUSHQ'), SILENCE],
  ]),
  transcript(
    'VERBOSITY',
    [
      [requestPacket('VERBOSITY', { extras: uint32(0) }), done('VERBOSITY')],
      [requestPacket('VERBOSITY', { extras: uint32(99) }), done('VERBOSITY')],
      [requestPacket('VERBOSITY', { extras: uint32(0) }), done('VERBOSITY')],
    ],
    { skipOn: { memcached: 'does not know it, though the specification has it' } },
  ),
  transcript('SASL without authentication is an unknown command', [
    [keyed('SASL_LIST', ''), fault('SASL_LIST', 'UNKNOWN')],
  ]),
];

const stats = [
  transcript('STAT: packets of name and value, an empty one behind the last', [
    [keyed('STAT', ''), statsReply()],
    [keyed('STAT', 'settings'), statsReply()],
    [keyed('STAT', 'reset'), done('STAT')],
    [keyed('STAT', 'nothing'), fault('STAT', 'MISSING')],
  ]),
  transcript('STAT detail', [
    [keyed('STAT', 'reset'), done('STAT')],
    [keyed('STAT', 'detail on'), done('STAT')],
    [set('p:a', 'abc', { as: 'SETQ' }), SILENCE],
    [get('p:a'), hit('GET', 'abc')],
    [get('p:b'), fault('GET', 'MISSING')],
    [keyed('DELETEQ', 'p:a'), SILENCE],
    [keyed('STAT', 'detail off'), done('STAT')],
    [get('p:b'), fault('GET', 'MISSING')],
    [
      keyed('STAT', 'detail dump'),
      `${stat('detailed', 'PREFIX p get 2 hit 1 set 1 del 1\r\nEND\r\n')}${done('STAT')}`,
    ],
    [keyed('STAT', 'detail x'), fault('STAT', 'MISSING')],
    [keyed('STAT', 'reset'), done('STAT')],
  ]),
  transcript('STAT detail without a word', [[keyed('STAT', 'detail'), fault('STAT', 'MISSING')]], {
    skipOn: { memcached: 'reads on behind the key, in what an earlier request left there' },
  }),
];

const unknown = [
  transcript(
    'an unknown opcode is answered, and its connection goes on',
    UNKNOWN_OPCODES.map((opcode) => [requestPacket(opcode), fault(opcode, 'UNKNOWN')]),
  ),
  transcript('an unknown opcode with a value: it is swallowed', [
    [set('a', 'abc'), stored()],
    [requestPacket(0x1f, { value: get('a') + get('a') }), fault(0x1f, 'UNKNOWN')],
    [requestPacket(0x1f, { value: 'x'.repeat(100_000) }), fault(0x1f, 'UNKNOWN')],
    [get('a'), hit('GET', 'abc')],
  ]),
  transcript(
    'an unknown opcode with extras and key: all of it is swallowed, and no more',
    [
      [set('a', 'abc'), stored()],
      [requestPacket(0x1f, { extras: 'four', key: 'key', value: 'v' }), fault(0x1f, 'UNKNOWN')],
      [requestPacket(0xff, { key: 'key' }), fault(0xff, 'UNKNOWN')],
      [get('a'), hit('GET', 'abc')],
    ],
    { skipOn: SWALLOWS_TOO_MUCH },
  ),
];

export const admin = [...control, ...stats, ...unknown];
