/**
 * A load over RESP: connections that each send a turn's requests at once, and when all are answered the next
 * turn's. What is sent may depend on what was answered.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const CR = 0x0d;
const REPLY_MS_MAX = 30_000;

/** A request as clients send it. */
export function respWords(words: readonly (string | number)[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(`${word}`)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Where the reply at `at` ends, or -1 while it is not there whole. */
export function replyEnd(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf(CR, at) + 2;
  if (lineEnd === 1 || lineEnd > bytes.length) return -1;
  const kind = String.fromCharCode(bytes[at]);
  if (kind !== '$' && kind !== '*') return lineEnd;
  const count = Number(bytes.toString('latin1', at + 1, lineEnd - 2));
  if (count < 0) return lineEnd;
  if (kind === '$') return lineEnd + count + 2 > bytes.length ? -1 : lineEnd + count + 2;
  let end = lineEnd;
  for (let n = 0; n < count && end >= 0; n++) end = replyEnd(bytes, end);
  return end;
}

export class RespConnection {
  readonly socket: Socket;
  private rest: Buffer = Buffer.alloc(0);
  private wanted = 0;
  private end = 0;
  private done: ((replies: Buffer) => void) | null = null;
  private failed: ((error: Error) => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('close', () => this.failed?.(new Error('the server has closed a connection')));
  }

  static async open(port: number): Promise<RespConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RespConnection(socket);
  }

  /** Sends requests, `count` of them; resolves to their replies as they came. */
  ask(requests: string, count: number): Promise<Buffer> {
    this.wanted = count;
    this.end = 0;
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.failed = reject;
      this.socket.write(requests);
    });
  }

  private take(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (this.wanted > 0) {
      const end = replyEnd(this.rest, this.end);
      if (end < 0) return;
      this.end = end;
      this.wanted--;
    }
    const replies = this.rest.subarray(0, this.end);
    this.rest = this.rest.subarray(this.end);
    this.done?.(replies);
  }
}

/** One connection's work. */
export interface Turns {
  /** Does one turn; resolves to how many operations it was. */
  turn(connection: RespConnection): Promise<number>;
}

export interface RespRound {
  readonly operationCount: number;
  readonly opsPerSec: number;
}

/** Has as many connections as `works` take turns for a while. */
export async function respLoadRun(
  port: number,
  works: readonly Turns[],
  durationMs: number,
): Promise<RespRound> {
  const connections = await Promise.all(works.map(() => RespConnection.open(port)));
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let operationCount = 0;
  const all = works.map(async (work, at) => {
    while (performance.now() < endMs) operationCount += await work.turn(connections[at]);
  });
  const bound = sleep(durationMs + REPLY_MS_MAX, 'late', { ref: false });
  if ((await Promise.race([Promise.all(all), bound])) === 'late')
    throw new Error('no replies came');
  const elapsedMs = performance.now() - startMs;
  for (const { socket } of connections) socket.destroy();
  return { operationCount, opsPerSec: (operationCount / elapsedMs) * 1000 };
}
