/**
 * Scripts and streams: our server and redis-server under the same load, in one run: throughput, the server's CPU
 * per operation, and their ratios.
 *
 *   node bench/scripts.ts
 *
 * Both servers are up all the time, on one core; the client has another. Rounds alternate between them. CPU per
 * operation is the steadiest figure: throughput shows the client's limits as well.
 */

import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomBelow, randomMake } from '../src/base/random.ts';
import { RespConnection, respLoadRun, respWords, type Turns } from './load/resp-load.ts';
import { type Arguments, argumentsRead, COMMON_FLAGS } from './support/arguments.ts';
import { processCpuUsRead } from './support/process-usage.ts';
import {
  numberFormat,
  progressSay,
  ratioFormat,
  reportWrite,
  tableFormat,
} from './support/report.ts';
import { PEER_FLAG, respSpecsRead } from './support/resp-servers.ts';
import { type RunningServer, selfPin, serverStart, serverStop } from './support/server.ts';
import { ratioSummaryOf, summaryOf } from './support/statistics.ts';

const ABOUT = 'Compares scripts and streams with those of redis-server under the same load.';
const FLAGS = {
  ...COMMON_FLAGS,
  loads: { value: 'NAME,…', doc: 'which loads (default: all)' },
  connections: { value: 'N', byDefault: '20', quick: '4', doc: 'connections' },
  pipeline: { value: 'N', byDefault: '16', doc: 'requests that a connection sends at once' },
  keys: { value: 'N', byDefault: '10000', quick: '100', doc: 'keys, asked for evenly' },
  value: { value: 'BYTES', byDefault: '100', doc: 'size of values' },
  rounds: { value: 'N', byDefault: '5', quick: '1', doc: 'rounds of each server and load' },
  seconds: { value: 'N', byDefault: '2', quick: '0.15', doc: 'length of a round' },
  threads: { value: 'N', byDefault: '1', doc: 'data threads of our server' },
  mem: { value: 'MIB', byDefault: '1024', quick: '128', doc: 'memory limit of our server' },
  peer: PEER_FLAG,
  'server-cpu': { value: 'CPUS', byDefault: '0', doc: "core of the servers, '' for any" },
  'client-cpu': { value: 'CPUS', byDefault: '1', doc: "core of the client, '' for any" },
} as const;

const PAUSE_MS = 100;
const WARM_UP_SHARE = 0.5;
const ENTRIES_PER_READ = 10;
const STREAM_LENGTH = 10_000;
const ENTRY_ID = /\d+-\d+(?=\r\n\*)/g;

/** A connection's requests, drawn anew each turn. */
class Drawn implements Turns {
  readonly depth: number;
  readonly draw: () => readonly (string | number)[];

  constructor(depth: number, draw: () => readonly (string | number)[]) {
    this.depth = depth;
    this.draw = draw;
  }

  async turn(connection: RespConnection): Promise<number> {
    const requests = Array.from({ length: this.depth }, () => respWords(this.draw())).join('');
    repliesCheck(await connection.ask(requests, this.depth));
    return this.depth;
  }
}

/** A connection that adds entries, takes as many as a consumer of a group, and acknowledges them. */
class Consumer implements Turns {
  readonly add: string;
  readonly read: string;
  readonly stream: string;

  constructor(stream: string, name: string, value: string) {
    this.stream = stream;
    const added = ['xadd', stream, 'maxlen', '~', STREAM_LENGTH, '*', 'field', value];
    this.add = respWords(added).repeat(ENTRIES_PER_READ);
    const read = ['xreadgroup', 'group', 'g', name, 'count', ENTRIES_PER_READ];
    this.read = respWords([...read, 'streams', stream, '>']);
  }

  async turn(connection: RespConnection): Promise<number> {
    const replies = await connection.ask(this.add + this.read, ENTRIES_PER_READ + 1);
    repliesCheck(replies);
    const ids = replies.toString('latin1').match(ENTRY_ID) ?? [];
    if (ids.length > 0) {
      const acknowledge = respWords(['xack', this.stream, 'g', ...ids]);
      repliesCheck(await connection.ask(acknowledge, 1));
    }
    return ENTRIES_PER_READ;
  }
}

