/**
 * `flagstone bench`: greets the server, stores the keys, warms up, measures, and reports.
 *
 * What goes to standard output is the report, or with `--json -` the record alone; progress and complaints go to
 * standard error.
 */
import { writeFileSync } from 'node:fs';
import { EXIT, errorReason, errorSystemCode, FAULT } from '../../base/errors.ts';
import { Generator, type LoadOutcome, type RunningLoad } from '../../load/generator.ts';
import { serverGreet } from '../../load/greeting.ts';
import type { LoadPlan } from '../../load/plan.ts';
import { errorsCount, kindsMerge, type Totals } from '../../load/tally.ts';
import { valueBytesMax } from '../../load/value-sizes.ts';
import { countText } from '../figures.ts';
import { percentileUs, totalsBetween } from './figures.ts';
import { Progress } from './progress.ts';
import { hgrmText, recordText } from './record.ts';
import { type BenchResult, benchReport } from './report.ts';
import { Series } from './series.ts';
import { type BenchSettings, benchSettings, type Environment } from './settings.ts';

/** Exit code after Ctrl-C, as shells count: 128 and the signal's number. */
const EXIT_INTERRUPTED = 130;
const LOOK_MS = 100;
/** The rate and the p99 that are shown are those of the last so many looks. */
const WINDOW_LOOKS = 10;
const FILL_CONNECTIONS_MAX = 16;
const FILL_DEPTH_MAX = 64;
/** Of one connection, on their way while the keys are stored. */
const FILL_BYTES = 1024 * 1024;

/** Runs the command; returns the exit code. `entry`: of a load thread. Errors: FlagstoneError. */
export async function benchRun(
  argv: readonly string[],
  env: Environment,
  entry: URL,
): Promise<number> {
  const settings = benchSettings(argv, env);
  if (typeof settings === 'string') {
    process.stdout.write(settings);
    return 0;
  }
  // Whoever reads the report may have seen enough: `| head`.
  process.stdout.on('error', (error) => {
    if (errorSystemCode(error) !== 'EPIPE') throw error;
  });
  const bench = new Bench(settings, entry);
  try {
    return await bench.run();
  } finally {
    await bench.close();
  }
}

class Bench {
  private readonly settings: BenchSettings;
  private readonly generator: Generator;
  private readonly progress: Progress;
  private load: RunningLoad | null = null;
  private isInterrupted = false;
  private readonly interrupt = (): void => {
    if (this.isInterrupted) {
      this.progress.clear();
      process.exit(EXIT_INTERRUPTED);
    }
    this.isInterrupted = true;
    this.load?.end();
  };

  constructor(settings: BenchSettings, entry: URL) {
    this.settings = settings;
    this.generator = new Generator(settings.threadCount, entry);
    this.progress = new Progress(process.stderr, settings.isQuiet, settings.isAscii);
    process.on('SIGINT', this.interrupt);
    process.on('SIGTERM', this.interrupt);
  }

  async close(): Promise<void> {
    this.progress.clear();
    process.off('SIGINT', this.interrupt);
    process.off('SIGTERM', this.interrupt);
    await this.generator.close();
  }

  async run(): Promise<number> {
    const { settings } = this;
    const { plan, warmupMs } = settings;
    const server = await serverGreet(plan.target);
    let fillMs: number | null = null;
    if (settings.fills) {
      const outcome = await this.loadRun('storing keys', fillPlan(plan));
      if (this.isInterrupted) return this.interruptedEarly();
      const problem = fillProblem(outcome);
      if (problem !== null) return this.complain(problem);
      fillMs = outcome.elapsedMs;
    }
    if (warmupMs > 0) {
      const warmup = { ...plan, durationMs: warmupMs, requestCount: Number.POSITIVE_INFINITY };
      await this.loadRun('warming up', warmup);
      if (this.isInterrupted) return this.interruptedEarly();
    }
    const startedAt = new Date();
    const series: { current: Series | null } = { current: null };
    const outcome = await this.loadRun('measuring', plan, (totals) => {
      series.current ??= new Series(totals);
      series.current.look(totals);
    });
    series.current?.end(outcome.totals);
    const seconds = series.current?.seconds ?? [];
    const wasInterrupted = this.isInterrupted;
    this.report({ settings, server, startedAt, fillMs, outcome, series: seconds, wasInterrupted });
    return this.verdict(outcome);
  }

