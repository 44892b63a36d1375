/**
 * TLS in one thread: makes a secure connection of an accepted one. Node's tls.Server does the
 * handshakes; none of them listens. There is one for each mode, made when it is first needed.
 *
 * All threads serve the same certificate and seal tickets with the same keys. Who changes either puts
 * it into the channel of all the others before anybody is told that it is changed; and a thread looks
 * into its channel before it starts a handshake. So a client that connects after `refresh_certs` was
 * answered meets the new certificate, whichever thread accepts it.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { CommandConfig } from '../commands/server-context.ts';
import { CONTROL, CONTROL_F64, COUNTER, type Control } from '../memory/control.ts';
import {
  type TicketKeys,
  type TlsFiles,
  TlsFilesError,
  type TlsMode,
  tlsContextOptions,
  tlsDemands,
  tlsFilesRead,
} from './tls-material.ts';
import { TlsArrival, type TlsListener } from './tls-wire.ts';
import type { Arrival } from './wire.ts';

/** What a thread starts with. */
export type TlsStart = {
  readonly channelName: string;
  readonly news: TlsNews;
};

/** What goes through the channel. Files with a lower version than those in use come too late. */
export type TlsNews = {
  readonly files: TlsFiles;
  readonly filesVersion: number;
  /** Null: no session can be resumed. */
  readonly ticketKeys: TicketKeys | null;
  readonly ticketKeysVersion: number;
};

/** A handshake is given up after so long, or earlier where idle connections are closed earlier. */
const HANDSHAKE_MS_MAX = 30_000;

/** Who waits for a handshake. */
export interface TlsClient {
  /** The handshake is done, and the client's certificate is as it has to be. */
  tlsEstablished(socket: TLSSocket): void;
}

export class TlsTerminator {
  private readonly config: CommandConfig;
  private readonly control: Control;
  private readonly counters: number;
  private readonly channel: BroadcastChannel;
  private readonly servers = new Map<TlsMode, Server>();
  /** Handshakes under way, by both ends of the connection. */
  private readonly pending = new Map<string, TlsClient>();
  private news: TlsNews;
  /**
   * Resolves with the first news. What changed while this thread was being started did not reach its
   * channel, so it asks for it, and listens only then.
   */
  readonly joined: Promise<void>;

  /** `counters` as counterBlock gives it. */
  constructor(start: TlsStart, config: CommandConfig, control: Control, counters: number) {
    this.config = config;
    this.control = control;
    this.counters = counters;
    this.news = start.news;
    this.channel = new BroadcastChannel(start.channelName);
    this.joined = new Promise((resolve) => {
      // What the event loop finds in the channel is gone from it, so it has to be taken here too.
      this.channel.onmessage = ({ data }: { data: unknown }) => {
        this.newsUse(tlsNewsMerged(this.news, data as TlsNews));
        resolve();
      };
    });
    this.channel.unref();
  }

  /** A client that has just connected to a listener with TLS. */
  arrival(raw: Socket, listener: TlsListener): Arrival {
    return new TlsArrival(raw, listener);
  }

  /** Starts a handshake. The socket closes when it fails; otherwise the client is told. */
  terminate(raw: Socket, mode: TlsMode, client: TlsClient): void {
    this.newsTake();
    const ends = endsText(raw);
    this.pending.set(ends, client);
    raw.once('close', () => {
      if (this.pending.get(ends) === client) this.pending.delete(ends);
    });
    this.serverOf(mode).emit('connection', raw);
  }

  /** Reads the certificate anew, for all threads. Null, or why the old one stays. */
  refresh(): string | null {
    this.newsTake();
    try {
      this.newsUse(tlsNewsRefreshed(this.news, this.config, this.control));
    } catch (error) {
      if (error instanceof TlsFilesError) return error.message;
      throw error;
    }
    this.channel.postMessage(this.news);
    return null;
  }

  /** Takes over what other threads have changed. */
  private newsTake(): void {
    this.newsUse(tlsNewsReceive(this.channel, this.news));
  }

