/**
 * What the admin port costs those who do not ask it: CPU time of the data threads per request, under load, in
 * states that take turns:
 *
 *   off        a server without an admin port
 *   off again  another such server: what differs from the first is the spread of the measurement
 *   watched    /metrics is scraped once a second
 *   metrics    autocannon asks for /metrics as fast as it is answered
 *   state      and for /console/state
 *   browsers   the console is open in ten pages of a Chromium; where there is none, ten clients ask for
 *              /console/state once a second, as those pages do
 *
 *   node bench/admin.ts
 *
 * Only the data threads count, so it does not matter that autocannon, Chromium and the admin thread want CPU too;
 * what shows is what they take from caches and locks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { generatorOpen } from './load/generator.ts';
import type { LoadGenerator, LoadProfile } from './load/profile.ts';
import { type Arguments, argumentsRead, SERVER_FLAGS } from './support/arguments.ts';
import { programFind } from './support/command.ts';
import { keysStore } from './support/fill.ts';
import { threadsCpuUsRead } from './support/process-usage.ts';
import { progressMake, progressSay, reportWrite, tableFormat } from './support/report.ts';
import { type RunningServer, serverStart, serverStop } from './support/server.ts';
import { quartilesOf, ratiosOf } from './support/statistics.ts';

const ABOUT = 'Measures what the admin port costs the data threads.';
const FLAGS = {
  ...SERVER_FLAGS,
  seconds: { value: 'N', byDefault: '4', quick: '0.3', doc: 'length of a round' },
  rounds: { value: 'N', byDefault: '9', quick: '1', doc: 'rounds of each state' },
  connections: { value: 'N', byDefault: '16', quick: '4', doc: 'connections of the load' },
  loads: {
    value: 'LIST',
    byDefault: 'memcached:1,memcached:16,resp:1,resp:16',
    quick: 'memcached:16,resp:1',
    doc: 'protocols, and how many requests each connection may have under way',
  },
  browser: {
    value: 'EXE',
    byDefault: 'chromium',
    quick: 'none',
    doc: 'Chromium, on the PATH or as a path; none: clients that ask as its pages do',
  },
  keys: { value: 'N', byDefault: '100000', quick: '1000', doc: 'keys' },
} as const;

const STATES = ['off', 'off again', 'watched', 'metrics', 'state', 'browsers'] as const;
type State = (typeof STATES)[number];

const ROOT = resolve(import.meta.dirname, '..');
const AUTOCANNON = resolve(ROOT, 'node_modules/autocannon/autocannon.js');
const HAMMER_CONNECTIONS = 10;
const PAGES = 10;
const SCRAPE_MS = 1000;
const START_MS_MAX = 30_000;
const START_POLL_MS = 50;
const VALUE_BYTES = 100;
const THREADS = 2;
const MEM_MB = 256;
/** Names of data threads, as the kernel has them. */
const DATA_THREAD = /^data \d+$/;

type Protocol = 'memcached' | 'resp';
type Server = { readonly running: RunningServer; readonly respPort: number };
type Load = { readonly protocol: Protocol; readonly pipelineDepth: number; readonly name: string };
type Round = { readonly cpuUsPerOp: number; readonly errorCount: number; readonly answers: number };
type Rounds = Readonly<Record<State, Round[]>>;

