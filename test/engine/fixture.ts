/** Partitions and keyspaces for tests: small, in this thread unless told otherwise, with a set seed. */
import { expect } from 'vitest';
import { indexKeyCount } from '../../src/engine/hash-index.ts';
import { type Keyspace, keyspaceInit, partitionInit } from '../../src/engine/keyspace.ts';
import { EVICTION_POLICY } from '../../src/engine/policy.ts';
import { partitionVerify } from '../../src/engine/verify.ts';
import type { ArenaHandles } from '../../src/memory/arena.ts';
import { commandStatsBytes } from '../../src/memory/command-stats.ts';
import { CONFIG_STORE_BYTES } from '../../src/memory/config-store.ts';
import { Control, controlBytes } from '../../src/memory/control.ts';
import { EventLog, EventRings, eventRingsBytes } from '../../src/memory/event-log.ts';
import { keyTapBytes } from '../../src/memory/key-tap.ts';
import { memcachedTimesBytes } from '../../src/memory/memcached-times.ts';
import {
  CLASS,
  classRecord,
  Partition,
  type Partition as PartitionType,
} from '../../src/memory/partition.ts';
import { respStatsBytes } from '../../src/memory/resp-stats.ts';
import { SlabClasses } from '../../src/memory/slab-classes.ts';
import { TrackedKeys, trackedKeysBytes } from '../../src/memory/tracked-keys.ts';
import { MIB, NOW_MS } from './limits.ts';

/** The server's defaults. */
const GROWTH_FACTOR = 1.08;
const CHUNK_BYTES_MIN = 48;
const EVENT_BYTES = 4096;
/** More than any test starts. */
const THREAD_COUNT = 16;
export const SECRET = Int32Array.of(0x2545f491, 0x6c62272f, 0x51ed270b, 0x1b873593);

export type Setup = {
  readonly bytes?: number;
  readonly evicts?: boolean;
  readonly partitionCount?: number;
  readonly connectionCountMax?: number;
};

/** An empty partition. */
export function partitionMake({ bytes = MIB, evicts = true }: Setup = {}): PartitionType {
  const classes = new SlabClasses(GROWTH_FACTOR, CHUNK_BYTES_MIN);
  const log = eventLogMake();
  const place = { id: 0, stride: 1, log, ready: [], notes: [], tracked: trackedMake() };
  const p = new Partition(new SharedArrayBuffer(bytes), place, classes, 1);
  const policy = evicts ? EVICTION_POLICY.ALLKEYS_LRU : EVICTION_POLICY.NOEVICTION;
  partitionInit(p, p.pageCount, policy);
  return p;
}

/** A ring of events that nobody reads. */
export function eventLogMake(): EventLog {
  const rings = new EventRings(new SharedArrayBuffer(eventRingsBytes(EVENT_BYTES, 1)), 1);
  return new EventLog(rings, 0, new Control(new SharedArrayBuffer(controlBytes(1))), -1);
}

/** Where tracked keys of one partition are told of. */
export function trackedMake(): TrackedKeys {
  return new TrackedKeys(new SharedArrayBuffer(trackedKeysBytes(1)), 1);
}

/** Memory for partitions of `bytes` each; arenaReserve would not make them this small. */
export function handlesMake(setup: Setup = {}): ArenaHandles {
  const { bytes = MIB, evicts = true, partitionCount = 1, connectionCountMax = 16 } = setup;
  const sabs = Array.from({ length: partitionCount }, () => new SharedArrayBuffer(bytes));
  return {
    config: {
      memoryBytes: bytes * partitionCount,
      memoryBytesMax: bytes * partitionCount,
      itemBytesMax: MIB,
      threadCount: THREAD_COUNT,
      connectionCountMax,
      evicts,
      growthFactor: GROWTH_FACTOR,
      chunkBytesMin: CHUNK_BYTES_MIN,
      eventBytes: EVENT_BYTES,
    },
    events: new SharedArrayBuffer(eventRingsBytes(EVENT_BYTES, THREAD_COUNT + 1)),
    control: new SharedArrayBuffer(controlBytes(connectionCountMax)),
    configs: new SharedArrayBuffer(CONFIG_STORE_BYTES),
    commandStats: new SharedArrayBuffer(commandStatsBytes(THREAD_COUNT)),
    respStats: new SharedArrayBuffer(respStatsBytes(THREAD_COUNT)),
    tracked: new SharedArrayBuffer(trackedKeysBytes(partitionCount)),
    keyTap: new SharedArrayBuffer(keyTapBytes(THREAD_COUNT)),
    memcachedTimes: new SharedArrayBuffer(memcachedTimesBytes(THREAD_COUNT)),
    partitions: sabs,
  };
}

export function keyspaceMake(handles: ArenaHandles): Keyspace {
  return keyspaceInit(handles, SECRET, NOW_MS);
}

/** Every structure of the partition agrees with every other. */
export function partitionExpectSound(p: PartitionType): void {
  const problems = partitionVerify(p);
  if (problems.length > 0) expect(problems).toEqual([]);
}

/** The partition has no item, and no page or chunk that only an item would need. */
export function partitionExpectEmpty(p: PartitionType): void {
  partitionExpectSound(p);
  expect(indexKeyCount(p)).toBe(0);
  for (let classId = 1; classId < p.classes.count; classId++) {
    expect(p.i32[classRecord(classId) + CLASS.pageCount], `pages of class ${classId}`).toBe(0);
  }
}
