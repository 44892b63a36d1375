/**
 * The maintainer: sweeps the partitions for dead items, crawls when it is asked to, frees collections that
 * were discarded, and brings the partitions to the memory limit. It works on the main thread, which has
 * little else to do but must never wait for a lock: it is the one that frees the locks of dead threads. So
 * it only tries them, and works in slices, for which requests never wait long.
 */
import { CONTROL, CONTROL_F64 } from '../memory/control.ts';
import { eventKindsRead } from '../memory/event-log.ts';
import { HEADER, type Partition, partitionTryLock, partitionUnlock } from '../memory/partition.ts';
import { graveyardCount } from './collection/graveyard.ts';
import { graveyardWork } from './collection/graveyard-work.ts';
import { Crawl } from './crawl.ts';
import { expirySweep } from './expiry.ts';
import type { Keyspace } from './keyspace.ts';
import {
  bufferBytesNote,
  keyspaceIsOver,
  keyspacePageTarget,
  partitionResize,
  partitionShed,
} from './memory-limit.ts';

/** Pages looked at, or emptied, under one lock: at most a hundred microseconds or so. */
const PAGES_PER_SLICE = 4;
/** Items evicted under one lock. */
const ITEMS_PER_SLICE = 16;
/** Slices for one partition in one tick. */
const SLICES_PER_TICK_MAX = 64;
/** Chunks of discarded collections freed under one lock, and slices of that for all partitions in one tick. */
const GRAVEYARD_CHUNKS_PER_SLICE = 512;
const GRAVEYARD_SLICES_PER_TICK_MAX = 256;

const TICK_MS = 100;

export class Maintainer {
  private readonly keyspace: Keyspace;
  private readonly crawl: Crawl;
  private readonly afterTick: () => void;

  /** `afterTick` tells others what was noted of keys meanwhile: Partition.notes. */
  constructor(keyspace: Keyspace, afterTick = (): void => undefined) {
    this.keyspace = keyspace;
    this.afterTick = afterTick;
    this.crawl = new Crawl(keyspace);
  }

  /** Works from now on, ten times a second, as long as the process lives. */
  start(): void {
    setInterval(() => this.tick(), TICK_MS).unref();
  }

  tick(): void {
    const { control, partitions } = this.keyspace;
    const nowMs = Date.now() + control.f64[CONTROL_F64.clockOffsetMs];
    eventKindsRead(this.keyspace.log);
    const rests = control.f64[CONTROL_F64.expiryRestsUntilMs] > Date.now();
    const sweeps = Atomics.load(control.i32, CONTROL.sweepIsOn) !== 0 && !rests;
    let reaped = 0;
    let burials = GRAVEYARD_SLICES_PER_TICK_MAX;
    for (const p of partitions) {
      if (graveyardCount(p) > 0) burials -= bury(p, burials);
      if (sweeps) reaped += sweep(p, nowMs);
      resize(this.keyspace, p, nowMs);
    }
    bufferBytesNote(control);
    if (keyspaceIsOver(this.keyspace)) this.shed(nowMs);
    if (!rests) reaped += this.crawl.tick(nowMs, TICK_MS);
    Atomics.add(control.i32, CONTROL.sweepReclaims, reaped);
    Atomics.add(control.i32, CONTROL.sweeps, 1);
    this.afterTick();
  }

  /** Evicts from all partitions in turn, while more is in use than may be. */
  private shed(nowMs: number): void {
    for (let slice = 0; slice < SLICES_PER_TICK_MAX; slice++) {
      let done = 0;
      for (const p of this.keyspace.partitions) {
        if (!keyspaceIsOver(this.keyspace)) return;
        if (!partitionTryLock(p)) continue;
        done += partitionShed(p, nowMs, ITEMS_PER_SLICE);
        partitionUnlock(p);
      }
      if (done === 0) return;
    }
  }
}

/** Frees discarded collections, in up to so many slices. Returns how many it took. */
function bury(p: Partition, slicesMax: number): number {
  let slices = 0;
  while (slices < slicesMax && partitionTryLock(p)) {
    const freed = graveyardWork(p, GRAVEYARD_CHUNKS_PER_SLICE);
    partitionUnlock(p);
    if (freed === 0) break;
    slices++;
  }
  return slices;
}

function sweep(p: Partition, nowMs: number): number {
  let reaped = 0;
  for (let slice = 0; slice < SLICES_PER_TICK_MAX && partitionTryLock(p); slice++) {
    const count = expirySweep(p, nowMs, PAGES_PER_SLICE);
    partitionUnlock(p);
    reaped += count;
    if (count === 0) break;
  }
  return reaped;
}

function resize(keyspace: Keyspace, p: Partition, nowMs: number): void {
  if (p.i32[HEADER.pageLimit] === keyspacePageTarget(keyspace)) return;
  for (let slice = 0; slice < SLICES_PER_TICK_MAX && partitionTryLock(p); slice++) {
    // The budget may have changed before the lock was had.
    const goesOn = partitionResize(p, keyspacePageTarget(keyspace), nowMs, PAGES_PER_SLICE);
    partitionUnlock(p);
    if (!goesOn) return;
  }
}
