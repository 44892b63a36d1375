/** Clients of a server with TLS. */
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { ServerProcess } from '../support/server.ts';
import { TextClient } from '../support/text-client.ts';

/** A client once the handshake is done, on a socket or to a server. Rejects when it is refused. */
export function tlsOpen(
  to: ServerProcess | TLSSocket,
  options: ConnectionOptions = {},
): Promise<TextClient> {
  const socket = 'address' in to && 'pid' in to ? tlsConnect({ ...to.address, ...options }) : to;
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(new TextClient(socket as TLSSocket));
    });
  });
}

/**
 * Why a client is refused, or null when a command is answered. By TLS 1.3 a client learns that its
 * certificate is missing only after its own handshake is done, so the answer is what counts.
 */
export function tlsRefused(
  server: ServerProcess,
  options: ConnectionOptions,
): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = tlsConnect({ ...server.address, ...options });
    const end = (why: string | null): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('error', (error) => end(error.message));
    socket.once('close', () => end('closed'));
    socket.once('data', () => end(null));
    socket.write('version\r\n');
  });
}
