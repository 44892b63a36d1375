/**
 * A page of metrics, in the text format of Prometheus or as OpenMetrics, whichever the scraper asks for:
 *
 *     # HELP memcached_current_items Items stored.
 *     # TYPE memcached_current_items gauge
 *     memcached_current_items 12
 *
 * The two differ in three places: OpenMetrics names a counter without its `_total`, knows `info`, and ends
 * with `# EOF`. It is written plainly: all numbers are there already, in shared memory, and a client library
 * is made for keeping numbers; its histograms can be observed into, but not be given counts.
 *
 * Source: prometheus.io/docs/instrumenting/exposition_formats, the OpenMetrics specification 1.0.
 */
import { assert } from '../base/assert.ts';

export type ExpositionFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPE: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export type Labels = Readonly<Record<string, string | number>>;
export type Sample = readonly [labels: Labels, value: number];

/** `counts` are by bucket, not yet added up; the last of them is what no limit holds. */
export type HistogramSeries = {
  readonly labels: Labels;
  readonly limits: readonly number[];
  readonly counts: ArrayLike<number>;
  readonly sum: number;
};

type Type = 'counter' | 'gauge' | 'histogram' | 'info';

const TOTAL = '_total';

export class Exposition {
  readonly format: ExpositionFormat;
  private readonly lines: string[] = [];
  private readonly names = new Set<string>();

  constructor(format: ExpositionFormat) {
    this.format = format;
  }

  /** Only ever grows, until the server is started anew or told to reset its statistics. */
  counter(name: string, help: string, value: number | readonly Sample[]): void {
    assert(name.endsWith(TOTAL), 'a counter ends with _total');
    this.family(name, 'counter', help);
    this.samples(name, value);
  }

  gauge(name: string, help: string, value: number | readonly Sample[]): void {
    this.family(name, 'gauge', help);
    this.samples(name, value);
  }

  /** What does not change, as labels. */
  info(name: string, help: string, labels: Labels): void {
    assert(name.endsWith('_info'), 'what tells labels alone ends with _info');
    this.family(name, 'info', help);
    this.sample(name, labels, 1);
  }

  histogram(name: string, help: string, series: readonly HistogramSeries[]): void {
    this.family(name, 'histogram', help);
    for (const { labels, limits, counts, sum } of series) {
      let below = 0;
      for (const [at, limit] of limits.entries()) {
        below += counts[at];
        this.sample(`${name}_bucket`, { ...labels, le: this.limitText(limit) }, below);
      }
      below += counts[limits.length];
      this.sample(`${name}_bucket`, { ...labels, le: '+Inf' }, below);
      this.sample(`${name}_sum`, labels, sum);
      this.sample(`${name}_count`, labels, below);
    }
  }

  /** The whole page. */
  text(): string {
    const end = this.format === 'openmetrics' ? '# EOF\n' : '';
    return `${this.lines.join('\n')}\n${end}`;
  }

  /** OpenMetrics wants to see that a limit is no whole number by nature. */
  private limitText(limit: number): string {
    const text = numberText(limit);
    return this.format === 'openmetrics' && /^\d+$/.test(text) ? `${text}.0` : text;
  }

  private family(name: string, type: Type, help: string): void {
    assert(!this.names.has(name), 'a metric stands on the page once');
    this.names.add(name);
    const isOpen = this.format === 'openmetrics';
    const shown =
      isOpen && type === 'counter'
        ? name.slice(0, -TOTAL.length)
        : isOpen && type === 'info'
          ? name.slice(0, -'_info'.length)
          : name;
    this.lines.push(`# HELP ${shown} ${helpText(help)}`);
    this.lines.push(`# TYPE ${shown} ${type === 'info' && !isOpen ? 'gauge' : type}`);
  }

  private samples(name: string, value: number | readonly Sample[]): void {
    if (typeof value === 'number') this.sample(name, {}, value);
    else for (const [labels, each] of value) this.sample(name, labels, each);
  }

  private sample(name: string, labels: Labels, value: number): void {
    this.lines.push(`${name}${labelsText(labels)} ${numberText(value)}`);
  }
}

/**
 * Which format an Accept header asks for: OpenMetrics only where it is named, and is not wanted less than
 * plain text.
 */
export function formatNegotiate(accept: string | undefined): ExpositionFormat {
  let open = 0;
  let plain = 0;
  for (const range of (accept ?? '').split(',')) {
    const [type, ...parameters] = range.split(';').map((word) => word.trim().toLowerCase());
    const version = parameters.find((word) => word.startsWith('version='))?.slice(8);
    const weight = Number(parameters.find((word) => word.startsWith('q='))?.slice(2) ?? 1);
    if (!(weight > 0)) continue;
    if (type === 'application/openmetrics-text') {
      if (version === undefined || version === '1.0.0') open = Math.max(open, weight);
    } else if (type === 'text/plain' || type === 'text/*' || type === '*/*') {
      plain = Math.max(plain, weight);
    }
  }
  return open > 0 && open >= plain ? 'openmetrics' : 'prometheus';
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${labelText(`${value}`)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function labelText(value: string): string {
  return value.replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));
}

function helpText(help: string): string {
  return help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
