/**
 * What a data thread consists of: its view of the keyspace, one call object, one read buffer, its
 * listeners and connections. workers/data.ts is its entry point; src/supervisor.ts its other end.
 */
import type { Server } from 'node:net';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { errorReason, errorSystemCode } from '../base/errors.ts';
import { type CommandList, commandList } from '../commands/command-list.ts';
import { Authentication, type Credentials } from '../commands/memcached/authentication.ts';
import { Call, callClock } from '../commands/memcached/call.ts';
import { PROTOCOL, Session } from '../commands/memcached/session.ts';
import { COMMAND_NAMES } from '../commands/memcached/table.ts';
import { respCallStart } from '../commands/resp/call-start.ts';
import { readyServe } from '../commands/resp/execute.ts';
import { notesTell } from '../commands/resp/key-events.ts';
import { overdueWaiter } from '../commands/resp/overdue.ts';
import { pubsubPost } from '../commands/resp/subscriptions/pubsub.ts';
import { trackedTellNow, trackingRest } from '../commands/resp/tracking/tracking.ts';
import { waitsRest } from '../commands/resp/waits.ts';
import type {
  CommandConfig,
  LogLevel,
  RespChange,
  RespFailure,
  ServerContext,
} from '../commands/server-context.ts';
import type { RespConfigImage, UserLine } from '../config/resp-config.ts';
import type { RespTarget } from '../config/resp-targets.ts';
import { keyspaceAttach } from '../engine/keyspace.ts';
import type { ArenaHandles } from '../memory/arena.ts';
import { COUNTER, counterBlock, GAUGE, loopDelayNote } from '../memory/control.ts';
import { lockWaiterSet } from '../memory/lock.ts';
import { Reply } from '../protocol/reply.ts';
import { AsideTurn } from './aside-turn.ts';
import { ConnectionContext } from './connection.ts';
import { Detour } from './detour.ts';
import {
  type ListenOptions,
  listenerText,
  listenTcp,
  listenUnix,
  PROTOCOL_OF,
  type TcpTarget,
  type UnixTarget,
  unixText,
} from './listener.ts';
import { type Operated, type Operation, operationRun } from './operation.ts';
import { Requests } from './requests.ts';
import { RespListeners } from './resp-listeners.ts';
import type { TlsStart, TlsTerminator } from './tls-terminator.ts';
import type { UdpEndpoint, UdpTarget } from './udp-endpoint.ts';
import { IoBuffers } from './wire.ts';

/** What the supervisor gives a data thread at its start. */
export type DataThreadStart = {
  readonly handles: ArenaHandles;
  readonly config: CommandConfig;
  readonly credentials: Credentials;
  readonly version: string;
  readonly runId: string;
  readonly executable: string;
  readonly threadIndex: number;
  /** What the threads' bulletin is called. */
  readonly bulletinName: string;
  readonly respConfig: RespConfigImage;
  /** Thread id + 1 as the locks show it: unique among the threads that live. */
  readonly owner: number;
  readonly tcp: readonly TcpTarget[];
  readonly udp: readonly UdpTarget[];
  readonly unix: UnixTarget | null;
  readonly respTcp: readonly RespTarget[];
  readonly respUnix: UnixTarget | null;
  readonly reusePort: boolean;
  readonly plainWire: boolean;
  readonly debugCommands: boolean;
  /** Null: there is no TLS. */
  readonly tls: TlsStart | null;
};

/** From thread to supervisor. */
export type DataThreadMessage =
  | { readonly kind: 'tlsAsk' }
  | {
      readonly kind: 'listening';
      readonly ports: readonly number[];
      readonly udpPorts: readonly number[];
      readonly commands: CommandList;
    }
  | {
      readonly kind: 'listenFailed';
      readonly address: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'shutdown'; readonly graceful: boolean }
  | {
      readonly kind: 'warn';
      readonly text: string;
      readonly details: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'respSet'; readonly id: number; readonly change: RespChange }
  | {
      readonly kind: 'respUsers';
      readonly lines: readonly UserLine[];
      readonly removes: readonly string[];
    }
  | {
      readonly kind: 'detour';
      /** The main thread's end; null: it has it. */
      readonly port: MessagePort | null;
      readonly targets: RespListeners['clearTargets'];
    }
  | { readonly kind: 'detourEnd' }
  | { readonly kind: 'respListened'; readonly failed: boolean }
  | { readonly kind: 'operated'; readonly id: number; readonly operated: Operated }
  | { readonly kind: 'drained' };

export type DataThreadPost = (message: DataThreadMessage, moved?: readonly MessagePort[]) => void;

