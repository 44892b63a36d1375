/**
 * Our server and the installed memcached under the same load, in one run: CPU per operation,
 * throughput and latency, and their ratios.
 *
 *   node bench/compare.ts                     pipelines of 1, 16 and 64
 *   node bench/compare.ts --p999              both at 70 % of the peer's peak load
 *   node bench/compare.ts --rate 50000        both at a fixed offered load
 *
 * Both servers are up all the time, on one core; the client has another. Rounds alternate between
 * them. CPU per operation is the steadiest figure: throughput shows the client's limits as well.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Comparison,
  comparisonRecord,
  comparisonsFormat,
  disturbedCount,
  metricSummary,
} from './load/comparison.ts';
import { generatorOpen } from './load/generator.ts';
import { memtierOpen } from './load/memtier.ts';
import type { LoadGenerator, LoadProfile } from './load/profile.ts';
import { type Round, roundRun } from './load/round.ts';
import {
  type Arguments,
  argumentsRead,
  COMMON_FLAGS,
  jsonWrite,
  progressSay,
} from './support/arguments.ts';
import { programFind } from './support/command.ts';
import { machineLine, machineRead } from './support/machine.ts';
import {
  pinPrefix,
  type RunningServer,
  selfPin,
  serverSpecsRead,
  serverStart,
  serverStop,
  serverTitle,
} from './support/server.ts';

const FLAGS = {
  ...COMMON_FLAGS,
  pipelines: {
    value: 'N,…',
    byDefault: '',
    doc: 'requests under way per connection (default 1,16,64; with --p999: 1)',
  },
  connections: { value: 'N', byDefault: '50', quick: '8', doc: 'connections' },
  value: { value: 'BYTES', byDefault: '100', doc: 'size of values' },
  ratio: { value: 'S:G', byDefault: '1:9', doc: 'sets to gets' },
  keys: { value: 'N', byDefault: '100000', quick: '2000', doc: 'keys, asked for evenly' },
  rounds: { value: 'N', byDefault: '5', quick: '1', doc: 'rounds of each server at each depth' },
  retries: {
    value: 'N',
    byDefault: '3',
    quick: '0',
    doc: 'more rounds at each depth for disturbed ones',
  },
  seconds: {
    value: 'N',
    byDefault: '2',
    quick: '0.15',
    doc: 'length of a round; whole ones for memtier',
  },
  rate: {
    value: 'N',
    byDefault: '0',
    doc: 'offered load, requests a second (0: as fast as it goes)',
  },
  p999: { doc: "tail latency: find the peer's peak, then offer both --share of it" },
  share: { value: 'F', byDefault: '0.7', doc: 'share of the peak for --p999' },
  generator: {
    value: 'NAME',
    byDefault: 'auto',
    quick: 'own',
    doc: 'memtier, own, or auto: memtier when it is on PATH',
  },
  'client-threads': { value: 'N', byDefault: '1', doc: 'threads of the load generator' },
  threads: { value: 'N', byDefault: '1', doc: 'data threads of each server' },
  mem: { value: 'MIB', byDefault: '1024', quick: '64', doc: 'memory limit of each server' },
  'server-cpu': { value: 'CPU', byDefault: '0', doc: "core of the servers, '' for any" },
  'client-cpu': { value: 'CPU', byDefault: '1', doc: "core of the load generator, '' for any" },
} as const;

const PAUSE_MS = 100;

interface Bench {
  readonly args: Arguments;
  readonly servers: readonly RunningServer[];
  readonly generator: LoadGenerator;
  /** Our generator, which checks every reply: for warm-ups, whatever measures. */
  readonly checker: LoadGenerator;
}

