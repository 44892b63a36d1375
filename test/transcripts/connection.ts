/**
 * A client connection for transcripts: keeps what has arrived until it is taken, and fails with both
 * sides of a difference. Bytes are latin1 characters. A clock only bounds the wait for a failure.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { packetBegins, packetsShown, requestBegins } from '../support/binary-packet.ts';

export type ServerName = 'flagstone' | 'memcached';

/** The server under test. */
export interface Server {
  readonly name: ServerName;
  /** As connect() takes it. */
  readonly address: NetConnectOpts;
}

const SILENCE_MS_MAX = 2_000;
const SHOWN_CHARS_MAX = 300;

/** A text with its control bytes visible, and its middle left out when it is long; packets in words. */
export function shown(text: string): string {
  if (packetBegins(text)) return packetsShown(text);
  const half = SHOWN_CHARS_MAX / 2;
  if (text.length <= SHOWN_CHARS_MAX) return JSON.stringify(text);
  const head = JSON.stringify(text.slice(0, half));
  return `${head} … ${JSON.stringify(text.slice(-half))} (${text.length} bytes)`;
}

/** One client connection: what has arrived and not been taken yet, and whether the server closed. */
export class Connection {
  readonly #socket: Socket;
  #arrived = '';
  #closed = false;
  #isBinary: boolean | null = null;
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#arrived += chunk.toString('latin1');
      this.#wake?.();
    });
    const close = (): void => {
      this.#closed = true;
      this.#wake?.();
    };
    socket.on('end', close);
    socket.on('close', close);
    socket.on('error', close); // a reset is a close too; what was sent after it does not matter
  }

  static open(server: Server): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...server.address, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** Whether the first byte sent was that of the binary protocol. */
  get isBinary(): boolean {
    return this.#isBinary === true;
  }

  write(text: string): void {
    this.#isBinary ??= requestBegins(text);
    if (!this.#closed && !this.#socket.destroyed) this.#socket.write(text, 'latin1');
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Waits for these bytes, or for bytes that match, and takes them; fails at the first wrong one. */
  async take(expected: string | RegExp, where: string): Promise<string> {
    if (typeof expected === 'string') {
      await this.#until(
        () =>
          !expected.startsWith(this.#arrived.slice(0, expected.length)) ||
          this.#arrived.length >= expected.length,
      );
      if (!this.#arrived.startsWith(expected)) this.#fail(shown(expected), where);
      this.#arrived = this.#arrived.slice(expected.length);
      return expected;
    }
    const sticky = new RegExp(expected.source, `${expected.flags}y`);
    let found: string | undefined;
    await this.#until(() => {
      sticky.lastIndex = 0;
      found = sticky.exec(this.#arrived)?.[0];
      return found !== undefined;
    });
    if (found === undefined) this.#fail(String(expected), where);
    this.#arrived = this.#arrived.slice(found.length);
    return found;
  }

  /** Waits for the server to close; anything that comes before is a failure. */
  async takeClose(where: string): Promise<void> {
    await this.#until(() => this.#arrived !== '');
    if (this.#arrived !== '' || !this.#closed) this.#fail('a close', where);
  }

  /** Resolves when `done()`, when the server has closed, or when it has been silent for too long. */
  async #until(done: () => boolean): Promise<void> {
    let isSilent = false;
    while (!done() && !this.#closed && !isSilent) {
      isSilent = await new Promise<boolean>((resolve) => {
        const bound = setTimeout(() => resolve(true), SILENCE_MS_MAX);
        this.#wake = () => {
          clearTimeout(bound);
          resolve(false);
        };
      });
      this.#wake = null;
    }
  }

  #fail(expected: string, where: string): never {
    const state = this.#closed ? 'and a close' : 'and the connection stays open';
    throw new Error(
      `${where}\n  expected ${expected}\n  got      ${shown(this.#arrived)} ${state}`,
    );
  }
}
