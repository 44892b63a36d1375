/**
 * A RESP connection: carries bytes between a wire and a session. Each read is worked off at once, and all
 * its replies leave in one write.
 *
 * What a read leaves over, the start of a request, is put before the next read if it is short; a long
 * one is gathered in a buffer of its own, which its parser goes through once, however many reads it takes.
 *
 * Unlike memcached's, a client that does not read its replies is served on: it may send a long pipeline
 * before it reads any. What has piled up for it is bounded by client-output-buffer-limit.
 */
import { clockUs } from '../base/clock.ts';
import { respRun } from '../commands/resp/dispatch.ts';
import { clientWeigh } from '../commands/resp/server/client-eviction.ts';
import { clientNoteBatch, clientNoteQuery } from '../commands/resp/server/client-note.ts';
import {
  PHASE,
  type RespHost,
  type RespSession,
  subscriptionCount,
} from '../commands/resp/session.ts';
import { sessionEnd } from '../commands/resp/session-end.ts';
import { sessionShow, sessionStart } from '../commands/resp/session-start.ts';
import { RUN_ENDED } from '../commands/run-ended.ts';
import { CONNECTION, connectionRelease, connectionTextsSet } from '../memory/connections.ts';
import { CONTROL, COUNTER } from '../memory/control.ts';
import { RESP_COUNTER } from '../memory/resp-stats.ts';
import {
  REPLY_BYTES_MAX,
  replyClear,
  replyLimitSet,
  replyPiece,
  replyRenew,
  replyTotal,
} from '../protocol/reply.ts';
import { type RequestParser, requestForget } from '../protocol/resp/request-parser.ts';
import { Gather } from './gather.ts';
import type { OpenConnection } from './open-connection.ts';
import type { RespContext, RespEnds } from './resp-context.ts';
import { RespOutput } from './resp-output.ts';
import { CARRY_BYTES_MAX, READ_BYTES_MAX, type Wire, type WireEvents } from './wire.ts';

/** A longer rest of a request is gathered. */
const CARRIED_BYTES_MAX = 16384;
/** Of so many sends one is timed, and stands for all. */
const SENDS_PER_SAMPLE = 16;
/** How long a client that publishes too fast waits before it is looked at again. */
const HOLD_MS = 2;

/** Has a counter be the greatest value so far. */
function counterRaise(f64: Float64Array, at: number, value: number): void {
  if (value > f64[at]) f64[at] = value;
}

export class RespConnection implements WireEvents, RespHost, OpenConnection {
  private context: RespContext;
  readonly session: RespSession;
  readonly record: number;
  private wire: Wire | null = null;
  private carried: Buffer | null = null;
  private gather: Gather | null = null;
  private readonly output: RespOutput;
  readonly local: string;
  readonly isUnix: boolean;
  readonly isLocal: boolean;
  bytesRead = 0;
  /** What the pass in hand has answered, and is about to send. */
  private unsentBytes = 0;
  private waitsForTurn = false;
  private hasNews = false;
  private isClosed = false;

  constructor(context: RespContext, record: number, ends: RespEnds) {
    this.context = context;
    this.record = record;
    this.local = ends.local;
    this.isUnix = ends.isUnix;
    this.isLocal = ends.isLocal;
    const { call } = context;
    const { control } = call.keyspace;
    connectionTextsSet(control, record, ends.remote, ends.listener);
    const id = Atomics.add(control.i32, CONTROL.clientIds, 1) + 1;
    this.session = sessionStart(call, this, id);
    this.output = new RespOutput(call, this.session, context.turn, () => this.destroy());
    sessionShow(call, this.session);
    context.open.add(this);
  }

  get queryBytes(): number {
    return this.gather === null
      ? (this.carried?.length ?? 0)
      : this.gather.used - this.gather.pendingStart;
  }

  get argumentBytes(): number {
    return this.gather === null ? 0 : this.gather.pendingStart - this.gather.start;
  }

  get queryFreeBytes(): number {
    return this.gather === null ? 0 : this.gather.buffer.length - this.gather.used;
  }

  get bytesWritten(): number {
    return this.output.sentBytes + this.unsentBytes;
  }

  /** Once, right after construction. */
  wireAttach(wire: Wire): void {
    this.wire = wire;
    this.output.wireAttach(wire);
  }

  // ── Wire ──────────────────────────────────────────────────────────────────────────────────────

