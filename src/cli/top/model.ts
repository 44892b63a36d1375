/** What a frame of `flagstone top` is made of: what the server has told, and what the user wants to see of it. */
import type {
  ConsoleConnections,
  ConsoleHotKeys,
  ConsoleSeries,
  ConsoleSlowLog,
  ConsoleState,
} from '../../admin/console-state.ts';

export const VIEW_NAMES = [
  'commands',
  'slabs',
  'partitions',
  'clients',
  'slowlog',
  'hotkeys',
] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

/** By which column, and whether against its usual direction. */
export type Sort = { readonly column: string; readonly isReversed: boolean };

/** What the server has told. */
export type Told = {
  readonly state: ConsoleState | null;
  /** Looks of the last minute, the latest last. */
  readonly past: readonly ConsoleSeries[];
  readonly connections: ConsoleConnections | null;
  readonly slowLog: ConsoleSlowLog | null;
  readonly hotKeys: ConsoleHotKeys | null;
  /** When the last answer came. */
  readonly answeredAtMs: number;
  /** Why the last question had none. */
  readonly problem: string | null;
};

export type TopModel = {
  readonly told: Told;
  readonly nowMs: number;
  readonly view: ViewName;
  readonly sorts: Readonly<Partial<Record<ViewName, Sort>>>;
  readonly filter: string;
  readonly isFilterOpen: boolean;
  readonly isPaused: boolean;
  readonly isHelpShown: boolean;
  readonly intervalSec: number;
  /** Rows of the table that lie above the screen. */
  readonly scroll: number;
};

export const TOLD_NOTHING: Told = {
  state: null,
  past: [],
  connections: null,
  slowLog: null,
  hotKeys: null,
  answeredAtMs: 0,
  problem: null,
};

export function modelMake(intervalSec: number, view: ViewName): TopModel {
  return {
    told: TOLD_NOTHING,
    nowMs: 0,
    view,
    sorts: {},
    filter: '',
    isFilterOpen: false,
    isPaused: false,
    isHelpShown: false,
    intervalSec,
    scroll: 0,
  };
}

export const PAST_SEC = 60;

/** The looks of the last minute, with one more. */
export function pastAdd(
  past: readonly ConsoleSeries[],
  series: ConsoleSeries,
): readonly ConsoleSeries[] {
  const since = series.atMs - (PAST_SEC + 5) * 1000;
  const kept = past.filter(({ atMs }) => atMs >= since && atMs < series.atMs);
  return [...kept, series];
}
