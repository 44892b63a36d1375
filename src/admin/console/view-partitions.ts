/**
 * Partitions as a heat map: a cell each, the warmer the more of what was chosen to be looked at. Arrow keys walk
 * from cell to cell; what a cell holds is told beside it, and all of them in a table below.
 */
import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ConsolePartition } from '../console-state.ts';
import { css } from './css.ts';
import { countText, rateText } from './format.ts';
import { Table } from './table.ts';
import { emptyTemplate, factTemplate, type Page, type View } from './view.ts';

type Measure = {
  readonly id: string;
  readonly text: string;
  readonly value: (partition: ConsolePartition) => number;
  readonly format: (value: number) => string;
};

// biome-ignore format: a table reads in columns
const MEASURES: readonly Measure[] = [
  { id: 'operations', text: 'Operations/s',    value: ({ operationsPerSec }) => operationsPerSec,     format: rateText },
  { id: 'meetings',   text: 'Lock meetings/s', value: ({ lockMeetingsPerSec }) => lockMeetingsPerSec, format: rateText },
  { id: 'sleeps',     text: 'Lock sleeps/s',   value: ({ lockSleepsPerSec }) => lockSleepsPerSec,     format: rateText },
  { id: 'evictions',  text: 'Evictions/s',     value: ({ evictionsPerSec }) => evictionsPerSec,       format: rateText },
  { id: 'items',      text: 'Items',           value: ({ items }) => items,                           format: countText },
  { id: 'pages',      text: 'Pages',           value: ({ pages }) => pages,                           format: countText },
];

const COLUMNS_MAX = 32;

/** Steps of the legend. */
const LEGEND = [0, 0.25, 0.5, 0.75, 1];

let measure = MEASURES[0];
let chosen = 0;
let table: Table<ConsolePartition> | null = null;

export const partitionsView: View = {
  id: 'partitions',
  title: 'Partitions',
  digit: '4',
  letter: 'p',
  needs: [],
  template: (page) => {
    const { partitions } = page.state;
    if (partitions.length === 0) return emptyTemplate('There are no partitions.');
    table ??= tableOf(page);
    return html`
      <fieldset class="segments">
        <legend class="unseen">What warms a cell</legend>
        ${MEASURES.map((one) => measureTemplate(page, one))}
      </fieldset>
      <div class="heat-layout">
        <section class="card">
          ${heatTemplate(page)} ${legendTemplate(partitions)}
        </section>
        ${detailTemplate(partitions[Math.min(chosen, partitions.length - 1)])}
      </div>
      <section>
        <h2>All partitions</h2>
        ${table.template(partitions)}
      </section>
    `;
  },
};

function measureTemplate({ redraw }: Page, one: Measure): TemplateResult {
  const choose = (): void => {
    measure = one;
    redraw();
  };
  return html`
    <label>
      <input type="radio" name="measure" value=${one.id} .checked=${one === measure} @change=${choose} />
      <span>${one.text}</span>
    </label>
  `;
}

function heatTemplate(page: Page): TemplateResult {
  const { partitions } = page.state;
  const hottest = Math.max(...partitions.map(measure.value));
  return html`
    <div
      class="heat"
      role="group"
      aria-label=${`Partitions by ${measure.text}; arrow keys walk`}
      ${css({ '--columns': columnsOf(partitions.length), '--cell': cellOf(partitions.length) })}
      @keydown=${(event: KeyboardEvent) => walk(event, page)}
    >
      ${repeat(
        partitions,
        ({ id }) => id,
        (partition, at) => cellTemplate(page, partition, at, hottest),
      )}
    </div>
  `;
}

function cellTemplate(
  { redraw }: Page,
  partition: ConsolePartition,
  at: number,
  hottest: number,
): TemplateResult {
  const value = measure.value(partition);
  const choose = (): void => {
    chosen = at;
    redraw();
  };
  return html`
    <button
      type="button"
      class="cell"
      tabindex=${at === chosen ? 0 : -1}
      aria-pressed=${at === chosen ? 'true' : 'false'}
      aria-label=${`Partition ${partition.id}: ${measure.format(value)} ${measure.text}`}
      ${css({ '--heat': hottest === 0 ? 0 : value / hottest })}
      @click=${choose}
      @focus=${choose}
      @pointerenter=${choose}
    ></button>
  `;
}

/** The warmest is the one that is warmest now: shares are compared, not days. */
function legendTemplate(partitions: readonly ConsolePartition[]): TemplateResult {
  const values = partitions.map(measure.value);
  return html`
    <div class="heat-legend">
      <span>0</span>
      ${LEGEND.map((heat) => html`<i class="cell" ${css({ '--heat': heat })}></i>`)}
      <span>${measure.format(Math.max(...values))} ${measure.text}</span>
    </div>
  `;
}

function detailTemplate(partition: ConsolePartition): TemplateResult {
  return html`
    <section class="card heat-detail">
      <h2>Partition ${partition.id}</h2>
      <dl class="facts">
        ${MEASURES.map(({ text, value, format }) => factTemplate(text, format(value(partition))))}
        ${factTemplate('Page limit', countText(partition.pageLimit))}
      </dl>
    </section>
  `;
}

/** A power of two, as the count is, and so wide that it is a low rectangle; on a phone it is narrower. */
function columnsOf(count: number): number {
  return Math.min(COLUMNS_MAX, 2 ** Math.ceil(Math.log2(Math.sqrt(count * 2.5))));
}

/** Few may be large. */
function cellOf(count: number): string {
  if (count <= 8) return '6rem';
  return count <= 16 ? '4.5rem' : '3.25rem';
}

function walk(event: KeyboardEvent, { state, redraw }: Page): void {
  const grid = event.currentTarget as HTMLElement;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(' ').length;
  const last = state.partitions.length - 1;
  const step: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -chosen,
    End: last - chosen,
  };
  const next = chosen + (step[event.key] ?? Number.NaN);
  if (Number.isNaN(next)) return;
  event.preventDefault();
  if (next < 0 || next > last) return;
  chosen = next;
  redraw();
  grid.querySelectorAll('button')[next].focus();
}

function tableOf({ redraw }: Page): Table<ConsolePartition> {
  return new Table(
    {
      name: 'Partitions',
      one: 'partition',
      key: ({ id }) => id,
      emptyText: 'There are no partitions.',
      columns: [
        {
          title: 'Partition',
          width: 6,
          value: ({ id }) => id,
          cell: ({ id }) => `${id}`,
        },
        ...MEASURES.map(({ text, value, format }) => ({
          title: text,
          width: 0,
          isNumber: true,
          value,
          cell: (row: ConsolePartition) => format(value(row)),
        })),
      ],
    },
    redraw,
  );
}
