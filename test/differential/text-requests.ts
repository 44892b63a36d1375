/** Requests of the classic text protocol, drawn at random: most are right, some nearly. */
import fc from 'fast-check';
import { UNIQUE_COUNT, uniqueChar } from './peer.ts';
import {
  anyKey,
  counterKey,
  counterValue,
  key,
  lineValue,
  ODD_KEYS,
  oversize,
  value,
} from './values.ts';

const KEY_251 = 'k'.repeat(251);
/** Behind a store whose length lies: whatever it takes for its end, the requests behind stay whole. */
const PADDING = '\r\n\r\n\r\n';

const unique = fc.nat(UNIQUE_COUNT - 1).map(uniqueChar);
const noreply = fc.constantFrom('', '', '', ' noreply');
/** No time at which something expires while the comparison runs. */
const exptime = fc.constantFrom(
  '0',
  '0',
  '0',
  '-1',
  '86400',
  '2592000',
  '1000000000',
  '2147483647',
);
const flags = fc.oneof(
  fc.constantFrom('0', '1', '65536', '4294967295'),
  fc.nat(0xffff).map(String),
);
const wrongKey = fc.constantFrom('', KEY_251, ...ODD_KEYS);
// biome-ignore format: a table reads in columns
const wrongNumber = fc.constantFrom(
  '', '-', '-1', '+1', ' 1', '1 ', '1.5', '1e3', '0x10', '00', '007', 'x', '1x', 'noreply', '\t1', '1\t', '1\0',
  '2147483647', '2147483648', '4294967295', '4294967296', '9223372036854775807', '9223372036854775808',
  '18446744073709551615', '18446744073709551616', '99999999999999999999999999', '-9223372036854775809',
);
/** Lengths that are refused without waiting for so much data. */
const wrongLength = fc.constantFrom(
  '',
  '-1',
  '-5',
  'x',
  '1x',
  '+1',
  '2147483647',
  '4294967296',
  '1.5',
);
const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n');
const gap = fc.constantFrom(' ', ' ', ' ', '  ');
const storeVerb = fc.constantFrom('set', 'set', 'add', 'replace', 'append', 'prepend');

function storeLine(verb: string, name: string, data: string, rest: string): string {
  return `${verb} ${name} ${rest}\r\n${data}\r\n`;
}

const store = fc
  .tuple(storeVerb, key, value, flags, exptime, noreply)
  .map(([verb, name, data, flag, time, quiet]) =>
    storeLine(verb, name, data, `${flag} ${time} ${data.length}${quiet}`),
  );

const cas = fc
  .tuple(key, value, flags, exptime, unique, noreply)
  .map(([name, data, flag, time, known, quiet]) =>
    storeLine('cas', name, data, `${flag} ${time} ${data.length} ${known}${quiet}`),
  );

const storeCounter = fc
  .tuple(fc.constantFrom('set', 'add', 'replace'), counterKey, counterValue, flags, noreply)
  .map(([verb, name, number, flag, quiet]) =>
    storeLine(verb, name, `${number}`, `${flag} 0 ${`${number}`.length}${quiet}`),
  );

const storeOversize = fc
  .tuple(storeVerb, key, oversize, noreply)
  .map(([verb, name, data, quiet]) => storeLine(verb, name, data, `0 0 ${data.length}${quiet}`));

const get = fc
  .tuple(
    fc.constantFrom('get', 'gets'),
    fc.array(anyKey, { minLength: 1, maxLength: 8 }),
    gap,
    lineEnd,
  )
  .map(([verb, names, between, end]) => [verb, ...names].join(between) + end);

const getAndTouch = fc
  .tuple(fc.constantFrom('gat', 'gats'), exptime, fc.array(anyKey, { minLength: 1, maxLength: 4 }))
  .map(([verb, time, names]) => `${verb} ${time} ${names.join(' ')}\r\n`);

const count = fc
  .tuple(fc.constantFrom('incr', 'decr'), anyKey, counterValue, noreply, lineEnd)
  .map(([verb, name, delta, quiet, end]) => `${verb} ${name} ${delta}${quiet}${end}`);

const touch = fc
  .tuple(key, exptime, noreply)
  .map(([name, time, quiet]) => `touch ${name} ${time}${quiet}\r\n`);

const remove = fc
  .tuple(anyKey, fc.constantFrom('', '', '', ' 0'), noreply)
  .map(([name, zero, quiet]) => `delete ${name}${zero}${quiet}\r\n`);