/** What goes on at the admin port while a round runs. */
interface Asker {
  /** Resolves to how many answers it has had, as far as it knows. */
  stop(): Promise<number>;
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const loads = args.texts('loads').map(loadParse);
  const adminPort = await portFree();
  const servers = {
    off: await start('off', []),
    'off again': await start('off again', []),
    on: await start('on', ['--admin-port', `${adminPort}`]),
  };
  const generators = { memcached: generatorOpen(1), resp: generatorOpen(1, 'resp') };
  const askers = await Askers.open(args, adminPort);
  const results: { readonly load: string; readonly rounds: Rounds }[] = [];
  try {
    await adminWait(adminPort);
    for (const server of Object.values(servers)) await fill(args, generators.memcached, server);
    for (const load of loads) {
      const rounds: Rounds = {
        off: [],
        'off again': [],
        watched: [],
        metrics: [],
        state: [],
        browsers: [],
      };
      results.push({ load: load.name, rounds });
      // What no server has run yet is slow on each.
      for (const server of Object.values(servers)) {
        await generators[load.protocol].run(profileMake(args, server, load));
      }
      for (let round = 0; round < args.number('rounds'); round++) {
        for (const state of STATES) {
          const server = state === 'off' || state === 'off again' ? servers[state] : servers.on;
          const asker = await askers.start(state);
          const generator = generators[load.protocol];
          rounds[state].push(await roundRun(args, generator, server, load, state, asker));
        }
      }
    }
  } finally {
    await askers.close();
    for (const generator of Object.values(generators)) await generator.close();
    for (const { running } of Object.values(servers)) await serverStop(running);
  }
  report(args, askers, results);
}

function report(
  args: Arguments,
  askers: Askers,
  results: readonly { readonly load: string; readonly rounds: Rounds }[],
): void {
  const tables = results.map(({ load, rounds }) => {
    const costs = (state: State): number[] => rounds[state].map(({ cpuUsPerOp }) => cpuUsPerOp);
    const rows = STATES.map((state) => {
      const cost = quartilesOf(costs(state));
      const ratio = quartilesOf(ratiosOf(costs(state), costs('off')));
      const answers = rounds[state].reduce((sum, one) => sum + one.answers, 0);
      const range = (low: number, high: number): string => `${low.toFixed(3)}–${high.toFixed(3)}`;
      return [
        state,
        `${cost.median.toFixed(3)} (${range(cost.lower, cost.upper)})`,
        state === 'off' ? '' : `${ratio.median.toFixed(3)} (${range(ratio.lower, ratio.upper)})`,
        `${answers}`,
      ];
    });
    const columns = [load, 'µs of CPU per request (quartiles)', 'to off', 'answers'];
    return `${tableFormat(columns, rows)}\n`;
  });
  const about = `Data threads alone; ${askers.about}.\n\n`;
  reportWrite(args, about + tables.join('\n'), { browsers: askers.about, results });
}

function loadParse(text: string): Load {
  const [protocol, depth] = text.split(':');
  const pipelineDepth = Number(depth);
  if ((protocol !== 'memcached' && protocol !== 'resp') || !Number.isInteger(pipelineDepth)) {
    throw new Error(`--loads: ${text} is not memcached:N or resp:N`);
  }
  return { protocol, pipelineDepth, name: `${protocol}, P=${pipelineDepth}` };
}

async function start(name: string, flags: readonly string[]): Promise<Server> {
  const respPort = await portFree();
  const ours = [process.execPath, 'src/main.ts', '-p', '{port}', '-l', '127.0.0.1', '-U', '0'];
  const size = ['-t', '{threads}', '-m', '{mem}', '--resp-port', `${respPort}`];
  const spec = { name, command: [...ours, ...size, ...flags] };
  return { running: await serverStart(spec, { memMb: MEM_MB, threadCount: THREADS }), respPort };
}

/** Both protocols have the same keys. */
async function fill(args: Arguments, generator: LoadGenerator, server: Server): Promise<void> {
  const { name, port } = server.running;
  const keys = Array.from({ length: args.number('keys') }, (_, keyId) => generator.keyName(keyId));
  await keysStore(port, keys, VALUE_BYTES, progressMake(`filling ${name}`));
}

async function roundRun(
  args: Arguments,
  generator: LoadGenerator,
  server: Server,
  load: Load,
  state: State,
  asker: Asker,
): Promise<Round> {
  const { pid } = server.running;
  const before = threadsCpuUsRead(pid, DATA_THREAD);
  const { operationCount, errorCount } = await generator.run(profileMake(args, server, load));
  const cpuUs = threadsCpuUsRead(pid, DATA_THREAD) - before;
  const answers = await asker.stop();
  const cpuUsPerOp = cpuUs / Math.max(1, operationCount);
  progressSay(`  ${load.name} ${state.padEnd(9)} ${cpuUsPerOp.toFixed(3)} µs, ${answers} answers`);
  return { cpuUsPerOp, errorCount, answers };
}

