/** The keys that are used most: looked for while asked, from a sample of the operations. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ConsoleHotKey, ConsoleHotKeys } from '../console-state.ts';
import { countText, plural, shareText } from './format.ts';
import { Table } from './table.ts';
import { emptyTemplate, meterTemplate, type Page, type View, waitTemplate } from './view.ts';

const SECONDS = [2, 5, 10, 30] as const;

let seconds: number = SECONDS[1];
/** The sampling under way was begun here then; 0: none, or by somebody else. */
let startedAtMs = 0;
let wasRunning = false;
let table: Table<ConsoleHotKey> | null = null;
let operations = 0;
let largest = 0;

export const hotKeysView: View = {
  id: 'hot-keys',
  title: 'Hot keys',
  digit: '8',
  letter: 'h',
  needs: ['hotkeys'],
  template: (page) => {
    const told = page.model.extras.hotkeys;
    if (told === undefined) return waitTemplate(page.model, 'hotkeys');
    if (wasRunning && !told.isRunning) startedAtMs = 0;
    wasRunning = told.isRunning;
    return html`
      <div class="tools">
        <label class="inline-field">
          <span>Look for</span>
          <select name="seconds" @change=${choose} ?disabled=${told.isRunning}>
            ${SECONDS.map((one) => html`<option value=${one} ?selected=${one === seconds}>${one} s</option>`)}
          </select>
        </label>
        <button type="button" class="primary" ?disabled=${told.isRunning} @click=${() => start(page)}>
          ${told.isRunning ? 'Looking…' : 'Find hot keys'}
        </button>
        ${told.isRunning ? progressTemplate(told) : nothing}
      </div>
      ${resultTemplate(page, told)}
    `;
  },
};

function choose(event: Event): void {
  seconds = Number((event.target as HTMLSelectElement).value);
}

function start({ actions }: Page): void {
  startedAtMs = Date.now();
  void actions.sample(seconds);
}

function progressTemplate(told: ConsoleHotKeys): TemplateResult {
  const share = Math.min(1, (Date.now() - startedAtMs) / 1000 / told.seconds);
  return html`
    <progress max="1" value=${startedAtMs === 0 ? nothing : share} aria-label="Looking for hot keys"></progress>
    <span class="count">${plural(told.samples, 'sample')}</span>
  `;
}

function resultTemplate(page: Page, told: ConsoleHotKeys): TemplateResult {
  if (told.samples === 0 && told.keys.length === 0) {
    return emptyTemplate(
      told.isRunning
        ? 'No key has been used yet.'
        : 'While keys are looked for, threads note the key of every so many operations: it costs next to nothing, and ends by itself.',
    );
  }
  operations = told.operations;
  largest = Math.max(...told.keys.map(({ share }) => share), 0);
  table ??= tableOf(page);
  return html`
    <p class="hint">
      ${plural(told.samples, 'sample')} of about ${plural(told.operations, 'operation')} in ${told.seconds} s. A
      share may be too high by as much as is told beside it, and never too low.
    </p>
    ${table.template(told.keys)}
  `;
}

function tableOf({ redraw }: Page): Table<ConsoleHotKey> {
  const error = ({ countError }: ConsoleHotKey): number =>
    operations === 0 ? 0 : countError / operations;
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Hot keys',
    one: 'key',
    key: ({ database, key }) => `${database} ${key}`,
    words: ({ key }) => key,
    sortedBy: 'Share',
    emptyText: 'No key was used.',
    columns: [
      { title: 'Key',      width: 0,  value: ({ key }) => key, cell: ({ key }) => html`<code class="wrap">${key}</code>` },
      { title: 'Share',    width: 13, isNumber: true, value: ({ share }) => share, cell: ({ share }) => meterTemplate(largest === 0 ? 0 : share / largest, shareText(share)) },
      { title: 'At most too high by', width: 10, isNumber: true, value: error, cell: (row) => shareText(error(row)) },
      { title: 'Operations', width: 7,  isNumber: true, value: ({ count }) => count, cell: ({ count }) => countText(count) },
      { title: 'Database', width: 6,  isNumber: true, value: ({ database }) => database, cell: ({ database }) => `${database}` },
    ],
  }, redraw);
}
