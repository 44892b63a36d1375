/**
 * Our server and the installed memcached under the same load, in one run: CPU per operation,
 * throughput and latency, and their ratios.
 *
 *   node bench/compare.ts                              pipelines of 1, 16 and 64
 *   node bench/compare.ts --pipelines 1 --rate 70%     both at 70 % of the peer's peak load
 *   node bench/compare.ts --pipelines 1 --rate 50000   both at a fixed offered load
 *
 * Both servers are up all the time, on one core; the client has another. Rounds alternate between
 * them. CPU per operation is the steadiest figure: throughput shows the client's limits as well.
 */

import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Comparison,
  comparisonRecord,
  comparisonsFormat,
  type ServerRounds,
} from './load/comparison.ts';
import { generatorOpen } from './load/generator.ts';
import { type MemtierProtocol, memtierOpen } from './load/memtier.ts';
import type { LoadGenerator, LoadProfile } from './load/profile.ts';
import { type Round, roundRun } from './load/round.ts';
import { type Arguments, argumentsRead, SERVER_FLAGS } from './support/arguments.ts';
import { programFind } from './support/command.ts';
import { keysStore } from './support/fill.ts';
import { disturbanceFormat, progressMake, progressSay, reportWrite } from './support/report.ts';
import {
  type RunningServer,
  selfPin,
  serverSpecsRead,
  serverStart,
  serverStop,
} from './support/server.ts';
import { summaryOf } from './support/statistics.ts';

const ABOUT = 'Compares our server with memcached under the same load.';
const FLAGS = {
  ...SERVER_FLAGS,
  pipelines: { value: 'N,…', byDefault: '1,16,64', doc: 'requests under way per connection' },
  connections: { value: 'N', byDefault: '50', quick: '8', doc: 'connections' },
  value: { value: 'BYTES', byDefault: '100', doc: 'size of values' },
  ratio: { value: 'S:G', byDefault: '1:9', doc: 'sets to gets' },
  keys: { value: 'N', byDefault: '100000', quick: '2000', doc: 'keys, asked for evenly' },
  rounds: { value: 'N', byDefault: '5', quick: '1', doc: 'rounds of each server at each depth' },
  seconds: {
    value: 'N',
    byDefault: '2',
    quick: '0.15',
    doc: 'length of a round; whole ones for memtier',
  },
  rate: {
    value: 'N|N%',
    byDefault: '0',
    doc: "offered load: requests a second, or a share of the peer's peak (0: as fast as it goes)",
  },
  generator: {
    value: 'NAME',
    byDefault: 'auto',
    quick: 'own',
    doc: 'memtier, own, or auto: memtier when it is on PATH',
  },
  protocol: {
    value: 'NAME',
    byDefault: 'text',
    doc: 'text or binary',
  },
  'client-threads': { value: 'N', byDefault: '1', doc: 'threads of the load generator' },
  threads: { value: 'N', byDefault: '1', doc: 'data threads of each server' },
  mem: { value: 'MIB', byDefault: '1024', quick: '64', doc: 'memory limit of each server' },
  'server-cpu': { value: 'CPUS', byDefault: '0', doc: "core of the servers, '' for any" },
  'client-cpu': { value: 'CPUS', byDefault: '1', doc: "core of the load generator, '' for any" },
} as const;

const MEMTIER_PROTOCOLS: Readonly<Record<'text' | 'binary', MemtierProtocol>> = {
  text: 'memcache_text',
  binary: 'memcache_binary',
};
const PAUSE_MS = 100;
const CHECK_MS = 1000;
const PEAK_ROUNDS = 3;

interface Bench {
  readonly args: Arguments;
  readonly servers: readonly RunningServer[];
  readonly generator: LoadGenerator;
  /** Our generator, which checks every reply: for warm-ups, whatever measures. */
  readonly checker: LoadGenerator;
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const isPinned = cpus().length > 1 && selfPin(args.text('client-cpu'));
  const settings = {
    memMb: args.number('mem'),
    threadCount: args.number('threads'),
    cpus: isPinned ? args.text('server-cpu') : '',
  };
  const servers: RunningServer[] = [];
  const checker = generatorOpen(args.number('client-threads'), protocolChoose(args));
  try {
    for (const spec of serverSpecsRead(args)) servers.push(await serverStart(spec, settings));
    const bench = { args, servers, generator: generatorChoose(args, checker), checker };
    progressSay(`${titleFormat(bench)}; load by ${bench.generator.title}`);
    const comparisons = await comparisonsRun(bench);
    reportWrite(args, reportFormat(bench, comparisons, isPinned), {
      isPinned,
      servers: servers.map(({ title }) => title),
      comparisons: comparisons.map(comparisonRecord),
    });
  } finally {
    await checker.close();
    for (const server of servers) await serverStop(server);
  }
}

function generatorChoose(args: Arguments, own: LoadGenerator): LoadGenerator {
  const name = args.text('generator');
  const memtier = name === 'own' ? null : programFind('memtier_benchmark');
  if (memtier !== null) {
    const protocol = MEMTIER_PROTOCOLS[protocolChoose(args)];
    return memtierOpen(memtier, args.number('client-threads'), protocol);
  }
  if (name === 'memtier') throw new Error('--generator memtier: no memtier_benchmark on PATH');
  return own;
}

function protocolChoose(args: Arguments): 'text' | 'binary' {
  const name = args.text('protocol');
  if (name === 'text' || name === 'binary') return name;
  throw new Error(`--protocol ${name}: text or binary`);
}

