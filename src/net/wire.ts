/**
 * A wire carries the bytes of one connection. There are two kinds: the fast one (wire-fast.ts) hands
 * buffers straight to the socket's handle, the plain one (wire-plain.ts) uses nothing but the public
 * stream interface, and is what TLS runs on. The connection cannot tell them apart.
 */

/** What a wire reports. */
export interface WireEvents {
  /** `bytes` bytes have arrived at the start of the read area (IoBuffers). */
  wireData(bytes: number): void;
  /** Everything sent so far has left; `buffer` is one that `send` had kept. */
  wireDrained(buffer: Buffer): void;
  /** The connection is gone. Comes once, and nothing after it. */
  wireClosed(): void;
}

export interface Wire {
  /**
   * Sends buffer[0, bytes). True: done, the buffer may be used again. False: the client is behind;
   * the wire keeps the buffer until wireDrained.
   */
  send(buffer: Buffer, bytes: number): boolean;
  pause(): void;
  resume(): void;
  /** Closes after everything sent has left. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** Bytes that one read takes at most. */
export const READ_BYTES_MAX = 65536;
/** Room before the read area for what an earlier read left over: see Connection. */
export const CARRY_BYTES_MAX = READ_BYTES_MAX + 16384;

/**
 * A thread's read buffer, shared by all its connections: data is worked off before the next read.
 *
 *   ┌───────────────────────────┬───────────────────────────┬───┐
 *   │ carried over, ends here ▶ │ ◀ read area               │LF │
 *   └───────────────────────────┴───────────────────────────┴───┘
 */
export class IoBuffers {
  readonly input: Buffer = Buffer.alloc(CARRY_BYTES_MAX + READ_BYTES_MAX + 1);
  readonly readArea: Buffer = this.input.subarray(
    CARRY_BYTES_MAX,
    CARRY_BYTES_MAX + READ_BYTES_MAX,
  );
}
