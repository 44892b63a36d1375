/** A run as JSON, for programs; and its latencies as HdrHistogram writes them, for its plotter. */
import { cpus, release, totalmem, type } from 'node:os';
import {
  bucketTicks,
  histogramCount,
  histogramPercentile,
  TICKS_PER_MS,
} from '../../load/histogram.ts';
import { keyDrawText } from '../../load/key-draw.ts';
import { addressText } from '../../load/plan.ts';
import { errorsCount, type KindTotals, kindsMerge } from '../../load/tally.ts';
import { packageVersion } from '../package-facts.ts';
import { clientLimits, clientUse, latencyUs } from './figures.ts';
import { type BenchResult, sizesText } from './report.ts';
import { rounded } from './series.ts';

/** Grows when something is renamed or goes; not when something is added. */
export const RECORD_SCHEMA = 'flagstone-bench/1';
const US_PER_TICK = 1000 / TICKS_PER_MS;
/** Lines of a percentile file for each half of what is left to a hundred per cent. */
const HGRM_STEPS = 5;

/** The record as text. A histogram's buckets take a line each, not five. */
export function recordText(result: BenchResult): string {
  const text = JSON.stringify(benchRecord(result), null, 1);
  return `${text.replaceAll(/\[[\s\d.,]+\]/g, (numbers) => numbers.replaceAll(/\s+/g, ''))}\n`;
}

function benchRecord(result: BenchResult): object {
  const { outcome, series, server, startedAt, fillMs, wasInterrupted, settings } = result;
  const { totals, elapsedMs, opsPerSec, problems } = outcome;
  const all = kindsMerge(totals.kinds);
  const named = settings.plan.kinds.map(({ name }, at): [string, KindTotals] => [
    name,
    totals.kinds[at],
  ]);
  if (named.length > 1) named.push(['all', all]);
  return {
    schema: RECORD_SCHEMA,
    startedAt: startedAt.toISOString(),
    environment: environment(),
    server: {
      name: server,
      address: addressText(settings.plan.target.address),
      protocol: settings.plan.target.protocol,
      tls: settings.plan.target.tls !== null,
    },
    settings: settingsShown(result),
    fillSec: fillMs === null ? null : rounded(fillMs / 1000),
    wasInterrupted,
    elapsedSec: Number((elapsedMs / 1000).toFixed(3)),
    operationCount: all.operationCount,
    opsPerSec: rounded(opsPerSec),
    hitCount: all.hitCount,
    missCount: all.missCount,
    errorCount: errorsCount(totals),
    errors: {
      refused: all.refusedCount,
      wrong: all.wrongCount,
      unanswered: totals.unansweredCount,
      lostConnections: totals.lostCount,
      fellSilent: outcome.fellSilent,
      problems: [...problems].map(([text, count]) => ({ text, count })),
    },
    bytesIn: totals.bytesIn,
    bytesOut: totals.bytesOut,
    client: clientShown(result, all),
    latencyUs: Object.fromEntries(named.map(([name, kind]) => [name, latencyShown(kind)])),
    histogramsUs: Object.fromEntries(named.map(([name, kind]) => [name, bucketsShown(kind)])),
    series,
  };
}

function environment(): object {
  return {
    flagstone: packageVersion(),
    node: process.version,
    cpuModel: cpus()[0]?.model.trim() || 'unknown processor',
    coreCount: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
  };
}

/** Everything that was asked for, but what opens the server. */
function settingsShown({ settings }: BenchResult): object {
  const { plan, threadCount, warmupMs, fills } = settings;
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    clients: plan.connectionCount,
    threads: threadCount,
    pipeline: plan.pipelineDepth,
    kinds: plan.kinds.map(({ name, weight, words }) => ({ name, weight, words })),
    keys: plan.keyCount,
    keyPrefix: plan.keyPrefix,
    keyDistribution: keyDrawText(plan.keyDraw),
    valueBytes: sizesText(plan.valueSizes).replace(/ bytes$/, ''),
    expireSec: plan.expireSec,
    ratePerSec: plan.ratePerSec,
    seconds: finite(plan.durationMs / 1000),
    requests: finite(plan.requestCount),
    warmupSec: warmupMs / 1000,
    timeoutSec: plan.silenceMsMax / 1000,
    seed: plan.seed,
    fill: fills,
    verify: plan.verifies,
  };
}

