/**
 * The control block: what all threads share besides the partitions. One SharedArrayBuffer.
 *
 *   ┌────────┬─────────────┬─────────────────────────┬───────────────────┬──────────────────┐
 *   │ words  │ times and   │ counters, a block for   │ prefix table      │ connection table │
 *   │ 256 B  │ totals      │ each thread + baseline  │ 304 B each        │ 512 B each       │
 *   │        │ f64, 256 B  │                         │ (prefix-table.ts) │ (connections.ts) │
 *   └────────┴─────────────┴─────────────────────────┴───────────────────┴──────────────────┘
 *
 * Guard: words are written through Atomics or before the threads start; each f64 has one writer or is
 * written by commands that an operator sends one at a time; each counter block has one writer, its
 * thread (readers add the blocks up and may be a moment behind).
 */
import { assert } from '../base/assert.ts';

/** i32 indices. */
export const CONTROL = {
  seed: 12, // HASH_SECRET_WORDS words for the key hash
  connectionCount: 3, // open now
  flushIsScheduled: 2, // 1: a flush_all waits for its time
  verbosity: 5,
  threadRestarts: 6, // data threads that died and were started anew
  partitionResets: 7, // partitions emptied because they did not survive a thread's death
  locksFreed: 8, // locks taken back from dead threads
  connectionClaims: 9, // connections ever accepted; also where the search for a record starts
  sweepReclaims: 11, // dead items that the maintainer collected
  connectionRejects: 10, // clients that the connection limit turned away
  prefixesCounted: 0, // 1: commands are counted by key prefix (stats detail)
  sweeps: 1, // rounds of the maintainer
  tlsFilesVersion: 24, // how often the certificate's files were read, or tried to
  sweepIsOn: 16, // 1: the maintainer sweeps for dead items unasked
  crawlIsRunning: 17, // 1: it was asked to, and is not done
  watchedKinds: 25, // kinds of events that somebody watches, a bit each
  eventOrdinal: 26, // of the next event, over all threads; wraps at 2^32
  crawlClasses: 20, // CRAWL_CLASS_WORDS words: a bit for each slab class that it is to look at
  crawlSleepUs: 18, // how long a crawl rests after a thousand items
  bulletinEpoch: 27, // notices that threads posted for each other
  clientIds: 28, // ids given to RESP clients
  waitTokens: 29, // given to blocked clients
  connectionLimit: 31, // connections there may be; 0: as many as the table holds
  connectionSpan: 51, // records that were ever in use are below it
  memoryIsTight: 4, // TIGHT bits: commands that may need memory have to find room first
  crawlItemCountMax: 19, // items of a class that a crawl looks at; 0: all, as 32 bits unsigned
  overdueScripts: 52, // scripts that run too long: how many of EVAL's, and of FCALL's times 2^16
  scriptsDebug: 53, // 1: scripts may call DEBUG, as that has said
  keyEvents: 48, // classes of key events that are published: notify-keyspace-events
  joinedThreads: 49, // two words: a bit for each data thread that hears the others and is heard
  straying: 61, // a script that has written waits for a lock out of order, as this owner: locks.ts
  usersLock: 96, // LOCK_WORDS words: who changes RESP's users: users-lock.ts
  trackingBell: 60, // 1: tracked keys have changed, and some thread has not heard of it yet
  trackingThreads: 56, // two words: a bit for each data thread whose clients track keys
  broadcastThreads: 58, // … want to hear of all keys with a prefix
  databases: 32, // DATABASE_COUNT words: from the number that clients use to the one that keys have
} as const;

/** f64 indices. */
export const CONTROL_F64 = {
  startedAtMs: 32,
  clockOffsetMs: 33, // added to the clock; moved by tests only
  flushAtMs: 34, // when the delayed flush falls due, if there is one: CONTROL.flushIsScheduled
  statsResetAtMs: 35,
  maxMemory: 37, // bytes that may be in use: maxmemory
  bufferBytes: 38, // of requests and replies under way, as the maintainer saw them last
  memoryBytes: 36, // the budget: -m, or what cache_memlimit made of it
  expiryRestsUntilMs: 39, // what has expired is dead, but stays until then: CLIENT PAUSE
  tlsFilesReadAtMs: 40, // when the certificate in use was read
} as const;

