/**
 * A histogram of latencies after Gil Tene's HdrHistogram: 128 steps to each power of two, so that every latency is
 * known to 0.8 %, from a tenth of a microsecond to 214 seconds, in 12.5 KiB that never grow.
 *
 *   bucket   0 … 255     one tick each: ticks 0 … 255
 *            256 … 383   two ticks each: 256 … 511
 *            384 … 511   four ticks each, and so on; in general
 *            bucket = shift × 128 + (ticks >> shift), where ticks >> shift lies in 128 … 255
 *
 * Node's own (perf_hooks.createHistogram) has the same precision, but does not tell its buckets, cannot be read by
 * another thread while it fills, and costs a call out of JavaScript for each latency.
 *
 * Counts are words of whoever owns the array: one thread adds, any thread may read.
 */

export const TICKS_PER_MS = 10_000;
export const TICKS_MAX = 2 ** 31 - 1;
const STEP_BITS = 7;
const STEPS = 1 << STEP_BITS;
/** A latency is off by at most this share. */
export const HISTOGRAM_ERROR = 1 / STEPS;
export const BUCKET_COUNT = bucketOf(TICKS_MAX) + 1;

export type Counts = Uint32Array | Float64Array;

/** The bucket of a latency: 0 ≤ ticks ≤ TICKS_MAX. */
export function bucketOf(ticks: number): number {
  if (ticks < STEPS) return ticks;
  const shift = 31 - Math.clz32(ticks) - STEP_BITS;
  return (shift << STEP_BITS) + (ticks >>> shift);
}

/** The least latency of a bucket, in ticks; that of the bucket behind it is where it ends. */
export function bucketTicks(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = (bucket >> STEP_BITS) - 1;
  return (bucket - (shift << STEP_BITS)) * 2 ** shift;
}

export function histogramCount(counts: Counts): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

/**
 * The latency, in ticks, that `percent` of all are at or below: the highest that its bucket holds, but no higher than
 * `maxTicks`. NaN where there are none.
 */
export function histogramPercentile(counts: Counts, percent: number, maxTicks: number): number {
  const total = histogramCount(counts);
  if (total === 0) return Number.NaN;
  // Rounded before it is rounded up: 99.9 % of 1000 must not become 999.0000000001.
  const rank = Math.max(1, Math.ceil(Number(((total * percent) / 100).toFixed(6))));
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    seen += counts[bucket];
    if (seen >= rank) return Math.min(maxTicks, bucketTicks(bucket + 1) - 1);
  }
  return maxTicks;
}

/** Adds `from` to `into`. */
export function histogramAdd(into: Float64Array, from: Counts): void {
  for (let bucket = 0; bucket < from.length; bucket++) into[bucket] += from[bucket];
}
