/** The nodes that clients are told of by auto-discovery. */
import { html } from 'lit-html';
import type { ConsoleNode } from '../console-state.ts';
import { Table } from './table.ts';
import { emptyTemplate, type Page, type View, waitTemplate } from './view.ts';

let table: Table<ConsoleNode> | null = null;

export const clusterView: View = {
  id: 'cluster',
  title: 'Cluster',
  digit: '9',
  letter: 'd',
  needs: ['cluster'],
  template: (page) => {
    const told = page.model.extras.cluster;
    if (told === undefined) return waitTemplate(page.model, 'cluster');
    if (told.version === null && told.nodes.length === 0) {
      return emptyTemplate('This server tells its clients of no nodes.');
    }
    table ??= tableOf(page);
    return html`
      <p class="hint">
        Configuration version ${told.version ?? '–'}, as <code>config get cluster</code> tells it to clients.
      </p>
      ${table.template(told.nodes)}
    `;
  },
};

function tableOf({ redraw }: Page): Table<ConsoleNode> {
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Nodes',
    one: 'node',
    key: ({ host, port }) => `${host} ${port}`,
    emptyText: 'There are no nodes.',
    columns: [
      { title: 'Host',    width: 0,  value: ({ host }) => host, cell: ({ host, isThis }) => html`<code>${host}</code>${isThis ? html` <span class="badge">this one</span>` : ''}` },
      { title: 'Address', width: 12, value: ({ address }) => address, cell: ({ address }) => html`<code>${address || '–'}</code>` },
      { title: 'Port',    width: 6,  isNumber: true, value: ({ port }) => port, cell: ({ port }) => `${port}` },
    ],
  }, redraw);
}
