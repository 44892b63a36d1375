/**
 * A server that takes part in a comparison: its connections, and the CAS uniques it has shown.
 *
 * Uniques differ from server to server, the order in which they are first seen does not. So requests
 * name them by that order, and replies are compared with the order in their place:
 *
 *   cas key 0 0 1 ┆3┆     is sent with the fourth unique that this server has shown
 *   VALUE key 0 1 12345   is compared as VALUE key 0 1 unique#3, if 12345 was the fourth
 */
import { connect, type Socket } from 'node:net';
import { replyPacket, requestPacket, uint64 } from '../support/binary-packet.ts';
import type { ServerProcess } from '../support/server.ts';
import { shown } from '../transcripts/connection.ts';

export type Protocol = 'text' | 'binary';

/** Characters that no byte has: each stands for a unique, by its order. */
const UNIQUE_FIRST = 0xe000;
export const UNIQUE_COUNT = 16;
/** Sent for a unique that has not been seen yet: no item ever has it. */
const UNSEEN = 0x7fff_0000_0000n;
const UNIQUE_CHARS = new RegExp(
  `[\\u${UNIQUE_FIRST.toString(16)}-\\u${(UNIQUE_FIRST + UNIQUE_COUNT - 1).toString(16)}]`,
  'g',
);

const SILENCE_MS_MAX = 5_000;
/** What ends each burst: its reply shows that everything before was answered. */
const TEXT_END = 'version\r\n';
const BINARY_END_OPAQUE = 0x656e6421;
const BINARY_END = requestPacket('NOOP', { opaque: BINARY_END_OPAQUE });
const BINARY_END_REPLY = replyPacket('NOOP', { opaque: BINARY_END_OPAQUE }) as string; // no pattern
const TEXT_END_REPLY = /VERSION [^\r\n]+\r\n$/;

/** What came back for a burst. */
export interface Answer {
  /** Without the reply to what ended the burst. */
  readonly bytes: string;
  readonly closed: boolean;
}

/** What stands in a request for the unique of this order. */
export function uniqueChar(order: number): string {
  return String.fromCharCode(UNIQUE_FIRST + order);
}

export function hasUnique(request: string): boolean {
  return request.search(UNIQUE_CHARS) >= 0;
}

/** A request in words, uniques by their order. */
export function requestShown(request: string, protocol: Protocol): string {
  const orderOf = (char: string): number => char.charCodeAt(0) - UNIQUE_FIRST;
  if (protocol === 'binary') {
    return shown(request.replace(UNIQUE_CHARS, (char) => uint64(BigInt(orderOf(char)))));
  }
  return shown(request.replace(UNIQUE_CHARS, (char) => `{unique#${orderOf(char)}}`));
}

class PeerConnection {
  readonly protocol: Protocol;
  readonly socket: Socket;
  arrived = '';
  closed = false;
  wake: (() => void) | null = null;

  constructor(socket: Socket, protocol: Protocol) {
    this.socket = socket;
    this.protocol = protocol;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.arrived += chunk.toString('latin1');
      this.wake?.();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.closed = true;
        this.wake?.();
      });
    }
  }

  get isAnswered(): boolean {
    return this.protocol === 'text'
      ? TEXT_END_REPLY.test(this.arrived.slice(-40))
      : this.arrived.endsWith(BINARY_END_REPLY);
  }

  take(): string {
    const bytes = this.arrived;
    this.arrived = '';
    if (this.closed) return bytes;
    return this.protocol === 'text'
      ? bytes.replace(TEXT_END_REPLY, '')
      : bytes.slice(0, -BINARY_END_REPLY.length);
  }
}

export class Peer {
  readonly name: string;
  readonly #server: ServerProcess;
  readonly #connections = new Map<string, PeerConnection>();
  #uniques: bigint[] = [];

  constructor(name: string, server: ServerProcess) {
    this.name = name;
    this.#server = server;
  }

  /** Forgets connections and uniques: another session begins. */
  sessionBegin(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
    this.#connections.clear();
    this.#uniques = [];
  }

  /** Sends the start of a request; its rest comes with the next burst on this connection. */
  async begin(name: string, protocol: Protocol, start: string): Promise<void> {
    const connection = await this.#connection(name, protocol);
    connection.socket.write(start, 'latin1');
  }

  /** Sends requests cut at these shares of their length, and returns all that is answered. */
  async exchange(
    name: string,
    protocol: Protocol,
    requests: string,
    cuts: readonly number[],
  ): Promise<Answer> {
    const connection = await this.#connection(name, protocol);
    const bytes = this.#filled(requests, protocol) + (protocol === 'text' ? TEXT_END : BINARY_END);
    const places = cuts.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
    for (const [index, from] of [0, ...places].entries()) {
      if (connection.closed) break;
      connection.socket.write(bytes.slice(from, places[index] ?? bytes.length), 'latin1');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#answered(connection, requests);
    const answer = { bytes: connection.take(), closed: connection.closed };
    if (connection.closed) {
      connection.socket.destroy();
      this.#connections.delete(name);
    }
    return answer;
  }

  /** The order in which this unique was first seen. */
  uniqueOrder(unique: bigint): number {
    const known = this.#uniques.indexOf(unique);
    return known >= 0 ? known : this.#uniques.push(unique) - 1;
  }

  #filled(requests: string, protocol: Protocol): string {
    return requests.replace(UNIQUE_CHARS, (char) => {
      const order = char.charCodeAt(0) - UNIQUE_FIRST;
      const unique = this.#uniques[order] ?? UNSEEN + BigInt(order);
      return protocol === 'text' ? `${unique}` : uint64(unique);
    });
  }

  async #connection(name: string, protocol: Protocol): Promise<PeerConnection> {
    const open = this.#connections.get(name);
    if (open !== undefined) return open;
    const socket = connect({ ...this.#server.address, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve();
      });
    });
    const connection = new PeerConnection(socket, protocol);
    this.#connections.set(name, connection);
    if (protocol === 'binary') {
      // Its first byte decides what a connection speaks, and a session may begin with a wrong one.
      socket.write(BINARY_END, 'latin1');
      await this.#answered(connection, BINARY_END);
      connection.take();
    }
    return connection;
  }

  async #answered(connection: PeerConnection, requests: string): Promise<void> {
    while (!connection.isAnswered && !connection.closed) {
      await new Promise<void>((resolve, reject) => {
        const silence = (): void => {
          const asked = JSON.stringify(requests.slice(0, 500));
          const got = JSON.stringify(connection.arrived.slice(-500));
          reject(new Error(`${this.name} does not answer ${asked}, after ${got}`));
        };
        const bound = setTimeout(silence, SILENCE_MS_MAX);
        connection.wake = () => {
          clearTimeout(bound);
          resolve();
        };
      });
      connection.wake = null;
    }
  }
}
