/**
 * The engine alone: threads of this process on one arena, without sockets or a protocol.
 *
 *   node bench/engine.ts
 *
 *   ns/op      wall time of an operation on a thread
 *   CPU ns/op  its CPU time, which other programs hardly change
 *   scaling    operations a second, to those with the first number of threads; rounds take turns, and
 *              neighbours are compared. By CPU time: what it would be with a core for every thread
 *
 * In the rows `one key` all threads are at the same one, the worst that a lock can meet. Threads that
 * sleep there use no CPU time, so only the wall tells.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { randomBelow, randomMake } from '../src/base/random.ts';
import { keyspaceInit } from '../src/engine/keyspace.ts';
import { arenaReserve } from '../src/memory/arena.ts';
import type { EngineResult, EngineStart, EngineTask } from './engine-worker.ts';
import { type Arguments, argumentsRead, COMMON_FLAGS } from './support/arguments.ts';
import { machineCpuUsRead, processCpuUsRead } from './support/process-usage.ts';
import {
  disturbanceFormat,
  numberFormat,
  progressSay,
  ratioFormat,
  reportWrite,
  tableFormat,
} from './support/report.ts';
import { ratioSummaryOf, summaryOf } from './support/statistics.ts';

const ABOUT = 'Measures the engine alone, on one thread and on several.';
const FLAGS = {
  ...COMMON_FLAGS,
  threads: { value: 'N,…', byDefault: '1,2', doc: 'numbers of threads to compare' },
  items: { value: 'N', byDefault: '500000', quick: '5000', doc: 'items stored' },
  value: { value: 'BYTES', byDefault: '100', doc: 'size of values' },
  mem: { value: 'MIB', byDefault: '1024', quick: '64', doc: 'memory limit' },
  mix: { value: 'G:S', byDefault: '9:1', doc: 'gets to sets' },
  rounds: { value: 'N', byDefault: '3', quick: '1', doc: 'rounds of each case' },
  seconds: { value: 'N', byDefault: '2', quick: '0.02', doc: 'length of a round' },
} as const;

const KEY_PREFIX = 'key:';
const KEY_BYTES = 16;
const REQUEST_COUNT = 1 << 20;
const WARM_MS_MAX = 500;

interface Threads {
  readonly workers: readonly Worker[];
  readonly gate: Int32Array;
}

interface Round {
  readonly byThread: readonly EngineResult[];
  readonly opsPerSec: number;
  readonly cpuNsPerOp: number;
  /** Cores that other programs used. */
  readonly otherCores: number;
}

/** A case on a number of threads. */
interface Series {
  readonly name: string;
  readonly threadCount: number;
  readonly isOneKey: boolean;
  readonly rounds: Round[];
}

type Case = Pick<EngineTask, 'getWeight' | 'setWeight' | 'isOneKey'> & { readonly name: string };

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const threads = threadsStart(args);
  const [, set] = casesFor(args);
  await taskRun(threads, { ...set, threadCount: 1, durationMs: null }); // fills the keyspace
  const series: Series[] = [];
  for (const oneCase of casesFor(args)) series.push(...(await caseRun(threads, oneCase, args)));
  await Promise.all(threads.workers.map((worker) => worker.terminate()));
  const conditions =
    `${args.text('items')} items, keys of ${KEY_BYTES} B, values of ${args.text('value')} B, ` +
    `-m ${args.text('mem')}; ${args.text('rounds')} × ${args.text('seconds')} s, in turn; medians.\n` +
    disturbanceFormat(series.flatMap(({ rounds }) => rounds.map(({ otherCores }) => otherCores)));
  reportWrite(args, `${seriesFormat(series)}\n${conditions}`, { series });
}

function casesFor(args: Arguments): readonly Case[] {
  const [gets, sets] = args.pair('mix');
  return [
    { name: 'get', getWeight: 1, setWeight: 0, isOneKey: false },
    { name: 'set', getWeight: 0, setWeight: 1, isOneKey: false },
    { name: `get:set ${gets}:${sets}`, getWeight: gets, setWeight: sets, isOneKey: false },
    { name: 'get, one key', getWeight: 1, setWeight: 0, isOneKey: true },
    { name: 'set, one key', getWeight: 0, setWeight: 1, isOneKey: true },
  ];
}

function threadsStart(args: Arguments): Threads {
  const threadCount = Math.max(...args.numbers('threads'));
  const handles = arenaReserve({
    memoryBytes: args.number('mem') * 2 ** 20,
    memoryBytesMax: args.number('mem') * 2 ** 20,
    itemBytesMax: 2 ** 20,
    threadCount,
    connectionCountMax: 1,
    evicts: true,
    growthFactor: 1.25,
    chunkBytesMin: 48,
    eventBytes: 4096,
  });
  const random = randomMake(args.number('seed'));
  keyspaceInit(handles, Int32Array.from({ length: 4 }, random), Date.now());
  const keys = keysMake(args.number('items'));
  const requests = Buffer.from(new SharedArrayBuffer(REQUEST_COUNT * KEY_BYTES));
  for (let at = 0; at < requests.length; at += KEY_BYTES) {
    const from = randomBelow(random, args.number('items')) * KEY_BYTES;
    keys.copy(requests, at, from, from + KEY_BYTES);
  }
  const shared = {
    handles,
    valueBytes: args.number('value'),
    keyBytes: KEY_BYTES,
    keys: keys.buffer as SharedArrayBuffer, // keysMake made it so
    requests: requests.buffer as SharedArrayBuffer,
    gate: new SharedArrayBuffer(4),
  };
  const entry = new URL('./engine-worker.ts', import.meta.url);
  const workers = Array.from({ length: threadCount }, (_, threadIndex) => {
    const workerData: EngineStart = { ...shared, threadIndex };
    return new Worker(entry, { workerData });
  });
  return { workers, gate: new Int32Array(shared.gate) };
}

