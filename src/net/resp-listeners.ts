/**
 * A thread's listeners for RESP. Unlike memcached's they may change while the server runs: CONFIG SET port,
 * bind and tls-port. Connections stay when their listener goes.
 */
import type { Server } from 'node:net';
import { errorSystemCode } from '../base/errors.ts';
import type { RespTarget } from '../config/resp-targets.ts';
import type { ConnectionContext } from './connection.ts';
import {
  type ListenOptions,
  listenerText,
  listenTcp,
  listenUnix,
  PROTOCOL_RESP,
  type UnixTarget,
  unixText,
} from './listener.ts';

/** An address that the machine lacks, by the code of the failure. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPFNOSUPPORT']);

export class RespListeners {
  private readonly context: ConnectionContext;
  private readonly options: ListenOptions;
  /** Where the thread listens, for `stats conns`. */
  private readonly texts: string[];
  private tcp: {
    readonly server: Server;
    readonly target: RespTarget;
    readonly port: number;
    readonly text: string;
  }[] = [];
  private unix: Server | null = null;

  constructor(context: ConnectionContext, options: ListenOptions, texts: string[]) {
    this.context = context;
    this.options = options;
    this.texts = texts;
  }

  /** Listens on all of them, or rejects and listens on none. Addresses that may be missing are passed over. */
  async open(targets: readonly RespTarget[]): Promise<void> {
    try {
      for (const target of targets) await this.openOne(target);
    } catch (error) {
      this.closeTcp();
      throw error;
    }
  }

  private async openOne(target: RespTarget): Promise<void> {
    try {
      const { server, port } = await listenTcp(this.context, target, this.options);
      const text = listenerText(target, port);
      this.tcp.push({ server, target, port, text });
      this.texts.push(text);
    } catch (error) {
      if (!target.isOptional || !NO_SUCH_ADDRESS.has(errorSystemCode(error))) throw error;
    }
  }

  async openUnix(target: UnixTarget): Promise<void> {
    this.unix = await listenUnix(this.context, target, PROTOCOL_RESP, this.options);
    this.texts.push(unixText(target));
  }

  /** Where it listens in the clear. */
  get clearTargets(): {
    readonly host: string | null;
    readonly port: number;
    readonly text: string;
  }[] {
    const clear = this.tcp.filter(({ target }) => target.tls === 'off');
    return clear.map(({ target: { host }, port, text }) => ({ host, port, text }));
  }

  closeTcp(): void {
    for (const { server, text } of this.tcp) {
      server.close();
      this.texts.splice(this.texts.indexOf(text), 1);
    }
    this.tcp = [];
  }

  close(): void {
    this.closeTcp();
    this.unix?.close();
  }
}
