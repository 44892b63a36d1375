/**
 * A wire carries the bytes of one connection. There are two kinds: the fast one (wire-fast.ts) works
 * on the socket's handle, the plain one (wire-plain.ts) uses nothing but the public stream interface,
 * and serves where the other cannot. The connection cannot tell them apart.
 */

import { KEY_SCAN_SLACK_BYTES } from '../base/key.ts';

/** What a wire reports. */
export interface WireEvents {
  /** `bytes` bytes have arrived at the start of the read area (IoBuffers). */
  wireData(bytes: number): void;
  /** The oldest piece that `send` had to queue has left; its bytes may be used again. */
  wireDrained(): void;
  /** The connection is gone. Comes once, from the event loop, and nothing comes after it. */
  wireClosed(): void;
}

export interface Wire {
  /**
   * Sends a piece. True: done, its bytes may be used again. False: the client is behind; the piece is
   * queued, and must not change until its wireDrained.
   */
  send(piece: Buffer): boolean;
  /**
   * Reads what has come at once, without the event loop; returns how many bytes: 0 also if the wire is paused or
   * at its end. Not every wire can.
   */
  readNow?(into: Buffer): number;
  /** Stops reading, until resume. */
  pause(): void;
  resume(): void;
  /**
   * Closes after everything sent has left. Closing while bytes of the client are unread, or still
   * coming, would take back what it has not read yet; so where there may be any (`lingers`) the wire
   * goes on reading for up to LINGER_MS, unless the client closes first.
   */
  end(lingers: boolean): void;
  /** Closes at once. */
  destroy(): void;
}

/** A client that has just connected: either a wire is made for it, or it is refused. */
export interface Arrival {
  /** The client's address and port; null on a unix socket. */
  remote(): { readonly address: string; readonly port: number } | null;
  /** The address and port that it connected to; null on a unix socket. */
  local(): { readonly address: string; readonly port: number } | null;
  /** Has the system probe a quiet connection every so many seconds. */
  keepAlive(seconds: number): void;
  accept(events: WireEvents): Wire;
  /** Sends a last line and closes. */
  refuse(line: Buffer): void;
}

export const LINGER_MS = 1000;
/** Bytes that one read takes at most. */
export const READ_BYTES_MAX = 65536;
/** Room before the read area for what an earlier read left over: see Connection. */
export const CARRY_BYTES_MAX = READ_BYTES_MAX + 32768;

/**
 * A thread's read buffer, shared by all its connections: data is worked off before the next read.
 *
 *   ┌───────────────────────────┬───────────────────────────┬───┐
 *   │ carried over, ends here ▶ │ ◀ read area               │LF │
 *   └───────────────────────────┴───────────────────────────┴───┘
 */
export class IoBuffers {
  readonly input: Buffer = Buffer.alloc(
    CARRY_BYTES_MAX + READ_BYTES_MAX + 1 + KEY_SCAN_SLACK_BYTES,
  );
  readonly view: DataView = new DataView(this.input.buffer, this.input.byteOffset);
  readonly readArea: Buffer = this.input.subarray(
    CARRY_BYTES_MAX,
    CARRY_BYTES_MAX + READ_BYTES_MAX,
  );
}
