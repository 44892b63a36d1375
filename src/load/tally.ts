/**
 * What a load thread has counted, in shared memory, so that others see it grow:
 *
 *   f64  TALLY words ┆ KIND words of the first kind of request ┆ of the second ┆ …
 *   u32  a histogram of latencies per kind, likewise
 *
 * Guard: one load thread writes; anybody reads, a moment late. A word is eight bytes on its own boundary and is
 * never torn; two words may be a request apart.
 */
import { BUCKET_COUNT, histogramAdd } from './histogram.ts';

/** Words about the thread. */
export const TALLY = {
  bytesIn: 0,
  bytesOut: 1,
  /** Connections that ended before they should. */
  lostCount: 2,
  /** Requests that never had a reply. */
  unansweredCount: 3,
  /** Under a rate: requests handed out more than LATE_MS after they were due, by the client's own fault. */
  lateCount: 4,
  /** Under a rate: requests that were due but had no room in the pipeline before the end. */
  unsentCount: 5,
  words: 6,
} as const;

/** Words about a kind of request. */
export const KIND = {
  /** Replies, of whatever sort. */
  operationCount: 0,
  hitCount: 1,
  missCount: 2,
  /** Replies that say an error. */
  refusedCount: 3,
  /** Replies that are not what they must be. */
  wrongCount: 4,
  ticksSum: 5,
  ticksMax: 6,
  words: 7,
} as const;

export class Tally {
  readonly memory: SharedArrayBuffer;
  readonly words: Float64Array;
  readonly counts: Uint32Array;
  readonly kindCount: number;

  constructor(memory: SharedArrayBuffer, kindCount: number) {
    const wordCount = TALLY.words + kindCount * KIND.words;
    this.memory = memory;
    this.kindCount = kindCount;
    this.words = new Float64Array(memory, 0, wordCount);
    this.counts = new Uint32Array(memory, wordCount * 8, kindCount * BUCKET_COUNT);
  }

  static make(kindCount: number): Tally {
    const wordCount = TALLY.words + kindCount * KIND.words;
    const bytes = wordCount * 8 + kindCount * BUCKET_COUNT * 4;
    return new Tally(new SharedArrayBuffer(bytes), kindCount);
  }
}

/** Where a kind's words begin. */
export function kindBase(kind: number): number {
  return TALLY.words + kind * KIND.words;
}

/** A kind's counts, of all threads. */
export interface KindTotals {
  operationCount: number;
  hitCount: number;
  missCount: number;
  refusedCount: number;
  wrongCount: number;
  ticksSum: number;
  ticksMax: number;
  readonly counts: Float64Array;
}

/** All counts of all threads at a moment. */
export interface Totals {
  readonly atMs: number;
  bytesIn: number;
  bytesOut: number;
  lostCount: number;
  unansweredCount: number;
  lateCount: number;
  unsentCount: number;
  readonly kinds: readonly KindTotals[];
}

export function talliesSum(tallies: readonly Tally[], kindCount: number): Totals {
  const sum = (word: number): number => tallies.reduce((all, { words }) => all + words[word], 0);
  return {
    atMs: performance.now(),
    bytesIn: sum(TALLY.bytesIn),
    bytesOut: sum(TALLY.bytesOut),
    lostCount: sum(TALLY.lostCount),
    unansweredCount: sum(TALLY.unansweredCount),
    lateCount: sum(TALLY.lateCount),
    unsentCount: sum(TALLY.unsentCount),
    kinds: Array.from({ length: kindCount }, (_, kind) => kindSum(tallies, kind)),
  };
}

function kindSum(tallies: readonly Tally[], kind: number): KindTotals {
  const base = kindBase(kind);
  const sum = (word: number): number =>
    tallies.reduce((all, { words }) => all + words[base + word], 0);
  const counts = new Float64Array(BUCKET_COUNT);
  const first = kind * BUCKET_COUNT;
  for (const tally of tallies) {
    histogramAdd(counts, tally.counts.subarray(first, first + BUCKET_COUNT));
  }
  return {
    operationCount: sum(KIND.operationCount),
    hitCount: sum(KIND.hitCount),
    missCount: sum(KIND.missCount),
    refusedCount: sum(KIND.refusedCount),
    wrongCount: sum(KIND.wrongCount),
    ticksSum: sum(KIND.ticksSum),
    ticksMax: Math.max(0, ...tallies.map(({ words }) => words[base + KIND.ticksMax])),
    counts,
  };
}

/** All kinds as one. */
export function kindsMerge(kinds: readonly KindTotals[]): KindTotals {
  const counts = new Float64Array(BUCKET_COUNT);
  for (const kind of kinds) histogramAdd(counts, kind.counts);
  const sum = (of: (kind: KindTotals) => number): number =>
    kinds.reduce((all, kind) => all + of(kind), 0);
  return {
    operationCount: sum((kind) => kind.operationCount),
    hitCount: sum((kind) => kind.hitCount),
    missCount: sum((kind) => kind.missCount),
    refusedCount: sum((kind) => kind.refusedCount),
    wrongCount: sum((kind) => kind.wrongCount),
    ticksSum: sum((kind) => kind.ticksSum),
    ticksMax: Math.max(0, ...kinds.map((kind) => kind.ticksMax)),
    counts,
  };
}

/** What is wrong in all: error replies, wrong ones, and those that never came. */
export function errorsCount(totals: Totals): number {
  const { refusedCount, wrongCount } = kindsMerge(totals.kinds);
  return refusedCount + wrongCount + totals.unansweredCount;
}
