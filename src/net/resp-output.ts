/**
 * The output of a RESP connection: replies and messages on their way to the wire, and how much of them a
 * client may leave unread (client-output-buffer-limit).
 *
 *   replies ───────────────────────────▶ sent ──▶ wire
 *   messages ──▶ pushed, until the turn ends ──▶    ──▶ in flight: one piece that the kernel did not take whole
 *                                                   ──▶ queue: what came after it
 *
 * Guard: none; it belongs to its connection.
 */
import { assert } from '../base/assert.ts';
import type { RespCall } from '../commands/resp/call.ts';
import { clientWeigh } from '../commands/resp/server/client-eviction.ts';
import { GATE, type RespSession } from '../commands/resp/session.ts';
import type { BufferLimit } from '../config/compound-types.ts';
import { CLIENT, CLIENT_F64, clientF64 } from '../memory/client-records.ts';
import { connectionRemote } from '../memory/connections.ts';
import { COUNTER } from '../memory/control.ts';
import { RESP_COUNTER } from '../memory/resp-stats.ts';
import { REPLY_BYTES_MAX } from '../protocol/reply.ts';
import { OutputQueue } from './output-queue.ts';
import type { Wire } from './wire.ts';

/** As Redis has it: what a batch answers is not counted if it fits the buffer that each client has there. */
const UNCOUNTED_BYTES = 16384;
/** Messages for one client are joined up to this. */
const JOINED_BYTES_MAX = REPLY_BYTES_MAX;

/** A thread's outputs that were pushed something which they have not sent. */
export class PushTurn {
  private outputs: RespOutput[] = [];

  /** Has `send` called before the event loop goes on, if nobody does before. */
  note(output: RespOutput): void {
    if (this.outputs.length === 0) queueMicrotask(() => this.send());
    this.outputs.push(output);
  }

  /** Each client gets what it was pushed since the last time. */
  send(): void {
    const { outputs } = this;
    if (outputs.length === 0) return;
    this.outputs = [];
    for (const output of outputs) output.pushedSend();
  }
}

export class RespOutput {
  private readonly call: RespCall;
  private readonly session: RespSession;
  private readonly turn: PushTurn;
  private readonly destroy: () => void;
  private wire: Wire | null = null;
  private pushed: Buffer[] = [];
  private readonly queue = new OutputQueue();
  private flightBytes = 0;
  /** Bytes sent so far. */
  sentBytes = 0;
  /** Runs while the client is beyond the soft limit. */
  private softTimer: NodeJS.Timeout | null = null;
  /** The connection is to end when all has left; null: it is not. */
  private endLingers: boolean | null = null;

  /** `destroy` closes the connection at once. */
  constructor(call: RespCall, session: RespSession, turn: PushTurn, destroy: () => void) {
    this.call = call;
    this.session = session;
    this.turn = turn;
    this.destroy = destroy;
  }

  wireAttach(wire: Wire): void {
    this.wire = wire;
  }

  /** What the client has not taken yet. */
  get bytes(): number {
    return this.flightBytes + this.queue.bytes;
  }

  /** … in how many pieces. */
  get pieceCount(): number {
    return this.queue.count + (this.flightBytes > 0 ? 1 : 0);
  }

  /** Has other threads see how much was sent, and waits: CLIENT LIST. */
  private show(): void {
    const { i32, f64 } = this.call.keyspace.control;
    const { record } = this.session.host;
    f64[clientF64(record, CLIENT_F64.bytesWritten)] = this.sentBytes;
    i32[record + CLIENT.outputBytes] = this.bytes;
    i32[record + CLIENT.outputPieces] = this.pieceCount;
  }

  /** Sends a piece when the turn ends. Its bytes must not change any more. */
  push(piece: Buffer): void {
    if (this.wire === null) return;
    if (this.pushed.length === 0) this.turn.note(this);
    this.pushed.push(piece);
  }

  /** Sends what was pushed. A piece that other clients share is sent as it is if there is no other. */
  pushedSend(): void {
    const { pushed } = this;
    if (pushed.length === 0) return;
    this.pushed = [];
    let from = 0;
    let bytes = 0;
    for (let at = 0; at < pushed.length; at++) {
      if (at > from && bytes + pushed[at].length > JOINED_BYTES_MAX) {
        this.send(joined(pushed.slice(from, at), bytes));
        from = at;
        bytes = 0;
      }
      bytes += pushed[at].length;
    }
    this.send(joined(pushed.slice(from), bytes));
    this.show();
  }

