/**
 * The supervisor: starts the threads, and starts a thread anew when one dies. It runs on the main
 * thread, which serves no requests.
 */
import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { authFileRead } from './auth/auth-file.ts';
import { usersRead } from './auth/users.ts';
import { errorReason, FAULT, faultFromListen } from './base/errors.ts';
import { HASH_SECRET_WORDS } from './base/key.ts';
import type { Logger } from './base/log.ts';
import { STREAM_HANDLE_NODE_OPTIONS } from './base/stream-handle.ts';
import type { Config } from './cli/config.ts';
import {
  listenTargets,
  listenTargetText,
  type UdpTarget,
  udpTargets,
} from './cli/listen-address.ts';
import type { CommandList } from './commands/command-list.ts';
import type { Credentials } from './commands/memcached/authentication.ts';
import { bulletinStrike } from './commands/resp/bulletin.ts';
import { notesPost } from './commands/resp/key-events.ts';
import { keyspaceSettingsBegin } from './commands/resp/server/config-set.ts';
import { trackedPost } from './commands/resp/tracking/tracking.ts';
import { readyPost } from './commands/resp/waits.ts';
import { type RespTarget, respTargets, respUnixTarget } from './config/resp-targets.ts';
import { DetourKeeper } from './detour-keeper.ts';
import { type Keyspace, keyspaceInit, keyspacePagesMove } from './engine/keyspace.ts';
import { Maintainer } from './engine/maintainer.ts';
import { connectionsRecover, locksRecover } from './engine/recovery.ts';
import type { ArenaHandles } from './memory/arena.ts';
import { CONTROL } from './memory/control.ts';
import { overdueEnd } from './memory/overdue-scripts.ts';
import { prefixesCountedSet } from './memory/prefix-table.ts';
import { memoryReserve } from './memory-reserve.ts';
import type { DataThreadCommand, DataThreadMessage, DataThreadStart } from './net/data-thread.ts';
import { listenerIsThere, REUSE_PORT_IS_AVAILABLE, type TcpTarget } from './net/listener.ts';
import { TlsKeeper } from './net/tls-keeper.ts';
import { TlsFilesError } from './net/tls-material.ts';
import { portsTake } from './ports-take.ts';
import { RespKeeper } from './resp-keeper.ts';
import { RespRates } from './resp-rates.ts';
import { Seat } from './seat.ts';
import { workerUrl } from './worker-url.ts';

/** How the log calls Redis's levels. */
const LOG_METHOD = { debug: 'trace', verbose: 'debug', notice: 'info', warning: 'warn' } as const;
/** What threads show in lock words. The main thread shows 1: keyspaceInit. */
const DATA_OWNER_FIRST = 2;
/** A thread that dies again soon is started a little later each time, up to this. */
const RESTART_MS_MAX = 2000;
const RESTART_QUIET_MS = 10000;
const RECOVER_AGAIN_MS = 5;
const DRAIN_MS_MAX = 3000;

export type SupervisorOptions = {
  readonly version: string;
  readonly plainWire: boolean;
  readonly debugCommands: boolean;
  /** A client asked for the end of the server (shutdown). */
  readonly onShutdown: (graceful: boolean) => void;
};

/** What a thread listens on: ports, in the order of the targets. */
type Listening = DataThreadMessage & { kind: 'listening' };

export class Supervisor {
  readonly keyspace: Keyspace;
  /** The TCP ports that the data threads listen on, in the order of the targets. */
  readonly ports: number[] = [];
  readonly udpPorts: number[] = [];
  /** What commands there are, as the first data thread has told. */
  commands: CommandList = { memcached: [], resp: [] };
  private readonly config: Config;
  private readonly log: Logger;
  private readonly options: SupervisorOptions;
  readonly handles: ArenaHandles;
  private credentials: Credentials;
  private readonly dataSeats: Seat[];
  /** Where memcached's protocols are listened on by TCP. */
  targets: readonly TcpTarget[];
  private udp: readonly UdpTarget[];
  private readonly tls: TlsKeeper | null;
  private readonly detours = new DetourKeeper();
  /** The thread whose client has asked for the end. */
  private asked: Seat | null = null;
  private isEnding = false;
  private readonly runId = randomBytes(20).toString('hex');
  readonly resp: RespKeeper;
  /** Where RESP is listened on. */
  respTargets: readonly RespTarget[];
  /** Data threads that have yet to say how `respListen` went, and whether one failed. */
  private respListening: ((failed: boolean) => void) | null = null;
  private readonly bulletinName = `flagstone ${randomUUID()}`;