/** A store with one argument that is wrong; the data follows, and is swallowed or run. */
const storeWrong = fc
  .tuple(storeVerb, key, fc.nat(2), wrongNumber, wrongKey, lineValue, noreply)
  .map(([verb, name, which, wrong, badKey, data, quiet]) => {
    const words = [name, '0', '0'];
    words[which] = which === 0 ? badKey : wrong;
    return `${storeLine(verb, words[0], data, `${words[1]} ${words[2]} ${data.length}${quiet}`)}${PADDING}`;
  });

const storeWrongLength = fc
  .tuple(storeVerb, key, wrongLength, noreply)
  .map(([verb, name, wrong, quiet]) => `${verb} ${name} 0 0 ${wrong}${quiet}\r\n`);

/** A length that lies. The value is not blank: memcached reads a number on behind the end of such. */
const storeLie = fc
  .tuple(storeVerb, key, lineValue, fc.constantFrom(-3, -2, -1, 1, 2, 3, 4), noreply)
  .map(([verb, name, data, lie, quiet]) => {
    const bytes = Math.max(0, data.length + 1 + lie);
    return `${verb} ${name} 0 0 ${bytes}${quiet}\r\nv${data}\r\n${PADDING}`;
  });

const casWrong = fc
  .tuple(key, lineValue, wrongNumber, noreply)
  .map(([name, data, wrong, quiet]) => {
    return `${storeLine('cas', name, data, `0 0 ${data.length} ${wrong}${quiet}`)}${PADDING}`;
  });

const countWrong = fc
  .tuple(
    fc.constantFrom('incr', 'decr', 'touch', 'delete', 'gat', 'gats'),
    anyKey,
    wrongNumber,
    noreply,
  )
  .map(([verb, name, wrong, quiet]) => `${verb} ${name} ${wrong}${quiet}\r\n`);

const getWrong = fc
  .tuple(fc.constantFrom('get', 'gets', 'gat 0', 'gats x', 'gat -1'), anyKey, wrongKey, anyKey)
  .map(([verb, first, wrong, last]) => `${verb} ${first} ${wrong} ${last}\r\n`);

/** Words in no order that means anything; without a length, so that nothing is waited for. */
// biome-ignore format: a table reads in columns
const words = fc
  .tuple(
    fc.array(fc.constantFrom('get', 'gets', 'gat', 'touch', 'delete', 'incr', 'decr', 'a', 'n', '0', '1', '-1', 'noreply', 'x', ''), { minLength: 1, maxLength: 7 }),
    lineEnd,
  )
  .map(([some, end]) => some.join(' ') + end);

const admin = fc.constantFrom(
  'verbosity 0\r\n',
  'verbosity 1 noreply\r\nverbosity 0\r\n',
  'verbosity\r\n',
  'verbosity x\r\n',
  'flush_all x\r\n',
  'flush_all 1x noreply\r\n',
  'shutdown\r\n',
  'shutdown graceful\r\n',
  'slabs\r\n',
  'slabs automove x\r\n',
  'stats nothing\r\n',
  'stats cachedump\r\n',
  'nothing\r\n',
  'ab\r\n',
  '\r\n',
  '\n',
  ' get a\r\n',
  'get a \r\n',
  'GET a\r\n',
  'get\ta\r\n',
);

/** Requests that are right, or miss. */
const sound = fc.oneof(
  { weight: 20, arbitrary: store },
  { weight: 6, arbitrary: cas },
  { weight: 6, arbitrary: storeCounter },
  { weight: 25, arbitrary: get },
  { weight: 6, arbitrary: getAndTouch },
  { weight: 12, arbitrary: count },
  { weight: 5, arbitrary: touch },
  { weight: 6, arbitrary: remove },
  { weight: 1, arbitrary: storeOversize },
);

/** Requests with something wrong in them. */
const unsound = fc.oneof(
  { weight: 3, arbitrary: storeWrong },
  { weight: 2, arbitrary: storeWrongLength },
  { weight: 2, arbitrary: storeLie },
  { weight: 2, arbitrary: casWrong },
  { weight: 3, arbitrary: countWrong },
  { weight: 2, arbitrary: getWrong },
  { weight: 3, arbitrary: words },
  { weight: 2, arbitrary: admin },
);

/** Requests; without `withUnsound` only such as the line parsers of all versions take alike. */
export function textRequest(withUnsound: boolean): fc.Arbitrary<string> {
  if (!withUnsound) return sound;
  return fc.oneof({ weight: 4, arbitrary: sound }, { weight: 1, arbitrary: unsound });
}
