/** Distributions of keys: what is drawn has the frequencies that were asked for. Seeds are fixed. */
import { describe, expect, it } from 'vitest';
import { randomMake } from '../../src/base/random.ts';
import { keyDrawer, keyDrawParse, keyDrawText } from '../../src/load/key-draw.ts';

const DRAWS = 200_000;

/** How often each key is drawn. */
function drawn(text: string, keyCount: number, seed = 1): number[] {
  const draw = keyDrawer(keyDrawParse(text, '--key-distribution'), keyCount, randomMake(seed));
  const counts = new Array<number>(keyCount).fill(0);
  for (let i = 0; i < DRAWS; i++) counts[draw()]++;
  return counts;
}

/**
 * Pearson's chi-squared, as so many standard deviations above what chance alone brings: keys of which few are
 * expected are put together.
 */
function excess(counts: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let squares = 0;
  let bins = 0;
  let seen = 0;
  let expected = 0;
  for (const [key, count] of counts.entries()) {
    seen += count;
    expected += (weights[key] / total) * DRAWS;
    if (expected < 20) continue;
    squares += (seen - expected) ** 2 / expected;
    bins++;
    seen = 0;
    expected = 0;
  }
  return (squares - (bins - 1)) / Math.sqrt(2 * (bins - 1));
}

describe('key distributions', () => {
  it.each([0.1, 0.5, 0.9, 0.99, 1, 1.0000000001, 1.2, 2, 5])('zipf:%s', (theta) => {
    const weights = Array.from({ length: 1000 }, (_, key) => (key + 1) ** -theta);
    expect(Math.abs(excess(drawn(`zipf:${theta}`, 1000), weights))).toBeLessThan(4);
  });

  it('zipf differs from a neighbouring exponent by more than chance', () => {
    const weights = Array.from({ length: 1000 }, (_, key) => (key + 1) ** -0.95);
    expect(excess(drawn('zipf:0.99', 1000), weights)).toBeGreaterThan(4);
  });

  it('zipf over one key and two', () => {
    expect(drawn('zipf', 1)).toEqual([DRAWS]);
    expect(Math.abs(excess(drawn('zipf:1', 2), [2, 1]))).toBeLessThan(4);
  });

  it('zipf over all the keys that there may be', () => {
    const draw = keyDrawer({ kind: 'zipf', theta: 0.6 }, 2 ** 31 - 1, randomMake(3));
    const keys = Array.from({ length: 1000 }, draw);
    expect(keys.every((key) => Number.isInteger(key) && key >= 0 && key < 2 ** 31 - 1)).toBe(true);
    // Half of the requests go to the first 2^31 × 0.5^(1 / 0.4) keys.
    const half = keys.filter((key) => key < 2 ** 31 * 0.5 ** 2.5).length;
    expect(half).toBeGreaterThan(430);
    expect(half).toBeLessThan(570);
  });

  it('uniform', () => {
    expect(Math.abs(excess(drawn('uniform', 1000), new Array(1000).fill(1)))).toBeLessThan(4);
  });

  it('gaussian, around the middle', () => {
    const normal = (at: number): number => Math.exp(-(((at + 0.5 - 500) / 100) ** 2) / 2);
    const weights = Array.from({ length: 1000 }, (_, key) => normal(key));
    expect(Math.abs(excess(drawn('gaussian:0.1', 1000), weights))).toBeLessThan(4);
  });

  it('hotspot', () => {
    const weights = Array.from({ length: 1000 }, (_, key) => (key < 100 ? 9 / 100 : 1 / 900));
    expect(Math.abs(excess(drawn('hotspot:10%:0.9', 1000), weights))).toBeLessThan(4);
    expect(drawn('hotspot:1:0.5', 10).every((count) => count > 0)).toBe(true);
  });

  it('sequential walks its part, again and again', () => {
    const draw = keyDrawer({ kind: 'sequential' }, 10, randomMake(1), 3, 6);
    expect(Array.from({ length: 7 }, draw)).toEqual([3, 4, 5, 3, 4, 5, 3]);
  });

  it('draws the same for the same seed, and something else for another', () => {
    expect(drawn('zipf', 50, 7)).toEqual(drawn('zipf', 50, 7));
    expect(drawn('zipf', 50, 7)).not.toEqual(drawn('zipf', 50, 8));
  });

  it('is said as it is given', () => {
    for (const text of ['uniform', 'sequential', 'zipf:0.7', 'gaussian:0.2', 'hotspot:0.1:0.9']) {
      expect(keyDrawText(keyDrawParse(text, ''))).toBe(text);
    }
    expect(keyDrawText(keyDrawParse('zipf', ''))).toBe('zipf:0.99');
  });

  it.each(['', 'pareto', 'zipf:0', 'zipf:x', 'zipf:1:2', 'uniform:1', 'hotspot:2', 'gaussian:-1'])(
    'refuses %j',
    (text) => {
      expect(() => keyDrawParse(text, '--key-distribution')).toThrow(/^--key-distribution: /);
    },
  );
});
