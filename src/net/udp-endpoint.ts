/**
 * UDP: each datagram is a batch of requests by itself, with a session that ends with it. What of it is
 * incomplete is dropped, as is whatever else goes wrong: the client asks again, or does without.
 *
 * Whoever can send from a false address can have the replies sent there. So UDP is off unless asked
 * for, a reply is bounded, and so is what may wait to be sent.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { errorSystemCode } from '../base/errors.ts';
import { sessionRun } from '../commands/memcached/dispatch.ts';
import {
  PHASE,
  PROTOCOL,
  type Protocol,
  Session,
  type SessionHost,
} from '../commands/memcached/session.ts';
import { valueAbandon } from '../commands/memcached/value-receive.ts';
import { trackedTellNow } from '../commands/resp/tracking/tracking.ts';
import { RUN_ENDED } from '../commands/run-ended.ts';
import {
  CONNECTION,
  connectionClaim,
  connectionRelease,
  connectionTextsSet,
} from '../memory/connections.ts';
import { COUNTER } from '../memory/control.ts';
import { LF } from '../protocol/memcached/line.ts';
import { REPLY } from '../protocol/memcached/replies.ts';
import { type ReplySink, replyClear } from '../protocol/reply.ts';
import type { ConnectionContext } from './connection.ts';
import { UDP_DATA_BYTES_MAX, UDP_HEADER_BYTES, udpDatagrams, udpRequestId } from './udp-frame.ts';
import { CARRY_BYTES_MAX } from './wire.ts';

export type UdpTarget = { readonly host: string | null; readonly port: number };

/** 2.7 MiB: any value of the default -I, and more than the network will bear at once. */
const REPLY_DATAGRAMS_MAX = 2048;
const REPLY_BYTES_MAX = REPLY_DATAGRAMS_MAX * UDP_DATA_BYTES_MAX;
/** Replies are dropped while so much waits to be sent. */
const QUEUE_BYTES_MAX = 16 * 2 ** 20;

export class UdpEndpoint implements ReplySink, SessionHost {
  readonly record: number;
  readonly isStream = false;
  remoteAddress: string | undefined = undefined;
  private readonly context: ConnectionContext;
  private readonly socket: Socket;
  private readonly protocol: Protocol;
  /** The reply in the making. */
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  private isTooLong = false;

  /** `text` as listenerText gives it: `udp:127.0.0.1:11211`. */
  constructor(context: ConnectionContext, socket: Socket, text: string, protocol: Protocol) {
    const { keyspace, server } = context.call;
    this.context = context;
    this.socket = socket;
    this.protocol = protocol;
    // A place among the connections, so that a thread's death lets go of what it held.
    this.record = connectionClaim(keyspace.control, server.threadIndex);
    if (this.record >= 0) connectionTextsSet(keyspace.control, this.record, text, text);
    this.lastCommandNote(Math.floor(Date.now() / 1000));
    socket.on('message', (datagram, from) => this.received(datagram, from));
    // Errors are of single datagrams: a client that is gone, a network that is down.
    socket.on('error', () => this.dropNote());
  }

  close(): void {
    this.socket.close();
    if (this.record >= 0) connectionRelease(this.context.call.keyspace.control, this.record);
  }

  private received(datagram: Buffer, from: RemoteInfo): void {
    const { call } = this.context;
    call.counters[call.block + COUNTER.bytesRead] += datagram.length;
    const requestId = udpRequestId(datagram);
    if (requestId < 0) {
      this.dropNote();
      return;
    }
    this.remoteAddress = from.address;
    const reply = this.run(datagram);
    if (reply.length === 0) return;
    if (this.socket.getSendQueueSize() > QUEUE_BYTES_MAX) {
      this.dropNote();
      return;
    }
    for (const piece of udpDatagrams(requestId, reply)) {
      call.counters[call.block + COUNTER.bytesWritten] += piece.length;
      this.socket.send(piece, from.port, from.address, (error) => {
        if (error !== null) this.dropNote();
      });
    }
  }

