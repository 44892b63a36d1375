/** Rounds boiled down: a server's figure is the median of its rounds, a ratio that of neighbours. */

import { numberFormat, ratioFormat, tableFormat } from '../support/report.ts';
import { ratioSummaryOf, type Summary, summaryOf } from '../support/statistics.ts';
import type { Round } from './round.ts';

export interface Comparison {
  readonly pipelineDepth: number;
  /** Offered load; 0: as fast as it goes. */
  readonly ratePerSec: number;
  readonly servers: readonly ServerRounds[];
}

/** A server's rounds, which ran in turn with those of the other. */
export interface ServerRounds {
  readonly serverName: string;
  /** Wrong replies of the checked warm-up. */
  readonly checkErrorCount: number;
  readonly rounds: Round[];
}

/** What a metric is called and shown with, in the report's order. */
const METRICS = [
  { name: 'cpuUsPerOp', title: 'CPU µs/op', scale: 1, digits: 2 },
  { name: 'opsPerSec', title: 'ops/s', scale: 1, digits: 0 },
  { name: 'p50Us', title: 'p50 ms', scale: 1e-3, digits: 3 },
  { name: 'p99Us', title: 'p99 ms', scale: 1e-3, digits: 3 },
  { name: 'p999Us', title: 'p99.9 ms', scale: 1e-3, digits: 3 },
] as const;

type Metric = (typeof METRICS)[number]['name'];

/** The report's table: a row per server and depth, and one with the ratios below each two. */
export function comparisonsFormat(comparisons: readonly Comparison[]): string {
  const headers = ['pipeline', 'server', ...METRICS.map(({ title }) => title)];
  headers.push('server CPU', 'client CPU', 'wrong', 'missed');
  return tableFormat(headers, comparisons.flatMap(comparisonRows));
}

/** Everything of a comparison, with its medians, for the record. */
export function comparisonRecord(comparison: Comparison): object {
  const { servers } = comparison;
  const each = (of: (metric: Metric) => Summary): object =>
    Object.fromEntries(METRICS.map(({ name }) => [name, of(name)]));
  return {
    ...comparison,
    medians: servers.map((server) => each((metric) => summaryOf(values(server, metric)))),
    ratios: servers.length < 2 ? null : each((metric) => ratio(servers, metric)),
  };
}

function comparisonRows({ pipelineDepth, servers }: Comparison): readonly (readonly string[])[] {
  const depth = `${pipelineDepth}`;
  const rows = servers.map((server) => {
    const cells = METRICS.map(({ name, scale, digits }) =>
      numberFormat(summaryOf(values(server, name)).median * scale, digits),
    );
    const cores = (['serverCores', 'clientCores'] as const).map(
      (name) => `${numberFormat(summaryOf(values(server, name)).median * 100, 0)} %`,
    );
    const wrong = values(server, 'errorCount').reduce((a, b) => a + b, server.checkErrorCount);
    const missed = values(server, 'missCount').reduce((a, b) => a + b);
    const counts = [numberFormat(wrong, 0), numberFormat(missed, 0)];
    return [depth, server.serverName, ...cells, ...cores, ...counts];
  });
  if (servers.length < 2) return rows;
  const ratios = METRICS.map(({ name }) => ratioFormat(ratio(servers, name)));
  return [...rows, [depth, 'ratio (spread)', ...ratios, '', '', '', '']];
}

/** First server's metric to the second's. */
function ratio(servers: readonly ServerRounds[], metric: Metric): Summary {
  return ratioSummaryOf(values(servers[0], metric), values(servers[1], metric));
}

function values(
  server: ServerRounds,
  name: Metric | 'serverCores' | 'clientCores' | 'errorCount' | 'missCount',
): readonly number[] {
  return server.rounds.map((round) => round[name]);
}
