/** Lengths that do not belong to their opcode, wrong magic, streams that break off. */
import {
  type OpcodeName,
  repliesJoin,
  requestPacket,
  uint32,
  uint64,
} from '../support/binary-packet.ts';
import { PRESENT_PARSER } from '../transcripts/replies.ts';
import { type Transcript, type TranscriptOptions, transcript } from '../transcripts/transcript.ts';
import { done, fault, get, hit, KEY_251, keyed, SILENCE, set, stored } from './notation.ts';

const STORE_EXTRAS = uint32(0) + uint32(0);
const COUNT_EXTRAS = uint64(1n) + uint64(0n) + uint32(0);
const EXPTIME = uint32(0);
const BODY_BYTES_MAX = 2 ** 30;

/** There the value is not looked at, and is taken for the next request. */
const VALUE_IS_NEXT = { skipOn: { memcached: 'takes the value for the next request' } } as const;
/** Every case ends its connection: pipelined it would be the same as whole. */
const MODES = ['whole', 'bytes'] as const;

// biome-ignore format: a table reads in columns
const FORMS: readonly { readonly opcodes: readonly OpcodeName[]; readonly extras: string; readonly key: 'needed' | 'none'; readonly takesValue: boolean }[] = [
  { opcodes: ['GET', 'GETQ', 'GETK', 'GETKQ', 'DELETE', 'DELETEQ'],                     extras: '',           key: 'needed', takesValue: false },
  { opcodes: ['SET', 'SETQ', 'ADD', 'ADDQ', 'REPLACE', 'REPLACEQ'],                     extras: STORE_EXTRAS, key: 'needed', takesValue: true },
  { opcodes: ['APPEND', 'APPENDQ', 'PREPEND', 'PREPENDQ'],                              extras: '',           key: 'needed', takesValue: true },
  { opcodes: ['INCREMENT', 'INCREMENTQ', 'DECREMENT', 'DECREMENTQ'],                    extras: COUNT_EXTRAS, key: 'needed', takesValue: false },
  { opcodes: ['QUIT', 'QUITQ', 'NOOP', 'VERSION'],                                      extras: '',           key: 'none',   takesValue: false },
  { opcodes: ['FLUSH', 'FLUSHQ'],                                                       extras: EXPTIME,      key: 'none',   takesValue: false },
];

/** As FORMS; memcached does not look whether a value follows. */
const TOUCHES: readonly OpcodeName[] = ['TOUCH', 'GAT', 'GATQ', 'GATK', 'GATKQ'];

/** Refused as malformed, and the connection closes. */
function refused(
  opcode: OpcodeName,
  what: string,
  send: string,
  options: TranscriptOptions = {},
): Transcript {
  const row = [send, fault(opcode, 'INVALID'), { closes: true }] as const;
  return transcript(`${opcode} ${what}`, [row], { modes: MODES, ...options });
}

const lengths = FORMS.flatMap(({ opcodes, extras, key, takesValue }) =>
  opcodes.flatMap((opcode) => {
    const sound = { extras, key: key === 'needed' ? 'key' : '' };
    const cases = [
      refused(
        opcode,
        'with extras too long',
        requestPacket(opcode, { ...sound, extras: `${extras}x` }),
      ),
    ];
    if (extras !== '') {
      cases.push(
        refused(
          opcode,
          'with extras too short',
          requestPacket(opcode, { ...sound, extras: extras.slice(1) }),
        ),
      );
    }
    if (extras !== '' && key === 'needed') {
      cases.push(
        refused(opcode, 'without extras', requestPacket(opcode, { ...sound, extras: '' })),
      );
    }
    if (key === 'needed') {
      cases.push(
        refused(opcode, 'without a key', requestPacket(opcode, { ...sound, key: '' })),
        refused(
          opcode,
          'with a key of 251 bytes',
          requestPacket(opcode, { ...sound, key: KEY_251 }),
        ),
      );
    } else {
      cases.push(refused(opcode, 'with a key', requestPacket(opcode, { ...sound, key: 'key' })));
    }
    if (!takesValue) {
      cases.push(refused(opcode, 'with a value', requestPacket(opcode, { ...sound, value: 'v' })));
    }
    return cases;
  }),
);

const touches = TOUCHES.flatMap((opcode) => [
  refused(opcode, 'without extras', requestPacket(opcode, { key: 'key' })),
  refused(
    opcode,
    'with extras too long',
    requestPacket(opcode, { extras: `${EXPTIME}x`, key: 'key' }),
  ),
  refused(opcode, 'without a key', requestPacket(opcode, { extras: EXPTIME })),
  refused(
    opcode,
    'with a key of 251 bytes',
    requestPacket(opcode, { extras: EXPTIME, key: KEY_251 }),
  ),
  refused(
    opcode,
    'with a value',
    requestPacket(opcode, { extras: EXPTIME, key: 'key', value: 'v' }),
    VALUE_IS_NEXT,
  ),
]);

