/**
 * Listeners. Every data thread listens on every TCP port for itself (SO_REUSEPORT), so the kernel
 * spreads the connections and none is handed from thread to thread. Where that does not exist, and on
 * unix sockets, one thread listens.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { assert } from '../base/assert.ts';
import { errorSystemCode } from '../base/errors.ts';
import { PROTOCOL, type Protocol } from '../commands/memcached/session.ts';
import { PROTECTED_MODE_REPLY, protectedModeHolds } from '../commands/resp/session-start.ts';
import { connectionClaim, connectionRelease } from '../memory/connections.ts';
import { CONTROL } from '../memory/control.ts';
import { REPLY } from '../protocol/memcached/replies.ts';
import { textBytes } from '../protocol/reply.ts';
import { RESP_ERROR } from '../protocol/resp/errors.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import { RespConnection } from './resp-connection.ts';
import type { RespContext } from './resp-context.ts';
import type { TlsMode } from './tls-material.ts';
import type { TlsTerminator } from './tls-terminator.ts';
import type { TlsListener } from './tls-wire.ts';
import type { Arrival } from './wire.ts';
import { fastWireIsAvailable, fastWireListen } from './wire-fast.ts';
import { PlainArrival } from './wire-plain.ts';

/** By Config.protocol. */
export const PROTOCOL_OF = {
  auto: PROTOCOL.UNDECIDED,
  ascii: PROTOCOL.TEXT,
  binary: PROTOCOL.BINARY,
} as const;

/** What a listener's clients speak: one of memcached's protocols, or RESP. */
export const PROTOCOL_RESP = -1;

export type TcpTarget = {
  readonly host: string | null;
  readonly port: number;
  readonly tls: TlsMode | 'off';
  readonly protocol: keyof typeof PROTOCOL_OF | 'resp';
};
export type UnixTarget = { readonly path: string; readonly mode: number };

export type ListenOptions = {
  readonly backlog: number;
  /** Share the port with the other data threads. */
  readonly reusePort: boolean;
  /** Use nothing but public interfaces, at some cost. */
  readonly plainWire: boolean;
  /** Null: there is no TLS, and every listener is in the clear. */
  readonly terminator: TlsTerminator | null;
};

/** What every connection learns of the listener it came by. */
export type Listener = {
  readonly text: string;
  readonly protocol: Protocol | typeof PROTOCOL_RESP;
};

const RESP_TOO_MANY = Buffer.from(`-${RESP_ERROR.tooManyClients}\r\n`);
const PROBE_MS_MAX = 500;

/** Whether several threads can listen on one port here. */
export const REUSE_PORT_IS_AVAILABLE = process.platform === 'linux';

/** Listens on a TCP address; resolves to the server and the port it got. Rejects as listen() fails. */
export async function listenTcp(
  context: ConnectionContext,
  target: TcpTarget,
  options: ListenOptions,
): Promise<{ server: Server; port: number }> {
  const server = createServer();
  const { backlog, reusePort } = options;
  const host = target.host === null ? {} : { host: target.host };
  // Only RESP has an address for each family, and may have both.
  const ipv6Only = target.protocol === 'resp' && target.host === '::';
  await listening(server, { port: target.port, ...host, backlog, reusePort, ipv6Only });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : target.port;
  const listener: Listener = {
    text: listenerText(target, port),
    protocol: target.protocol === 'resp' ? PROTOCOL_RESP : PROTOCOL_OF[target.protocol],
  };
  if (target.tls === 'off') accept(server, context, listener, options.plainWire);
  else tlsAccept(server, context, listener, target.tls, options);
  return { server, port };
}

/** Listens on a unix socket, in the place of one that a dead server left behind. */
export async function listenUnix(
  context: ConnectionContext,
  target: UnixTarget,
  protocol: Listener['protocol'],
  options: ListenOptions,
): Promise<Server> {
  const server = createServer();
  if (await socketIsDead(target.path)) rmSync(target.path, { force: true });
  await listening(server, { path: target.path, backlog: options.backlog });
  chmodSync(target.path, target.mode);
  accept(server, context, { text: unixText(target), protocol }, options.plainWire);
  return server;
}

/** How a listener is called: in `stats conns`, and as what a client is connected to. */
export function listenerText(
  target: Pick<TcpTarget, 'host'>,
  port: number,
  transport: 'tcp' | 'udp' = 'tcp',
): string {
  return `${transport}:${hostText(target.host ?? '::')}:${port}`;
}

