/**
 * The main thread's part of detours (net/detour.ts): while a script on a thread runs too long, it accepts RESP
 * clients in that thread's place.
 *
 * The kernel spreads new connections over all sockets that listen on an address (SO_REUSEPORT). The busy thread's
 * socket stays one of them, and whoever comes there has to wait; so the main thread opens many. When one is closed,
 * the kernel resets who is in its queue: so they are closed when nobody has come for a while.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import type { DetourArriving, DetourLeaving } from './net/detour.ts';

/** Sockets for each address: of so many and one, one is the busy thread's. */
const SERVERS_EACH = 15;
/** A client that leaves more unread is cut. */
const UNREAD_BYTES_MAX = 8 << 20;
/** After the script, how long nobody may have come; and how often that is looked at. */
const QUIET_MS = 1000;
const QUIET_TRIES_MAX = 30;

/** Where a thread listens for RESP in the clear. */
export type DetourTarget = {
  readonly host: string | null;
  readonly port: number;
  /** What the listener is called. */
  readonly text: string;
};

/** What a thread asks for. */
type DetourAsked = {
  readonly port: MessagePort | null;
  readonly targets: readonly DetourTarget[];
};

/** The way to one thread. */
class Link {
  readonly port: MessagePort;
  readonly sockets = new Map<number, Socket>();
  private servers: Server[] = [];
  /** Where they listen. */
  private places = '';
  private ids = 0;
  private closing: NodeJS.Timeout | null = null;

  constructor(port: MessagePort) {
    this.port = port;
    port.on('message', (message: DetourLeaving) => deliver(this.sockets, message));
    port.on('close', () => {
      for (const socket of this.sockets.values()) socket.destroy();
    });
    port.unref();
  }

  /** Listens there, and nowhere else. */
  open(targets: readonly DetourTarget[]): void {
    if (this.closing !== null) clearTimeout(this.closing);
    this.closing = null;
    const places = JSON.stringify(targets);
    if (places === this.places) return;
    this.close();
    this.places = places;
    for (const target of targets) {
      for (let left = SERVERS_EACH; left > 0; left--) this.listen(target);
    }
  }

  private listen(target: DetourTarget): void {
    const server = createServer((socket) => {
      const id = this.ids++;
      this.sockets.set(id, socket);
      carry(this.port, id, target, socket);
      socket.once('close', () => this.sockets.delete(id));
    });
    server.on('error', () => undefined); // then its clients wait
    const host = target.host === null ? {} : { host: target.host };
    server.listen({ port: target.port, ...host, reusePort: true, ipv6Only: target.host === '::' });
    this.servers.push(server);
  }

  /** Closes when nobody has come for a while. */
  closeSoon(triesLeft = QUIET_TRIES_MAX): void {
    const seen = this.ids;
    this.closing = setTimeout(() => {
      this.closing = null;
      if (this.ids === seen || triesLeft === 0) this.close();
      else this.closeSoon(triesLeft - 1);
    }, QUIET_MS);
  }

  close(): void {
    for (const server of this.servers) server.close();
    this.servers = [];
    this.places = '';
  }
}

export class DetourKeeper {
  private readonly links = new Map<number, Link>();

  /** Accepts for a thread; `port` leads there, unless it is known from an earlier time. */
  open(thread: number, { port, targets }: DetourAsked): void {
    if (port !== null) this.links.set(thread, new Link(port));
    this.links.get(thread)?.open(targets);
  }

  /** The thread accepts for itself again. */
  close(thread: number): void {
    this.links.get(thread)?.closeSoon();
  }

  /** Nobody is accepted any more. */
  end(): void {
    for (const link of this.links.values()) link.close();
  }

  /** The thread is gone. */
  forget(thread: number): void {
    this.links.get(thread)?.close();
    this.links.delete(thread);
  }
}

/** Passes on what a client sends. */
function carry(port: MessagePort, id: number, { text }: DetourTarget, socket: Socket): void {
  const post = (message: DetourArriving): void => port.postMessage(message);
  const end = (address = '', number = 0): { address: string; port: number } => ({
    address,
    port: number,
  });
  socket.setNoDelay(true);
  post({
    kind: 'open',
    id,
    remote: end(socket.remoteAddress, socket.remotePort),
    local: end(socket.localAddress, socket.localPort),
    listener: text,
  });
  socket.on('data', (bytes) => post({ kind: 'data', id, bytes: Uint8Array.from(bytes) }));
  socket.on('error', () => socket.destroy());
  socket.once('close', () => post({ kind: 'gone', id }));
}

/** Does what the thread asks for. */
function deliver(sockets: ReadonlyMap<number, Socket>, message: DetourLeaving): void {
  const socket = sockets.get(message.id);
  if (socket === undefined) return;
  if (message.kind === 'data') {
    socket.write(message.bytes);
    if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy();
  } else if (message.kind === 'end') {
    socket.end();
  } else {
    socket.destroy();
  }
}
