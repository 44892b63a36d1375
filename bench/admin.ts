/**
 * What the admin port costs those who do not ask it: CPU time of the data threads per request, under load, while
 * nobody asks it and while many do.
 *
 *   node bench/admin.ts
 *
 * Two processes that run the same code differ by more than what is looked for, since what was compiled, and how,
 * is a matter of chance; and a shared machine is now fast, now slow. So a round has one server under load in all its
 * states, each briefly, in an order that is drawn, and a ratio is one of a round. Rounds take turns between two equal
 * servers; after some, all are started anew.
 *
 * Only the data threads' time counts, not that of the admin thread, of autocannon or of Chromium. But where they
 * want the same cores, they also change how many requests a thread finds when it wakes, and so what each costs.
 * Asking the other server, next door, takes as much of the machine and nothing of the one under load, and so tells
 * that part apart.
 *
 * Servers are kept on the first half of the cores, with as many data threads; an admin thread shares these. The
 * load, autocannon and Chromium share the other half.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomBelow, randomMake } from '../src/base/random.ts';
import type { Protocol } from '../src/load/plan.ts';
import { generatorOpen } from './load/generator.ts';
import type { LoadGenerator, LoadProfile } from './load/profile.ts';
import { type AskerName, type Askers, askersOpen, BROWSERS } from './support/admin-askers.ts';
import { type Arguments, argumentsRead, COMMON_FLAGS } from './support/arguments.ts';
import { keysStore } from './support/fill.ts';
import { threadsCpuUsRead } from './support/process-usage.ts';
import {
  numberFormat,
  progressMake,
  progressSay,
  reportWrite,
  tableFormat,
} from './support/report.ts';
import { type RunningServer, selfPin, serverStart, serverStop } from './support/server.ts';
import { type Estimate, medianEstimate, summaryOf } from './support/statistics.ts';

const ABOUT = 'Measures what the admin port costs the data threads.';
const FLAGS = {
  ...COMMON_FLAGS,
  seconds: { value: 'N', byDefault: '0.25', quick: '0.05', doc: 'length of a measurement' },
  rounds: { value: 'N', byDefault: '20', quick: '1', doc: 'rounds of all states, between starts' },
  starts: { value: 'N', byDefault: '3', quick: '1', doc: 'times that the servers are started' },
  askers: {
    value: 'LIST',
    byDefault: 'scraper,metricsHammer,stateHammer,browsers',
    doc: 'who asks, besides nobody',
  },
  connections: { value: 'N', byDefault: '16', quick: '4', doc: 'connections of the load' },
  keys: { value: 'N', byDefault: '100000', quick: '1000', doc: 'keys' },
  chromium: {
    value: 'EXE',
    byDefault: 'chromium',
    quick: 'none',
    doc: "browser that opens the console ('none': ten programs that ask as it would)",
  },
} as const;

type Load = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly pipelineDepth: number;
};

/** Loads, each measured by itself. */
// biome-ignore format: a table reads in columns
const LOADS: readonly Load[] = [
  { name: 'memcached P=1',  protocol: 'text', pipelineDepth: 1 },
  { name: 'memcached P=16', protocol: 'text', pipelineDepth: 16 },
  { name: 'RESP P=16',      protocol: 'resp', pipelineDepth: 16 },
];

type State = {
  readonly name: string;
  /** Whether the server under load has an admin port. */
  readonly isBare: boolean;
  readonly asker: AskerName;
  /** Which server is asked. */
  readonly asked: 'itself' | 'other';
};

