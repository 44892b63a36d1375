/**
 * Rounds boiled down. A server's figure is the median of its rounds. A ratio is the median over
 * neighbouring rounds of the two servers (A1/B1, A2/B1, A2/B2, …), so that a slow drift of the machine
 * cancels. Disturbed rounds are left out where enough others remain.
 */

import { numberFormat, tableFormat } from '../support/markdown.ts';
import { type Summary, summaryOf } from '../support/statistics.ts';
import type { Round } from './round.ts';

export type Metric = 'cpuUsPerOp' | 'opsPerSec' | 'p50Us' | 'p99Us' | 'p999Us';

export interface Comparison {
  readonly pipelineDepth: number;
  /** Offered load; 0: as fast as it goes. */
  readonly ratePerSec: number;
  readonly serverNames: readonly string[];
  /** In the order they ran in. */
  readonly rounds: readonly Round[];
  /** Wrong replies of the checked warm-up, by server. */
  readonly checkErrorCounts: readonly number[];
}

/** What a metric is called and shown with, in the report's order. */
const METRICS: readonly {
  readonly name: Metric;
  readonly title: string;
  readonly scale: number;
  readonly digits: number;
}[] = [
  { name: 'cpuUsPerOp', title: 'CPU µs/op', scale: 1, digits: 2 },
  { name: 'opsPerSec', title: 'ops/s', scale: 1, digits: 0 },
  { name: 'p50Us', title: 'p50 ms', scale: 1e-3, digits: 3 },
  { name: 'p99Us', title: 'p99 ms', scale: 1e-3, digits: 3 },
  { name: 'p999Us', title: 'p99.9 ms', scale: 1e-3, digits: 3 },
];

const CLEAN_COUNT_MIN = 3;

/** A metric of one server over its rounds. */
export function metricSummary(
  comparison: Comparison,
  serverName: string,
  metric: Metric,
): Summary | null {
  const own = comparison.rounds.filter((round) => round.serverName === serverName);
  return summaryOf(cleanPart(own).map((round) => round[metric] ?? Number.NaN));
}

/** First server's metric to the second's, over neighbouring rounds. */
export function ratioSummary(comparison: Comparison, metric: Metric): Summary | null {
  const { rounds, serverNames } = comparison;
  const pairs: { readonly ratio: number; readonly disturbed: boolean }[] = [];
  for (let i = 1; i < rounds.length; i++) {
    const two = [rounds[i - 1], rounds[i]];
    const ours = two.find((round) => round.serverName === serverNames[0]);
    const peer = two.find((round) => round.serverName === serverNames[1]);
    if (ours === undefined || peer === undefined) continue;
    const ratio = (ours[metric] ?? Number.NaN) / (peer[metric] ?? Number.NaN);
    pairs.push({ ratio, disturbed: ours.disturbed || peer.disturbed });
  }
  return summaryOf(cleanPart(pairs).map((pair) => pair.ratio));
}

/** The report's table: a row per server and depth, and one with the ratios below each two. */
export function comparisonsFormat(comparisons: readonly Comparison[]): string {
  const headers = ['pipeline', 'server', ...METRICS.map(({ title }) => title)];
  headers.push('server CPU', 'client CPU', 'wrong');
  return tableFormat(headers, comparisons.flatMap(comparisonRows));
}

/** Everything of a comparison, with its medians, for the JSON file. */
export function comparisonRecord(comparison: Comparison): object {
  const metrics = METRICS.map(({ name }) => name);
  const medians = comparison.serverNames.map((serverName) => ({
    serverName,
    ...Object.fromEntries(
      metrics.map((metric) => [metric, metricSummary(comparison, serverName, metric)]),
    ),
  }));
  const ratios =
    comparison.serverNames.length < 2
      ? null
      : Object.fromEntries(metrics.map((metric) => [metric, ratioSummary(comparison, metric)]));
  return { ...comparison, medians, ratios };
}

/** Rounds that others disturbed, of all. */
export function disturbedCount(comparisons: readonly Comparison[]): readonly [number, number] {
  const rounds = comparisons.flatMap((comparison) => comparison.rounds);
  return [rounds.filter((round) => round.disturbed).length, rounds.length];
}

function comparisonRows(comparison: Comparison): readonly (readonly string[])[] {
  const depth = `${comparison.pipelineDepth}`;
  const rows = comparison.serverNames.map((serverName, i) => {
    const own = cleanPart(comparison.rounds.filter((round) => round.serverName === serverName));
    const wrong = own.reduce(
      (sum, round) => sum + round.errorCount,
      comparison.checkErrorCounts[i],
    );
    const cells = METRICS.map(({ name, scale, digits }) => {
      const summary = metricSummary(comparison, serverName, name);
      return numberFormat(summary === null ? null : summary.median * scale, digits);
    });
    const server = percentFormat(own.map((round) => round.serverCores));
    const client = percentFormat(own.map((round) => round.clientCores));
    return [depth, serverName, ...cells, server, client, numberFormat(wrong, 0)];
  });
  if (comparison.serverNames.length < 2) return rows;
  const ratios = METRICS.map(({ name }) => {
    const ratio = ratioSummary(comparison, name);
    if (ratio === null) return 'n/a';
    return `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`;
  });
  return [...rows, [depth, 'ratio (spread)', ...ratios, '', '', '']];
}

function percentFormat(cores: readonly (number | null)[]): string {
  const summary = summaryOf(cores.map((value) => value ?? Number.NaN));
  return summary === null ? 'n/a' : `${Math.round(summary.median * 100)} %`;
}

/** Those not disturbed, or all when too few are left. */
function cleanPart<T extends { readonly disturbed: boolean }>(all: readonly T[]): readonly T[] {
  const clean = all.filter((one) => !one.disturbed);
  return clean.length >= Math.min(CLEAN_COUNT_MIN, all.length) ? clean : all;
}