const others = [
  refused('STAT', 'with extras', requestPacket('STAT', { extras: 'x', key: 'items' })),
  refused(
    'STAT',
    'with a value',
    requestPacket('STAT', { key: 'items', value: 'v' }),
    VALUE_IS_NEXT,
  ),
  refused('STAT', 'with a key of 251 bytes', keyed('STAT', KEY_251)),
  refused(
    'SET',
    'with a body beyond 1 GiB',
    requestPacket('SET', { extras: STORE_EXTRAS, key: 'key', bodyBytes: BODY_BYTES_MAX + 1 }),
    PRESENT_PARSER,
  ),
  refused(
    'GET',
    'with a body beyond 1 GiB',
    requestPacket('GET', { key: 'key', bodyBytes: 0xffffffff }),
  ),
  transcript(
    'a malformed request is the last: what follows is not run',
    [
      [set('a', 'abc'), stored(), { on: 'other' }],
      [
        requestPacket('NOOP', { value: 'v' }) + keyed('DELETE', 'a'),
        fault('NOOP', 'INVALID'),
        { closes: true },
      ],
      [get('a'), hit('GET', 'abc'), { on: 'other' }],
    ],
    { modes: MODES },
  ),
];

const contradictions = [
  transcript(
    'lengths that contradict one another: UNKNOWN, and the connection closes',
    [
      [
        requestPacket('GET', { key: 'key', bodyBytes: 2 }),
        fault('GET', 'UNKNOWN'),
        { closes: true, on: 'one' },
      ],
      [
        requestPacket('SET', { extras: STORE_EXTRAS, key: 'key', bodyBytes: 10 }),
        fault('SET', 'UNKNOWN'),
        { closes: true, on: 'two' },
      ],
      [
        requestPacket('NOOP', { value: 'x', extrasBytes: 1, bodyBytes: 0 }),
        fault('NOOP', 'UNKNOWN'),
        { closes: true, on: 'three' },
      ],
      [
        requestPacket(0xff, { key: 'key', bodyBytes: 1 }),
        fault(0xff, 'UNKNOWN'),
        { closes: true, on: 'four' },
      ],
    ],
    { modes: MODES },
  ),
];

const streams = [
  transcript('a second request without the magic closes without a word', [
    [keyed('NOOP', ''), done('NOOP')],
    [requestPacket('NOOP', { magic: 0x81 }), SILENCE, { closes: true }],
  ]),
  transcript('text on a connection that began in binary closes it', [
    [keyed('NOOP', ''), done('NOOP')],
    [`version\r\n${'x'.repeat(20)}`, SILENCE, { closes: true }],
  ]),
  transcript('binary on a connection that began in text is a line like any other', [
    ['get a\r\n', 'END\r\n'],
    [`${keyed('VERSION', '')}\r\n`, 'ERROR\r\n'],
    ['get a\r\n', 'END\r\n'],
  ]),
  transcript(
    'magic that nobody knows is text',
    [
      [`${requestPacket('VERSION', { magic: 0x81 })}\r\n`, 'ERROR\r\n', { on: 'one' }],
      [`${requestPacket('VERSION', { magic: 0x00 })}\r\n`, 'ERROR\r\n', { on: 'two' }],
    ],
    { modes: ['whole', 'split'] },
  ),
  transcript('a client that leaves inside a header', [
    [get('a').slice(0, 10), SILENCE, { ends: true, on: 'one' }],
    ['\x80', SILENCE, { ends: true, on: 'two' }],
    [get('a'), fault('GET', 'MISSING')],
  ]),
  transcript('a client that leaves inside a value: nothing is stored', [
    [set('a', 'abc'), stored()],
    [set('a', 'x'.repeat(100)).slice(0, -1), SILENCE, { ends: true, on: 'one' }],
    [set('a', 'x'.repeat(300_000)).slice(0, -1), SILENCE, { ends: true, on: 'two' }],
    [set('a', 'x'.repeat(300_000)).slice(0, 5000), SILENCE, { hangsUp: true, on: 'three' }],
    [get('a'), hit('GET', 'abc')],
  ]),
  transcript('a client that shuts its side still gets its answers', [
    [set('a', 'abc') + get('a'), repliesJoin(stored(), hit('GET', 'abc')), { ends: true }],
  ]),
];

export const malformed = [...lengths, ...touches, ...others, ...contradictions, ...streams];
