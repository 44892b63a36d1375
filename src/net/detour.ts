/**
 * A detour for new clients of a thread that cannot accept them, since a script there runs too long: the main thread
 * accepts them meanwhile, and passes on what they send as messages, which the thread reads by hand.
 *
 *   client ══TCP══▶ main thread ──open, data, gone──▶ port ──▶ Detour.pump ──▶ DetourWire ──▶ RespConnection
 *                   (src/detour-keeper.ts)  ◀──data, end, destroy──
 *
 * Such a connection stays on its detour for life: when the script has ended, the messages come by the event loop.
 *
 * Guard: the thread.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ConnectionContext } from './connection.ts';
import { connectionOpen, PROTOCOL_RESP } from './listener.ts';
import type { Arrival, IoBuffers, Wire, WireEvents } from './wire.ts';

type End = { readonly address: string; readonly port: number };

/** From the main thread: of connection `id`. */
export type DetourArriving =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly remote: End;
      readonly local: End;
      /** What its listener is called. */
      readonly listener: string;
    }
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'gone'; readonly id: number };

/** To the main thread. */
export type DetourLeaving =
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end' | 'destroy'; readonly id: number };

export class Detour {
  private readonly context: ConnectionContext;
  private readonly port: MessagePort;
  private readonly wires = new Map<number, DetourWire>();

  constructor(context: ConnectionContext, port: MessagePort) {
    this.context = context;
    this.port = port;
    port.on('message', (message: DetourArriving) => {
      this.handle(message);
      this.wires.get(message.id)?.flush();
    });
    port.unref();
  }

  /** Takes what has come, without the event loop. It waits in the wires for whoever reads them. */
  pump(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.port);
      if (received === undefined) return;
      this.handle(received.message as DetourArriving);
    }
  }

  private handle(message: DetourArriving): void {
    const { id } = message;
    if (message.kind === 'open') {
      const { remote, local, listener } = message;
      const wire = new DetourWire(this.port, id, this.context.buffers);
      this.wires.set(id, wire);
      const arrival = new DetourArrival(wire, remote, local);
      connectionOpen(this.context, arrival, { text: listener, protocol: PROTOCOL_RESP });
    } else if (message.kind === 'data') {
      this.wires.get(id)?.arrived(message.bytes);
    } else {
      this.wires.get(id)?.gone();
      this.wires.delete(id);
    }
  }
}

class DetourArrival implements Arrival {
  private readonly wire: DetourWire;
  private readonly remoteEnd: End;
  private readonly localEnd: End;

  constructor(wire: DetourWire, remote: End, local: End) {
    this.wire = wire;
    this.remoteEnd = remote;
    this.localEnd = local;
  }

  remote(): End {
    return this.remoteEnd;
  }

  local(): End {
    return this.localEnd;
  }

  /** The main thread's sockets are not probed: they are few. */
  keepAlive(): void {
    return;
  }

  accept(events: WireEvents): Wire {
    this.wire.attach(events);
    return this.wire;
  }

  refuse(line: Buffer): void {
    this.wire.send(line);
    this.wire.end();
  }
}

class DetourWire implements Wire {
  private readonly port: MessagePort;
  private readonly id: number;
  private readonly buffers: IoBuffers;
  private events: WireEvents | null = null;
  private readonly queue: Buffer[] = [];
  private isPaused = false;
  private isClosed = false;

  constructor(port: MessagePort, id: number, buffers: IoBuffers) {
    this.port = port;
    this.id = id;
    this.buffers = buffers;
  }

  attach(events: WireEvents): void {
    this.events = events;
  }

  arrived(bytes: Uint8Array): void {
    this.queue.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  readNow(into: Buffer): number {
    const [first] = this.queue;
    if (first === undefined || this.isPaused || this.isClosed) return 0;
    const bytes = first.copy(into);
    if (bytes === first.length) this.queue.shift();
    else this.queue[0] = first.subarray(bytes);
    return bytes;
  }

  /** Hands on what has come, from the event loop. */
  flush(): void {
    for (;;) {
      const bytes = this.readNow(this.buffers.readArea);
      if (bytes === 0) return;
      this.events?.wireData(bytes);
    }
  }

  /** The client has closed, or its connection is gone. */
  gone(): void {
    this.close();
  }

  send(piece: Buffer): boolean {
    if (!this.isClosed) this.post({ kind: 'data', id: this.id, bytes: Uint8Array.from(piece) });
    return true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    setImmediate(() => this.flush());
  }

  end(): void {
    if (!this.isClosed) this.post({ kind: 'end', id: this.id });
  }

  destroy(): void {
    if (this.isClosed) return;
    this.post({ kind: 'destroy', id: this.id });
    this.close();
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    setImmediate(() => this.events?.wireClosed());
  }

  private post(message: DetourLeaving): void {
    this.port.postMessage(message);
  }
}
