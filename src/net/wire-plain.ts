/** A wire over the public stream interface; see wire.ts. */
import type { Socket } from 'node:net';
import { type IoBuffers, READ_BYTES_MAX, type Wire, type WireEvents } from './wire.ts';

export class PlainWire implements Wire {
  private readonly socket: Socket;
  private readonly events: WireEvents;

  constructor(socket: Socket, buffers: IoBuffers, events: WireEvents) {
    this.socket = socket;
    this.events = events;
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length && !socket.destroyed; at += READ_BYTES_MAX) {
        const bytes = chunk.copy(buffers.readArea, 0, at, at + READ_BYTES_MAX);
        events.wireData(bytes);
      }
    });
    // The 'close' event follows an error and tells all that matters.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => events.wireClosed());
  }

  send(buffer: Buffer, bytes: number): boolean {
    if (this.socket.destroyed) return true;
    // The stream may keep what it is given, so a buffer that is to be reused cannot go as it is.
    const wasQueued = this.socket.writableLength > 0;
    const sent = this.socket.write(buffer.subarray(0, bytes), () => {
      if (queued) this.events.wireDrained(buffer);
    });
    const queued = wasQueued || !sent || this.socket.writableLength > 0;
    return !queued;
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
