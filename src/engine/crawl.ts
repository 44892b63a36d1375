/**
 * A crawl: the pages of some slab classes looked over for dead items because somebody asked. Any thread
 * asks, by words of the control block; the maintainer does it, in slices, like everything it does.
 *
 * Guard: the request is made of atomic words. `Crawl` belongs to the maintainer, which takes the lock of
 * each partition for a few pages at a time.
 */
import { CONTROL, type Control, CRAWL_CLASS_WORDS } from '../memory/control.ts';
import {
  HEADER,
  PAGE,
  type Partition,
  pageRecord,
  partitionTryLock,
  partitionUnlock,
} from '../memory/partition.ts';
import { CLASS_COUNT_MAX } from '../memory/slab-classes.ts';
import { pageIsDue, pageReap } from './expiry.ts';
import type { Keyspace } from './keyspace.ts';

/** Due pages read under one lock. */
const PAGES_PER_SLICE = 4;
/** Page records looked at under one lock. */
const RECORDS_PER_SLICE = 1024;
const SLICES_PER_TICK_MAX = 4096;
const ITEMS_PER_REST = 1000;

/** Asks for a crawl of these classes. False: one is running. */
export function crawlRequest(control: Control, classIds: Iterable<number>): boolean {
  const { i32 } = control;
  if (crawlIsRunning(control)) return false;
  for (const classId of classIds) {
    Atomics.or(i32, CONTROL.crawlClasses + (classId >>> 5), 1 << (classId & 31));
  }
  Atomics.store(i32, CONTROL.crawlIsRunning, 1);
  return true;
}

export function crawlIsRunning(control: Control): boolean {
  return Atomics.load(control.i32, CONTROL.crawlIsRunning) !== 0;
}

export class Crawl {
  private readonly keyspace: Keyspace;
  private readonly classes = new Int32Array(CRAWL_CLASS_WORDS);
  /** Items of each class looked at so far. */
  private readonly visits = new Float64Array(CLASS_COUNT_MAX);
  /** Where it goes on: partition -1 while there is nothing to do. */
  private partition = -1;
  private page = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Goes on with the crawl that was asked for, if there is one. Returns how many items went. */
  tick(nowMs: number, tickMs: number): number {
    const { control, partitions } = this.keyspace;
    if (this.partition < 0 && !this.begin()) return 0;
    const sleepUs = Atomics.load(control.i32, CONTROL.crawlSleepUs);
    const itemsMax = sleepUs === 0 ? Infinity : (tickMs * 1000 * ITEMS_PER_REST) / sleepUs;
    let reaped = 0;
    const startVisits = this.visitCount();
    for (let slice = 0; slice < SLICES_PER_TICK_MAX; slice++) {
      const p = partitions[this.partition];
      if (this.visitCount() - startVisits >= itemsMax || !partitionTryLock(p)) return reaped;
      reaped += this.slice(p, nowMs);
      const isDone = this.page >= p.i32[HEADER.pageBump];
      partitionUnlock(p);
      if (!isDone) continue;
      this.page = 0;
      if (++this.partition < partitions.length) continue;
      this.partition = -1;
      Atomics.store(control.i32, CONTROL.crawlIsRunning, 0);
      return reaped;
    }
    return reaped;
  }

  /** Takes up a request. */
  private begin(): boolean {
    const { control } = this.keyspace;
    if (!crawlIsRunning(control)) return false;
    for (let word = 0; word < CRAWL_CLASS_WORDS; word++) {
      this.classes[word] = Atomics.exchange(control.i32, CONTROL.crawlClasses + word, 0);
    }
    this.visits.fill(0);
    this.partition = 0;
    this.page = 0;
    return true;
  }

  private slice(p: Partition, nowMs: number): number {
    const itemsMax = Atomics.load(this.keyspace.control.i32, CONTROL.crawlItemCountMax) >>> 0;
    let pages = 0;
    let reaped = 0;
    for (let step = 0; step < RECORDS_PER_SLICE && pages < PAGES_PER_SLICE; step++) {
      if (this.page >= p.i32[HEADER.pageBump]) break;
      const page = this.page++;
      const record = pageRecord(p, page);
      const classId = p.i32[record + PAGE.classId];
      if (classId <= 0 || (this.classes[classId >>> 5] & (1 << (classId & 31))) === 0) continue;
      if (itemsMax !== 0 && this.visits[classId] >= itemsMax) continue;
      if (!pageIsDue(p, page, nowMs)) continue;
      this.visits[classId] += p.i32[record + PAGE.usedCount];
      pages++;
      reaped += pageReap(p, page, nowMs);
    }
    return reaped;
  }

  private visitCount(): number {
    return this.visits.reduce((sum, visits) => sum + visits, 0);
  }
}
