/** What threads note of keys: the counts are exact, the samples are fair, few, and come out as they went in. */
import { describe, expect, it } from 'vitest';
import { Key, keyFill, keyFillIn } from '../../src/base/key.ts';
import { SAMPLES_MAX, WINDOW_MS } from '../../src/base/sampling.ts';
import {
  KeyTap,
  KeyTapReader,
  keyAsked,
  keyTapBytes,
  keyTapClock,
  partitionOperations,
  SAMPLED_BYTES_MAX,
  SLOT_COUNT,
} from '../../src/memory/key-tap.ts';

const THREADS = 2;
const START_MS = 1_700_000_000_000;
const END_MS = START_MS + 10_000;

type Seen = { name: string; bytes: number; namespace: number; weight: number };

function setup(): { sab: SharedArrayBuffer; taps: KeyTap[]; reader: KeyTapReader } {
  const sab = new SharedArrayBuffer(keyTapBytes(THREADS));
  const taps = Array.from({ length: THREADS }, (_, thread) => new KeyTap(sab, thread));
  return { sab, taps, reader: new KeyTapReader(sab) };
}

function drained(reader: KeyTapReader): { seen: Seen[]; lost: number } {
  const seen: Seen[] = [];
  const lost = reader.drain(({ u8, heldBytes, bytes, namespace, weight }) => {
    seen.push({ name: u8.toString('latin1', 0, heldBytes), bytes, namespace, weight });
  });
  return { seen, lost };
}

const key = new Key();
function ask(tap: KeyTap, name: string, partition = 0, namespace = 0): void {
  const bytes = Buffer.from(name, 'latin1');
  keyFillIn(key, namespace, bytes, 0, bytes.length);
  keyAsked(tap, partition, key);
}

function weightOf(seen: readonly Seen[]): number {
  return seen.reduce((sum, { weight }) => sum + weight, 0);
}

describe('operations by partition', () => {
  it('are counted by all threads, whether a sampling is on or not', () => {
    const { taps, reader } = setup();
    for (let n = 0; n < 5; n++) ask(taps[0], 'a', 3);
    reader.until(END_MS);
    keyTapClock(taps[1], START_MS);
    for (let n = 0; n < 7; n++) ask(taps[1], 'a', 3);
    ask(taps[1], 'b', 63);
    expect(partitionOperations(taps[0], 3)).toBe(12);
    expect(partitionOperations(taps[0], 63)).toBe(1);
    expect(partitionOperations(taps[0], 0)).toBe(0);
  });

  it('go beyond 32 bits', () => {
    const { taps } = setup();
    taps[0].f64[taps[0].operations + 1] = 2 ** 32 - 1;
    ask(taps[0], 'a', 1);
    ask(taps[0], 'a', 1);
    expect(partitionOperations(taps[0], 1)).toBe(2 ** 32 + 1);
  });

  it('are not those of a thread that is no data thread', () => {
    const { sab, taps } = setup();
    for (const thread of [-2, -1, THREADS, 40]) ask(new KeyTap(sab, thread), 'a', 1);
    expect(partitionOperations(taps[0], 1)).toBe(0);
  });
});

