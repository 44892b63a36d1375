/**
 * Listeners. Every data thread listens on every TCP port for itself (SO_REUSEPORT), so the kernel
 * spreads the connections and none is handed from thread to thread. Where that does not exist, and on
 * unix sockets, one thread listens.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { connectionClaim } from '../memory/connections.ts';
import { CONTROL } from '../memory/control.ts';
import { REPLY } from '../protocol/memcached/replies.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import { FastWire, fastWireAccept, fastWireIsAvailable } from './wire-fast.ts';
import { PlainWire } from './wire-plain.ts';

export type TcpTarget = { readonly host: string | null; readonly port: number };
export type UnixTarget = { readonly path: string; readonly mode: number };

export type ListenOptions = {
  readonly backlog: number;
  /** Share the port with the other data threads. */
  readonly reusePort: boolean;
  /** Use nothing but public interfaces, at some cost. */
  readonly plainWire: boolean;
};

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
  await listening(server, { port: target.port, ...host, backlog, reusePort });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : target.port;
  accept(server, context, `tcp:${hostText(target.host ?? '::')}:${port}`, options.plainWire);
  return { server, port };
}

/** Listens on a unix socket, taking the place of one that a dead server left behind. */
export async function listenUnix(
  context: ConnectionContext,
  target: UnixTarget,
  options: ListenOptions,
): Promise<Server> {
  const server = createServer();
  rmSync(target.path, { force: true });
  await listening(server, { path: target.path, backlog: options.backlog });
  chmodSync(target.path, target.mode);
  accept(server, context, `unix:${target.path}`, options.plainWire);
  return server;
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function listening(server: Server, options: Parameters<Server['listen']>[0]): Promise<void> {
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
  listener: string,
  plainWire: boolean,
): void {
  if (plainWire || !fastWireIsAvailable(server)) {
    server.on('connection', (socket) => {
      const record = recordClaim(context, socket);
      if (record < 0) return;
      const connection = new Connection(context, record, remoteText(socket, listener), listener);
      socket.setNoDelay(true);
      connection.wireAttach(new PlainWire(socket, context.buffers, connection));
    });
    return;
  }
  fastWireAccept(server, context.buffers, (socket, handle, reader) => {
    const record = recordClaim(context, socket);
    if (record < 0) return;
    const connection = new Connection(context, record, remoteText(socket, listener), listener);
    connection.wireAttach(new FastWire(socket, handle, reader, connection));
  });
}

/** A record for a new connection; -1 when there are too many: the client is told, and let go. */
function recordClaim(context: ConnectionContext, socket: Socket): number {
  const { control } = context.call.keyspace;
  const record = connectionClaim(control, context.call.server.threadIndex);
  if (record < 0) {
    Atomics.add(control.i32, CONTROL.connectionRejects, 1);
    socket.on('error', () => socket.destroy());
    socket.end(REPLY.tooManyConnections);
  }
  return record;
}

function remoteText(socket: Socket, listener: string): string {
  if (listener.startsWith('unix:')) return listener;
  return `tcp:${hostText(socket.remoteAddress ?? '')}:${socket.remotePort ?? 0}`;
}

/** Rejects as listen() does if somebody else has the address; otherwise leaves it free. */
export async function listenProbe(target: TcpTarget): Promise<void> {
  if (target.port === 0) return;
  const server = createServer();
  const host = target.host === null ? {} : { host: target.host };
  await listening(server, { port: target.port, ...host, exclusive: true });
  await new Promise((resolve) => server.close(resolve));
}
