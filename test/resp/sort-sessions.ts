/** Sessions of the commands that sort what a key holds, or copy it as bytes. */
import { type Session, session } from './session.ts';

const NOT_INTEGER = '-ERR value is not an integer or out of range';
const SYNTAX = '-ERR syntax error';
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';

const numbers = ['rpush l 5 -1 10 0.5', ':4'] as const;
const words = ['rpush w b a C', ':3'] as const;

export const SORT_SESSIONS: readonly Session[] = [
  session('elements are sorted as numbers, or as text', [
    numbers,
    words,
    ['sort l', '["-1", "0.5", "5", "10"]'],
    ['sort l desc', '["10", "5", "0.5", "-1"]'],
    ['sort l alpha', '["-1", "0.5", "10", "5"]'],
    ['sort w', "-ERR One or more scores can't be converted into double"],
    ['sort w alpha desc', '["b", "a", "C"]'],
    ['sort none', '[]'],
    ['sort_ro l limit 1 2', '["0.5", "5"]'],
    ['sort l limit -3 2', '["-1", "0.5"]'],
    ['sort l limit 1 -1', '["0.5", "5", "10"]'],
    ['sort l limit 9 2', '[]'],
    ['sort l limit 1', SYNTAX],
    ['sort l limit a 1', NOT_INTEGER],
    ['sort l foo', SYNTAX],
    ['sort_ro l store x', SYNTAX],
    ['set s 1', '+OK'],
    ['sort s', WRONG_TYPE],
    ['sadd e 1 x', ':2'],
    ['sort e', "-ERR One or more scores can't be converted into double"],
    [['rpush', 'm', '', ' 7', '3'], ':3'],
    ['sort m', '["", "3", " 7"]'],
  ]),
  session('elements are sorted by what they lead to', [
    ['rpush l 1 2 3 4', ':4'],
    ['mset w_1 30 w_2 10 w_3 20 n_1 one n_2 two', '+OK'],
    ['hset h_1 rank 2 name uno', ':2'],
    ['hset h_2 rank 1', ':1'],
    ['sort l by w_*', '["4", "2", "3", "1"]'],
    ['sort l by w_* desc limit 0 2', '["1", "3"]'],
    ['sort l by h_*->rank', '["3", "4", "2", "1"]'],
    ['sort l by n_* alpha', '["3", "4", "1", "2"]'],
    ['sort l by n_*', "-ERR One or more scores can't be converted into double"],
    [
      'sort l by w_* get # get n_* get h_*->name',
      '["4", nil, nil, "2", "two", nil, "3", nil, nil, "1", "one", "uno"]',
    ],
    ['sort l desc get w_*', '[nil, "20", "10", "30"]'],
    ['sort l get w', '[nil, nil, nil, nil]'],
    ['sort l get h_*', '[nil, nil, nil, nil]'],
    ['sort l get h_*->', '[nil, nil, nil, nil]'],
  ]),
  session('what is in order stays in it, if one asks for that', [
    ['rpush l c a b', ':3'],
    ['zadd z 3 x 1 y 2 z', ':3'],
    ['sort l by nosort', '["c", "a", "b"]'],
    ['sort l by nosort desc', '["b", "a", "c"]'],
    ['sort l by nosort limit 1 1', '["a"]'],
    ['sort l by nosort desc limit 0 2', '["b", "a"]'],
    ['sort z by nosort', '["y", "z", "x"]'],
    ['sort z by nosort desc limit 0 1', '["x"]'],
    ['sort z alpha', '["x", "y", "z"]'],
  ]),
  session('the result is stored', [
    numbers,
    ['sort l store r', ':4'],
    ['lrange r 0 -1', '["-1", "0.5", "5", "10"]'],
    ['sort l desc limit 0 2 store l', ':2'],
    ['lrange l 0 -1', '["10", "5"]'],
    ['set x 1', '+OK'],
    ['sort l get # get none_* store x', ':4'],
    ['lrange x 0 -1', '["5", "", "10", ""]'],
    ['sort none store x', ':0'],
    ['exists x', ':0'],
    ['sadd s b a', ':2'],
    ['sort s by nosort store y', ':2'],
    ['lrange y 0 -1', '["a", "b"]'],
    ['multi', '+OK'],
    ['sort l by w_* get w_* store z', '+QUEUED'],
    ['lrange z 0 -1', '+QUEUED'],
    ['exec', '[:2, ["", ""]]'],
  ]),
];

export const DUMP_SESSIONS: readonly Session[] = [
  session('what is no payload is refused', [
    ['dump none', 'nil'],
    ['restore a -1 x', '-ERR Invalid TTL value, must be >= 0'],
    ['restore a x x', NOT_INTEGER],
    ['restore a 0 x', '-ERR DUMP payload version or checksum are wrong'],
    ['restore a 0 xxxxxxxxxxx', '-ERR DUMP payload version or checksum are wrong'],
    ['restore a 0 x foo', SYNTAX],
    ['restore a 0 x idletime -1', '-ERR Invalid IDLETIME value, must be >= 0'],
    ['restore a 0 x freq 256', '-ERR Invalid FREQ value, must be >= 0 and <= 255'],
    ['restore a 0 x freq 1 idletime 1', SYNTAX],
    ['restore a 0 x idletime x', NOT_INTEGER],
    ['set b 1', '+OK'],
    ['restore b 0 x', '-BUSYKEY Target key name already exists.'],
    ['restore b 0 x replace', '-ERR DUMP payload version or checksum are wrong'],
    ['get b', '"1"'],
  ]),
];