/** `key:000000000042`, one behind the other. */
function keysMake(itemCount: number): Buffer {
  const keys = Buffer.from(new SharedArrayBuffer(itemCount * KEY_BYTES));
  for (let id = 0; id < itemCount; id++) {
    const digits = String(id).padStart(KEY_BYTES - KEY_PREFIX.length, '0');
    keys.write(KEY_PREFIX + digits, id * KEY_BYTES, 'latin1');
  }
  return keys;
}

/** Rounds with each number of threads in turn, after one of each to warm up. */
async function caseRun(threads: Threads, oneCase: Case, args: Arguments): Promise<Series[]> {
  const { name, isOneKey } = oneCase;
  const durationMs = args.number('seconds') * 1000;
  const series = args
    .numbers('threads')
    .map((threadCount): Series => ({ name, threadCount, isOneKey, rounds: [] }));
  for (const { threadCount } of series) {
    const warmMs = Math.min(durationMs, WARM_MS_MAX);
    await taskRun(threads, { ...oneCase, threadCount, durationMs: warmMs });
  }
  for (let turn = 0; turn < args.number('rounds'); turn++) {
    for (const { threadCount, rounds } of series) {
      const round = await taskRun(threads, { ...oneCase, threadCount, durationMs });
      rounds.push(round);
      progressSay(
        `  ${name.padEnd(12)}  threads ${threadCount}  ${numberFormat(round.opsPerSec, 0)} ops/s  ` +
          `${numberFormat(round.cpuNsPerOp, 0)} CPU ns/op  others ${round.otherCores.toFixed(2)} cores`,
      );
    }
  }
  return series;
}

async function taskRun(threads: Threads, task: EngineTask): Promise<Round> {
  Atomics.store(threads.gate, 0, 0);
  const before = othersRead();
  const byThread = await Promise.all(
    threads.workers.slice(0, task.threadCount).map(async (worker) => {
      worker.postMessage(task);
      const [result] = await once(worker, 'message'); // rejects when the thread fails
      return result as EngineResult; // the only thing it posts
    }),
  );
  const after = othersRead();
  const sum = (of: (result: EngineResult) => number): number =>
    byThread.reduce((total, result) => total + of(result), 0);
  return {
    byThread,
    opsPerSec: sum(threadOpsPerSec),
    cpuNsPerOp: (sum(({ cpuMs }) => cpuMs) / sum(({ operationCount }) => operationCount)) * 1e6,
    otherCores: Math.max(0, after.cpuUs - before.cpuUs) / (after.wallUs - before.wallUs),
  };
}

/** The time, and CPU time that the machine spent on other programs. */
function othersRead(): { readonly wallUs: number; readonly cpuUs: number } {
  return {
    wallUs: performance.now() * 1000,
    cpuUs: machineCpuUsRead() - processCpuUsRead(process.pid),
  };
}

function threadOpsPerSec({ operationCount, elapsedMs }: EngineResult): number {
  return (operationCount / elapsedMs) * 1000;
}

function seriesFormat(series: readonly Series[]): string {
  const headers = ['case', 'threads', 'ns/op', 'CPU ns/op', 'ops/s', 'M ops/s by thread'];
  headers.push('scaling', 'by CPU time', 'missed or refused');
  return tableFormat(
    headers,
    series.map((one) => rowFormat(one, series)),
  );
}

function rowFormat(one: Series, series: readonly Series[]): readonly string[] {
  const { name, threadCount, isOneKey, rounds } = one;
  const first = series.find((other) => other.name === name) ?? one;
  const times = (of: Series): readonly number[] => of.rounds.map((round) => 1e9 / round.opsPerSec);
  const costs = (of: Series): readonly number[] => of.rounds.map((round) => round.cpuNsPerOp);
  const nsPerOp = summaryOf(times(one)).median; // of all threads together
  const rateOf = (thread: number): number =>
    summaryOf(rounds.map(({ byThread }) => threadOpsPerSec(byThread[thread]))).median;
  const threads = Array.from({ length: threadCount }, (_, thread) => rateOf(thread) / 1e6);
  const scaling = ratioSummaryOf(times(first), times(one));
  const cpuRatio = ratioSummaryOf(costs(first), costs(one)).median;
  const faultCount = rounds
    .flatMap(({ byThread }) => byThread)
    .reduce((sum, { missCount, refusedCount }) => sum + missCount + refusedCount, 0);
  return [
    name,
    `${threadCount}`,
    numberFormat(nsPerOp * threadCount, 0),
    numberFormat(summaryOf(costs(one)).median, 0),
    numberFormat(1e9 / nsPerOp, 0),
    threads.map((value) => value.toFixed(2)).join(' + '),
    one === first ? '' : ratioFormat(scaling),
    one === first || isOneKey ? '' : ((cpuRatio * threadCount) / first.threadCount).toFixed(2),
    numberFormat(faultCount, 0),
  ];
}

await main();
