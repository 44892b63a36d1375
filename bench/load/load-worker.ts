/** A load thread: runs the profiles it is posted, one after the other, until every reply is in. */

import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { randomMake } from '../../src/base/random.ts';
import {
  connectionClose,
  connectionOpen,
  connectionSend,
  type LoadConnection,
  type LoadState,
} from './connection.ts';
import { LATENCY_HISTOGRAM, type LoadPart, type LoadProfile } from './profile.ts';
import { wireMake } from './wire.ts';

/** Longest wait for replies after the last request. */
const DRAIN_MS_MAX = 10_000;

parentPort?.on('message', async (profile: LoadProfile) => {
  parentPort?.postMessage(await profileRun(profile));
});

async function profileRun(profile: LoadProfile): Promise<LoadPart> {
  const state: LoadState = {
    profile,
    wire: wireMake(profile.valueBytes),
    random: randomMake(profile.seed),
    histogram: createHistogram(LATENCY_HISTOGRAM),
    isEnding: false,
    operationCount: 0,
    missCount: 0,
    errorCount: 0,
  };
  const connections = await Promise.all(
    Array.from({ length: profile.connectionCount }, () => connectionOpen(state)),
  );
  const startMs = performance.now();
  if (profile.ratePerSec > 0) pacerStart(state, connections, startMs);
  for (const connection of connections) connectionSend(connection);
  await sleep(profile.durationMs);
  state.isEnding = true;
  for (const connection of connections) connectionSend(connection); // some have no reply to end by
  await drainedWait(connections);
  const elapsedMs = performance.now() - startMs;
  for (const connection of connections) {
    state.errorCount += connection.count; // never answered
    connectionClose(connection);
  }
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
    if (state.isEnding) return;
    const nowMs = performance.now();
    for (; startMs + givenCount * stepMs <= nowMs; givenCount++) {
      const connection = connections[givenCount % connections.length];
      if (connection.isEnded) continue;
      connection.due.push(startMs + givenCount * stepMs);
      connectionSend(connection);
    }
    setImmediate(turn);
  };
  setImmediate(turn);
}

/** Waits until every connection has its replies, or a silent server has had its time. */
async function drainedWait(connections: readonly LoadConnection[]): Promise<void> {
  const all = Promise.all(connections.map((connection) => connection.drained));
  await Promise.race([all, sleep(DRAIN_MS_MAX, undefined, { ref: false })]);
}