async function main(): Promise<void> {
  const about = 'Compares our server with memcached under the same load.';
  const args = argumentsRead(about, FLAGS, process.argv.slice(2));
  const machine = machineRead();
  const pin = pinPlan(args, machine.coreCount);
  const specs = serverSpecsRead(args);
  const settings = {
    memMb: args.number('mem'),
    threadCount: args.number('threads'),
    cpu: pin.server,
  };
  const servers: RunningServer[] = [];
  const checker = generatorOpen(args.number('client-threads'));
  const generator = generatorChoose(args, checker);
  try {
    for (const spec of specs) servers.push(await serverStart(spec, settings));
    const titles = servers.map((server, i) => serverTitle(specs[i], server));
    progressSay(`${titles.join(' against ')}; load by ${generator.title}`);
    const bench = { args, servers, generator, checker };
    const comparisons = await comparisonsRun(bench);
    process.stdout.write(`## ${titles.join(' against ')}\n\n${comparisonsFormat(comparisons)}\n`);
    process.stdout.write(conditionsFormat(bench, comparisons, pin.text));
    process.stdout.write(`${machineLine(machine)}\n`);
    jsonWrite(args, {
      machine,
      pinned: pin.text,
      servers: titles,
      flags: args.all,
      comparisons: comparisons.map(comparisonRecord),
    });
  } finally {
    await checker.close();
    for (const server of servers) await serverStop(server);
  }
}

/** Keeps this process on the client's core, where that can be done and there is a core for each. */
function pinPlan(
  args: Arguments,
  coreCount: number,
): { readonly server: string; readonly text: string } {
  const server = args.text('server-cpu');
  const client = args.text('client-cpu');
  const can = coreCount > 1 && pinPrefix(server).length > 0;
  if (can && selfPin(client)) {
    return { server, text: `servers on core ${server}, client on core ${client}` };
  }
  return { server: '', text: 'nothing pinned to a core' };
}

function generatorChoose(args: Arguments, own: LoadGenerator): LoadGenerator {
  const name = args.text('generator');
  const memtier = name === 'own' ? null : programFind('memtier_benchmark');
  if (memtier !== null) return memtierOpen(memtier, args.number('client-threads'));
  if (name === 'memtier') throw new Error('--generator memtier: no memtier_benchmark on PATH');
  return own;
}

async function comparisonsRun(bench: Bench): Promise<readonly Comparison[]> {
  const { args, servers } = bench;
  const tail = args.on('p999');
  const depths = args.given('pipelines') ? args.numbers('pipelines') : tail ? [1] : [1, 16, 64];
  for (const server of servers) {
    progressSay(`filling ${server.name} with ${args.text('keys')} keys`);
    await bench.checker.fill(profileMake(args, server, 64, 0));
    if (bench.generator !== bench.checker) {
      await bench.generator.fill(profileMake(args, server, 64, 0));
    }
  }
  const comparisons: Comparison[] = [];
  for (const depth of depths) {
    const checkErrorCounts: number[] = [];
    for (const server of servers) checkErrorCounts.push(await warmUp(bench, server, depth));
    const ratePerSec = tail ? await rateFind(bench, depth) : args.number('rate');
    const rounds = await roundsRun(bench, depth, ratePerSec);
    const serverNames = servers.map((server) => server.name);
    comparisons.push({ pipelineDepth: depth, ratePerSec, serverNames, rounds, checkErrorCounts });
  }
  return comparisons;
}

/** A share of what the last server, the peer, can carry: the median of a few rounds. */
async function rateFind(bench: Bench, depth: number): Promise<number> {
  const peer = bench.servers[bench.servers.length - 1];
  const rounds: Round[] = [];
  for (let i = 0; i < Math.min(3, bench.args.number('rounds')); i++) {
    rounds.push(await roundShow(bench, peer, depth, 0));
  }
  const found: Comparison = {
    pipelineDepth: depth,
    ratePerSec: 0,
    serverNames: [peer.name],
    rounds,
    checkErrorCounts: [0],
  };
  const peak = metricSummary(found, peer.name, 'opsPerSec')?.median ?? 0;
  const rate = Math.round(peak * bench.args.number('share'));
  progressSay(`peak of ${peer.name}: ${Math.round(peak)} ops/s; offering ${rate}`);
  return rate;
}

