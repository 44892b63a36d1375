/**
 * The looks that are taken at the server: one a second while somebody asks for them, else one each five seconds.
 * However many ask, they get the same one, written out once.
 *
 *            ┌── each five seconds: the minute of /elasticache, the quarter of an hour of /console/history
 *   look ────┤
 *            └── each second while asked: /console/state
 */
import type { Told } from './admin-messages.ts';
import type { ConsoleHistory, ConsoleSeries } from './console-state.ts';
import { type Look, lookTake } from './look.ts';
import { lookSeries, lookState } from './look-state.ts';
import type { Snapshot } from './snapshot.ts';

export type LooksContext = {
  readonly version: string;
  readonly look: () => Snapshot;
  /** As the main thread told last. */
  readonly told: () => Told;
  /** Called with a look each STEP_SEC. */
  readonly sample: (now: Snapshot) => void;
};

export const STEP_SEC = 5;
const STEP_MS = STEP_SEC * 1000;
const HISTORY_COUNT = (15 * 60) / STEP_SEC;
const LOOK_MS = 1000;
/** Timers are not exact. */
const SLACK_MS = LOOK_MS / 2;
const STALE_MS = LOOK_MS + SLACK_MS;
/** Somebody who has asked within this time will ask again. */
const ASKED_MS_MAX = 10_000;
/** Times are told of so many looks' worth of time. */
const TIMES_MS = 10_000;

export class Looks {
  private readonly context: LooksContext;
  /** Those of the last TIMES_MS, and the one before, the oldest first. */
  private kept: Look[] = [];
  private state = Buffer.alloc(0);
  private history: Buffer | null = null;
  private readonly series: ConsoleSeries[] = [];
  private stepBefore: Look | null = null;
  private sequence = 0;
  private askedAtMs = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor(context: LooksContext) {
    this.context = context;
  }

  start(): void {
    this.take();
  }

  /** ConsoleState, as JSON. */
  stateShown(): Buffer {
    const { wasAsked } = this;
    this.askedAtMs = performance.now();
    // What was taken while nobody asked may be some seconds old.
    if (this.ageMs > STALE_MS) this.take();
    else if (!wasAsked) this.plan();
    return this.state;
  }

  /** ConsoleHistory, as JSON. */
  historyShown(): Buffer {
    const history: ConsoleHistory = { stepSec: STEP_SEC, series: this.series };
    this.history ??= Buffer.from(JSON.stringify(history));
    return this.history;
  }

  private get wasAsked(): boolean {
    return performance.now() - this.askedAtMs < ASKED_MS_MAX;
  }

  private get ageMs(): number {
    return performance.now() - (this.kept.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY);
  }

  /** When the next one is taken goes by the last. */
  private plan(): void {
    clearTimeout(this.timer);
    const waitMs = (this.wasAsked ? LOOK_MS : STEP_MS) - this.ageMs;
    this.timer = setTimeout(() => this.take(), Math.max(0, waitMs)).unref();
  }

  private take(): void {
    const now = this.context.look();
    const look = lookTake(now);
    const before = this.kept.at(-1) ?? look;
    const older = this.kept[0] ?? look;
    const { version, told } = this.context;
    const facts = { sequence: ++this.sequence, version, told: told() };
    const state = lookState(now, look, { before, older, kept: this.kept }, facts);
    this.state = Buffer.from(JSON.stringify(state));
    const step = this.stepBefore;
    if (step === null || look.atMs - step.atMs > STEP_MS - SLACK_MS) this.step(now, look, step);
    this.kept.push(look);
    while (this.kept.length > 1 && this.kept[1].atMs <= look.atMs - TIMES_MS) this.kept.shift();
    this.plan();
  }

  /** One for the history. `before`: that of the step before. */
  private step(now: Snapshot, look: Look, before: Look | null): void {
    this.stepBefore = look;
    this.context.sample(now);
    if (before === null) return;
    this.series.push(lookSeries(now, look, { before, older: before, kept: this.kept }));
    if (this.series.length > HISTORY_COUNT) this.series.shift();
    this.history = null;
  }
}
