/**
 * A wire on the handle of an established TLSSocket, past its two streams: what is decrypted lands in
 * the thread's read area, and what is sent is encrypted at once. Node does the handshake, the alerts
 * and the closing. What this file knows of Node's insides, besides what base/stream-handle.ts explains:
 *
 *   - a TLSSocket's `_handle` is a stream handle like a TCP socket's, and passes decrypted bytes on
 *     at most a record (16 KiB) at a time, all that one read brought, even after `readStop`;
 *   - `writeBuffer` has encrypted the bytes when it returns, so they may be used again; but the
 *     request ends later, always, and there must be only one at a time.
 *
 * So small replies that come while a write is under way are gathered, and leave together with the
 * next one; large ones count as queued until their write has ended, and hold the client back.
 */
import type { TLSSocket } from 'node:tls';
import {
  ASYNC_WORD,
  type Handle,
  READ_WORD,
  streamInternals,
  streamState,
  type WriteRequest,
} from '../base/stream-handle.ts';
import { type IoBuffers, LINGER_MS, type Wire, type WireEvents } from './wire.ts';

/** A fast wire on the socket; null where this Node lacks something for it. */
export function tlsFastWireMake(
  socket: TLSSocket,
  buffers: IoBuffers,
  events: WireEvents,
  gatheredBytesMax: number,
): Wire | null {
  // A cast past the public interface: `_handle` is what this file is about.
  const handle = (socket as unknown as { _handle: Partial<Handle> | null })._handle;
  const isWhole =
    streamInternals !== null &&
    typeof handle?.useUserBuffer === 'function' &&
    typeof handle.writeBuffer === 'function';
  if (!isWhole) return null;
  return new TlsFastWire(socket, handle as Handle, buffers, events, gatheredBytesMax);
}

class TlsFastWire implements Wire {
  private readonly socket: TLSSocket;
  private readonly handle: Handle;
  private readonly buffers: IoBuffers;
  private readonly events: WireEvents;
  private readonly gatheredBytesMax: number;
  private readonly whenWritten = (status: number): void => this.written(status);
  /** A write is under way; and whether whoever sent its bytes waits for its end. */
  private isWriting = false;
  private isAwaited = false;
  /** Replies that wait for it: copies of small ones, then pieces that stay where they are. */
  private gathered: Buffer | null = null;
  private gatheredBytes = 0;
  private readonly queued: Buffer[] = [];
  /** What was decrypted while nobody wanted it. */
  private readonly unread: Buffer[] = [];
  private isPaused = false;
  private hasEnded = false;
  private isEnding = false;
  private lingers = false;
  private isClosed = false;

  constructor(
    socket: TLSSocket,
    handle: Handle,
    buffers: IoBuffers,
    events: WireEvents,
    gatheredBytesMax: number,
  ) {
    this.socket = socket;
    this.handle = handle;
    this.buffers = buffers;
    this.events = events;
    this.gatheredBytesMax = gatheredBytesMax;
    socket.setNoDelay(true);
    socket.once('close', () => {
      this.isClosed = true;
      events.wireClosed();
    });
    handle.useUserBuffer(buffers.readArea);
    handle.onread = () => this.arrived(streamState[READ_WORD]);
    handle.readStart();
  }

  // ── In ────────────────────────────────────────────────────────────────────────────────────────

  private arrived(bytes: number): void {
    if (this.isClosed || bytes === 0) return;
    if (bytes < 0) {
      this.hasEnded = true;
      this.destroyIfDone();
    } else if (this.isPaused) {
      this.unread.push(Buffer.from(this.buffers.readArea.subarray(0, bytes)));
    } else {
      this.events.wireData(bytes);
    }
  }

  pause(): void {
    this.isPaused = true;
    if (!this.isClosed) this.handle.readStop();
  }

  resume(): void {
    this.isPaused = false;
    while (!this.isPaused && !this.isClosed) {
      const bytes = this.unread.shift();
      if (bytes === undefined) break;
      bytes.copy(this.buffers.readArea);
      this.events.wireData(bytes.length);
    }
    if (this.isPaused || this.isClosed) return;
    if (this.hasEnded) this.destroyIfDone();
    else this.handle.readStart();
  }

  /** The client has said its last word: closes when it has been answered. */
  private destroyIfDone(): void {
    if (!this.isWriting && this.unread.length === 0) this.destroy();
  }

  // ── Out ───────────────────────────────────────────────────────────────────────────────────────

  send(piece: Buffer): boolean {
    if (this.isClosed) return true;
    const isSmall = piece.length <= this.gatheredBytesMax;
    if (!this.isWriting) return this.write(piece, !isSmall);
    const used = this.gatheredBytes;
    if (this.queued.length === 0 && used + piece.length <= this.gatheredBytesMax) {
      this.gathered ??= Buffer.allocUnsafeSlow(this.gatheredBytesMax);
      piece.copy(this.gathered, used);
      this.gatheredBytes += piece.length;
      return true;
    }
    this.queued.push(piece);
    return false;
  }

  /** Encrypts and writes. True when nobody has to wait for its end. */
  private write(piece: Buffer, isAwaited: boolean): boolean {
    if (streamInternals === null) return true;
    const request: WriteRequest = new streamInternals.WriteWrap();
    request.oncomplete = this.whenWritten;
    if (this.handle.writeBuffer(request, piece) !== 0) {
      this.destroy();
      return true;
    }
    if (streamState[ASYNC_WORD] === 0) return true;
    this.isWriting = true;
    this.isAwaited = isAwaited;
    return !isAwaited;
  }

  private written(status: number): void {
    if (this.isClosed) return;
    if (status < 0) {
      this.destroy();
      return;
    }
    const wasAwaited = this.isAwaited;
    this.isWriting = false;
    this.isAwaited = false;
    this.writeNext();
    if (wasAwaited) this.events.wireDrained();
    if (this.isWriting || this.isClosed) return;
    if (this.isEnding) this.shutdown();
    else if (this.hasEnded && !this.isPaused) this.destroyIfDone();
  }

  private writeNext(): void {
    const { gathered, gatheredBytes } = this;
    if (gathered !== null && gatheredBytes > 0) {
      this.gatheredBytes = 0;
      this.gathered = null;
      this.write(gathered.subarray(0, gatheredBytes), false);
      return;
    }
    const piece = this.queued.shift();
    if (piece !== undefined) this.write(piece, true);
  }

  // ── End ───────────────────────────────────────────────────────────────────────────────────────

  end(lingers: boolean): void {
    if (this.isEnding || this.isClosed) return;
    this.isEnding = true;
    this.lingers = lingers;
    if (!this.isWriting) this.shutdown();
  }

  /** Ours is said. */
  private shutdown(): void {
    if (this.hasEnded) {
      this.destroy();
      return;
    }
    if (!this.lingers && this.unread.length === 0) {
      this.socket.destroySoon();
      return;
    }
    this.isPaused = false;
    this.unread.length = 0;
    this.handle.readStart();
    this.socket.end();
    setTimeout(() => this.destroy(), LINGER_MS).unref();
  }

  destroy(): void {
    this.isClosed = true;
    this.socket.destroy();
  }
}