  /** Sends a piece. True: its bytes may be used again. */
  send(piece: Buffer): boolean {
    const { wire } = this;
    if (wire === null) return true;
    const { counters, block, respStats, respBlock } = this.call;
    counters[block + COUNTER.bytesWritten] += piece.length;
    respStats.f64[respBlock + RESP_COUNTER.bytesWritten] += piece.length;
    respStats.f64[respBlock + RESP_COUNTER.writes]++;
    this.sentBytes += piece.length;
    let isFree = false;
    if (this.flightBytes > 0) {
      isFree = this.queue.append(piece);
    } else {
      if (wire.send(piece)) return true;
      this.flightBytes = piece.length;
    }
    counters[block + COUNTER.outputBlocked]++;
    this.show();
    this.check();
    return isFree;
  }

  /** How much a batch may answer; 0: there is no limit. */
  get batchBytesMax(): number {
    return this.limit().hardBytes;
  }

  /** Whether `bytes` more, of one batch, are beyond the hard limit: then the client is cut, and gets nothing. */
  refuses(bytes: number): boolean {
    const { hardBytes } = this.limit();
    const total = this.bytes + (bytes > UNCOUNTED_BYTES ? bytes : 0);
    if (hardBytes === 0 || total < hardBytes) return false;
    this.cut(total);
    return true;
  }

  /** The piece in flight has left. */
  drained(): void {
    if (this.wire === null) return;
    assert(this.flightBytes > 0, 'only what is in flight drains');
    this.flightBytes = 0;
    for (let piece = this.queue.shift(); piece !== null; piece = this.queue.shift()) {
      if (this.wire.send(piece)) continue;
      this.flightBytes = piece.length;
      break;
    }
    this.show();
    if (this.flightBytes > 0) this.check();
    else this.allLeft();
  }

  /** Ends the connection when all has left; `lingers` as Wire.end has it. */
  end(lingers: boolean): void {
    this.pushedSend();
    if (this.flightBytes > 0) this.endLingers = lingers;
    else this.wire?.end(lingers);
  }

  /** The connection is gone, or is to be. */
  forget(): void {
    this.wire = null;
    this.pushed = [];
    this.flightBytes = 0;
    this.queue.clear();
    this.softStop();
  }

  private allLeft(): void {
    this.softStop();
    if (this.endLingers !== null) this.wire?.end(this.endLingers);
  }

  private limit(): BufferLimit {
    const { normal, pubsub } = this.call.config.settings.clientOutputBufferLimit;
    return (this.session.gate & GATE.SUBSCRIBED) === 0 ? normal : pubsub;
  }

  private check(): void {
    const { hardBytes, softBytes, softSeconds } = this.limit();
    const { bytes } = this;
    if (hardBytes !== 0 && bytes >= hardBytes) {
      this.cut(bytes);
      return;
    }
    if (softBytes === 0 || bytes < softBytes) this.softStop();
    else this.softTimer ??= setTimeout(() => this.softCheck(), softSeconds * 1000);
    clientWeigh(this.call, this.session);
  }

  /** It was beyond the soft limit all the time, or the timer would have been stopped. */
  private softCheck(): void {
    this.softTimer = null;
    const { softBytes } = this.limit();
    if (softBytes !== 0 && this.bytes >= softBytes) this.cut(this.bytes);
  }

  private softStop(): void {
    if (this.softTimer !== null) clearTimeout(this.softTimer);
    this.softTimer = null;
  }

  /** The client has left too much unread. */
  private cut(bytes: number): void {
    const { counters, block, respStats, respBlock, server, keyspace } = this.call;
    const { id, host } = this.session;
    counters[block + COUNTER.outputCuts]++;
    respStats.f64[respBlock + RESP_COUNTER.outputBufferCuts]++;
    const remote = connectionRemote(keyspace.control, host.record);
    server.warn('a client was cut: it left too much unread', { client: id, remote, bytes });
    this.destroy();
  }
}

function joined(pieces: readonly Buffer[], bytes: number): Buffer {
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, bytes);
}
