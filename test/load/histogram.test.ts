/** The histogram of latencies: no bucket missing, none off by more than it says. */
import { createHistogram } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { randomMake, randomUnit } from '../../src/base/random.ts';
import {
  BUCKET_COUNT,
  bucketOf,
  bucketTicks,
  HISTOGRAM_ERROR,
  histogramPercentile,
  TICKS_MAX,
} from '../../src/load/histogram.ts';

function countsOf(ticks: readonly number[]): Uint32Array {
  const counts = new Uint32Array(BUCKET_COUNT);
  for (const tick of ticks) counts[bucketOf(tick)]++;
  return counts;
}

describe('histogram', () => {
  it('has a bucket for everything, and each begins where the one before ends', () => {
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      const first = bucketTicks(bucket);
      const last = bucketTicks(bucket + 1) - 1;
      expect(bucketOf(first)).toBe(bucket);
      expect(bucketOf(last)).toBe(bucket);
      expect(last - first).toBeLessThanOrEqual(first * HISTOGRAM_ERROR);
    }
    expect(bucketOf(0)).toBe(0);
    expect(bucketOf(TICKS_MAX)).toBe(BUCKET_COUNT - 1);
  });

  it('tells percentiles of a few', () => {
    const counts = countsOf([10, 20, 30, 40]);
    expect(histogramPercentile(counts, 0, 40)).toBe(10);
    expect(histogramPercentile(counts, 25, 40)).toBe(10);
    expect(histogramPercentile(counts, 26, 40)).toBe(20);
    expect(histogramPercentile(counts, 100, 40)).toBe(40);
    expect(histogramPercentile(countsOf([]), 50, 0)).toBeNaN();
  });

  it('tells no latency that is longer than the longest', () => {
    expect(histogramPercentile(countsOf([1_000_001]), 99.9, 1_000_001)).toBe(1_000_001);
  });

  it("agrees with Node's", () => {
    const random = randomMake(5);
    const theirs = createHistogram({ lowest: 1, highest: 2 ** 31, figures: 3 });
    const ticks = Array.from({ length: 50_000 }, () => Math.ceil(1e3 * randomUnit(random) ** -1.5));
    for (const tick of ticks) theirs.record(Math.min(tick, TICKS_MAX));
    const counts = countsOf(ticks.map((tick) => Math.min(tick, TICKS_MAX)));
    for (const percent of [1, 50, 90, 99, 99.9, 99.99]) {
      const ours = histogramPercentile(counts, percent, TICKS_MAX);
      expect(Math.abs(ours / theirs.percentile(percent) - 1)).toBeLessThan(0.01);
    }
  });
});
