/** What a page of the admin port is. */
import type { IncomingMessage } from 'node:http';
import type { AdminReply } from './http-server.ts';

/**
 * Who may have a page:
 *   everybody   whoever reaches the port
 *   sameSite    … unless another site makes a browser ask for it
 *   trusted     who may know everything: gate.ts
 */
export type PageAccess = 'everybody' | 'sameSite' | 'trusted';

export type AdminPage = {
  readonly path: string;
  readonly methods: readonly string[];
  readonly access: PageAccess;
  readonly doc: string;
  /** `isTrusted`: whoever asks may know everything. */
  readonly run: (request: IncomingMessage, isTrusted: boolean) => Promise<AdminReply> | AdminReply;
};

export const READ: readonly string[] = ['GET', 'HEAD'];

/** Who asks, for the log. */
export function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? '';
}
