/** Hostile input over RESP, by kinds: what a broken, lazy or malicious client may send. */
import { type Random, randomBelow } from '../../src/base/random.ts';
import { COMMAND_TABLE } from '../../src/commands/resp/table.ts';
import { respRequest } from '../support/resp-client.ts';

/** What would end the server or have it wait, or give a witness the values that it has written over. */
const SPARED = ['shutdown', 'client|pause', 'swapdb'];
const COMMANDS = COMMAND_TABLE.byNumber
  .filter(({ fullName, subcommands }) => subcommands.length === 0 && !SPARED.includes(fullName))
  .map(({ fullName }) => fullName.split('|'));
const WORDS =
  'a b mylist 0 1 -1 nan inf +inf 99999999999999999999 9223372036854775807 -9223372036854775808 * withscores limit get match count 536870911 4294967296 store by # nx xx ex px'.split(
    ' ',
  );

type Kind = (random: Random) => Buffer;

const bytes = (random: Random, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, () => randomBelow(random, 256)));

function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomBelow(random, from.length)];
}

/** A well-formed request whose arguments make little sense. */
function nonsense(random: Random): Buffer {
  const count = randomBelow(random, 8);
  const words = Array.from({ length: count }, () =>
    randomBelow(random, 6) === 0
      ? bytes(random, randomBelow(random, 300)).toString('latin1')
      : pick(random, WORDS),
  );
  return respRequest([...pick(random, COMMANDS), ...words]);
}

function pipeline(random: Random): Buffer {
  return Buffer.concat(Array.from({ length: 1 + randomBelow(random, 60) }, () => nonsense(random)));
}

function mutated(random: Random): Buffer {
  const input = pipeline(random);
  for (let change = 0; change < 1 + randomBelow(random, 6); change++) {
    input[randomBelow(random, input.length)] = randomBelow(random, 256);
  }
  return input;
}

function lengths(random: Random): Buffer {
  const count = pick(random, [
    '0',
    '-1',
    '1',
    '1048577',
    '2147483647',
    '2147483648',
    '-9',
    'x',
    '',
  ]);
  const size = pick(random, ['0', '-1', '536870912', '536870913', '99999999999', 'x', '', '3']);
  return Buffer.from(`*${count}\r\n$${size}\r\nabc\r\n`);
}

function inline(random: Random): Buffer {
  const quotes = pick(random, ['"', "'", '"\\x', '"\\', '']);
  const text = bytes(random, randomBelow(random, 200)).toString('latin1');
  return Buffer.from(`${pick(random, COMMANDS).join(' ')} ${quotes}${text}${quotes}\r\n`, 'latin1');
}

function endless(random: Random): Buffer {
  return Buffer.alloc(1000 + randomBelow(random, 200_000), pick(random, ['*', '$', 'a', '1']));
}

function large(random: Random): Buffer {
  const value = 'x'.repeat(randomBelow(random, 400_000));
  return Buffer.concat([
    respRequest(['set', 'a', value]),
    respRequest(['get', 'a']),
    nonsense(random),
  ]);
}

function cutShort(random: Random): Buffer {
  const input = pipeline(random);
  return input.subarray(0, randomBelow(random, input.length));
}

export const RESP_INPUT: Readonly<Record<string, Kind>> = {
  noise: (random) => bytes(random, 1 + randomBelow(random, 3000)),
  pipeline,
  mutated,
  lengths,
  inline,
  endless,
  large,
  cutShort,
};

/** The input in pieces, as a network might cut it. */
export function respPiecesDraw(random: Random, input: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const most = pick(random, [1, 7, 100, 5000, 100_000]);
    const size = pieces.length > 200 ? input.length : 1 + randomBelow(random, most);
    pieces.push(input.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
