/**
 * A look at the server: counts of one moment, copied, which the next look is compared with. Two of them make
 * rates (look-state.ts).
 *
 * Guard: as with Snapshot, none is taken.
 */
import { CLASS_TOTAL } from '../memory/class-totals.ts';
import { COMMAND_STAT, commandStatSum } from '../memory/command-stats.ts';
import { connectionsWalk, connectionThread } from '../memory/connections.ts';
import {
  COUNTER,
  type Control,
  counterBlock,
  GAUGE,
  gaugeOf,
  LOOP_DELAY_MS,
} from '../memory/control.ts';
import { type KeyTap, partitionOperations } from '../memory/key-tap.ts';
import { LOCK_COUNT } from '../memory/lock.ts';
import { memcachedTimes, memcachedTimeUs } from '../memory/memcached-times.ts';
import { HEADER_F64, type Partition, partitionLockCount } from '../memory/partition.ts';
import { commandTimes, RESP_COUNTER } from '../memory/resp-stats.ts';
import type { ConsoleProtocol } from './console-state.ts';
import type { Snapshot } from './snapshot.ts';

/** What is counted over the whole server. */
export type Totals = {
  readonly memcached: number;
  readonly resp: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly expirations: number;
  readonly errors: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
};

export type CommandLook = {
  readonly protocol: ConsoleProtocol;
  readonly name: string;
  readonly calls: number;
  readonly errors: number;
  /** What those took that were timed. */
  readonly us: number;
  /** Runs by how long they took: time-steps.ts; null: none was timed. */
  readonly times: Float64Array | null;
};

export type PartitionLook = {
  readonly operations: number;
  readonly lockMeetings: number;
  readonly lockSleeps: number;
  readonly evictions: number;
};

export type ThreadLook = {
  readonly commands: number;
  readonly late: number;
  readonly connections: number;
  readonly cpuUs: number;
  /** When the thread has told that, by its own clock. */
  readonly cpuAtMs: number;
};

export type ClassLook = {
  readonly hits: number;
  readonly sets: number;
  readonly evictions: number;
};

export type Look = {
  /** By a clock that is never set. */
  readonly atMs: number;
  readonly totals: Totals;
  /** Always the same ones, in the same order; so below. */
  readonly commands: readonly CommandLook[];
  readonly partitions: readonly PartitionLook[];
  readonly threads: readonly ThreadLook[];
  readonly classes: readonly ClassLook[];
};

/** A timer that fires this late counts as late. */
const LATE_MS = 25;
const LATE_FIRST = LOOP_DELAY_MS.indexOf(LATE_MS) + 1;
/** Hits of any kind. */
const CLASS_HITS: readonly number[] = [
  CLASS_TOTAL.getHits,
  CLASS_TOTAL.deleteHits,
  CLASS_TOTAL.incrHits,
  CLASS_TOTAL.decrHits,
  CLASS_TOTAL.touchHits,
];

export function lookTake(now: Snapshot): Look {
  return {
    atMs: performance.now(),
    totals: totalsOf(now),
    commands: [...memcachedCommands(now), ...respCommands(now)],
    partitions: now.keyspace.partitions.map((p) => partitionLook(p, now.keyspace.keyTap)),
    threads: threadLooks(now),
    classes: now.classes.map(({ totals }) => ({
      hits: CLASS_HITS.reduce((sum, total) => sum + totals[total], 0),
      sets: totals[CLASS_TOTAL.setCount],
      evictions: totals[CLASS_TOTAL.evictions],
    })),
  };
}

function totalsOf(now: Snapshot): Totals {
  const { totals } = now;
  return {
    memcached: now.commands.memcached.reduce(
      (sum, { number }) => sum + now.commandCount(number),
      0,
    ),
    resp: now.resp(RESP_COUNTER.commands),
    hits: now.getHits + now.resp(RESP_COUNTER.keyHits),
    misses: now.counter(COUNTER.getMisses) + now.resp(RESP_COUNTER.keyMisses),
    evictions: totals[HEADER_F64.evictionTotal],
    expirations: totals[HEADER_F64.expiryTotal] - totals[HEADER_F64.flushTotal],
    errors:
      now.resp(RESP_COUNTER.errorReplies) +
      now.counter(COUNTER.protocolErrors) +
      now.counter(COUNTER.storeTooLarge) +
      now.counter(COUNTER.storeNoMemory),
    bytesRead: now.counter(COUNTER.bytesRead),
    bytesWritten: now.counter(COUNTER.bytesWritten),
  };
}

/** A command of both of memcached's protocols is one. */
function memcachedCommands(now: Snapshot): CommandLook[] {
  const looks = new Map<string, CommandLook>();
  for (const { name, number } of now.commands.memcached) {
    const { calls = 0, us = 0, times = null } = looks.get(name) ?? {};
    looks.set(name, {
      protocol: 'memcached',
      name,
      calls: calls + now.commandCount(number),
      errors: 0,
      us: us + memcachedTimeUs(now.keyspace.memcachedTimes, number),
      times: timesAdded(times, memcachedTimes(now.keyspace.memcachedTimes, number)),
    });
  }
  return [...looks.values()];
}

function timesAdded(a: Float64Array | null, b: Float64Array | null): Float64Array | null {
  return a === null || b === null ? (a ?? b) : a.map((count, step) => count + b[step]);
}

function respCommands({ commands, keyspace }: Snapshot): CommandLook[] {
  const { commandStats, respStats } = keyspace;
  return commands.resp.map(({ name, number }): CommandLook => {
    const stat = (word: number): number => commandStatSum(commandStats, number, word);
    const calls = stat(COMMAND_STAT.calls);
    return {
      protocol: 'resp',
      name,
      calls,
      errors: stat(COMMAND_STAT.rejected) + stat(COMMAND_STAT.failed),
      us: stat(COMMAND_STAT.us),
      times: calls === 0 ? null : commandTimes(respStats, number),
    };
  });
}

function partitionLook(p: Partition, keyTap: KeyTap): PartitionLook {
  return {
    operations: partitionOperations(keyTap, p.id),
    lockMeetings: partitionLockCount(p, LOCK_COUNT.contended),
    lockSleeps: partitionLockCount(p, LOCK_COUNT.sleeps),
    evictions: p.f64[HEADER_F64.evictionTotal],
  };
}

function threadLooks(now: Snapshot): ThreadLook[] {
  const { control } = now.keyspace;
  const connections = connectionsByThread(control, now.threadCount);
  return connections.map((count, thread) => ({
    commands: now.threadCommands(thread),
    late: lateCount(control, thread),
    connections: count,
    cpuUs: gaugeOf(control, thread, GAUGE.cpuUserUs) + gaugeOf(control, thread, GAUGE.cpuSystemUs),
    cpuAtMs: gaugeOf(control, thread, GAUGE.cpuAtMs),
  }));
}

function connectionsByThread(control: Control, threadCount: number): number[] {
  const counts = new Array<number>(threadCount).fill(0);
  connectionsWalk(control, (record) => {
    const thread = connectionThread(control, record);
    // It may have closed just now, or be the main thread's.
    if (thread >= 0 && thread < threadCount) counts[thread]++;
  });
  return counts;
}

function lateCount({ f64 }: Control, thread: number): number {
  const first = counterBlock(thread) + GAUGE.loopDelays;
  let count = 0;
  for (let step = LATE_FIRST; step <= LOOP_DELAY_MS.length; step++) count += f64[first + step];
  return count;
}