function profileMake(args: Arguments, server: Server, load: Load): LoadProfile {
  return {
    port: load.protocol === 'resp' ? server.respPort : server.running.port,
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

/** Those who ask the admin port, by state. */
class Askers {
  readonly about: string;
  private readonly url: string;
  private readonly seconds: number;
  private readonly pages: readonly Page[];
  private readonly end: () => Promise<void>;

  private constructor(
    url: string,
    seconds: number,
    pages: readonly Page[],
    end: () => Promise<void>,
  ) {
    this.about =
      pages.length > 0
        ? `browsers: ${pages.length} pages of Chromium`
        : `browsers: ${PAGES} clients that ask once a second`;
    this.url = url;
    this.seconds = seconds;
    this.pages = pages;
    this.end = end;
  }

  static async open(args: Arguments, adminPort: number): Promise<Askers> {
    const url = `http://127.0.0.1:${adminPort}`;
    const wanted = args.text('browser');
    const executablePath = wanted === 'none' ? null : programFind(wanted);
    const seconds = args.number('seconds');
    if (executablePath === null) return new Askers(url, seconds, [], async () => undefined);
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const pages: Page[] = [];
    for (let page = 0; page < PAGES; page++) pages.push(await browser.newPage());
    return new Askers(url, seconds, pages, () => browser.close());
  }

  async start(state: State): Promise<Asker> {
    switch (state) {
      case 'off':
      case 'off again':
        return { stop: async () => 0 };
      case 'watched':
        return this.poll('/metrics', 1);
      case 'metrics':
        return this.hammer('/metrics');
      case 'state':
        return this.hammer('/console/state');
      case 'browsers':
        return this.pages.length > 0 ? this.browse() : this.poll('/console/state', PAGES);
    }
  }

  close(): Promise<void> {
    return this.end();
  }

  private async poll(path: string, clients: number): Promise<Asker> {
    let answers = 0;
    const ask = async (): Promise<void> => {
      await (await fetch(this.url + path)).text();
      answers++;
    };
    const all = (): Promise<unknown> => Promise.all(Array.from({ length: clients }, ask));
    await all();
    let last: Promise<unknown> = Promise.resolve();
    const timer = setInterval(() => (last = all()), SCRAPE_MS);
    return {
      stop: async () => {
        clearInterval(timer);
        await last;
        return answers;
      },
    };
  }

  /** autocannon, for a little longer than the round. */
  private async hammer(path: string): Promise<Asker> {
    const duration = `${Math.ceil(this.seconds) + 1}`;
    const flags = ['--json', '--connections', `${HAMMER_CONNECTIONS}`, '--duration', duration];
    const hammer = spawn(process.execPath, [AUTOCANNON, ...flags, this.url + path], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { stop: () => hammerEnd(hammer) };
  }

  private async browse(): Promise<Asker> {
    let answers = 0;
    const count = (): void => {
      answers++;
    };
    for (const page of this.pages) page.on('response', count);
    await Promise.all(this.pages.map((page) => page.goto(`${this.url}/`)));
    return {
      stop: async () => {
        for (const page of this.pages) page.off('response', count);
        await Promise.all(this.pages.map((page) => page.goto('about:blank')));
        return answers;
      },
    };
  }
}

/** Waits for its end; returns how many answers it has had. */
async function hammerEnd(hammer: ChildProcess): Promise<number> {
  let text = '';
  hammer.stdout?.on('data', (piece: Buffer) => (text += piece.toString()));
  await once(hammer, 'close');
  // As autocannon's README has it.
  return (JSON.parse(text) as { readonly '2xx': number })['2xx'];
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
