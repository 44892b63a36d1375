/** What memory holds: by type, by database, by slab class; and moving a page between classes. */
import { html, type TemplateResult } from 'lit-html';
import type {
  ConsoleDatabase,
  ConsoleSlabClass,
  ConsoleState,
  ConsoleType,
} from '../console-state.ts';
import { css } from './css.ts';
import { bytesText, countText, plural, rateText, shareText } from './format.ts';
import { Table } from './table.ts';
import { emptyTemplate, factTemplate, meterTemplate, type Page, type View } from './view.ts';

let classes: Table<ConsoleSlabClass> | null = null;
let databases: Table<ConsoleDatabase> | null = null;

export const memoryView: View = {
  id: 'memory',
  title: 'Memory',
  digit: '3',
  letter: 'm',
  needs: [],
  template: (page) => {
    const { state, actions } = page;
    classes ??= classesTable(page);
    databases ??= databasesTable(page);
    const move = html`
      <button type="button" @click=${() => actions.pageMove(state.classes)} ?disabled=${state.classes.length < 2}>
        Move a page…
      </button>
    `;
    return html`
      ${summaryTemplate(state)}
      <section class="card">
        <h2>By type</h2>
        ${typesTemplate(state.types)}
      </section>
      <section>
        <div class="section-head"><h2>Slab classes</h2>${move}</div>
        ${classes.template(state.classes)}
      </section>
      <section>
        <h2>Databases</h2>
        ${databases.template(state.databases)}
      </section>
    `;
  },
};

function summaryTemplate({ series, server }: ConsoleState): TemplateResult {
  const share = series.memoryUsedBytes / server.memoryLimitBytes;
  return html`
    <section class="card">
      <div class="used">
        ${meterTemplate(share, '', share > 0.95 ? 'hot wide' : 'wide')}
        <p>
          <b>${bytesText(series.memoryUsedBytes)}</b> of ${bytesText(server.memoryLimitBytes)}
          (${shareText(share)})
        </p>
      </div>
      <dl class="facts">
        ${factTemplate('Items', countText(series.items))}
        ${factTemplate('Free pages', `${countText(server.pagesFree)}, ${bytesText(server.pageBytes)} each`)}
        ${factTemplate('When it is full', server.evicts ? 'evicts' : 'refuses writes')}
        ${factTemplate('Evictions', `${rateText(series.evictionsPerSec)} /s`)}
        ${factTemplate('Expirations', `${rateText(series.expirationsPerSec)} /s`)}
      </dl>
    </section>
  `;
}

/** One bar of all types, and what its pieces are. */
function typesTemplate(types: readonly ConsoleType[]): TemplateResult {
  const filled = types.filter(({ items }) => items > 0);
  const total = filled.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total === 0) return emptyTemplate('Nothing is stored.');
  const largest = [...filled].sort((a, b) => b.bytes - a.bytes);
  return html`
    <div class="stack" aria-hidden="true">
      ${largest.map(({ bytes }, at) => html`<i class=${`tone-${at % 6}`} ${css({ '--share': bytes / total })}></i>`)}
    </div>
    <ul class="stack-legend">
      ${largest.map(
        ({ name, items, bytes }, at) => html`
          <li>
            <i class=${`swatch tone-${at % 6}`}></i>
            <b>${name}</b>
            <span>${bytesText(bytes)}</span>
            <span>${shareText(bytes / total)}</span>
            <span>${plural(items, 'item')}</span>
          </li>
        `,
      )}
    </ul>
  `;
}

function classesTable({ redraw }: Page): Table<ConsoleSlabClass> {
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Slab classes',
    one: 'class',
    key: ({ id }) => id,
    emptyText: 'No page was given to a class yet.',
    columns: [
      { title: 'Class',       width: 4.5, value: ({ id }) => id, cell: ({ id }) => `${id}` },
      { title: 'Chunk',       width: 6,   isNumber: true, value: ({ chunkBytes }) => chunkBytes, cell: ({ chunkBytes }) => `${countText(chunkBytes)} B` },
      { title: 'Pages',       width: 5.5, isNumber: true, value: ({ pages }) => pages, cell: ({ pages }) => countText(pages) },
      { title: 'Chunks used', width: 0,   isNumber: true, value: chunkShare, cell: (row) => meterTemplate(chunkShare(row), shareText(chunkShare(row))), explained: 'Of the chunks of its pages' },
      { title: 'Items',       width: 7,   isNumber: true, value: ({ items }) => items, cell: ({ items }) => countText(items) },
      { title: 'Lost',        width: 9,   isNumber: true, value: lossShare, cell: (row) => meterTemplate(lossShare(row), shareText(lossShare(row)), 'second'), explained: 'Of the bytes of chunks in use: what items did not ask for' },
      { title: 'Hits/s',      width: 6.5, isNumber: true, value: ({ hitsPerSec }) => hitsPerSec, cell: ({ hitsPerSec }) => rateText(hitsPerSec) },
      { title: 'Sets/s',      width: 6.5, isNumber: true, value: ({ setsPerSec }) => setsPerSec, cell: ({ setsPerSec }) => rateText(setsPerSec) },
      { title: 'Evictions/s', width: 7.5, isNumber: true, value: ({ evictionsPerSec }) => evictionsPerSec, cell: ({ evictionsPerSec }) => rateText(evictionsPerSec) },
    ],
  }, redraw);
}

function databasesTable({ redraw }: Page): Table<ConsoleDatabase> {
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Databases',
    one: 'database',
    key: ({ name }) => name,
    emptyText: 'No database has keys.',
    columns: [
      { title: 'Database',      width: 0, value: ({ name }) => name, cell: ({ name }) => name },
      { title: 'Keys',          width: 8, isNumber: true, value: ({ keys }) => keys, cell: ({ keys }) => countText(keys) },
      { title: 'With an expiry', width: 9, isNumber: true, value: ({ expiring }) => expiring, cell: ({ expiring }) => countText(expiring) },
    ],
  }, redraw);
}

function chunkShare({ chunks, chunksUsed }: ConsoleSlabClass): number {
  return chunks === 0 ? 0 : chunksUsed / chunks;
}

function lossShare({ chunkBytes, chunksUsed, itemBytes }: ConsoleSlabClass): number {
  const bytes = chunkBytes * chunksUsed;
  return bytes === 0 ? 0 : Math.max(0, 1 - itemBytes / bytes);
}
