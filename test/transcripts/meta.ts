/** mg, ms, mn: the meta commands that read and store, and what all of them share. */
import {
  BAD_CHUNK,
  BAD_LINE,
  END,
  ERROR,
  KEY_250,
  KEY_251,
  NOT_FOUND,
  PRESENT_PARSER,
  SILENCE,
  STORED,
  set,
  TOO_LARGE,
  value,
} from './replies.ts';
import { transcript } from './transcript.ts';

export const HD = 'HD\r\n';
export const EN = 'EN\r\n';
export const NF = 'NF\r\n';
export const NS = 'NS\r\n';
export const EX = 'EX\r\n';
export const MN = 'MN\r\n';
export const BAD_TOKEN = 'CLIENT_ERROR bad token in command line format\r\n';
export const INVALID_FLAG = 'CLIENT_ERROR invalid flag\r\n';
export const DUPLICATE_FLAG = 'CLIENT_ERROR duplicate flag\r\n';
export const TOO_MANY_FLAGS = 'CLIENT_ERROR options flags are too long\r\n';
export const BAD_OPAQUE = 'CLIENT_ERROR opaque token too long\r\n';
export const BAD_BASE64 = 'CLIENT_ERROR error decoding key\r\n';
const BAD_MODE = 'CLIENT_ERROR invalid mode for ms M token\r\n';

const OPAQUE_31 = 'o'.repeat(31);
const MIB = 1_048_576;

/** An `ms` line with its data block. */
export function ms(key: string, data: string, flags = ''): string {
  return `ms ${key} ${data.length}${flags === '' ? '' : ` ${flags}`}\r\n${data}\r\n`;
}

/** The reply to `mg … v`. */
export function va(data: string, flags = ''): string {
  return `VA ${data.length}${flags === '' ? '' : ` ${flags}`}\r\n${data}\r\n`;
}

/** A reply with `t` just after its time was set: within some seconds. */
export function ttl(before: string, sec: number, after = ''): RegExp {
  const seconds = Array.from({ length: 20 }, (_, late) => sec - late).join('|');
  return new RegExp(`${before} t(?:${seconds})${after}\\r\\n`);
}

/** Bytes that repeat with no small period. */
function pattern(length: number): string {
  let text = '';
  for (let at = 0; text.length < length; at++) text += `${at};`;
  return text.slice(0, length);
}

const LONG = pattern(300_000);

