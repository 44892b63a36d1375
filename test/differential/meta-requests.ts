/**
 * Requests in meta commands, drawn at random: most are right, some nearly. They ask for nothing that
 * tells of the second in which it is answered, such as what is left of a TTL.
 */
import fc from 'fast-check';
import { hasUnique, UNIQUE_COUNT, uniqueChar } from './peer.ts';
import { anyKey, counterKey, counterValue, key, oversize, value } from './values.ts';

const unique = fc.nat(UNIQUE_COUNT - 1).map(uniqueChar);
const number = fc.constantFrom('0', '1', '65536', '4294967295');
/** None at which something expires while the comparison runs. */
const exptime = fc.constantFrom('0', '-1', '86400', '2592000', '1000000000', '2147483647');
// biome-ignore format: a table reads in columns
const wrongToken = fc.constantFrom(
  '', '-', '-1', '+1', '1x', 'x', '0x1', '1.5', '2147483648', '4294967296', '18446744073709551615',
  '18446744073709551616', '99999999999999999999999', 'o'.repeat(31), 'o'.repeat(32),
);
/** Keys in base64; the first is that of a key which is also asked for as it is. */
const encodedKey = fc.constantFrom('YQ==', 'a2V5OmM=', 'AAECAw==', 'YQ', 'Y', '!', '');

const opaque = fc.constantFrom('O1', 'Oabc', `O${'o'.repeat(31)}`);
/** Flags that only tell. */
const told = fc.constantFrom('c', 'f', 'h', 'k', 'v', 'v', 'q', 'O7', 's');

function flagged(head: string, flags: readonly string[]): string {
  return `${[head, ...flags].join(' ')}\r\n`;
}

function flags(...some: fc.Arbitrary<string>[]): fc.Arbitrary<string[]> {
  // A flag may stand once; that one stands twice is drawn elsewhere.
  return fc.uniqueArray(fc.oneof(...some), { maxLength: 6, selector: (flag) => flag[0] });
}

function withToken(letter: string, token: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return token.map((text) => letter + text);
}

const getFlags = flags(
  told,
  told,
  opaque,
  withToken('T', exptime),
  withToken('N', fc.constantFrom('0', '86400')),
  withToken('R', fc.constantFrom('0', '10')),
  withToken('E', fc.constantFrom('12345', '67890')),
  withToken('C', unique),
);
const get = fc.tuple(key, getFlags).map(([name, some]) => flagged(`mg ${name}`, some));
/** The length of a counter may differ (known.ts): it is not asked for. */
const getCounter = fc
  .tuple(counterKey, flags(fc.constantFrom('c', 'f', 'k', 'v', 'q', 'O7'), withToken('T', exptime)))
  .map(([name, some]) => flagged(`mg ${name}`, some));

/** With I a lower unique stores too; and which of two keys has the lower one is each server's own. */
const storeFlags = flags(
  fc.constantFrom('c', 'k', 'q', 'I', 'b', 's', 'O7'),
  withToken('M', fc.constantFrom('S', 'E', 'A', 'P', 'R', 's', 'append')),
  withToken('F', number),
  withToken('T', exptime),
  withToken('C', unique),
  withToken('C', fc.constantFrom('0', '1')),
  withToken('E', fc.constantFrom('12345', '67890')),
  withToken('N', fc.constantFrom('0', '86400')),
).filter((some) => !(some.includes('I') && some.some(hasUnique)));
const store = fc
  .tuple(key, value, storeFlags)
  .filter(([name, , some]) => !some.includes('b') || name === 'a')
  .map(([name, data, some]) => {
    const sent = some.includes('b') ? 'YQ==' : name;
    return `${flagged(`ms ${sent} ${data.length}`, some)}${data}\r\n`;
  });
const storeOversize = fc
  .tuple(key, oversize, storeFlags)
  .filter(([, , some]) => !some.includes('b'))
  .map(([name, data, some]) => `${flagged(`ms ${name} ${data.length}`, some)}${data}\r\n`);
const storeCounter = fc
  .tuple(counterKey, counterValue, flags(fc.constantFrom('c', 'q'), withToken('F', number)))
  .map(([name, count, some]) => `${flagged(`ms ${name} ${`${count}`.length}`, some)}${count}\r\n`);

const removeFlags = flags(
  fc.constantFrom('q', 'k', 'I', 'x', 'O7'),
  withToken('T', exptime),
  withToken('C', unique),
  withToken('E', fc.constantFrom('12345')),
);
const remove = fc.tuple(key, removeFlags).map(([name, some]) => flagged(`md ${name}`, some));

const countFlags = flags(
  fc.constantFrom('c', 'v', 'v', 'q', 'k', 'O7'),
  withToken('D', counterValue.map(String)),
  withToken('J', counterValue.map(String)),
  withToken('N', fc.constantFrom('0', '86400')),
  withToken('T', fc.constantFrom('0', '86400')),
  withToken('M', fc.constantFrom('I', 'D', '+', '-', 'i', 'd', 'incr', 'X')),
  withToken('C', unique),
);
const count = fc.tuple(counterKey, countFlags).map(([name, some]) => flagged(`ma ${name}`, some));
const countWrong = fc
  .tuple(key, flags(fc.constantFrom('c', 'q', 'k', 'O7', 'v'), withToken('D', wrongToken)))
  .map(([name, some]) => flagged(`ma ${name}`, some));

/** Flags of any letter with any token, twice perhaps. */
const anyFlags = fc.array(
  fc
    .tuple(fc.constantFrom(...'bcfhkqsvCDEFIJMNORSTWXZx01?'), fc.oneof(fc.constant(''), wrongToken))
    .map(([letter, token]) => letter + token),
  { maxLength: 5 },
);
const wrong = fc
  .tuple(fc.constantFrom('mg', 'md', 'ma', 'mx'), anyKey, anyFlags)
  .map(([verb, name, some]) => flagged(`${verb} ${name}`, some));
const storeWrong = fc
  .tuple(key, fc.constantFrom('0', '1', '3', '5', 'x', '-1', ''), anyFlags)
  .map(([name, length, some]) => `${flagged(`ms ${name} ${length}`, some)}abc\r\n\r\n\r\n`);
const encoded = fc
  .tuple(fc.constantFrom('mg', 'md'), encodedKey, flags(fc.constantFrom('b', 'k', 'v', 'c', 'q')))
  .map(([verb, name, some]) => flagged(`${verb} ${name}`, ['b', ...some.filter((f) => f !== 'b')]));
const lone = fc.constantFrom(
  'mn\r\n',
  'mg\r\n',
  'ms\r\n',
  'ms a\r\n',
  'md\r\n',
  'ma\r\n',
  'mg \r\n',
);

export const metaRequest: fc.Arbitrary<string> = fc.oneof(
  { weight: 25, arbitrary: get },
  { weight: 6, arbitrary: getCounter },
  { weight: 20, arbitrary: store },
  { weight: 5, arbitrary: storeCounter },
  { weight: 8, arbitrary: remove },
  { weight: 10, arbitrary: count },
  { weight: 2, arbitrary: countWrong },
  { weight: 4, arbitrary: wrong },
  { weight: 2, arbitrary: storeWrong },
  { weight: 3, arbitrary: encoded },
  { weight: 2, arbitrary: lone },
  { weight: 1, arbitrary: storeOversize },
);
