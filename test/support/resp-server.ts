/** Servers that speak RESP: ours, and as the oracle the real redis-server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { portFree } from './free-port.ts';
import { RespClient } from './resp-client.ts';

const HOST = '127.0.0.1';
const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;
const SPAWN_COUNT_MAX = 3;
const MAIN_TS = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface RespServer {
  readonly host: string;
  readonly port: number;
  /** Where memcached's protocols are spoken; 0 with redis-server. */
  readonly memcachedPort: number;
  readonly pid: number;
  log(): string;
  client(): RespClient;
  /** When it has ended, by itself or not: its exit code. */
  readonly ended: Promise<number | null>;
  stop(): Promise<number | null>;
}

/** Starts ours: RESP on one port, memcached on another. */
export function respSpawn(flags: readonly string[] = []): Promise<RespServer> {
  return oursSpawn((port, memcachedPort) => {
    const ports = ['-p', `${memcachedPort}`, '--resp-port', `${port}`, '-l', HOST];
    return ['-t', '2', '-m', '256', ...ports, ...flags];
  });
}

/** Starts ours as redis-server is started: `words` are a config file, if any, and directives. */
export function respConfSpawn(words: readonly string[] = []): Promise<RespServer> {
  return oursSpawn((port) => ['--resp-conf', ...words, '--port', `${port}`, '--bind', HOST]);
}

/**
 * What an application is tried on: ours, or with FLAGSTONE_PEER=1 the real redis-server, on which the test has
 * to pass as well.
 */
export function applicationServerSpawn(): Promise<RespServer> {
  const peer = process.env['FLAGSTONE_PEER'] === '1' ? redisFind() : null;
  return peer === null ? respSpawn(['-M']) : redisSpawn(peer.command);
}

/**
 * Ours writes a file with its ports once all threads listen; one alone would answer sooner, and get all the
 * connections.
 */
async function oursSpawn(
  argumentsFor: (port: number, memcachedPort: number) => readonly string[],
): Promise<RespServer> {
  const folder = mkdtempSync(join(tmpdir(), 'flagstone-resp-'));
  const portFile = join(folder, 'ports');
  const all = (port: number, memcachedPort: number): readonly string[] => [
    MAIN_TS,
    ...argumentsFor(port, memcachedPort),
  ];
  try {
    return await spawnOnPorts(process.execPath, all, portFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function redisSpawn(command: string, flags: readonly string[] = []): Promise<RespServer> {
  const fixed = ['--save', '', '--appendonly', 'no', '--dir', tmpdir(), '--bind', HOST];
  return spawnOnPorts(command, (port) => ['--port', `${port}`, ...fixed, ...flags]);
}

/** The executable in REDIS_PEER, or `redis-server` on the PATH, and its version; or null. */
export function redisFind(): { readonly command: string; readonly version: string } | null {
  const command = process.env['REDIS_PEER'] ?? 'redis-server';
  const printed = spawnSync(command, ['--version'], { encoding: 'latin1' });
  const version = /v=(\d+\.\d+\.\d+)/.exec(printed.stdout ?? '')?.[1];
  return version === undefined ? null : { command, version };
}

async function spawnOnPorts(
  command: string,
  argumentsFor: (port: number, memcachedPort: number) => readonly string[],
  portFile: string | null = null,
): Promise<RespServer> {
  let failure = '';
  for (let attempt = 0; attempt < SPAWN_COUNT_MAX; attempt++) {
    const port = await portFree();
    const memcachedPort = await portFree();
    const args = argumentsFor(port, memcachedPort);
    const env = { ...process.env, MEMCACHED_PORT_FILENAME: portFile ?? undefined };
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const isWhole = (): boolean => portFile === null || existsSync(portFile);
    const server = serverOf(child, port, memcachedPort, isWhole);
    if (await server.answers) return server;
    failure = `exited with ${await server.stop()}\n${server.log()}`;
  }
  throw new Error(`${command} did not start: ${failure}`);
}

function serverOf(
  child: ChildProcess,
  port: number,
  memcachedPort: number,
  isWhole: () => boolean,
): RespServer & { readonly answers: Promise<boolean> } {
  let log = '';
  let hasEnded = false;
  child.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', (code) => resolve(code));
  }).finally(() => (hasEnded = true));
  const client = (): RespClient => new RespClient({ host: HOST, port });
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const bound = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    const code = await ended;
    clearTimeout(bound);
    return code;
  };
  const answers = answersPing(client, isWhole, () => hasEnded);
  const pid = child.pid ?? 0;
  return { host: HOST, port, memcachedPort, pid, log: () => log, client, ended, stop, answers };
}

async function answersPing(
  client: () => RespClient,
  isWhole: () => boolean,
  ended: () => boolean,
): Promise<boolean> {
  const deadline = Date.now() + START_MS_MAX;
  while (!ended() && Date.now() < deadline) {
    const probe = client();
    const answer = await probe.call('ping').catch(() => null);
    probe.end();
    if (answer !== null && isWhole()) return true; // it may ask for a password
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
