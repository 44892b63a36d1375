/**
 * A partition's memory: one fixed SharedArrayBuffer of at most 2 GiB, and how it is divided.
 *
 *   ┌────────┬──────────┬───────────────┬────────────┬───────┬──────┬──────┬─  ─┬──────┐
 *   │ header │ class    │ two index     │ page table │ ghost │ page │ page │ …  │ page │
 *   │ 3 KiB  │ table    │ directories   │ 64 B/page  │ table │ 32 K │      │    │      │
 *   └────────┴──────────┴───────────────┴────────────┴───────┴──────┴──────┴─  ─┴──────┘
 *            128 B/class  4 B/page each                2 B each
 *
 * The buffer is as large as the partition may ever become; how much of it may be used now is a number
 * of pages in the header, which `partitionLimitSet` changes while the server runs. What lies beyond is
 * never touched.
 *
 * Everything is addressed by three views over the same bytes: `u8` for keys and values, `i32` for
 * words, `f64` for times and totals. A *ref* is an address in 8-byte units, so `ref << 1` indexes
 * `i32`, `ref` indexes `f64` and `ref << 3` indexes `u8`; 0 is no ref. Pages the kernel has not been
 * asked for cost nothing: the whole of `-m` is reserved at start and committed on first touch.
 *
 * Guard: all of it but the lock word belongs to whoever holds the partition lock.
 */
import { assert } from '../base/assert.ts';
import type { EventLog } from './event-log.ts';
import { type LockCount, lockCount, lockOwner, lockRelease, lockTake, lockTry } from './lock.ts';
import { CLASS_COUNT_MAX, PAGE_BYTES, PAGE_SHIFT, type SlabClasses } from './slab-classes.ts';
import type { TrackedKeys } from './tracked-keys.ts';

/** 2 GiB less a page: every byte offset stays a small non-negative int32. */
export const PARTITION_BYTES_MAX = 2 ** 31 - PAGE_BYTES;

/**
 * Header words (i32 index). The lock has a cache line of its own, so that threads spinning on it do
 * not slow down the one that works; what a lookup reads lies together in the next one.
 */
export const HEADER = {
  lock: 0, // and its counts: lock.ts

  keysTable: 16, // TABLE words: the index of keys
  usesLogFactor: 22, // lfu-log-factor + 1; 0: uses of items are not counted (item-access.ts)
  usesDecayMinutes: 23, // lfu-decay-time
  casLo: 24, // last CAS unique given out
  casHi: 25,
  evictionClock: 26, // chunks obtained so far: the time by which page ages are told
  changeListeners: 27, // change kinds somebody reads, and those that threads note, a bit each
  hasFlushed: 28, // 1: databaseFlushLo and Hi say something
  pageFreeCount: 29, // pages that no class owns and that may be taken
  pageFreeHead: 30, // first page of the free list, + 1
  pageBump: 31, // pages ever taken: those from here on are untouched

  changePage: 32, // page that holds the change ring, + 1
  flushSweepPages: 33, // pages the expiry sweep still has to visit since the last flush
  pagesStay: 34, // pages move between classes only out of need
  pageLimit: 35, // pages that may be in use, of the pageCount there are
  ghostMask: 36, // entries of the ghost table in use, less one: they follow the limit
  graveyardRef: 37, // first of the large collections that wait to be freed
  graveyardCount: 38,
  evictionPolicy: 39, // engine/policy.ts; 0: nothing is evicted
  expiryPage: 46, // where the expiry sweep goes on
  resetCount: 47, // times the partition was emptied because a thread died in it

  membersTable: 48, // TABLE words: the index of the members of large collections
  databaseKeys: 64, // keys of each database, as its clients see it: those flushed are gone at once
  databaseExpiring: 80, // … of them with an expiry time
  databaseFlushLo: 96, // items of the database whose CAS unique is not above this are dead
  databaseFlushHi: 112,
  emptyBucket: 128, // where an index table without a page leads to
  words: 144,
} as const;

/** An index table (i32 index within it): engine/hash-index.ts. */
export const TABLE = {
  itemCount: 0, // items in it
  bucketCount: 1, // primary buckets
  bucketMask: 2, // the smallest 2^n - 1 that is >= bucketCount - 1
  pageCount: 3, // pages of primary buckets
  overflowCount: 4, // overflow buckets
  directoryWord: 5, // i32 index of the table's part of the index directory
  words: 6,
} as const;

