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

import { argumentsRead, COMMON_FLAGS, jsonWrite, progressSay } from './support/arguments.ts';
import { keysMake, keysStore } from './support/fill.ts';
import { machineLine, machineRead } from './support/machine.ts';
import { numberFormat, tableFormat } from './support/markdown.ts';
import {
  type RunningServer,
  serverRssBytesSettled,
  serverSpecsRead,
  withServer,
} from './support/server.ts';
import { clientClose, clientOpen, clientStats } from './support/text-client.ts';

const FLAGS = {
  ...COMMON_FLAGS,
  sizes: { value: 'BYTES,…', byDefault: '32,100,500', quick: '100', doc: 'sizes of values' },
  mem: { value: 'MIB', byDefault: '64', quick: '16', doc: 'memory limit' },
  past: {
    value: 'F',
    byDefault: '1.5',
    quick: '1.1',
    doc: 'keys and values stored, as a multiple of the limit',
  },
  threads: { value: 'N', byDefault: '1', doc: 'data threads of each server' },
  settle: {
    value: 'MS',
    byDefault: '1500',
    quick: '100',
    doc: 'wait before resident memory is read',
  },
} as const;

interface Held {
  readonly serverName: string;
  readonly version: string;
  readonly valueBytes: number;
  readonly keyBytesMean: number;
  readonly storedCount: number;
  readonly refusedCount: number;
  readonly heldCount: number;
  readonly evictedCount: number;
  readonly limitBytesPerItem: number;
  readonly overheadBytes: number;
  readonly rssBytes: number;
  readonly rssBytesPerItem: number;
}

async function main(): Promise<void> {
  const about = 'Measures the memory spent on an item beyond its key and value.';
  const args = argumentsRead(about, FLAGS, process.argv.slice(2));
  const machine = machineRead();
  const memMb = args.number('mem');
  const settings = { memMb, threadCount: args.number('threads'), cpu: '' };
  const results: Held[] = [];
  for (const valueBytes of args.numbers('sizes')) {
    for (const spec of serverSpecsRead(args)) {
      progressSay(`filling ${spec.name} with values of ${valueBytes} B`);
      const held = await withServer(spec, settings, (server) =>
        heldMeasure(server, valueBytes, memMb * 2 ** 20, {
          past: args.number('past'),
          seed: args.number('seed'),
          settleMs: args.number('settle'),
        }),
      );
      results.push(held);
    }
  }
  process.stdout.write(resultsFormat(results));
  process.stdout.write(
    `\nA limit of ${memMb} MiB, filled to ${args.text('past')} times with keys of 16–30 B.\n`,
  );
  process.stdout.write(`${machineLine(machine)}\n`);
  jsonWrite(args, { machine, flags: args.all, results });
}

async function heldMeasure(
  server: RunningServer,
  valueBytes: number,
  limitBytes: number,
  plan: { readonly past: number; readonly seed: number; readonly settleMs: number },
): Promise<Held> {
  const keyBytesGuess = 23;
  const keyCount = Math.ceil((limitBytes * plan.past) / (keyBytesGuess + valueBytes));
  const keys = keysMake(keyCount, plan.seed);
  const client = await clientOpen(server.port);
  const refusedCount = await keysStore(client, keys, valueBytes);
  const rssBytes = await serverRssBytesSettled(server, plan.settleMs);
  const stats = await clientStats(client);
  clientClose(client);
  const heldCount = Number(stats.get('curr_items'));
  const keyBytesMean = keys.reduce((sum, key) => sum + key.length, 0) / keyCount;
  const limitBytesPerItem = limitBytes / heldCount;
  return {
    serverName: server.name,
    version: server.version,
    valueBytes,
    keyBytesMean,
    storedCount: keyCount,
    refusedCount,
    heldCount,
    evictedCount: Number(stats.get('evictions')),
    limitBytesPerItem,
    overheadBytes: limitBytesPerItem - keyBytesMean - valueBytes,
    rssBytes,
    rssBytesPerItem: rssBytes / heldCount,
  };
}

function resultsFormat(results: readonly Held[]): string {
  const headers = ['value', 'server', 'overhead B/item', 'limit B/item', 'RSS B/item', 'RSS MiB'];
  headers.push('held', 'evicted', 'refused');
  const rows = results.map((held) => [
    `${held.valueBytes} B`,
    `${held.serverName} ${held.version}`,
    held.evictedCount > 0 ? numberFormat(held.overheadBytes, 1) : 'nothing evicted',
    numberFormat(held.limitBytesPerItem, 1),
    numberFormat(held.rssBytesPerItem, 1),
    numberFormat(held.rssBytes / 2 ** 20, 1),
    numberFormat(held.heldCount, 0),
    numberFormat(held.evictedCount, 0),
    numberFormat(held.refusedCount, 0),
  ]);
  return tableFormat(headers, rows);
}

await main();
