/** What two looks, and the server as it stands, come to: what the console is told. */
import { hostname } from 'node:os';
import { DATABASE_COUNT } from '../base/key.ts';
import { CLASS_TOTAL } from '../memory/class-totals.ts';
import { connectionLimit, connectionsOpen } from '../memory/connections.ts';
import { CONTROL, COUNTER, GAUGE, gaugeOf } from '../memory/control.ts';
import { CLASS, HEADER, HEADER_F64 } from '../memory/partition.ts';
import { RESP_COUNTER } from '../memory/resp-stats.ts';
import { PAGE_BYTES } from '../memory/slab-classes.ts';
import { timePercentile } from '../memory/time-steps.ts';
import { partitionPageCount } from '../memory/usage.ts';
import type { Told } from './admin-messages.ts';
import type {
  ConsoleCommand,
  ConsolePartition,
  ConsoleSeries,
  ConsoleSlabClass,
  ConsoleState,
  ConsoleThread,
} from './console-state.ts';
import type { CommandLook, Look, ThreadLook } from './look.ts';
import { clusterVersion, TYPE_NAMES } from './metrics-flagstone.ts';
import { memoryMax } from './metrics-redis.ts';
import type { Snapshot } from './snapshot.ts';

/** What looks are compared with. */
export type Earlier = {
  /** The one before: rates are over the time since then. */
  readonly before: Look;
  /** An older one: times are over the time since then. */
  readonly older: Look;
  /** All that are kept, the oldest first. */
  readonly kept: readonly Look[];
};

/** What the shared memory does not tell. */
export type ServerFacts = {
  readonly sequence: number;
  readonly version: string;
  readonly told: Told;
};

type Times = Pick<ConsoleCommand, 'p50Us' | 'p99Us' | 'p999Us'>;

export function lookState(
  now: Snapshot,
  look: Look,
  earlier: Earlier,
  facts: ServerFacts,
): ConsoleState {
  const { before, older } = earlier;
  const spanSec = (look.atMs - before.atMs) / 1000;
  return {
    sequence: facts.sequence,
    spanSec,
    latencySpanSec: (look.atMs - older.atMs) / 1000,
    server: serverState(now, facts),
    series: lookSeries(now, look, earlier),
    commands: commandStates(look, before, older),
    types: TYPE_NAMES.map(([name, type]) => ({
      name,
      items: now.totals[HEADER_F64.typeItems + type],
      bytes: now.totals[HEADER_F64.typeBytes + type],
    })),
    classes: classStates(now, look, before),
    partitions: partitionStates(now, look, before),
    threads: threadStates(now, look, earlier, facts.told.loops),
    databases: now.databases.filter(({ keys }) => keys > 0),
  };
}

/** What is drawn over time. */
export function lookSeries(now: Snapshot, look: Look, earlier: Earlier): ConsoleSeries {
  const { before, older } = earlier;
  const spanSec = (look.atMs - before.atMs) / 1000;
  const rate = (name: keyof Look['totals']): number =>
    rateOf(look.totals[name], before.totals[name], spanSec);
  return {
    atMs: Math.round(now.atMs),
    memcachedPerSec: rate('memcached'),
    respPerSec: rate('resp'),
    hitsPerSec: rate('hits'),
    missesPerSec: rate('misses'),
    evictionsPerSec: rate('evictions'),
    expirationsPerSec: rate('expirations'),
    errorsPerSec: rate('errors'),
    bytesReadPerSec: rate('bytesRead'),
    bytesWrittenPerSec: rate('bytesWritten'),
    connections: connectionsOpen(now.keyspace.control),
    items: now.databases.reduce((sum, { keys }) => sum + keys, 0),
    memoryUsedBytes: now.memory.usedBytes,
    cores: look.threads.reduce((sum, one, thread) => sum + cores(one, thread, earlier.kept), 0),
    ...timesOf(timesTogether(look, older)),
  };
}

/** How much was counted since. What is less than before was set to zero meanwhile. */
function since(now: number, before: number): number {
  return now >= before ? now - before : now;
}

function rateOf(now: number, before: number, spanSec: number): number {
  return spanSec > 0 ? since(now, before) / spanSec : 0;
}

function serverState(now: Snapshot, facts: ServerFacts): ConsoleState['server'] {
  const { control, partitions } = now.keyspace;
  const configVersion = clusterVersion(now);
  return {
    version: facts.version,
    node: process.versions.node,
    host: hostname(),
    pid: process.pid,
    uptimeSec: now.uptimeSec,
    logLevel: facts.told.logLevel,
    connectionLimit: connectionLimit(control),
    connectionsRefused: now.word(CONTROL.connectionRejects),
    memoryLimitBytes: memoryMax(now),
    evicts: partitions[0].evicts,
    pagesFree: now.pagesFree,
    pageBytes: PAGE_BYTES,
    threadRestarts: now.word(CONTROL.threadRestarts),
    authFailures: now.counter(COUNTER.authErrors) + now.resp(RESP_COUNTER.authFailures),
    configVersion: Number.isNaN(configVersion) ? null : configVersion,
  };
}

// ── Commands ────────────────────────────────────────────────────────────────────────────────────