  constructor(config: Config, log: Logger, options: SupervisorOptions) {
    this.config = config;
    this.log = log;
    this.options = options;
    this.credentials = credentialsRead(config);
    this.handles = memoryReserve(config, log);
    const seed = randomFillSync(new Int32Array(HASH_SECRET_WORDS));
    this.keyspace = keyspaceInit(this.handles, seed, Date.now());
    const { i32 } = this.keyspace.control;
    i32[CONTROL.connectionLimit] = config.connectionCountMax;
    i32[CONTROL.verbosity] = config.verbosity;
    i32[CONTROL.sweepIsOn] = config.lruCrawler ? 1 : 0;
    i32[CONTROL.crawlSleepUs] = config.lruCrawlerSleepUs;
    i32[CONTROL.crawlItemCountMax] = config.lruCrawlerItemCountMax;
    prefixesCountedSet(this.keyspace.control, config.statsDetailEnabled);
    if (config.slabAutomove === 0) keyspacePagesMove(this.keyspace, false);
    this.targets = listenTargets(config);
    this.udp = udpTargets(config);
    this.resp = new RespKeeper(config.resp, config.isRespServer, log, {
      listen: (targets) => this.respListen(targets),
      certificatesRefresh: () => this.certificatesRefresh(),
    });
    const { settings } = this.resp.config;
    this.respTargets = respTargets(settings);
    keyspaceSettingsBegin(this.keyspace, settings);
    this.tls = config.tlsEnabled || settings.tlsPort !== 0 ? this.tlsStart() : null;
    this.dataSeats = Array.from(
      { length: config.threadCount },
      (_, index) => new Seat(`data ${index}`, DATA_OWNER_FIRST + index, index),
    );
  }

  /** Starts all threads; resolves when every port is listened on. Rejects with a FlagstoneError. */
  async start(): Promise<void> {
    this.resp.begin();
    await portsTake([...this.targets, ...this.respTargets], this.udp, () => this.threadsStart());
    new RespRates(this.keyspace).start();
    new Maintainer(this.keyspace, () => this.notesPost()).start();
  }

  private async threadsStart(): Promise<void> {
    // The first thread learns which ephemeral ports there are; the others listen on the same.
    const [first, ...others] = this.dataSeats;
    const { ports, udpPorts, commands } = await this.dataStart(first);
    this.commands = commands;
    this.ports.push(...ports);
    this.udpPorts.push(...udpPorts);
    this.targets = this.targets.map((target, at) => ({ ...target, port: ports[at] }));
    this.udp = this.udp.map((target, at) => ({ ...target, port: udpPorts[at] }));
    await Promise.all(others.map((seat) => this.dataStart(seat)));
  }

  /** Tells the data threads what the maintainer has noted. */
  private notesPost(): void {
    notesPost(this.keyspace, this.bulletinName);
    trackedPost(this.keyspace, this.bulletinName);
    readyPost(this.keyspace, this.bulletinName);
  }

  /** Reads anew what may change while the server runs: users, and the TLS certificate. */
  reload(): void {
    this.credentialsReload();
    this.tlsRefresh();
  }

  /**
   * Reads the files that name users again, for all threads. What cannot be read stays as it was, and
   * the log says why.
   */
  private credentialsReload(): void {
    try {
      this.credentials = credentialsRead(this.config);
    } catch (error) {
      this.log.error({ err: error }, 'the users stay as they were');
      return;
    }
    const { credentials } = this;
    if (credentials.users === null && credentials.authTable === null) return;
    const command: DataThreadCommand = { kind: 'credentials', credentials };
    for (const { worker } of this.dataSeats) worker?.postMessage(command);
    this.log.info('the users were read again');
  }

