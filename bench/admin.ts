/**
 * What the admin port costs those who do not ask it: CPU time of the data threads per request, under load, in
 * states that take turns.
 *
 *   state                   under load                  asked meanwhile
 *   off                     a server without admin port
 *   off again               another one: the noise
 *   watched                 the one with an admin port  its /metrics, once a second
 *   /metrics hammered       the same                    its /metrics, by autocannon at full speed
 *   state hammered          the same                    its /console/state, the same way
 *   ten browsers            the same                    its console, by ten windows of Chromium
 *   … next door             the first                   the one with an admin port, which has no load
 *
 *   node bench/admin.ts
 *
 * Only the data threads' time counts, not that of the admin thread, of autocannon or of Chromium. But where they
 * want the same cores, they also change how many requests a thread finds when it wakes, and so what each costs;
 * the states next door take as much of the machine and nothing of the server, and so tell that part apart.
 *
 * Servers are kept on the first half of the cores, with as many data threads; an admin thread shares these. The
 * load, autocannon and Chromium share the other half.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Protocol } from '../src/load/plan.ts';
import { generatorOpen } from './load/generator.ts';
import type { LoadGenerator, LoadProfile } from './load/profile.ts';
import {
  type Asker,
  browsersOpen,
  hammerMake,
  NOBODY,
  pollerMake,
} from './support/admin-askers.ts';
import { type Arguments, argumentsRead, COMMON_FLAGS } from './support/arguments.ts';
import { programFind } from './support/command.ts';
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
import { neighbourRatios, type Quartiles, quartilesOf } from './support/statistics.ts';

const ABOUT = 'Measures what the admin port costs the data threads.';
const FLAGS = {
  ...COMMON_FLAGS,
  seconds: { value: 'N', byDefault: '1.5', quick: '0.2', doc: 'length of a round' },
  rounds: { value: 'N', byDefault: '5', quick: '1', doc: 'rounds of each state' },
  connections: { value: 'N', byDefault: '16', quick: '4', doc: 'connections of the load' },
  keys: { value: 'N', byDefault: '100000', quick: '1000', doc: 'keys' },
  chromium: {
    value: 'EXE',
    byDefault: 'chromium',
    quick: 'none',
    doc: "browser that opens the console ('none': ten programs that ask as it would)",
  },
} as const;

/** Loads, each measured by itself. */
// biome-ignore format: a table reads in columns
const LOADS = [
  { name: 'memcached P=1',  protocol: 'text', pipelineDepth: 1 },
  { name: 'memcached P=16', protocol: 'text', pipelineDepth: 16 },
  { name: 'RESP P=16',      protocol: 'resp', pipelineDepth: 16 },
] as const satisfies readonly Load[];

type Load = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly pipelineDepth: number;
};

/** Who is under load, and by whom the server with an admin port is asked. */
// biome-ignore format: a table reads in columns
const STATES = [
  { name: 'off',                         loaded: 'off',   asker: 'nobody' },
  { name: 'off again',                   loaded: 'again', asker: 'nobody' },
  { name: 'watched',                     loaded: 'admin', asker: 'scraper' },
  { name: '/metrics hammered',           loaded: 'admin', asker: 'metricsHammer' },
  { name: '/metrics hammered next door', loaded: 'off',   asker: 'metricsHammer' },
  { name: 'state hammered',              loaded: 'admin', asker: 'stateHammer' },
  { name: 'state hammered next door',    loaded: 'off',   asker: 'stateHammer' },
  { name: 'ten browsers',                loaded: 'admin', asker: 'browsers' },
  { name: 'ten browsers next door',      loaded: 'off',   asker: 'browsers' },
] as const;

type State = (typeof STATES)[number];
type ServerName = State['loaded'];
type Askers = Readonly<Record<State['asker'], Asker>>;

