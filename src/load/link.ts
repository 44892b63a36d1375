/**
 * The bytes of one connection to the server. A fast link works on the socket's handle (base/stream-handle.ts): all
 * of a thread's reads land in one buffer, and a write is one call. A plain link uses the public stream: for TLS, and
 * wherever Node's insides are not to be had.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { errorReason } from '../base/errors.ts';
import {
  ASYNC_WORD,
  type Handle,
  READ_WORD,
  streamInternals,
  streamState,
  type WriteRequest,
} from '../base/stream-handle.ts';

export interface LinkEvents {
  /** Bytes have come: bytes[0, end). They are gone when this returns. */
  linkData(bytes: Buffer, end: number): void;
  /** The connection is no more. Comes once, but not after close(). */
  linkLost(reason: string): void;
}

export interface Link {
  /** Sends a piece. True: its bytes may be used again. */
  send(piece: Buffer): boolean;
  close(): void;
}

const CLOSED = 'the server closed the connection';
const END_OF_FILE = 'EOF';

/** Takes over a connected socket. `readArea` serves all links of a thread. */
export function linkMake(socket: Socket, readArea: Buffer, events: LinkEvents): Link {
  // A cast past the public interface: see base/stream-handle.ts.
  const handle = (socket as unknown as { _handle: Partial<Handle> | null })._handle;
  const isWhole =
    streamInternals !== null &&
    !(socket instanceof TLSSocket) &&
    typeof handle?.useUserBuffer === 'function' &&
    typeof handle.writeBuffer === 'function';
  return isWhole
    ? new FastLink(socket, handle as Handle, readArea, events)
    : new PlainLink(socket, events);
}

class PlainLink implements Link {
  private readonly socket: Socket;
  private readonly events: LinkEvents;
  private reason = CLOSED;
  private isClosed = false;

  constructor(socket: Socket, events: LinkEvents) {
    this.socket = socket;
    this.events = events;
    socket.on('data', (chunk: Buffer) => events.linkData(chunk, chunk.length));
    socket.on('error', (error) => {
      this.reason = errorReason(error);
    });
    socket.on('close', () => this.lost());
    socket.resume();
  }

  send(piece: Buffer): boolean {
    if (!this.isClosed) this.socket.write(Buffer.from(piece));
    return true;
  }

  close(): void {
    this.isClosed = true;
    this.socket.destroy();
  }

  private lost(): void {
    if (this.isClosed) return;
    this.close();
    this.events.linkLost(this.reason);
  }
}

let spareRequest: WriteRequest | null = null;

class FastLink implements Link {
  private readonly socket: Socket;
  private readonly handle: Handle;
  private readonly events: LinkEvents;
  private isClosed = false;

  constructor(socket: Socket, handle: Handle, readArea: Buffer, events: LinkEvents) {
    this.socket = socket;
    this.handle = handle;
    this.events = events;
    socket.on('error', (error) => this.lost(errorReason(error)));
    handle.useUserBuffer(readArea);
    handle.onread = () => {
      const bytes = streamState[READ_WORD];
      if (bytes > 0) events.linkData(readArea, bytes);
      else if (bytes < 0) this.lost(reasonOf(bytes));
    };
    handle.readStart();
  }

  send(piece: Buffer): boolean {
    if (this.isClosed || streamInternals === null) return true;
    const request = spareRequest ?? new streamInternals.WriteWrap();
    spareRequest = null;
    const status = this.handle.writeBuffer(request, piece);
    if (status !== 0) {
      // Not from within: whoever sends has not counted yet what it sends.
      setImmediate(() => this.lost(reasonOf(status)));
      return true;
    }
    if (streamState[ASYNC_WORD] === 0) {
      spareRequest = request;
      return true;
    }
    request.piece = piece; // keeps its memory
    request.oncomplete = (outcome) => {
      request.piece = null;
      if (outcome < 0) this.lost(reasonOf(outcome));
    };
    return false;
  }

  close(): void {
    this.isClosed = true;
    this.handle.onread = () => undefined;
    this.socket.destroy();
  }

  private lost(reason: string): void {
    if (this.isClosed) return;
    this.close();
    this.events.linkLost(reason);
  }
}

function reasonOf(status: number): string {
  const code = getSystemErrorName(status);
  if (code === END_OF_FILE) return CLOSED;
  return errorReason({ code, toString: () => code });
}
