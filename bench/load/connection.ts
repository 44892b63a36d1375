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
import type { RecordableHistogram } from 'node:perf_hooks';
import { type Random, randomBelow } from '../../src/base/random.ts';
import { LATENCY_HISTOGRAM, type LoadProfile } from './profile.ts';
import { REPLY, replyJudge, requestWrite, type Wire } from './wire.ts';

/** What the connections of a thread share. */
export interface LoadState {
  readonly profile: LoadProfile;
  readonly wire: Wire;
  readonly random: Random;
  readonly histogram: RecordableHistogram;
  /** No new requests. */
  isEnding: boolean;
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
  isEnded: boolean;
  readonly drained: Promise<void>;
  readonly onDrained: () => void;
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
    isEnded: false,
    drained: promise,
    onDrained: resolve,
  };
  socket.on('data', (chunk) => repliesTake(connection, chunk));
  socket.on('error', () => connectionLose(connection));
  socket.on('close', () => connectionLose(connection));
  return connection;
}

export function connectionClose(connection: LoadConnection): void {
  connection.isEnded = true;
  connection.socket.destroy();
}

/** Fills the ring with requests and writes them at once. After the end it asks whether all is done. */
export function connectionSend(connection: LoadConnection): void {
  const { state, due } = connection;
  const { profile, wire } = state;
  if (state.isEnding) {
    if (connection.count === 0) connection.onDrained();
    return;
  }
  const isPaced = profile.ratePerSec > 0;
  const room = profile.pipelineDepth - connection.count;
  const sendCount = isPaced ? Math.min(room, due.length) : room;
  if (sendCount === 0) return;
  const nowMs = performance.now();
  // Owned by the socket until it is flushed, so it cannot be one buffer used again.
  const batch = Buffer.allocUnsafe(sendCount * wire.requestBytesMax);
  let at = 0;
  for (let i = 0; i < sendCount; i++) {
    at = requestAdd(connection, batch, at, isPaced ? due[i] : nowMs);
  }
  if (isPaced) due.splice(0, sendCount);
  connection.socket.write(batch.subarray(0, at));
}

/** Chooses a request, writes it and notes it in the ring. */
function requestAdd(
  connection: LoadConnection,
  batch: Buffer,
  offset: number,
  dueMs: number,
): number {
  const { profile, wire, random } = connection.state;
  const keyId = randomBelow(random, profile.keyCount);
  const isSet = randomBelow(random, profile.setWeight + profile.getWeight) < profile.setWeight;
  const slot = (connection.head + connection.count) % profile.pipelineDepth;
  connection.inFlightKeyIds[slot] = keyId;
  connection.inFlightIsSet[slot] = isSet ? 1 : 0;
  connection.inFlightDueMs[slot] = dueMs;
  connection.count++;
  return requestWrite(wire, batch, offset, keyId, isSet);
}

/** Judges every whole reply that has arrived, then makes use of the room. */
function repliesTake(connection: LoadConnection, chunk: Buffer): void {
  const { state, inFlightKeyIds, inFlightIsSet, inFlightDueMs } = connection;
  const { wire, profile } = state;
  const nowMs = performance.now();
  const bytes = connection.rest === null ? chunk : Buffer.concat([connection.rest, chunk]);
  let at = 0;
  while (connection.count > 0 && at < bytes.length) {
    const slot = connection.head;
    const reply = replyJudge(wire, bytes, at, inFlightKeyIds[slot], inFlightIsSet[slot] === 1);
    if (reply === REPLY.incomplete) break;
    if (reply === REPLY.wrong) state.errorCount++;
    if (reply === REPLY.miss) state.missCount++;
    latencyRecord(state, nowMs - inFlightDueMs[slot]);
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

function latencyRecord(state: LoadState, latencyMs: number): void {
  const us = Math.round(latencyMs * 1000);
  state.histogram.record(Math.max(1, Math.min(us, LATENCY_HISTOGRAM.highest)));
}

/** The server hung up: whatever it still owed is an error. */
function connectionLose(connection: LoadConnection): void {
  if (connection.isEnded) return;
  connection.isEnded = true;
  connection.state.errorCount += Math.max(1, connection.count);
  connection.count = 0;
  connection.socket.destroy();
  connection.onDrained();
}