  /** Reads the TLS certificate anew, if there is one. A broken one is logged, and the old one stays. */
  private tlsRefresh(): void {
    if (this.tls === null) return;
    const problem = this.certificatesRefresh();
    if (problem === null) this.log.info('the certificate was read anew');
    else this.log.error(`the old certificate stays: error ${problem}`);
  }

  /** Null, or why the old certificate stays. */
  private certificatesRefresh(): string | null {
    try {
      this.tls?.refresh();
      return null;
    } catch (error) {
      if (error instanceof TlsFilesError) return error.message;
      throw error;
    }
  }

  /** Has all threads listen for RESP on these; if one cannot, they listen on the old ones again. */
  private async respListen(targets: readonly RespTarget[]): Promise<boolean> {
    if (targets.some(({ tls }) => tls !== 'off') && this.tls === null) return false;
    const ours = this.respTargets.map(listenTargetText);
    for (const target of targets) {
      if (!ours.includes(listenTargetText(target)) && (await listenerIsThere(target))) return false;
    }
    const before = this.respTargets;
    if (await this.respListenAll(targets)) return true;
    await this.respListenAll(before);
    return false;
  }

  private respListenAll(targets: readonly RespTarget[]): Promise<boolean> {
    this.respTargets = targets;
    const listeners = REUSE_PORT_IS_AVAILABLE ? this.dataSeats : this.dataSeats.slice(0, 1);
    const command: DataThreadCommand = { kind: 'respListen', targets };
    return new Promise((resolve) => {
      let left = listeners.length;
      let hasFailed = false;
      this.respListening = (failed) => {
        hasFailed ||= failed;
        left--;
        if (left === 0) resolve(!hasFailed);
      };
      for (const { worker } of listeners) worker?.postMessage(command);
    });
  }

  /** Stops accepting, lets replies under way leave, and ends all threads. */
  async drain(): Promise<void> {
    this.isEnding = true;
    const command: DataThreadCommand = { kind: 'drain' };
    const drained = this.dataSeats.map(
      ({ worker }) =>
        new Promise<void>((resolve) => {
          worker?.on('message', ({ kind }: DataThreadMessage) => kind === 'drained' && resolve());
          worker?.once('exit', () => resolve());
          worker?.postMessage(command);
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DRAIN_MS_MAX);
    });
    await Promise.race([Promise.all(drained), bound]);
    clearTimeout(timer);
    await this.end();
  }

  /** Ends all threads at once. */
  async end(): Promise<void> {
    this.isEnding = true;
    this.detours.end();
    // A client that asked for it and sees its connection close is to find nobody listening.
    const others = this.dataSeats.filter((seat) => seat !== this.asked);
    await Promise.all(others.map(({ worker }) => worker?.terminate()));
    await this.asked?.worker?.terminate();
  }

  /** A data thread's worker; it may have ended. */
  dataWorker(index: number): Worker | null {
    return this.dataSeats[index].worker;
  }

  private tlsStart(): TlsKeeper {
    try {
      return new TlsKeeper(this.config, this.keyspace.control);
    } catch (error) {
      if (error instanceof TlsFilesError) throw FAULT.tlsUnusable(error.message);
      throw error;
    }
  }

