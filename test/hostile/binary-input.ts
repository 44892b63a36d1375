/** Hostile input in the binary protocol, drawn from a seed: packets that lie, break off, or never end. */
import { type Random, randomBelow } from '../../src/base/random.ts';
import { HEADER_BYTES, OPCODES, type OpcodeName, requestPacket } from '../support/binary-packet.ts';

const NAMES = Object.keys(OPCODES) as readonly OpcodeName[];
const STORES: readonly OpcodeName[] = ['SET', 'SETQ', 'ADD', 'REPLACEQ', 'APPEND', 'PREPENDQ'];
const RETRIEVALS: readonly OpcodeName[] = ['GET', 'GETQ', 'GETK', 'GETKQ', 'GAT', 'GATKQ', 'TOUCH'];
const COUNTS: readonly OpcodeName[] = ['INCREMENT', 'DECREMENTQ'];
/** Lengths of body that no server should believe, nor wait for in vain, nor make room for. */
const BODIES = [
  ...[0, 1, 23, 24, 251, 10_240, 65_535, 65_536, 1_048_576, 2 ** 24],
  ...[2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1],
] as const;
const KEY_LENGTHS = [0, 1, 250, 251, 255, 256, 65_535] as const;
const EXTRAS_LENGTHS = [0, 1, 4, 8, 20, 21, 255] as const;
/** The opcodes that are defined, and a quarter that are not. */
const OPCODE_COUNT = 0x80;

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[randomBelow(random, items.length)];
}

function bytesDraw(random: Random, byteCount: number): string {
  return String.fromCharCode(...Array.from({ length: byteCount }, () => random() & 0xff));
}

function keyDraw(random: Random): string {
  if (randomBelow(random, 5) === 0) return bytesDraw(random, 1 + randomBelow(random, 250));
  return `fuzz-${randomBelow(random, 50)}`;
}

function extrasDraw(random: Random, opcode: OpcodeName): string {
  if (COUNTS.includes(opcode)) return bytesDraw(random, 20);
  if (/^(?:SET|ADD|REPLACE)/.test(opcode)) return '\0'.repeat(8);
  return /^(?:GAT|TOUCH)/.test(opcode) ? '\0'.repeat(4) : '';
}

/** A request that is right in form. */
function sound(random: Random): string {
  const kind = randomBelow(random, 3);
  const opcode = pick(random, [STORES, RETRIEVALS, COUNTS][kind]);
  const valueBytes = randomBelow(random, pick(random, [10, 500, 20_000, 300_000]));
  return requestPacket(opcode, {
    extras: extrasDraw(random, opcode),
    key: keyDraw(random),
    value: kind === 0 ? 'v'.repeat(valueBytes) : '',
    opaque: random(),
    cas: randomBelow(random, 4) === 0 ? BigInt(random()) : 0n,
  });
}

function packets(random: Random): string {
  return Array.from({ length: 1 + randomBelow(random, 30) }, () => sound(random)).join('');
}

/** Lengths that contradict one another, the opcode, or what follows. */
function lengths(random: Random): string {
  const body = bytesDraw(random, randomBelow(random, 300));
  return requestPacket(pick(random, NAMES), {
    value: body,
    extrasBytes: pick(random, EXTRAS_LENGTHS),
    keyBytes: pick(random, KEY_LENGTHS),
    bodyBytes: randomBelow(random, 2) === 0 ? body.length : pick(random, BODIES),
  });
}

/** A value that is announced, and comes in part or not at all. */
function promise(random: Random): string {
  const opcode = pick(random, STORES);
  const extras = extrasDraw(random, opcode);
  const key = keyDraw(random);
  const value = 'p'.repeat(randomBelow(random, 50_000));
  const valueBytes = pick(random, [100, 20_000, 500_000, 1_000_000, 1_048_576, 2 ** 29]);
  const bodyBytes = extras.length + key.length + Math.max(value.length, valueBytes);
  return requestPacket(opcode, { extras, key, value, bodyBytes });
}

/** Requests, the last of them cut off, most often inside its header. */
function cut(random: Random): string {
  const last = sound(random);
  const bytes = randomBelow(random, 2) === 0 ? HEADER_BYTES : last.length;
  return packets(random) + last.slice(0, randomBelow(random, bytes));
}

/** Headers of any bytes. */
function headers(random: Random): string {
  const some = Array.from({ length: 1 + randomBelow(random, 5) }, () => {
    const head = bytesDraw(random, HEADER_BYTES).slice(2);
    const opcode = String.fromCharCode(randomBelow(random, OPCODE_COUNT));
    return `\x80${opcode}${head}${bytesDraw(random, randomBelow(random, 60))}`;
  });
  return some.join('');
}

/** Many requests whose replies nobody may ever read. */
function questions(random: Random): string {
  const opcode = pick(random, ['STAT', 'GETK', 'VERSION', 'NOOP'] as const);
  const key = opcode === 'GETK' ? keyDraw(random) : '';
  return requestPacket(opcode, { key }).repeat(randomBelow(random, 2000));
}

function mutated(random: Random): string {
  const bytes = Buffer.from(packets(random), 'latin1');
  for (let change = 0; change <= randomBelow(random, 5); change++) {
    bytes[randomBelow(random, bytes.length)] = pick(random, [0, 0x80, 0x81, 255, random() & 0xff]);
  }
  return bytes.toString('latin1');
}

const KINDS = { packets, lengths, promise, cut, headers, questions, mutated } as const;

/** Input of one of the kinds. */
export function binaryDraw(random: Random): Buffer {
  const kind = pick(random, Object.values(KINDS));
  return Buffer.from(kind(random), 'latin1');
}
