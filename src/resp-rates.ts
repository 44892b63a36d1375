/**
 * Rates that INFO tells: how much of something there was a second, lately. Ten times a second the main
 * thread looks at the counters of all data threads, and the mean of the last sixteen looks counts.
 */
import type { Keyspace } from './engine/keyspace.ts';
import { memoryUse } from './engine/memory-use.ts';
import { RESP_COUNTER, RESP_RATE, respCounterSum } from './memory/resp-stats.ts';

const LOOK_MS = 100;
const LOOK_COUNT = 16;

/** Counters, and the rates they make. */
const WATCHED = [
  [RESP_COUNTER.commands, RESP_RATE.commands],
  [RESP_COUNTER.bytesRead, RESP_RATE.bytesRead],
  [RESP_COUNTER.bytesWritten, RESP_RATE.bytesWritten],
  [RESP_COUNTER.reads, RESP_RATE.reads],
  [RESP_COUNTER.loopUs, RESP_RATE.loopUs],
] as const;

export class RespRates {
  private readonly keyspace: Keyspace;
  /** The last looks, oldest first: when, and the sums. */
  private readonly looks: { readonly atMs: number; readonly sums: readonly number[] }[] = [];

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  start(): void {
    const { f64 } = this.keyspace.respStats;
    f64[RESP_RATE.memoryStartBytes] = memoryUse(this.keyspace).usedBytes;
    this.look();
    setInterval(() => this.look(), LOOK_MS).unref();
  }

  private look(): void {
    const startedMs = performance.now();
    const { respStats } = this.keyspace;
    const { f64 } = respStats;
    const sums = WATCHED.map(([counter]) => respCounterSum(respStats, counter));
    // CONFIG RESETSTAT has set them to zero.
    if (this.looks.some((look) => look.sums[0] > sums[0])) this.looks.length = 0;
    this.looks.push({ atMs: performance.now(), sums });
    if (this.looks.length > LOOK_COUNT + 1) this.looks.shift();
    const [first] = this.looks;
    const seconds = (performance.now() - first.atMs) / 1000;
    for (const [at, [, rate]] of WATCHED.entries()) {
      f64[rate] = seconds === 0 ? 0 : (sums[at] - first.sums[at]) / seconds;
    }
    const { usedBytes } = memoryUse(this.keyspace);
    f64[RESP_RATE.memoryPeakBytes] = Math.max(f64[RESP_RATE.memoryPeakBytes], usedBytes);
    f64[RESP_RATE.lookUs] += (performance.now() - startedMs) * 1000;
  }
}