describe('a sampling', () => {
  it('is off until it is asked for, and off again at its end', () => {
    const { taps, reader } = setup();
    const [tap] = taps;
    keyTapClock(tap, START_MS);
    ask(tap, 'before');
    reader.until(END_MS);
    ask(tap, 'in the batch that was under way');
    keyTapClock(tap, END_MS - 1);
    ask(tap, 'while');
    keyTapClock(tap, END_MS);
    ask(tap, 'after');
    expect(drained(reader).seen.map(({ name }) => name)).toEqual(['while']);
  });

  it('begins anew for who asks again, though the thread never saw the end of the one before', () => {
    const { taps, reader } = setup();
    const [tap] = taps;
    reader.until(END_MS);
    keyTapClock(tap, START_MS);
    for (let n = 0; n < 100_000; n++) ask(tap, 'rush');
    reader.until(0);
    reader.skip();
    reader.until(END_MS + 1);
    keyTapClock(tap, START_MS + 1);
    ask(tap, 'rare');
    expect(drained(reader).seen).toEqual([{ name: 'rare', bytes: 4, namespace: 0, weight: 1 }]);
  });

  it('copies every key while they are few', () => {
    const { taps, reader } = setup();
    reader.until(END_MS);
    const names = Array.from({ length: 20 }, (_, n) => `key ${n}`);
    for (const [at, name] of names.entries()) {
      keyTapClock(taps[at % 2], START_MS + at * 20);
      ask(taps[at % 2], name);
    }
    const { seen, lost } = drained(reader);
    expect(seen.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(weightOf(seen)).toBe(20);
    expect(lost).toBe(0);
  });

  it.each([1000, 30_000, 300_000])(
    'of %i operations a window stays within bounds, and adds up',
    (operations) => {
      const { taps, reader } = setup();
      const [tap] = taps;
      reader.until(END_MS);
      for (let window = 0; window < 10; window++) {
        keyTapClock(tap, START_MS + window * WINDOW_MS);
        for (let n = 0; n < operations; n++) keyAsked(tap, 0, key);
        const { seen, lost } = drained(reader);
        expect(lost).toBe(0);
        expect(seen.length).toBeLessThanOrEqual(SAMPLES_MAX);
        expect(seen.length).toBeGreaterThan(SAMPLES_MAX / 4);
        // Distances vary by 58 %: of 200 samples the sum by 4 %. In the first window some stand for far more.
        const error = Math.abs(weightOf(seen) / operations - 1);
        expect(error).toBeLessThan(window === 0 ? 0.5 : 0.25);
      }
    },
  );

  it('keeps to the bound when traffic grows a thousandfold', () => {
    const { taps, reader } = setup();
    const [tap] = taps;
    reader.until(END_MS);
    for (const [window, operations] of [300, 300, 300_000, 300, 300_000].entries()) {
      keyTapClock(tap, START_MS + window * WINDOW_MS);
      for (let n = 0; n < operations; n++) keyAsked(tap, 0, key);
      expect(drained(reader).seen.length).toBeLessThanOrEqual(SAMPLES_MAX);
    }
  });

  it('samples anew what comes rarely, after a rush', () => {
    const { taps, reader } = setup();
    const [tap] = taps;
    reader.until(END_MS);
    for (let window = 0; window < 3; window++) {
      keyTapClock(tap, START_MS + window * WINDOW_MS);
      for (let n = 0; n < 300_000; n++) ask(tap, 'rush');
      drained(reader);
    }
    keyTapClock(tap, START_MS + 3 * WINDOW_MS); // as busy as the window before it, it seems
    keyTapClock(tap, START_MS + 4 * WINDOW_MS);
    ask(tap, 'rare');
    expect(drained(reader).seen).toEqual([{ name: 'rare', bytes: 4, namespace: 0, weight: 1 }]);
  });

  it('is fair to requests that repeat themselves in step', () => {
    const { taps, reader } = setup();
    const [tap] = taps;
    reader.until(END_MS);
    const counts = new Map<string, number>();
    for (let window = 0; window < 50; window++) {
      keyTapClock(tap, START_MS + window * WINDOW_MS);
      for (let n = 0; n < 4096; n++) ask(tap, `key ${n % 16}`);
      for (const { name, weight } of drained(reader).seen) {
        counts.set(name, (counts.get(name) ?? 0) + weight);
      }
    }
    // About 800 samples each: 20 % are more than five standard deviations.
    const fair = (50 * 4096) / 16;
    expect(counts.size).toBe(16);
    for (const [name, count] of counts) {
      expect(Math.abs(count / fair - 1), name).toBeLessThan(0.2);
    }
  });
});

describe('a sampled key', () => {
  const anyBytes = Buffer.from(Array.from({ length: 100 }, (_, n) => (n * 89) & 0xff)).toString(
    'latin1',
  );

  it.each([0, 1, 3, 4, 5, 111, 112])('of %i bytes is whole', (bytes) => {
    const { taps, reader } = setup();
    reader.until(END_MS);
    const name = `${anyBytes}${anyBytes}`.slice(0, bytes);
    for (const namespace of [0, 15]) {
      keyTapClock(taps[0], START_MS);
      ask(taps[0], name, 0, namespace);
      expect(drained(reader).seen).toEqual([{ name, bytes, namespace, weight: 1 }]);
    }
  });

  it('that is longer than a slot is cut, and tells its length', () => {
    const { taps, reader } = setup();
    reader.until(END_MS);
    keyTapClock(taps[0], START_MS);
    const name = anyBytes.repeat(80);
    ask(taps[0], name, 0, 3);
    ask(taps[0], name.slice(0, 113));
    expect(drained(reader).seen).toEqual([
      { name: name.slice(0, SAMPLED_BYTES_MAX), bytes: 8000, namespace: 3, weight: 1 },
      { name: name.slice(0, SAMPLED_BYTES_MAX), bytes: 113, namespace: 0, weight: 1 },
    ]);
  });

  it('that nobody came for in time is lost, and counted as that', () => {
    const { taps, reader } = setup();
    const [tap] = taps;
    reader.until(START_MS * 2);
    for (let n = 0; n < SLOT_COUNT + 50; n++) {
      keyTapClock(tap, START_MS + n * WINDOW_MS); // each in a window of its own
      ask(tap, `${n}`);
    }
    const { seen, lost } = drained(reader);
    // The slot that would be written next is not trusted either.
    expect(lost).toBe(51);
    expect(seen.map(({ name }) => name)).toEqual(
      Array.from({ length: SLOT_COUNT - 1 }, (_, n) => `${n + 51}`),
    );
  });

  it('of an earlier sampling is skipped', () => {
    const { taps, reader } = setup();
    reader.until(END_MS);
    keyTapClock(taps[0], START_MS);
    ask(taps[0], 'old');
    reader.skip();
    ask(taps[0], 'new');
    expect(drained(reader).seen.map(({ name }) => name)).toEqual(['new']);
  });

  it('of a thread that died is there still, and its successor goes on behind it', () => {
    const { sab, taps, reader } = setup();
    reader.until(END_MS);
    keyTapClock(taps[1], START_MS);
    ask(taps[1], 'of the first', 5);
    const successor = new KeyTap(sab, 1);
    keyTapClock(successor, START_MS + 1);
    ask(successor, 'of the second', 5);
    expect(drained(reader).seen.map(({ name }) => name)).toEqual(['of the first', 'of the second']);
    expect(partitionOperations(taps[0], 5)).toBe(2);
  });

  it('that a thread was writing when it died does not come out', () => {
    const { taps, reader } = setup();
    const [tap] = taps;
    reader.until(END_MS);
    keyTapClock(tap, START_MS);
    keyFill(key, Buffer.from('half'), 0, 4);
    tap.i32.set(key.words.subarray(0, 1), tap.ring + 4); // the words, and never the head
    expect(drained(reader)).toEqual({ seen: [], lost: 0 });
  });
});
