/**
 * Our load generator, the one of `flagstone bench`, with what a bench asks of it: memcached or RESP on a port of this
 * machine, every reply checked.
 */

import { Generator, type LoadOutcome } from '../../src/load/generator.ts';
import { histogramPercentile, TICKS_PER_MS } from '../../src/load/histogram.ts';
import { KEY_PREFIX_USUAL, keyName } from '../../src/load/key-names.ts';
import type { LoadPlan, Protocol } from '../../src/load/plan.ts';
import { errorsCount, kindsMerge } from '../../src/load/tally.ts';
import { workerUrl } from '../../src/worker-url.ts';
import type { LoadGenerator, LoadProfile, LoadResult } from './profile.ts';

/** Longest wait for replies that the server owes. */
const SILENCE_MS_MAX = 10_000;
const US_PER_TICK = 1000 / TICKS_PER_MS;

export function generatorOpen(threadCount: number, protocol: Protocol = 'text'): LoadGenerator {
  const generator = new Generator(threadCount, workerUrl('load'));
  return {
    title: `own load generator (${threadCount} threads), every reply checked`,
    keyName: benchKeyName,
    run: async (profile) => {
      const load = await generator.start(planMake(profile, protocol));
      return resultMake(await load.outcome);
    },
    close: () => generator.close(),
  };
}

/** Name of a key, of those below a hundred million. */
export function benchKeyName(keyId: number): string {
  return keyName(KEY_PREFIX_USUAL, 0, keyId);
}

function planMake(profile: LoadProfile, protocol: Protocol): LoadPlan {
  const { setWeight, getWeight, valueBytes } = profile;
  const kinds = [
    { name: 'set', verb: 'set', weight: setWeight, words: null },
    { name: 'get', verb: 'get', weight: getWeight, words: null },
  ] as const;
  return {
    target: {
      protocol,
      address: { host: '127.0.0.1', port: profile.port },
      tls: null,
      login: null,
    },
    kinds: kinds.filter(({ weight }) => weight > 0),
    connectionCount: profile.connectionCount,
    pipelineDepth: profile.pipelineDepth,
    keyCount: profile.keyCount,
    keyPrefix: KEY_PREFIX_USUAL,
    keyDraw: { kind: 'uniform' },
    valueSizes: [{ min: valueBytes, max: valueBytes, weight: 1 }],
    expireSec: 0,
    verifies: true,
    seed: profile.seed,
    durationMs: profile.durationMs,
    requestCount: Number.POSITIVE_INFINITY,
    ratePerSec: profile.ratePerSec,
    silenceMsMax: SILENCE_MS_MAX,
  };
}

function resultMake({ totals, opsPerSec }: LoadOutcome): LoadResult {
  const all = kindsMerge(totals.kinds);
  const percentileUs = (percent: number): number =>
    histogramPercentile(all.counts, percent, all.ticksMax) * US_PER_TICK;
  return {
    operationCount: all.operationCount,
    opsPerSec,
    p50Us: percentileUs(50),
    p99Us: percentileUs(99),
    p999Us: percentileUs(99.9),
    missCount: all.missCount,
    errorCount: errorsCount(totals),
  };
}
