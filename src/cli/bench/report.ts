/** What a load has shown, as people read it. */
import type { LoadOutcome } from '../../load/generator.ts';
import { keyDrawText } from '../../load/key-draw.ts';
import { addressText, type LoadPlan } from '../../load/plan.ts';
import { errorsCount, type KindTotals, kindsMerge } from '../../load/tally.ts';
import type { ValueSizes } from '../../load/value-sizes.ts';
import { bytesText, countText, shareText } from '../figures.ts';
import { chartLines } from './chart.ts';
import { clientLimits, clientUse, latencyUs, msText, PERCENTILES, secondsText } from './figures.ts';
import type { SeriesSecond } from './series.ts';
import type { BenchSettings } from './settings.ts';

/** Everything that a run has brought. */
export interface BenchResult {
  readonly settings: BenchSettings;
  /** What the server calls itself. */
  readonly server: string;
  readonly startedAt: Date;
  /** How long it took to store the keys; null: they were not. */
  readonly fillMs: number | null;
  readonly outcome: LoadOutcome;
  readonly series: readonly SeriesSecond[];
  readonly wasInterrupted: boolean;
}

const LABEL_CHARS = 12;
const PROBLEMS_SHOWN = 6;
/** A share of requests that were sent late from which on the latencies are the client's. */
const LATE_SHARE_MAX = 0.01;
const SPARK = '▁▂▃▄▅▆▇█';
const SPARK_SECONDS_MAX = 60;

export function benchReport(result: BenchResult): string {
  const { settings, outcome } = result;
  const all = kindsMerge(outcome.totals.kinds);
  const chart = chartLines(all.counts, settings.isAscii).map((line) => `  ${line}`);
  const blocks = [
    [titleText(result)],
    planRows(settings, result),
    resultRows(result, all),
    latencyTable(settings.plan, outcome, all),
    chart.length === 0 ? [] : ['  Latency of all requests (bars are logarithmic)', ...chart],
    noteLines(result, all),
  ];
  const shown = blocks.filter((lines) => lines.length > 0);
  return `${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function titleText({ server, settings }: BenchResult): string {
  const { protocol, address, tls } = settings.plan.target;
  const name = protocol === 'resp' ? 'RESP' : `${protocol} protocol`;
  return `${server} at ${addressText(address)}: ${name}${tls === null ? '' : ' over TLS'}`;
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_CHARS)}${text}`;
}

function planRows(settings: BenchSettings, { fillMs, outcome }: BenchResult): readonly string[] {
  const { plan, threadCount, warmupMs } = settings;
  const threads = threadCount === 1 ? 'one thread' : `${threadCount} threads`;
  const pace =
    plan.ratePerSec > 0 ? `${countText(plan.ratePerSec)} requests/s offered` : 'as fast as it goes';
  const depth = `${countText(plan.pipelineDepth)} under way on each`;
  const before = [
    fillMs === null ? '' : `keys stored before in ${secondsText(fillMs)}`,
    warmupMs === 0 ? '' : `${secondsText(warmupMs)} of warm-up`,
  ].filter((text) => text !== '');
  const time = [secondsText(outcome.elapsedMs), ...before].join('; ');
  return [
    row('load', `${countText(plan.connectionCount)} connections on ${threads}, ${depth}; ${pace}`),
    row('requests', requestsText(plan)),
    row('time', time),
  ];
}

function requestsText(plan: LoadPlan): string {
  const { kinds, keyCount, keyDraw, valueSizes, expireSec, verifies } = plan;
  const shares = kinds.map(({ name, weight }) => `${name} ${weight}`).join(' : ');
  const texts = [
    kinds.length === 1 ? kinds[0].name : shares,
    `${countText(keyCount)} keys, ${keyDrawText(keyDraw)}`,
    `values of ${sizesText(valueSizes)}`,
  ];
  if (expireSec > 0) texts.push(`expiring after ${countText(expireSec)} s`);
  if (verifies) texts.push('every value checked');
  return texts.join('; ');
}

export function sizesText(sizes: ValueSizes): string {
  const ranges = sizes.map(({ min, max, weight }) => {
    const range = min === max ? `${min}` : `${min}-${max}`;
    return sizes.length === 1 ? range : `${range}:${weight}`;
  });
  return `${ranges.join(',')} bytes`;
}

