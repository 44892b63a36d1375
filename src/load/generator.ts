/**
 * The load generator: worker threads that live through many plans. A plan is run by all of them together: they open
 * their connections, start when all have, and count in memory that can be read meanwhile.
 */
import { Worker } from 'node:worker_threads';
import { FlagstoneError } from '../base/errors.ts';
import { STREAM_HANDLE_NODE_OPTIONS } from '../base/stream-handle.ts';
import type { LoadNews, LoadOrder, LoadPart } from './messages.ts';
import { type LoadPlan, planShares } from './plan.ts';
import { Tally, type Totals, talliesSum } from './tally.ts';

/** Half of the time of a thread with a nursery of 1 MiB, which a server's thread is content with, goes to sweeping it. */
const YOUNG_MB = 16;
/** A thread that is busy for this share of the time is what limits a load. */
export const BUSY_SHARE_MAX = 0.95;

/** A load that is going on. */
export interface RunningLoad {
  /** What has been counted by now. */
  look(): Totals;
  /** Sends no more; the replies that are owed still come. */
  end(): void;
  readonly outcome: Promise<LoadOutcome>;
}

export interface LoadOutcome {
  readonly totals: Totals;
  readonly parts: readonly LoadPart[];
  /** The longest thread's. */
  readonly elapsedMs: number;
  readonly opsPerSec: number;
  readonly problems: ReadonlyMap<string, number>;
  readonly fellSilent: boolean;
}

export class Generator {
  private readonly threads: readonly Thread[];

  /** `entry`: where a load thread's entry point lies. */
  constructor(threadCount: number, entry: URL) {
    this.threads = Array.from({ length: threadCount }, () => new Thread(entry));
  }

  /** Opens all connections, then starts. Errors: FlagstoneError. */
  async start(plan: LoadPlan): Promise<RunningLoad> {
    const kindCount = plan.kinds.length;
    const shares = planShares(plan, this.threads.length);
    const threads = this.threads.slice(0, shares.length);
    const tallies = shares.map(() => Tally.make(kindCount));
    const opened = threads.map((thread, i) =>
      thread.ask({ kind: 'open', share: shares[i], tally: tallies[i].memory }),
    );
    const news = await Promise.all(opened);
    const failed = news.find((one) => one.kind === 'failed');
    if (failed !== undefined) {
      for (const thread of threads) thread.order({ kind: 'end' });
      throw new FlagstoneError(failed.code, failed.exitCode, failed.message);
    }
    const done = threads.map((thread) => thread.ask({ kind: 'go' }));
    return {
      look: () => talliesSum(tallies, kindCount),
      end: () => {
        for (const thread of threads) thread.order({ kind: 'end' });
      },
      outcome: Promise.all(done).then((all) => outcomeMake(all, tallies, kindCount)),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.worker.terminate()));
  }
}

class Thread {
  readonly worker: Worker;
  private told: ((news: LoadNews) => void) | null = null;
  private failed: ((error: Error) => void) | null = null;
  private death: Error | null = null;

  constructor(entry: URL) {
    this.worker = new Worker(entry, {
      execArgv: STREAM_HANDLE_NODE_OPTIONS,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.worker.on('message', (news: LoadNews) => this.told?.(news));
    this.worker.on('error', (error: Error) => {
      this.death = error;
      this.failed?.(error);
    });
  }

  order(order: LoadOrder): void {
    this.worker.postMessage(order);
  }

  /** Resolves to the answer. Rejects when the thread dies, which is a bug. */
  ask(order: LoadOrder): Promise<LoadNews> {
    return new Promise((resolve, reject) => {
      if (this.death !== null) {
        reject(this.death);
        return;
      }
      this.told = resolve;
      this.failed = reject;
      this.order(order);
    });
  }
}

function outcomeMake(
  news: readonly LoadNews[],
  tallies: readonly Tally[],
  kindCount: number,
): LoadOutcome {
  const parts = news.flatMap((one) => (one.kind === 'done' ? [one.part] : []));
  const problems = new Map<string, number>();
  for (const [problem, count] of parts.flatMap((part) => part.problems)) {
    problems.set(problem, (problems.get(problem) ?? 0) + count);
  }
  const operationCounts = tallies.map((tally) =>
    talliesSum([tally], kindCount).kinds.reduce((sum, kind) => sum + kind.operationCount, 0),
  );
  return {
    totals: talliesSum(tallies, kindCount),
    parts,
    elapsedMs: Math.max(...parts.map(({ elapsedMs }) => elapsedMs)),
    opsPerSec:
      parts.reduce((sum, { elapsedMs }, i) => sum + operationCounts[i] / elapsedMs, 0) * 1000,
    problems,
    fellSilent: parts.some(({ fellSilent }) => fellSilent),
  };
}
