/**
 * What a RESP connection finds around it: what all of a thread share, and where its own ends are.
 *
 * Guard: its thread.
 */
import type { RespCall } from '../commands/resp/call.ts';
import type { OpenConnection } from './open-connection.ts';
import { PushTurn } from './resp-output.ts';
import type { IoBuffers } from './wire.ts';

/** What the RESP connections of a thread share. */
export class RespContext {
  readonly call: RespCall;
  readonly buffers: IoBuffers;
  readonly open: Set<OpenConnection>;
  /** Connections with messages to send. */
  readonly turn = new PushTurn();
  /** Passes so far. */
  passes = 0;

  constructor(call: RespCall, buffers: IoBuffers, open: Set<OpenConnection>) {
    this.call = call;
    this.buffers = buffers;
    this.open = open;
  }
}

/** Where a client is, and where it came to. */
export type RespEnds = {
  /** As the connection table has them. */
  readonly remote: string;
  readonly listener: string;
  /** `ip:port`, or a unix socket's path and `:0`. */
  readonly local: string;
  readonly isUnix: boolean;
  /** From this machine. */
  readonly isLocal: boolean;
};
