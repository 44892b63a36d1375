/**
 * A TCP relay with an address of its own that stays, before servers that come and go: what a client sees
 * when the server it knows is restarted.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ServerProcess } from '../support/server.ts';

export interface Relay {
  readonly host: string;
  readonly port: number;
  /** Connections from now on go to this server; those that there are stay where they are. */
  lead(server: ServerProcess): void;
  /** Stops listening, and cuts all connections. */
  close(): void;
}

export function relayOpen(first: ServerProcess): Promise<Relay> {
  let server = first;
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(server.port, server.host);
    const ends: [Socket, Socket][] = [
      [client, upstream],
      [upstream, client],
    ];
    for (const [end, other] of ends) {
      sockets.add(end);
      end.pipe(other);
      end.on('error', () => other.destroy()); // a reset ends the other side too
      end.on('close', () => {
        sockets.delete(end);
        other.destroy();
      });
    }
  });
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, first.host, () => {
      const { port } = listener.address() as AddressInfo; // it listens on a port, not on a path
      resolve({
        host: first.host,
        port,
        lead: (next) => {
          server = next;
        },
        close: () => {
          listener.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}
