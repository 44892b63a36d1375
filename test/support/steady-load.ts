/**
 * A load over both protocols, light and steady, that knows what it has asked for: a third of it are writes, one
 * key is asked for much more than the others, and a tenth of the lookups miss.
 */
import { connect, type Socket } from 'node:net';
import { respRequest } from './resp-client.ts';
import type { RespServer } from './resp-server.ts';

const TICK_MS = 20;
const KEYS = 200;
export const HOT_KEY = 'the-hot-one';

export class SteadyLoad {
  /** Sent so far, by protocol and command: `memcached get`. */
  readonly sent = new Map<string, number>();
  private readonly sockets: readonly [Socket, Socket];
  private readonly timer: NodeJS.Timeout;
  private at = 0;

  constructor({ host, port, memcachedPort }: RespServer) {
    this.sockets = [connect({ host, port: memcachedPort }), connect({ host, port })];
    for (const socket of this.sockets) {
      socket.setNoDelay(true);
      socket.resume();
      // The server may be stopped before the load is.
      socket.on('error', () => undefined);
    }
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Sends no more; connections stay. */
  stop(): void {
    clearInterval(this.timer);
  }

  end(): void {
    this.stop();
    for (const socket of this.sockets) socket.destroy();
  }

  private tick(): void {
    const [memcached, resp] = this.sockets;
    const n = this.at++;
    const value = 'v'.repeat(20 + (n % 40) * 10);
    this.send(memcached, 'memcached set', `set k${n % KEYS} 0 0 ${value.length}\r\n${value}\r\n`);
    this.send(memcached, 'memcached get', `get k${(n * 7) % KEYS}\r\n`);
    this.send(memcached, 'memcached get', `get ${n % 5 === 0 ? 'missing' : HOT_KEY}\r\n`);
    this.send(
      resp,
      'resp set',
      respRequest(['SET', n % 3 === 0 ? HOT_KEY : `r${n % KEYS}`, value]),
    );
    this.send(resp, 'resp get', respRequest(['GET', HOT_KEY]));
    this.send(resp, 'resp hset', respRequest(['HSET', `h${n % 10}`, `f${n % 30}`, value]));
    this.send(resp, 'resp zadd', respRequest(['ZADD', 'board', n, `m${n % 50}`]));
  }

  private send(socket: Socket, name: string, bytes: string | Buffer): void {
    socket.write(bytes);
    this.sent.set(name, (this.sent.get(name) ?? 0) + 1);
  }
}
