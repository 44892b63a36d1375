/** Who is connected, what they do, and how long they have done nothing. */
import { html, nothing } from 'lit-html';
import type { ConsoleConnection } from '../console-state.ts';
import { bytesText, NONE, spanText } from './format.ts';
import { Table } from './table.ts';
import { type Page, type View, waitTemplate } from './view.ts';

/** The end of `tcp:127.0.0.1:6379`; a socket's path has none. */
const PORT = /:\d+$/;

let table: Table<ConsoleConnection> | null = null;

export const connectionsView: View = {
  id: 'connections',
  title: 'Connections',
  digit: '6',
  letter: 'n',
  needs: ['connections'],
  template: (page) => {
    const told = page.model.extras.connections;
    if (told === undefined) return waitTemplate(page.model, 'connections');
    table ??= tableOf(page);
    const { connections, total, isCut } = told;
    const cut = `Of ${total} connections these are the ${connections.length} heard of last.`;
    return html`
      ${table.template(connections)} ${isCut ? html`<p class="hint">${cut}</p>` : nothing}
    `;
  },
};

function tableOf({ actions, redraw }: Page): Table<ConsoleConnection> {
  const disconnect = (row: ConsoleConnection) => html`
    <button
      type="button"
      class="small"
      aria-label=${`Disconnect ${row.address}`}
      @click=${() => actions.disconnect(row)}
    >
      Disconnect…
    </button>
  `;
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Connections',
    one: 'connection',
    key: ({ connection, address }) => `${connection} ${address}`,
    words: ({ address, protocol, name, user, lastCommand, phase, listener, thread }) => [address, protocol, name, user, lastCommand, phase, listener, thread].join(' '),
    emptyText: 'Nobody is connected.',
    columns: [
      { title: 'Address',  width: 0,    value: ({ address }) => address, cell: ({ address, name }) => html`<code class="wrap">${address}</code>${name ? html`<small>${name}</small>` : nothing}` },
      { title: 'Protocol', width: 7,    value: ({ protocol }) => protocol, cell: ({ protocol, listener }) => html`${protocol === 'resp' ? 'RESP' : protocol}<small>${listener.match(PORT)?.[0] ?? listener}</small>` },
      { title: 'Doing',    width: 7,    value: ({ phase }) => phase, cell: ({ phase }) => phase },
      { title: 'Last command', width: 8, value: ({ lastCommand }) => lastCommand, cell: ({ lastCommand }) => lastCommand ?? NONE },
      { title: 'User',     width: 6.5,  value: ({ user }) => user, cell: ({ user, database }) => html`${user ?? NONE}${database === null ? nothing : html`<small>database ${database}</small>`}` },
      { title: 'Thread',   width: 5.5,  value: ({ thread }) => thread, cell: ({ thread }) => thread },
      { title: 'Idle',     width: 6.5,  isNumber: true, value: ({ idleSec }) => idleSec, cell: ({ idleSec }) => spanText(idleSec) },
      { title: 'Age',      width: 6.5,  isNumber: true, value: ({ ageSec }) => ageSec, cell: ({ ageSec }) => ageSec === null ? NONE : spanText(ageSec) },
      { title: 'Buffers',  width: 6,    isNumber: true, value: ({ bufferBytes }) => bufferBytes, cell: ({ bufferBytes }) => bufferBytes === null ? NONE : bytesText(bufferBytes) },
      { title: '',         width: 8.5,  value: () => null, cell: disconnect },
    ],
  }, redraw);
}
