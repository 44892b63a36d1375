/**
 * What the page knows of the server, and how fresh it is. The poller fills it, views read it.
 *
 *   loading ──▶ live ◀──▶ lost      no answer: numbers stay, greyed
 *                │  ▲
 *                ▼  │
 *               paused              by the reader
 *
 *   from each: ended                the session is over; nothing is asked any more
 */
import type {
  ConsoleCluster,
  ConsoleConnections,
  ConsoleHotKeys,
  ConsoleSeries,
  ConsoleSlowLog,
  ConsoleState,
} from '../console-state.ts';

export type Link = 'loading' | 'live' | 'lost' | 'paused' | 'ended';

/** `/configinfo`. */
export type Config = {
  readonly options: Readonly<Record<string, unknown>>;
  readonly directives?: Readonly<Record<string, unknown>>;
  readonly directivesFile?: string | null;
};

/** What a view may need besides the state, by name. */
export type Extras = {
  connections: ConsoleConnections;
  slowlog: ConsoleSlowLog;
  cluster: ConsoleCluster;
  hotkeys: ConsoleHotKeys;
  config: Config;
};

export type ExtraName = keyof Extras;

/** A quarter of an hour, as the server's history has it. */
export const SPAN_SEC_MAX = 900;

export class Model {
  link: Link = 'loading';
  /** Why there is no answer, and when the next attempt is. */
  problem = '';
  retryAtMs = 0;
  lastAnswerAtMs = 0;
  /** There is a session, which can be ended. */
  isSignedIn = false;
  state: ConsoleState | null = null;
  /** The oldest first. */
  series: readonly ConsoleSeries[] = [];
  extras: Partial<Extras> = {};
  /** Why an extra cannot be had, in the server's words. */
  readonly extraProblems = new Map<ExtraName, string>();

  stateTake(state: ConsoleState): void {
    if (state.sequence === this.state?.sequence) return;
    const before = this.state;
    this.state = state;
    // A smaller number is another server's: its past is not this one's.
    if (before !== null && state.sequence < before.sequence) this.series = [];
    this.seriesTake([state.series]);
  }

  seriesTake(more: readonly ConsoleSeries[]): void {
    const byTime = new Map<number, ConsoleSeries>();
    for (const one of [...this.series, ...more]) byTime.set(one.atMs, one);
    const sorted = [...byTime.values()].sort((a, b) => a.atMs - b.atMs);
    const oldestMs = (sorted.at(-1)?.atMs ?? 0) - SPAN_SEC_MAX * 1000;
    this.series = sorted.filter(({ atMs }) => atMs >= oldestMs);
  }

  extraTake<Name extends ExtraName>(name: Name, value: Extras[Name]): void {
    this.extras[name] = value;
    this.extraProblems.delete(name);
  }

  /** Those of the last so many seconds. */
  seriesOf(spanSec: number): readonly ConsoleSeries[] {
    const fromMs = (this.series.at(-1)?.atMs ?? 0) - spanSec * 1000;
    return this.series.filter(({ atMs }) => atMs >= fromMs);
  }
}
