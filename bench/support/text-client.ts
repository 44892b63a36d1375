/**
 * A small client of memcached's text protocol, one exchange at a time: a request goes out whole, then a
 * parser takes the replies from the bytes that have arrived until it is satisfied.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * Takes one reply from `bytes` at `offset`; `end` is where the arrived bytes end.
 *   returns   offset just past the reply, or -1 while it is incomplete
 */
export type ReplyTake = (bytes: Buffer, offset: number, end: number) => number;

export interface TextClient {
  readonly socket: Socket;
  /** Arrived bytes that no parser has taken yet: received[start, end). */
  received: Buffer;
  start: number;
  end: number;
  waiting: (() => void) | null;
  failure: Error | null;
}

const SILENCE_MS_MAX = 60_000;

/** Connects to a server of this machine. */
export async function clientOpen(port: number): Promise<TextClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const client: TextClient = {
    socket,
    received: Buffer.alloc(0),
    start: 0,
    end: 0,
    waiting: null,
    failure: null,
  };
  const failed = (error: Error): void => {
    client.failure ??= error;
    client.waiting?.();
  };
  socket.on('data', (chunk) => {
    receivedAppend(client, chunk);
    client.waiting?.();
  });
  socket.setTimeout(SILENCE_MS_MAX, () => socket.destroy(new Error('the server fell silent')));
  socket.on('error', failed);
  socket.on('close', () => failed(new Error('the server closed the connection')));
  return client;
}

export function clientClose(client: TextClient): void {
  client.socket.destroy();
}

/** Sends `request` and takes `replyCount` replies. One exchange at a time on a client. */
export function clientExchange(
  client: TextClient,
  request: Buffer | string,
  replyCount: number,
  take: ReplyTake,
): Promise<void> {
  let left = replyCount;
  return new Promise((resolve, reject) => {
    client.waiting = () => {
      try {
        while (left > 0) {
          const next = take(client.received, client.start, client.end);
          if (next < 0) break;
          client.start = next;
          left--;
        }
        if (left > 0 && client.failure === null) return;
        client.waiting = null;
        if (left > 0) reject(client.failure);
        else resolve();
      } catch (error) {
        client.waiting = null;
        reject(error);
      }
    };
    client.socket.write(request);
    client.waiting();
  });
}

/** Sends one line and returns the line that answers it, without its ending. */
export async function clientLine(client: TextClient, line: string): Promise<string> {
  let answer = '';
  await clientExchange(client, `${line}\r\n`, 1, (bytes, offset, end) => {
    const next = lineEndFind(bytes, offset, end);
    if (next >= 0) answer = bytes.toString('latin1', offset, next - 2);
    return next;
  });
  return answer;
}

/** What a server answers to `stats` or `stats section`, by name. None when it knows no such section. */
export async function clientStats(
  client: TextClient,
  command = 'stats',
): Promise<ReadonlyMap<string, string>> {
  const stats = new Map<string, string>();
  await clientExchange(client, `${command}\r\n`, 1, (bytes, offset, end) => {
    const text = bytes.toString('latin1', offset, end);
    if (!/(?:^|\n)(?:END|(?:CLIENT_|SERVER_)?ERROR.*)\r\n$/.test(text)) return -1;
    for (const [, name = '', value = ''] of text.matchAll(/^STAT (\S+) (.*)\r$/gm)) {
      stats.set(name, value);
    }
    return end;
  });
  return stats;
}

/** Offset just past the line that starts at `offset`, or -1 while it is incomplete. */
export function lineEndFind(bytes: Buffer, offset: number, end: number): number {
  const at = bytes.indexOf(0x0a, offset);
  return at < 0 || at >= end ? -1 : at + 1;
}

/** Appends a chunk behind the bytes not yet taken, which move to the front first. */
function receivedAppend(client: TextClient, chunk: Buffer): void {
  const keptBytes = client.end - client.start;
  const needBytes = keptBytes + chunk.length;
  if (client.end + chunk.length > client.received.length) {
    const grows = needBytes > client.received.length;
    const target = grows ? Buffer.allocUnsafe(needBytes * 2) : client.received;
    client.received.copy(target, 0, client.start, client.end);
    client.received = target;
    client.start = 0;
    client.end = keptBytes;
  }
  chunk.copy(client.received, client.end);
  client.end += chunk.length;
}