/** Header totals (f64 index): counts that outgrow 32 bits, and times. */
export const HEADER_F64 = {
  itemTotal: 72, // items ever linked
  itemBytes: 73, // bytes of the linked items: headers, keys, values
  evictionTotal: 74,
  expiryTotal: 75, // expired items reclaimed, and flushed ones
  evictedUnfetchedTotal: 76,
  expiredUnfetchedTotal: 77,
  pageMoveTotal: 78,
  changeHead: 79, // change records ever written, in bytes
  rescueTotal: 80, // items that moved to another page so that theirs could be given up
  discardTotal: 81, // large collections freed
  fieldExpiryTotal: 82, // expired fields of hashes reclaimed
  flushTotal: 83, // … of them, the flushed ones
  typeItems: 84, // ITEM_TYPE_COUNT words: linked items of each type, those flushed as long as they lie there
  typeBytes: 96, // … and their bytes: headers, keys, values
  removals: 128, // REMOVAL_SLOTS: by key hash, the greatest CAS unique of an item that left the index
  words: 384,
} as const;

/** Keys share these: a key may seem to have been removed when it was another of its slot. */
export const REMOVAL_SLOTS = 256;

export const HEADER_BYTES = 3072;
export const CLASS_TABLE_OFFSET = HEADER_BYTES;
export const CLASS_RECORD_BYTES = 192;
export const INDEX_DIRECTORY_OFFSET = CLASS_TABLE_OFFSET + CLASS_COUNT_MAX * CLASS_RECORD_BYTES;
const PAGE_RECORD_BYTES = 64;
/** Guards that a thread has room for from the start. */
const GUARDS_MIN = 16;
const DIRECTORY_ENTRY_BYTES = 4;
/** One ghost entry for so many bytes of pages. */
const GHOST_BYTES_PER_ENTRY = 512;

assert(HEADER.words * 4 <= HEADER_F64.itemTotal * 8, 'header words end before the totals');
assert(HEADER_F64.removals + REMOVAL_SLOTS <= HEADER_F64.words, 'header totals do not overlap');
assert(HEADER_F64.words * 8 <= HEADER_BYTES, 'header totals fit the header');
assert(HEADER.emptyBucket % 16 === 0, 'a bucket is a cache line');
assert(HEADER.keysTable + TABLE.words <= HEADER.usesLogFactor, 'a table has its words to itself');

export class Partition {
  readonly id: number;
  /** Partitions in the arena: the stride of the CAS uniques that clients see. */
  readonly stride: number;
  readonly sab: SharedArrayBuffer;
  readonly u8: Buffer;
  readonly view: DataView;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly classes: SlabClasses;
  /** Pages there are; HEADER.pageLimit says how many may be used. */
  readonly pageCount: number;
  readonly pageTableWord: number;
  readonly pagesOffset: number;
  readonly ghostStart: number;
  readonly ghostEntryCount: number;
  /** Where this thread notes what it does, while somebody watches. */
  readonly log: EventLog;
  /** Keys that this thread has made ready for blocked clients; one list for all partitions. */
  readonly ready: ReadyKey[];
  /** What else this thread was asked to note of what it does to keys: likewise. */
  readonly notes: KeyNote[];
  /** What of it clients that track keys have to know. */
  readonly tracked: TrackedKeys;
  /** This thread's id + 1: what the lock word shows while we hold it. */
  readonly owner: number;
  /** While the lock is held: an item that eviction must leave alone, or 0 (engine/guard.ts). */
  guardRef: number;
  /** … and more of them: the first guardCount. */
  guards: Int32Array;
  guardCount: number;

  constructor(sab: SharedArrayBuffer, place: PartitionPlace, classes: SlabClasses, owner: number) {
    const layout = layoutFor(sab.byteLength);
    this.id = place.id;
    this.stride = place.stride;
    this.sab = sab;
    this.u8 = Buffer.from(sab);
    this.view = new DataView(sab);
    this.u16 = new Uint16Array(sab);
    this.i32 = new Int32Array(sab);
    this.f64 = new Float64Array(sab);
    this.classes = classes;
    this.pageCount = layout.pageCount;
    this.pageTableWord = layout.pageTableOffset >>> 2;
    this.pagesOffset = layout.pagesOffset;
    this.ghostStart = layout.ghostOffset >>> 1;
    this.ghostEntryCount = layout.ghostEntryCount;
    this.log = place.log;
    this.ready = place.ready;
    this.notes = place.notes;
    this.tracked = place.tracked;
    this.owner = owner;
    this.guardRef = 0;
    this.guards = new Int32Array(GUARDS_MIN);
    this.guardCount = 0;
  }