/** Why memory has to be looked after item by item. */
export const TIGHT = {
  LIMIT: 1, // maxmemory is lower than what pages alone keep to
  BUFFERS: 2, // clients' requests and replies, which count too, are many bytes
} as const;

export const CRAWL_CLASS_WORDS = 4;

const COUNTERS_F64_START = 64;

/**
 * Counters that each thread keeps for itself: plain additions to its own block, no lock, no atomics.
 * What belongs to one slab class is counted in the class's record instead, under the lock that is held
 * anyway (see memory/partition.ts).
 */
export const COUNTER = {
  getCommands: 0,
  getMisses: 1,
  setCommands: 2,
  flushCommands: 3,
  touchCommands: 4,
  touchMisses: 5,
  deleteMisses: 6,
  incrMisses: 7,
  decrMisses: 8,
  casMisses: 9,
  bytesRead: 10,
  bytesWritten: 11,
  connectionYields: 12,
  storeTooLarge: 13,
  storeNoMemory: 14,
  idleKicks: 15,
  protocolErrors: 16,
  outputBlocked: 17, // replies that had to wait for a slow client
  getExpired: 18, // lookups that met an expired item
  getFlushed: 19, // … one that a flush_all had killed
  outputCuts: 20, // connections closed because they left too much unread
  authCommands: 21,
  authErrors: 22,
  tlsNewSessions: 23, // TLS handshakes done in full, not by resuming a session
  tlsHandshakeErrors: 24,
  tlsProtocolErrors: 25, // failures of TLS on established connections
  udpDrops: 26, // datagrams that were not answered, or not in full
  metaCommands: 27, // me
  eventsWritten: 28, // into the thread's ring of events
  eventsLost: 29, // written over before the thread, as a reader, came to them
  eventLinesSkipped: 30, // for a watcher who was behind
  eventLinesSent: 31,
  respChanges: 32, // changes of keys by RESP commands
} as const;

/** What each thread says of itself now and then, in its counter block: not counted, not reset. */
export const GAUGE = {
  trackedKeys: 33, // keys that clients of the thread may have copies of
  trackedItems: 34, // pairs of such a key and a client
  trackedPrefixes: 35, // prefixes that its clients want to hear of
  noticeBytesWaiting: 36, // as two i32: what other threads have posted and it has not handled; overdue-scripts.ts
  watcherCount: 37,
  watchedKinds: 38, // kinds of events that the thread's connections watch
  heapBytes: 39, // JavaScript heap in use
  cpuUserUs: 40, // CPU time that the thread has used since it was started
  cpuSystemUs: 41,
  cpuAtMs: 79, // when that was told, by the thread's own clock
  loopDelaySumMs: 42, // how much later than it was to a timer has fired, all in all
  loopDelays: 43, // LOOP_DELAY_MS.length + 1 words: how many were that late
  batchSumUs: 52, // time that batches of memcached's took, of those that were timed
  batchTimes: 53, // BATCH_LIMITS_US.length + 1 words: how many took that long
} as const;

/** A timer's delay is counted by these, the last word taking what is longer. */
export const LOOP_DELAY_MS = [2, 5, 10, 25, 50, 100, 250, 1000] as const;

/** The time of a batch likewise: 1,024 ns × 2^n. */
export const BATCH_LIMITS_US: readonly number[] = Array.from(
  { length: 20 },
  (_, n) => 1.024 * 2 ** n,
);

/** Behind them, how often each command was run: COMMANDS_FIRST + the command's number. */
export const COMMANDS_FIRST = 80;
export const COMMAND_COUNT_MAX = 128;
/** A multiple of 8, so that no two threads write one cache line. */
const COUNTERS_PER_THREAD = COMMANDS_FIRST + COMMAND_COUNT_MAX;
assert(COUNTERS_PER_THREAD % 8 === 0, 'no two threads write one cache line');
assert(GAUGE.loopDelays + LOOP_DELAY_MS.length < GAUGE.batchSumUs, 'gauges do not overlap');
assert(
  GAUGE.batchTimes + BATCH_LIMITS_US.length < GAUGE.cpuAtMs && GAUGE.cpuAtMs < COMMANDS_FIRST,
  'gauges end before the commands',
);
export const THREAD_COUNT_MAX = 64;
export const PARTITION_COUNT_MAX = 64;
const COUNTERS_END = COUNTERS_F64_START + (THREAD_COUNT_MAX + 1) * COUNTERS_PER_THREAD;
export const PREFIX_TABLE_OFFSET = COUNTERS_END * 8;
export const PREFIX_RECORD_BYTES = 304;
export const PREFIX_COUNT_MAX = 4096;
export const CONNECTION_TABLE_OFFSET = PREFIX_TABLE_OFFSET + PREFIX_COUNT_MAX * PREFIX_RECORD_BYTES;
export const CONNECTION_RECORD_BYTES = 512;