/** Rounds in turn, and a few more when others were using the machine. */
async function roundsRun(
  bench: Bench,
  depth: number,
  ratePerSec: number,
): Promise<readonly Round[]> {
  const wanted = bench.args.number('rounds');
  const limit = wanted + bench.args.number('retries');
  const rounds: Round[] = [];
  let cleanCount = 0;
  for (let turn = 0; turn < wanted || (turn < limit && cleanCount < wanted); turn++) {
    let clean = true;
    for (const server of bench.servers) {
      const round = await roundShow(bench, server, depth, ratePerSec);
      clean &&= !round.disturbed;
      rounds.push(round);
    }
    if (clean) cleanCount++;
  }
  return rounds;
}

async function roundShow(
  bench: Bench,
  server: RunningServer,
  depth: number,
  ratePerSec: number,
): Promise<Round> {
  await sleep(PAUSE_MS);
  const round = await roundRun(
    bench.generator,
    server,
    profileMake(bench.args, server, depth, ratePerSec),
  );
  const cpu = round.cpuUsPerOp === null ? 'n/a' : round.cpuUsPerOp.toFixed(3);
  progressSay(
    `  depth ${depth}  ${server.name.padEnd(10)} ${Math.round(round.opsPerSec)} ops/s  ${cpu} µs/op  ` +
      `p99.9 ${Math.round(round.p999Us)} µs  other ${round.otherCores?.toFixed(2) ?? 'n/a'} cores` +
      `${round.disturbed ? '  disturbed' : ''}${round.errorCount > 0 ? `  ${round.errorCount} WRONG` : ''}`,
  );
  return round;
}

/** Checked load before anything is measured; returns how many replies were wrong. */
async function warmUp(bench: Bench, server: RunningServer, depth: number): Promise<number> {
  const profile = profileMake(bench.args, server, depth, 0);
  const { operationCount, errorCount } = await bench.checker.run({
    ...profile,
    durationMs: Math.min(1000, profile.durationMs),
  });
  progressSay(
    `  depth ${depth}  ${server.name}: ${operationCount} replies checked, ${errorCount} wrong`,
  );
  return errorCount;
}

function profileMake(
  args: Arguments,
  server: RunningServer,
  pipelineDepth: number,
  ratePerSec: number,
): LoadProfile {
  const [setWeight = 1, getWeight = 9] = args.text('ratio').split(':').map(Number);
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

function conditionsFormat(
  bench: Bench,
  comparisons: readonly Comparison[],
  pinText: string,
): string {
  const { args, generator, servers } = bench;
  const threads = args.number('threads');
  const offered = comparisons.map(({ ratePerSec }) => ratePerSec).filter((rate) => rate > 0);
  const lines = [
    `${threads} data thread${threads === 1 ? '' : 's'} each, ${args.text('connections')} connections, ` +
      `${args.text('value')} B values, set:get ${args.text('ratio')}, ${args.text('keys')} keys; ${pinText}.`,
    `Load by ${generator.title}; ${args.text('rounds')} × ${args.text('seconds')} s for each, in turn; medians.`,
  ];
  if (servers.length > 1) {
    lines.push(
      `Ratio: ${servers[0].name} to ${servers[1].name}, median of neighbouring rounds and their spread.`,
    );
  }
  if (offered.length > 0) {
    const share = args.on('p999') ? ` (${args.number('share') * 100} % of the peer's peak)` : '';
    lines.push(`Offered load: ${offered.join(', ')} requests a second${share}.`);
  }
  const [disturbed, all] = disturbedCount(comparisons);
  if (disturbed > 0)
    lines.push(`Something else was using the machine in ${disturbed} of ${all} rounds.`);
  return `${lines.join('\n')}\n`;
}

await main();
