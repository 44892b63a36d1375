/**
 * One connection of the load generator. It keeps up to `pipelineDepth` requests under way: what the
 * replies of one read have made room for leaves in one write.
 *
 *   inFlight*   ring of requests without an answer, oldest at `head`: key, kind, and when it was due
 *   due         times of requests offered while the ring was full, under a fixed rate
 *
 * A request's latency counts from when it was due, not from when the ring had room for it: a server
 * that stalls pays for every request it held up.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Histogram, histogramRecord } from '../support/histogram.ts';
import { type Random, randomBelow } from '../support/random.ts';
import type { LoadProfile } from './profile.ts';
import { getReplyJudge, getWrite, REPLY, setReplyJudge, setWrite, type Wire } from './wire.ts';

/** What the connections of a thread share. */
export interface LoadState {
  readonly profile: LoadProfile;
  readonly wire: Wire;
  readonly random: Random;
  readonly histogram: Histogram;
  /** Next key to store while the server is filled; `keyCount` when all are, -1 when it is not filled. */
  fillKeyId: number;
  fillKeyEnd: number;
  /** No new requests. */
  ending: boolean;
  operationCount: number;
  missCount: number;
  errorCount: number;
}

export interface LoadConnection {
  readonly state: LoadState;
  readonly socket: Socket;
  readonly inFlightKeyIds: Int32Array;
  readonly inFlightIsSet: Uint8Array;
  readonly inFlightDueMs: Float64Array;
  head: number;
  count: number;
  readonly due: number[];
  rest: Buffer | null;
  ended: boolean;
  readonly drained: Promise<void>;
  onDrained: () => void;
}

/** Opens a connection; it sends nothing before its first `connectionSend`. */
export async function connectionOpen(state: LoadState): Promise<LoadConnection> {
  const depth = state.profile.pipelineDepth;
  const socket = connect({ port: state.profile.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const { promise, resolve } = Promise.withResolvers<void>();
  const connection: LoadConnection = {
    state,
    socket,
    inFlightKeyIds: new Int32Array(depth),
    inFlightIsSet: new Uint8Array(depth),
    inFlightDueMs: new Float64Array(depth),
    head: 0,
    count: 0,
    due: [],
    rest: null,
    ended: false,
    drained: promise,
    onDrained: resolve,
  };
  socket.on('data', (chunk) => repliesTake(connection, chunk));
  socket.on('error', () => connectionLose(connection));
  socket.on('close', () => connectionLose(connection));
  return connection;
}

/** Ends a connection; what was still under way then has been waited for or is lost. */
export function connectionClose(connection: LoadConnection): void {
  connection.ended = true;
  connection.socket.destroy();
}

/** Fills the ring with due requests and writes them at once; ends the connection's part when none is left. */
export function connectionSend(connection: LoadConnection): void {
  const { state, due } = connection;
  const { profile, wire } = state;
  const paced = profile.ratePerSec > 0 && state.fillKeyId < 0;
  const wanted = paced ? due.length : profile.pipelineDepth;
  const room = Math.min(profile.pipelineDepth - connection.count, wanted);
  const sends = state.ending ? 0 : room;
  if (sends > 0) {
    const nowMs = performance.now();
    // Owned by the socket until it is flushed, so it cannot be one buffer used again.
    const batch = Buffer.allocUnsafe(sends * wire.requestBytesMax);
    let at = 0;
    for (let i = 0; i < sends && !state.ending; i++) {
      at = requestAdd(connection, batch, at, paced ? due[i] : nowMs);
    }
    if (paced) due.splice(0, sends);
    connection.socket.write(batch.subarray(0, at));
  }
  if (state.ending && connection.count === 0) connection.onDrained();
}

/** Chooses a request, writes it and notes it in the ring. */
function requestAdd(
  connection: LoadConnection,
  batch: Buffer,
  offset: number,
  dueMs: number,
): number {
  const { state } = connection;
  const { profile, wire, random } = state;
  const fills = state.fillKeyId >= 0;
  const keyId = fills ? state.fillKeyId++ : randomBelow(random, profile.keyCount);
  if (fills && state.fillKeyId >= state.fillKeyEnd) state.ending = true;
  const weights = profile.setWeight + profile.getWeight;
  const isSet = fills || randomBelow(random, weights) < profile.setWeight;
  const slot = (connection.head + connection.count) % profile.pipelineDepth;
  connection.inFlightKeyIds[slot] = keyId;
  connection.inFlightIsSet[slot] = isSet ? 1 : 0;
  connection.inFlightDueMs[slot] = dueMs;
  connection.count++;
  return isSet ? setWrite(wire, batch, offset, keyId) : getWrite(batch, offset, keyId);
}

/** Judges every whole reply that has arrived, then makes use of the room. */
function repliesTake(connection: LoadConnection, chunk: Buffer): void {
  const { state } = connection;
  const { wire, histogram, profile } = state;
  const nowMs = performance.now();
  const bytes = connection.rest === null ? chunk : Buffer.concat([connection.rest, chunk]);
  let at = 0;
  while (connection.count > 0 && at < bytes.length) {
    const slot = connection.head;
    const reply =
      connection.inFlightIsSet[slot] === 1
        ? setReplyJudge(wire, bytes, at, bytes.length)
        : getReplyJudge(wire, bytes, at, bytes.length, connection.inFlightKeyIds[slot]);
    if (reply === REPLY.incomplete) break;
    if (reply === REPLY.wrong) state.errorCount++;
    if (reply === REPLY.miss) state.missCount++;
    histogramRecord(histogram, (nowMs - connection.inFlightDueMs[slot]) * 1000);
    state.operationCount++;
    connection.head = (slot + 1) % profile.pipelineDepth;
    connection.count--;
    at = wire.replyEnd;
  }
  if (connection.count === 0 && at < bytes.length) {
    state.errorCount++; // an answer that nobody asked for
    at = bytes.length;
  }
  connection.rest = at < bytes.length ? bytes.subarray(at) : null;
  connectionSend(connection);
}

/** The server hung up: whatever it still owed is an error. */
function connectionLose(connection: LoadConnection): void {
  if (connection.ended) return;
  connection.ended = true;
  connection.state.errorCount += Math.max(1, connection.count);
  connection.count = 0;
  connection.socket.destroy();
  connection.onDrained();
}
