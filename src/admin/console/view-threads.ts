/** The data threads: how busy each is, and with what. */
import { html } from 'lit-html';
import type { ConsoleThread } from '../console-state.ts';
import { bytesText, coresText, countText, rateText, shareText } from './format.ts';
import { Table } from './table.ts';
import { meterTemplate, type Page, type View } from './view.ts';

let table: Table<ConsoleThread> | null = null;

export const threadsView: View = {
  id: 'threads',
  title: 'Threads',
  digit: '5',
  letter: 't',
  needs: [],
  template: (page) => {
    table ??= tableOf(page);
    const { threads, server } = page.state;
    return html`
      ${table.template(threads)}
      <p class="hint">
        Utilization is the share of time in which a thread's event loop had something to do. A timer is late
        when it fires 25 ms after its time: whoever waits for that thread waited as long.
        ${server.threadRestarts === 0 ? '' : `Threads were started anew ${countText(server.threadRestarts)} times.`}
      </p>
    `;
  },
};

function tableOf({ redraw }: Page): Table<ConsoleThread> {
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Threads',
    one: 'thread',
    key: ({ name }) => name,
    emptyText: 'There are no threads.',
    columns: [
      { title: 'Thread',      width: 0,    value: ({ name }) => name, cell: ({ name }) => name },
      { title: 'Utilization', width: 14,   isNumber: true, value: ({ utilization }) => utilization, cell: ({ utilization }) => utilization === null ? 'starting' : meterTemplate(utilization, shareText(utilization), utilization > 0.9 ? 'hot' : '') },
      { title: 'Cores',       width: 5.5,  isNumber: true, value: ({ cores }) => cores, cell: ({ cores }) => coresText(cores) },
      { title: 'Commands/s',  width: 8,    isNumber: true, value: ({ commandsPerSec }) => commandsPerSec, cell: ({ commandsPerSec }) => rateText(commandsPerSec) },
      { title: 'Connections', width: 8,    isNumber: true, value: ({ connections }) => connections, cell: ({ connections }) => countText(connections) },
      { title: 'Heap',        width: 7,    isNumber: true, value: ({ heapBytes }) => heapBytes, cell: ({ heapBytes }) => bytesText(heapBytes) },
      { title: 'Late/s',      width: 6,    isNumber: true, value: ({ latePerSec }) => latePerSec, cell: ({ latePerSec }) => rateText(latePerSec), explained: 'Timers that fired 25 ms too late, or later' },
    ],
  }, redraw);
}
