/**
 * How often each RESP command was run, and how long that took: a block for each data thread, written by
 * that thread alone; readers add the blocks up and may be a moment behind.
 *
 *   block of a thread = COMMAND_COUNT_MAX records of 4 doubles
 *   ┌───────┬──────────────┬──────────┬────────┐
 *   │ calls │ microseconds │ rejected │ failed │ …
 *   └───────┴──────────────┴──────────┴────────┘
 */
import { assert } from '../base/assert.ts';

export const COMMAND_STAT = { calls: 0, us: 1, rejected: 2, failed: 3, words: 4 } as const;
/** RESP commands and subcommands there may be. */
export const RESP_COMMAND_COUNT_MAX = 512;
const BLOCK_WORDS = RESP_COMMAND_COUNT_MAX * COMMAND_STAT.words;

export function commandStatsBytes(threadCount: number): number {
  return threadCount * BLOCK_WORDS * 8;
}

export class CommandStats {
  readonly f64: Float64Array;
  readonly threadCount: number;

  constructor(sab: SharedArrayBuffer) {
    this.f64 = new Float64Array(sab);
    this.threadCount = this.f64.length / BLOCK_WORDS;
  }
}

/** f64 index of a thread's block. */
export function commandStatsBlock(threadIndex: number): number {
  return threadIndex * BLOCK_WORDS;
}

/** f64 index of a command's record within a block. */
export function commandStatsRecord(command: number): number {
  assert(command < RESP_COMMAND_COUNT_MAX, 'every command has a record');
  return command * COMMAND_STAT.words;
}

/** One of COMMAND_STAT, over all threads. */
export function commandStatSum(stats: CommandStats, command: number, stat: number): number {
  let sum = 0;
  for (let thread = 0; thread < stats.threadCount; thread++) {
    sum += stats.f64[commandStatsBlock(thread) + commandStatsRecord(command) + stat];
  }
  return sum;
}

/** All to zero; what is being counted meanwhile may be lost. */
export function commandStatsReset(stats: CommandStats): void {
  stats.f64.fill(0);
}
