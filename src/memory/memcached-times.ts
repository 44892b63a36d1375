/**
 * How long memcached commands take: a block for each data thread, written by that thread alone; readers add the
 * blocks up and may be a moment behind.
 *
 *   block of a thread = COMMAND_COUNT_MAX records of 240 doubles
 *   ┌──────────────┬─────────┬───────────────────────────────────────┐
 *   │ microseconds │ 7 spare │ runs by how long they took: 232 steps │ …
 *   └──────────────┴─────────┴───────────────────────────────────────┘
 *
 * Some runs are timed, and stand for those that are not: base/sampling.ts. So the numbers are estimates of all
 * runs while there are many, and exact while there are few. Steps: time-steps.ts.
 */
import { assert } from '../base/assert.ts';
import { COMMAND_COUNT_MAX } from './control.ts';
import { TIME_STEP_COUNT, timeStep } from './time-steps.ts';

const STEPS = 8;
const RECORD_WORDS = STEPS + TIME_STEP_COUNT;
const BLOCK_WORDS = COMMAND_COUNT_MAX * RECORD_WORDS;

assert(RECORD_WORDS % 8 === 0, 'no two threads write one cache line');

export function memcachedTimesBytes(threadCount: number): number {
  return threadCount * BLOCK_WORDS * 8;
}

export class MemcachedTimes {
  readonly f64: Float64Array;
  readonly threadCount: number;

  constructor(sab: SharedArrayBuffer) {
    this.f64 = new Float64Array(sab);
    this.threadCount = this.f64.length / BLOCK_WORDS;
  }
}

function recordOf(thread: number, command: number): number {
  return thread * BLOCK_WORDS + command * RECORD_WORDS;
}

/** Counts a run of the command, by its number, that stands for `weight` runs. */
export function memcachedTimeNote(
  { f64 }: MemcachedTimes,
  thread: number,
  command: number,
  us: number,
  weight: number,
): void {
  const record = recordOf(thread, command);
  f64[record] += us * weight;
  f64[record + STEPS + timeStep(us)] += weight;
}

/** Runs of the command for each step, over all threads; null: none was timed. */
export function memcachedTimes(times: MemcachedTimes, command: number): Float64Array | null {
  const counts = new Float64Array(TIME_STEP_COUNT);
  let sum = 0;
  for (let thread = 0; thread < times.threadCount; thread++) {
    const steps = recordOf(thread, command) + STEPS;
    for (let step = 0; step < TIME_STEP_COUNT; step++) {
      counts[step] += times.f64[steps + step];
      sum += times.f64[steps + step];
    }
  }
  return sum === 0 ? null : counts;
}

/** Microseconds that these runs took together. */
export function memcachedTimeUs(times: MemcachedTimes, command: number): number {
  let us = 0;
  for (let thread = 0; thread < times.threadCount; thread++)
    us += times.f64[recordOf(thread, command)];
  return us;
}
