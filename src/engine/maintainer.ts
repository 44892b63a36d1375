/**
 * The maintainer's work: carrying out a scheduled flush also when no request comes, and sweeping the
 * partitions for dead items. workers/maintainer.ts is its thread.
 */
import type { ArenaHandles } from '../memory/arena.ts';
import { CONTROL, CONTROL_F64 } from '../memory/control.ts';
import { partitionTryLock, partitionUnlock } from '../memory/partition.ts';
import { expirySweep } from './expiry.ts';
import { type Keyspace, keyspaceAttach, keyspaceFlushIfDue } from './keyspace.ts';

export type MaintainerStart = {
  readonly handles: ArenaHandles;
  /** Thread id + 1 as the locks show it. */
  readonly owner: number;
};

/** Pages looked at under one lock: at most a hundred microseconds or so. */
const PAGES_PER_SLICE = 4;
/** Slices for one partition in one tick. */
const SLICES_PER_TICK_MAX = 64;

export class Maintainer {
  readonly tickMs = 100;
  private readonly keyspace: Keyspace;

  constructor(start: MaintainerStart) {
    this.keyspace = keyspaceAttach(start.handles, start.owner);
  }

  tick(): void {
    const { control, partitions } = this.keyspace;
    const nowMs = Date.now() + control.f64[CONTROL_F64.clockOffsetMs];
    keyspaceFlushIfDue(this.keyspace, nowMs);
    let reaped = 0;
    for (const p of partitions) {
      for (let slice = 0; slice < SLICES_PER_TICK_MAX && partitionTryLock(p); slice++) {
        const count = expirySweep(p, nowMs, PAGES_PER_SLICE);
        partitionUnlock(p);
        reaped += count;
        if (count === 0) break;
      }
    }
    Atomics.add(control.i32, CONTROL.sweepReclaims, reaped);
    Atomics.add(control.i32, CONTROL.sweeps, 1);
  }
}
