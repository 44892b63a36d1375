/** RESP's slow log, the latest first. */
import { html, nothing } from 'lit-html';
import type { ConsoleSlowEntry } from '../console-state.ts';
import { dateTimeText, usText } from './format.ts';
import { Table } from './table.ts';
import { type Page, type View, waitTemplate } from './view.ts';

let table: Table<ConsoleSlowEntry> | null = null;

export const slowLogView: View = {
  id: 'slow-log',
  title: 'Slow log',
  digit: '7',
  letter: 'l',
  needs: ['slowlog'],
  template: (page) => {
    const told = page.model.extras.slowlog;
    if (told === undefined) return waitTemplate(page.model, 'slowlog');
    table ??= tableOf(page);
    const threshold =
      told.thresholdUs < 0
        ? 'Nothing is logged: slowlog-log-slower-than is negative.'
        : `What takes longer than ${usText(told.thresholdUs)} is logged (slowlog-log-slower-than).`;
    return html`<p class="hint">${threshold}</p>${table.template(told.entries)}`;
  },
};

function tableOf({ redraw }: Page): Table<ConsoleSlowEntry> {
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Slow log',
    one: 'command',
    key: ({ id }) => id,
    words: ({ words, address, name }) => `${words.join(' ')} ${address} ${name}`,
    emptyText: 'No command took that long.',
    columns: [
      { title: 'When',    width: 12,  value: ({ atMs }) => atMs, cell: ({ atMs }) => dateTimeText(atMs) },
      { title: 'Took',    width: 6,   isNumber: true, value: ({ us }) => us, cell: ({ us }) => usText(us) },
      { title: 'Command', width: 0,   value: ({ words }) => words.join(' '), cell: ({ words }) => html`<code class="wrap">${words.join(' ')}</code>` },
      { title: 'Client',  width: 14,  value: ({ address }) => address, cell: ({ address, name }) => html`<code>${address}</code>${name === '' ? nothing : html`<small>${name}</small>`}` },
    ],
  }, redraw);
}
