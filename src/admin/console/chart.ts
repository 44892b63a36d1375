/**
 * `<flagstone-chart>`: numbers over time, drawn by uPlot, under a head that tells them: the last ones, or those
 * under the pointer. Charts of a page share the pointer. Axes stay where they are while numbers move: the
 * right edge is now, and the top is a round number that gives way late.
 */
import { html, render } from 'lit-html';
import uPlot from 'uplot';
import type { ConsoleSeries } from '../console-state.ts';
import { scaleSteady } from './chart-scale.ts';
import { timeText } from './format.ts';

export type ChartLine = {
  readonly label: string;
  /** Number of the colour: `--series-1`. */
  readonly colour: 1 | 2 | 3;
  readonly value: (series: ConsoleSeries) => number | null;
};

export type ChartSpec = {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  /** Lines stand on each other, the first at the bottom. */
  readonly isStacked?: boolean;
  readonly isFilled?: boolean;
  readonly isLog?: boolean;
  /** The top is a power of two. */
  readonly isBytes?: boolean;
  /** The least the top can be. */
  readonly topMin: number;
  readonly text: (value: number) => string;
  readonly axisText: (value: number) => string;
};

export type ChartView = {
  readonly rows: readonly ConsoleSeries[];
  readonly spanSec: number;
  /** The top, where it is known. */
  readonly top?: number;
};

const SYNC = 'flagstone';
const AXIS_WIDTH = 60;
const GAP_SEC_MAX = 16;
const FONT = '11px system-ui, sans-serif';

export class ChartElement extends HTMLElement {
  spec: ChartSpec | null = null;
  private shown: ChartView = { rows: [], spanSec: 60 };
  private plot: uPlot | null = null;
  private data: (number | null)[][] = [[]];
  private top: number | null = null;
  private readonly resized = new ResizeObserver(() => this.resize());
  private readonly recolour = () => this.plot?.redraw();

  set view(view: ChartView) {
    this.shown = view;
    if (this.plot === null) return;
    this.data = this.dataOf(view.rows);
    this.plot.setData(this.data as uPlot.AlignedData);
    this.headRender();
  }

  connectedCallback(): void {
    this.data = this.dataOf(this.shown.rows);
    this.headRender();
    const place = this.querySelector<HTMLElement>('.chart-plot');
    if (place === null) return;
    this.plot = new uPlot(this.options(place), this.data as uPlot.AlignedData, place);
    this.resized.observe(place);
    window.addEventListener('themechange', this.recolour);
    darkness.addEventListener('change', this.recolour);
  }

  disconnectedCallback(): void {
    this.resized.disconnect();
    window.removeEventListener('themechange', this.recolour);
    darkness.removeEventListener('change', this.recolour);
    this.plot?.destroy();
    this.plot = null;
  }

  private get lines(): readonly ChartLine[] {
    return this.spec?.lines ?? [];
  }

  private resize(): void {
    const place = this.querySelector<HTMLElement>('.chart-plot');
    if (place === null || place.clientWidth === 0) return;
    this.plot?.setSize({ width: place.clientWidth, height: place.clientHeight });
  }

  /** Times, then lines; stacked ones from the top down, so that the lower is drawn over the higher. */
  private dataOf(rows: readonly ConsoleSeries[]): (number | null)[][] {
    const columns: (number | null)[][] = [[], ...this.lines.map(() => [])];
    let lastSec: number | null = null;
    for (const row of rows) {
      const sec = row.atMs / 1000;
      if (lastSec !== null && sec - lastSec > GAP_SEC_MAX) {
        columns.forEach((column, index) => {
          column.push(index === 0 ? lastSec! + 1 : null);
        });
      }
      lastSec = sec;
      columns[0].push(sec);
      this.lines.forEach((line, index) => {
        columns[index + 1].push(line.value(row));
      });
    }
    if (this.spec?.isStacked !== true) return columns;
    for (let index = 2; index < columns.length; index++) {
      const below = columns[index - 1];
      columns[index] = columns[index].map((value, at) => (value ?? 0) + (below[at] ?? 0));
    }
    return [columns[0], ...columns.slice(1).reverse()];
  }