function clientShown({ outcome, settings }: BenchResult, all: KindTotals): object {
  const { cpuMs } = clientUse(outcome);
  const hasCpu = cpuMs !== null && all.operationCount > 0;
  return {
    cpuUsPerRequest: hasCpu ? Number(((cpuMs * 1000) / all.operationCount).toFixed(3)) : null,
    wasBottleneck: clientLimits(outcome, settings.plan),
    lateCount: outcome.totals.lateCount,
    unsentCount: outcome.totals.unsentCount,
    threads: outcome.parts.map(({ busyShare, cpuMs: ms }) => ({
      busyShare: Number(busyShare.toFixed(3)),
      cpuMs: ms === null ? null : rounded(ms),
    })),
  };
}

function latencyShown(kind: KindTotals): object {
  const latency = latencyUs(kind);
  const [p50, p90, p99, p999, p9999] = latency?.percentiles.map(rounded) ?? [];
  const shown =
    latency === null
      ? null
      : { mean: rounded(latency.mean), p50, p90, p99, p999, p9999, max: rounded(latency.max) };
  return { count: kind.operationCount, ...shown };
}

/** Buckets that hold something: from, below, count. */
function bucketsShown({ counts }: KindTotals): readonly (readonly number[])[] {
  const buckets: number[][] = [];
  counts.forEach((count, bucket) => {
    if (count === 0) return;
    const edges = [bucketTicks(bucket), bucketTicks(bucket + 1)].map((ticks) =>
      rounded(ticks * US_PER_TICK),
    );
    buckets.push([...edges, count]);
  });
  return buckets;
}

/**
 * Percentiles in HdrHistogram's text format, in milliseconds, finer the nearer to a hundred per cent.
 * Source: HdrHistogram AbstractHistogram.outputPercentileDistribution.
 */
export function hgrmText(kind: KindTotals): string {
  const { counts, ticksMax, ticksSum } = kind;
  const total = histogramCount(counts);
  const lines = ['       Value     Percentile TotalCount 1/(1-Percentile)', ''];
  let percent = 0;
  for (;;) {
    const ticks = total === 0 ? 0 : histogramPercentile(counts, percent, ticksMax);
    const value = (ticks / TICKS_PER_MS).toFixed(4).padStart(12);
    const seen = countUpTo(counts, ticks);
    if (seen >= total) {
      lines.push(`${value} ${'1.000000000000'} ${`${total}`.padStart(10)}`);
      break;
    }
    const share = percent / 100;
    const cells = [
      share.toFixed(12),
      `${seen}`.padStart(10),
      (1 / (1 - share)).toFixed(2).padStart(14),
    ];
    lines.push(`${value} ${cells.join(' ')}`);
    const halves = 2 ** (Math.floor(Math.log2(100 / (100 - percent))) + 1);
    percent += 100 / (HGRM_STEPS * halves);
  }
  const mean = total === 0 ? 0 : ticksSum / total;
  const deviation = deviationOf(kind, mean, total);
  const figure = (ticks: number): string => (ticks / TICKS_PER_MS).toFixed(4).padStart(12);
  lines.push(`#[Mean    = ${figure(mean)}, StdDeviation   = ${figure(deviation)}]`);
  lines.push(`#[Max     = ${figure(ticksMax)}, Total count    = ${`${total}`.padStart(12)}]`);
  return `${lines.join('\n')}\n`;
}

function countUpTo(counts: Float64Array, ticks: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < counts.length && bucketTicks(bucket) <= ticks; bucket++) {
    seen += counts[bucket];
  }
  return seen;
}

function deviationOf({ counts }: KindTotals, mean: number, total: number): number {
  let squares = 0;
  counts.forEach((count, bucket) => {
    const middle = (bucketTicks(bucket) + bucketTicks(bucket + 1) - 1) / 2;
    squares += count * (middle - mean) ** 2;
  });
  return total === 0 ? 0 : Math.sqrt(squares / total);
}
