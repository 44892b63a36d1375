/**
 * A wire that skips the stream machinery: reads land in the thread's one buffer, and writes go to the
 * handle as they are. This file and tls-wire-fast.ts are the only
 * ones that know of Node's insides:
 *
 *   - `server._handle.onconnection` hands over a connection before a Socket is made for it;
 *   - a handle reads into a buffer given once (`useUserBuffer`) and calls its `onread`; how many bytes
 *     came, or which error, stands in a word shared by all streams of the thread;
 *   - `handle.writeBuffer(request, buffer)` writes at once what the kernel takes. If that was all,
 *     the request object is free again; another shared word tells.
 *
 * The shared words and the request classes are found through `--expose-internals`, an option that
 * the supervisor gives the data threads and nobody else. Where something is missing,
 * `fastWireIsAvailable` says no, and the plain wire is used.
 */
import { readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Server } from 'node:net';
import { type Arrival, type IoBuffers, LINGER_MS, type Wire, type WireEvents } from './wire.ts';

/** For the worker's execArgv. Node warns that this is for its own tests; our log is not the place. */
export const FAST_WIRE_NODE_OPTIONS = [
  '--expose-internals',
  '--disable-warning=internal/test/binding',
];

/** A write or a shutdown under way. */
export type WriteRequest = { oncomplete: (status: number) => void; piece: Buffer | null };
type StreamInternals = {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
};
export type Handle = {
  readonly fd: number;
  onread: () => void;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, buffer: Uint8Array): number;
  shutdown(request: WriteRequest): number;
  close(closed?: () => void): void;
  setNoDelay?(noDelay: boolean): number;
  setKeepAlive?(isOn: boolean, seconds: number): number;
  getpeername?(out: { address?: string; port?: number }): number;
  getsockname?(out: { address?: string; port?: number }): number;
};
type ServerHandle = { onconnection: (status: number, handle: Handle | undefined) => void };

/** Null where this Node, or this thread, does without. tls-wire-fast.ts builds on them too. */
export const streamInternals = internalsFind();
export const streamState = streamInternals?.streamBaseState ?? new Int32Array(4);
export const READ_WORD = streamInternals?.kReadBytesOrError ?? 0;
export const ASYNC_WORD = streamInternals?.kLastWriteWasAsync ?? 0;

function internalsFind(): StreamInternals | null {
  try {
    const { internalBinding } = createRequire(import.meta.url)('internal/test/binding');
    const found = internalBinding('stream_wrap') as StreamInternals;
    const isWhole =
      found.streamBaseState instanceof Int32Array &&
      [found.kReadBytesOrError, found.kLastWriteWasAsync].every(Number.isInteger) &&
      [found.WriteWrap, found.ShutdownWrap].every((made) => typeof made === 'function');
    return isWhole ? found : null;
  } catch {
    return null; // a thread that was not given the option, or a Node without it
  }
}

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