const BROWSERS = 10;
const VALUE_BYTES = 100;
const MEM_MB = 256;
const START_MS_MAX = 30_000;
const START_POLL_MS = 50;
/** Names of data threads, as the kernel has them. */
const DATA_THREAD = /^data \d+$/;

type Server = RunningServer & { readonly respPort: number };
type Servers = Readonly<Record<ServerName, Server>>;
type Round = {
  readonly cpuUsPerOp: number;
  readonly opsPerSec: number;
  readonly errorCount: number;
  /** Answers of the admin port meanwhile. */
  readonly answers: number;
};
type Series = { readonly load: string; readonly state: string; readonly rounds: Round[] };

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
  const adminPort = await portFree();
  const servers: Server[] = [];
  const generators = new Map<Protocol, LoadGenerator>();
  const askers: Partial<Record<State['asker'], Asker>> = {};
  try {
    for (const flags of [[], [], ['--admin-port', `${adminPort}`]]) {
      servers.push(await serverOpen(cores, flags));
    }
    for (const protocol of ['text', 'resp'] as const) {
      generators.set(protocol, generatorOpen(1, protocol));
    }
    await adminWait(adminPort);
    for (const server of servers) await fill(args, server, generators);
    Object.assign(askers, await askersOpen(args, adminPort));
    const [off, again, admin] = servers;
    const series = await measure(args, generators, { off, again, admin }, askers as Askers);
    report(args, cores, series);
  } finally {
    for (const asker of Object.values(askers)) await asker.close();
    for (const generator of generators.values()) await generator.close();
    for (const server of servers) await serverStop(server);
  }
}

async function measure(
  args: Arguments,
  generators: ReadonlyMap<Protocol, LoadGenerator>,
  servers: Servers,
  askers: Askers,
): Promise<readonly Series[]> {
  const all: Series[] = [];
  for (const load of LOADS) {
    const generator = generators.get(load.protocol);
    if (generator === undefined) throw new Error(`no load over ${load.protocol}`);
    const series = STATES.map(({ name }) => ({ load: load.name, state: name, rounds: [] }));
    all.push(...series);
    for (let round = 0; round < args.number('rounds'); round++) {
      for (const [i, state] of STATES.entries()) {
        const asker = askers[state.asker];
        const one = await roundRun(args, generator, load, servers[state.loaded], asker);
        (series[i].rounds as Round[]).push(one);
        progressSay(
          `  ${load.name}, round ${round + 1} of ${args.number('rounds')}: ${state.name.padEnd(27)} ` +
            `${one.cpuUsPerOp.toFixed(3)} µs, ${numberFormat(one.opsPerSec, 0)}/s, ${one.answers} answers`,
        );
      }
    }
  }
  return all;
}

async function roundRun(
  args: Arguments,
  generator: LoadGenerator,
  load: Load,
  server: Server,
  asker: Asker,
): Promise<Round> {
  await asker.start();
  const before = threadsCpuUsRead(server.pid, DATA_THREAD);
  const result = await generator.run(profileMake(args, server, load));
  const cpuUs = threadsCpuUsRead(server.pid, DATA_THREAD) - before;
  const answers = await asker.stop();
  const { operationCount, opsPerSec, errorCount } = result;
  return { cpuUsPerOp: cpuUs / Math.max(1, operationCount), opsPerSec, errorCount, answers };
}

