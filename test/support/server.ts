/**
 * Server processes for tests: ours and, as the oracle, the real memcached.
 *
 * A process gets a port that was free a moment ago on 127.0.0.1, or a unix socket, counts as started
 * once it answers `version` there, and is stopped by SIGTERM. Its standard output and error are kept,
 * so that a failing test can show what the server said.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { portFree } from './free-port.ts';

/** A running server. `log()` is everything it has printed; `stop()` returns its exit code. */
export interface ServerProcess {
  readonly host: string;
  /** 0: it listens on a unix socket. */
  readonly port: number;
  /** Where it listens, as connect() takes it. */
  readonly address: NetConnectOpts;
  readonly pid: number;
  /** Exit code, once it has ended; null after a signal. */
  readonly exited: Promise<number | null>;
  log(): string;
  stop(): Promise<number | null>;
}

/** How to start one: extra command-line flags, and environment variables beside the inherited. */
export interface SpawnOptions {
  readonly flags?: readonly string[];
  /** Flags that name the port it gets. */
  readonly flagsFor?: (port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Listen on a unix socket in a folder of its own, and on no port. */
  readonly onUnixSocket?: boolean;
  /** Listen on the port by UDP too. */
  readonly onUdp?: boolean;
  /** The port has TLS: how to find out whether it answers. */
  readonly tls?: ConnectionOptions;
  /** It speaks the binary protocol alone, so it is asked by that whether it answers. */
  readonly isBinary?: boolean;
}

/** An installed memcached: its path as spawn() takes it, and its version, such as `1.6.18`. */
export interface InstalledMemcached {
  readonly command: string;
  readonly version: string;
}

const HOST = '127.0.0.1';
const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;
const CONNECT_RETRY_MS = 10;
const SPAWN_COUNT_MAX = 3;
const TEXT_VERSION = 'version\r\n';
/** Magic of a request, opcode, and a header that says no more: allowed before authentication. */
const BINARY_VERSION = Buffer.concat([Buffer.from([0x80, 0x0b])], 24);

const MAIN_TS = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts our server as `node src/main.ts -p PORT -l 127.0.0.1 -U 0 -t 2 -m 64 …flags`. */
export function spawnFlagstone(options: SpawnOptions = {}): Promise<ServerProcess> {
  const args = [MAIN_TS, '-t', '2', '-m', '64', ...(options.flags ?? [])];
  return spawnServer(process.execPath, args, options);
}

/** Starts the real memcached with the same flags as ours. As root it must be told to stay root. */
export function spawnMemcached(
  installed: InstalledMemcached,
  options: SpawnOptions = {},
): Promise<ServerProcess> {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const args = [...user, '-t', '2', '-m', '64', ...(options.flags ?? [])];
  return spawnServer(installed.command, args, options);
}

/** Finds the real memcached: the executable in MEMCACHED_PEER, or `memcached` on the PATH. */
export function memcachedFind(): InstalledMemcached | null {
  const command = process.env['MEMCACHED_PEER'] ?? 'memcached';
  const printed = spawnSync(command, ['-V'], { encoding: 'latin1' });
  const version = /memcached (\d+\.\d+\.\d+)/.exec(printed.stdout ?? '')?.[1];
  return version === undefined ? null : { command, version };
}

/** Tries again on another port when the process exits early: somebody took the port in between. */
async function spawnServer(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<ServerProcess> {
  if (options.onUnixSocket) return spawnOnUnixSocket(command, args, options);
  let failure = '';
  for (let attempt = 0; attempt < SPAWN_COUNT_MAX; attempt++) {
    const port = await portFree();
    const udpPort = options.onUdp ? port : 0;
    const where = ['-l', HOST, '-U', `${udpPort}`, '-p', `${port}`];
    const flags = options.flagsFor?.(port) ?? [];
    const words = [...args, ...where, ...flags];
    const started = serverStart(command, words, options, { host: HOST, port });
    if (await started.answering) return started.server;
    failure = `exited with ${await started.server.stop()}\n${started.server.log()}`;
  }
  throw new Error(`${command} ${args.join(' ')} did not start: ${failure}`);
}

async function spawnOnUnixSocket(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'flagstone-test-'));
  const path = join(folder, 'socket');
  const { server, answering } = serverStart(command, [...args, '-s', path], options, { path });
  const stop = async (): Promise<number | null> => {
    const code = await server.stop();
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  if (await answering) return { ...server, stop };
  throw new Error(`${command} ${args.join(' ')} exited with ${await stop()}\n${server.log()}`);
}

function serverStart(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
  address: NetConnectOpts,
): { server: ServerProcess; answering: Promise<boolean> } {
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  let ended = false;
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  const exit = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      log += `${error.message}\n`;
      ended = true;
      resolve(null);
    });
    child.once('exit', (code) => {
      ended = true;
      resolve(code);
    });
  });
  const server: ServerProcess = {
    host: HOST,
    port: 'port' in address ? address.port : 0,
    address,
    pid: child.pid ?? 0,
    exited: exit,
    log: () => log,
    stop: () => serverStop(child, exit),
  };
  return { server, answering: serverAnswers(address, options, () => ended) };
}

/** SIGTERM, then wait for the exit; SIGKILL only bounds the wait for a server that hangs. */
async function serverStop(
  child: ChildProcess,
  exit: Promise<number | null>,
): Promise<number | null> {
  child.kill('SIGTERM');
  const bound = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  const code = await exit;
  clearTimeout(bound);
  return code;
}

/** True once a command is answered at the address, false when the process has ended instead. */
async function serverAnswers(
  address: NetConnectOpts,
  options: SpawnOptions,
  ended: () => boolean,
): Promise<boolean> {
  const deadline = Date.now() + START_MS_MAX;
  while (!ended() && Date.now() < deadline) {
    if (await answerTry(address, options)) return true;
    await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
  }
  return false;
}

/** To accept is not enough: a server may try whether the port is free before it listens in earnest. */
function answerTry(address: NetConnectOpts, options: SpawnOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const { tls, isBinary } = options;
    const socket = tls === undefined ? connect(address) : tlsConnect({ ...address, ...tls });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', () => end(true));
    socket.write(isBinary ? BINARY_VERSION : TEXT_VERSION);
  });
}
