/** Keys in hand: their words, comparison and hash, on which index and partitions rely. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  DATABASE_COUNT,
  HASH_SECRET_WORDS,
  hashSecretSet,
  hashWords,
  KEY_BYTES_LIMIT,
  KEY_TABLE,
  Key,
  keyEquals,
  keyFill,
  keyFillIn,
  keyFillWords,
  keyNamespace,
  keyScan,
} from '../../src/base/key.ts';
import { SECRET } from '../engine/fixture.ts';

const KEY_COUNT = 65536;
const keyBytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
/** What keyScan stops at: anything up to the space. */
const end = fc.integer({ min: 0, max: 0x20 });

function keyOf(bytes: Uint8Array): Key {
  const key = new Key();
  key.words.fill(-1);
  keyFill(key, bytes, 0, bytes.length);
  return key;
}

/** The bytes at a word boundary, with other bytes before and behind them. */
function wordsAround(bytes: Uint8Array, before: number): Int32Array {
  const words = new Int32Array(before + ((bytes.length + 3) >>> 2) + 1).fill(0x5a5a5a5a);
  Buffer.from(words.buffer).set(bytes, before * 4);
  return words;
}

/** The fullest of 256 bins that `bin` deals the hashes of `key:N` to, over the mean. */
function fullestBin(bin: (hash: number) => number): number {
  const bins = new Int32Array(256);
  for (let n = 0; n < KEY_COUNT; n++) bins[bin(keyOf(Buffer.from(`key:${n}`)).hash)]++;
  return Math.max(...bins) / (KEY_COUNT / bins.length);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

describe('a key', () => {
  afterAll(() => hashSecretSet(SECRET));

  it('is the same whichever way it was taken in hand', () => {
    fc.assert(
      fc.property(keyBytes, fc.nat(20), (bytes, gap) => {
        const expected = keyOf(bytes);
        expect(expected.hash).toBe(expected.hash | 0);
        const key = new Key();
        keyFill(
          key,
          Buffer.concat([Buffer.alloc(gap, 7), bytes, Buffer.from('tail')]),
          gap,
          bytes.length,
        );
        expect([key.hash, key.bytes]).toEqual([expected.hash, bytes.length]);
        const words = wordsAround(bytes, gap);
        expect(hashWords(words, gap, bytes.length)).toBe(expected.hash);
        expect(keyEquals(key, words, gap)).toBe(true);
        keyFillWords(key, words, gap, bytes.length << 1);
        expect([key.hash, key.bytes]).toEqual([expected.hash, bytes.length]);
        const count = (bytes.length + 3) >>> 2;
        expect([...key.words.subarray(0, count)]).toEqual([...expected.words.subarray(0, count)]);
      }),
    );
  });

  it('stands in a namespace, which is a word before its name', () => {
    const namespaces = fc.oneof(fc.nat(DATABASE_COUNT), fc.integer({ min: 1, max: 2 ** 28 }));
    fc.assert(
      fc.property(keyBytes, fc.nat(20), namespaces, (bytes, gap, namespace) => {
        const key = new Key();
        const source = Buffer.concat([Buffer.alloc(gap, 7), bytes, Buffer.from('tail')]);
        keyFillIn(key, namespace, source, gap, bytes.length);
        const word = Buffer.alloc(namespace === 0 ? 0 : 4);
        if (namespace !== 0) word.writeUInt32LE(namespace);
        const expected = keyOf(Buffer.concat([word, bytes]));
        expect([key.bytes, key.hash]).toEqual([expected.bytes, expected.hash]);
        expect(key.tag).toBe(expected.tag | (namespace === 0 ? 0 : 1));
        expect(keyNamespace(key)).toBe(namespace);
        const table = namespace < DATABASE_COUNT ? KEY_TABLE.KEYS : KEY_TABLE.MEMBERS;
        expect(key.table).toBe(table);
        const words = wordsAround(Buffer.concat([word, bytes]), gap);
        expect(keyEquals(key, words, gap)).toBe(true);
        const read = new Key();
        keyFillWords(read, words, gap, key.tag);
        expect([read.hash, read.tag, read.table]).toEqual([key.hash, key.tag, table]);
      }),
    );
  });

  it('forgets the namespace that the one before it had', () => {
    const name = Buffer.from('name ');
    for (const fill of [
      (key: Key) => keyFill(key, name, 0, 4),
      (key: Key) => keyScan(key, viewOf(Buffer.from('name \r\n, more')), 0),
    ]) {
      const key = new Key();
      keyFillIn(key, 99, name, 0, 4);
      fill(key);
      expect([key.tag, key.table, key.hash]).toEqual([
        8,
        KEY_TABLE.KEYS,
        keyOf(name.subarray(0, 4)).hash,
      ]);
    }
  });

  it('ends where a scan finds the first byte that is not above the space', () => {
    fc.assert(
      fc.property(keyBytes, end, fc.nat(5), (bytes, stop, gap) => {
        const name = bytes.map((byte) => (byte <= 0x20 ? byte + 0x21 : byte));
        const line = Buffer.concat([
          Buffer.alloc(gap),
          name,
          Buffer.from([stop, 0x41, 0x41, 0x41]),
        ]);
        const key = new Key();
        expect(keyScan(key, viewOf(line), gap)).toBe(gap + name.length);
        expect([key.bytes, key.hash]).toEqual([name.length, keyOf(name).hash]);
        expect(keyEquals(key, wordsAround(name, 1), 1)).toBe(true);
      }),
    );
    expect(keyScan(new Key(), viewOf(Buffer.from(' abc')), 0)).toBe(0);
  });

  it('is scanned up to its limit, and not refused or overrun beyond', () => {
    const key = new Key();
    const line = Buffer.concat([Buffer.alloc(KEY_BYTES_LIMIT + 100, 'k'), Buffer.from('\r\n')]);
    expect(keyScan(key, viewOf(line), 0)).toBe(KEY_BYTES_LIMIT);
    expect(key.bytes).toBe(KEY_BYTES_LIMIT);
    keyFill(key, line, 0, KEY_BYTES_LIMIT);
    expect(() => keyFill(key, line, 0, KEY_BYTES_LIMIT + 1)).toThrow('invariant');
    keyFillIn(key, 5, line, 0, KEY_BYTES_LIMIT);
    expect(() => keyFillIn(key, 5, line, 0, KEY_BYTES_LIMIT + 1)).toThrow('invariant');
  });

  it('differs from any other in comparison, in every byte', () => {
    fc.assert(
      fc.property(keyBytes, fc.nat(), fc.nat(7), (bytes, at, bit) => {
        const other = Uint8Array.from(bytes);
        other[at % bytes.length] ^= 1 << bit;
        expect(keyEquals(keyOf(bytes), wordsAround(other, 2), 2)).toBe(false);
        expect(keyOf(other).hash).not.toBe(keyOf(bytes).hash);
      }),
      { seed: 1 },
    );
  });
});

describe('the key hash', () => {
  afterAll(() => hashSecretSet(SECRET));

  it('tells apart keys that differ in trailing zeros only', () => {
    const hashes = Array.from({ length: 64 }, (_, bytes) => keyOf(Buffer.alloc(bytes)).hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('depends on each word of the secret', () => {
    const secrets = [SECRET];
    for (let word = 0; word < HASH_SECRET_WORDS; word++) {
      secrets.push(SECRET.with(word, SECRET[word] ^ 0x10));
    }
    const hashes = secrets.map((secret) => {
      hashSecretSet(secret);
      return keyOf(Buffer.from('some key')).hash;
    });
    expect(new Set(hashes).size).toBe(secrets.length);
  });

  it('spreads its low, middle and top bits, for one secret as for another', () => {
    for (let draw = 0; draw < 4; draw++) {
      hashSecretSet(SECRET.map((word) => Math.imul(word + draw, 0x9e3779b1)));
      expect(fullestBin((hash) => hash & 0xff)).toBeLessThan(1.5);
      expect(fullestBin((hash) => (hash >>> 17) & 0xff)).toBeLessThan(1.5);
      expect(fullestBin((hash) => hash >>> 24)).toBeLessThan(1.5);
    }
  });
});
