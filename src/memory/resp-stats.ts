/**
 * What RESP's server commands tell besides the counts of commands (command-stats.ts): a block for each data
 * thread, written by that thread alone; readers add the blocks up and may be a moment behind.
 *
 *   ┌────────┬──────────────┬─────────────────────────────────────────────────┬─  ─┐
 *   │ header │ error codes  │ thread 0: counters │ errors      │ times        │ …  │
 *   │ 128 B  │ 192 × 64 B   │           64 f64   │ by code     │ 512 × 232    │    │
 *   │        │ length, text │                    │ 192 f64     │ f64          │    │
 *   └────────┴──────────────┴─────────────────────────────────────────────────┴─  ─┘
 *
 * Error codes are given slots as they come up, by whichever thread meets one first. Two threads may give
 * one code two slots at once; readers add them up.
 *
 * A command's times are counted in steps: time-steps.ts.
 *
 * Guard: a slot's text is written before its length, which is stored atomically; all else as said.
 */
import { assert } from '../base/assert.ts';
import { RESP_COMMAND_COUNT_MAX } from './command-stats.ts';
import { TIME_STEP_COUNT, timeStep } from './time-steps.ts';

/** i32 indices of the header. */
export const RESP_WORD = {
  slowIds: 0, // ids given to entries of the slow log
  errorSlots: 1, // slots of error codes given out
  aclIds: 18, // … of the ACL log
  scriptNumbers: 19, // numbers given to scripts, and to flushes of them
} as const;

/** f64 indices of the header: what the main thread finds out ten times a second. */
export const RESP_RATE = {
  commands: 1, // a second
  bytesRead: 2,
  bytesWritten: 3,
  reads: 4,
  loopUs: 5, // of a batch
  memoryPeakBytes: 6,
  memoryStartBytes: 7,
  lookUs: 8, // time that finding out has taken
} as const;

/** f64 indices of a thread's counters. */
export const RESP_COUNTER = {
  connections: 0, // accepted
  commands: 1, // run
  reads: 2, // batches that came
  writes: 3, // … and went
  bytesRead: 4,
  bytesWritten: 5,
  loopUs: 6, // time in batches
  commandUs: 7, // … of which in commands
  queryBufferCuts: 8, // clients closed for sending too much
  outputBufferCuts: 9, // … for reading too little
  authFailures: 10,
  errorReplies: 11,
  keyHits: 12,
  keyMisses: 13,
  idleCuts: 14,
  loopUsMax: 15, // the longest batch, but for its sending
  batchCommandsMax: 16, // … and that of most commands
  evictedClients: 17,
  commandDenials: 18, // refused to users: commands, keys, channels
  keyDenials: 19,
  channelDenials: 20,
  evictedScripts: 24,
  luaBytes: 25, // in use by Lua for scripts, as of the last one
  functionBytes: 26, // … for functions
} as const;

const HEADER_BYTES = 128;
export const ERROR_SLOT_COUNT = 192;
const ERROR_SLOT_BYTES = 64;
const ERROR_CODE_BYTES_MAX = ERROR_SLOT_BYTES - 4;
const BLOCKS_OFFSET = HEADER_BYTES + ERROR_SLOT_COUNT * ERROR_SLOT_BYTES;
const COUNTER_COUNT = 64;
const TIMES_OFFSET = (COUNTER_COUNT + ERROR_SLOT_COUNT) * 8;
const BLOCK_BYTES = TIMES_OFFSET + RESP_COMMAND_COUNT_MAX * TIME_STEP_COUNT * 8;

assert(BLOCK_BYTES % 64 === 0, 'no two threads write one cache line');

export function respStatsBytes(threadCount: number): number {
  return BLOCKS_OFFSET + threadCount * BLOCK_BYTES;
}

export class RespStats {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u8: Buffer;
  readonly threadCount: number;

  constructor(sab: SharedArrayBuffer) {
    this.i32 = new Int32Array(sab);
    this.f64 = new Float64Array(sab);
    this.u8 = Buffer.from(sab);
    this.threadCount = (sab.byteLength - BLOCKS_OFFSET) / BLOCK_BYTES;
  }
}

/** f64 index of a thread's counters: `stats.f64[block + RESP_COUNTER.reads]++`. */
export function respStatsBlock(threadIndex: number): number {
  return (BLOCKS_OFFSET + threadIndex * BLOCK_BYTES) >>> 3;
}