export class Control {
  readonly sab: SharedArrayBuffer;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u8: Buffer;
  readonly connectionCountMax: number;

  constructor(sab: SharedArrayBuffer) {
    this.sab = sab;
    this.i32 = new Int32Array(sab);
    this.f64 = new Float64Array(sab);
    this.u8 = Buffer.from(sab);
    this.connectionCountMax = (sab.byteLength - CONNECTION_TABLE_OFFSET) / CONNECTION_RECORD_BYTES;
    assert(Number.isInteger(this.connectionCountMax), 'the connection table has whole records');
  }
}

export function controlBytes(connectionCountMax: number): number {
  return CONNECTION_TABLE_OFFSET + connectionCountMax * CONNECTION_RECORD_BYTES;
}

/** f64 index of a thread's counter block: `control.f64[block + COUNTER.getCommands]++`. */
export function counterBlock(threadIndex: number): number {
  assert(threadIndex >= 0 && threadIndex < THREAD_COUNT_MAX, 'every thread has a counter block');
  return COUNTERS_F64_START + threadIndex * COUNTERS_PER_THREAD;
}

const BASELINE = COUNTERS_F64_START + THREAD_COUNT_MAX * COUNTERS_PER_THREAD;

/** A counter over all threads, since the last reset. */
export function counterSum(control: Control, counter: number): number {
  return counterRaw(control, counter) - control.f64[BASELINE + counter];
}

/**
 * Sets all counters to zero, as readers see it. The blocks themselves belong to their threads and go
 * on counting; the baseline moves up to them.
 */
export function countersReset(control: Control): void {
  for (let counter = 0; counter < COUNTERS_PER_THREAD; counter++) {
    control.f64[BASELINE + counter] = counterRaw(control, counter);
  }
}

/** The sum of what the threads say of themselves: GAUGE. */
export function gaugeSum(control: Control, gauge: number): number {
  return counterRaw(control, gauge);
}

/** What one thread says of itself. */
export function gaugeOf(control: Control, threadIndex: number, gauge: number): number {
  return control.f64[counterBlock(threadIndex) + gauge];
}

/** Counts how late a timer of the thread has fired. */
export function loopDelayNote({ f64 }: Control, threadIndex: number, ms: number): void {
  const block = counterBlock(threadIndex);
  let step = 0;
  while (step < LOOP_DELAY_MS.length && ms > LOOP_DELAY_MS[step]) step++;
  f64[block + GAUGE.loopDelays + step]++;
  f64[block + GAUGE.loopDelaySumMs] += ms;
}

/** Counts how long a batch took. `block`: the thread's, as counterBlock has it. */
export function batchTimeNote({ f64 }: Control, block: number, us: number): void {
  let step = 0;
  while (step < BATCH_LIMITS_US.length && us > BATCH_LIMITS_US[step]) step++;
  f64[block + GAUGE.batchTimes + step]++;
  f64[block + GAUGE.batchSumUs] += us;
}

/** What the threads say of themselves in bits, put together. */
export function gaugesOr(control: Control, gauge: number): number {
  let bits = 0;
  for (let thread = 0; thread < THREAD_COUNT_MAX; thread++) {
    bits |= control.f64[counterBlock(thread) + gauge];
  }
  return bits;
}

function counterRaw(control: Control, counter: number): number {
  let sum = 0;
  for (let thread = 0; thread < THREAD_COUNT_MAX; thread++) {
    sum += control.f64[COUNTERS_F64_START + thread * COUNTERS_PER_THREAD + counter];
  }
  return sum;
}
