/**
 * Hit ratios of our server and memcached with equal memory limits: get, and on a miss set, over a trace
 * from a file or a seeded workload.
 *
 *   node bench/hit-ratio.ts                                           every workload, 16 and 64 MiB
 *   node bench/hit-ratio.ts --trace cloudPhysicsIO.oracleGeneral.bin --mem 64,256
 *   node bench/hit-ratio.ts --trace accesses.csv --key-column 2 --size-column 3
 *   node bench/hit-ratio.ts --trace keys.bin --array le32 --sizes lognormal:2000:1.2
 *
 * memcached goes over a small limit, so compare the resident memory too.
 */

import { type Arguments, argumentsRead, SERVER_FLAGS } from './support/arguments.ts';
import { processRssBytesRead } from './support/process-usage.ts';
import {
  mibFormat,
  numberFormat,
  progressMake,
  progressSay,
  reportWrite,
  tableFormat,
} from './support/report.ts';
import { type ServerSpec, serverSpecsRead, withServer } from './support/server.ts';
import { clientClose, clientOpen, clientStats } from './support/text-client.ts';
import { traceRead } from './trace/reader.ts';
import { type ReplayResult, replayRun } from './trace/replay.ts';
import { syntheticMake, WORKLOADS } from './trace/synthetic.ts';
import type { Trace } from './trace/trace.ts';

const ABOUT = 'Compares hit ratios of our server and memcached with equal memory limits.';
const FLAGS = {
  ...SERVER_FLAGS,
  trace: { value: 'FILE,…', doc: 'traces to replay' },
  workload: {
    value: 'NAME,…',
    byDefault: Object.keys(WORKLOADS).join(','),
    quick: 'scan',
    doc: 'seeded workloads, when there is no --trace',
  },
  mem: { value: 'MIB,…', byDefault: '16,64', quick: '16', doc: 'memory limits' },
  requests: {
    value: 'N',
    byDefault: '0',
    quick: '30000',
    doc: 'requests (0: the whole trace, or 600000)',
  },
  sizes: {
    value: 'SPEC',
    byDefault: 'lognormal:300:1.0',
    quick: 'lognormal:1500:1.0',
    doc: 'sizes where a trace has none: lognormal:MEDIAN:SIGMA or SIZE:WEIGHT,…',
  },
  array: { value: 'KIND', doc: 'the trace is a bare array of keys: be32, be64, le32 or le64' },
  'key-column': { value: 'N', byDefault: '1', doc: 'column of keys in a text trace' },
  'size-column': { value: 'N', byDefault: '0', doc: 'column of sizes (0: none)' },
} as const;

const WORKLOAD_REQUESTS = 600_000;

interface Replayed extends ReplayResult {
  readonly trace: string;
  readonly memMb: number;
  readonly title: string;
  readonly itemCount: number;
  readonly evictedCount: number;
  readonly rssBytes: number;
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const specs = serverSpecsRead(args);
  const results: Replayed[] = [];
  let summaries = '';
  for (const traceMake of tracesChoose(args)) {
    const trace = traceMake();
    const summary = summaryFormat(trace);
    progressSay(summary);
    summaries += `${summary}\n`;
    for (const memMb of args.numbers('mem')) {
      for (const spec of specs) results.push(await replayMeasure(trace, spec, memMb));
    }
  }
  reportWrite(args, `${resultsFormat(results)}\n${summaries}`, { results });
}

/** One after the other, so that only one trace is in memory. */
function tracesChoose(args: Arguments): readonly (() => Trace)[] {
  const sizes = args.text('sizes');
  const requestCount = args.number('requests');
  if (args.text('trace') === '') {
    const count = requestCount || WORKLOAD_REQUESTS;
    const seed = args.number('seed');
    return args.texts('workload').map((name) => () => syntheticMake(name, count, seed, sizes));
  }
  const format = {
    array: args.text('array'),
    keyColumn: args.number('key-column'),
    sizeColumn: args.number('size-column'),
    sizes,
    requestCount,
  };
  return args.texts('trace').map((path) => () => traceRead(path, format));
}

async function replayMeasure(trace: Trace, spec: ServerSpec, memMb: number): Promise<Replayed> {
  return await withServer(spec, { memMb, threadCount: 1 }, async (server) => {
    const client = await clientOpen(server.port);
    const label = `  ${memMb} MiB  ${server.name.padEnd(10)}`;
    const result = await replayRun(trace, client, progressMake(label));
    progressSay(`${label} ${result.hitRatio.toFixed(4)}`);
    const stats = await clientStats(client);
    clientClose(client);
    return {
      trace: trace.name,
      memMb,
      title: server.title,
      ...result,
      itemCount: Number(stats.get('curr_items')),
      evictedCount: Number(stats.get('evictions')),
      rssBytes: processRssBytesRead(server.pid),
    };
  });
}

function summaryFormat({ name, requests, keys, sizes }: Trace): string {
  const footprintBytes = sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  const hitRatioMax = 1 - keys.length / requests.length;
  return (
    `${name}: ${requests.length} requests for ${keys.length} objects, ` +
    `${mibFormat(footprintBytes)} MiB; hit ratio without a limit ${hitRatioMax.toFixed(4)}.`
  );
}

function resultsFormat(results: readonly Replayed[]): string {
  const headers = ['trace', 'limit MiB', 'server', 'hit ratio', 'by bytes', 'items', 'evicted'];
  headers.push('RSS MiB', 'refused', 'wrong');
  const rows = results.map((result) => [
    result.trace,
    `${result.memMb}`,
    result.title,
    numberFormat(result.hitRatio, 4),
    numberFormat(result.hitRatioBytes, 4),
    numberFormat(result.itemCount, 0),
    numberFormat(result.evictedCount, 0),
    mibFormat(result.rssBytes),
    numberFormat(result.refusedCount, 0),
    numberFormat(result.wrongCount, 0),
  ]);
  return tableFormat(headers, rows);
}

await main();
