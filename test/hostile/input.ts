/** Hostile input, drawn from a seed: what a broken, confused or malicious client may send. */
import { type Random, randomBelow } from '../../src/base/random.ts';
import { binaryDraw } from './binary-input.ts';

const VERBS = ['set', 'add', 'replace', 'append', 'prepend', 'cas'] as const;
const WORDS = [
  ...VERBS,
  ...['get', 'gets', 'gat', 'gats', 'delete', 'incr', 'decr', 'touch', 'version', 'verbosity'],
  ...['stats', 'flush_all', 'quit', 'slabs', 'shutdown', 'debugtime'],
  ...['mg', 'ms', 'md', 'ma', 'mn', 'me'],
  ...[
    'noreply',
    'reset',
    'cachedump',
    'settings',
    'items',
    'sizes',
    'conns',
    'lru_crawler',
    'watch',
  ],
] as const;
const NUMBERS = [
  ...[
    '0',
    '1',
    '-1',
    '00',
    '10',
    '-0',
    '+1',
    '2147483645',
    '2147483646',
    '2147483648',
    '4294967295',
  ],
  ...[
    '4294967296',
    '9007199254740993',
    '18446744073709551615',
    '18446744073709551616',
    '1e9',
    '0x10',
  ],
  ...['99999999999999999999999999999', '-9223372036854775808', '1.5', 'NaN', '', ' '],
] as const;
const LINE_ENDS = ['\r\n', '\n', '\r', '', '\r\r\n', '\n\r', '\0\r\n'] as const;

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[randomBelow(random, items.length)];
}

export function bytesDraw(random: Random, byteCount: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: byteCount }, () => random() & 0xff));
}

