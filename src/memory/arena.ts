/**
 * The arena: every byte that the server's threads share, made once at start.
 *
 * The item budget (`-m`) is divided evenly over a power of two of partitions. More partitions mean
 * fewer threads meeting at one lock; fewer mean that a small budget still has pages for every slab
 * class, and that the longest item allowed fits one partition with room for others.
 *
 * More is reserved than may be used, so that the budget can be raised later: a SharedArrayBuffer cannot
 * move, and one that grows is slow. What is never touched is an address range and costs no memory. The
 * other way round, memory that was touched stays with the process: JavaScript has no way to tell the
 * kernel that it is not needed. A lowered budget keeps items out of it, and a raised one uses it again.
 */

import { CommandStats, commandStatsBytes } from './command-stats.ts';
import { CONFIG_STORE_BYTES, ConfigStore } from './config-store.ts';
import { Control, controlBytes, counterBlock, PARTITION_COUNT_MAX } from './control.ts';
import { EventLog, EventRings, eventRingsBytes } from './event-log.ts';
import { KeyTap, keyTapBytes } from './key-tap.ts';
import { MemcachedTimes, memcachedTimesBytes } from './memcached-times.ts';
import { PARTITION_BYTES_MAX, Partition, pageCountFor } from './partition.ts';
import { RespStats, respStatsBytes } from './resp-stats.ts';
import { SlabClasses } from './slab-classes.ts';
import { TrackedKeys, trackedKeysBytes } from './tracked-keys.ts';

/** Below this a partition has too few pages for its classes. */
const PARTITION_BYTES_MIN = 16 * 2 ** 20;
const PARTITIONS_PER_THREAD = 8;
/** A partition holds the longest item so many times over. */
const ITEMS_PER_PARTITION_MIN = 2;
/** Budgets are cut in such steps, so that partitions come out alike. */
const PARTITION_STEP_BYTES = 65536;
const RESERVED_FACTOR = 4;
const RESERVED_BYTES_MIN = 64 * 2 ** 20;
/** A lowered budget leaves each partition so much. */
const LOWERED_BYTES_MIN = 2 ** 20;

export type ArenaConfig = {
  /** Budget for items and everything that finds them, in bytes. */
  readonly memoryBytes: number;
  /** How far the budget may be raised later; 0: four times memoryBytes, and at least 64 MiB. */
  readonly memoryBytesMax: number;
  readonly itemBytesMax: number;
  readonly threadCount: number;
  readonly connectionCountMax: number;
  readonly evicts: boolean;
  readonly growthFactor: number;
  readonly chunkBytesMin: number;
  /** Size of each thread's ring of events. */
  readonly eventBytes: number;
};

/** What a thread needs to attach; goes through workerData as it is. */
export type ArenaHandles = {
  readonly config: ArenaConfig;
  readonly control: SharedArrayBuffer;
  /** A ring for the main thread and one for each data thread. */
  readonly events: SharedArrayBuffer;
  readonly configs: SharedArrayBuffer;
  readonly commandStats: SharedArrayBuffer;
  readonly respStats: SharedArrayBuffer;
  readonly tracked: SharedArrayBuffer;
  readonly keyTap: SharedArrayBuffer;
  readonly memcachedTimes: SharedArrayBuffer;
  readonly partitions: readonly SharedArrayBuffer[];
};

export type Arena = {
  readonly control: Control;
  readonly events: EventRings;
  /** This thread's own ring. */
  readonly log: EventLog;
  readonly configs: ConfigStore;
  readonly commandStats: CommandStats;
  readonly respStats: RespStats;
  readonly tracked: TrackedKeys;
  readonly keyTap: KeyTap;
  readonly memcachedTimes: MemcachedTimes;
  readonly partitions: readonly Partition[];
  readonly classes: SlabClasses;
};