export function respCounterSum(stats: RespStats, counter: number): number {
  let sum = 0;
  for (let thread = 0; thread < stats.threadCount; thread++) {
    sum += stats.f64[respStatsBlock(thread) + counter];
  }
  return sum;
}

/** Of a counter that holds a greatest value: that of all threads. */
export function respCounterMax(stats: RespStats, counter: number): number {
  let max = 0;
  for (let thread = 0; thread < stats.threadCount; thread++) {
    max = Math.max(max, stats.f64[respStatsBlock(thread) + counter]);
  }
  return max;
}

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────

/** The slot of an error code; a new one unless all are taken: then -1. */
export function errorSlot(stats: RespStats, code: string): number {
  const given = Math.min(Atomics.load(stats.i32, RESP_WORD.errorSlots), ERROR_SLOT_COUNT);
  for (let slot = 0; slot < given; slot++) if (errorCode(stats, slot) === code) return slot;
  if (given === ERROR_SLOT_COUNT) return -1;
  const slot = Atomics.add(stats.i32, RESP_WORD.errorSlots, 1);
  if (slot >= ERROR_SLOT_COUNT) return -1;
  const word = slotWord(slot);
  const bytes = stats.u8.write(code.slice(0, ERROR_CODE_BYTES_MAX), (word + 1) << 2, 'latin1');
  Atomics.store(stats.i32, word, bytes);
  return slot;
}

/** The code of a slot, or '' where it is not given out. */
export function errorCode(stats: RespStats, slot: number): string {
  const word = slotWord(slot);
  const bytes = Atomics.load(stats.i32, word);
  return stats.u8.toString('latin1', (word + 1) << 2, ((word + 1) << 2) + bytes);
}

function slotWord(slot: number): number {
  return (HEADER_BYTES + slot * ERROR_SLOT_BYTES) >>> 2;
}

/** Error codes that were answered, and how often, in alphabetical order. */
export function errorCounts(stats: RespStats): readonly (readonly [code: string, count: number])[] {
  const counts = new Map<string, number>();
  for (let slot = 0; slot < ERROR_SLOT_COUNT; slot++) {
    const code = errorCode(stats, slot);
    if (code === '') continue;
    counts.set(code, (counts.get(code) ?? 0) + respCounterSum(stats, COUNTER_COUNT + slot));
  }
  return [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Counts an error of the slot in a thread's block. */
export function errorNote(stats: RespStats, block: number, slot: number): void {
  stats.f64[block + COUNTER_COUNT + slot]++;
}

// ── Times ───────────────────────────────────────────────────────────────────────────────────────

/** Counts a run of the command, by its number, in a thread's block. */
export function timeNote(stats: RespStats, block: number, command: number, us: number): void {
  stats.f64[timesStart(block, command) + timeStep(us)]++;
}

/** f64 index of a command's steps. `block` as respStatsBlock gives it. */
function timesStart(block: number, command: number): number {
  return block + (TIMES_OFFSET >>> 3) + command * TIME_STEP_COUNT;
}

/** Runs of the command for each step, over all threads; null: it was never run. */
export function commandTimes(stats: RespStats, command: number): Float64Array | null {
  const counts = new Float64Array(TIME_STEP_COUNT);
  let sum = 0;
  for (let thread = 0; thread < stats.threadCount; thread++) {
    const start = timesStart(respStatsBlock(thread), command);
    for (let step = 0; step < TIME_STEP_COUNT; step++) {
      counts[step] += stats.f64[start + step];
      sum += stats.f64[start + step];
    }
  }
  return sum === 0 ? null : counts;
}

// ── Reset ───────────────────────────────────────────────────────────────────────────────────────

/** CONFIG RESETSTAT: everything counted is zero; what is being counted meanwhile may be lost. */
export function respStatsReset(stats: RespStats): void {
  stats.u8.fill(0, BLOCKS_OFFSET);
}

/** LATENCY RESET's part of it, of one command. */
export function commandTimesReset(stats: RespStats, command: number): void {
  for (let thread = 0; thread < stats.threadCount; thread++) {
    const start = timesStart(respStatsBlock(thread), command);
    stats.f64.fill(0, start, start + TIME_STEP_COUNT);
  }
}
