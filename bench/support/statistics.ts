/** Medians, spreads and ratios of small samples. */

/** So many standard deviations from its mean hold 95 % of a normal distribution. */
const DEVIATIONS_95 = 1.96;

/** A sample's middle and its ends; NaN for an empty one. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Summary of the finite numbers among `values`. */
export function summaryOf(values: readonly number[]): Summary {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** A sample's median, and between what bounds that of all such samples is in 19 of 20 cases. */
export interface Estimate {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Estimate from the finite numbers among `values`; NaN for an empty sample. The bounds are values of the sample, so
 * many places from its middle as a coin's heads may be from half of the throws; its ends where it is small.
 * Source: Conover, "Practical Nonparametric Statistics", 3rd edition, section 3.2.
 */
export function medianEstimate(values: readonly number[]): Estimate {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  const { length } = sorted;
  const places = Math.max(0, Math.floor((length - DEVIATIONS_95 * Math.sqrt(length)) / 2));
  return {
    median: summaryOf(sorted).median,
    lower: sorted[places] ?? Number.NaN,
    upper: sorted[length - 1 - places] ?? Number.NaN,
  };
}

/**
 * Ratios of rounds that ran in turn, a0 b0 a1 b1 …: between neighbours (a0/b0, a1/b0, a1/b1, …), so that
 * a slow drift of the machine cancels.
 */
export function neighbourRatios(a: readonly number[], b: readonly number[]): readonly number[] {
  return [...a.map((value, i) => value / b[i]), ...a.slice(1).map((value, i) => value / b[i])];
}

/** Their summary. */
export function ratioSummaryOf(a: readonly number[], b: readonly number[]): Summary {
  return summaryOf(neighbourRatios(a, b));
}
