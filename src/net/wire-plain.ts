/** A wire over the public stream interface; see wire.ts. */
import type { Socket } from 'node:net';
import {
  type Arrival,
  type IoBuffers,
  LINGER_MS,
  READ_BYTES_MAX,
  type Wire,
  type WireEvents,
} from './wire.ts';

export class PlainArrival implements Arrival {
  private readonly socket: Socket;
  private readonly buffers: IoBuffers;

  constructor(socket: Socket, buffers: IoBuffers) {
    this.socket = socket;
    this.buffers = buffers;
  }

  remote(): { address: string; port: number } | null {
    const { remoteAddress, remotePort } = this.socket;
    if (remoteAddress === undefined || remotePort === undefined) return null;
    return { address: remoteAddress, port: remotePort };
  }

  local(): { address: string; port: number } | null {
    const { localAddress, localPort } = this.socket;
    if (localAddress === undefined || localPort === undefined) return null;
    return { address: localAddress, port: localPort };
  }

  keepAlive(seconds: number): void {
    this.socket.setKeepAlive(true, seconds * 1000);
  }

  accept(events: WireEvents): Wire {
    return new PlainWire(this.socket, this.buffers, events, 0);
  }

  refuse(line: Buffer): void {
    this.socket.on('error', () => this.socket.destroy());
    this.socket.end(line);
  }
}

export class PlainWire implements Wire {
  private readonly socket: Socket;
  private readonly events: WireEvents;
  private readonly copiedBytesMax: number;
  private isPaused = false;
  private hasEnded = false;

  /**
   *   copiedBytesMax   bytes that may wait in copies, for a socket that never writes at once, as
   *                    those of TLS do: small replies are done with when they are copied
   */
  constructor(socket: Socket, buffers: IoBuffers, events: WireEvents, copiedBytesMax: number) {
    this.socket = socket;
    this.events = events;
    this.copiedBytesMax = copiedBytesMax;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += READ_BYTES_MAX) {
        const bytes = chunk.copy(buffers.readArea, 0, at, at + READ_BYTES_MAX);
        events.wireData(bytes);
      }
    });
    // A client may have said its last word, and wait for answers that wait for it to read.
    socket.allowHalfOpen = true;
    socket.once('end', () => {
      this.hasEnded = true;
      if (!this.isPaused) this.end(false);
    });
    // The 'close' event follows an error and tells all that matters.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => events.wireClosed());
  }

  send(piece: Buffer): boolean {
    const { socket } = this;
    if (socket.destroyed) return true;
    if (socket.writableLength + piece.length <= this.copiedBytesMax) {
      socket.write(Buffer.from(piece));
      return true;
    }
    let queued = false;
    // The callback comes later also when all bytes left at once, which writableLength tells.
    socket.write(piece, () => {
      if (queued && !socket.destroyed) this.events.wireDrained();
    });
    queued = socket.writableLength > 0;
    return !queued;
  }

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (this.hasEnded) this.end(false);
    else this.socket.resume();
  }

  end(lingers: boolean): void {
    if (!lingers) {
      this.socket.destroySoon();
      return;
    }
    this.socket.resume();
    this.socket.end();
    setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
