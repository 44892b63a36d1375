/**
 * Latency histogram in log buckets: exact below 64 µs, then 32 buckets for each doubling, so that a
 * percentile is off by at most 1.6 %, and recording one value is a few integer operations.
 *
 *   value µs   0 … 63    64 … 127    128 … 255    …    2^26 … 2^27 (134 s; more counts as that)
 *   bucket     0 … 63    64 … 95     96 … 127     …
 *   width µs   1         2           4            …
 *
 * A histogram is a Float64Array of counts, so that threads can post it to one another as it is.
 */

const EXACT_BITS = 6;
const EXACT_COUNT = 1 << EXACT_BITS;
const STEP_BITS = 5;
const STEP_COUNT = 1 << STEP_BITS;
const VALUE_BITS = 27;
const VALUE_US_MAX = 2 ** VALUE_BITS - 1;
const BUCKET_COUNT = EXACT_COUNT + (VALUE_BITS - EXACT_BITS) * STEP_COUNT;

export type Histogram = Float64Array;

/** An empty histogram. */
export function histogramMake(): Histogram {
  return new Float64Array(BUCKET_COUNT);
}

/** Counts `count` values of `valueUs` microseconds; fractions are cut. */
export function histogramRecord(histogram: Histogram, valueUs: number, count = 1): void {
  histogram[bucketIndex(valueUs)] += count;
}

/** Adds the counts of `source` to `target`. */
export function histogramMerge(target: Histogram, source: Histogram): void {
  for (let i = 0; i < BUCKET_COUNT; i++) target[i] += source[i];
}

/**
 * The value in microseconds below or at which `percent` of all values lie: the middle of its bucket.
 *   percent   0–100
 *   returns   0 for an empty histogram
 */
export function histogramPercentileUs(histogram: Histogram, percent: number): number {
  let total = 0;
  for (const count of histogram) total += count;
  const target = Math.max(1, Math.ceil((total * percent) / 100));
  let seen = 0;
  for (let i = 0; i < BUCKET_COUNT; i++) {
    seen += histogram[i];
    if (seen >= target) return bucketMiddleUs(i);
  }
  return 0;
}

function bucketIndex(valueUs: number): number {
  const value = Math.max(0, Math.min(VALUE_US_MAX, Math.floor(valueUs)));
  if (value < EXACT_COUNT) return value;
  const bits = 32 - Math.clz32(value); // 7 for 64–127
  const step = (value >>> (bits - 1 - STEP_BITS)) & (STEP_COUNT - 1);
  return EXACT_COUNT + (bits - 1 - EXACT_BITS) * STEP_COUNT + step;
}

function bucketMiddleUs(index: number): number {
  if (index < EXACT_COUNT) return index;
  const doubling = (index - EXACT_COUNT) >>> STEP_BITS;
  const step = (index - EXACT_COUNT) & (STEP_COUNT - 1);
  const widthUs = 2 ** (doubling + EXACT_BITS - STEP_BITS);
  return (STEP_COUNT + step) * widthUs + widthUs / 2;
}
