/** A page of metrics, read back: what a server has told at one moment. */

export type Labels = Readonly<Record<string, string>>;
type Sample = { readonly labels: Labels; readonly value: number };

export class Metrics {
  readonly atMs: number;
  private readonly samples = new Map<string, Sample[]>();

  /** `text`: in the format of Prometheus. */
  constructor(text: string, atMs: number) {
    this.atMs = atMs;
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:]\w*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match === null) continue;
      const [, name, labels, value] = match;
      const list = this.samples.get(name) ?? [];
      list.push({
        labels: labelsRead(labels ?? ''),
        value: Number(value.replace('Inf', 'Infinity')),
      });
      this.samples.set(name, list);
    }
  }

  /** All samples of a metric that have these labels, and perhaps others. */
  all(name: string, labels: Labels = {}): readonly Sample[] {
    const wanted = Object.entries(labels);
    return (this.samples.get(name) ?? []).filter((sample) =>
      wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** Their sum; 0 where there is none. */
  sum(name: string, labels: Labels = {}): number {
    return this.all(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The sums by the values of one label, the greatest first. */
  by(name: string, label: string, labels: Labels = {}): readonly (readonly [string, number])[] {
    const sums = new Map<string, number>();
    for (const { labels: has, value } of this.all(name, labels)) {
      const key = has[label] ?? '';
      sums.set(key, (sums.get(key) ?? 0) + value);
    }
    return [...sums].sort(([, a], [, b]) => b - a);
  }
}

function labelsRead(text: string): Labels {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
  }
  return labels;
}

/** Two moments, and how much there was of something in between. */
export class MetricsSpan {
  readonly before: Metrics;
  readonly now: Metrics;

  constructor(before: Metrics, now: Metrics) {
    this.before = before;
    this.now = now;
  }

  /** How much a counter has grown a second. */
  rate(name: string, labels: Labels = {}): number {
    const seconds = (this.now.atMs - this.before.atMs) / 1000;
    const grown = this.now.sum(name, labels) - this.before.sum(name, labels);
    return seconds > 0 ? Math.max(0, grown) / seconds : 0;
  }

  /** … for each value of a label, the greatest first. */
  ratesBy(name: string, label: string): readonly (readonly [string, number])[] {
    return this.now
      .by(name, label)
      .map(([value]): readonly [string, number] => [value, this.rate(name, { [label]: value })])
      .sort(([, a], [, b]) => b - a);
  }
}
