/**
 * The keyspace: all partitions, and the operations that concern all of them.
 *
 * A key's partition follows from the top bits of its hash, its bucket from the low ones.
 */

import { HASH_SECRET_WORDS, hashSecretSet, type Key } from '../base/key.ts';
import { type Arena, type ArenaHandles, arenaAttach, budgetPages } from '../memory/arena.ts';
import { classTotalsCopy, classTotalsSet } from '../memory/class-totals.ts';
import type { CommandStats } from '../memory/command-stats.ts';
import type { ConfigStore } from '../memory/config-store.ts';
import { CONTROL, CONTROL_F64, type Control } from '../memory/control.ts';
import type { EventLog, EventRings } from '../memory/event-log.ts';
import { type KeyTap, keyAsked } from '../memory/key-tap.ts';
import type { MemcachedTimes } from '../memory/memcached-times.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  HEADER_F64,
  type Partition,
  partitionLimitSet,
  partitionLock,
  partitionUnlock,
  REMOVAL_SLOTS,
} from '../memory/partition.ts';
import type { RespStats } from '../memory/resp-stats.ts';
import { PAGE_BYTES } from '../memory/slab-classes.ts';
import type { TrackedKeys } from '../memory/tracked-keys.ts';
import { changeListen, NOTE, notesWant, RING_KINDS, trackedNoteFlush } from './change-log.ts';
import {
  ALL_DATABASES,
  databaseExpiringCount,
  databaseKeyCount,
  databasesInit,
  partitionFlush,
} from './database.ts';
import { indexInit } from './hash-index.ts';
import { casLast } from './lifecycle.ts';
import { EVICTION_POLICY, type EvictionPolicy, policyOf } from './policy.ts';

export class Keyspace {
  readonly control: Control;
  readonly events: EventRings;
  /** This thread's own ring of events. */
  readonly log: EventLog;
  /** Small texts beside the keys, which nothing evicts or flushes. */
  readonly configs: ConfigStore;
  /** What RESP commands cost. */
  readonly commandStats: CommandStats;
  readonly respStats: RespStats;
  /** Keys that clients have copies of. */
  readonly tracked: TrackedKeys;
  /** How often keys are asked for, and which. */
  readonly keyTap: KeyTap;
  /** What memcached commands cost. */
  readonly memcachedTimes: MemcachedTimes;
  readonly partitions: readonly Partition[];
  private readonly shift: number;
  private readonly mask: number;

  constructor(arena: Arena) {
    this.control = arena.control;
    this.events = arena.events;
    this.log = arena.log;
    this.configs = arena.configs;
    this.commandStats = arena.commandStats;
    this.respStats = arena.respStats;
    this.tracked = arena.tracked;
    this.keyTap = arena.keyTap;
    this.memcachedTimes = arena.memcachedTimes;
    this.partitions = arena.partitions;
    this.mask = arena.partitions.length - 1;
    // For one partition the shift does not matter: a shift by 32 would be one by 0.
    this.shift = Math.min(31, 32 - Math.log2(arena.partitions.length));
  }

  partitionFor(hash: number): Partition {
    return this.partitions[(hash >>> this.shift) & this.mask];
  }

  /** As partitionFor, for the key of a client's operation, which is counted: once for each. */
  partitionAsked(key: Key): Partition {
    const at = (key.hash >>> this.shift) & this.mask;
    keyAsked(this.keyTap, at, key);
    return this.partitions[at];
  }
}

/** Makes an empty keyspace in a fresh arena; once, before any thread attaches. */
export function keyspaceInit(handles: ArenaHandles, seed: Int32Array, nowMs: number): Keyspace {
  const keyspace = keyspaceAttach(handles, 1, seed);
  const { memoryBytes } = handles.config;
  keyspace.control.f64[CONTROL_F64.startedAtMs] = nowMs;
  keyspace.control.f64[CONTROL_F64.memoryBytes] = memoryBytes;
  keyspace.control.i32[CONTROL.sweepIsOn] = 1;
  databasesInit(keyspace.control);
  const pageLimit = budgetPages(memoryBytes, keyspace.partitions);
  const { ALLKEYS_LRU, NOEVICTION } = EVICTION_POLICY;
  const policy = handles.config.evicts ? ALLKEYS_LRU : NOEVICTION;
  for (const p of keyspace.partitions) partitionInit(p, pageLimit, policy);
  return keyspace;
}

/** A thread's view of the keyspace. `owner` as in arenaAttach; the seed only where it is drawn. */
export function keyspaceAttach(handles: ArenaHandles, owner: number, seed?: Int32Array): Keyspace {
  const keyspace = new Keyspace(arenaAttach(handles, owner));
  const words = keyspace.control.i32;
  if (seed !== undefined) words.set(seed, CONTROL.seed);
  hashSecretSet(words.subarray(CONTROL.seed, CONTROL.seed + HASH_SECRET_WORDS));
  return keyspace;
}

/** Makes a partition empty. Its memory is zero, or was cleared up to the pages (partitionReset). */
export function partitionInit(
  p: Partition,
  pageLimit: number = p.pageCount,
  policy: EvictionPolicy = EVICTION_POLICY.ALLKEYS_LRU,
): void {
  p.i32[HEADER.evictionPolicy] = policy;
  partitionLimitSet(p, pageLimit);
  indexInit(p);
}

