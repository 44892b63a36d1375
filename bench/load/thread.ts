/** One thread's share of a load: its connections, driven until time is up and every reply is in. */

import { type Histogram, histogramMake } from '../support/histogram.ts';
import { randomMake } from '../support/random.ts';
import {
  connectionClose,
  connectionOpen,
  connectionSend,
  type LoadConnection,
  type LoadState,
} from './connection.ts';
import type { LoadProfile } from './profile.ts';
import { wireMake } from './wire.ts';

/** One thread's part of a run; posted as it is. */
export interface ThreadTask {
  readonly profile: LoadProfile;
  /** Store the keys from `fillKeyId` to before `fillKeyEnd` once; -1: run the mix. */
  readonly fillKeyId: number;
  readonly fillKeyEnd: number;
}

export interface ThreadResult {
  readonly histogram: Histogram;
  readonly operationCount: number;
  readonly missCount: number;
  readonly errorCount: number;
  /** From the first request to the last reply. */
  readonly elapsedMs: number;
}

/** Longest wait for replies after the last request. */
const DRAIN_MS_MAX = 10_000;

/** Runs a task in the calling thread. */
export async function threadRun(task: ThreadTask): Promise<ThreadResult> {
  const { profile } = task;
  const state: LoadState = {
    profile,
    wire: wireMake(profile.valueBytes),
    random: randomMake(profile.seed),
    histogram: histogramMake(),
    fillKeyId: task.fillKeyId,
    fillKeyEnd: task.fillKeyEnd,
    ending: task.fillKeyId >= 0 && task.fillKeyId >= task.fillKeyEnd,
    operationCount: 0,
    missCount: 0,
    errorCount: 0,
  };
  const connections = await Promise.all(
    Array.from({ length: profile.connectionCount }, () => connectionOpen(state)),
  );
  const startMs = performance.now();
  const paced = task.fillKeyId < 0 && profile.ratePerSec > 0;
  if (paced) pacerStart(state, connections, startMs);
  for (const connection of connections) connectionSend(connection);
  const timer =
    task.fillKeyId < 0 ? setTimeout(() => runEnd(state, connections), profile.durationMs) : null;
  const limitMs = task.fillKeyId < 0 ? profile.durationMs + DRAIN_MS_MAX : Number.POSITIVE_INFINITY;
  await drainedWait(state, connections, limitMs);
  const elapsedMs = performance.now() - startMs;
  if (timer !== null) clearTimeout(timer);
  for (const connection of connections) connectionClose(connection);
  const { histogram, operationCount, missCount, errorCount } = state;
  return { histogram, operationCount, missCount, errorCount, elapsedMs };
}

/**
 * Hands out requests at the profile's rate, one after the other to each connection. It asks the clock
 * on every turn of the event loop, at the price of a busy core: timers have whole milliseconds only,
 * and would turn a steady load into bursts.
 */
function pacerStart(
  state: LoadState,
  connections: readonly LoadConnection[],
  startMs: number,
): void {
  const stepMs = 1000 / state.profile.ratePerSec;
  let givenCount = 0;
  const turn = (): void => {
    if (state.ending) return;
    const nowMs = performance.now();
    for (; startMs + givenCount * stepMs <= nowMs; givenCount++) {
      const connection = connections[givenCount % connections.length];
      if (connection.ended) continue;
      connection.due.push(startMs + givenCount * stepMs);
      connectionSend(connection);
    }
    setImmediate(turn);
  };
  setImmediate(turn);
}

/** Time is up: connections with nothing under way have no reply to notice it by. */
function runEnd(state: LoadState, connections: readonly LoadConnection[]): void {
  state.ending = true;
  for (const connection of connections) {
    if (connection.count === 0) connection.onDrained();
  }
}

/** Waits until every connection has its replies; those that a silent server owes are errors. */
async function drainedWait(
  state: LoadState,
  connections: readonly LoadConnection[],
  limitMs: number,
): Promise<void> {
  const all = Promise.all(connections.map((connection) => connection.drained));
  if (!Number.isFinite(limitMs)) {
    await all;
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([all, promise]);
  clearTimeout(timer);
  for (const connection of connections) state.errorCount += connection.count;
}