function commandStates(look: Look, before: Look, older: Look): ConsoleCommand[] {
  const spanSec = (look.atMs - before.atMs) / 1000;
  const states: ConsoleCommand[] = [];
  for (const [at, command] of look.commands.entries()) {
    const { protocol, name, calls, errors } = command;
    if (calls === 0 && errors === 0) continue;
    const callsPerSec = rateOf(calls, before.commands[at].calls, spanSec);
    const counts = timesSince(command, older.commands[at]);
    const meanUs = meanOf(command, older.commands[at], counts);
    states.push({ protocol, name, calls, callsPerSec, errors, meanUs, ...timesOf(counts) });
  }
  return states.sort((a, b) => b.callsPerSec - a.callsPerSec || b.calls - a.calls);
}

function meanOf(now: CommandLook, older: CommandLook, counts: Float64Array | null): number | null {
  if (counts === null) return null;
  return since(now.us, older.us) / counts.reduce((sum, count) => sum + count, 0);
}

/** Runs since then by how long they took; null: there were none. */
function timesSince({ times }: CommandLook, older: CommandLook): Float64Array | null {
  if (times === null) return null;
  const before = older.times;
  const wasReset = before?.some((count, step) => count > times[step]) ?? true;
  if (before === null || wasReset) return times;
  const counts = times.map((count, step) => count - before[step]);
  return counts.some((count) => count > 0) ? counts : null;
}

function timesTogether(look: Look, older: Look): Float64Array | null {
  let sums: Float64Array | null = null;
  for (const [at, command] of look.commands.entries()) {
    const counts = timesSince(command, older.commands[at]);
    if (counts === null) continue;
    if (sums === null) sums = counts.slice();
    else for (let step = 0; step < counts.length; step++) sums[step] += counts[step];
  }
  return sums;
}

function timesOf(counts: Float64Array | null): Times {
  if (counts === null) return { p50Us: null, p99Us: null, p999Us: null };
  return {
    p50Us: timePercentile(counts, 50),
    p99Us: timePercentile(counts, 99),
    p999Us: timePercentile(counts, 99.9),
  };
}

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────

function classStates(now: Snapshot, look: Look, before: Look): ConsoleSlabClass[] {
  const spanSec = (look.atMs - before.atMs) / 1000;
  return now.classes.flatMap(({ id, chunkBytes, chunksPerPage, sums, totals }, at) => {
    if (sums[CLASS.pageCount] === 0 && totals[CLASS_TOTAL.setCount] === 0) return [];
    const rate = (field: 'hits' | 'sets' | 'evictions'): number =>
      rateOf(look.classes[at][field], before.classes[at][field], spanSec);
    return {
      id,
      chunkBytes,
      pages: sums[CLASS.pageCount],
      chunks: sums[CLASS.pageCount] * chunksPerPage,
      chunksUsed: sums[CLASS.usedCount],
      items: sums[CLASS.itemCount],
      itemBytes: sums[CLASS.itemBytes],
      hitsPerSec: rate('hits'),
      setsPerSec: rate('sets'),
      evictionsPerSec: rate('evictions'),
    };
  });
}

function partitionStates(now: Snapshot, look: Look, before: Look): ConsolePartition[] {
  const spanSec = (look.atMs - before.atMs) / 1000;
  return now.keyspace.partitions.map((p, at) => {
    const [counts, earlier] = [look.partitions[at], before.partitions[at]];
    const keys = p.i32.subarray(HEADER.databaseKeys, HEADER.databaseKeys + DATABASE_COUNT);
    return {
      id: p.id,
      items: keys.reduce((sum, count) => sum + count, 0),
      pages: partitionPageCount(p),
      pageLimit: p.i32[HEADER.pageLimit],
      operationsPerSec: rateOf(counts.operations, earlier.operations, spanSec),
      lockMeetingsPerSec: rateOf(counts.lockMeetings, earlier.lockMeetings, spanSec),
      lockSleepsPerSec: rateOf(counts.lockSleeps, earlier.lockSleeps, spanSec),
      evictionsPerSec: rateOf(counts.evictions, earlier.evictions, spanSec),
    };
  });
}

// ── Threads ─────────────────────────────────────────────────────────────────────────────────────

function threadStates(
  now: Snapshot,
  look: Look,
  { before, kept }: Earlier,
  loops: Told['loops'],
): ConsoleThread[] {
  const spanSec = (look.atMs - before.atMs) / 1000;
  return look.threads.map((one, thread) => ({
    name: threadName(thread),
    utilization: loops[thread]?.utilization ?? null,
    cores: cores(one, thread, kept),
    commandsPerSec: rateOf(one.commands, before.threads[thread].commands, spanSec),
    connections: one.connections,
    heapBytes: gaugeOf(now.keyspace.control, thread, GAUGE.heapBytes),
    latePerSec: rateOf(one.late, before.threads[thread].late, spanSec),
  }));
}

export function threadName(thread: number): string {
  return `data ${thread}`;
}

/**
 * CPU time over the time that it took. A thread tells it once a second, by its own clock, so the look to compare
 * with is the last one in which it had told something else.
 */
function cores(now: ThreadLook, thread: number, kept: readonly Look[]): number {
  const before = kept.findLast((one) => one.threads[thread].cpuAtMs !== now.cpuAtMs);
  const { cpuUs, cpuAtMs } = before?.threads[thread] ?? now;
  // Less than before: the thread was started anew.
  return now.cpuAtMs > cpuAtMs ? since(now.cpuUs, cpuUs) / 1000 / (now.cpuAtMs - cpuAtMs) : 0;
}
