/**
 * The maintainer: sweeps the partitions for dead items. It works on the main thread, which has little
 * else to do but must never wait for a lock: it is the one that frees the locks of dead threads. So it
 * only tries them, and works in slices, for which requests never wait long.
 */
import { CONTROL, CONTROL_F64 } from '../memory/control.ts';
import { partitionTryLock, partitionUnlock } from '../memory/partition.ts';
import { expirySweep } from './expiry.ts';
import type { Keyspace } from './keyspace.ts';

/** Pages looked at under one lock: at most a hundred microseconds or so. */
const PAGES_PER_SLICE = 4;
/** Slices for one partition in one tick. */
const SLICES_PER_TICK_MAX = 64;

const TICK_MS = 100;

export class Maintainer {
  private readonly keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Works from now on, ten times a second, as long as the process lives. */
  start(): void {
    setInterval(() => this.tick(), TICK_MS).unref();
  }

  tick(): void {
    const { control, partitions } = this.keyspace;
    const nowMs = Date.now() + control.f64[CONTROL_F64.clockOffsetMs];
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