function report(args: Arguments, cores: Cores, series: readonly Series[]): void {
  const costs = ({ rounds }: Series): number[] => rounds.map(({ cpuUsPerOp }) => cpuUsPerOp);
  const rows = series.map((one) => {
    const off = series.find(({ load }) => load === one.load) ?? one; // the first of its load
    const cost = quartilesOf(costs(one));
    // `off` is the first of each round: off0 it0 off1 it1 …
    const ratio = quartilesOf(neighbourRatios(costs(off), costs(one)).map((value) => 1 / value));
    // The same done to another server takes as much of the machine.
    const nextDoor = series.find(
      ({ load, state }) => load === one.load && state === `${one.state} next door`,
    );
    const apart = nextDoor && quartilesOf(neighbourRatios(costs(one), costs(nextDoor)));
    const rate = quartilesOf(one.rounds.map(({ opsPerSec }) => opsPerSec));
    return [
      one.load,
      one.state,
      cost.median.toFixed(3),
      one === off ? '' : ratioText(ratio),
      apart === undefined ? '' : ratioText(apart),
      numberFormat(rate.median, 0),
      `${sum(one.rounds.map(({ answers }) => answers))}`,
      `${sum(one.rounds.map(({ errorCount }) => errorCount))}`,
    ];
  });
  const table = tableFormat(
    [
      'load',
      'state',
      'CPU µs/request',
      'to off (quartiles)',
      'to next door (quartiles)',
      'requests/s',
      'answers',
      'wrong',
    ],
    rows,
  );
  const shown = `${table}\n${cores.text}${pollsText(args, series)}`;
  reportWrite(args, shown, { cores: { ...cores }, series });
}

function ratioText({ lower, median, upper }: Quartiles): string {
  return `**${median.toFixed(3)}** (${lower.toFixed(3)}–${upper.toFixed(3)})`;
}

/** Pages in the background might not ask at all: says whether they did. */
function pollsText(args: Arguments, series: readonly Series[]): string {
  const rounds = series
    .filter(({ state }) => state === 'ten browsers')
    .flatMap((one) => one.rounds);
  const polls = sum(rounds.map(({ answers }) => answers));
  const wanted = BROWSERS * rounds.length * Math.max(1, args.number('seconds'));
  return (
    `The ten consoles asked ${polls} times in ${rounds.length} rounds ` +
    `(once a second each: about ${numberFormat(wanted, 0)}).\n`
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function serverOpen(cores: Cores, flags: readonly string[]): Promise<Server> {
  const respPort = await portFree();
  const ours = [process.execPath, 'src/main.ts', '-p', '{port}', '-l', '127.0.0.1', '-U', '0'];
  const size = ['-t', '{threads}', '-m', '{mem}', '--resp-port', `${respPort}`];
  const name = flags.length === 0 ? 'server without admin port' : 'server with admin port';
  const pin = cores.arePinned ? { cpus: cores.serverCpus } : {};
  const server = await serverStart(
    { name, command: [...ours, ...size, ...flags] },
    { memMb: MEM_MB, threadCount: cores.threadCount, ...pin },
  );
  return { ...server, respPort };
}

/** Stores all keys, and has each load run for a while, so that code is compiled. */
async function fill(
  args: Arguments,
  server: Server,
  generators: ReadonlyMap<Protocol, LoadGenerator>,
): Promise<void> {
  progressSay(`Filling a ${server.name}.`);
  const [generator] = generators.values();
  const keys = Array.from({ length: args.number('keys') }, (_, keyId) => generator.keyName(keyId));
  await keysStore(server.port, keys, VALUE_BYTES, progressMake('filling'));
  for (const load of LOADS) {
    await generators.get(load.protocol)?.run(profileMake(args, server, load));
  }
}

async function askersOpen(args: Arguments, adminPort: number): Promise<Askers> {
  const url = `http://127.0.0.1:${adminPort}`;
  const wanted = args.text('chromium');
  const program = wanted === 'none' ? null : programFind(wanted);
  progressSay(
    program === null
      ? 'No browser: ten programs ask as consoles would.'
      : 'Opening ten windows of Chromium.',
  );
  return {
    nobody: NOBODY,
    scraper: pollerMake(`${url}/metrics`, 1),
    metricsHammer: hammerMake(`${url}/metrics`),
    stateHammer: hammerMake(`${url}/console/state`),
    browsers:
      program === null
        ? pollerMake(`${url}/console/state`, BROWSERS)
        : await browsersOpen(program, `${url}/`, BROWSERS),
  };
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