/** Reserves the memory; nothing of it is touched yet, so the kernel commits none. */
export function arenaReserve(config: ArenaConfig): ArenaHandles {
  const count = partitionCountFor(config);
  const { memoryBytes, memoryBytesMax } = config;
  const usual = Math.max(memoryBytes * RESERVED_FACTOR, RESERVED_BYTES_MIN);
  const reserved = Math.max(memoryBytes, memoryBytesMax === 0 ? usual : memoryBytesMax);
  const bytes = Math.min(partitionBytes(reserved, count), PARTITION_BYTES_MAX);
  return {
    config,
    control: new SharedArrayBuffer(controlBytes(config.connectionCountMax)),
    events: new SharedArrayBuffer(eventRingsBytes(config.eventBytes, config.threadCount + 1)),
    configs: new SharedArrayBuffer(CONFIG_STORE_BYTES),
    commandStats: new SharedArrayBuffer(commandStatsBytes(config.threadCount)),
    respStats: new SharedArrayBuffer(respStatsBytes(config.threadCount)),
    tracked: new SharedArrayBuffer(trackedKeysBytes(count)),
    keyTap: new SharedArrayBuffer(keyTapBytes(config.threadCount)),
    memcachedTimes: new SharedArrayBuffer(memcachedTimesBytes(config.threadCount)),
    partitions: Array.from({ length: count }, () => new SharedArrayBuffer(bytes)),
  };
}

/** This thread's views of the arena. `owner`: what it shows in a lock word, 1 for the main thread, 2 and on. */
export function arenaAttach(handles: ArenaHandles, owner: number): Arena {
  const { config } = handles;
  const classes = new SlabClasses(config.growthFactor, config.chunkBytesMin);
  const stride = handles.partitions.length;
  const control = new Control(handles.control);
  const events = new EventRings(handles.events, config.threadCount + 1);
  const log = new EventLog(events, owner - 1, control, owner < 2 ? -1 : counterBlock(owner - 2));
  const tracked = new TrackedKeys(handles.tracked, owner);
  const place = { stride, log, ready: [], notes: [], tracked };
  return {
    control,
    events,
    log,
    configs: new ConfigStore(handles.configs, owner),
    commandStats: new CommandStats(handles.commandStats),
    respStats: new RespStats(handles.respStats),
    tracked,
    keyTap: new KeyTap(handles.keyTap, owner - 2),
    memcachedTimes: new MemcachedTimes(handles.memcachedTimes),
    classes,
    partitions: handles.partitions.map(
      (sab, id) => new Partition(sab, { id, ...place }, classes, owner),
    ),
  };
}

function partitionBytes(memoryBytes: number, partitionCount: number): number {
  return Math.floor(memoryBytes / partitionCount / PARTITION_STEP_BYTES) * PARTITION_STEP_BYTES;
}

/** How many pages each partition may use under this budget, of which its tables are a part. */
export function budgetPages(memoryBytes: number, partitions: readonly Partition[]): number {
  const bytes = partitionBytes(memoryBytes, partitions.length);
  return Math.min(pageCountFor(bytes), partitions[0].pageCount);
}

/** Whether the budget can become this while the server runs: enough is reserved, enough is left. */
export function budgetIsPossible(memoryBytes: number, partitions: readonly Partition[]): boolean {
  const bytes = partitionBytes(memoryBytes, partitions.length);
  return bytes >= LOWERED_BYTES_MIN && bytes <= partitions[0].sab.byteLength;
}

/** The budget nearest to this that is possible. */
export function budgetPossible(memoryBytes: number, partitions: readonly Partition[]): number {
  const least = LOWERED_BYTES_MIN * partitions.length;
  return Math.min(Math.max(memoryBytes, least), budgetReserved(partitions));
}

/** The largest budget that is possible. */
export function budgetReserved(partitions: readonly Partition[]): number {
  return partitions[0].sab.byteLength * partitions.length;
}

function partitionCountFor(config: ArenaConfig): number {
  const { memoryBytes, memoryBytesMax } = config;
  const bytesMin = Math.max(PARTITION_BYTES_MIN, config.itemBytesMax * ITEMS_PER_PARTITION_MIN);
  const wanted = Math.min(
    PARTITION_COUNT_MAX,
    config.threadCount * PARTITIONS_PER_THREAD,
    memoryBytes / bytesMin,
  );
  const needed = Math.ceil(Math.max(memoryBytes, memoryBytesMax) / PARTITION_BYTES_MAX);
  return Math.max(powerOfTwoAtMost(wanted), 2 ** Math.ceil(Math.log2(needed)));
}

function powerOfTwoAtMost(value: number): number {
  return value < 2 ? 1 : 2 ** Math.floor(Math.log2(value));
}
