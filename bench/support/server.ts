/**
 * The servers under test: found, started on a free port and a core of their own, asked who they are,
 * and stopped, whatever happens to the bench.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Arguments, progressSay } from './arguments.ts';
import { commandSplit, programFind } from './command.ts';
import { processRssBytesRead } from './process-usage.ts';
import { clientClose, clientLine, clientOpen } from './text-client.ts';

const START_MS_MAX = 30_000;
const START_POLL_MS = 20;
const STOP_MS_MAX = 8_000;
const LOG_CHARS_MAX = 4_000;
const REPOSITORY = resolve(import.meta.dirname, '../..');

/** How a server is started: {port}, {mem} (MiB) and {threads} are filled in. */
export interface ServerSpec {
  readonly name: string;
  readonly command: readonly string[];
}

export interface ServerSettings {
  readonly memMb: number;
  readonly threadCount: number;
  /** Core to stay on; empty: any. */
  readonly cpu: string;
  readonly extra?: readonly string[];
}

export interface RunningServer {
  readonly name: string;
  readonly version: string;
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
      ? { name: 'Flagstone', command: commandWithFlags([process.execPath, 'src/main.ts']) }
      : { name: 'ours', command: commandSplit(ours) },
  ];
  if (peer === 'none') return specs;
  if (peer.includes('{port}')) return [...specs, { name: 'peer', command: commandSplit(peer) }];
  const program = programFind(peer === '' ? 'memcached' : peer);
  if (program === null && peer !== '') throw new Error(`--peer: ${peer} cannot be run`);
  if (program === null) {
    progressSay('No memcached on PATH and no --peer: nothing to compare with.');
    return specs;
  }
  // memcached refuses to run as root unless it is told which user to be.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  specs.push({ name: basename(program), command: [...commandWithFlags([program]), ...user] });
  return specs;
}

/** Starts a server and waits until it answers `version`. */
export async function serverStart(
  spec: ServerSpec,
  settings: ServerSettings,
): Promise<RunningServer> {
  const port = await portFreeFind();
  const fills = { port, mem: settings.memMb, threads: settings.threadCount };
  const filled = [...spec.command, ...(settings.extra ?? [])].map((word) =>
    Object.entries(fills).reduce(
      (text, [name, value]) => text.replaceAll(`{${name}}`, `${value}`),
      word,
    ),
  );
  const [program = '', ...words] = [...pinPrefix(settings.cpu), ...filled];
  const child = spawn(program, words, { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  let log = '';
  const logAppend = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-LOG_CHARS_MAX);
  };
  child.stdout.on('data', logAppend);
  child.stderr.on('data', logAppend);
  let failure: string | null = null;
  child.on('error', (error) => {
    failure = error.message;
  });
  const endMs = performance.now() + START_MS_MAX;
  for (;;) {
    const version = await versionAsk(port);
    if (version !== null && child.pid !== undefined) {
      return { name: spec.name, version, port, pid: child.pid, child };
    }
    if (child.exitCode !== null) failure = `it ended with status ${child.exitCode}`;
    if (performance.now() > endMs) failure = `it did not answer within ${START_MS_MAX} ms`;
    if (failure !== null) {
      child.kill('SIGKILL');
      throw new Error(`${spec.name} did not start: ${failure}\n${filled.join(' ')}\n${log}`);
    }
    await sleep(START_POLL_MS);
  }
}

/** Asks a server to end, and insists after a while. */
export async function serverStop(server: RunningServer): Promise<void> {
  const { child } = server;
  if (child.exitCode === null && child.signalCode === null) {
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

/** Lowest resident memory over a while, so that what is about to be freed does not count. */
export async function serverRssBytesSettled(
  server: RunningServer,
  settleMs: number,
): Promise<number> {
  await sleep(settleMs / 2);
  let lowest = processRssBytesRead(server.pid);
  for (let waitedMs = 0; waitedMs < settleMs / 2; waitedMs += 100) {
    await sleep(Math.min(100, settleMs / 2));
    lowest = Math.min(lowest, processRssBytesRead(server.pid));
  }
  return lowest;
}

/** `Flagstone 0.1.0`, or with the program's path for a peer. */
export function serverTitle(spec: ServerSpec, server: RunningServer): string {
  const program = spec.name === 'Flagstone' ? '' : ` (${spec.command[0]})`;
  return `${spec.name} ${server.version}${program}`;
}

/** Words that put before a command keep it on a core; none where that cannot be done. */
export function pinPrefix(cpu: string): readonly string[] {
  const taskset = cpu === '' ? null : programFind('taskset');
  return taskset === null ? [] : [taskset, '-c', cpu];
}

/** Keeps this process, its threads and what it will start on a core; false where that cannot be done. */
export function selfPin(cpu: string): boolean {
  const taskset = cpu === '' ? null : programFind('taskset');
  if (taskset === null) return false;
  execFileSync(taskset, ['-a', '-c', '-p', cpu, String(process.pid)], { stdio: 'ignore' });
  return true;
}

function commandWithFlags(program: readonly string[]): readonly string[] {
  return [...program, ...'-p {port} -l 127.0.0.1 -U 0 -t {threads} -m {mem}'.split(' ')];
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

/** The server's version, or null while nobody listens. */
async function versionAsk(port: number): Promise<string | null> {
  try {
    const client = await clientOpen(port);
    const answer = await clientLine(client, 'version');
    clientClose(client);
    return answer.replace(/^VERSION /, '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // node:net gives every refusal a code
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return null;
    throw error;
  }
}