export function unixText(target: UnixTarget): string {
  return `unix:${textBytes(target.path)}`;
}

/** Whether the path is a socket that nobody answers on. Anything else in the way stays there. */
function socketIsDead(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('error', (error) => resolve(errorSystemCode(error) === 'ECONNREFUSED'));
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
  });
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Resolves once the server listens; rejects as listen() fails. */
export function listening(server: Server, options: Parameters<Server['listen']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      // Running out of descriptors fails single accepts, not the listener.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function accept(
  server: Server,
  context: ConnectionContext,
  listener: Listener,
  plainWire: boolean,
): void {
  const { buffers } = context;
  const arrive = (arrival: Arrival): void => connectionOpen(context, arrival, listener);
  if (!plainWire && fastWireIsAvailable(server)) fastWireListen(server, buffers, arrive);
  else server.on('connection', (socket) => arrive(new PlainArrival(socket, buffers)));
}

function tlsAccept(
  server: Server,
  context: ConnectionContext,
  listener: Listener,
  mode: TlsMode,
  options: ListenOptions,
): void {
  const { terminator, plainWire } = options;
  assert(terminator !== null, 'a listener with TLS has a certificate');
  const { buffers, call } = context;
  const gatheredBytesMax = call.server.config.tlsWriteBufferBytes;
  const tls: TlsListener = { terminator, mode, buffers, gatheredBytesMax, plainWire };
  server.on('connection', (raw) => connectionOpen(context, terminator.arrival(raw, tls), listener));
}

/** A connection for the client that arrived; when there are too many, it is told and let go. */
export function connectionOpen(
  context: ConnectionContext,
  arrival: Arrival,
  listener: Listener,
): void {
  const { control } = context.call.keyspace;
  const record = connectionClaim(control, context.call.server.threadIndex);
  if (record < 0) {
    Atomics.add(control.i32, CONTROL.connectionRejects, 1);
    const isResp = listener.protocol === PROTOCOL_RESP;
    arrival.refuse(isResp ? RESP_TOO_MANY : REPLY.tooManyConnections);
    return;
  }
  const remote = arrival.remote();
  const { text, protocol } = listener;
  const from = remote === null ? text : `tcp:${hostText(remote.address)}:${remote.port}`;
  if (protocol === PROTOCOL_RESP) {
    respOpen(context.resp, record, arrival, text);
    return;
  }
  const connection = new Connection(context, record, remote?.address, from, text, protocol);
  connection.wireAttach(arrival.accept(connection));
}

/** A connection for a RESP client, unless protected mode keeps it out. */
function respOpen(resp: RespContext, record: number, arrival: Arrival, listener: string): void {
  const { call } = resp;
  // Whether default needs a password may have changed, and who comes after that must not come in without.
  call.bulletin.catchUp();
  const remote = endOf(arrival.remote());
  const local = endOf(arrival.local());
  const isUnix = remote === null;
  const isLocal = remote === null || isLoopback(remote.address);
  if (!isLocal && protectedModeHolds(call)) {
    connectionRelease(call.keyspace.control, record);
    arrival.refuse(PROTECTED_MODE_REPLY);
    return;
  }
  const path = `${listener.slice('unix:'.length)}:0`;
  const connection = new RespConnection(resp, record, {
    remote: remote === null ? listener : `tcp:${endText(remote)}`,
    local: local === null ? path : endText(local),
    listener,
    isUnix,
    isLocal,
  });
  const { tcpKeepalive } = call.config.settings;
  if (!isUnix && tcpKeepalive > 0) arrival.keepAlive(tcpKeepalive);
  connection.wireAttach(arrival.accept(connection));
}

type End = { readonly address: string; readonly port: number };

/** An address as IPv4 where that is what it stands for. */
function endOf(end: End | null): End | null {
  return end === null ? null : { ...end, address: end.address.replace(/^::ffff:/, '') };
}

function endText({ address, port }: End): string {
  return `${hostText(address)}:${port}`;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/**
 * Whether somebody listens on the address already. Sharing ports lets a second server of the same
 * user listen beside the first without an error, so we ask by connecting.
 */
export function listenerIsThere(target: Pick<TcpTarget, 'host' | 'port'>): Promise<boolean> {
  if (target.port === 0) return Promise.resolve(false);
  return new Promise((resolve) => {
    const host = target.host === null || target.host === '0.0.0.0' ? '127.0.0.1' : target.host;
    const socket = connect({ port: target.port, host });
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(PROBE_MS_MAX, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
