/**
 * Our load generator: worker threads that live through a whole bench, so that their code stays warm.
 * It checks every reply.
 */

import { once } from 'node:events';
import { createHistogram } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import {
  LATENCY_HISTOGRAM,
  type LoadGenerator,
  type LoadPart,
  type LoadProfile,
  type LoadResult,
} from './profile.ts';
import { keyName } from './wire.ts';

export function generatorOpen(threadCount: number): LoadGenerator {
  const entry = new URL('./load-worker.ts', import.meta.url);
  const workers = Array.from({ length: threadCount }, () => new Worker(entry));
  return {
    title: `own load generator (${threadCount} threads), every reply checked`,
    keyName,
    run: async (profile) => {
      const parts = workers.map((worker, i) => partRun(worker, partOf(profile, threadCount, i)));
      return partsMerge(await Promise.all(parts));
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** A thread's share of connections and rate, and a seed of its own. */
function partOf(profile: LoadProfile, threadCount: number, i: number): LoadProfile {
  const connectionsBefore = (thread: number): number =>
    Math.floor((profile.connectionCount * thread) / threadCount);
  return {
    ...profile,
    connectionCount: connectionsBefore(i + 1) - connectionsBefore(i),
    ratePerSec: profile.ratePerSec / threadCount,
    seed: profile.seed + i,
  };
}

async function partRun(worker: Worker, profile: LoadProfile): Promise<LoadPart> {
  worker.postMessage(profile);
  const [part] = await once(worker, 'message'); // rejects when the thread fails
  return part as LoadPart; // the only thing a load thread posts
}

function partsMerge(parts: readonly LoadPart[]): LoadResult {
  const histogram = createHistogram(LATENCY_HISTOGRAM);
  for (const part of parts) histogram.add(part.histogram);
  const sum = (of: (part: LoadPart) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    operationCount: sum((part) => part.operationCount),
    opsPerSec: sum((part) => (part.operationCount / part.elapsedMs) * 1000),
    p50Us: histogram.percentile(50),
    p99Us: histogram.percentile(99),
    p999Us: histogram.percentile(99.9),
    missCount: sum((part) => part.missCount),
    errorCount: sum((part) => part.errorCount),
  };
}
