/**
 * The locks that a command holds, taken in the project's one order: partitions by ascending id. A
 * transaction takes those of all its commands, and what they then ask for is held already.
 *
 * A command that has done nothing yet gives up waiting for what an overdue script holds (overdue.ts). One in the middle
 * of the keyspace, and those that serve blocked clients, wait.
 *
 * A script may find out late that it needs another lock, out of order, when it has written and cannot be run again.
 * It strays: it says so in CONTROL.straying, of which there is one, and waits. Whoever has taken some of
 * its locks then and waits for more, which is before it does anything, gives them back and begins anew when that is
 * over. So no two threads wait for each other.
 */
import { assert } from '../../base/assert.ts';
import { guardsClear } from '../../engine/guard.ts';
import { CONTROL, type Control } from '../../memory/control.ts';
import { lockTakeUnless, lockTakeYielding, WAITED, type Waited } from '../../memory/lock.ts';
import {
  HEADER,
  type Partition,
  partitionLock,
  partitionTryLock,
  partitionUnlock,
} from '../../memory/partition.ts';

/** Tries after which a script that may strays. */
const QUICK_TRIES = 200;
/** How long who has given its locks back sleeps at most. */
const STRAY_MS = 10;

export class Locks {
  private readonly partitions: readonly Partition[];
  /** CONTROL.straying alone. */
  private readonly strays: Int32Array;
  /** A bit for each partition, in two words. */
  private wantLow = 0;
  private wantHigh = 0;
  private heldLow = 0;
  private heldHigh = 0;
  private declaredLow = 0;
  private declaredHigh = 0;
  /** Waits for no lock: what is not free at once counts as given up. */
  private readonly onlyTries: boolean;

  constructor(control: Control, partitions: readonly Partition[], onlyTries = false) {
    this.partitions = partitions;
    this.strays = control.i32.subarray(CONTROL.straying, CONTROL.straying + 1);
    this.onlyTries = onlyTries;
  }

  /** Whether any is held. */
  get areHeld(): boolean {
    return (this.heldLow | this.heldHigh) !== 0;
  }

  holds(p: Partition): boolean {
    return (p.id < 32 ? (this.heldLow >>> p.id) & 1 : (this.heldHigh >>> (p.id - 32)) & 1) === 1;
  }

  /** Names one to be taken. */
  want(p: Partition): void {
    if (p.id < 32) this.wantLow |= 1 << p.id;
    else this.wantHigh |= 1 << (p.id - 32);
  }

  wantAll(): void {
    for (const p of this.partitions) this.want(p);
  }

  /** Takes back what was named. */
  wantNone(): void {
    this.wantLow = 0;
    this.wantHigh = 0;
  }

  /**
   * Takes what was named. Nothing may be held, unless all of that is. False: it has given up, and holds nothing; it
   * does so only if it `mayGiveUp`.
   */
  take(mayGiveUp: boolean): boolean {
    const { wantLow, wantHigh } = this;
    this.wantLow = 0;
    this.wantHigh = 0;
    if (this.areHeld) {
      const missing = (wantLow & ~this.heldLow) | (wantHigh & ~this.heldHigh);
      assert(missing === 0, 'locks are taken in order, so not some after others');
      return true;
    }
    for (;;) {
      const waited = this.takeInOrder(wantLow, wantHigh, mayGiveUp);
      if (waited === WAITED.HAS) return true;
      this.release();
      if (waited === WAITED.GAVE_UP) return false;
      const owner = Atomics.load(this.strays, 0);
      if (owner !== 0) Atomics.wait(this.strays, 0, owner, STRAY_MS);
    }
  }

  private takeInOrder(wantLow: number, wantHigh: number, mayGiveUp: boolean): Waited {
    for (let bits = wantLow; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      const waited = this.next(this.partitions[31 - Math.clz32(bit)], mayGiveUp);
      if (waited !== WAITED.HAS) return waited;
      this.heldLow |= bit;
    }
    for (let bits = wantHigh; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      const waited = this.next(this.partitions[63 - Math.clz32(bit)], mayGiveUp);
      if (waited !== WAITED.HAS) return waited;
      this.heldHigh |= bit;
    }
    return WAITED.HAS;
  }

  private next(p: Partition, mayGiveUp: boolean): Waited {
    if (this.areHeld && !this.onlyTries) {
      return lockTakeYielding(p.i32, HEADER.lock, p.owner, mayGiveUp, this.strays);
    }
    return this.lock(p, mayGiveUp) ? WAITED.HAS : WAITED.GAVE_UP;
  }

  /** Whether all are held. */
  get areAllHeld(): boolean {
    return bitCount(this.heldLow) + bitCount(this.heldHigh) === this.partitions.length;
  }

