import { expect, it } from 'vitest';
import {
  commandTimes,
  commandTimesReset,
  ERROR_SLOT_COUNT,
  errorCounts,
  errorNote,
  errorSlot,
  RESP_COUNTER,
  RespStats,
  respCounterSum,
  respStatsBlock,
  respStatsBytes,
  respStatsReset,
  timeNote,
} from '../../src/memory/resp-stats.ts';
import { timeHistogram, timePercentile } from '../../src/memory/time-steps.ts';

const THREADS = 2;
function statsMake(): RespStats {
  return new RespStats(new SharedArrayBuffer(respStatsBytes(THREADS)));
}

it('adds the threads up', () => {
  const stats = statsMake();
  expect(stats.threadCount).toBe(THREADS);
  stats.f64[respStatsBlock(0) + RESP_COUNTER.reads] += 2;
  stats.f64[respStatsBlock(1) + RESP_COUNTER.reads] += 3;
  expect(respCounterSum(stats, RESP_COUNTER.reads)).toBe(5);
  respStatsReset(stats);
  expect(respCounterSum(stats, RESP_COUNTER.reads)).toBe(0);
});

it('gives error codes slots until there are no more', () => {
  const stats = statsMake();
  const slot = errorSlot(stats, 'WRONGTYPE');
  expect(errorSlot(stats, 'ERR')).not.toBe(slot);
  expect(errorSlot(stats, 'WRONGTYPE')).toBe(slot);
  errorNote(stats, respStatsBlock(0), slot);
  errorNote(stats, respStatsBlock(1), slot);
  errorNote(stats, respStatsBlock(1), errorSlot(stats, 'ERR'));
  expect(errorCounts(stats)).toEqual([
    ['ERR', 1],
    ['WRONGTYPE', 2],
  ]);
  for (let n = 2; n < ERROR_SLOT_COUNT; n++) expect(errorSlot(stats, `E${n}`)).toBe(n);
  expect(errorSlot(stats, 'ONEMORE')).toBe(-1);
  expect(errorSlot(stats, 'WRONGTYPE')).toBe(slot);
});

it('knows how long commands take, to an eighth', () => {
  const stats = statsMake();
  expect(commandTimes(stats, 7)).toBeNull();
  for (let us = 1; us <= 1000; us++) timeNote(stats, respStatsBlock(us & 1), 7, us);
  timeNote(stats, respStatsBlock(0), 8, 1e9);
  const times = commandTimes(stats, 7);
  if (times === null) throw new Error('nothing was counted');
  for (const [percent, us] of [
    [50, 500],
    [99, 990],
    [99.9, 999],
    [100, 1000],
  ]) {
    const shown = timePercentile(times, percent);
    expect(shown).toBeGreaterThanOrEqual(us - 1);
    expect(shown).toBeLessThan((us * 9) / 8 + 1);
  }
  const rows = timeHistogram(times);
  expect(rows.map(([n]) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(rows.slice(9)).toEqual([
    [9, 524], // 1,024 ns × 2^9 are 524.288 us
    [10, 1000],
  ]);
  commandTimesReset(stats, 7);
  expect(commandTimes(stats, 7)).toBeNull();
  expect(commandTimes(stats, 8)?.reduce((sum, count) => sum + count, 0)).toBe(1);
});

it('counts runs beyond 32 bits', () => {
  const stats = statsMake();
  timeNote(stats, respStatsBlock(1), 7, 3);
  const word = stats.f64.indexOf(1, respStatsBlock(1));
  stats.f64[word] = 2 ** 32 - 1;
  timeNote(stats, respStatsBlock(1), 7, 3);
  expect(commandTimes(stats, 7)?.reduce((sum, count) => sum + count, 0)).toBe(2 ** 32);
});
