/**
 * How long something took, in steps of an eighth of their power of two, counted by step. A step is 64 ns or
 * more, so that powers of 1,024 ns, which LATENCY HISTOGRAM shows, fall between two steps.
 */

export const TIME_STEP_COUNT = 232;
const UNITS_PER_US = 1000 / 64;
const UNITS_MAX = 2 ** 31 - 1;

/** The step of a time: units 0–7 as they are; from there on eight steps for each power of two. */
export function timeStep(us: number): number {
  const units = Math.min(us * UNITS_PER_US, UNITS_MAX) | 0;
  if (units < 8) return units;
  const power = 31 - Math.clz32(units);
  return ((power - 2) << 3) + ((units >>> (power - 3)) & 7);
}

/** The units at which a step ends: its first that is not in it. */
function stepEnd(step: number): number {
  if (step < 8) return step + 1;
  const power = (step >>> 3) + 2;
  return (9 + (step & 7)) * 2 ** (power - 3);
}

/** A percentile in microseconds: the end of the step where it lies. */
export function timePercentile(counts: Float64Array, percent: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const wanted = Math.max(1, Math.ceil((total * percent) / 100));
  let below = 0;
  for (let step = 0; step < counts.length; step++) {
    below += counts[step];
    if (below >= wanted) return (stepEnd(step) - 1 / UNITS_PER_US) / UNITS_PER_US;
  }
  return 0;
}

/** Runs that took no more than 1,024 ns × 2^n each, for every n at which there are more than before. */
export function timeHistogram(
  counts: Float64Array,
): readonly (readonly [n: number, runs: number])[] {
  const rows: [number, number][] = [];
  let runs = 0;
  let before = 0;
  let n = 0;
  for (let step = 0; step < counts.length; step++) {
    runs += counts[step];
    if (stepEnd(step) !== 16 * 2 ** n) continue;
    if (runs > before) rows.push([n, runs]);
    before = runs;
    n++;
  }
  return rows;
}

/** Limits of timeBuckets: 1,024 ns × 2^n. */
export const TIME_BUCKET_LIMITS_US: readonly number[] = Array.from(
  { length: 21 },
  (_, n) => 1.024 * 2 ** n,
);

/** How many runs took no more than each of the limits and more than the one before; the last word: the rest. */
export function timeBuckets(counts: Float64Array): Float64Array {
  const buckets = new Float64Array(TIME_BUCKET_LIMITS_US.length + 1);
  let n = 0;
  for (let step = 0; step < counts.length; step++) {
    while (n < TIME_BUCKET_LIMITS_US.length && stepEnd(step) > 16 * 2 ** n) n++;
    buckets[n] += counts[step];
  }
  return buckets;
}