  /** The row under the pointer, or the last. */
  private row(): { readonly row: ConsoleSeries | null; readonly isPast: boolean } {
    const { rows } = this.shown;
    const index = this.plot?.cursor.idx;
    const atSec = index === null || index === undefined ? null : this.data[0][index];
    const last = rows.at(-1) ?? null;
    if (atSec === null) return { row: last, isPast: false };
    const past = rows.find(({ atMs }) => atMs / 1000 === atSec);
    return past === undefined ? { row: last, isPast: false } : { row: past, isPast: true };
  }

  private headRender(): void {
    const { spec, lines } = this;
    if (spec === null) return;
    const { row, isPast } = this.row();
    const values = lines.map((line) => {
      const value = row === null ? null : line.value(row);
      return value === null ? '–' : spec.text(value);
    });
    const told = lines.map(({ label }, index) => `${label} ${values[index]}`).join(', ');
    const legend = lines.map(
      ({ label, colour }, index) =>
        html`<li><i class=${`swatch series-${colour}`}></i>${label} <b>${values[index]}</b></li>`,
    );
    const head = html`
      <div class="chart-head">
        <h2>${spec.title}</h2>
        <span class="chart-time">${isPast && row !== null ? timeText(row.atMs) : ''}</span>
        <ul class="legend">${legend}</ul>
      </div>
      <div class="chart-plot" role="img" aria-label=${`${spec.title}: ${told}`}></div>
    `;
    render(head, this);
  }

  private options(place: HTMLElement): uPlot.Options {
    const { spec } = this;
    const colour = (name: string): string => getComputedStyle(this).getPropertyValue(name);
    const line = { stroke: () => colour('--chart-grid'), width: 1 };
    const order = spec?.isStacked === true ? [...this.lines].reverse() : this.lines;
    const axis: uPlot.Axis = {
      stroke: () => colour('--text-3'),
      font: FONT,
      grid: line,
      ticks: { show: false },
    };
    return {
      width: place.clientWidth,
      height: place.clientHeight,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC, setSeries: false }, drag: { x: false, y: false }, y: false },
      scales: {
        x: { range: () => this.rangeX() },
        y: { distr: spec?.isLog === true ? 3 : 1, range: () => this.rangeY() },
      },
      axes: [
        { ...axis, size: 24, space: 84, grid: { show: false }, values: timesShort },
        {
          ...axis,
          size: AXIS_WIDTH,
          splits: () => this.splits(),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map((value) => spec?.axisText(value) ?? ''),
        },
      ],
      series: [
        {},
        ...order.map((one) => ({
          label: one.label,
          width: 1.5,
          points: { show: false },
          stroke: () => colour(`--series-${one.colour}`),
          ...(spec?.isFilled === true ? { fill: () => colour(`--series-${one.colour}-fill`) } : {}),
        })),
      ],
      hooks: { setCursor: [() => this.headRender()] },
    };
  }

  private rangeX(): [number, number] {
    const lastMs = this.shown.rows.at(-1)?.atMs ?? Date.now();
    return [lastMs / 1000 - this.shown.spanSec, lastMs / 1000];
  }

  private rangeY(): [number, number] {
    const { spec } = this;
    if (spec === null) return [0, 1];
    const values = this.data.slice(1).flat();
    const found = values.filter((value): value is number => value !== null);
    const known = this.shown.top;
    const range = scaleSteady(found, { ...spec, isLog: spec.isLog === true }, this.top);
    this.top = range[1];
    return known === undefined || known === 0 ? range : [0, known];
  }

  private splits(): number[] {
    const [low, top] = this.rangeY();
    if (this.spec?.isLog !== true) return [0, top / 4, top / 2, (top * 3) / 4, top];
    const splits: number[] = [];
    for (let value = low; value <= top * 1.01; value *= 10) splits.push(value);
    return splits;
  }
}

const darkness = window.matchMedia('(prefers-color-scheme: dark)');

/** Seconds only where there are any. */
function timesShort(
  _: uPlot,
  splits: number[],
  __: number,
  ___: number,
  stepSec: number,
): string[] {
  return splits.map((sec) => timeText(sec * 1000).slice(0, stepSec < 60 ? 8 : 5));
}

customElements.define('flagstone-chart', ChartElement);
