/**
 * What a server costs while nobody asks for anything.
 *
 *   node bench/idle.ts
 *
 *   idle          resident memory of a fresh server with --threads data threads
 *   connections   its growth with --connections open ones, each after one get, by connection
 *   heap          growth of the JavaScript heap over --items items, per million, for a server whose
 *                 statistics have a figure for it
 */

import { argumentsRead, COMMON_FLAGS, jsonWrite, progressSay } from './support/arguments.ts';
import { keysMake, keysStore } from './support/fill.ts';
import { machineLine, machineRead } from './support/machine.ts';
import { numberFormat, tableFormat } from './support/markdown.ts';
import { fileLimitRead } from './support/process-usage.ts';
import {
  type RunningServer,
  serverRssBytesSettled,
  serverSpecsRead,
  withServer,
} from './support/server.ts';
import type { TextClient } from './support/text-client.ts';
import { clientClose, clientLine, clientOpen, clientStats } from './support/text-client.ts';

const FLAGS = {
  ...COMMON_FLAGS,
  threads: { value: 'N', byDefault: '4', doc: 'data threads' },
  connections: { value: 'N', byDefault: '10000', quick: '100', doc: 'idle connections' },
  items: {
    value: 'N',
    byDefault: '1000000',
    quick: '20000',
    doc: 'items for the growth of the heap',
  },
  mem: { value: 'MIB', byDefault: '1024', quick: '64', doc: 'memory limit' },
  settle: {
    value: 'MS',
    byDefault: '3000',
    quick: '100',
    doc: 'wait before resident memory is read',
  },
  'heap-stat': {
    value: 'NAME',
    byDefault: 'heap_used',
    doc: 'the statistic with the bytes of the JavaScript heap',
  },
} as const;

/** Files that the bench itself needs besides connections. */
const FILES_SPARE_COUNT = 200;
/** Connections opened at once; a listener's backlog is longer. */
const OPEN_BATCH_COUNT = 100;
const VALUE_BYTES = 100;

interface Idle {
  readonly serverName: string;
  readonly version: string;
  readonly idleRssBytes: number;
  readonly connectedRssBytes: number;
  readonly connectionCount: number;
  readonly rssBytesPerConnection: number;
  /** Null when the server does not tell. */
  readonly heapBytesPerMillionItems: number | null;
}

interface Plan {
  readonly connectionCount: number;
  readonly itemCount: number;
  readonly settleMs: number;
  readonly seed: number;
  readonly heapStat: string;
}

async function main(): Promise<void> {
  const about = 'Measures the memory of a server at rest.';
  const args = argumentsRead(about, FLAGS, process.argv.slice(2));
  const machine = machineRead();
  const wantedCount = args.number('connections');
  const connectionCount = Math.min(wantedCount, fileLimitRead() - FILES_SPARE_COUNT);
  if (connectionCount < wantedCount) {
    progressSay(`only ${connectionCount} connections: the limit of open files allows no more`);
  }
  const plan: Plan = {
    connectionCount,
    itemCount: args.number('items'),
    settleMs: args.number('settle'),
    seed: args.number('seed'),
    heapStat: args.text('heap-stat'),
  };
  const settings = {
    memMb: args.number('mem'),
    threadCount: args.number('threads'),
    cpu: '',
    extra: ['-c', `${connectionCount + FILES_SPARE_COUNT}`],
  };
  const results: Idle[] = [];
  for (const spec of serverSpecsRead(args)) {
    progressSay(`${spec.name}: at rest, then with ${connectionCount} connections`);
    results.push(await withServer(spec, settings, (server) => idleMeasure(server, plan)));
  }
  process.stdout.write(resultsFormat(results));
  process.stdout.write(
    `\n${args.text('threads')} data threads, -m ${args.text('mem')}; ${connectionCount} connections, ` +
      'each after one get.\n',
  );
  process.stdout.write(`${machineLine(machine)}\n`);
  jsonWrite(args, { machine, flags: args.all, results });
}

async function idleMeasure(server: RunningServer, plan: Plan): Promise<Idle> {
  const idleRssBytes = await serverRssBytesSettled(server, plan.settleMs);
  const clients = await clientsOpen(server.port, plan.connectionCount);
  const connectedRssBytes = await serverRssBytesSettled(server, plan.settleMs);
  for (const client of clients) clientClose(client);
  return {
    serverName: server.name,
    version: server.version,
    idleRssBytes,
    connectedRssBytes,
    connectionCount: plan.connectionCount,
    rssBytesPerConnection: (connectedRssBytes - idleRssBytes) / plan.connectionCount,
    heapBytesPerMillionItems: await heapGrowthMeasure(server, plan),
  };
}

async function clientsOpen(port: number, connectionCount: number): Promise<readonly TextClient[]> {
  const clients: TextClient[] = [];
  while (clients.length < connectionCount) {
    const batchCount = Math.min(OPEN_BATCH_COUNT, connectionCount - clients.length);
    const batch = Array.from({ length: batchCount }, async () => {
      const client = await clientOpen(port);
      await clientLine(client, 'get nothing');
      client.socket.setTimeout(0); // it is meant to be silent
      return client;
    });
    clients.push(...(await Promise.all(batch)));
  }
  return clients;
}

async function heapGrowthMeasure(server: RunningServer, plan: Plan): Promise<number | null> {
  const client = await clientOpen(server.port);
  const heapBytesRead = async (): Promise<number> =>
    Number((await clientStats(client)).get(plan.heapStat) ?? Number.NaN);
  const keys = keysMake(plan.itemCount, plan.seed);
  const half = keys.length >> 1;
  // The first half warms up the server's code; the second is what growth is measured over.
  let growthBytes = await heapBytesRead();
  if (!Number.isNaN(growthBytes)) {
    await keysStore(client, keys.slice(0, half), VALUE_BYTES);
    const beforeBytes = await heapBytesRead();
    await keysStore(client, keys.slice(half), VALUE_BYTES);
    growthBytes = (await heapBytesRead()) - beforeBytes;
  }
  clientClose(client);
  return Number.isNaN(growthBytes) ? null : (growthBytes / (keys.length - half)) * 1e6;
}

function resultsFormat(results: readonly Idle[]): string {
  const headers = ['server', 'idle RSS MiB', 'connected RSS MiB', 'RSS B/connection'];
  headers.push('heap MiB per million items');
  const rows = results.map((idle) => [
    `${idle.serverName} ${idle.version}`,
    numberFormat(idle.idleRssBytes / 2 ** 20, 1),
    numberFormat(idle.connectedRssBytes / 2 ** 20, 1),
    numberFormat(idle.rssBytesPerConnection, 0),
    idle.heapBytesPerMillionItems === null
      ? '–'
      : numberFormat(idle.heapBytesPerMillionItems / 2 ** 20, 2),
  ]);
  return tableFormat(headers, rows);
}

await main();