  wireData(bytes: number): void {
    const { session, context } = this;
    if (this.isClosed || session.phase === PHASE.CLOSED) return;
    const { call, buffers } = context;
    call.counters[call.block + COUNTER.bytesRead] += bytes;
    const { f64 } = call.respStats;
    f64[call.respBlock + RESP_COUNTER.bytesRead] += bytes;
    f64[call.respBlock + RESP_COUNTER.reads]++;
    this.bytesRead += bytes;
    this.hasNews = true;
    const runs = session.phase === PHASE.COMMAND;
    if (this.gather !== null) {
      this.gather.append(buffers.readArea, bytes);
      if (!this.queryFits()) return;
      if (runs) this.gatherRun();
    } else if (runs) {
      this.run(bytes);
    } else {
      this.gatherStart(bytes);
    }
  }

  /** Whether what has come of a request is not too much; if it is, the client is cut. */
  private queryFits(): boolean {
    const { call } = this.context;
    const bytes = this.argumentBytes + this.queryBytes;
    if (bytes > call.config.settings.clientQueryBufferLimit) {
      call.respStats.f64[call.respBlock + RESP_COUNTER.queryBufferCuts]++;
      this.destroy();
      return false;
    }
    clientNoteQuery(call.keyspace.control, this);
    clientWeigh(call, this.session);
    return !this.hasClosed();
  }

  /** Gathers what was carried over, and what has come. */
  private gatherStart(bytes: number): void {
    this.gather = new Gather(this.carried ?? Buffer.alloc(0));
    this.carried = null;
    this.gather.append(this.context.buffers.readArea, bytes);
  }

  wireDrained(): void {
    if (!this.isClosed) this.output.drained();
  }

