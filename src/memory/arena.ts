/**
 * The arena: every byte that the server's threads share, made once at start.
 *
 * The item budget (`-m`) is divided evenly over a power of two of partitions. More partitions mean
 * fewer threads meeting at one lock; fewer mean that a small budget still has pages for every slab
 * class, and that the longest item allowed fits one partition with room for others.
 */
import { CONFIG_STORE_BYTES, ConfigStore } from './config-store.ts';
import { Control, controlBytes } from './control.ts';
import { PARTITION_BYTES_MAX, Partition } from './partition.ts';
import { SlabClasses } from './slab-classes.ts';

/** Below this a partition has too few pages for its classes. */
const PARTITION_BYTES_MIN = 16 * 2 ** 20;
const PARTITION_COUNT_MAX = 64;
const PARTITIONS_PER_THREAD = 8;
/** A partition holds the longest item so many times over. */
const ITEMS_PER_PARTITION_MIN = 2;

export type ArenaConfig = {
  /** Budget for items and everything that finds them, in bytes. */
  readonly memoryBytes: number;
  readonly itemBytesMax: number;
  readonly threadCount: number;
  readonly connectionCountMax: number;
  readonly evicts: boolean;
  readonly growthFactor: number;
  readonly chunkBytesMin: number;
};

/** What a thread needs to attach; goes through workerData as it is. */
export type ArenaHandles = {
  readonly config: ArenaConfig;
  readonly control: SharedArrayBuffer;
  readonly configs: SharedArrayBuffer;
  readonly partitions: readonly SharedArrayBuffer[];
};

export type Arena = {
  readonly control: Control;
  readonly configs: ConfigStore;
  readonly partitions: readonly Partition[];
  readonly classes: SlabClasses;
};

/** Reserves the memory; nothing of it is touched yet, so the kernel commits none. */
export function arenaReserve(config: ArenaConfig): ArenaHandles {
  const count = partitionCountFor(config);
  const bytes = Math.min(
    Math.floor(config.memoryBytes / count / 65536) * 65536,
    PARTITION_BYTES_MAX,
  );
  return {
    config,
    control: new SharedArrayBuffer(controlBytes(config.connectionCountMax)),
    configs: new SharedArrayBuffer(CONFIG_STORE_BYTES),
    partitions: Array.from({ length: count }, () => new SharedArrayBuffer(bytes)),
  };
}

/** This thread's views of the arena. `owner`: what the thread shows in a lock word, its id + 1. */
export function arenaAttach(handles: ArenaHandles, owner: number): Arena {
  const { config } = handles;
  const classes = new SlabClasses(config.growthFactor, config.chunkBytesMin);
  const stride = handles.partitions.length;
  return {
    control: new Control(handles.control),
    configs: new ConfigStore(handles.configs, owner),
    classes,
    partitions: handles.partitions.map(
      (sab, id) => new Partition(sab, { id, stride, evicts: config.evicts }, classes, owner),
    ),
  };
}

function partitionCountFor(config: ArenaConfig): number {
  const { memoryBytes } = config;
  const bytesMin = Math.max(PARTITION_BYTES_MIN, config.itemBytesMax * ITEMS_PER_PARTITION_MIN);
  const wanted = Math.min(
    PARTITION_COUNT_MAX,
    config.threadCount * PARTITIONS_PER_THREAD,
    memoryBytes / bytesMin,
  );
  const needed = Math.ceil(memoryBytes / PARTITION_BYTES_MAX);
  return Math.max(powerOfTwoAtMost(wanted), 2 ** Math.ceil(Math.log2(needed)));
}

function powerOfTwoAtMost(value: number): number {
  return value < 2 ? 1 : 2 ** Math.floor(Math.log2(value));
}