  /** Whether a full partition evicts; without it a store is refused. */
  get evicts(): boolean {
    return this.i32[HEADER.evictionPolicy] !== 0;
  }
}

/** A key that has got something for clients who wait for it. */
export type ReadyKey = { readonly key: Buffer; readonly namespace: number };

/** Something else that happened to a key; `kind` is a NOTE bit (engine/change-log.ts). */
export type KeyNote = ReadyKey & { readonly kind: number };

export type PartitionPlace = {
  readonly id: number;
  readonly stride: number;
  readonly log: EventLog;
  readonly ready: ReadyKey[];
  readonly notes: KeyNote[];
  readonly tracked: TrackedKeys;
};

type Layout = {
  readonly pageTableOffset: number;
  readonly ghostOffset: number;
  readonly ghostEntryCount: number;
  readonly pagesOffset: number;
  readonly pageCount: number;
};

/** Divides `bytes`: as many pages as fit after the tables that describe them. */
function layoutFor(bytes: number): Layout {
  assert(bytes <= PARTITION_BYTES_MAX, 'a partition is at most 2 GiB');
  let pageCount = Math.floor(bytes / PAGE_BYTES);
  for (; pageCount > 0; pageCount--) {
    const pageTableOffset = INDEX_DIRECTORY_OFFSET + 2 * indexDirectoryBytes(pageCount);
    const ghostOffset = pageTableOffset + pageCount * PAGE_RECORD_BYTES;
    const ghostEntryCount = ghostEntryCountFor(pageCount);
    const pagesOffset = roundUp(ghostOffset + ghostEntryCount * 2, 4096);
    if (pagesOffset + pageCount * PAGE_BYTES <= bytes) {
      return { pageTableOffset, ghostOffset, ghostEntryCount, pagesOffset, pageCount };
    }
  }
  throw new RangeError(`a partition of ${bytes} bytes has no room for a page`);
}

/** Bytes of one table's part of the index directory: each might need all pages. */
export function indexDirectoryBytes(pageCount: number): number {
  return roundUp(pageCount * DIRECTORY_ENTRY_BYTES, 64);
}

/** Entries of the ghost table for so many pages. */
export function ghostEntryCountFor(pageCount: number): number {
  return powerOfTwoAtMost((pageCount * PAGE_BYTES) / GHOST_BYTES_PER_ENTRY);
}

/** How many pages a partition of `bytes` has besides the tables that describe them. */
export function pageCountFor(bytes: number): number {
  return layoutFor(bytes).pageCount;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function powerOfTwoAtMost(value: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, value)));
}

export function partitionLock(p: Partition): void {
  lockTake(p.i32, HEADER.lock, p.owner);
}

export function partitionTryLock(p: Partition): boolean {
  return lockTry(p.i32, HEADER.lock, p.owner);
}

export function partitionUnlock(p: Partition): void {
  lockRelease(p.i32, HEADER.lock);
}

export function partitionLockOwner(p: Partition): number {
  return lockOwner(p.i32, HEADER.lock);
}

/** How often threads met at the partition's lock: LOCK_COUNT. */
export function partitionLockCount(p: Partition, count: LockCount): number {
  return lockCount(p.i32, HEADER.lock, count);
}

// ── Page table ──────────────────────────────────────────────────────────────────────────────────

/**
 * Page record (i32 index within the record, 64 bytes a page):
 *
 *   ┌─────────┬───────────┬───────────┬──────────┬─────────────┬──────────────┬─────────┬──────────┐
 *   │ classId │ usedCount │ bumpCount │ freeHead │ partialNext │ partialPrev  │ ringNext│ ringPrev │
 *   │         │           │           │ Ref      │ page + 1    │ page + 1     │ page + 1│ page + 1 │
 *   ├─────────┴─┬─────────┴───────────┴──────────┴─────────────┴──────────────┴─────────┴──────────┤
 *   │ sweptAt   │ inPartial, 2 spare words, expiresAtMinMs f64                                     │
 *   └───────────┴──────────────────────────────────────────────────────────────────────────────────┘
 *
 * A page of a class is in the class's ring (the order in which eviction visits it), and, while it
 * has a free chunk, in the class's partial list. Chunks from `bumpCount` on were never cut.
 */
