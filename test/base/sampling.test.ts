/** How samples are spread, and that there are never too many. */
import { describe, expect, it } from 'vitest';
import { SAMPLES_MAX, Sampling, WINDOW_MS } from '../../src/base/sampling.ts';

const START_MS = 1_700_000_000_000;

/** Counts down; returns the weights of the samples. */
function pass(sampling: Sampling, count: number): number[] {
  const weights: number[] = [];
  for (let n = 0; n < count; n++) {
    if (--sampling.left > 0) continue;
    weights.push(sampling.weight);
    sampling.next();
  }
  return weights;
}

function sum(weights: readonly number[]): number {
  return weights.reduce((total, weight) => total + weight, 0);
}

describe('a sampling', () => {
  it('takes nothing before it has begun', () => {
    expect(pass(new Sampling(), 100_000)).toEqual([]);
  });

  it.each(['begun', 'told the time'])('takes all while there are few, once it was %s', (how) => {
    const sampling = new Sampling();
    if (how === 'begun') sampling.begin(START_MS);
    for (let window = 0; window < 20; window++) {
      sampling.clock(START_MS + window * WINDOW_MS);
      expect(pass(sampling, 25)).toEqual(Array.from({ length: 25 }, () => 1));
    }
  });

  it.each([500, 40_000, 200_000])('of %i in a window takes few, that stand for all', (count) => {
    const sampling = new Sampling();
    sampling.begin(START_MS);
    for (let window = 0; window < 5; window++) {
      sampling.clock(START_MS + window * WINDOW_MS);
      const weights = pass(sampling, count);
      expect(weights.length).toBeLessThanOrEqual(SAMPLES_MAX);
      expect(weights.length).toBeGreaterThan(SAMPLES_MAX / 4);
      expect(Math.abs(sum(weights) / count - 1)).toBeLessThan(window === 0 ? 0.5 : 0.25);
    }
  });

  it('follows traffic down again, by how long a window was', () => {
    const sampling = new Sampling();
    sampling.begin(START_MS);
    for (let window = 0; window < 3; window++) {
      sampling.clock(START_MS + window * WINDOW_MS);
      pass(sampling, 1_000_000);
    }
    // A thousand windows without one more: what there was in the last is little over that time.
    sampling.clock(START_MS + 1000 * WINDOW_MS);
    expect(sampling.weight).toBe(4);
    sampling.clock(START_MS + 1001 * WINDOW_MS);
    expect(pass(sampling, 5)).toEqual([1, 1, 1, 1, 1]);
  });

  it('goes on when the clock is set back', () => {
    const sampling = new Sampling();
    sampling.begin(START_MS);
    expect(pass(sampling, 1_000_000).length).toBe(SAMPLES_MAX);
    sampling.clock(START_MS - 3_600_000);
    expect(pass(sampling, 1_000_000).length).toBeGreaterThan(SAMPLES_MAX / 2);
  });
});
