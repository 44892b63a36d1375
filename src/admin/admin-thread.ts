/**
 * The admin thread: its view of the shared memory, which it only reads, but for the words that ask for samples of
 * keys, and its HTTP server. It has a thread to itself, so that whatever is sent to its port keeps neither the
 * data threads nor the supervisor waiting, and it gives way to them where cores are short. workers/admin.ts is
 * its entry point; admin-keeper.ts its other end.
 */

import type { Server as TlsServer, ServerOptions as TlsServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import { errorReason, errorSystemCode } from '../base/errors.ts';
import { type Keyspace, keyspaceAttach } from '../engine/keyspace.ts';
import { type TlsFiles, tlsContextOptions, tlsDemands } from '../net/tls-material.ts';
import type {
  AdminAnswers,
  AdminAsk,
  AdminCommand,
  AdminConfig,
  AdminMessage,
  AdminQuestion,
  AdminSays,
  AdminStart,
} from './admin-messages.ts';
import { AdminPages } from './admin-pages.ts';
import { Gate } from './gate.ts';
import { HttpServer } from './http-server.ts';

/** It shows the number of the main thread, and never takes a lock in which it could be seen. */
const OWNER = 1;
/** Of the 40 steps there are; on Linux a thread may have its own. */
const PRIORITY = 10;
const ANSWER_MS_MAX = 2000;
/** What data threads are asked for may have to be asked of one after the other. */
const OPERATE_MS_MAX = 8000;

export class AdminThread {
  private readonly start: AdminStart;
  private readonly post: (message: AdminMessage) => void;
  private readonly pages: AdminPages;
  private readonly http: HttpServer;
  private readonly waiting = new Map<number, (answer: AdminAnswers[AdminQuestion]) => void>();
  private lastId = 0;
  private token: string | null;

  constructor(start: AdminStart, post: (message: AdminMessage) => void) {
    this.start = start;
    this.post = post;
    this.token = start.token;
    priorityLower();
    const { config, handles, version, commands, tlsFiles } = start;
    const keyspace: Keyspace = keyspaceAttach(handles, OWNER);
    const context = {
      keyspace,
      threadCount: config.threadCount,
      version,
      commands,
      ask: this.ask.bind(this),
      isSecure: config.adminTls !== 'off',
      answers: () => this.http.answers,
    };
    this.pages = new AdminPages(context, this.gateMake(start.token), start.told);
    this.http = new HttpServer(
      (request) => this.pages.reply(request),
      tlsFiles === null ? null : tlsOptions(config, tlsFiles),
    );
  }

  /** Opens the port, then tells the main thread which it is, or what failed. */
  listen(): void {
    const { adminPort, adminListen } = this.start.config;
    const { server } = this.http;
    const failed = (error: Error): void => {
      const code = errorSystemCode(error);
      this.post({ kind: 'listenFailed', code, message: errorReason(error) });
    };
    server.once('error', failed);
    const host = adminListen === '*' ? {} : { host: adminListen };
    server.listen({ port: Math.max(0, adminPort), ...host, exclusive: true }, () => {
      server.off('error', failed);
      this.pages.start();
      // A server that listens on a TCP port has an address.
      const { port } = server.address() as AddressInfo;
      this.post({ kind: 'listening', port });
    });
  }

  command(command: AdminCommand): void {
    if (command.kind === 'told') this.pages.told = command;
    else if (command.kind === 'renew') this.renew(command.token, command.tlsFiles);
    else this.waiting.get(command.id)?.(command.answer);
  }

  /** Another token, another certificate; connections that are open keep theirs. */
  private renew(token: string | null, tlsFiles: TlsFiles | null): void {
    this.pages.gateSet(this.gateMake(token), token !== this.token);
    this.token = token;
    if (tlsFiles === null) return;
    const { setSecureContext } = this.http.server as TlsServer;
    setSecureContext.call(this.http.server, tlsOptions(this.start.config, tlsFiles));
  }

  private gateMake(token: string | null): Gate {
    return new Gate({ token, demandsCertificate: this.start.config.adminTls === 'mtls' });
  }

  private ask<Question extends AdminQuestion>(
    question: Question,
    says: AdminSays[Question],
  ): Promise<AdminAnswers[Question]> {
    const id = ++this.lastId;
    const answerMsMax = question === 'operate' ? OPERATE_MS_MAX : ANSWER_MS_MAX;
    return new Promise((resolve, reject) => {
      const bound = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`the main thread does not answer within ${answerMsMax} ms`));
      }, answerMsMax);
      this.waiting.set(id, (answer) => {
        clearTimeout(bound);
        this.waiting.delete(id);
        // What is answered is an answer to the question asked: admin-keeper.ts.
        resolve(answer as AdminAnswers[Question]);
      });
      // A question goes with what is said to it, which the compiler does not follow through `Question`.
      this.post({ kind: 'ask', id, question, says } as AdminAsk);
    });
  }
}

/** Has this thread give way to the others, where threads have priorities of their own. */
function priorityLower(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, PRIORITY);
  } catch {
    // A sandbox may forbid it; then it runs like the others.
  }
}

function tlsOptions(config: AdminConfig, files: TlsFiles): TlsServerOptions {
  const mode = config.adminTls === 'mtls' ? 'require' : 'anonymous';
  return { ...tlsContextOptions(mode, config, files, null), ...tlsDemands(mode, 0) };
}
