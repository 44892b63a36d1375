/** What is asked of the server, how often, and how long it takes. */
import type { ConsoleCommand } from '../console-state.ts';
import { countText, NONE, rateText, usText } from './format.ts';
import { Table } from './table.ts';
import { meterTemplate, type Page, type View } from './view.ts';

let table: Table<ConsoleCommand> | null = null;
/** What bars are drawn by. */
let busiestPerSec = 0;
let slowestUs = 0;

export const commandsView: View = {
  id: 'commands',
  title: 'Commands',
  digit: '2',
  letter: 'c',
  needs: [],
  template: (page) => {
    const { commands } = page.state;
    busiestPerSec = Math.max(...commands.map(({ callsPerSec }) => callsPerSec), 0);
    slowestUs = Math.max(...commands.map(({ p99Us }) => p99Us ?? 0), 0);
    table ??= tableOf(page);
    return table.template(commands);
  },
};

function tableOf({ redraw }: Page): Table<ConsoleCommand> {
  // biome-ignore format: a table reads in columns
  return new Table({
    name: 'Commands',
    one: 'command',
    key: ({ protocol, name }) => `${protocol} ${name}`,
    words: ({ protocol, name }) => `${protocol} ${name}`,
    sortedBy: 'Calls/s',
    emptyText: 'No command was run yet.',
    columns: [
      { title: 'Command',  width: 0,    value: ({ name }) => name, cell: ({ name }) => name },
      { title: 'Protocol', width: 7,    value: ({ protocol }) => protocol, cell: ({ protocol }) => PROTOCOL[protocol] },
      { title: 'Calls/s',  width: 11,   isNumber: true, value: ({ callsPerSec }) => callsPerSec, cell: ({ callsPerSec }) => meterTemplate(portion(callsPerSec, busiestPerSec), rateText(callsPerSec)) },
      { title: 'Calls',    width: 7,    isNumber: true, value: ({ calls }) => calls, cell: ({ calls }) => countText(calls) },
      { title: 'Errors',   width: 5.5,  isNumber: true, value: ({ errors }) => errors, cell: ({ errors }) => errorText(errors), explained: 'RESP: refused, or failed. Memcached does not count them.' },
      { title: 'Mean',     width: 5.5,  isNumber: true, value: ({ meanUs }) => meanUs, cell: ({ meanUs }) => usText(meanUs) },
      { title: 'p50',      width: 5.5,  isNumber: true, value: ({ p50Us }) => p50Us, cell: ({ p50Us }) => usText(p50Us) },
      { title: 'p99',      width: 10,   isNumber: true, value: ({ p99Us }) => p99Us, cell: ({ p99Us }) => meterTemplate(portion(p99Us ?? 0, slowestUs), usText(p99Us), 'second') },
      { title: 'p99.9',    width: 5.5,  isNumber: true, value: ({ p999Us }) => p999Us, cell: ({ p999Us }) => usText(p999Us) },
    ],
  }, redraw);
}

const PROTOCOL = { memcached: 'memcached', resp: 'RESP' } as const;

function errorText(errors: number): string {
  return errors === 0 ? NONE : countText(errors);
}

function portion(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
