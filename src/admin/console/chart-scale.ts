/** Where an axis begins and ends: at round numbers, and for as long as they will do. */

/** The top gives way when the highest value is below this share of what would do. */
const SLACK = 0.4;
const DECIMAL_TOPS = [1, 2, 4, 6, 8, 10];
const LOG_RANGE: [number, number] = [10, 1000];

export type ScaleKind = {
  readonly isLog: boolean;
  readonly isBytes?: boolean;
  readonly topMin: number;
};

/** The range for these values where the top was `topBefore`; null: there was none. */
export function scaleSteady(
  values: readonly number[],
  kind: ScaleKind,
  topBefore: number | null,
): [number, number] {
  let high = 0;
  let low = Number.POSITIVE_INFINITY;
  for (const value of values) {
    if (value > high) high = value;
    if (value > 0 && value < low) low = value;
  }
  if (kind.isLog) return scaleLog(low, high);
  const wanted = Math.max(kind.topMin, kind.isBytes === true ? topOfTwo(high) : topOfTen(high));
  const isKept = topBefore !== null && high <= topBefore && wanted > topBefore * SLACK;
  return [0, isKept ? topBefore : wanted];
}

/** Whole decades, two at least. */
function scaleLog(low: number, high: number): [number, number] {
  if (high === 0) return LOG_RANGE;
  const from = 10 ** Math.floor(Math.log10(low));
  const to = 10 ** Math.ceil(Math.log10(high));
  return [from, Math.max(to, from * 100)];
}

function topOfTen(high: number): number {
  if (high <= 0) return 0;
  const unit = 10 ** Math.floor(Math.log10(high));
  return unit * (DECIMAL_TOPS.find((top) => high <= top * unit) ?? 10);
}

function topOfTwo(high: number): number {
  return high <= 0 ? 0 : 2 ** Math.ceil(Math.log2(high));
}
