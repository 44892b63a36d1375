/** When looks are taken, and what they come to where counts start again. Time is a fake one. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConsoleHistory, ConsoleState } from '../../src/admin/console-state.ts';
import { Looks, STEP_SEC } from '../../src/admin/looks.ts';
import { Snapshot } from '../../src/admin/snapshot.ts';
import type { CommandList } from '../../src/commands/command-list.ts';
import type { Keyspace } from '../../src/engine/keyspace.ts';
import {
  COMMAND_STAT,
  commandStatsBlock,
  commandStatsRecord,
  commandStatsReset,
} from '../../src/memory/command-stats.ts';
import { counterBlock, GAUGE } from '../../src/memory/control.ts';
import {
  RESP_COUNTER,
  respStatsBlock,
  respStatsReset,
  timeNote,
} from '../../src/memory/resp-stats.ts';
import { handlesMake, keyspaceMake } from '../engine/fixture.ts';

const THREADS = 2;
const GET = 7;
const COMMANDS: CommandList = {
  memcached: [{ protocol: 'memcached', name: 'get', number: 0 }],
  resp: [{ name: 'get', number: GET, group: 'string', isWrite: false, isRead: true }],
};

let keyspace: Keyspace;
let looks: Looks;
let taken = 0;
let sampled = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  keyspace = keyspaceMake(handlesMake());
  taken = 0;
  sampled = 0;
  looks = new Looks({
    version: '1.2.3',
    look: () => {
      taken++;
      return new Snapshot(keyspace, THREADS, COMMANDS);
    },
    told: () => ({ loops: [{ activeSec: 1, utilization: 0.5 }, null], logLevel: 'warn' }),
    sample: () => {
      sampled++;
    },
  });
  looks.start();
});
afterEach(() => {
  vi.useRealTimers();
});

function state(): ConsoleState {
  return JSON.parse(looks.stateShown().toString()) as ConsoleState;
}

/** Asks each second, as the console does. */
function watch(seconds: number): ConsoleState {
  for (let second = 0; second < seconds; second++) {
    vi.advanceTimersByTime(1000);
    looks.stateShown();
  }
  return state();
}

/** As a thread counts a command of RESP. */
function ran(thread: number, us: number): void {
  const { commandStats, respStats } = keyspace;
  const record = commandStatsBlock(thread) + commandStatsRecord(GET);
  commandStats.f64[record + COMMAND_STAT.calls]++;
  commandStats.f64[record + COMMAND_STAT.us] += us;
  const block = respStatsBlock(thread);
  respStats.f64[block + RESP_COUNTER.commands]++;
  timeNote(respStats, block, GET, us);
}

describe('looks', () => {
  it('are taken each five seconds while nobody asks', () => {
    vi.advanceTimersByTime(60_000);
    expect(taken).toBe(1 + 60 / STEP_SEC);
    expect(sampled).toBe(taken);
  });

  it('are taken each second while somebody asks, however many do, and a while longer', () => {
    for (let second = 0; second < 60; second++) {
      vi.advanceTimersByTime(1000);
      const shown = looks.stateShown();
      for (let browser = 0; browser < 50; browser++) expect(looks.stateShown()).toBe(shown);
    }
    expect(taken).toBeGreaterThanOrEqual(60);
    expect(taken).toBeLessThanOrEqual(62);
    expect(sampled).toBeLessThanOrEqual(1 + 60 / STEP_SEC);
    vi.advanceTimersByTime(60_000);
    expect(taken).toBeLessThanOrEqual(62 + 11 + 60 / STEP_SEC);
  });

  it('are not stale for who comes after a while', () => {
    vi.advanceTimersByTime(3000);
    ran(0, 10);
    expect(state().commands).toMatchObject([{ name: 'get', calls: 1 }]);
    expect(state().spanSec).toBe(3);
  });

  it('make a history of a quarter of an hour', () => {
    vi.advanceTimersByTime(2000 * 1000);
    const history = JSON.parse(looks.historyShown().toString()) as ConsoleHistory;
    expect(history.series.length).toBe(180);
    expect(looks.historyShown()).toBe(looks.historyShown());
    const [first, second] = history.series;
    expect(second.atMs - first.atMs).toBe(STEP_SEC * 1000);
  });
});

describe('a state', () => {
  it('has rates over the time since the last look, and times of the last ten seconds', () => {
    watch(3);
    for (let run = 0; run < 100; run++) ran(run % 2, run < 50 ? 2 : 200);
    const now = watch(1);
    expect(now.spanSec).toBe(1);
    expect(now.series.respPerSec).toBe(100);
    expect(now.threads.map(({ commandsPerSec }) => commandsPerSec)).toEqual([50, 50]);
    const [get] = now.commands;
    expect(get).toMatchObject({ calls: 100, callsPerSec: 100, meanUs: 101 });
    expect(get.p50Us).toBeLessThan(3);
    expect(get.p99Us).toBeGreaterThan(180);
    expect(watch(5).commands[0]).toMatchObject({ callsPerSec: 0, meanUs: 101 });
    expect(watch(8).commands[0]).toMatchObject({ calls: 100, meanUs: null, p50Us: null });
  });

  it('has no rates below nothing where counts were set to zero', () => {
    for (let run = 0; run < 50; run++) ran(0, 2);
    watch(2);
    commandStatsReset(keyspace.commandStats);
    respStatsReset(keyspace.respStats);
    ran(0, 300);
    const now = watch(1);
    expect(now.series.respPerSec).toBe(1);
    expect(now.commands[0]).toMatchObject({ calls: 1, callsPerSec: 1 });
    expect(now.commands[0].p50Us).toBeGreaterThan(200);
  });

  it('tells CPU time by the clocks of the threads, and none of one that was started anew', () => {
    const { f64 } = keyspace.control;
    const tell = (thread: number, us: number, atMs: number): void => {
      f64[counterBlock(thread) + GAUGE.cpuUserUs] = us;
      f64[counterBlock(thread) + GAUGE.cpuAtMs] = atMs;
    };
    tell(0, 1_000_000, 5000);
    tell(1, 1_000_000, 5000);
    watch(3);
    tell(0, 1_500_000, 6000);
    tell(1, 10_000, 20);
    // It is told once a second, more or less: a look may fall between.
    for (const now of [watch(1), watch(1)]) {
      expect(now.threads.map(({ cores }) => cores)).toEqual([0.5, 0]);
      expect(now.series.cores).toBe(0.5);
    }
  });

  it('tells what the main thread has told', () => {
    const now = watch(1);
    expect(now.threads.map(({ utilization }) => utilization)).toEqual([0.5, null]);
    expect(now.server).toMatchObject({ version: '1.2.3', logLevel: 'warn' });
  });
});
