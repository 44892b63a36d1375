/**
 * The wire of a TLS connection. While the handshake lasts it carries nothing, and all it can do is
 * close; then it goes on as one of the two that carry bytes: the fast one (tls-wire-fast.ts) or the
 * plain one. The connection exists from accept on, so it counts, is listed and can be found idle.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsMode } from './tls-material.ts';
import type { TlsTerminator } from './tls-terminator.ts';
import { tlsFastWireMake } from './tls-wire-fast.ts';
import type { Arrival, IoBuffers, Wire, WireEvents } from './wire.ts';
import { PlainArrival, PlainWire } from './wire-plain.ts';

/** What the TLS connections of a listener have in common. */
export type TlsListener = {
  readonly terminator: TlsTerminator;
  readonly mode: TlsMode;
  readonly buffers: IoBuffers;
  /** Replies that may wait in a buffer of the wire: ssl_wbuf_size. */
  readonly gatheredBytesMax: number;
  readonly plainWire: boolean;
};

export class TlsArrival implements Arrival {
  private readonly raw: Socket;
  private readonly listener: TlsListener;

  constructor(raw: Socket, listener: TlsListener) {
    this.raw = raw;
    this.listener = listener;
  }

  remote(): { address: string; port: number } | null {
    return this.plain().remote();
  }

  local(): { address: string; port: number } | null {
    return this.plain().local();
  }

  keepAlive(seconds: number): void {
    this.plain().keepAlive(seconds);
  }

  accept(events: WireEvents): Wire {
    return new TlsWire(this.raw, this.listener, events);
  }

  /** In the clear, as memcached does: a handshake is what there are too many of. */
  refuse(line: Buffer): void {
    this.plain().refuse(line);
  }

  private plain(): Arrival {
    return new PlainArrival(this.raw, this.listener.buffers);
  }
}

class TlsWire implements Wire {
  private readonly raw: Socket;
  private readonly listener: TlsListener;
  private readonly events: WireEvents;
  private carrier: Wire | null = null;

  constructor(raw: Socket, listener: TlsListener, events: WireEvents) {
    this.raw = raw;
    this.listener = listener;
    this.events = events;
    raw.once('close', () => {
      if (this.carrier === null) events.wireClosed();
    });
    listener.terminator.terminate(raw, listener.mode, this);
  }

  tlsEstablished(socket: TLSSocket): void {
    const { terminator, buffers, gatheredBytesMax, plainWire } = this.listener;
    socket.on('error', (error) => {
      if (/^ERR_(SSL|TLS)_/.test((error as NodeJS.ErrnoException).code ?? '')) {
        terminator.protocolErrorNote();
      }
      socket.destroy();
    });
    const fast = plainWire ? null : tlsFastWireMake(socket, buffers, this.events, gatheredBytesMax);
    this.carrier = fast ?? new PlainWire(socket, buffers, this.events, gatheredBytesMax);
  }

  send(piece: Buffer): boolean {
    return this.carrier === null || this.carrier.send(piece);
  }

  pause(): void {
    this.carrier?.pause();
  }

  resume(): void {
    this.carrier?.resume();
  }

  end(lingers: boolean): void {
    if (this.carrier === null) this.raw.destroy();
    else this.carrier.end(lingers);
  }

  destroy(): void {
    if (this.carrier === null) this.raw.destroy();
    else this.carrier.destroy();
  }
}
