/**
 * The servers under test: found, started on a free port and a core of their own, asked who they are,
 * and stopped, whatever happens to the bench.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arguments } from './arguments.ts';
import { programFind } from './command.ts';
import { processRssBytesRead } from './process-usage.ts';
import { progressSay } from './report.ts';
import { clientClose, clientLine, clientOpen } from './text-client.ts';

const START_MS_MAX = 30_000;
const START_POLL_MS = 20;
const STOP_MS_MAX = 8_000;
const LOG_CHARS_MAX = 4_000;
const SETTLE_POLL_MS = 100;
const SETTLE_POLLS = 20;
const REPOSITORY = resolve(import.meta.dirname, '../..');

/** How a server is started: {port}, {mem} (MiB) and {threads} are filled in. */
export interface ServerSpec {
  readonly name: string;
  readonly command: readonly string[];
}

export interface ServerSettings {
  readonly memMb: number;
  readonly threadCount: number;
  /** Cores to stay on, as taskset takes them; absent: any. */
  readonly cpus?: string;
  readonly extra?: readonly string[];
}

export interface RunningServer {
  readonly name: string;
  /** `Flagstone 0.1.0`. */
  readonly title: string;
  readonly port: number;
  readonly pid: number;
  readonly child: ChildProcess;
}

const started = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(1)); // and so through the handler above
}

/** Our server, then the peer, unless there is none. */
export function serverSpecsRead(args: Arguments): readonly ServerSpec[] {
  const ours = args.text('ours');
  const peer = args.text('peer');
  const specs: ServerSpec[] = [
    ours === ''
      ? {
          name: 'Flagstone',
          command: [...commandWithFlags(process.execPath, 'src/main.ts'), '--resp-port', '0'],
        }
      : { name: 'ours', command: ours.trim().split(/\s+/) },
  ];
  if (peer === 'none') return specs;
  if (peer.includes('{port}')) return [...specs, { name: 'peer', command: peer.split(/\s+/) }];
  const program = programFind(peer === '' ? 'memcached' : peer);
  if (program === null && peer !== '') throw new Error(`--peer: ${peer} cannot be run`);
  if (program === null) {
    progressSay('No memcached on PATH and no --peer: nothing to compare with.');
    return specs;
  }
  // memcached refuses to run as root unless it is told which user to be.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  specs.push({ name: basename(program), command: [...commandWithFlags(program), ...user] });
  return specs;
}

/** Starts a server and waits until it answers `version`. */
export async function serverStart(
  spec: ServerSpec,
  settings: ServerSettings,
): Promise<RunningServer> {
  const port = await portFreeFind();
  const fills = { port, mem: settings.memMb, threads: settings.threadCount };
  const words = [...pinPrefix(settings.cpus), ...spec.command, ...(settings.extra ?? [])];
  const [program, ...rest] = words.map((word) =>
    word.replace(/\{(port|mem|threads)\}/g, (_, name: keyof typeof fills) => `${fills[name]}`),
  );
  const child = spawn(program, rest, { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  let log = '';
  const logAppend = (text: string): void => {
    log = (log + text).slice(-LOG_CHARS_MAX);
  };
  child.stdout.on('data', (chunk: Buffer) => logAppend(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => logAppend(chunk.toString()));
  child.on('error', (error) => logAppend(error.message));
  const endMs = performance.now() + START_MS_MAX;
  while (isAlive(child) && performance.now() < endMs) {
    const version = await versionAsk(port);
    if (version !== null) {
      return {
        name: spec.name,
        title: `${spec.name} ${version}`.trim(),
        port,
        pid: child.pid ?? 0,
        child,
      };
    }
    await sleep(START_POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`${spec.name} did not start: ${program} ${rest.join(' ')}\n${log}`);
}

/** Asks a server to end, and insists after a while. */
export async function serverStop(server: RunningServer): Promise<void> {
  const { child } = server;
  if (isAlive(child)) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(killer);
  }
  started.delete(child);
}

/** Runs `body` with a fresh server and stops it in any case. */
export async function withServer<T>(
  spec: ServerSpec,
  settings: ServerSettings,
  body: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const server = await serverStart(spec, settings);
  try {
    return await body(server);
  } finally {
    await serverStop(server);
  }
}

/** Lowest resident memory over two seconds, so that what is about to be freed does not count. */
export async function serverRssBytesSettled(
  server: RunningServer,
  args: Arguments,
): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let poll = args.isQuick ? SETTLE_POLLS : 1; poll <= SETTLE_POLLS; poll++) {
    await sleep(SETTLE_POLL_MS);
    lowest = Math.min(lowest, processRssBytesRead(server.pid));
  }
  return lowest;
}

/** Words that put before a command keep it on some cores; none where that cannot be done. */
export function pinPrefix(cpus = ''): readonly string[] {
  const taskset = cpus === '' ? null : programFind('taskset');
  return taskset === null ? [] : [taskset, '-c', cpus];
}

/** Keeps this process, its threads and what it will start on some cores; false where it cannot. */
export function selfPin(cpus: string): boolean {
  const [taskset] = pinPrefix(cpus);
  if (taskset === undefined) return false;
  execFileSync(taskset, ['-a', '-c', '-p', cpus, String(process.pid)], { stdio: 'ignore' });
  return true;
}

function commandWithFlags(...program: readonly string[]): readonly string[] {
  return [...program, ...'-p {port} -l 127.0.0.1 -U 0 -t {threads} -m {mem}'.split(' ')];
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function portFreeFind(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The server's version, or null while nobody listens; '' where RESP is spoken, which has no such command. */
async function versionAsk(port: number): Promise<string | null> {
  try {
    const client = await clientOpen(port);
    const answer = await clientLine(client, 'version');
    clientClose(client);
    return answer.startsWith('-') ? '' : answer.replace(/^VERSION /, '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // node:net gives every refusal a code
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return null;
    throw error;
  }
}
