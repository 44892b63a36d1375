/** An admin port that always tells the same, and can fall silent: what `flagstone top` shows of it is known. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TOLD } from './told.ts';

const PAGES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['/console/state', TOLD.state],
  ['/console/history', { stepSec: 5, series: TOLD.past }],
  ['/console/connections', TOLD.connections],
  ['/console/slowlog', TOLD.slowLog],
  ['/console/hotkeys', TOLD.hotKeys],
]);

export class ToldServer {
  /** Method, path and body of all that was asked. */
  readonly asked: string[] = [];
  /** Every connection ends without an answer. */
  isGone = false;
  private readonly server: Server;

  private constructor() {
    this.server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += String(piece);
      this.asked.push(`${request.method} ${request.url} ${body}`);
      const told =
        request.method === 'POST' ? { isDone: true, text: '' } : PAGES.get(`${request.url}`);
      if (this.isGone) request.socket.destroy();
      else response.writeHead(told === undefined ? 404 : 200).end(JSON.stringify(told));
    });
  }

  static async start(): Promise<ToldServer> {
    const told = new ToldServer();
    told.server.listen(0, '127.0.0.1');
    await once(told.server, 'listening');
    return told;
  }

  get port(): number {
    // It listens on a port.
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
