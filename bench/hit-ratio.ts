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

import {
  type Arguments,
  argumentsRead,
  COMMON_FLAGS,
  jsonWrite,
  progressSay,
} from './support/arguments.ts';
import { machineLine, machineRead } from './support/machine.ts';
import { numberFormat, tableFormat } from './support/markdown.ts';
import { processRssBytesRead } from './support/process-usage.ts';
import { type ServerSpec, serverSpecsRead, withServer } from './support/server.ts';
import { clientClose, clientOpen, clientStats } from './support/text-client.ts';
import { traceRead } from './trace/reader.ts';
import { type ReplayResult, replayRun } from './trace/replay.ts';
import { syntheticMake, WORKLOADS } from './trace/synthetic.ts';
import { type Trace, type TraceSummary, traceSummary } from './trace/trace.ts';

const FLAGS = {
  ...COMMON_FLAGS,
  trace: { value: 'FILE', many: true, doc: 'trace to replay; may be repeated' },
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
    doc: 'sizes where a trace has none: lognormal:MEDIAN:SIGMA, LOW-HIGH or SIZE:WEIGHT,…',
  },
  'size-max': { value: 'BYTES', byDefault: '524288', doc: 'larger values are cut to this' },
  array: {
    value: 'KIND',
    byDefault: '',
    doc: 'the trace is a bare array of keys: be32, be64, le32 or le64',
  },
  'key-column': { value: 'N', byDefault: '1', doc: 'column of keys in a text trace' },
  'size-column': { value: 'N', byDefault: '0', doc: 'column of sizes (0: none)' },
  'ttl-column': { value: 'N', byDefault: '0', doc: 'column of TTLs in seconds (0: none)' },
  objects: { value: 'N', byDefault: '', doc: 'objects of a workload (default: its own)' },
  alpha: { value: 'F', byDefault: '', doc: "Zipf's exponent of a workload (default: its own)" },
  rate: {
    value: 'N',
    byDefault: '',
    doc: 'requests a second, which TTLs need (default: what the workload says)',
  },
  window: { value: 'N', byDefault: '32', doc: 'most keys in one get' },
  warm: { value: 'F', byDefault: '0.25', doc: 'share of the trace left out of the warm hit ratio' },
  threads: { value: 'N', byDefault: '1', doc: 'data threads of each server' },
} as const;

interface Replayed extends ReplayResult {
  readonly trace: string;
  readonly memMb: number;
  readonly serverName: string;
  readonly version: string;
  readonly itemCount: number;
  readonly evictedCount: number;
  readonly rssBytes: number;
}

async function main(): Promise<void> {
  const about = 'Compares hit ratios of our server and memcached with equal memory limits.';
  const args = argumentsRead(about, FLAGS, process.argv.slice(2));
  const machine = machineRead();
  const specs = serverSpecsRead(args);
  const results: Replayed[] = [];
  const summaries: (TraceSummary & { readonly name: string })[] = [];
  const paths = args.texts('trace');
  const names = paths.length > 0 ? paths : args.text('workload').split(',');
  for (const name of names) {
    const trace = paths.length > 0 ? traceOpen(name, args) : workloadMake(name, args);
    const summary = traceSummary(trace);
    summaries.push({ name: trace.name, ...summary });
    progressSay(`${trace.name}: ${summary.requestCount} requests, ${summary.keyCount} objects`);
    for (const memMb of args.numbers('mem')) {
      for (const spec of specs) results.push(await replayMeasure(trace, spec, memMb, args));
    }
  }
  process.stdout.write(`${resultsFormat(results)}\n`);
  for (const { name, requestCount, keyCount, footprintBytes, hitRatioMax } of summaries) {
    process.stdout.write(
      `${name}: ${numberFormat(requestCount, 0)} requests for ${numberFormat(keyCount, 0)} objects, ` +
        `${numberFormat(footprintBytes / 2 ** 20, 1)} MiB; without a limit ${hitRatioMax.toFixed(4)}.\n`,
    );
  }
  process.stdout.write(`${machineLine(machine)}\n`);
  jsonWrite(args, { machine, flags: args.all, traces: summaries, results });
}

function traceOpen(path: string, args: Arguments): Trace {
  return traceRead(path, {
    array: args.text('array'),
    keyColumn: args.number('key-column'),
    sizeColumn: args.number('size-column'),
    ttlColumn: args.number('ttl-column'),
    sizes: args.text('sizes'),
    sizeBytesMax: args.number('size-max'),
    requestCount: args.number('requests'),
  });
}

function workloadMake(name: string, args: Arguments): Trace {
  return syntheticMake(name, {
    requestCount: args.number('requests') || 600_000,
    seed: args.number('seed'),
    sizes: args.text('sizes'),
    sizeBytesMax: args.number('size-max'),
    objectCount: args.text('objects') === '' ? null : args.number('objects'),
    alpha: args.text('alpha') === '' ? null : args.number('alpha'),
  });
}

async function replayMeasure(
  trace: Trace,
  spec: ServerSpec,
  memMb: number,
  args: Arguments,
): Promise<Replayed> {
  const settings = { memMb, threadCount: args.number('threads'), cpu: '' };
  return await withServer(spec, settings, async (server) => {
    const client = await clientOpen(server.port);
    const result = await replayRun(trace, client, {
      windowCount: args.number('window'),
      ratePerSec: args.text('rate') === '' ? trace.ratePerSec : args.number('rate'),
      warmShare: args.number('warm'),
    });
    const stats = await clientStats(client);
    clientClose(client);
    progressSay(
      `  ${memMb} MiB  ${server.name.padEnd(10)} ${result.hitRatio.toFixed(4)}  ` +
        `${(result.elapsedMs / 1000).toFixed(1)} s`,
    );
    return {
      trace: trace.name,
      memMb,
      serverName: server.name,
      version: server.version,
      ...result,
      itemCount: Number(stats.get('curr_items')),
      evictedCount: Number(stats.get('evictions')),
      rssBytes: processRssBytesRead(server.pid),
    };
  });
}

function resultsFormat(results: readonly Replayed[]): string {
  const headers = ['trace', 'limit MiB', 'server', 'hit ratio', 'warm', 'by bytes', 'items'];
  headers.push('evicted', 'RSS MiB', 'refused', 'wrong');
  const rows = results.map((result) => [
    result.trace,
    `${result.memMb}`,
    `${result.serverName} ${result.version}`,
    numberFormat(result.hitRatio, 4),
    numberFormat(result.hitRatioWarm, 4),
    numberFormat(result.hitRatioBytes, 4),
    numberFormat(result.itemCount, 0),
    numberFormat(result.evictedCount, 0),
    numberFormat(result.rssBytes / 2 ** 20, 1),
    numberFormat(result.refusedCount, 0),
    numberFormat(result.wrongCount, 0),
  ]);
  return tableFormat(headers, rows);
}

await main();