export const PAGE = {
  classId: 0, // PAGE_FREE, PAGE_INDEX, PAGE_CHANGES or a class
  usedCount: 1,
  bumpCount: 2,
  freeHeadRef: 3,
  partialNext: 4,
  partialPrev: 5,
  ringNext: 6,
  ringPrev: 7,
  sweptAt: 8, // evictionClock when the hand last left this page
  inPartial: 9,
  expiresAtMinMs: 12, // f64: no item in the page expires before this; 0 = none expires
  words: 16,
} as const;

export const PAGE_FREE = -1; // in the pool's free list
export const PAGE_INDEX = -2; // primary buckets of the hash index
export const PAGE_CHANGES = -3; // the change ring

/** i32 index of a page's record. */
export function pageRecord(p: Partition, page: number): number {
  return p.pageTableWord + page * PAGE.words;
}

/** The page that a ref lies in. */
export function pageOf(p: Partition, ref: number): number {
  return ((ref << 3) - p.pagesOffset) >>> PAGE_SHIFT;
}

/** Byte offset of a page's first byte. */
export function pageOffset(p: Partition, page: number): number {
  return p.pagesOffset + (page << PAGE_SHIFT);
}

/** More bytes than this no value can have, whatever else goes. */
export function partitionBytesMax(p: Partition): number {
  return p.i32[HEADER.pageLimit] * PAGE_BYTES;
}

/** Sets how many pages may be in use; the pool grows or shrinks by the difference, which it must have. */
export function partitionLimitSet(p: Partition, pageLimit: number): void {
  const { i32 } = p;
  assert(pageLimit > 0 && pageLimit <= p.pageCount, 'a limit is within what was reserved');
  i32[HEADER.pageFreeCount] += pageLimit - i32[HEADER.pageLimit];
  assert(i32[HEADER.pageFreeCount] >= 0, 'a limit is not below what is in use');
  i32[HEADER.pageLimit] = pageLimit;
  i32[HEADER.ghostMask] = ghostEntryCountFor(pageLimit) - 1;
}

/** Takes a page from the pool; -1 when it is empty. The record comes back cleared. */
export function pageTake(p: Partition): number {
  const { i32 } = p;
  if (i32[HEADER.pageFreeCount] <= 0) return -1;
  let page = i32[HEADER.pageFreeHead] - 1;
  if (page >= 0) {
    i32[HEADER.pageFreeHead] = i32[pageRecord(p, page) + PAGE.partialNext];
  } else {
    page = i32[HEADER.pageBump]++;
  }
  i32[HEADER.pageFreeCount]--;
  const record = pageRecord(p, page);
  for (let word = 0; word < PAGE.words; word++) i32[record + word] = 0;
  return page;
}

/** Gives a page back to the pool. */
export function pageGive(p: Partition, page: number): void {
  const { i32 } = p;
  const record = pageRecord(p, page);
  i32[record + PAGE.classId] = PAGE_FREE;
  i32[record + PAGE.partialNext] = i32[HEADER.pageFreeHead];
  i32[HEADER.pageFreeHead] = page + 1;
  i32[HEADER.pageFreeCount]++;
}

// ── Class table ─────────────────────────────────────────────────────────────────────────────────

/** The words of a class record (i32 index within the record); the totals behind them: class-totals.ts. */
export const CLASS = {
  pageCount: 0,
  partialHead: 1, // page + 1
  handPage: 2, // page + 1: where eviction goes on
  handChunk: 3,
  usedCount: 4, // chunks in use
  itemCount: 5, // linked items
  mainCount: 6, // … of them promoted out of probation
  itemBytes: 7, // bytes asked for by the linked items
  evictedAgeSec: 8, // seconds since last access of the item evicted last
  handTurned: 9, // 1: the hand came to another page since other classes were last asked for one
  words: 10,
} as const;

/** i32 index of a class's record. */
export function classRecord(classId: number): number {
  return (CLASS_TABLE_OFFSET + classId * CLASS_RECORD_BYTES) >>> 2;
}
