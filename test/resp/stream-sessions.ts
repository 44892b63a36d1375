/** Sessions of the commands on streams. */
import { type Session, session } from './session.ts';

const NOT_INTEGER = '-ERR value is not an integer or out of range';
const SYNTAX = '-ERR syntax error';
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const BAD_ID = '-ERR Invalid stream ID specified as stream command argument';
const TOO_SMALL =
  '-ERR The ID specified in XADD is equal or smaller than the target stream top item';
const ZERO_ID = '-ERR The ID specified in XADD must be greater than 0-0';
const NO_KEY = '-ERR no such key';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;

const THREE: readonly [string, string][] = [
  ['xadd s 1-1 a 1', '"1-1"'],
  ['xadd s 2-1 a 2 b x', '"2-1"'],
  ['xadd s 2-2 a 3', '"2-2"'],
];

export const STREAM_SESSIONS: readonly Session[] = [
  session('entries are added behind the last one', [
    ['xadd s * a 1', /^"\d{13}-0"$/],
    ['del s', ':1'],
    ['xadd s 0-0 a 1', ZERO_ID],
    ['exists s', ':0'],
    ['xadd s 5 a 1', '"5-0"'],
    ['xadd s 5-0 a 1', TOO_SMALL],
    ['xadd s 4-9 a 1', TOO_SMALL],
    ['xadd s 5-* a 1', '"5-1"'],
    ['xadd s 4-* a 1', TOO_SMALL],
    ['xadd s 6-* a 1', '"6-0"'],
    ['xadd s 18446744073709551615-18446744073709551615 a 1', /^"18446744073709551615-184467/],
    ['xadd s * a 1', /^-ERR The stream has exhausted the last possible ID/],
    ['xlen s', ':4'],
    ['type s', '+stream'],
    ['object encoding s', '"stream"'],
  ]),
  session('ids and options that make no sense are refused', [
    ['xadd s x a 1', BAD_ID],
    ['xadd s 1-x a 1', BAD_ID],
    ['xadd s - a 1', BAD_ID],
    ['xadd s 1-1 a', arity('xadd')],
    ['xadd s 1-1 a 1 b', arity('xadd')],
    ['xadd s maxlen x 1-1 a 1', NOT_INTEGER],
    ['xadd s maxlen -1 1-1 a 1', '-ERR The MAXLEN argument must be >= 0.'],
    ['xadd s maxlen 1 minid 1 1-1 a 1', /^-ERR syntax error, MAXLEN and MINID/],
    ['xadd s limit 1 1-1 a 1', /^-ERR syntax error, LIMIT cannot be used without specifying/],
    ['xadd s maxlen 1 limit 1 1-1 a 1', /^-ERR syntax error, LIMIT cannot .* special ~ option/],
    ['xadd s nomkstream 1-1 a 1', 'nil'],
    ['exists s', ':0'],
    ['xtrim s limit 1', /^-ERR syntax error, LIMIT cannot be used without specifying/],
    ['xtrim s x 1', SYNTAX],
    ['xtrim s maxlen', arity('xtrim')],
    ['xlen', arity('xlen')],
  ]),
  session('entries are found between ids', [
    ...THREE,
    ['xrange s - +', '[["1-1", ["a", "1"]], ["2-1", ["a", "2", "b", "x"]], ["2-2", ["a", "3"]]]'],
    ['xrevrange s + - count 1', '[["2-2", ["a", "3"]]]'],
    ['xrange s 2 2', '[["2-1", ["a", "2", "b", "x"]], ["2-2", ["a", "3"]]]'],
    ['xrange s (1-1 (2-2', '[["2-1", ["a", "2", "b", "x"]]]'],
    ['xrange s 3 +', '[]'],
    ['xrange s 2-2 1-1', '[]'],
    ['xrange s - + count 0', 'nil'],
    ['xrange s - + count x', NOT_INTEGER],
    ['xrange s - + x', SYNTAX],
    ['xrange s x +', BAD_ID],
    ['xrange s (- +', BAD_ID],
    ['xrange none - +', '[]'],
    ['xrange s (18446744073709551615-18446744073709551615 +', /^-ERR invalid start ID/],
    ['xrange s - (0-0', /^-ERR invalid end ID/],
  ]),
  session('entries go one by one, or from the front', [
    ...THREE,
    ['xdel s 2-1 7-7', ':1'],
    ['xdel s 1-1 x', BAD_ID],
    ['xlen s', ':2'],
    ['xtrim s maxlen 1', ':1'],
    ['xtrim s minid 2-2', ':0'],
    ['xdel s 2-2', ':1'],
    ['xlen s', ':0'],
    ['exists s', ':1'],
    ['xadd s 2-2 a 1', TOO_SMALL],
    ['xadd s maxlen = 2 3-1 a 1', '"3-1"'],
    ['xadd s maxlen 0 3-2 a 1', '"3-2"'],
    ['xlen s', ':0'],
    ['xdel none 1-1', ':0'],
    ['xtrim none maxlen 0', ':0'],
  ]),
  session('the ids that a stream knows are told, and set', [
    ...THREE,
    ['xdel s 2-1', ':1'],
    [
      'xinfo stream s',
      '["length", :2, "radix-tree-keys", :1, "radix-tree-nodes", :2, ' +
        '"last-generated-id", "2-2", "max-deleted-entry-id", "2-1", "entries-added", :3, ' +
        '"recorded-first-entry-id", "1-1", "groups", :0, ' +
        '"first-entry", ["1-1", ["a", "1"]], "last-entry", ["2-2", ["a", "3"]]]',
    ],
    ['xinfo stream s full count 1', /"entries", \[\["1-1", \["a", "1"\]\]\], "groups", \[\]\]$/],
    ['xinfo stream none', NO_KEY],
    ['xinfo stream s x', /^-ERR unknown subcommand or wrong number of arguments for 'stream'/],
    ['xinfo help', /XINFO <subcommand>/],
    ['xsetid s 2-1', /^-ERR The ID specified in XSETID is smaller than the target stream top item/],
    ['xsetid s 1-0', /^-ERR The ID specified in XSETID is smaller than (current|the target)/],
    ['xsetid s 3 entriesadded 1', /^-ERR The entries_added specified in XSETID is smaller than/],
    ['xsetid s 3 entriesadded -1', '-ERR entries_added must be positive'],
    ['xsetid s 3 maxdeletedid 4', /^-ERR The ID specified in XSETID is smaller than the provided/],
    ['xsetid s 3 x', SYNTAX],
    ['xsetid none 3', NO_KEY],
    ['xsetid s 9-9 entriesadded 9223372036854775807 maxdeletedid 5-5', '+OK'],
    [
      'xinfo stream s',
      /"9-9", "max-deleted-entry-id", "5-5", "entries-added", :9223372036854775807/,
    ],
    ['xadd s * a 1', /^"\d{13}-0"$/],
  ]),
  session('several streams are read behind ids', [
    ...THREE,
    ['xadd t 1-0 x y', '"1-0"'],
    ['xread streams s t 2-1 0', '[["s", [["2-2", ["a", "3"]]]], ["t", [["1-0", ["x", "y"]]]]]'],
    ['xread count 1 streams s 0', '[["s", [["1-1", ["a", "1"]]]]]'],
    ['xread streams s t 2-2 1', 'nil'],
    ['xread streams s none 9 0', 'nil'],
    ['xread block 5 streams s $', 'nil'],
    ['xread streams s t 0', /^-ERR Unbalanced '?xread'? list of streams/i],
    ['xread streams s >', /^-ERR The > ID can be specified only when calling XREADGROUP/],
    ['xread group g c streams s 0', /^-ERR The GROUP option is only supported by XREADGROUP/],
    ['xread block x streams s 0', '-ERR timeout is not an integer or out of range'],
    ['xread block -1 streams s 0', '-ERR timeout is negative'],
    ['xread count 1 s 0', SYNTAX],
  ]),
  session(
    'the last entry is read',
    [
      ['xread streams s +', 'nil'],
      ...THREE,
      ['xdel s 2-2', ':1'],
      ['xread count 5 streams s +', '[["s", [["2-1", ["a", "2", "b", "x"]]]]]'],
    ],
    { since: '7.4.2' },
  ),
  session('other types are refused', [
    ['set k v', '+OK'],
    ['xadd k 1-1 a 1', WRONG_TYPE],
    ['xlen k', WRONG_TYPE],
    ['xrange k - +', WRONG_TYPE],
    ['xdel k 1-1', WRONG_TYPE],
    ['xtrim k maxlen 1', WRONG_TYPE],
    ['xsetid k 1', WRONG_TYPE],
    ['xread streams k 0', WRONG_TYPE],
    ['xinfo stream k', WRONG_TYPE],
    ...THREE,
    ['get s', WRONG_TYPE],
    ['lpush s 1', WRONG_TYPE],
    ['sort s', WRONG_TYPE],
    ['incr s', WRONG_TYPE],
    ['zadd s 1 a', WRONG_TYPE],
  ]),
];
