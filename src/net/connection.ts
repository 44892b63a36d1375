/**
 * A connection: carries bytes between a wire and a session. Each read is worked off at once: all
 * requests in it are run, and their replies leave in one write. What is left over, an incomplete
 * request, waits in a buffer of its own and is put before the next read, so that requests always lie
 * in one piece.
 *
 * A client that does not read what it asked for is not read from either, until it does.
 */
import { assert } from '../base/assert.ts';
import { clockUs } from '../base/clock.ts';
import type { Call } from '../commands/memcached/call.ts';
import { sessionRun } from '../commands/memcached/dispatch.ts';
import {
  CLOSE_REASON,
  PHASE,
  type Phase,
  type Protocol,
  Session,
  type SessionHost,
} from '../commands/memcached/session.ts';
import { valueAbandon } from '../commands/memcached/value-receive.ts';
import type { RespCall } from '../commands/resp/call.ts';
import { trackedTellNow } from '../commands/resp/tracking/tracking.ts';
import { RUN_ENDED } from '../commands/run-ended.ts';
import {
  CONNECTION,
  connectionRelease,
  connectionRemote,
  connectionTextsSet,
} from '../memory/connections.ts';
import { batchTimeNote, COUNTER } from '../memory/control.ts';
import { LF } from '../protocol/memcached/line.ts';
import {
  REPLY_BYTES_MAX,
  type ReplySink,
  replyClear,
  replyPiece,
  replyRenew,
} from '../protocol/reply.ts';
import { connectTell, disconnectTell } from './connection-events.ts';
import type { OpenConnection } from './open-connection.ts';
import { RespContext } from './resp-context.ts';
import {
  CARRY_BYTES_MAX,
  type IoBuffers,
  READ_BYTES_MAX,
  type Wire,
  type WireEvents,
} from './wire.ts';

/** A power of two. */
const BATCHES_PER_SAMPLE = 8;
/** Reply buffers that may be out with slow clients at a time, per thread: 128 MiB. */
const KEPT_BUFFERS_MAX = 2048;
const SPARE_BUFFERS_MAX = 16;
const NOT_KICKED: readonly Phase[] = [PHASE.CLOSED, PHASE.AWAIT, PHASE.WATCH];

/** What the connections of a thread share. */
export class ConnectionContext {
  readonly call: Call;
  readonly buffers: IoBuffers;
  readonly open = new Set<OpenConnection>();
  /** Reply buffers that came back from slow clients. */
  readonly spareBuffers: Buffer[] = [];
  keptBuffers = 0;
  /** Batches that were run; every eighth is timed, since to read the clock costs as much as a small one. */
  batches = 0;
  /** What the thread's RESP connections share. */
  readonly resp: RespContext;

  constructor(call: Call, respCall: RespCall, buffers: IoBuffers) {
    this.call = call;
    this.buffers = buffers;
    this.resp = new RespContext(respCall, buffers, this.open);
    call.input = buffers.input;
    call.view = buffers.view;
  }
}

export class Connection implements WireEvents, ReplySink, SessionHost, OpenConnection {
  private readonly context: ConnectionContext;
  private readonly session: Session;
  /** i32 index of this connection's record in the connection table. */
  readonly record: number;
  readonly isStream = true;
  readonly remoteAddress: string | undefined;
  private wire: Wire | null = null;
  /** An incomplete request, or requests that wait for the client to read. */
  private carried: Buffer | null = null;
  /** Reply buffers that are on their way to the client, oldest first. */
  private readonly kept: Buffer[] = [];
  private waitsForTurn = false;
  /** Something has come since endIfQuiet last asked. */
  private hasNews = false;
  private isClosed = false;
  private isToldClosed = false;

  constructor(
    context: ConnectionContext,
    record: number,
    remoteAddress: string | undefined,
    remote: string,
    listener: string,
    protocol: Protocol,
  ) {
    this.context = context;
    this.record = record;
    this.remoteAddress = remoteAddress;
    this.session = new Session(this, protocol, !context.call.auth.isNeeded);
    const { control } = context.call.keyspace;
    connectionTextsSet(control, record, remote, listener);
    this.lastCommandNote(Math.floor(Date.now() / 1000));
    context.open.add(this);
    connectTell(context.call.keyspace.log, control.i32[record + CONNECTION.id], remote);
  }