  /** Runs the requests of a datagram; the reply, or nothing. */
  private run(datagram: Buffer): Buffer {
    const { call, buffers } = this.context;
    const session = new Session(this, this.protocol, !call.auth.isNeeded);
    const end = CARRY_BYTES_MAX + datagram.copy(buffers.readArea, 0, UDP_HEADER_BYTES);
    buffers.input[end] = LF;
    call.session = session;
    call.end = end;
    call.reply.sink = this;
    call.reply.isBlocked = false;
    let at = CARRY_BYTES_MAX;
    do at = sessionRun(call, at);
    while (call.runEnded === RUN_ENDED.BUDGET);
    this.lastCommandNote(call.op.nowSec);
    if (call.keyspace.tracked.hasNews) trackedTellNow(this.context.resp.call);
    this.replySend();
    const { phase } = session;
    const waits = [PHASE.RECEIVE, PHASE.GATHER, PHASE.AWAIT].some((one) => one === phase);
    const isWhole = at === end && !waits;
    if (!isWhole && phase !== PHASE.CLOSED) this.dropNote();
    if (session.phase === PHASE.SEND || session.phase === PHASE.RECEIVE) valueAbandon(call);
    session.phase = PHASE.CLOSED;
    const { pieces, isTooLong } = this;
    this.pieces = [];
    this.pieceBytes = 0;
    this.isTooLong = false;
    if (!isTooLong) return Buffer.concat(pieces);
    return session.protocol === PROTOCOL.TEXT ? REPLY.noMemoryGet : Buffer.alloc(0);
  }

  /** Takes what was gathered so far; false, and nothing more, when the reply becomes too long. */
  replySend(): boolean {
    const { reply } = this.context.call;
    this.pieceBytes += reply.used;
    this.isTooLong ||= this.pieceBytes > REPLY_BYTES_MAX;
    if (this.isTooLong) {
      this.pieces = [];
      reply.isBlocked = true;
    } else if (reply.used > 0) {
      this.pieces.push(Buffer.from(reply.bytes.subarray(0, reply.used)));
    }
    replyClear(reply);
    return !this.isTooLong;
  }

  holdSet(partition: number, ref: number, resetCount: number): void {
    if (this.record < 0) return;
    const { i32 } = this.context.call.keyspace.control;
    i32[this.record + CONNECTION.holdResets] = resetCount;
    i32[this.record + CONNECTION.holdRef] = ref;
    i32[this.record + CONNECTION.holdPartition] = partition + 1; // last: from here on it counts
  }

  holdClear(): void {
    if (this.record < 0) return;
    this.context.call.keyspace.control.i32[this.record + CONNECTION.holdPartition] = 0;
  }

  /** A session that waits for work elsewhere has ended with its datagram. */
  wake(): void {
    this.dropNote();
  }

  private lastCommandNote(nowSec: number): void {
    if (this.record < 0) return;
    this.context.call.keyspace.control.i32[this.record + CONNECTION.lastCommandSec] = nowSec;
  }

  private dropNote(): void {
    const { counters, block } = this.context.call;
    counters[block + COUNTER.udpDrops]++;
  }
}

/** A socket on the address; and which port it got. Rejects as bind() fails. */
export async function udpBind(
  target: UdpTarget,
  reusePort: boolean,
): Promise<{ socket: Socket; port: number }> {
  if (target.host === null) {
    try {
      return await udpBindTo('::', 'udp6', target.port, reusePort); // IPv4 comes there too
    } catch (error) {
      if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(errorSystemCode(error)))
        throw error;
      return await udpBindTo('0.0.0.0', 'udp4', target.port, reusePort);
    }
  }
  const { address, family } = await lookup(target.host);
  return udpBindTo(address, family === 6 ? 'udp6' : 'udp4', target.port, reusePort);
}

function udpBindTo(
  address: string,
  type: 'udp4' | 'udp6',
  port: number,
  reusePort: boolean,
): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket({ type, reusePort });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port }, () => {
      socket.removeAllListeners('error');
      resolve({ socket, port: socket.address().port });
    });
  });
}

/** Rejects when somebody has the port already: sharing it would not tell. */
export async function udpPortCheck(target: UdpTarget): Promise<void> {
  if (target.port === 0) return;
  const { socket } = await udpBind(target, false);
  socket.close();
}
