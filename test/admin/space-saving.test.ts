/** Space-Saving keeps what it promises, whatever comes. */
import { describe, expect, it } from 'vitest';
import { SpaceSaving } from '../../src/admin/space-saving.ts';

/** Marsaglia's xorshift: the same on every run. */
function randomMake(seed: number): () => number {
  let bits = seed;
  return () => {
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    return (bits >>> 0) / 2 ** 32;
  };
}

function add(counts: SpaceSaving<string>, name: string, weight = 1): void {
  counts.add(name, weight, () => name);
}

describe('Space-Saving', () => {
  it('is exact while there is a counter for each', () => {
    const counts = new SpaceSaving<string>(3);
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) add(counts, name);
    const rows = counts.top(9).map(({ value, count, countError }) => [value, count, countError]);
    expect(rows).toEqual([
      ['a', 3, 0],
      ['b', 2, 0],
      ['c', 1, 0],
    ]);
    expect(counts.total).toBe(6);
  });

  it('gives the smallest counter away, with its count', () => {
    const counts = new SpaceSaving<string>(2);
    add(counts, 'a', 9);
    add(counts, 'b', 2);
    add(counts, 'c', 3);
    const rows = counts.top(2).map(({ value, count, countError }) => [value, count, countError]);
    expect(rows).toEqual([
      ['a', 9, 0],
      ['c', 5, 2],
    ]);
  });

  it.each([1, 2, 7, 64, 1000])(
    'with %i counters is never too low, nor too high by more than it says',
    (counters) => {
      const random = randomMake(counters + 1);
      const counts = new SpaceSaving<string>(counters);
      const truth = new Map<string, number>();
      for (let n = 0; n < 20_000; n++) {
        const name = `key ${Math.floor(1 / (random() + 0.0005))}`;
        const weight = 1 + Math.floor(random() * 5);
        truth.set(name, (truth.get(name) ?? 0) + weight);
        add(counts, name, weight);
      }
      const rows = counts.top(counters);
      for (const { value, count, countError } of rows) {
        const isTrue = truth.get(value) ?? 0;
        expect(count).toBeGreaterThanOrEqual(isTrue);
        expect(count - countError).toBeLessThanOrEqual(isTrue);
        expect(countError).toBeLessThanOrEqual(counts.total / counters);
      }
      // All weight is in the counters, and whatever has a greater part than one of them has one.
      expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(counts.total);
      const found = new Set(rows.map(({ value }) => value));
      for (const [name, count] of truth) {
        if (count > counts.total / counters) expect(found).toContain(name);
      }
      expect(rows.map(({ count }) => count)).toEqual(
        rows.map(({ count }) => count).sort((a, b) => b - a),
      );
    },
  );
});