function keyDraw(random: Random): string {
  switch (randomBelow(random, 5)) {
    case 0:
      return 'k'.repeat(randomBelow(random, 400));
    case 1:
      return bytesDraw(random, 1 + randomBelow(random, 20)).toString('latin1');
    default:
      return `fuzz-${randomBelow(random, 50)}`;
  }
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

/** A store that is right in form; its length may lie. */
function store(random: Random): Buffer {
  const bytes = randomBelow(random, pick(random, [10, 200, 20_000, 300_000]));
  const lie = pick(random, [0, 0, 0, 1, -1, 7, -7]);
  const cas = randomBelow(random, 4) === 0 ? ` ${pick(random, NUMBERS)}` : '';
  const quiet = randomBelow(random, 4) === 0 ? ' noreply' : '';
  const line = `${pick(random, VERBS)} ${keyDraw(random)} 0 0 ${Math.max(0, bytes + lie)}${cas}${quiet}\r\n`;
  return Buffer.concat([text(line), Buffer.alloc(bytes, random() & 0xff), text('\r\n')]);
}

/** A meta command, its flags sound or not; the length of an ms may lie. */
function meta(random: Random): Buffer {
  const letters = 'bcfhklqstuvxCDEFIJLMNOPRTSZ0{';
  const flags = Array.from({ length: randomBelow(random, 26) }, () => {
    const letter = pick(random, [...letters]);
    const token = [pick(random, NUMBERS), pick(random, [...'EAPRSID+-']), 'o'.repeat(40), ''];
    return letter + (randomBelow(random, 3) === 0 ? '' : pick(random, token));
  });
  const verb = pick(random, ['mg', 'ms', 'ms', 'md', 'ma', 'me', 'mn']);
  const key = pick(random, [keyDraw(random), 'Zm9v', 'AAEgDQo=', '====']);
  if (verb !== 'ms') return text(`${verb} ${key} ${flags.join(' ')}${pick(random, LINE_ENDS)}`);
  const bytes = randomBelow(random, pick(random, [10, 9000, 40_000, 300_000]));
  const length = bytes + pick(random, [0, 0, 0, 1, -1, 7]);
  return Buffer.concat([
    text(`ms ${key} ${length} ${flags.slice(0, randomBelow(random, 6)).join(' ')}\r\n`),
    Buffer.alloc(bytes, random() & 0xff),
    text('\r\n'),
  ]);
}

/** A line of words and numbers in any order. */
function line(random: Random): Buffer {
  const words = Array.from({ length: 1 + randomBelow(random, 8) }, () => {
    const kind = randomBelow(random, 3);
    if (kind === 0) return pick(random, NUMBERS);
    return kind === 1 ? keyDraw(random) : pick(random, WORDS);
  });
  if (randomBelow(random, 2) === 0) words.unshift(pick(random, WORDS));
  return text(words.join(pick(random, [' ', ' ', ' ', '  ', '\t'])) + pick(random, LINE_ENDS));
}

/** A retrieval of many keys, or of one that never ends. */
function retrieval(random: Random): Buffer {
  const verb = pick(random, ['get', 'gets', 'gat 0', 'gats 100', 'gat x']);
  if (randomBelow(random, 4) === 0)
    return text(`${verb} ${'k'.repeat(randomBelow(random, 100_000))}`);
  const keys = Array.from({ length: randomBelow(random, 2000) }, () => keyDraw(random));
  return text(`${verb} ${keys.join(' ')}${pick(random, LINE_ENDS)}`);
}

/** The head of a value that is huge, or never comes. */
function promise(random: Random): Buffer {
  const length = pick(random, [...NUMBERS, '1000000', '900000', '500000', '2000000000']);
  const sent = Buffer.alloc(randomBelow(random, 50_000), 0x61);
  return Buffer.concat([text(`set ${keyDraw(random)} 0 0 ${length}\r\n`), sent]);
}

/** A gat that never gets to its keys. */
function getAndTouch(random: Random): Buffer {
  const byteCount = randomBelow(random, 300_000);
  return text(
    `${pick(random, ['gat', 'gats'])} ${pick(random, ['0', ' ', 'x']).repeat(byteCount)}`,
  );
}

/** Another input with some of its bytes changed, cut out or doubled. */
function mutated(random: Random): Buffer {
  const bytes = pick(random, [store, line, retrieval, meta])(random);
  for (let change = 0; change <= randomBelow(random, 5) && bytes.length > 0; change++) {
    bytes[randomBelow(random, bytes.length)] = pick(random, [0, 10, 13, 32, 255, random() & 0xff]);
  }
  const cut = randomBelow(random, bytes.length + 1);
  const kind = randomBelow(random, 3);
  if (kind === 0) return bytes.subarray(0, cut);
  return kind === 1 ? Buffer.concat([bytes.subarray(0, cut), bytes]) : bytes;
}

const KINDS = {
  store,
  line,
  meta,
  retrieval,
  promise,
  getAndTouch,
  binary: binaryDraw,
  mutated,
  noise: (random: Random) => bytesDraw(random, randomBelow(random, 5000)),
  endless: (random: Random) =>
    Buffer.alloc(randomBelow(random, 200_000), pick(random, [0x61, 0x20, 0])),
  http: () => text('GET / HTTP/1.1\r\nHost: flagstone\r\n\r\n'),
  resp: () => text('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n'),
} as const;

export const INPUT_KINDS = Object.keys(KINDS) as readonly (keyof typeof KINDS)[];

/** The bytes of one connection: inputs of one kind or of all, one behind the other. */
export function inputDraw(random: Random, kind: keyof typeof KINDS): Buffer {
  const pieces = Array.from({ length: 1 + randomBelow(random, 4) }, (_, at) =>
    KINDS[at === 0 ? kind : pick(random, INPUT_KINDS)](random),
  );
  return Buffer.concat(pieces);
}

/** Cuts the bytes at a few places, or at every one of the first. */
export function piecesDraw(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  const isFine = randomBelow(random, 10) === 0;
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    const byOne = isFine && at < 60;
    const size = byOne ? 1 : pieces.length > 70 ? left : 1 + randomBelow(random, left);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
