/** Latencies and rates as people read them. */

import { BUSY_SHARE_MAX, type LoadOutcome } from '../../load/generator.ts';
import { type Counts, histogramPercentile, TICKS_PER_MS } from '../../load/histogram.ts';
import type { LoadPlan } from '../../load/plan.ts';
import type { KindTotals, Totals } from '../../load/tally.ts';

export const PERCENTILES = [50, 90, 99, 99.9, 99.99] as const;

const START_MS = 1000;
const US_PER_TICK = 1000 / TICKS_PER_MS;

/** Latencies of a kind, in microseconds; null where there are none. */
export interface LatencyUs {
  readonly mean: number;
  readonly percentiles: readonly number[];
  readonly max: number;
}

export function latencyUs({
  counts,
  ticksSum,
  ticksMax,
  operationCount,
}: KindTotals): LatencyUs | null {
  if (operationCount === 0) return null;
  return {
    mean: (ticksSum / operationCount) * US_PER_TICK,
    percentiles: PERCENTILES.map((percent) => percentileUs(counts, percent, ticksMax)),
    max: ticksMax * US_PER_TICK,
  };
}

export function percentileUs(counts: Counts, percent: number, ticksMax: number): number {
  return histogramPercentile(counts, percent, ticksMax) * US_PER_TICK;
}

/** Milliseconds with three digits that count: `0.123`, `1.23`, `12.3`, `123`. */
export function msText(us: number): string {
  const ms = us / 1000;
  if (!Number.isFinite(ms)) return '-';
  if (ms >= 100) return ms.toFixed(0);
  return ms.toFixed(ms >= 10 ? 1 : ms >= 1 ? 2 : 3);
}

export function secondsText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** What was counted between two looks. The highest latency between them is not known: it is the last one's. */
export function totalsBetween(before: Totals, after: Totals): KindTotals {
  const merged = {
    operationCount: 0,
    hitCount: 0,
    missCount: 0,
    refusedCount: 0,
    wrongCount: 0,
    ticksSum: 0,
    ticksMax: 0,
    counts: new Float64Array(after.kinds[0].counts.length),
  };
  after.kinds.forEach((kind, at) => {
    const earlier = before.kinds[at];
    merged.operationCount += kind.operationCount - earlier.operationCount;
    merged.hitCount += kind.hitCount - earlier.hitCount;
    merged.missCount += kind.missCount - earlier.missCount;
    merged.refusedCount += kind.refusedCount - earlier.refusedCount;
    merged.wrongCount += kind.wrongCount - earlier.wrongCount;
    merged.ticksSum += kind.ticksSum - earlier.ticksSum;
    merged.ticksMax = Math.max(merged.ticksMax, kind.ticksMax);
    for (let bucket = 0; bucket < merged.counts.length; bucket++) {
      merged.counts[bucket] += kind.counts[bucket] - earlier.counts[bucket];
    }
  });
  return merged;
}

/** How busy the busiest thread was; and the CPU time of all, where Node tells. */
export function clientUse({ parts }: LoadOutcome): {
  readonly busyMax: number;
  readonly cpuMs: number | null;
} {
  const busyMax = Math.max(0, ...parts.map(({ busyShare }) => busyShare));
  const cpus = parts.map(({ cpuMs }) => cpuMs);
  const cpuMs = cpus.some((ms) => ms === null)
    ? null
    : cpus.reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
  return { busyMax, cpuMs };
}

/**
 * Whether a thread had no time left. Under a rate it never has, since it asks the clock; and within the first moments
 * it is busy with starting.
 */
export function clientLimits({ parts, elapsedMs }: LoadOutcome, { ratePerSec }: LoadPlan): boolean {
  if (ratePerSec > 0 || elapsedMs < START_MS) return false;
  return parts.some(({ busyShare }) => busyShare >= BUSY_SHARE_MAX);
}