/** The first is what the others are compared with. */
// biome-ignore format: a table reads in columns
const STATES: readonly State[] = [
  { name: 'nobody asks',            isBare: false, asker: 'nobody',        asked: 'itself' },
  { name: 'nobody asks, again',     isBare: false, asker: 'nobody',        asked: 'itself' },
  { name: 'no admin port',          isBare: true,  asker: 'nobody',        asked: 'itself' },
  { name: 'a scrape of /metrics',   isBare: false, asker: 'scraper',       asked: 'itself' },
  { name: '… next door',            isBare: false, asker: 'scraper',       asked: 'other' },
  { name: 'autocannon on /metrics', isBare: false, asker: 'metricsHammer', asked: 'itself' },
  { name: '… next door',            isBare: false, asker: 'metricsHammer', asked: 'other' },
  { name: 'autocannon on state',    isBare: false, asker: 'stateHammer',   asked: 'itself' },
  { name: '… next door',            isBare: false, asker: 'stateHammer',   asked: 'other' },
  { name: 'ten browsers',           isBare: false, asker: 'browsers',      asked: 'itself' },
  { name: '… next door',            isBare: false, asker: 'browsers',      asked: 'other' },
];

const VALUE_BYTES = 100;
const MEM_MB = 256;
const START_MS_MAX = 30_000;
const START_POLL_MS = 50;
/** Names of data threads, as the kernel has them. */
const DATA_THREAD = /^data \d+$/;

type Server = RunningServer & { readonly respPort: number };
/** A server with an admin port, and those who ask it. */
type Watched = { readonly server: Server; readonly askers: Askers };
type Bed = { readonly bare: Server; readonly pair: readonly [Watched, Watched] };
type Sample = {
  readonly load: string;
  /** Its place in STATES. */
  readonly state: number;
  readonly round: number;
  readonly cpuUsPerOp: number;
  readonly opsPerSec: number;
  readonly errorCount: number;
  /** Answers of the admin port meanwhile. */
  readonly answers: number;
};

class Cores {
  readonly serverCpus: string;
  readonly otherCpus: string;
  readonly threadCount: number;
  readonly arePinned: boolean;

  constructor() {
    const count = availableParallelism();
    const half = Math.max(1, count >> 1);
    this.threadCount = half;
    this.serverCpus = `0-${half - 1}`;
    this.otherCpus = `${half}-${count - 1}`;
    this.arePinned = count > 1 && selfPin(this.otherCpus);
  }

  get text(): string {
    if (!this.arePinned) return 'Nothing is kept on cores of its own.\n';
    return (
      `Servers (${this.threadCount} data threads each) on cores ${this.serverCpus}, with their admin ` +
      `threads; load, autocannon and browsers on cores ${this.otherCpus}.\n`
    );
  }
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const cores = new Cores();
  const random = randomMake(args.number('seed'));
  const generators = new Map<Protocol, LoadGenerator>();
  const samples: Sample[] = [];
  try {
    for (const protocol of ['text', 'resp'] as const) {
      generators.set(protocol, generatorOpen(1, protocol));
    }
    for (let start = 0; start < args.number('starts'); start++) {
      progressSay(`Start ${start + 1} of ${args.number('starts')}.`);
      samples.push(...(await startMeasure(args, cores, generators, start, random)));
    }
  } finally {
    for (const generator of generators.values()) await generator.close();
  }
  report(args, cores, samples);
}

/** Starts the servers and those who ask, and measures all rounds between them. */
async function startMeasure(
  args: Arguments,
  cores: Cores,
  generators: ReadonlyMap<Protocol, LoadGenerator>,
  start: number,
  random: Random,
): Promise<readonly Sample[]> {
  const servers: Server[] = [];
  const opened: Askers[] = [];
  const watchedOpen = async (): Promise<Watched> => {
    const adminPort = await portFree();
    const server = await serverOpen(args, cores, generators, ['--admin-port', `${adminPort}`]);
    servers.push(server);
    await adminWait(adminPort);
    const askers = await askersOpen(`http://127.0.0.1:${adminPort}`, args.text('chromium'));
    opened.push(askers);
    return { server, askers };
  };
  try {
    const bare = await serverOpen(args, cores, generators, []);
    servers.push(bare);
    const bed: Bed = { bare, pair: [await watchedOpen(), await watchedOpen()] };
    const samples: Sample[] = [];
    for (let n = 0; n < args.number('rounds'); n++) {
      const round = start * args.number('rounds') + n;
      for (const load of LOADS) {
        samples.push(...(await roundMeasure(args, generators, bed, load, round, random)));
      }
    }
    return samples;
  } finally {
    for (const askers of opened) {
      for (const asker of Object.values(askers)) await asker.close();
    }
    for (const server of servers) await serverStop(server);
  }
}