/** From supervisor to thread. */
export type DataThreadCommand =
  | { readonly kind: 'drain' }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'respWasSet'; readonly id: number; readonly failure: RespFailure | null }
  | { readonly kind: 'respListen'; readonly targets: readonly RespTarget[] }
  | {
      readonly kind: 'operate';
      readonly id: number;
      readonly operation: Operation;
      readonly claim: Int32Array;
    };

const HOUSEKEEPING_MS = 1000;
/** How long it may take until it is told that a memcached command met an expired key. */
const NOTES_MS = 50;
/** Connections that have not closed this long after a drain are cut. */
const DRAIN_MS_MAX = 2500;

const NO_CPU_USAGE = { user: 0, system: 0 };

export class DataThread {
  private readonly start: DataThreadStart;
  private readonly post: DataThreadPost;
  private readonly context: ConnectionContext;
  private readonly aside: AsideTurn;
  private readonly servers: Server[] = [];
  private readonly endpoints: UdpEndpoint[] = [];
  private readonly listeners: string[] = [];
  private terminator: TlsTerminator | null = null;
  private resp: RespListeners | null = null;
  /** When notesTell ran last. */
  private notesToldMs = performance.now();
  /** CONFIG SETs of this thread that the supervisor is at. */
  private readonly respSets = new Requests<RespFailure>();

  constructor(start: DataThreadStart, post: DataThreadPost) {
    this.start = start;
    this.post = post;
    const keyspace = keyspaceAttach(start.handles, start.owner);
    const server: ServerContext = {
      config: start.config,
      version: start.version,
      runId: start.runId,
      executable: start.executable,
      threadIndex: start.threadIndex,
      commandNames: COMMAND_NAMES,
      listeners: this.listeners,
      debugCommands: start.debugCommands,
      certificatesRefresh: () =>
        this.terminator === null ? 'TLS not enabled' : this.terminator.refresh(),
      shutdown: (graceful) => post({ kind: 'shutdown', graceful }),
      log: (level, text) => post({ kind: 'log', level, text }),
      warn: (text, details) => post({ kind: 'warn', text, details }),
      respUsers: (lines, removes) => post({ kind: 'respUsers', lines, removes }),
      respSet: (change, done) => post({ kind: 'respSet', id: this.respSets.begin(done), change }),
    };
    const nothing = (): void => undefined;
    const nobody = {
      record: -1,
      isStream: false,
      remoteAddress: undefined,
      holdSet: nothing,
      holdClear: nothing,
      wake: nothing,
    };
    const idle = new Session(nobody, PROTOCOL.UNDECIDED, false);
    const auth = new Authentication(start.credentials);
    const call = new Call(keyspace, server, auth, new Reply(), idle);
    const respCall = respCallStart(keyspace, server, start);
    this.context = new ConnectionContext(call, respCall, new IoBuffers());
    this.aside = new AsideTurn(this.context.resp);
    respCall.aside = () => this.aside.run();
    respCall.overdueChanged = (isOverdue) => this.detourSet(isOverdue);
    lockWaiterSet(overdueWaiter(respCall));
    setInterval(() => this.housekeep(), HOUSEKEEPING_MS).unref();
    setInterval(() => this.notesTell(), NOTES_MS).unref();
    this.housekeep();
  }

  /** Learns what the other threads know, opens all listeners, then tells the supervisor the ports, or what failed. */
  async listen(): Promise<void> {
    const { start, context } = this;
    await context.resp.call.bulletin.join();
    const { backlog } = start.config;
    if (start.tls !== null) {
      const { keyspace, block } = context.call;
      // Every thread has its own copy of all code: this is loaded only where it is used.
      const { TlsTerminator } = await import('./tls-terminator.ts');
      this.terminator = new TlsTerminator(start.tls, start.config, keyspace.control, block);
      this.post({ kind: 'tlsAsk' });
      await this.terminator.joined;
    }
    const { reusePort, plainWire } = start;
    const options = { backlog, reusePort, plainWire, terminator: this.terminator };
    const ports: number[] = [];
    const udpPorts: number[] = [];
    let address = '';
    try {
      for (const target of start.tcp) {
        address = targetText(target);
        const { server, port } = await listenTcp(context, target, options);
        this.servers.push(server);
        this.listeners.push(listenerText(target, port));
        ports.push(port);
      }
      for (const target of start.udp) {
        address = `UDP ${targetText(target)}`;
        udpPorts.push(await this.udpListen(target));
      }
      if (start.unix !== null) {
        address = start.unix.path;
        const protocol = PROTOCOL_OF[start.config.protocol];
        this.servers.push(await listenUnix(context, start.unix, protocol, options));
        this.listeners.push(unixText(start.unix));
      }
      address = 'RESP';
      await this.respListen(options);
    } catch (error) {
      const code = errorSystemCode(error);
      this.post({ kind: 'listenFailed', address, code, message: errorReason(error) });
      return;
    }
    this.post({ kind: 'listening', ports, udpPorts, commands: commandList() });
  }