function repliesCheck(replies: Buffer): void {
  if (replies[0] === 0x2d) throw new Error(replies.toString('latin1', 0, 200));
}

const INCREMENT = "return redis.call('INCR', KEYS[1])";
const RELEASE =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end";
const LIMIT =
  "redis.call('SET', KEYS[1], 0, 'EX', ARGV[2], 'NX') local n = redis.call('INCRBY', KEYS[1], ARGV[1]) return {n, redis.call('PTTL', KEYS[1])}";
const COMPUTE = 'local sum = 0 for n = 1, 1000 do sum = sum + n % 7 end return sum';

/** What a load is made of: how many keys, how long a value, and the hash of its script. */
type Terms = {
  readonly random: Random;
  readonly keyCount: number;
  readonly value: string;
  readonly sha: string;
};
type Load = {
  readonly name: string;
  readonly doc: string;
  readonly script?: string;
  readonly draw?: (terms: Terms) => readonly (string | number)[];
};

const key = ({ random, keyCount }: Terms): string => `key:${randomBelow(random, keyCount)}`;

// biome-ignore format: a table reads in columns
const LOADS: readonly Load[] = [
  { name: 'incr',     doc: 'EVALSHA of one INCR',          script: INCREMENT, draw: (terms) => ['evalsha', terms.sha, 1, key(terms)] },
  { name: 'release',  doc: 'EVALSHA that releases a lock', script: RELEASE,   draw: (terms) => ['evalsha', terms.sha, 1, key(terms), 'mine'] },
  { name: 'limit',    doc: 'EVALSHA that limits a rate',   script: LIMIT,     draw: (terms) => ['evalsha', terms.sha, 1, `rate:${key(terms)}`, 1, 60] },
  { name: 'compute',  doc: 'EVALSHA of 1,000 loops',       script: COMPUTE,   draw: (terms) => ['evalsha', terms.sha, 0] },
  { name: 'eval',     doc: 'EVAL of one INCR',             draw: (terms) => ['eval', INCREMENT, 1, key(terms)] },
  { name: 'xadd',     doc: 'XADD MAXLEN ~ 10000',          draw: (terms) => ['xadd', `stream:${randomBelow(terms.random, 100)}`, 'maxlen', '~', STREAM_LENGTH, '*', 'field', terms.value] },
  { name: 'consume',  doc: 'an entry by XADD, XREADGROUP COUNT 10 and XACK' },
];

type Round = { readonly opsPerSec: number; readonly cpuUsPerOp: number };
type Series = { readonly load: Load; readonly rounds: ReadonlyMap<RunningServer, Round[]> };

/** What each connection does. */
async function worksMake(args: Arguments, load: Load, server: RunningServer): Promise<Turns[]> {
  const value = 'v'.repeat(args.number('value'));
  const connectionCount = args.number('connections');
  const numbers = Array.from({ length: connectionCount }, (_, n) => n);
  const { draw } = load;
  if (draw === undefined) {
    return numbers.map((n) => new Consumer(`queue:${n % 4}`, `consumer:${n}`, value));
  }
  const sha = load.script === undefined ? '' : await scriptLoad(server, load.script);
  const keyCount = args.number('keys');
  return numbers.map((n) => {
    const terms = { random: randomMake(args.number('seed') + n), keyCount, value, sha };
    return new Drawn(args.number('pipeline'), () => draw(terms));
  });
}

async function scriptLoad(server: RunningServer, script: string): Promise<string> {
  const connection = await RespConnection.open(server.port);
  const reply = await connection.ask(respWords(['script', 'load', script]), 1);
  connection.socket.destroy();
  return reply.toString('latin1').split('\r\n')[1];
}

async function serverPrepare(server: RunningServer): Promise<void> {
  const connection = await RespConnection.open(server.port);
  await connection.ask(respWords(['flushall']), 1);
  for (let n = 0; n < 4; n++) {
    await connection.ask(respWords(['xgroup', 'create', `queue:${n}`, 'g', '$', 'mkstream']), 1);
  }
  connection.socket.destroy();
}

