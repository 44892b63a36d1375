/**
 * Asks the server once a second for its state, and for what the open view needs besides, while the page is
 * seen. Who does not answer is asked again after 1, 2, 4, 8 and then every 15 seconds.
 */
import type { ConsoleHistory, ConsoleState } from '../console-state.ts';
import type { ExtraName, Extras, Model } from './model.ts';
import { read, StatusError } from './requests.ts';

const PERIOD_MS = 1000;
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000];
/** Who was away longer reads the history again. */
const GAP_MS_MAX = 5000;

/** Where the extras are, and how often they are read while their view is open; 0: once. */
// biome-ignore format: a table reads in columns
const EXTRAS: Readonly<Record<ExtraName, { readonly path: string; readonly everyMs: number }>> = {
  connections: { path: '/console/connections', everyMs: 2000 },
  slowlog:     { path: '/console/slowlog',     everyMs: 2000 },
  cluster:     { path: '/console/cluster',     everyMs: 5000 },
  hotkeys:     { path: '/console/hotkeys',     everyMs: 1000 },
  config:      { path: '/configinfo',          everyMs: 0 },
};

export class Poller {
  private readonly model: Model;
  private readonly changed: () => void;
  private needs: readonly ExtraName[] = [];
  private readonly extraAtMs = new Map<ExtraName, number>();
  private timer = 0;
  private isBusy = false;
  /** Something wants to be asked as soon as the round under way is over. */
  private isHurried = false;
  private failures = 0;

  constructor(model: Model, changed: () => void) {
    this.model = model;
    this.changed = changed;
  }

  start(): void {
    document.addEventListener('visibilitychange', () => this.hurry());
    window.addEventListener('online', () => this.hurry());
    this.hurry();
  }

  /** What the view that has been opened needs; it is read at once. */
  needsSet(needs: readonly ExtraName[]): void {
    this.needs = needs;
    for (const name of needs) this.extraAtMs.delete(name);
    this.hurry();
  }

  /** Reads anew now: something was changed, or the reader does not want to wait. */
  hurry(): void {
    window.clearTimeout(this.timer);
    if (document.hidden || this.model.link === 'paused' || this.model.link === 'ended') return;
    this.isHurried = true;
    if (!this.isBusy) void this.round();
  }

  /** An action has changed what an extra tells. */
  refresh(...names: readonly ExtraName[]): void {
    for (const name of names) this.extraAtMs.delete(name);
    this.hurry();
  }

  pauseToggle(): void {
    const { model } = this;
    if (model.link === 'paused') model.link = 'loading';
    else if (model.link === 'live') model.link = 'paused';
    this.hurry();
    this.changed();
  }

  end(): void {
    window.clearTimeout(this.timer);
    this.model.link = 'ended';
    this.changed();
  }

  private async round(): Promise<void> {
    this.isBusy = true;
    this.isHurried = false;
    const startedMs = performance.now();
    let waitMs = PERIOD_MS;
    try {
      await this.ask();
      this.failures = 0;
      this.model.lastAnswerAtMs = Date.now();
      // It may have been paused while the answer was under way.
      if (this.model.link !== 'paused') this.model.link = 'live';
    } catch (error) {
      waitMs = this.fail(error);
    }
    this.isBusy = false;
    this.changed();
    if (this.isHurried) this.hurry();
    else this.schedule(Math.max(0, waitMs - (performance.now() - startedMs)));
  }

  private schedule(waitMs: number): void {
    const { link } = this.model;
    if (document.hidden || link === 'paused' || link === 'ended') return;
    this.timer = window.setTimeout(() => void this.round(), waitMs);
  }

  private async ask(): Promise<void> {
    const { model } = this;
    const wasAway = Date.now() - model.lastAnswerAtMs > GAP_MS_MAX;
    const state = read<ConsoleState>('/console/state');
    const history = wasAway ? read<ConsoleHistory>('/console/history') : null;
    const session = wasAway ? read<{ readonly isSignedIn: boolean }>('/session') : null;
    const [told, past, signed] = await Promise.all([state, history, session]);
    model.stateTake(told);
    if (past !== null) model.seriesTake(past.series);
    if (signed !== null) model.isSignedIn = signed.isSignedIn;
    await Promise.all(this.needs.map((name) => this.extraAsk(name)));
  }

  /** What is refused is that view's trouble alone. */
  private async extraAsk<Name extends ExtraName>(name: Name): Promise<void> {
    const { path, everyMs } = EXTRAS[name];
    const nowMs = performance.now();
    const atMs = this.extraAtMs.get(name);
    // A tick's length less, or every other reading would come a whole tick late.
    if (atMs !== undefined && (everyMs === 0 || nowMs - atMs < everyMs - PERIOD_MS / 2)) return;
    this.extraAtMs.set(name, nowMs);
    try {
      this.model.extraTake(name, await read<Extras[Name]>(path));
    } catch (error) {
      if (!(error instanceof StatusError) || error.status === 401) throw error;
      this.model.extraProblems.set(name, error.message);
    }
  }

  /** How long to wait until the next attempt. */
  private fail(error: unknown): number {
    const { model } = this;
    if (error instanceof StatusError && error.status === 401) {
      model.link = 'ended';
      return 0;
    }
    const waitMs = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
    if (model.link === 'paused') return waitMs;
    model.link = 'lost';
    model.retryAtMs = Date.now() + waitMs;
    model.problem = error instanceof StatusError ? error.message : '';
    return waitMs;
  }
}