  /** What was named is what a script has declared. */
  declare(): void {
    this.declaredLow = this.wantLow;
    this.declaredHigh = this.wantHigh;
  }

  /** Whether the partition's lock was. */
  declares(p: Partition): boolean {
    const word = p.id < 32 ? this.declaredLow : this.declaredHigh;
    return ((word >>> (p.id & 31)) & 1) === 1;
  }

  /** Whether what is named was declared. */
  get areDeclared(): boolean {
    return ((this.wantLow & ~this.declaredLow) | (this.wantHigh & ~this.declaredHigh)) === 0;
  }

  /**
   * Takes what was named and is not held, although others are. It is had within so many tries, or by straying, if the
   * caller may. False: some of it was not, and whatever was had stays held.
   */
  takeMore(tries: number, mayStray: boolean): boolean {
    const missingLow = this.wantLow & ~this.heldLow;
    const missingHigh = this.wantHigh & ~this.heldHigh;
    this.wantNone();
    let isComplete = true;
    for (let bits = missingLow; bits !== 0; bits &= bits - 1) {
      const id = 31 - Math.clz32(bits & -bits);
      if (this.addOne(id, tries, mayStray)) this.heldLow |= 1 << id;
      else isComplete = false;
    }
    for (let bits = missingHigh; bits !== 0; bits &= bits - 1) {
      const id = 31 - Math.clz32(bits & -bits);
      if (this.addOne(id + 32, tries, mayStray)) this.heldHigh |= 1 << id;
      else isComplete = false;
    }
    return isComplete;
  }

  private addOne(id: number, tries: number, mayStray: boolean): boolean {
    const p = this.partitions[id];
    const { strays } = this;
    for (let left = tries; left > 0; left--) {
      if (partitionTryLock(p)) return true;
      if (!mayStray || tries - left < QUICK_TRIES) continue;
      if (Atomics.compareExchange(strays, 0, 0, p.owner) !== 0) continue;
      partitionLock(p);
      Atomics.store(strays, 0, 0);
      Atomics.notify(strays, 0);
      return true;
    }
    return false;
  }

  /** Takes one, which a short command does by itself; false as above. */
  takeOne(p: Partition, mayGiveUp: boolean): boolean {
    assert(!this.areHeld, 'locks are taken in order, so not some after others');
    if (!this.lock(p, mayGiveUp)) return false;
    if (p.id < 32) this.heldLow = 1 << p.id;
    else this.heldHigh = 1 << (p.id - 32);
    return true;
  }

  releaseOne(p: Partition): void {
    this.heldLow = 0;
    this.heldHigh = 0;
    unlock(p);
  }

  /** What commands have guarded under locks that stay held may go. */
  guardsClear(): void {
    const { heldLow, heldHigh, partitions } = this;
    for (let bits = heldLow; bits !== 0; bits &= bits - 1) {
      guardsClear(partitions[31 - Math.clz32(bits & -bits)]);
    }
    for (let bits = heldHigh; bits !== 0; bits &= bits - 1) {
      guardsClear(partitions[63 - Math.clz32(bits & -bits)]);
    }
  }

  /** Releases all. */
  release(): void {
    const { heldLow, heldHigh } = this;
    this.heldLow = 0;
    this.heldHigh = 0;
    for (let bits = heldLow; bits !== 0; bits &= bits - 1) {
      unlock(this.partitions[31 - Math.clz32(bits & -bits)]);
    }
    for (let bits = heldHigh; bits !== 0; bits &= bits - 1) {
      unlock(this.partitions[63 - Math.clz32(bits & -bits)]);
    }
  }

  private lock(p: Partition, mayGiveUp: boolean): boolean {
    if (this.onlyTries) return partitionTryLock(p);
    if (mayGiveUp) return lockTakeUnless(p.i32, HEADER.lock, p.owner);
    partitionLock(p);
    return true;
  }
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

/** Releases a lock; what the command guarded may go again. */
function unlock(p: Partition): void {
  guardsClear(p);
  partitionUnlock(p);
}

/**
 * Takes the locks that were wanted (`locks.want`), for a handler that finds its keys itself. True: they
 * have to be given back with `locks.release`; false: a transaction holds them.
 */
export function locksEnter(locks: Locks): boolean {
  const isOurs = !locks.areHeld;
  locks.take(false);
  return isOurs;
}

/** Takes one partition's lock, unless it is held. True: it has to be given back, with partitionLeave. */
export function partitionEnter(locks: Locks, p: Partition): boolean {
  if (locks.holds(p)) return false;
  locks.takeOne(p, false);
  return true;
}

export function partitionLeave(locks: Locks, p: Partition, entered: boolean): void {
  if (entered) locks.releaseOne(p);
}