function resultRows(result: BenchResult, all: KindTotals): readonly string[] {
  const { outcome, series, settings } = result;
  const { totals, elapsedMs, opsPerSec } = outcome;
  const perSec = (bytes: number): string => `${bytesText((bytes / elapsedMs) * 1000)}/s`;
  const errors = errorsCount(totals);
  const rows = [
    row(
      'throughput',
      `${countText(opsPerSec)} requests/s; ${perSec(totals.bytesIn)} in, ${perSec(totals.bytesOut)} out`,
    ),
  ];
  if (series.length > 2) rows.push(row('', seriesText(series, settings.isAscii)));
  rows.push(
    row(
      'replies',
      `${countText(all.operationCount)}, ${errors === 0 ? 'no' : countText(errors)} errors`,
    ),
  );
  if (all.hitCount + all.missCount > 0) {
    const share = shareText(all.hitCount, all.hitCount + all.missCount);
    rows.push(
      row('hits', `${countText(all.hitCount)}, ${countText(all.missCount)} misses (${share} hits)`),
    );
  }
  rows.push(row('client', clientText(outcome, all)));
  return rows;
}

/** Requests per second over time, at a glance. */
function seriesText(series: readonly SeriesSecond[], isAscii: boolean): string {
  const rates = series.map(({ opsPerSec }) => opsPerSec);
  const low = Math.min(...rates);
  const high = Math.max(...rates);
  const ends = `${countText(low)} to ${countText(high)} in a second`;
  if (isAscii || series.length > SPARK_SECONDS_MAX) return ends;
  const line = rates.map(
    (rate) => SPARK[Math.floor((rate / Math.max(1, high)) * (SPARK.length - 1))],
  );
  return `${line.join('')}  ${ends}`;
}

function clientText(outcome: LoadOutcome, all: KindTotals): string {
  const { busyMax, cpuMs } = clientUse(outcome);
  const busy = `its busiest thread was at work ${shareText(busyMax, 1)} of the time`;
  if (cpuMs === null || all.operationCount === 0) return busy;
  return `${((cpuMs * 1000) / all.operationCount).toFixed(2)} µs of CPU a request; ${busy}`;
}

function latencyTable(plan: LoadPlan, { totals }: LoadOutcome, all: KindTotals): readonly string[] {
  const heads = [
    'latency, ms',
    'requests',
    'mean',
    ...PERCENTILES.map((percent) => `p${percent}`),
    'max',
  ];
  const line = (cells: readonly string[]): string =>
    `  ${cells[0].padEnd(LABEL_CHARS)}${cells[1].padStart(12)}${cells
      .slice(2)
      .map((cell) => cell.padStart(9))
      .join('')}`;
  const rows = plan.kinds.map(({ name }, kind) => latencyCells(name, totals.kinds[kind]));
  if (rows.length > 1) rows.push(latencyCells('all', all));
  return [line(heads), ...rows.map(line)];
}

function latencyCells(name: string, kind: KindTotals): readonly string[] {
  const latency = latencyUs(kind);
  const figures = latency === null ? [] : [latency.mean, ...latency.percentiles, latency.max];
  const cells =
    figures.length === 0 ? [Number.NaN, Number.NaN, ...PERCENTILES.map(() => Number.NaN)] : figures;
  return [name, countText(kind.operationCount), ...cells.map(msText)];
}

/** What one has to know to judge the figures. */
function noteLines(result: BenchResult, all: KindTotals): readonly string[] {
  const { outcome, settings, wasInterrupted } = result;
  const { totals, problems, fellSilent } = outcome;
  const { ratePerSec, connectionCount, silenceMsMax } = settings.plan;
  const notes: string[] = [];
  if (wasInterrupted) notes.push('Interrupted: this is what was measured until then.');
  if (totals.lostCount > 0) {
    notes.push(
      `${countText(totals.lostCount)} of ${countText(connectionCount)} connections were lost.`,
    );
  }
  if (fellSilent) notes.push(`No reply came for ${secondsText(silenceMsMax)}: given up.`);
  if (totals.unansweredCount > 0) {
    notes.push(`${countText(totals.unansweredCount)} requests never had a reply.`);
  }
  const worst = [...problems].sort(([, a], [, b]) => b - a).slice(0, PROBLEMS_SHOWN);
  for (const [problem, count] of worst) notes.push(`${countText(count)} × ${problem}`);
  const lateShare = totals.lateCount / Math.max(1, all.operationCount);
  if (clientLimits(outcome, settings.plan)) {
    notes.push(
      'The client was the bottleneck: its threads had hardly a moment to wait. The server can do more, and its\n  latencies are lower. Give it more --threads, or a machine of its own.',
    );
  }
  if (ratePerSec > 0 && lateShare > LATE_SHARE_MAX) {
    notes.push(
      `The client was late: it sent ${shareText(lateShare, 1)} of the requests more than a millisecond after they were due.\n  Latencies hold that against the server. Give it more --threads, or a machine of its own.`,
    );
  }
  if (totals.unsentCount > 0) {
    notes.push(
      `${countText(totals.unsentCount)} requests were due but never sent: the server was behind the rate until the end.`,
    );
  }
  return notes.map((note) => `  ${note}`);
}
