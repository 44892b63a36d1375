/** The headline figures, and how they came about. */
import { html, type TemplateResult } from 'lit-html';
import type { ConsoleSeries, ConsoleState } from '../console-state.ts';
import type { ChartSpec, ChartView } from './chart.ts';
import {
  bytesShort,
  bytesText,
  coresText,
  countText,
  plural,
  rateShort,
  rateText,
  shareText,
  usShort,
  usText,
} from './format.ts';
import { type Point, sparklineTemplate } from './sparkline.ts';
import type { Page, View } from './view.ts';

/** Of the lines beside the figures. */
const SPARK_SEC = 120;
const SPANS = [
  { sec: 60, text: '1 min' },
  { sec: 300, text: '5 min' },
  { sec: 900, text: '15 min' },
] as const;

type Figure = {
  readonly name: string;
  readonly value: (state: ConsoleState) => string;
  readonly note: (state: ConsoleState) => string;
  readonly point: Point;
};

const FIGURES: readonly Figure[] = [
  {
    name: 'memcached',
    value: ({ series }) => rateText(series.memcachedPerSec),
    note: () => 'requests/s',
    point: ({ memcachedPerSec }) => memcachedPerSec,
  },
  {
    name: 'RESP',
    value: ({ series }) => rateText(series.respPerSec),
    note: () => 'requests/s',
    point: ({ respPerSec }) => respPerSec,
  },
  {
    name: 'Hit rate',
    value: ({ series }) => shareText(hitShare(series)),
    note: ({ series }) => `${rateText(series.missesPerSec)} misses/s`,
    point: hitShare,
  },
  {
    name: 'Memory',
    value: ({ series }) => bytesText(series.memoryUsedBytes),
    note: ({ series, server }) =>
      `${shareText(series.memoryUsedBytes / server.memoryLimitBytes)} of ${bytesText(server.memoryLimitBytes)}`,
    point: ({ memoryUsedBytes }) => memoryUsedBytes,
  },
  {
    name: 'Evictions',
    value: ({ series }) => rateText(series.evictionsPerSec),
    note: ({ server }) => (server.evicts ? 'per second' : 'off: writes fail when full'),
    point: ({ evictionsPerSec }) => evictionsPerSec,
  },
  {
    name: 'Latency p50',
    value: ({ series }) => usText(series.p50Us),
    note: latencyNote,
    point: ({ p50Us }) => p50Us,
  },
  {
    name: 'Latency p99',
    value: ({ series }) => usText(series.p99Us),
    note: latencyNote,
    point: ({ p99Us }) => p99Us,
  },
  {
    name: 'Latency p99.9',
    value: ({ series }) => usText(series.p999Us),
    note: latencyNote,
    point: ({ p999Us }) => p999Us,
  },
  {
    name: 'Connections',
    value: ({ series }) => countText(series.connections),
    note: ({ server }) => `of at most ${countText(server.connectionLimit)}`,
    point: ({ connections }) => connections,
  },
  {
    name: 'CPU',
    value: ({ series }) => coresText(series.cores),
    note: ({ threads }) => `cores, of ${plural(threads.length, 'thread')}`,
    point: ({ cores }) => cores,
  },
];

const CHARTS: readonly ChartSpec[] = [
  {
    title: 'Requests per second',
    lines: [
      { label: 'memcached', colour: 1, value: ({ memcachedPerSec }) => memcachedPerSec },
      { label: 'RESP', colour: 2, value: ({ respPerSec }) => respPerSec },
    ],
    isStacked: true,
    isFilled: true,
    topMin: 10,
    text: rateText,
    axisText: rateShort,
  },
  {
    title: 'Latency',
    lines: [
      { label: 'p50', colour: 3, value: ({ p50Us }) => p50Us },
      { label: 'p99', colour: 1, value: ({ p99Us }) => p99Us },
      { label: 'p99.9', colour: 2, value: ({ p999Us }) => p999Us },
    ],
    isLog: true,
    topMin: 100,
    text: usText,
    axisText: usShort,
  },
  {
    title: 'Lookups per second',
    lines: [
      { label: 'hits', colour: 1, value: ({ hitsPerSec }) => hitsPerSec },
      { label: 'misses', colour: 2, value: ({ missesPerSec }) => missesPerSec },
    ],
    isStacked: true,
    isFilled: true,
    topMin: 10,
    text: rateText,
    axisText: rateShort,
  },
  {
    title: 'Bytes per second',
    lines: [
      { label: 'in', colour: 1, value: ({ bytesReadPerSec }) => bytesReadPerSec },
      { label: 'out', colour: 2, value: ({ bytesWrittenPerSec }) => bytesWrittenPerSec },
    ],
    isBytes: true,
    topMin: 1024,
    text: bytesText,
    axisText: bytesShort,
  },
  {
    title: 'Memory',
    lines: [{ label: 'used', colour: 1, value: ({ memoryUsedBytes }) => memoryUsedBytes }],
    isFilled: true,
    isBytes: true,
    topMin: 1024,
    text: bytesText,
    axisText: bytesShort,
  },
];

/** Of the charts, in seconds. */
let spanSec: number = SPANS[1].sec;

export const overviewView: View = {
  id: 'overview',
  title: 'Overview',
  digit: '1',
  letter: 'o',
  needs: [],
  template: (page) => html`
    <div class="figures">${FIGURES.map((figure) => figureTemplate(page, figure))}</div>
    <fieldset class="segments">
      <legend class="unseen">Time that the charts show</legend>
      ${SPANS.map(({ sec, text }) => spanTemplate(page, sec, text))}
    </fieldset>
    <div class="charts">${CHARTS.map((spec) => chartTemplate(page, spec))}</div>
  `,
};

function figureTemplate({ model, state }: Page, figure: Figure): TemplateResult {
  return html`
    <div class="figure">
      <h2>${figure.name}</h2>
      <p class="figure-value">${figure.value(state)}</p>
      <p class="figure-note">${figure.note(state)}</p>
      ${sparklineTemplate(model.seriesOf(SPARK_SEC), SPARK_SEC, figure.point)}
    </div>
  `;
}

function spanTemplate({ redraw }: Page, sec: number, text: string): TemplateResult {
  const choose = (): void => {
    spanSec = sec;
    redraw();
  };
  return html`
    <label>
      <input type="radio" name="span" value=${sec} .checked=${sec === spanSec} @change=${choose} />
      <span>${text}</span>
    </label>
  `;
}

function chartTemplate({ model, state }: Page, spec: ChartSpec): TemplateResult {
  const view: ChartView = { rows: model.seriesOf(spanSec), spanSec };
  const isMemory = spec.title === 'Memory';
  const shown = isMemory ? { ...view, top: state.server.memoryLimitBytes } : view;
  return html`<flagstone-chart class="card" .spec=${spec} .view=${shown}></flagstone-chart>`;
}

/** Null: nothing was looked up. */
function hitShare({ hitsPerSec, missesPerSec }: ConsoleSeries): number | null {
  const lookups = hitsPerSec + missesPerSec;
  return lookups === 0 ? null : hitsPerSec / lookups;
}

function latencyNote({ latencySpanSec }: ConsoleState): string {
  return `all commands, ${countText(Math.round(latencySpanSec))} s`;
}