  /** Once, right after construction. */
  wireAttach(wire: Wire): void {
    this.wire = wire;
  }

  // ── Wire ──────────────────────────────────────────────────────────────────────────────────────

  wireData(bytes: number): void {
    if (this.isClosed || this.session.phase === PHASE.CLOSED) return;
    const { call } = this.context;
    call.counters[call.block + COUNTER.bytesRead] += bytes;
    this.hasNews = true;
    this.run(bytes);
  }

  wireDrained(): void {
    const { context, kept } = this;
    const buffer = kept.shift();
    assert(buffer !== undefined, 'only what was queued drains');
    context.keptBuffers--;
    if (context.spareBuffers.length < SPARE_BUFFERS_MAX) context.spareBuffers.push(buffer);
    if (kept.length > 0 || this.session.phase === PHASE.CLOSED) return;
    this.run(0);
    this.resumeIfIdle();
  }

  wireClosed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { context } = this;
    this.itemRelease();
    this.disconnectTell();
    this.session.phase = PHASE.CLOSED;
    this.session.exchange?.close();
    context.keptBuffers -= this.kept.length;
    this.kept.length = 0;
    this.carried = null;
    context.open.delete(this);
    connectionRelease(context.call.keyspace.control, this.record);
  }

  /** Runs what was carried over and `bytes` bytes of the read area behind it. */
  private run(bytes: number): void {
    const { call, buffers } = this.context;
    const { carried } = this;
    let start = CARRY_BYTES_MAX;
    if (carried !== null) {
      start -= carried.length;
      assert(start >= 0, 'what was carried over fits before the read area');
      carried.copy(buffers.input, start);
      this.carried = null;
    }
    const end = CARRY_BYTES_MAX + bytes;
    buffers.input[end] = LF;
    call.session = this.session;
    call.end = end;
    call.reply.sink = this;
    call.reply.isBlocked = this.kept.length > 0;
    const isTimed = (++this.context.batches & (BATCHES_PER_SAMPLE - 1)) === 0;
    const startedUs = isTimed ? clockUs() : 0;
    const at = sessionRun(call, start);
    if (isTimed) batchTimeNote(call.keyspace.control, call.block, clockUs() - startedUs);
    this.lastCommandNote(call.op.nowSec);
    if (call.keyspace.tracked.hasNews) trackedTellNow(this.context.resp.call);
    this.replySend();
    this.settle(at, end, bytes);
  }

  /** After a run: keeps what is left of the input, or closes, or goes on at the next turn. */
  private settle(at: number, end: number, bytes: number): void {
    const { call, buffers } = this.context;
    if (this.wire === null || this.isClosed) return;
    if (this.session.phase === PHASE.CLOSED) {
      this.disconnectTell();
      // Whether there is more: behind the last request, not read yet, or not asked for in this run.
      const mayHaveMore = at !== end || bytes === READ_BYTES_MAX || bytes === 0;
      this.wire.pause();
      this.wire.end(mayHaveMore);
      return;
    }
    if (at < end) this.carry(Buffer.from(buffers.input.subarray(at, end)));
    if (call.runEnded === RUN_ENDED.BUDGET) this.turnAwait();
    if (this.session.phase === PHASE.AWAIT) this.wire.pause();
  }

  /** Keeps what was not used up. Behind a whole line, that is a store whose value is still to come. */
  private carry(rest: Buffer): void {
    this.carried = rest;
    const { call } = this.context;
    if (call.runEnded !== RUN_ENDED.INPUT || this.session.phase !== PHASE.COMMAND) return;
    if (!rest.includes(LF)) return;
    call.keyspace.control.i32[this.record + CONNECTION.phase] = PHASE.RECEIVE;
  }

  /** Other connections first. Reading stops, so that nothing overtakes what is carried. */
  private turnAwait(): void {
    this.wire?.pause();
    this.waitsForTurn = true;
    setImmediate(() => {
      this.waitsForTurn = false;
      if (this.isClosed || this.kept.length > 0) return;
      this.run(0);
      this.resumeIfIdle();
    });
  }

  wake(): void {
    if (this.isClosed || this.kept.length > 0 || this.waitsForTurn) return; // it will be run anyway
    this.run(0);
    this.resumeIfIdle();
  }

  private resumeIfIdle(): void {
    const { phase } = this.session;
    const waits = this.kept.length > 0 || this.waitsForTurn;
    if (!waits && phase !== PHASE.CLOSED && phase !== PHASE.AWAIT) this.wire?.resume();
  }

  /** The first time that the session is found closed; the wire may linger. */
  private disconnectTell(): void {
    if (this.isToldClosed) return;
    this.isToldClosed = true;
    const { control, log } = this.context.call.keyspace;
    const id = control.i32[this.record + CONNECTION.id];
    disconnectTell(log, id, connectionRemote(control, this.record), this.session.closeReason);
  }

  private lastCommandNote(nowSec: number): void {
    const { i32 } = this.context.call.keyspace.control;
    i32[this.record + CONNECTION.lastCommandSec] = nowSec;
    i32[this.record + CONNECTION.phase] = this.session.phase;
  }

  // ── Replies ───────────────────────────────────────────────────────────────────────────────────

  replySend(): boolean {
    const { context, wire } = this;
    const { reply, counters, block } = context.call;
    if (reply.used === 0 || wire === null) return this.kept.length === 0;
    counters[block + COUNTER.bytesWritten] += reply.used;
    const sent = wire.send(replyPiece(reply));
    if (sent) {
      replyClear(reply);
      return true;
    }
    counters[block + COUNTER.outputBlocked]++;
    this.kept.push(reply.bytes);
    context.keptBuffers++;
    replyRenew(reply, context.spareBuffers.pop() ?? Buffer.allocUnsafeSlow(REPLY_BYTES_MAX));
    reply.isBlocked = true;
    wire.pause();
    if (context.keptBuffers > KEPT_BUFFERS_MAX) {
      counters[block + COUNTER.outputCuts]++;
      wire.destroy();
    }
    return false;
  }

  // ── Held items ────────────────────────────────────────────────────────────────────────────────

  holdSet(partition: number, ref: number, resetCount: number): void {
    const { i32 } = this.context.call.keyspace.control;
    i32[this.record + CONNECTION.holdResets] = resetCount;
    i32[this.record + CONNECTION.holdRef] = ref;
    i32[this.record + CONNECTION.holdPartition] = partition + 1; // last: from here on it counts
  }

  holdClear(): void {
    this.context.call.keyspace.control.i32[this.record + CONNECTION.holdPartition] = 0;
  }

  // ── For the thread ────────────────────────────────────────────────────────────────────────────

  get idleSecMax(): number {
    return this.context.call.server.config.idleTimeoutSec;
  }

  idleSec(nowSec: number): number {
    return nowSec - this.context.call.keyspace.control.i32[this.record + CONNECTION.lastCommandSec];
  }

  endIfQuiet(): void {
    const isAtWork = this.waitsForTurn || this.session.phase === PHASE.AWAIT;
    const isQuiet = !this.hasNews && this.kept.length === 0 && !isAtWork;
    this.hasNews = false;
    if (!isQuiet) return;
    if (this.session.phase !== PHASE.CLOSED) this.session.closeReason = CLOSE_REASON.SHUTDOWN;
    this.end();
  }

  /**
   * Closes a connection on which nothing has moved for too long. False: it is closing already, the
   * client waits for us, or it watches and there is nothing to say.
   */
  kick(): boolean {
    const { session } = this;
    const isBehind = this.kept.length > 0;
    if (!isBehind && NOT_KICKED.includes(session.phase)) return false;
    session.closeReason = CLOSE_REASON.IDLE;
    if (isBehind) this.wire?.destroy();
    else this.end();
    return true;
  }

  destroy(): void {
    this.wire?.destroy();
  }

  private end(): void {
    if (this.session.phase === PHASE.CLOSED) return;
    this.itemRelease();
    this.disconnectTell();
    this.session.phase = PHASE.CLOSED;
    this.wire?.end(true);
  }

  /** Lets go of the item that was being sent or received. */
  private itemRelease(): void {
    const { context, session } = this;
    if (session.phase !== PHASE.SEND && session.phase !== PHASE.RECEIVE) return;
    context.call.session = session;
    valueAbandon(context.call);
  }
}