  private dataStart(seat: Seat): Promise<Listening> {
    const { config, handles, options } = this;
    const isFirst = seat.index === 0;
    const start: DataThreadStart = {
      handles,
      config,
      credentials: this.credentials,
      version: options.version,
      runId: this.runId,
      executable: process.argv[1] ?? process.execPath,
      threadIndex: seat.index,
      bulletinName: this.bulletinName,
      respConfig: this.resp.config.image(),
      respTcp: isFirst || REUSE_PORT_IS_AVAILABLE ? this.respTargets : [],
      respUnix: isFirst ? respUnixTarget(this.resp.config.settings) : null,
      owner: seat.owner,
      tcp: isFirst || REUSE_PORT_IS_AVAILABLE ? this.targets : [],
      udp: isFirst || REUSE_PORT_IS_AVAILABLE ? this.udp : [],
      unix:
        isFirst && config.unixSocketPath !== null
          ? { path: config.unixSocketPath, mode: config.unixSocketMask }
          : null,
      reusePort: REUSE_PORT_IS_AVAILABLE,
      plainWire: options.plainWire,
      debugCommands: options.debugCommands,
      tls: this.tls === null ? null : this.tls.start(),
    };
    const worker = this.workerStart(seat, start);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: DataThreadMessage) => {
        if (message.kind === 'listening') resolve(message);
        else if (message.kind === 'tlsAsk') this.tls?.announce();
        else if (message.kind === 'listenFailed') reject(faultFromListen(message, message.address));
        else if (message.kind === 'shutdown') {
          this.asked = seat;
          options.onShutdown(message.graceful);
        } else if (message.kind === 'warn') this.log.warn(message.details, message.text);
        else if (message.kind === 'log') this.log[LOG_METHOD[message.level]](message.text);
        else if (message.kind === 'detour') this.detours.open(seat.index, message);
        else if (message.kind === 'detourEnd') this.detours.close(seat.index);
        else if (message.kind === 'respListened') this.respListening?.(message.failed);
        else if (message.kind === 'respUsers') this.resp.usersChange(message);
        else if (message.kind === 'respSet') void this.respSet(worker, message);
      });
      worker.once('error', (error) => reject(FAULT.workerDied(seat.name, errorReason(error))));
    });
  }

  private async respSet(
    worker: Worker,
    { id, change }: DataThreadMessage & { kind: 'respSet' },
  ): Promise<void> {
    const failure = await this.resp.set(change);
    const command: DataThreadCommand = { kind: 'respWasSet', id, failure };
    worker.postMessage(command);
  }

  private workerStart(seat: Seat, workerData: DataThreadStart): Worker {
    const worker = new Worker(workerUrl('data'), {
      workerData,
      name: seat.name,
      execArgv: STREAM_HANDLE_NODE_OPTIONS,
    });
    seat.worker = worker;
    let reason: unknown = 'it ended';
    worker.once('error', (error) => {
      reason = error;
    });
    worker.once('exit', () => {
      if (!this.isEnding) this.recover(seat, reason);
    });
    return worker;
  }

  /** A thread is gone: frees what it held, says so, and starts it anew. */
  private recover(seat: Seat, reason: unknown): void {
    const recovery = locksRecover(this.keyspace, seat.owner);
    Atomics.add(this.keyspace.control.i32, CONTROL.threadRestarts, 1);
    overdueEnd(this.keyspace.control, seat.index);
    this.detours.forget(seat.index);
    bulletinStrike(this.keyspace.control, this.bulletinName, seat.index);
    this.respListening?.(true);
    this.log.error({ thread: seat.name, err: reason, ...recovery }, 'a thread died');
    const now = Date.now();
    seat.deaths = now - seat.diedAtMs < RESTART_QUIET_MS ? seat.deaths + 1 : 0;
    seat.diedAtMs = now;
    const delayMs = Math.min(RESTART_MS_MAX, seat.deaths === 0 ? 0 : 50 * 2 ** seat.deaths);
    setTimeout(() => void this.restart(seat), delayMs);
  }

  private async restart(seat: Seat): Promise<void> {
    if (this.isEnding) return;
    if (!connectionsRecover(this.keyspace, seat.index)) {
      setTimeout(() => void this.restart(seat), RECOVER_AGAIN_MS);
      return;
    }
    try {
      await this.dataStart(seat);
      this.log.warn({ thread: seat.name }, 'the thread was started anew');
    } catch (error) {
      this.log.error({ thread: seat.name, err: error }, 'the thread could not be started');
      // Its end, if it has not come already, leads back here, a little later each time.
      await seat.worker?.terminate();
    }
  }
}

function credentialsRead({ usersFile, authFile, saslEnabled }: Config): Credentials {
  return {
    users: saslEnabled && usersFile !== null ? usersRead(usersFile) : null,
    authTable: authFile === null ? null : authFileRead(authFile),
  };
}
