/** Our load generator: worker threads that live through a whole bench, so that their code stays warm. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { histogramMake, histogramMerge, histogramPercentileUs } from '../support/histogram.ts';
import type { LoadGenerator, LoadProfile, LoadResult } from './profile.ts';
import type { ThreadResult, ThreadTask } from './thread.ts';

export function generatorOpen(threadCount: number): LoadGenerator {
  const entry = new URL('./worker.ts', import.meta.url);
  const workers = Array.from({ length: threadCount }, () => new Worker(entry));
  return {
    title: `own load generator, ${threadCount} thread${threadCount === 1 ? '' : 's'}, every reply checked`,
    fill: async (profile) => {
      const { errorCount } = await tasksRun(workers, fillTasks(profile, threadCount));
      if (errorCount > 0)
        throw new Error(`${errorCount} of ${profile.keyCount} keys were not stored`);
    },
    run: (profile) => tasksRun(workers, runTasks(profile, threadCount)),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** Connections and rate shared out; each thread with a seed of its own. */
function runTasks(profile: LoadProfile, threadCount: number): readonly ThreadTask[] {
  return Array.from({ length: threadCount }, (_, i) => ({
    profile: {
      ...profile,
      connectionCount: share(profile.connectionCount, threadCount, i),
      ratePerSec: profile.ratePerSec / threadCount,
      seed: profile.seed + i,
    },
    fillKeyId: -1,
    fillKeyEnd: -1,
  }));
}

/** The keys shared out, few connections, deep pipelines. */
function fillTasks(profile: LoadProfile, threadCount: number): readonly ThreadTask[] {
  return Array.from({ length: threadCount }, (_, i) => ({
    profile: { ...profile, connectionCount: 4, pipelineDepth: 64 },
    fillKeyId: Math.floor((profile.keyCount * i) / threadCount),
    fillKeyEnd: Math.floor((profile.keyCount * (i + 1)) / threadCount),
  }));
}

/** The i-th of `partCount` nearly equal parts. */
function share(total: number, partCount: number, i: number): number {
  return Math.floor((total * (i + 1)) / partCount) - Math.floor((total * i) / partCount);
}

async function tasksRun(
  workers: readonly Worker[],
  tasks: readonly ThreadTask[],
): Promise<LoadResult> {
  const parts = await Promise.all(
    workers.map(async (worker, i): Promise<ThreadResult> => {
      worker.postMessage(tasks[i]);
      const [part] = await once(worker, 'message'); // `once` rejects when the thread fails
      return part as ThreadResult; // the only thing a load thread posts
    }),
  );
  const histogram = histogramMake();
  let operationCount = 0;
  let opsPerSec = 0;
  let missCount = 0;
  let errorCount = 0;
  for (const part of parts) {
    histogramMerge(histogram, part.histogram);
    operationCount += part.operationCount;
    opsPerSec += (part.operationCount / Math.max(part.elapsedMs, 1e-3)) * 1000;
    missCount += part.missCount;
    errorCount += part.errorCount;
  }
  return {
    operationCount,
    opsPerSec,
    p50Us: histogramPercentileUs(histogram, 50),
    p99Us: histogramPercentileUs(histogram, 99),
    p999Us: histogramPercentileUs(histogram, 99.9),
    missCount,
    errorCount,
  };
}