  /** Runs a plan to its end, and shows how far it is. */
  private async loadRun(
    phase: string,
    plan: LoadPlan,
    look: (totals: Totals) => void = () => undefined,
  ): Promise<LoadOutcome> {
    this.progress.begin(phase);
    const load = await this.generator.start(plan);
    this.load = load;
    if (this.isInterrupted) load.end();
    const window: Totals[] = [load.look()];
    const startMs = window[0].atMs;
    look(window[0]);
    const timer = setInterval(() => {
      const totals = load.look();
      look(totals);
      window.push(totals);
      if (window.length > WINDOW_LOOKS) window.shift();
      this.tell(plan, window, totals.atMs - startMs);
    }, LOOK_MS);
    try {
      return await load.outcome;
    } finally {
      clearInterval(timer);
      this.load = null;
      this.progress.clear();
    }
  }

  private tell(plan: LoadPlan, window: readonly Totals[], elapsedMs: number): void {
    const before = window[0];
    const now = window[window.length - 1];
    const { operationCount } = kindsMerge(now.kinds);
    const recent = totalsBetween(before, now);
    this.progress.tell({
      share: Math.max(elapsedMs / plan.durationMs, operationCount / plan.requestCount),
      elapsedMs,
      opsPerSec: (recent.operationCount / (now.atMs - before.atMs)) * 1000,
      p99Us: percentileUs(recent.counts, 99, recent.ticksMax),
      errorCount: errorsCount(now),
    });
  }

  private report(result: BenchResult): void {
    const { jsonPath, hgrmPath } = this.settings;
    const report = benchReport(result);
    if (jsonPath === '-') {
      process.stdout.write(recordText(result));
      process.stderr.write(report);
    } else {
      process.stdout.write(report);
      if (jsonPath !== null) fileWrite(jsonPath, recordText(result));
    }
    if (hgrmPath !== null) fileWrite(hgrmPath, hgrmText(kindsMerge(result.outcome.totals.kinds)));
  }

  /** The exit code, and a line on standard error where it is not 0. */
  private verdict({ totals, problems, fellSilent }: LoadOutcome): number {
    const errors = errorsCount(totals);
    const { operationCount } = kindsMerge(totals.kinds);
    if (totals.lostCount >= this.settings.plan.connectionCount) {
      return this.complain(
        `every connection was lost: ${problemWorst(problems)}`,
        EXIT.UNAVAILABLE,
      );
    }
    if (fellSilent) return this.complain('the server fell silent', EXIT.UNAVAILABLE);
    if (totals.lostCount > 0) return this.complain('the server closed some of the connections');
    if (errors > 0) {
      return this.complain(
        `${countText(errors)} of ${countText(operationCount)} replies were errors`,
      );
    }
    return this.isInterrupted ? EXIT_INTERRUPTED : 0;
  }

  private interruptedEarly(): number {
    return this.complain('interrupted before anything was measured', EXIT_INTERRUPTED);
  }

  private complain(text: string, code: number = EXIT.FAILURE): number {
    this.progress.clear();
    process.stderr.write(`flagstone: ${text}\n`);
    return code;
  }
}

/** Every key once, as fast as the server takes them. */
function fillPlan(plan: LoadPlan): LoadPlan {
  const { valueSizes, keyCount, connectionCount } = plan;
  const depth = Math.floor(FILL_BYTES / Math.max(1, valueBytesMax(valueSizes)));
  return {
    ...plan,
    kinds: [{ name: 'set', verb: 'set', weight: 1, words: null }],
    keyDraw: { kind: 'sequential' },
    connectionCount: Math.min(connectionCount, FILL_CONNECTIONS_MAX, keyCount),
    pipelineDepth: Math.max(1, Math.min(FILL_DEPTH_MAX, depth)),
    durationMs: Number.POSITIVE_INFINITY,
    requestCount: keyCount,
    ratePerSec: 0,
  };
}

/** What hindered the keys from being stored, or null. */
function fillProblem({ totals, problems }: LoadOutcome): string | null {
  const errors = errorsCount(totals);
  if (errors === 0 && totals.lostCount === 0) return null;
  return `${countText(errors)} keys could not be stored: ${problemWorst(problems)} (--no-fill does without)`;
}

/** What went wrong most often; of several, what was noticed first. */
function problemWorst(problems: LoadOutcome['problems']): string {
  const [[problem] = ['no reply came']] = [...problems].sort(([, a], [, b]) => b - a);
  return problem;
}

function fileWrite(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw FAULT.fileUnwritable(path, errorReason(error));
  }
}
