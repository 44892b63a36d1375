/**
 * Memory that a server spends on an item beyond its key and value.
 *
 *   node bench/bytes-per-item.ts
 *
 * A fresh server with a limit of --mem is filled far past it; what it holds then is what fits:
 *
 *   overhead    = limit / items held − key − value: what the operator pays, slab waste and index included
 *   RSS / item  = the process's whole resident memory / items held: what the machine pays
 *
 * The first means nothing for a server that evicted nothing, and the report says so.
 */

import { type Arguments, argumentsRead, SERVER_FLAGS } from './support/arguments.ts';
import { keysMake, keysStore } from './support/fill.ts';
import {
  mibFormat,
  numberFormat,
  progressMake,
  reportWrite,
  tableFormat,
} from './support/report.ts';
import {
  type RunningServer,
  serverRssBytesSettled,
  serverSpecsRead,
  withServer,
} from './support/server.ts';
import { clientClose, clientOpen, clientStats } from './support/text-client.ts';

const ABOUT = 'Measures the memory spent on an item beyond its key and value.';
const FLAGS = {
  ...SERVER_FLAGS,
  sizes: { value: 'BYTES,…', byDefault: '32,100,500', quick: '100', doc: 'sizes of values' },
  mem: { value: 'MIB', byDefault: '64', quick: '16', doc: 'memory limit' },
} as const;

/** Keys and values stored, as a multiple of the limit. */
const FILL_FACTOR = 1.5;
const KEY_BYTES_MEAN = 23;

interface Held {
  readonly title: string;
  readonly valueBytes: number;
  readonly refusedCount: number;
  readonly heldCount: number;
  readonly evictedCount: number;
  readonly limitBytesPerItem: number;
  readonly overheadBytes: number;
  readonly rssBytes: number;
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const settings = { memMb: args.number('mem'), threadCount: 1 };
  const results: Held[] = [];
  for (const valueBytes of args.numbers('sizes')) {
    for (const spec of serverSpecsRead(args)) {
      results.push(
        await withServer(spec, settings, (server) => heldMeasure(server, valueBytes, args)),
      );
    }
  }
  const conditions = `-m ${settings.memMb}, filled to ${FILL_FACTOR} times with keys of 16–30 B.\n`;
  reportWrite(args, `${resultsFormat(results)}\n${conditions}`, { results });
}

async function heldMeasure(
  server: RunningServer,
  valueBytes: number,
  args: Arguments,
): Promise<Held> {
  const limitBytes = args.number('mem') * 2 ** 20;
  const keyCount = Math.ceil((limitBytes * FILL_FACTOR) / (KEY_BYTES_MEAN + valueBytes));
  const keys = keysMake(keyCount, args.number('seed'));
  const tell = progressMake(`filling ${server.name} with values of ${valueBytes} B`);
  const refusedCount = await keysStore(server.port, keys, valueBytes, tell);
  const rssBytes = await serverRssBytesSettled(server, args);
  const client = await clientOpen(server.port);
  const stats = await clientStats(client);
  clientClose(client);
  const heldCount = Number(stats.get('curr_items'));
  const limitBytesPerItem = limitBytes / heldCount;
  return {
    title: server.title,
    valueBytes,
    refusedCount,
    heldCount,
    evictedCount: Number(stats.get('evictions')),
    limitBytesPerItem,
    overheadBytes: limitBytesPerItem - KEY_BYTES_MEAN - valueBytes,
    rssBytes,
  };
}

function resultsFormat(results: readonly Held[]): string {
  const headers = ['value', 'server', 'overhead B/item', 'limit B/item', 'RSS B/item', 'RSS MiB'];
  headers.push('held', 'evicted', 'refused');
  const rows = results.map((held) => [
    `${held.valueBytes} B`,
    held.title,
    held.evictedCount > 0 ? numberFormat(held.overheadBytes, 1) : 'nothing evicted',
    numberFormat(held.limitBytesPerItem, 1),
    numberFormat(held.rssBytes / held.heldCount, 1),
    mibFormat(held.rssBytes),
    numberFormat(held.heldCount, 0),
    numberFormat(held.evictedCount, 0),
    numberFormat(held.refusedCount, 0),
  ]);
  return tableFormat(headers, rows);
}

await main();
