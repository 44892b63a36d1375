/**
 * HTTP for the admin port: connections, limits, and answers that browsers and proxies cannot misread. What
 * the pages are is admin-pages.ts's.
 *
 *   limit                                          beyond it
 *   request line and headers: 8 KiB, 64 headers    431
 *   headers: 5 s, a whole request: 10 s            408
 *   body: 1 KiB                                    413
 *   answer: 10 s until it is taken                 the connection is cut
 *   connections: 64                                the one that has been idle longest is cut, else the newcomer
 */
import type {
  IncomingMessage,
  RequestListener,
  Server,
  ServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer } from 'node:http';
import {
  createServer as createTlsServer,
  type ServerOptions as TlsServerOptions,
} from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export type AdminReply = {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
};

export type AdminHandler = (request: IncomingMessage) => Promise<AdminReply>;

const HEADER_BYTES_MAX = 8192;
const HEADER_COUNT_MAX = 64;
const HEADERS_MS_MAX = 5000;
const REQUEST_MS_MAX = 10_000;
const ANSWER_MS_MAX = 10_000;
const IDLE_MS_MAX = 30_000;
const CHECK_MS = 1000;
const CONNECTION_COUNT_MAX = 64;
export const BODY_BYTES_MAX = 1024;

export const TEXT = 'text/plain; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
export const JSON_TYPE = 'application/json; charset=utf-8';

/** No answer is to be kept, framed, guessed at, or shown to another site. */
const STRICT_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** By the codes of Node's HTTP parser; what is not here is a bad request. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const REASON: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

export class HttpServer {
  readonly server: Server;
  /** Answers, by status. */
  readonly answers = new Map<number, number>();
  private readonly handler: AdminHandler;
  /** Open connections, oldest first, and those with a request under way. */
  private readonly open = new Set<Socket>();
  private readonly busy = new Set<Socket>();

  /** `tls`: null for plain HTTP. */
  constructor(handler: AdminHandler, tls: TlsServerOptions | null) {
    this.handler = handler;
    const options: ServerOptions = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: IDLE_MS_MAX,
      connectionsCheckingInterval: CHECK_MS,
    };
    const listener: RequestListener = (request, response) => void this.serve(request, response);
    this.server =
      tls === null
        ? createServer(options, listener)
        : createTlsServer({ ...options, ...tls, handshakeTimeout: HEADERS_MS_MAX }, listener);
    this.server.maxHeadersCount = HEADER_COUNT_MAX + 1;
    this.server.on('connection', (socket: Socket) => this.arrive(socket));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.refuse(error, socket),
    );
    // A failed accept or handshake is that connection's trouble.
    this.server.on('error', () => undefined);
  }

  /** Stops accepting, and cuts what is open. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private arrive(socket: Socket): void {
    if (this.open.size >= CONNECTION_COUNT_MAX) {
      const idle = [...this.open].find((one) => !this.busy.has(one));
      (idle ?? socket).destroy();
      if (idle === undefined) return;
      this.open.delete(idle);
    }
    this.open.add(socket);
    socket.once('close', () => {
      this.open.delete(socket);
      this.busy.delete(socket);
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const socket = rawSocket(request.socket);
    this.busy.add(socket);
    const cut = setTimeout(() => request.socket.destroy(), ANSWER_MS_MAX + REQUEST_MS_MAX);
    response.once('close', () => {
      clearTimeout(cut);
      this.busy.delete(socket);
    });
    const reply = await this.replyTo(request);
    this.count(reply.status);
    if (request.socket.destroyed) return;
    const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
    response.writeHead(reply.status, {
      ...STRICT_HEADERS,
      ...reply.headers,
      'Content-Type': reply.type,
      ...(reply.status === 304 ? {} : { 'Content-Length': body.length }),
      // What is left of a body that was not wanted would be read as the next request.
      ...(request.complete ? {} : { Connection: 'close' }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  private async replyTo(request: IncomingMessage): Promise<AdminReply> {
    if (request.rawHeaders.length / 2 > HEADER_COUNT_MAX) {
      return replyError(431, `there are more than ${HEADER_COUNT_MAX} headers`);
    }
    return this.handler(request);
  }

  /** What was no request. */
  private refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
    const status = STATUS_OF_CODE[error.code ?? ''] ?? 400;
    this.count(status);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const headers = Object.entries(STRICT_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 ${status} ${REASON[status]}\r\n${headers.join('')}Connection: close\r\n`;
    socket.end(`${head}Content-Length: 0\r\n\r\n`);
    // Who does not read the refusal is not waited for.
    setTimeout(() => socket.destroy(), CHECK_MS).unref();
  }

  private count(status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
  }
}

export function replyText(text: string, type: string = TEXT): AdminReply {
  return { status: 200, type, body: text };
}

export function replyJson(value: unknown): AdminReply {
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(value, null, 2)}\n` };
}

/** A page for people. `policy`: what a browser may do with it. */
export function htmlReply(status: number, html: string, policy: string): AdminReply {
  return {
    status,
    type: HTML,
    body: html,
    headers: {
      'Content-Security-Policy': policy,
      // Without it a browser does not say of a form where it was sent from.
      'Referrer-Policy': 'same-origin',
      Vary: 'Accept',
    },
  };
}

export function replyError(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): AdminReply {
  return { status, type: TEXT, body: `${text}\n`, headers };
}

/** The body, or null where it is longer than BODY_BYTES_MAX; rejects when the client goes away. */
export async function bodyRead(request: IncomingMessage): Promise<string | null> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    bytes += (piece as Buffer).length;
    if (bytes > BODY_BYTES_MAX) return null;
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** What the server's `connection` event has: under TLS the socket below. */
function rawSocket(socket: Socket): Socket {
  // TLSSocket keeps it as _parent; without it the connection would count as idle, no more.
  const { _parent } = socket as Socket & { readonly _parent?: Socket };
  return _parent ?? socket;
}