export const meta = [
  transcript('mn answers, whatever follows it', [
    ['mn\r\n', MN],
    ['mn {} 1 2 3 noreply\r\n', MN],
    ['mnx\r\n', ERROR],
  ]),
  transcript(
    'mg returns its flags in their order',
    [
      ['mg a v\r\n', EN],
      ['set a 123 0 5\r\nhello\r\n', STORED],
      ['mg a\r\n', HD],
      ['mg a v\r\n', va('hello')],
      ['mg a s v f\r\n', va('hello', 's5 f123')],
      ['mg a f k Ox s t v\r\n', va('hello', 'f123 ka Ox s5 t-1')],
      ['mg a t s Oy k f\r\n', 'HD t-1 s5 Oy ka f123\r\n'],
      ['mg a Lpath/x P/y v\r\n', va('hello')],
      ['mg  a   v  s \r\n', va('hello', 's5')],
      ['mg a v\nmg a s\n', `${va('hello')}HD s5\r\n`],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'a miss returns O and k, and q hides it, but not a hit',
    [
      ['mg none s t Oabc k v\r\n', 'EN Oabc knone\r\n'],
      ['mg none k q v\r\nmn\r\n', MN],
      [ms('a', 'x', 'q'), SILENCE],
      ['mg a q v\r\nmg none q v\r\nmg a q\r\nmn\r\n', `${va('x')}${HD}${MN}`],
      ['ms a 1 q ME\r\ny\r\n', NS],
      ['md none q\r\nmd a q\r\nmd a q\r\n', `${NF}${NF}`],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'h and l tell what was before, and u leaves it so',
    [
      [ms('a', 'x'), HD],
      ['mg a h u\r\n', 'HD h0\r\n'],
      ['mg a h\r\n', 'HD h0\r\n'],
      ['mg a h\r\n', 'HD h1\r\n'],
      ['mg a l\r\n', /HD l\d\r\n/],
      [ms('a', 'x'), HD],
      ['mg a h\r\n', 'HD h0\r\n'],
      [ms('a', 'y', 'ME'), NS],
      ['touch none 0\r\n', NOT_FOUND],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'T sets the time to live where it stands in the line',
    [
      [ms('a', 'x', 'T100'), HD],
      ['mg a t\r\n', ttl('HD', 100)],
      ['mg a t T300\r\n', /HD t(?:100|[89]\d)\r\n/],
      ['mg a T200 t\r\n', /HD t(?:200|19\d)\r\n/],
      ['mg a t T300\r\n', /HD t(?:200|1[89]\d)\r\n/],
      ['mg a t v\r\n', /VA 1 t(?:300|2[89]\d)\r\nx\r\n/],
      ['mg a T0 t\r\n', 'HD t-1\r\n'],
      ['mg a t\r\n', 'HD t-1\r\n'],
      ['mg none T30 t\r\n', EN],
      ['mg a T-1\r\n', HD],
      ['mg a\r\n', EN],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'N creates what is missing, and one client wins',
    [
      ['mg a s v N30 t\r\n', 'VA 0 s0 t30 W\r\n\r\n', PRESENT_PARSER],
      ['mg a s v N30\r\n', va('', 's0 Z')],
      ['get a\r\n', value('a', '')],
      ['mg b t N30\r\n', 'HD t-1 W\r\n'],
      ['mg b t\r\n', ttl('HD', 30, ' Z')],
      ['mg c N30 q\r\n', 'HD W\r\n'],
      ['mg d N30 T0 t\r\n', 'HD t-1 W\r\n'],
      [ms('a', 'new'), HD],
      ['mg a N30 v\r\n', va('new')],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'R wins when there is less to live, once',
    [
      [ms('a', 'x', 'T100'), HD],
      ['mg a R30\r\n', HD],
      ['mg a R200 v\r\n', va('x', 'W')],
      ['mg a R200 v\r\n', va('x', 'Z')],
      [ms('b', 'x'), HD],
      ['mg b R200\r\n', HD],
      ['mg b T100 R200\r\n', 'HD W\r\n'],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'C hides a value that the client has',
    [
      ['ms a 2 E77\r\nva\r\n', HD],
      ['mg a C77 v c s\r\n', 'HD c77 s2\r\n'],
      ['mg a C78 v c\r\n', va('va', 'c77')],
      ['mg a c E5\r\n', 'HD c77\r\n'],
      ['mg n c N30 E9876\r\n', 'HD c9876 W\r\n'],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'ms returns its flags',
    [
      [ms('a', '1'), HD],
      [ms('a', '1', 'c'), /HD c\d+\r\n/],
      [ms('a', '12', 'Otest s k b'), BAD_BASE64],
      [ms('a', '12', 'Otest s k'), 'HD Otest s2 ka\r\n'],
      [ms('a', '', 'k s F5'), 'HD ka s0\r\n'],
      ['mg a f v\r\n', va('', 'f5')],
      [ms('a', 'x', 'F4294967295 v t f h l u x N30 R30 D1 J1'), HD],
      ['mg a f t\r\n', 'HD f4294967295 t-1\r\n'],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'the modes of ms',
    [
      [ms('a', '1', 'MR k'), 'NS ka\r\n'],
      [ms('a', '1', 'MA'), NS],
      [ms('a', '1', 'MP s'), 'NS s1\r\n'],
      [ms('a', 'bb', 'ME'), HD],
      [ms('a', 'xx', 'ME Ob c'), 'NS Ob c0\r\n'],
      [ms('a', 'cc', 'MA s T9 F9'), 'HD s4\r\n'],
      [ms('a', 'aa', 'MP s'), 'HD s6\r\n'],
      ['mg a v t f\r\n', va('aabbcc', 't-1 f0')],
      [ms('a', 'x', 'MR'), HD],
      [ms('a', 'y', 'MS'), HD],
      [ms('a', 'z', 'MSx'), HD],
      ['mg a v\r\n', va('z')],
      [ms('a', 'x', 'MZ'), BAD_MODE],
      [ms('a', 'x', 'Me'), BAD_MODE],
      [ms('a', 'x', 'M'), BAD_MODE],
      ['mg a v\r\n', va('z')],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'append and prepend create what is missing if told to',
    [
      [ms('a', 'mo', 'MA N30 T90 F7'), HD],
      ['mg a v f t\r\n', /VA 2 f7 t(?:30|2\d)\r\nmo\r\n/],
      [ms('a', 'ko', 'MA N60 s'), 'HD s4\r\n'],
      ['mg a v t\r\n', /VA 4 t(?:30|2\d)\r\nmoko\r\n/],
      [ms('b', 'x', 'MP N0'), HD],
      ['mg b t\r\n', 'HD t-1\r\n'],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'a CAS unique that the client gives, up to 64 bits',
    [
      ['ms a 1 E973 c\r\nx\r\n', 'HD c973\r\n'],
      ['gets a\r\n', 'VALUE a 0 1 973\r\nx\r\nEND\r\n'],
      ['ms a 1 C972 E5 c\r\ny\r\n', 'EX c0\r\n'],
      ['ms a 1 C973 E18446744073709551615 c\r\ny\r\n', 'HD c18446744073709551615\r\n'],
      ['gets a\r\n', 'VALUE a 0 1 18446744073709551615\r\ny\r\nEND\r\n'],
      ['cas a 0 0 1 18446744073709551614\r\nz\r\n', 'EXISTS\r\n'],
      ['mg a C18446744073709551615 v\r\n', HD],
      ['touch a 100\r\n', 'TOUCHED\r\n'],
      ['mg a c v\r\n', va('y', 'c18446744073709551615')],
      ['cas a 0 0 1 18446744073709551615\r\nz\r\n', STORED],
      ['mg a c v\r\n', /VA 1 c\d{1,16}\r\nz\r\n/],
      ['ms a 1 MA E9007199254740993 c\r\n!\r\n', 'HD c9007199254740993\r\n'],
      ['mg a c v\r\n', va('z!', 'c9007199254740993')],
      ['append a 0 0 1\r\n!\r\n', STORED],
      ['mg a C9007199254740993 v\r\n', va('z!!')],
      ['ms a 1 E0 c\r\nx\r\n', /HD c[1-9]\d*\r\n/],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'C makes a set conditional, zero never holds, and I stores below it as stale',
    [
      ['ms a 1 C5 k\r\nx\r\n', 'NF ka\r\n'],
      ['ms a 1 C5 MA\r\nx\r\n', NS],
      ['ms a 1 E100 T90\r\nx\r\n', HD],
      ['ms a 1 C0\r\ny\r\n', EX],
      ['ms a 1 C0 I\r\ny\r\n', EX],
      ['ms a 1 C101 I\r\ny\r\n', EX],
      ['ms a 1 C99 MA I\r\ny\r\n', EX],
      ['ms a 1 C0 MA E100\r\n!\r\n', HD],
      ['ms a 2 C100 MP E100\r\n[]\r\n', HD],
      ['mg a v\r\n', va('[]x!')],
      ['ms a 1 C99 I T900 E200 c\r\ny\r\n', 'HD c200\r\n'],
      ['mg a v t\r\n', /VA 1 t(?:90|[78]\d) X W\r\ny\r\n/],
      ['ms a 1 C199 I E201\r\nz\r\n', HD],
      ['mg a v\r\n', va('z', 'Z X')],
      ['get a\r\n', value('a', 'z')],
      ['ms a 1 C201 T900 MR\r\ng\r\n', HD],
      ['mg a v t\r\n', /VA 1 t(?:900|8[89]\d)\r\ng\r\n/],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'a key in base64 is the key that it stands for',
    [
      [ms('Zm9v', 'x', 'b k'), 'HD kZm9v b\r\n'],
      ['get foo\r\n', value('foo', 'x')],
      ['mg foo k\r\n', 'HD kZm9v b\r\n'],
      ['mg Zm9v k\r\n', 'EN kZm9v\r\n'],
      ['mg Zm9v b k v\r\n', va('x', 'kZm9v b')],
      [set('foo', 'y'), STORED],
      ['mg Zm9v b k v\r\n', va('y', 'kfoo')],
      ['mg YmFy b k\r\n', 'EN kYmFy b\r\n'],
      [ms('AAEgDQo=', 'z', 'k b'), 'HD kAAEgDQo= b\r\n'],
      ['mg AAEgDQo= b v k s\r\n', va('z', 'kAAEgDQo= b s1')],
      ['md AAEgDQo= k b\r\n', 'HD kAAEgDQo= b\r\n'],
      ['mg Zg==Zm9v b k\r\n', 'EN kZg== b\r\n'],
      ['mg Zm9 b\r\n', BAD_BASE64],
      ['mg ==== b k\r\n', BAD_BASE64],
      ['mg ---- b\r\n', BAD_BASE64],
      [ms('Zm9vX', 'x', 'b'), BAD_BASE64],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'wrong flags, and which fault is told',
    [
      ['mg a m o o o\r\n', INVALID_FLAG],
      ['mg a s s\r\n', DUPLICATE_FLAG],
      ['mg a T30 s T40\r\n', DUPLICATE_FLAG],
      ['mg a S\r\n', INVALID_FLAG],
      ['mg a 0\r\n', INVALID_FLAG],
      ['mg a v {\r\n', BAD_LINE],
      ['mg a S S \x7f\r\n', BAD_LINE],
      ['mg a N\r\n', BAD_TOKEN],
      ['mg a Nx v\r\n', BAD_TOKEN],
      ['mg a T2147483648\r\n', BAD_TOKEN],
      ['mg a R000000000030\r\n', BAD_TOKEN],
      ['mg a C18446744073709551616\r\n', BAD_TOKEN],
      ['mg a E-1\r\n', BAD_TOKEN],
      ['mg a Fx\r\n', BAD_LINE],
      ['mg a F4294967296\r\n', BAD_LINE],
      ['mg a Nx Fx\r\n', BAD_TOKEN],
      ['mg a Jx\r\n', 'CLIENT_ERROR invalid numeric initial value\r\n'],
      ['mg a Dx\r\n', 'CLIENT_ERROR invalid numeric delta value\r\n'],
      [`mg a O${OPAQUE_31} k\r\n`, `EN O${OPAQUE_31} ka\r\n`],
      [`mg a O${OPAQUE_31}o\r\n`, BAD_OPAQUE],
      [`mg a O${OPAQUE_31}o q\r\n`, BAD_OPAQUE],
      ['mg a c f h k l q s t u v x C1 D1 E1 F1 I J1 L P\r\n', TOO_MANY_FLAGS],
      ['mg a c f h k l q s t u v x C1 D1 E1 F1 I J1 L\r\n', SILENCE],
      [`mg a ${'s '.repeat(30)}\r\n`, TOO_MANY_FLAGS],
      [`mg ${KEY_250} k\r\n`, `EN k${KEY_250}\r\n`],
      [`mg ${KEY_251} v\r\n`, BAD_LINE],
      ['mg\r\n', BAD_LINE],
      ['mg \r\n', BAD_LINE],
      ['mg noreply k\r\nmg a noreply\r\n', `EN knoreply\r\n${INVALID_FLAG}`],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'ms with a wrong flag swallows its data, with a wrong length it cannot',
    [
      ['ms a 5 S\r\nmn\r\n\r\r\n', INVALID_FLAG],
      ['ms a 4 s s q\r\nmn\r\n\r\n', DUPLICATE_FLAG],
      ['ms a 4 Tx\r\nmn\r\n\r\n', BAD_TOKEN],
      [`ms a 4 O${OPAQUE_31}o q\r\nmn\r\n\r\n`, BAD_OPAQUE],
      [`ms ${KEY_251} 4\r\nmn\r\n\r\n`, BAD_LINE],
      ['ms a 2 {\r\nmn\r\n', `${BAD_LINE}${MN}`],
      ['ms a -1\r\nmn\r\n', `${BAD_LINE}${MN}`],
      ['ms a x\r\nmn\r\n', `${BAD_LINE}${MN}`],
      ['ms a\r\nmn\r\n', `${BAD_LINE}${MN}`],
      ['ms a S100\r\nmn\r\n', `${BAD_LINE}${MN}`],
      ['ms a 2147483646\r\nmn\r\n', `${BAD_LINE}${MN}`],
      ['ms a 2 q\r\nabcdmn\r\nmn\r\n', `${BAD_CHUNK}${MN}${MN}`],
      ['mg a\r\n', EN],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'long values come and go',
    [
      [ms('a', LONG, 'c'), /HD c\d+\r\n/],
      ['mg a v s\r\n', va(LONG, `s${LONG.length}`)],
      [ms('a', LONG, 'MA E9 Oabc s k c'), `HD Oabc s${2 * LONG.length} ka c9\r\n`],
      ['mg a c v k\r\nmn\r\n', `${va(LONG + LONG, 'c9 ka')}${MN}`],
      [ms('a', LONG, 'ME k c q'), 'NS ka c0\r\n'],
      [ms('a', LONG, 'C9 E10 q'), SILENCE],
      ['mg a c\r\n', 'HD c10\r\n'],
      [ms('a', LONG, 'C9 I E11 T9'), HD],
      ['mg a c t\r\n', 'HD c11 t-1 X W\r\n'],
      [ms('Zm9v', LONG, 'b k MA N0'), 'HD kZm9v b\r\n'],
      ['mg foo v\r\n', va(LONG)],
      [`ms a ${LONG.length} q\r\n${LONG}xxmn\r\n`, `${BAD_CHUNK}${MN}`],
      ['mg a c\r\n', 'HD c11 Z X\r\n'],
      ['md a I E12\r\n', HD],
      ['mg a c v\r\n', va(LONG, 'c12 X W')],
    ],
    PRESENT_PARSER,
  ),
  transcript(
    'values around the size of a chunk keep their bytes beside a given CAS unique',
    [8100, 8120, 8140, 8150, 8160, 8170, 8180, 8192, 8200, 16_300].flatMap((bytes) => {
      const data = pattern(bytes);
      return [
        [ms('a', data, `E${bytes} T50 F1`), HD],
        ['mg a c f v\r\n', va(data, `c${bytes} f1`)],
        [ms('b', data), HD],
        ['md b I E4294967296 T50\r\n', HD],
        ['mg b c v\r\n', va(data, 'c4294967296 X W')],
      ] as const;
    }),
    PRESENT_PARSER,
  ),
  transcript(
    'a value that is too large is refused, and a set leaves nothing behind',
    [
      [ms('a', 'x'), HD],
      [`ms a ${MIB} q\r\n${'x'.repeat(MIB)}\r\n`, TOO_LARGE],
      ['get a\r\n', END],
      ['mn\r\n', MN],
    ],
    PRESENT_PARSER,
  ),
];
