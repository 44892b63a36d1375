/** Medians, spreads and ratios of small samples. */

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

/**
 * Ratio of rounds that ran in turn, a0 b0 a1 b1 …: between neighbours (a0/b0, a1/b0, a1/b1, …), so that
 * a slow drift of the machine cancels.
 */
export function ratioSummaryOf(a: readonly number[], b: readonly number[]): Summary {
  return summaryOf([
    ...a.map((value, i) => value / b[i]),
    ...a.slice(1).map((value, i) => value / b[i]),
  ]);
}
