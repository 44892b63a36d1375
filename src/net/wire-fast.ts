/**
 * A wire that skips the stream machinery: reads land in the thread's one buffer, and writes go to the
 * handle as they are. What it knows of Node's insides, besides what base/stream-handle.ts
 * explains: `server._handle.onconnection` hands over a connection before a Socket is made for it.
 * Where something is missing, `fastWireIsAvailable` says no, and the plain wire is used.
 */
import { readSync } from 'node:fs';
import type { Server } from 'node:net';
import {
  ASYNC_WORD,
  type Handle,
  READ_WORD,
  streamInternals,
  streamState,
  type WriteRequest,
} from '../base/stream-handle.ts';
import { type Arrival, type IoBuffers, LINGER_MS, type Wire, type WireEvents } from './wire.ts';

type ServerHandle = { onconnection: (status: number, handle: Handle | undefined) => void };

/** Whether connections of this server can have fast wires. */
export function fastWireIsAvailable(server: Server): boolean {
  const handle = serverHandle(server);
  return streamInternals !== null && typeof handle?.onconnection === 'function';
}

/** Calls `arrive` for each new connection of a listening server. */
export function fastWireListen(
  server: Server,
  buffers: IoBuffers,
  arrive: (arrival: Arrival) => void,
): void {
  const listener = serverHandle(server);
  if (listener === null) return;
  listener.onconnection = (status, handle) => {
    if (status === 0 && handle !== undefined) arrive(new FastArrival(handle, buffers));
  };
}

function serverHandle(server: Server): ServerHandle | null {
  // A cast past the public interface: `_handle` is what this file is about.
  return (server as unknown as { _handle: ServerHandle | null })._handle;
}

class FastArrival implements Arrival {
  private readonly handle: Handle;
  private readonly buffers: IoBuffers;

  constructor(handle: Handle, buffers: IoBuffers) {
    this.handle = handle;
    this.buffers = buffers;
  }

  remote(): { address: string; port: number } | null {
    const out: { address?: string; port?: number } = {};
    if (this.handle.getpeername === undefined || this.handle.getpeername(out) !== 0) return null;
    return { address: out.address ?? '', port: out.port ?? 0 };
  }

  local(): { address: string; port: number } | null {
    const out: { address?: string; port?: number } = {};
    if (this.handle.getsockname === undefined || this.handle.getsockname(out) !== 0) return null;
    return { address: out.address ?? '', port: out.port ?? 0 };
  }

  keepAlive(seconds: number): void {
    this.handle.setKeepAlive?.(true, seconds);
  }

  accept(events: WireEvents): Wire {
    return new FastWire(this.handle, this.buffers, events);
  }

  refuse(line: Buffer): void {
    const ignore = (): void => undefined;
    const wire = this.accept({ wireData: ignore, wireDrained: ignore, wireClosed: ignore });
    wire.send(line);
    wire.end(true);
  }
}

let spareRequest: WriteRequest | null = null;

class FastWire implements Wire {
  private readonly handle: Handle;
  private readonly events: WireEvents;
  private queuedCount = 0;
  private isPaused = false;
  private isEnding = false;
  private lingers = false;
  private isClosed = false;

  constructor(handle: Handle, buffers: IoBuffers, events: WireEvents) {
    this.handle = handle;
    this.events = events;
    handle.setNoDelay?.(true);
    handle.useUserBuffer(buffers.readArea);
    handle.onread = () => {
      const bytes = streamState[READ_WORD];
      if (bytes > 0) events.wireData(bytes);
      else if (bytes < 0) this.destroy();
    };
    handle.readStart();
  }

  send(piece: Buffer): boolean {
    if (this.isClosed || streamInternals === null) return true;
    const request = spareRequest ?? new streamInternals.WriteWrap();
    spareRequest = null;
    if (this.handle.writeBuffer(request, piece) !== 0) {
      this.destroy();
      return true;
    }
    if (streamState[ASYNC_WORD] === 0) {
      spareRequest = request;
      return true;
    }
    this.queuedCount++;
    request.piece = piece; // keeps its memory
    request.oncomplete = (status) => this.pieceLeft(status);
    return false;
  }

  private pieceLeft(status: number): void {
    this.queuedCount--;
    if (this.isClosed) return;
    if (status < 0) {
      this.destroy();
      return;
    }
    this.events.wireDrained();
    if (this.isEnding && this.queuedCount === 0) this.shutdown();
  }

  readNow(into: Buffer): number {
    if (this.isClosed || this.isPaused || this.isEnding) return 0;
    try {
      return readSync(this.handle.fd, into, 0, into.length, null);
    } catch {
      return 0; // nothing has come; or the connection is gone, which the event loop will tell
    }
  }

  pause(): void {
    this.isPaused = true;
    if (!this.isClosed) this.handle.readStop();
  }

  resume(): void {
    this.isPaused = false;
    if (!this.isClosed) this.handle.readStart();
  }

  end(lingers: boolean): void {
    if (this.isEnding || this.isClosed) return;
    this.isEnding = true;
    this.lingers = lingers;
    if (this.queuedCount === 0) this.shutdown();
  }

  /** Ours is said. */
  private shutdown(): void {
    if (streamInternals === null) return;
    if (!this.lingers) {
      this.destroy();
      return;
    }
    const request = new streamInternals.ShutdownWrap();
    request.oncomplete = () => undefined;
    if (this.handle.shutdown(request) < 0) {
      this.destroy();
      return;
    }
    this.handle.readStart();
    setTimeout(() => this.destroy(), LINGER_MS).unref();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handle.close(() => this.events.wireClosed());
  }
}