  /** Counts a failure on an established connection. */
  protocolErrorNote(): void {
    this.count(COUNTER.tlsProtocolErrors);
  }

  private newsUse(news: TlsNews): void {
    if (news === this.news) return;
    this.news = news;
    for (const [mode, server] of this.servers) server.setSecureContext(this.contextOptions(mode));
  }

  private contextOptions(mode: TlsMode): ReturnType<typeof tlsContextOptions> {
    return tlsContextOptions(mode, this.config, this.news.files, this.news.ticketKeys);
  }

  private serverOf(mode: TlsMode): Server {
    const known = this.servers.get(mode);
    if (known !== undefined) return known;
    const { idleTimeoutSec, tlsVerifyMode } = this.config;
    const idleMs = idleTimeoutSec === 0 ? HANDSHAKE_MS_MAX : idleTimeoutSec * 1000;
    const server = createServer({
      ...this.contextOptions(mode),
      ...tlsDemands(mode, tlsVerifyMode),
      handshakeTimeout: Math.min(idleMs, HANDSHAKE_MS_MAX),
    });
    server.on('secureConnection', (socket) => this.established(socket));
    server.on('tlsClientError', (_, socket) => {
      this.count(COUNTER.tlsHandshakeErrors);
      socket.destroy();
    });
    this.servers.set(mode, server);
    return server;
  }

  private established(socket: TLSSocket): void {
    const ends = endsText(socket);
    const client = this.pending.get(ends);
    this.pending.delete(ends);
    if (client === undefined || certificateIsBad(socket)) {
      this.count(COUNTER.tlsHandshakeErrors);
      socket.on('error', () => socket.destroy());
      socket.destroy();
      return;
    }
    if (!socket.isSessionReused()) this.count(COUNTER.tlsNewSessions);
    client.tlsEstablished(socket);
  }

  private count(counter: number): void {
    this.control.f64[this.counters + counter]++;
  }
}

/**
 * Where clients are asked for a certificate but need not have one (ssl_verify_mode=1), a bad one is
 * still none. Where they need one, Node has refused it already.
 */
function certificateIsBad(socket: TLSSocket): boolean {
  const { authorizationError } = socket;
  if (authorizationError === null || authorizationError === undefined) return false;
  return socket.getPeerX509Certificate() !== undefined;
}

/** What tells a connection from all others that are open. */
function endsText(socket: Socket): string {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}

/** News with the files read anew. Errors: TlsFilesError. */
export function tlsNewsRefreshed(news: TlsNews, config: CommandConfig, control: Control): TlsNews {
  const filesVersion = Atomics.add(control.i32, CONTROL.tlsFilesVersion, 1) + 1;
  const files = tlsFilesRead(config);
  control.f64[CONTROL_F64.tlsFilesReadAtMs] = Date.now();
  return { ...news, files, filesVersion };
}

/** The known news together with all that waits in the channel. */
export function tlsNewsReceive(channel: BroadcastChannel, known: TlsNews): TlsNews {
  let news = known;
  for (;;) {
    // The types know of ports alone; Node's documentation names both.
    const received = receiveMessageOnPort(channel as unknown as MessagePort);
    if (received === undefined) return news;
    news = tlsNewsMerged(news, received.message as TlsNews);
  }
}

/** The newer files and the newer keys of the two; `known` itself where that is all of it. */
export function tlsNewsMerged(known: TlsNews, received: TlsNews): TlsNews {
  const filesAreNewer = received.filesVersion > known.filesVersion;
  const keysAreNewer = received.ticketKeysVersion > known.ticketKeysVersion;
  if (!filesAreNewer && !keysAreNewer) return known;
  const files = filesAreNewer ? received : known;
  const keys = keysAreNewer ? received : known;
  return {
    files: files.files,
    filesVersion: files.filesVersion,
    ticketKeys: keys.ticketKeys,
    ticketKeysVersion: keys.ticketKeysVersion,
  };
}
