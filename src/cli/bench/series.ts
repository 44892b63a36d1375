/** A load second by second, from looks at what its threads have counted. */
import type { Totals } from '../../load/tally.ts';
import { percentileUs, totalsBetween } from './figures.ts';

export interface SeriesSecond {
  /** When it ended, in seconds since the start. */
  readonly atSec: number;
  readonly operationCount: number;
  readonly opsPerSec: number;
  readonly errorCount: number;
  readonly missCount: number;
  /** Null where nothing was answered. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly p999Us: number | null;
}

const SECOND_MS = 1000;
/** A second's end may be looked at so much too early. */
const EARLY_MS = 20;
/** A rest that is shorter than this is no second of its own. */
const REST_MS_MIN = 100;

export class Series {
  readonly seconds: SeriesSecond[] = [];
  private readonly startMs: number;
  private before: Totals;

  constructor(start: Totals) {
    this.startMs = start.atMs;
    this.before = start;
  }

  /** Takes a look, and if a second is over notes it. */
  look(now: Totals): void {
    if (now.atMs - this.before.atMs >= SECOND_MS - EARLY_MS) this.note(now);
  }

  /** Notes what is left since the last second. */
  end(now: Totals): void {
    if (now.atMs - this.before.atMs >= REST_MS_MIN) this.note(now);
  }

  private note(now: Totals): void {
    const { before } = this;
    const between = totalsBetween(before, now);
    const { counts, ticksMax, operationCount } = between;
    const figure = (percent: number): number | null =>
      operationCount === 0 ? null : rounded(percentileUs(counts, percent, ticksMax));
    this.seconds.push({
      atSec: rounded((now.atMs - this.startMs) / SECOND_MS),
      operationCount,
      opsPerSec: rounded((operationCount / (now.atMs - before.atMs)) * SECOND_MS),
      errorCount:
        between.refusedCount + between.wrongCount + now.unansweredCount - before.unansweredCount,
      missCount: between.missCount,
      p50Us: figure(50),
      p99Us: figure(99),
      p999Us: figure(99.9),
    });
    this.before = now;
  }
}

/** Tenths of a microsecond are the last that is known; so much will do for seconds and rates, too. */
export function rounded(value: number): number {
  return Number(value.toFixed(1));
}