/** All states of one load, in an order that is drawn. */
async function roundMeasure(
  args: Arguments,
  generators: ReadonlyMap<Protocol, LoadGenerator>,
  { bare, pair }: Bed,
  load: Load,
  round: number,
  random: Random,
): Promise<readonly Sample[]> {
  const itself = pair[round % 2];
  const other = pair[1 - (round % 2)];
  const samples: Sample[] = [];
  for (const state of shuffled(statesMeasured(args), random)) {
    const { name, isBare, asker: askerName, asked } = STATES[state];
    const asker = (asked === 'itself' ? itself : other).askers[askerName];
    const server = isBare ? bare : itself.server;
    await asker.start();
    const before = threadsCpuUsRead(server.pid, DATA_THREAD);
    const result = await loadRun(args, generators, server, load);
    const cpuUs = threadsCpuUsRead(server.pid, DATA_THREAD) - before;
    const answers = await asker.stop();
    const { operationCount, opsPerSec, errorCount } = result;
    const cpuUsPerOp = cpuUs / Math.max(1, operationCount);
    samples.push({ load: load.name, state, round, cpuUsPerOp, opsPerSec, errorCount, answers });
    progressSay(
      `  ${load.name}, round ${round + 1}: ${name.padEnd(22)} ${cpuUsPerOp.toFixed(3)} µs, ` +
        `${numberFormat(opsPerSec, 0)}/s, ${answers} answers`,
    );
  }
  return samples;
}

/** Places in STATES. */
function statesMeasured(args: Arguments): readonly number[] {
  const askers = ['nobody', ...args.texts('askers')];
  return [...STATES.keys()].filter((state) => askers.includes(STATES[state].asker));
}

function shuffled(values: readonly number[], random: Random): readonly number[] {
  const left = [...values];
  const drawn: number[] = [];
  while (left.length > 0) drawn.push(...left.splice(randomBelow(random, left.length), 1));
  return drawn;
}

function loadRun(
  args: Arguments,
  generators: ReadonlyMap<Protocol, LoadGenerator>,
  server: Server,
  load: Load,
): ReturnType<LoadGenerator['run']> {
  const generator = generators.get(load.protocol);
  if (generator === undefined) throw new Error(`no load over ${load.protocol}`);
  return generator.run(profileMake(args, server, load));
}

function report(args: Arguments, cores: Cores, samples: readonly Sample[]): void {
  const groups = [...LOADS.map(({ name }) => [name]), LOADS.map(({ name }) => name)];
  const rows = groups.flatMap((loads) =>
    statesMeasured(args).map((state) =>
      rowMake(
        samples.filter(({ load }) => loads.includes(load)),
        state,
        loads,
      ),
    ),
  );
  const table = tableFormat(
    [
      'load',
      'state',
      'CPU µs/request',
      'to nobody asks',
      'to next door',
      'requests/s',
      'answers',
      'wrong',
    ],
    rows,
  );
  const about = `Ratios are medians of those of single rounds (and where they are in 19 of 20 cases).\n`;
  const shown = `${table}\n${about}${cores.text}${pollsText(args, samples)}`;
  reportWrite(args, shown, { cores: { ...cores }, states: STATES, samples });
}

function rowMake(
  samples: readonly Sample[],
  state: number,
  loads: readonly string[],
): readonly string[] {
  const isOne = loads.length === 1; // costs of different loads have no common median
  const own = samples.filter((sample) => sample.state === state);
  const hasNextDoor = STATES[state + 1]?.asked === 'other';
  return [
    isOne ? loads[0] : 'all loads',
    STATES[state].name,
    isOne ? summaryOf(own.map(({ cpuUsPerOp }) => cpuUsPerOp)).median.toFixed(3) : '',
    state === 0 ? '' : ratioText(medianEstimate(roundRatios(samples, state, 0))),
    hasNextDoor ? ratioText(medianEstimate(roundRatios(samples, state, state + 1))) : '',
    isOne ? numberFormat(summaryOf(own.map(({ opsPerSec }) => opsPerSec)).median, 0) : '',
    `${sum(own.map(({ answers }) => answers))}`,
    `${sum(own.map(({ errorCount }) => errorCount))}`,
  ];
}