async function roundRun(
  args: Arguments,
  load: Load,
  server: RunningServer,
  ms: number,
): Promise<Round> {
  const works = await worksMake(args, load, server);
  await sleep(PAUSE_MS);
  const cpuUs = processCpuUsRead(server.pid);
  const { operationCount, opsPerSec } = await respLoadRun(server.port, works, ms);
  const cpuUsPerOp = (processCpuUsRead(server.pid) - cpuUs) / Math.max(1, operationCount);
  progressSay(
    `  ${load.name.padEnd(8)} ${server.name.padEnd(12)} ${Math.round(opsPerSec)} ops/s  ${cpuUsPerOp.toFixed(2)} µs/op`,
  );
  return { opsPerSec, cpuUsPerOp };
}

async function seriesRun(
  args: Arguments,
  load: Load,
  servers: readonly RunningServer[],
): Promise<Series> {
  const rounds = new Map(servers.map((server) => [server, [] as Round[]]));
  const ms = args.number('seconds') * 1000;
  for (const server of servers) {
    await serverPrepare(server);
    await roundRun(args, load, server, ms * WARM_UP_SHARE);
  }
  for (let round = 0; round < args.number('rounds'); round++) {
    for (const [server, own] of rounds) own.push(await roundRun(args, load, server, ms));
  }
  return { load, rounds };
}

function seriesRows({ load, rounds }: Series): readonly (readonly string[])[] {
  const all = [...rounds].map(([{ name }, own]) => ({
    name,
    opsPerSec: own.map((round) => round.opsPerSec),
    cpuUsPerOp: own.map((round) => round.cpuUsPerOp),
  }));
  const rows = all.map(({ name, opsPerSec, cpuUsPerOp }) => [
    load.name,
    name,
    numberFormat(summaryOf(cpuUsPerOp).median, 2),
    numberFormat(summaryOf(opsPerSec).median, 0),
  ]);
  if (all.length < 2) return rows;
  const [ours, theirs] = all;
  const ratios = [
    ratioSummaryOf(ours.cpuUsPerOp, theirs.cpuUsPerOp),
    ratioSummaryOf(ours.opsPerSec, theirs.opsPerSec),
  ];
  return [...rows, [load.name, 'ratio (spread)', ...ratios.map(ratioFormat)]];
}

function reportFormat(args: Arguments, series: readonly Series[], isPinned: boolean): string {
  const table = tableFormat(['load', 'server', 'CPU µs/op', 'ops/s'], series.flatMap(seriesRows));
  const docs = series.map(({ load }) => `${load.name}: ${load.doc}`).join('; ');
  const pinned = isPinned
    ? `servers on core ${args.text('server-cpu')}, client on core ${args.text('client-cpu')}`
    : 'nothing pinned to a core';
  return (
    `${table}\n${docs}.\n${args.text('connections')} connections, ${args.text('pipeline')} requests at once, ` +
    `${args.text('value')} B values, ${args.text('keys')} keys; ${pinned}; ${args.text('rounds')} × ` +
    `${args.text('seconds')} s for each, in turn; medians; ratios of neighbouring rounds.\n`
  );
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const isPinned = cpus().length > 1 && selfPin(args.text('client-cpu'));
  const settings = {
    memMb: args.number('mem'),
    threadCount: args.number('threads'),
    cpus: isPinned ? args.text('server-cpu') : '',
  };
  const wanted = args.texts('loads');
  const loads = LOADS.filter(({ name }) => wanted[0] === '' || wanted.includes(name));
  const servers: RunningServer[] = [];
  try {
    for (const spec of respSpecsRead(args)) servers.push(await serverStart(spec, settings));
    const series: Series[] = [];
    for (const load of loads) series.push(await seriesRun(args, load, servers));
    const results = series.map(({ load, rounds }) => ({
      load: load.name,
      servers: [...rounds].map(([{ name }, own]) => ({ name, rounds: own })),
    }));
    reportWrite(args, reportFormat(args, series, isPinned), { isPinned, results });
  } finally {
    for (const server of servers) await serverStop(server);
  }
}

await main();
