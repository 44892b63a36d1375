import { expect, it } from 'vitest';
import { COMMAND_COUNT_MAX } from '../../src/memory/control.ts';
import {
  MemcachedTimes,
  memcachedTimeNote,
  memcachedTimes,
  memcachedTimesBytes,
  memcachedTimeUs,
} from '../../src/memory/memcached-times.ts';
import { timePercentile } from '../../src/memory/time-steps.ts';

it('counts runs by how long they took, each as many as it stands for, over all threads', () => {
  const times = new MemcachedTimes(new SharedArrayBuffer(memcachedTimesBytes(2)));
  expect(times.threadCount).toBe(2);
  memcachedTimeNote(times, 0, 7, 10, 1);
  memcachedTimeNote(times, 1, 7, 10, 97);
  memcachedTimeNote(times, 1, 7, 5000, 2);
  const counts = memcachedTimes(times, 7) ?? new Float64Array();
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect(memcachedTimeUs(times, 7)).toBe(98 * 10 + 2 * 5000);
  for (const [percent, us] of [
    [50, 10],
    [98, 10],
    [99, 5000],
  ]) {
    const shown = timePercentile(counts, percent);
    expect(shown, `p${percent}`).toBeGreaterThanOrEqual(us);
    expect(shown, `p${percent}`).toBeLessThan(us * 1.15);
  }
});

it('keeps commands and threads apart, to the last of them', () => {
  const times = new MemcachedTimes(new SharedArrayBuffer(memcachedTimesBytes(2)));
  for (let command = 0; command < COMMAND_COUNT_MAX; command++) {
    memcachedTimeNote(times, 0, command, 1e12, 1);
    memcachedTimeNote(times, 1, command, 0, command + 1);
  }
  for (let command = 0; command < COMMAND_COUNT_MAX; command++) {
    const counts = memcachedTimes(times, command) ?? new Float64Array();
    expect([counts.at(0), counts.at(-1)]).toEqual([command + 1, 1]);
    expect(memcachedTimeUs(times, command)).toBe(1e12);
  }
});

it('tells of a command that was never timed', () => {
  const times = new MemcachedTimes(new SharedArrayBuffer(memcachedTimesBytes(2)));
  memcachedTimeNote(times, 1, 3, 10, 1);
  expect(memcachedTimes(times, 4)).toBeNull();
  expect(memcachedTimeUs(times, 4)).toBe(0);
});
