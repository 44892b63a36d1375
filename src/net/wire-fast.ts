/**
 * A wire that skips the stream machinery: reads land in the thread's one buffer (the `onread` option),
 * and writes go to the handle as they are. This file is the only one that knows of Node's insides:
 *
 *   - `server._handle.onconnection` hands over a connection before a Socket is made for it;
 *   - `handle.writeBuffer(request, buffer)` tries to write at once, and queues what is left. After a
 *     write that was complete the request object is free again; `handle.writeQueueSize` tells;
 *   - the class of request objects is internal, so the first write of a thread goes through the
 *     stream, and its request is looked at on the way.
 *
 * Should one of these be missing, `fastWireIsAvailable` says no and the plain wire is used instead.
 */
import { type Server, Socket } from 'node:net';
import type { IoBuffers, Wire, WireEvents } from './wire.ts';

type WriteRequest = {
  oncomplete: (status: number) => void;
  buffer: Buffer | null;
};
type WriteRequestClass = new () => WriteRequest;
export type Handle = {
  writeBuffer(request: WriteRequest, buffer: Buffer): number;
  readonly writeQueueSize: number;
};
type ServerHandle = { onconnection: (status: number, handle: Handle | undefined) => void };

let requestClass: WriteRequestClass | null = null;
let spareRequest: WriteRequest | null = null;

/** Whether this Node lets us take connections before a Socket is made for them. */
export function fastWireIsAvailable(server: Server): boolean {
  const handle = serverHandle(server);
  return handle !== null && typeof handle.onconnection === 'function';
}

/** Where a socket's reads go; filled in when its wire is made. */
export type Reader = { events: WireEvents | null };

/**
 * Calls `accept` for each new connection of a listening server, with a socket that reads into the
 * thread's buffer once somebody resumes it.
 */
export function fastWireAccept(
  server: Server,
  buffers: IoBuffers,
  accept: (socket: Socket, handle: Handle, reader: Reader) => void,
): void {
  const listener = serverHandle(server);
  if (listener === null) return;
  listener.onconnection = (status, handle) => {
    if (status !== 0 || handle === undefined) return;
    const reader: Reader = { events: null };
    const onread = {
      buffer: buffers.readArea,
      callback: (bytes: number): boolean => {
        reader.events?.wireData(bytes);
        return true;
      },
    };
    // `handle`, `onread` and `manualStart` are options of the constructor that its type leaves out.
    const options = { handle, onread, manualStart: true, allowHalfOpen: true };
    accept(new Socket(options as unknown as { fd: number }), handle, reader);
  };
}

function serverHandle(server: Server): ServerHandle | null {
  // A cast past the public interface: `_handle` is what this file is about.
  return (server as unknown as { _handle: ServerHandle | null })._handle;
}

export class FastWire implements Wire {
  private readonly socket: Socket;
  private readonly handle: Handle;
  private readonly events: WireEvents;

  constructor(socket: Socket, handle: Handle, reader: Reader, events: WireEvents) {
    this.socket = socket;
    this.handle = handle;
    this.events = events;
    reader.events = events;
    socket.on('error', () => socket.destroy());
    socket.once('end', () => socket.end());
    socket.once('close', () => events.wireClosed());
    socket.setNoDelay(true);
    socket.resume();
    socket.read(0);
  }

  send(buffer: Buffer, bytes: number): boolean {
    if (this.socket.destroyed) return true;
    if (requestClass === null) return this.sendAndLearn(buffer, bytes);
    const request = spareRequest ?? new requestClass();
    spareRequest = null;
    const error = this.handle.writeBuffer(request, buffer.subarray(0, bytes));
    if (error !== 0) {
      this.socket.destroy();
      return true;
    }
    if (this.handle.writeQueueSize === 0) {
      spareRequest = request;
      return true;
    }
    request.buffer = buffer;
    request.oncomplete = () => this.events.wireDrained(buffer);
    return false;
  }

  /** The thread's first write: through the stream, to see what kind of request it makes. */
  private sendAndLearn(buffer: Buffer, bytes: number): boolean {
    const { handle } = this;
    handle.writeBuffer = (request: WriteRequest, chunk: Buffer): number => {
      Reflect.deleteProperty(handle, 'writeBuffer');
      requestClass = request.constructor as WriteRequestClass;
      return handle.writeBuffer(request, chunk);
    };
    this.socket.write(Buffer.from(buffer.subarray(0, bytes)));
    return true;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