  private async respListen(options: ListenOptions): Promise<void> {
    const { respTcp, respUnix } = this.start;
    this.resp = new RespListeners(this.context, options, this.listeners);
    await this.resp.open(respTcp);
    if (respUnix !== null) await this.resp.openUnix(respUnix);
  }

  /** CONFIG SET port: other listeners for the old ones. */
  private async respListenAnew(targets: readonly RespTarget[]): Promise<void> {
    this.resp?.closeTcp();
    let failed = false;
    try {
      await this.resp?.open(targets);
    } catch {
      failed = true; // the supervisor has all threads go back to what they had
    }
    this.post({ kind: 'respListened', failed });
  }

  /** While a script runs too long here, the main thread accepts RESP clients for this one. */
  private detourSet(isOn: boolean): void {
    if (!isOn) {
      this.post({ kind: 'detourEnd' });
      return;
    }
    const targets = this.resp?.clearTargets ?? [];
    if (this.aside.detour === null) {
      const { port1, port2 } = new MessageChannel();
      this.aside.detour = new Detour(this.context, port1);
      this.post({ kind: 'detour', port: port2, targets }, [port2]);
    } else {
      this.post({ kind: 'detour', port: null, targets });
    }
  }

  private async udpListen(target: UdpTarget): Promise<number> {
    const { start, context } = this;
    const { UdpEndpoint, udpBind } = await import('./udp-endpoint.ts'); // as with TLS
    const { socket, port } = await udpBind(target, start.reusePort);
    const text = listenerText(target, port, 'udp');
    const protocol = PROTOCOL_OF[start.config.protocol];
    this.endpoints.push(new UdpEndpoint(context, socket, text, protocol));
    return port;
  }

  command(command: DataThreadCommand): void {
    if (command.kind === 'drain') this.drain();
    else if (command.kind === 'respWasSet') this.respSets.finish(command.id, command.failure);
    else if (command.kind === 'respListen') void this.respListenAnew(command.targets);
    else if (command.kind === 'operate') this.operate(command);
    else this.context.call.auth.credentialsSet(command.credentials);
  }

  private operate({ id, operation, claim }: DataThreadCommand & { kind: 'operate' }): void {
    const operated = operationRun(this.context, operation, claim);
    if (operated !== null) this.post({ kind: 'operated', id, operated });
  }

  /** Stops accepting, answers the requests under way, closes, and reports. */
  private drain(): void {
    const { open } = this.context;
    for (const server of this.servers) server.close();
    this.resp?.close();
    for (const endpoint of this.endpoints) endpoint.close();
    const startedAt = performance.now();
    const timer = setInterval(() => {
      for (const connection of open) connection.endIfQuiet();
      if (open.size > 0 && performance.now() - startedAt < DRAIN_MS_MAX) return;
      clearInterval(timer);
      this.post({ kind: 'drained' });
    }, 5);
  }

  /**
   * What requests of memcached's protocols, or the main thread, have noted for clients of RESP. As it is to
   * run at even intervals, it is also what tells how late this thread is.
   */
  private notesTell(): void {
    const { call } = this.context.resp;
    const nowMs = performance.now();
    const lateMs = Math.max(0, nowMs - this.notesToldMs - NOTES_MS);
    this.notesToldMs = nowMs;
    loopDelayNote(call.keyspace.control, this.start.threadIndex, lateMs);
    notesTell(call);
    readyServe(call);
    pubsubPost(call);
    if (call.keyspace.tracked.hasNews) trackedTellNow(call);
  }

  /** Once a second: idle connections, how large the heap is, and what CPU time was used. */
  private housekeep(): void {
    const { call, open } = this.context;
    callClock(call); // a scheduled flush comes due also when no request does
    waitsRest(this.context.resp.call);
    trackingRest(this.context.resp.call);
    const block = counterBlock(this.start.threadIndex);
    // Node 22 does not tell it of a thread: then it stays 0.
    const { user, system } = process.threadCpuUsage?.() ?? NO_CPU_USAGE;
    call.counters[block + GAUGE.heapBytes] = process.memoryUsage().heapUsed;
    call.counters[block + GAUGE.cpuUserUs] = user;
    call.counters[block + GAUGE.cpuSystemUs] = system;
    call.counters[block + GAUGE.cpuAtMs] = performance.now();
    for (const connection of open) {
      const { idleSecMax } = connection;
      if (idleSecMax === 0 || connection.idleSec(call.op.nowSec) <= idleSecMax) continue;
      if (connection.kick()) call.counters[call.block + COUNTER.idleKicks]++;
    }
  }
}

function targetText({ host, port }: UdpTarget): string {
  return host === null ? `port ${port}` : `${host}:${port}`;
}
