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

/** A sample's middle half; NaN for an empty one. */
export interface Quartiles {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

/** Quartiles of the finite numbers among `values`, each between the two nearest. */
export function quartilesOf(values: readonly number[]): Quartiles {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.ceil(place);
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
  };
  if (sorted.length === 0) return { lower: Number.NaN, median: Number.NaN, upper: Number.NaN };
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
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