async function comparisonsRun(bench: Bench): Promise<readonly Comparison[]> {
  const { args, servers } = bench;
  for (const server of servers) await serverFill(bench, server);
  const comparisons: Comparison[] = [];
  for (const pipelineDepth of args.numbers('pipelines')) {
    const sets: ServerRounds[] = [];
    for (const server of servers) {
      const checkErrorCount = await warmUp(bench, server, pipelineDepth);
      sets.push({ serverName: server.name, checkErrorCount, rounds: [] });
    }
    const ratePerSec = await rateFind(bench, pipelineDepth);
    for (let round = 0; round < args.number('rounds'); round++) {
      for (const [i, server] of servers.entries()) {
        sets[i].rounds.push(await roundShow(bench, server, pipelineDepth, ratePerSec));
      }
    }
    comparisons.push({ pipelineDepth, ratePerSec, servers: sets });
  }
  return comparisons;
}

/** Stores every key that a generator will ask for. */
async function serverFill(bench: Bench, server: RunningServer): Promise<void> {
  const { args, generator, checker } = bench;
  for (const { keyName } of new Set([checker, generator])) {
    const keys = Array.from({ length: args.number('keys') }, (_, keyId) => keyName(keyId));
    const tell = progressMake(`filling ${server.name}`);
    const refusedCount = await keysStore(server.port, keys, args.number('value'), tell);
    if (refusedCount > 0) throw new Error(`${server.name} refused ${refusedCount} keys`);
  }
}

/** Checked load before anything is measured; returns how many replies were wrong. */
async function warmUp(bench: Bench, server: RunningServer, depth: number): Promise<number> {
  const profile = profileMake(bench.args, server, depth, 0);
  const durationMs = Math.min(CHECK_MS, profile.durationMs);
  const { operationCount, errorCount } = await bench.checker.run({ ...profile, durationMs });
  progressSay(
    `  depth ${depth}  ${server.name}: ${operationCount} replies checked, ${errorCount} wrong`,
  );
  return errorCount;
}

/** The offered load that `--rate` asks for. The peer, or our server without one, shows the peak. */
async function rateFind(bench: Bench, depth: number): Promise<number> {
  const [, share] = /^(.+)%$/.exec(bench.args.text('rate')) ?? [];
  if (share === undefined) return bench.args.number('rate');
  const peer = bench.servers[bench.servers.length - 1];
  const rates: number[] = [];
  for (let i = 0; i < Math.min(PEAK_ROUNDS, bench.args.number('rounds')); i++) {
    rates.push((await roundShow(bench, peer, depth, 0)).opsPerSec);
  }
  const peak = summaryOf(rates).median;
  const rate = Math.round((peak * Number(share)) / 100);
  progressSay(`  peak of ${peer.name}: ${Math.round(peak)} ops/s; offering ${rate}`);
  return rate;
}

async function roundShow(
  bench: Bench,
  server: RunningServer,
  depth: number,
  ratePerSec: number,
): Promise<Round> {
  await sleep(PAUSE_MS);
  const profile = profileMake(bench.args, server, depth, ratePerSec);
  const round = await roundRun(bench.generator, server, profile);
  progressSay(
    `  depth ${depth}  ${server.name.padEnd(10)} ${Math.round(round.opsPerSec)} ops/s  ` +
      `${round.cpuUsPerOp.toFixed(3)} µs/op  p99.9 ${Math.round(round.p999Us)} µs  ` +
      `others ${round.otherCores.toFixed(2)} cores` +
      `${round.errorCount > 0 ? `  ${round.errorCount} WRONG` : ''}`,
  );
  return round;
}

function profileMake(
  args: Arguments,
  server: RunningServer,
  pipelineDepth: number,
  ratePerSec: number,
): LoadProfile {
  const [setWeight, getWeight] = args.pair('ratio');
  return {
    port: server.port,
    connectionCount: args.number('connections'),
    pipelineDepth,
    setWeight,
    getWeight,
    keyCount: args.number('keys'),
    valueBytes: args.number('value'),
    seed: args.number('seed'),
    durationMs: args.number('seconds') * 1000,
    ratePerSec,
  };
}

function titleFormat({ servers }: Bench): string {
  return servers.map(({ title }) => title).join(' against ');
}

function reportFormat(bench: Bench, comparisons: readonly Comparison[], isPinned: boolean): string {
  const { args, generator } = bench;
  const offered = comparisons.map(({ ratePerSec }) => ratePerSec).filter((rate) => rate > 0);
  const rounds = comparisons.flatMap((comparison) =>
    comparison.servers.flatMap((one) => one.rounds),
  );
  const pinned = isPinned
    ? `servers on core ${args.text('server-cpu')}, client on core ${args.text('client-cpu')}`
    : 'nothing pinned to a core';
  return (
    `## ${titleFormat(bench)}\n\n${comparisonsFormat(comparisons)}\n` +
    `Data threads: ${args.text('threads')} each; ${args.text('connections')} connections, ` +
    `${args.text('protocol')} protocol, ${args.text('value')} B values, ` +
    `set:get ${args.text('ratio')}, ${args.text('keys')} keys; ` +
    `${pinned}.\nLoad by ${generator.title}; ${args.text('rounds')} × ${args.text('seconds')} s ` +
    'for each, in turn; medians; ratios of neighbouring rounds.\n' +
    `${offered.length > 0 ? `Offered load: ${offered.join(', ')} requests a second.\n` : ''}` +
    disturbanceFormat(rounds.map(({ otherCores }) => otherCores))
  );
}

await main();
