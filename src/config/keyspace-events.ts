/**
 * Classes of keyspace events: the letters of notify-keyspace-events, and a bit for each.
 * Source: Redis src/notify.c, server.h (NOTIFY_*).
 */
import { parsed, refused, type ValueType, wordQuoted } from './value-type.ts';

export const KEY_EVENT = {
  KEYSPACE: 1 << 0, // K: publish on __keyspace@DB__:KEY
  KEYEVENT: 1 << 1, // E: publish on __keyevent@DB__:EVENT
  GENERIC: 1 << 2, // g
  STRING: 1 << 3, // $
  LIST: 1 << 4, // l
  SET: 1 << 5, // s
  HASH: 1 << 6, // h
  ZSET: 1 << 7, // z
  EXPIRED: 1 << 8, // x
  EVICTED: 1 << 9, // e
  STREAM: 1 << 10, // t
  KEY_MISS: 1 << 11, // m
  MODULE: 1 << 13, // d
  NEW: 1 << 14, // n
} as const;

/** What `A` stands for, in the order in which the letters are shown. */
const CLASSES: readonly (readonly [letter: string, bit: number])[] = [
  ['g', KEY_EVENT.GENERIC],
  ['$', KEY_EVENT.STRING],
  ['l', KEY_EVENT.LIST],
  ['s', KEY_EVENT.SET],
  ['h', KEY_EVENT.HASH],
  ['z', KEY_EVENT.ZSET],
  ['x', KEY_EVENT.EXPIRED],
  ['e', KEY_EVENT.EVICTED],
  ['t', KEY_EVENT.STREAM],
  ['d', KEY_EVENT.MODULE],
];

/** Those that `A` leaves out: too frequent, or not a class. */
const OTHERS: readonly (readonly [letter: string, bit: number])[] = [
  ['K', KEY_EVENT.KEYSPACE],
  ['E', KEY_EVENT.KEYEVENT],
  ['m', KEY_EVENT.KEY_MISS],
  ['n', KEY_EVENT.NEW],
];

const ALL = CLASSES.reduce((bits, [, bit]) => bits | bit, 0);
const BIT_OF = new Map<string, number>([...CLASSES, ...OTHERS, ['A', ALL]]);

/** Letters → bits of KEY_EVENT. */
export function keyspaceEvents(): ValueType<number> {
  return {
    parse([word]) {
      let bits = 0;
      for (const letter of word) {
        const bit = BIT_OF.get(letter);
        if (bit === undefined) {
          return refused("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        }
        bits |= bit;
      }
      return parsed(bits, keyspaceEventsText(bits));
    },
    fileTexts: (text) => [wordQuoted(text)],
  };
}

/** Bits → letters, in canonical order. */
export function keyspaceEventsText(bits: number): string {
  const lettersOf = (rows: typeof CLASSES): string =>
    rows.map(([letter, bit]) => ((bits & bit) === 0 ? '' : letter)).join('');
  return ((bits & ALL) === ALL ? 'A' : lettersOf(CLASSES)) + lettersOf(OTHERS);
}