  wireClosed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { context, session } = this;
    session.phase = PHASE.CLOSED;
    sessionEnd(context.call, session);
    this.output.forget();
    this.carried = null;
    this.gather = null;
    context.open.delete(this);
    connectionRelease(context.call.keyspace.control, this.record);
  }

  /**
   * Reads and runs what has come while the thread is within a request of another connection; `aside` has the call
   * and the buffers for that.
   */
  asideRun(aside: RespContext): void {
    const { context } = this;
    const bytes = this.wire?.readNow?.(aside.buffers.readArea) ?? 0;
    if (bytes === 0) return;
    this.context = aside;
    this.wireData(bytes);
    this.context = context;
  }

  // ── Runs ──────────────────────────────────────────────────────────────────────────────────────

  /** Runs what was carried over and `bytes` bytes of the read area behind it. */
  private run(bytes: number): void {
    const { call, buffers } = this.context;
    const { carried } = this;
    let start = CARRY_BYTES_MAX;
    if (carried !== null) {
      start -= carried.length;
      carried.copy(buffers.input, start);
      this.carried = null;
    }
    const end = CARRY_BYTES_MAX + bytes;
    requestForget(call.parser);
    const at = this.pass(buffers.input, start, end, call.parser);
    if (at < end && !this.isClosed && this.session.phase !== PHASE.CLOSED) {
      const rest = buffers.input.subarray(at, end);
      const isShort = rest.length <= CARRIED_BYTES_MAX && call.runEnded === RUN_ENDED.INPUT;
      if (isShort) this.carried = Buffer.from(rest);
      else this.gather = new Gather(rest);
    }
    this.settle(at < end || bytes === READ_BYTES_MAX);
  }

  /** Runs what was gathered. */
  private gatherRun(): void {
    const { gather } = this;
    if (gather === null) return;
    const { used } = gather;
    const at = this.pass(gather.buffer, gather.start, used, gather.parser);
    gather.start = at;
    if (at === used) this.gather = null;
    this.settle(at < used);
  }

  /** One pass of the session over its input; the replies are sent. Returns how far it came. */
  private pass(input: Buffer, start: number, end: number, parser: RequestParser): number {
    const { call } = this.context;
    const { respBlock } = call;
    const { f64 } = call.respStats;
    call.session = this.session;
    call.input = input;
    call.end = end;
    call.reply.setsAside = true;
    replyLimitSet(call.reply, this.output.batchBytesMax);
    const ranBefore = f64[respBlock + RESP_COUNTER.commands];
    const at = respRun(call, parser, start);
    const ran = f64[respBlock + RESP_COUNTER.commands] - ranBefore;
    counterRaise(f64, respBlock + RESP_COUNTER.batchCommandsMax, ran);
    // Before the replies leave: who has one may ask another thread what it says of the client.
    this.unsentBytes = replyTotal(call.reply);
    clientNoteBatch(call);
    this.unsentBytes = 0;
    this.replySend();
    clientWeigh(call, this.session);
    this.timeNote();
    return at;
  }

  /** Counts what the pass took. When it began and when its last command ended is known; sending is sampled. */
  private timeNote(): void {
    const { context } = this;
    const { startedUs, clockUs: ranUs, respStats, respBlock } = context.call;
    let us = ranUs - startedUs;
    if (++context.passes % SENDS_PER_SAMPLE === 0) {
      us += (clockUs() - ranUs) * SENDS_PER_SAMPLE;
    }
    respStats.f64[respBlock + RESP_COUNTER.loopUs] += us;
    counterRaise(respStats.f64, respBlock + RESP_COUNTER.loopUsMax, ranUs - startedUs);
  }

  /** After a pass: closes, or goes on at the next turn. */
  private settle(mayHaveMore: boolean): void {
    const { call } = this.context;
    if (this.wire === null || this.isClosed) return;
    if (this.session.phase === PHASE.CLOSED) {
      sessionEnd(call, this.session);
      this.wire.pause();
      this.output.end(mayHaveMore);
    } else if (this.session.phase === PHASE.HELD) {
      this.wire.pause();
      this.holdOn();
    } else if (call.runEnded === RUN_ENDED.BUDGET) {
      this.wire.pause();
      this.wake();
    }
  }

  /** Runs the session again when others have had their turn. */
  wake(): void {
    if (this.waitsForTurn) return;
    this.waitsForTurn = true;
    setImmediate(() => {
      this.waitsForTurn = false;
      if (this.isClosed || this.session.phase !== PHASE.COMMAND) return;
      if (this.gather !== null) this.gatherRun();
      else if (this.carried !== null) this.run(0);
      if (!this.waitsForTurn && !this.isHeld()) this.wire?.resume();
    });
  }

  private isHeld(): boolean {
    return this.session.phase === PHASE.HELD;
  }

  private hasClosed(): boolean {
    return this.session.phase === PHASE.CLOSED;
  }

  /** Reads no more from a client that publishes faster than other threads can take, until they have. */
  private holdOn(): void {
    setTimeout(() => {
      if (this.isClosed || !this.isHeld()) return;
      if (this.context.call.bulletin.isCrowded) {
        this.holdOn();
      } else {
        this.session.phase = PHASE.COMMAND;
        this.wake();
      }
    }, HOLD_MS);
  }

  // ── Replies ───────────────────────────────────────────────────────────────────────────────────

  /** Sends what the batch has answered; before it, what it has sent to others. */
  private replySend(): void {
    const { context, output } = this;
    const { reply } = context.call;
    context.turn.send();
    const { aside } = reply;
    if (aside.length > 0) {
      if (output.refuses(replyTotal(reply))) reply.used = 0;
      else for (const piece of aside) output.send(piece);
      aside.length = 0;
    }
    if (reply.used === 0 || output.send(replyPiece(reply))) replyClear(reply);
    else replyRenew(reply, Buffer.allocUnsafeSlow(REPLY_BYTES_MAX));
  }

  push(bytes: Buffer): void {
    this.output.push(bytes);
  }

  get outputBytes(): number {
    return this.output.bytes;
  }

  get outputPieces(): number {
    return this.output.pieceCount;
  }

  destroy(): void {
    if (this.session.phase !== PHASE.CLOSED) {
      this.session.phase = PHASE.CLOSED;
      sessionEnd(this.context.call, this.session);
    }
    this.output.forget();
    this.wire?.destroy();
  }

  // ── For the thread ────────────────────────────────────────────────────────────────────────────

  close(): void {
    if (this.session.phase === PHASE.CLOSED) return;
    this.session.phase = PHASE.CLOSED;
    sessionEnd(this.context.call, this.session);
    this.output.end(true);
  }

  get idleSecMax(): number {
    return this.context.call.config.hot.timeout;
  }

  idleSec(nowSec: number): number {
    return nowSec - this.context.call.keyspace.control.i32[this.record + CONNECTION.lastCommandSec];
  }

  endIfQuiet(): void {
    const isQuiet = !this.hasNews && this.output.bytes === 0 && !this.waitsForTurn;
    this.hasNews = false;
    if (isQuiet) this.close();
  }

  kick(): boolean {
    const { session } = this;
    if (session.phase !== PHASE.COMMAND || session.isMonitor) return false;
    if (subscriptionCount(session) > 0) return false;
    this.close();
    return true;
  }
}