/** Cost in one state to that in another, round by round. */
function roundRatios(
  samples: readonly Sample[],
  state: number,
  toState: number,
): readonly number[] {
  const costs = new Map(
    samples
      .filter((sample) => sample.state === toState)
      .map(({ load, round, cpuUsPerOp }) => [`${load} ${round}`, cpuUsPerOp]),
  );
  return samples
    .filter((sample) => sample.state === state)
    .map(
      ({ load, round, cpuUsPerOp }) => cpuUsPerOp / (costs.get(`${load} ${round}`) ?? Number.NaN),
    );
}

function ratioText({ lower, median, upper }: Estimate): string {
  return `**${median.toFixed(3)}** (${lower.toFixed(3)}–${upper.toFixed(3)})`;
}

/** How often a scraper and consoles asked: each does at the start of a measurement, and then once a second. */
function pollsText(args: Arguments, samples: readonly Sample[]): string {
  const answersOf = (asker: AskerName): string => {
    const measured = samples.filter(({ state }) => STATES[state].asker === asker);
    const answers = sum(measured.map((sample) => sample.answers));
    return numberFormat(answers / measured.length / args.number('seconds'), 0);
  };
  return `A second had ${answersOf('scraper')} scrapes, ${answersOf('browsers')} polls of ${BROWSERS} consoles.\n`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Starts a server, stores all keys, and has each load run for a while, so that code is compiled. */
async function serverOpen(
  args: Arguments,
  cores: Cores,
  generators: ReadonlyMap<Protocol, LoadGenerator>,
  flags: readonly string[],
): Promise<Server> {
  const respPort = await portFree();
  const ours = [process.execPath, 'src/main.ts', '-p', '{port}', '-l', '127.0.0.1', '-U', '0'];
  const size = ['-t', '{threads}', '-m', '{mem}', '--resp-port', `${respPort}`];
  const name = flags.length === 0 ? 'server without admin port' : 'server with admin port';
  const pin = cores.arePinned ? { cpus: cores.serverCpus } : {};
  const running = await serverStart(
    { name, command: [...ours, ...size, ...flags] },
    { memMb: MEM_MB, threadCount: cores.threadCount, ...pin },
  );
  const server = { ...running, respPort };
  progressSay(`Filling a ${name}.`);
  const [generator] = generators.values();
  const keys = Array.from({ length: args.number('keys') }, (_, keyId) => generator.keyName(keyId));
  await keysStore(server.port, keys, VALUE_BYTES, progressMake('filling'));
  for (const load of LOADS) await loadRun(args, generators, server, load);
  return server;
}

function profileMake(args: Arguments, server: Server, load: Load): LoadProfile {
  return {
    port: load.protocol === 'resp' ? server.respPort : server.port,
    connectionCount: args.number('connections'),
    pipelineDepth: load.pipelineDepth,
    setWeight: 1,
    getWeight: 9,
    keyCount: args.number('keys'),
    valueBytes: VALUE_BYTES,
    seed: args.number('seed'),
    durationMs: args.number('seconds') * 1000,
    ratePerSec: 0,
  };
}

/** The data threads answer before the admin port does. */
async function adminWait(adminPort: number): Promise<void> {
  const endMs = performance.now() + START_MS_MAX;
  for (;;) {
    try {
      if ((await fetch(`http://127.0.0.1:${adminPort}/livez`)).ok) return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await sleep(START_POLL_MS);
  }
}

async function portFree(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo; // it listens on a TCP port
  probe.close();
  await once(probe, 'close');
  return port;
}

await main();
