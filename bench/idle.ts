/**
 * What a server costs while nobody asks for anything.
 *
 *   node bench/idle.ts
 *
 *   idle          resident memory of a fresh server with --threads data threads
 *   connections   its growth with --connections open ones, each after one get, by connection
 *   heap          growth of the JavaScript heaps over --items items, per million, where `stats server`
 *                 tells their size; the garbage between collections is left out
 */

import { type Arguments, argumentsRead, SERVER_FLAGS } from './support/arguments.ts';
import { keysMake, keysStore } from './support/fill.ts';
import { fileLimitRead } from './support/process-usage.ts';
import {
  mibFormat,
  numberFormat,
  progressMake,
  progressSay,
  reportWrite,
  tableFormat,
} from './support/report.ts';
import {
  type RunningServer,
  serverRssBytesSettled,
  serverSpecsRead,
  withServer,
} from './support/server.ts';
import {
  clientClose,
  clientLine,
  clientOpen,
  clientStats,
  type TextClient,
} from './support/text-client.ts';

const ABOUT = 'Measures the memory of a server at rest.';
const FLAGS = {
  ...SERVER_FLAGS,
  threads: { value: 'N', byDefault: '4', doc: 'data threads' },
  connections: { value: 'N', byDefault: '10000', quick: '100', doc: 'idle connections' },
  items: { value: 'N', byDefault: '2000000', quick: '20000', doc: 'items, for the heap' },
  mem: { value: 'MIB', byDefault: '1024', quick: '64', doc: 'memory limit' },
} as const;

/** Files that the bench itself needs besides connections. */
const FILES_SPARE_COUNT = 200;
/** Connections opened at once; a listener's backlog is longer. */
const OPEN_BATCH_COUNT = 100;
const VALUE_BYTES = 100;
const HEAP_PARTS = 5;

interface Idle {
  readonly title: string;
  readonly connectionCount: number;
  readonly idleRssBytes: number;
  readonly connectedRssBytes: number;
  readonly rssBytesPerConnection: number;
  /** NaN when the server does not tell. */
  readonly heapBytesPerMillionItems: number;
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const wantedCount = args.number('connections');
  const connectionCount = Math.min(wantedCount, fileLimitRead() - FILES_SPARE_COUNT);
  if (connectionCount < wantedCount) {
    progressSay(`only ${connectionCount} connections: the limit of open files allows no more`);
  }
  const settings = {
    memMb: args.number('mem'),
    threadCount: args.number('threads'),
    extra: ['-c', `${connectionCount + FILES_SPARE_COUNT}`],
  };
  const results: Idle[] = [];
  for (const spec of serverSpecsRead(args)) {
    progressSay(`${spec.name}: at rest, then with ${connectionCount} connections, then with items`);
    results.push(
      await withServer(spec, settings, (server) => idleMeasure(server, connectionCount, args)),
    );
  }
  const conditions =
    `${settings.threadCount} data threads, -m ${settings.memMb}; ` +
    `${connectionCount} connections, each after one get.\n`;
  reportWrite(args, `${resultsFormat(results)}\n${conditions}`, { results });
}

async function idleMeasure(
  server: RunningServer,
  connectionCount: number,
  args: Arguments,
): Promise<Idle> {
  const idleRssBytes = await serverRssBytesSettled(server, args);
  const clients = await clientsOpen(server.port, connectionCount);
  const connectedRssBytes = await serverRssBytesSettled(server, args);
  for (const client of clients) clientClose(client);
  return {
    title: server.title,
    connectionCount,
    idleRssBytes,
    connectedRssBytes,
    rssBytesPerConnection: (connectedRssBytes - idleRssBytes) / connectionCount,
    heapBytesPerMillionItems: await heapGrowthMeasure(server, args),
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

/**
 * The items are stored in five parts, of which the second and the last are compared: the first warms up
 * the server's code. A part's heap is the lowest seen, with the least garbage; half a MiB is noise.
 */
async function heapGrowthMeasure(server: RunningServer, args: Arguments): Promise<number> {
  const keys = keysMake(args.number('items'), args.number('seed'));
  const lowest = Array.from({ length: HEAP_PARTS }, () => Number.POSITIVE_INFINITY);
  const client = await clientOpen(server.port);
  const progress = progressMake(`${server.name}: items`);
  await keysStore(server.port, keys, VALUE_BYTES, async (share) => {
    const heapBytes = Number((await clientStats(client, 'stats server')).get('heap_used'));
    const part = Math.min(HEAP_PARTS - 1, Math.floor(share * HEAP_PARTS));
    lowest[part] = Math.min(lowest[part], heapBytes);
    progress(share);
  });
  clientClose(client);
  const itemCount = (keys.length * (HEAP_PARTS - 2)) / HEAP_PARTS;
  return ((lowest[HEAP_PARTS - 1] - lowest[1]) / itemCount) * 1e6;
}

function resultsFormat(results: readonly Idle[]): string {
  const headers = ['server', 'idle RSS MiB', 'connected RSS MiB', 'RSS B/connection'];
  headers.push('heap MiB per million items');
  const rows = results.map((idle) => [
    idle.title,
    mibFormat(idle.idleRssBytes),
    mibFormat(idle.connectedRssBytes),
    numberFormat(idle.rssBytesPerConnection, 0),
    numberFormat(idle.heapBytesPerMillionItems / 2 ** 20, 2),
  ]);
  return tableFormat(headers, rows);
}

await main();
