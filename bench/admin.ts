/**
 * What the admin port costs those who do not ask it: CPU time of the data threads per request, under load,
 * in three states that take turns:
 *
 *   off        a server without an admin port
 *   watched    one that is scraped once a second
 *   hammered   one whose /metrics is asked for by autocannon as fast as it answers
 *
 *   node bench/admin.ts
 *
 * Only the data threads count, so it does not matter that autocannon and the admin thread want CPU too; what
 * would show is what they take from caches and locks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generatorOpen } from './load/generator.ts';
import type { LoadGenerator, LoadProfile } from './load/profile.ts';
import { type Arguments, argumentsRead, SERVER_FLAGS } from './support/arguments.ts';
import { keysStore } from './support/fill.ts';
import { threadsCpuUsRead } from './support/process-usage.ts';
import { progressMake, progressSay, reportWrite, tableFormat } from './support/report.ts';
import { type RunningServer, type ServerSpec, serverStart, serverStop } from './support/server.ts';
import { ratioSummaryOf, summaryOf } from './support/statistics.ts';

const ABOUT = 'Measures what the admin port costs the data threads.';
const FLAGS = {
  ...SERVER_FLAGS,
  seconds: { value: 'N', byDefault: '4', quick: '0.3', doc: 'length of a round' },
  rounds: { value: 'N', byDefault: '9', quick: '1', doc: 'rounds of each state' },
  connections: { value: 'N', byDefault: '16', quick: '4', doc: 'connections of the load' },
  pipeline: { value: 'N', byDefault: '16', doc: 'requests that each may have under way' },
  keys: { value: 'N', byDefault: '100000', quick: '1000', doc: 'keys' },
} as const;

const STATES = ['off', 'watched', 'hammered'] as const;
type State = (typeof STATES)[number];

const ROOT = resolve(import.meta.dirname, '..');
const AUTOCANNON = resolve(ROOT, 'node_modules/autocannon/autocannon.js');
const HAMMER_CONNECTIONS = 10;
const SCRAPE_MS = 1000;
const START_MS_MAX = 30_000;
const START_POLL_MS = 50;
const VALUE_BYTES = 100;
const THREADS = 2;
const MEM_MB = 256;
/** Names of data threads, as the kernel has them. */
const DATA_THREAD = /^data \d+$/;

type Round = { readonly cpuUsPerOp: number; readonly errorCount: number; readonly pages: number };

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const adminPort = await portFree();
  const plain = await serverStart(specMake('off', []), { memMb: MEM_MB, threadCount: THREADS });
  const admin = await serverStart(specMake('on', ['--admin-port', `${adminPort}`]), {
    memMb: MEM_MB,
    threadCount: THREADS,
  });
  const generator = generatorOpen(1);
  const rounds: Record<State, Round[]> = { off: [], watched: [], hammered: [] };
  try {
    await adminWait(adminPort);
    for (const server of [plain, admin]) await fill(args, generator, server);
    for (let round = 0; round < args.number('rounds'); round++) {
      for (const state of STATES) {
        const server = state === 'off' ? plain : admin;
        rounds[state].push(await roundRun(args, generator, server, state, adminPort));
      }
    }
  } finally {
    await generator.close();
    await serverStop(plain);
    await serverStop(admin);
  }
  report(args, rounds);
}

function report(args: Arguments, rounds: Readonly<Record<State, readonly Round[]>>): void {
  const costs = (state: State): number[] => rounds[state].map(({ cpuUsPerOp }) => cpuUsPerOp);
  const rows = STATES.map((state) => {
    const { median, min, max } = summaryOf(costs(state));
    const ratio = ratioSummaryOf(costs(state), costs('off'));
    const pages = rounds[state].reduce((sum, one) => sum + one.pages, 0);
    return [
      state,
      `${median.toFixed(3)} (${min.toFixed(3)}–${max.toFixed(3)})`,
      state === 'off' ? '' : ratio.median.toFixed(3),
      state === 'hammered'
        ? ratioSummaryOf(costs('hammered'), costs('watched')).median.toFixed(3)
        : '',
      `${pages}`,
    ];
  });
  const table = tableFormat(
    ['state', 'µs of CPU per request', 'to off', 'to watched', 'pages asked for'],
    rows,
  );
  reportWrite(args, `${table}\n`, { rounds });
}

function specMake(name: string, flags: readonly string[]): ServerSpec {
  const ours = [process.execPath, 'src/main.ts', '-p', '{port}', '-l', '127.0.0.1', '-U', '0'];
  const size = ['-t', '{threads}', '-m', '{mem}', '--resp-port', '0'];
  return { name, command: [...ours, ...size, ...flags] };
}

async function fill(
  args: Arguments,
  generator: LoadGenerator,
  server: RunningServer,
): Promise<void> {
  const keys = Array.from({ length: args.number('keys') }, (_, keyId) => generator.keyName(keyId));
  await keysStore(server.port, keys, VALUE_BYTES, progressMake(`filling ${server.name}`));
  await generator.run(profileMake(args, server));
}

async function roundRun(
  args: Arguments,
  generator: LoadGenerator,
  server: RunningServer,
  state: State,
  adminPort: number,
): Promise<Round> {
  const url = `http://127.0.0.1:${adminPort}/metrics`;
  const hammer = state === 'hammered' ? hammerStart(url, args.number('seconds')) : null;
  let pages = 0;
  const scrape = async (): Promise<void> => {
    await (await fetch(url)).text();
    pages++;
  };
  if (state === 'watched') await scrape();
  const timer = state === 'watched' ? setInterval(() => void scrape(), SCRAPE_MS) : undefined;
  const before = threadsCpuUsRead(server.pid, DATA_THREAD);
  const { operationCount, errorCount } = await generator.run(profileMake(args, server));
  const cpuUs = threadsCpuUsRead(server.pid, DATA_THREAD) - before;
  clearInterval(timer);
  if (hammer !== null) pages += await hammerEnd(hammer);
  const cpuUsPerOp = cpuUs / Math.max(1, operationCount);
  progressSay(`  ${state.padEnd(9)} ${cpuUsPerOp.toFixed(3)} µs, ${pages} pages`);
  return { cpuUsPerOp, errorCount, pages };
}

function profileMake(args: Arguments, server: RunningServer): LoadProfile {
  return {
    port: server.port,
    connectionCount: args.number('connections'),
    pipelineDepth: args.number('pipeline'),
    setWeight: 1,
    getWeight: 9,
    keyCount: args.number('keys'),
    valueBytes: VALUE_BYTES,
    seed: args.number('seed'),
    durationMs: args.number('seconds') * 1000,
    ratePerSec: 0,
  };
}

/** autocannon, for a little longer than the round. */
function hammerStart(url: string, seconds: number): ChildProcess {
  const duration = `${Math.ceil(seconds) + 1}`;
  const flags = ['--json', '--connections', `${HAMMER_CONNECTIONS}`, '--duration', duration];
  return spawn(process.execPath, [AUTOCANNON, ...flags, url], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Waits for its end; returns how many answers it has had. */
async function hammerEnd(hammer: ChildProcess): Promise<number> {
  let text = '';
  hammer.stdout?.on('data', (piece: Buffer) => (text += piece.toString()));
  const ended = once(hammer, 'close');
  await ended;
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