/**
 * Empties a partition whose structures can no longer be trusted. CAS uniques go on from where they
 * were, so that nothing a client remembers can match a later item; whoever reads the change log learns
 * that it missed something.
 */
export function partitionReset(p: Partition): void {
  const { i32, f64 } = p;
  const kept = RESET_KEEPS.map((word) => i32[word]);
  // The limit may be what the thread died in.
  const pageLimit = Math.max(1, Math.min(i32[HEADER.pageLimit], p.pageCount));
  const policy = policyOf(i32[HEADER.evictionPolicy]);
  const keptTotals = EVENT_TOTALS.map((total) => f64[total]);
  const keptClassTotals = classTotalsCopy(p);
  const listeners = i32[HEADER.changeListeners];
  const changeHead = f64[HEADER_F64.changeHead];
  const casBefore = casLast(p);
  i32.fill(0, HEADER.keysTable, p.pagesOffset >>> 2); // all but the lock
  RESET_KEEPS.forEach((word, at) => {
    i32[word] = kept[at];
  });
  EVENT_TOTALS.forEach((total, at) => {
    f64[total] = keptTotals[at];
  });
  keptClassTotals.forEach((totals, classId) => {
    classTotalsSet(p, classId, totals);
  });
  i32[HEADER.resetCount]++;
  partitionInit(p, pageLimit, policy);
  f64[HEADER_F64.changeHead] = changeHead + 2 * PAGE_BYTES;
  // Whatever a client had seen missing may have been there.
  f64.fill(casBefore, HEADER_F64.removals, HEADER_F64.removals + REMOVAL_SLOTS);
  if ((listeners & RING_KINDS) !== 0) changeListen(p, listeners & RING_KINDS);
  notesWant(p, listeners & ~RING_KINDS, 0);
  if ((listeners & NOTE.TRACKED) !== 0) trackedNoteFlush(p, ALL_DATABASES, true);
}

/** Header words that outlive the items. */
const RESET_KEEPS = [
  HEADER.casLo,
  HEADER.casHi,
  HEADER.resetCount,
  HEADER.pagesStay,
  HEADER.usesLogFactor,
  HEADER.usesDecayMinutes,
];

/** Keys of a database, in all partitions. Reads without the locks: exact when nothing changes. */
export function keyspaceKeyCount({ partitions }: Keyspace, database: number): number {
  return partitions.reduce((sum, p) => sum + databaseKeyCount(p, database), 0);
}

/** … of them with an expiry time. */
export function keyspaceExpiringCount({ partitions }: Keyspace, database: number): number {
  return partitions.reduce((sum, p) => sum + databaseExpiringCount(p, database), 0);
}

/** Everything stored up to now is gone, in every partition and database. */
export function keyspaceFlush(keyspace: Keyspace): void {
  Atomics.store(keyspace.control.i32, CONTROL.flushIsScheduled, 0);
  for (const p of keyspace.partitions) {
    partitionLock(p);
    partitionFlush(p);
    partitionUnlock(p);
  }
}

/** Schedules a flush; a later call replaces it. */
export function keyspaceFlushAt(keyspace: Keyspace, flushAtMs: number): void {
  keyspace.control.f64[CONTROL_F64.flushAtMs] = flushAtMs;
  Atomics.store(keyspace.control.i32, CONTROL.flushIsScheduled, 1);
}

/** Carries out a scheduled flush whose time has come; every batch asks first. */
export function keyspaceFlushIfDue(keyspace: Keyspace, nowMs: number): void {
  const { i32, f64 } = keyspace.control;
  if (i32[CONTROL.flushIsScheduled] === 0 || f64[CONTROL_F64.flushAtMs] > nowMs) return;
  // Of the threads that see it due, one carries it out: a second flush would hit newer items.
  if (Atomics.compareExchange(i32, CONTROL.flushIsScheduled, 1, 0) === 1) keyspaceFlush(keyspace);
}

/** Whether pages move between slab classes to where they are worth more, or only out of need. */
export function keyspacePagesMove(keyspace: Keyspace, move: boolean): void {
  for (const p of keyspace.partitions) {
    partitionLock(p);
    p.i32[HEADER.pagesStay] = move ? 0 : 1;
    partitionUnlock(p);
  }
}

/** Sets the counts of events to zero; what is stored, and how much, stays. */
export function keyspaceCountsReset(keyspace: Keyspace): void {
  for (const p of keyspace.partitions) {
    partitionLock(p);
    partitionCountsReset(p);
    partitionUnlock(p);
  }
}

/** … of one partition, whose lock is held. */
export function partitionCountsReset(p: Partition): void {
  for (const total of EVENT_TOTALS) p.f64[total] = 0;
  for (let classId = 0; classId < p.classes.count; classId++) {
    classTotalsSet(p, classId, 0);
    p.i32[classRecord(classId) + CLASS.evictedAgeSec] = 0;
  }
}

const EVENT_TOTALS = [
  HEADER_F64.itemTotal,
  HEADER_F64.evictionTotal,
  HEADER_F64.expiryTotal,
  HEADER_F64.evictedUnfetchedTotal,
  HEADER_F64.expiredUnfetchedTotal,
  HEADER_F64.pageMoveTotal,
  HEADER_F64.rescueTotal,
  HEADER_F64.discardTotal,
  HEADER_F64.fieldExpiryTotal,
  HEADER_F64.flushTotal,
];
