/**
 * The model of a keyspace: a Map of what is stored, kept exact through the change log alone. A step
 * runs an operation on the real thing, says which status and which change it expects, and `settle`
 * reads the log: what was evicted or expired leaves the Map, what was stored enters it. So the Map
 * holds, at any time, what the index holds, and every loss has a reason that the log gave.
 */
import { expect } from 'vitest';
import { CHANGE, type Change, changeListen, changeRead } from '../../src/engine/change-log.ts';
import { type Keyspace, keyspaceFlushIfDue } from '../../src/engine/keyspace.ts';
import { STATUS, type Status } from '../../src/engine/status.ts';
import type { ValueCursor } from '../../src/engine/types/chained.ts';
import { STORE, type StoreMode } from '../../src/engine/types/string.ts';
import { HEADER, type Partition } from '../../src/memory/partition.ts';
import { CHUNK_BYTES_MAX } from '../../src/memory/slab-classes.ts';
import { Client } from './client.ts';
import { handlesMake, keyspaceMake, partitionExpectSound, type Setup } from './fixture.ts';
import { NOW_MS } from './limits.ts';

const ALL_CHANGES = Object.values(CHANGE).reduce((kinds, kind) => kinds | kind, 0);

const HEADER_BYTES = 16;
const OPTIONAL_FIELDS_BYTES = 12;

function fitsChunk(key: string, value: Buffer): boolean {
  return HEADER_BYTES + OPTIONAL_FIELDS_BYTES + key.length + value.length <= CHUNK_BYTES_MAX;
}

/** What a key holds. */
export type Stored = {
  readonly value: Buffer;
  readonly clientFlags: number;
  readonly expiresAtMs: number;
  readonly casUnique: number;
  readonly isFlushed: boolean;
  /** Whether it is stored as a chain of chunks. */
  readonly isChained: boolean;
};

export type Fields = { readonly clientFlags: number; readonly expiresAtMs: number };

/** A store of any mode. */
export type Store = Fields & {
  readonly mode: StoreMode;
  readonly key: string;
  readonly value: Buffer;
  readonly casUnique: number;
  /** Whether the value came in pieces. */
  readonly isReceived: boolean;
};

/** A value on its way in. */
export type Reception = Fields & {
  readonly p: Partition;
  readonly ref: number;
  readonly mode: StoreMode;
  readonly key: string;
  readonly value: Buffer;
  position: number;
};

/** A value on its way out. */
export type Hold = {
  readonly p: Partition;
  readonly ref: number;
  readonly value: Buffer;
  readonly cursor: ValueCursor;
};

export class World {
  readonly keyspace: Keyspace;
  readonly client: Client;
  readonly itemBytesMax: number;
  /** Whether a store may be refused for want of memory though nothing is held. */
  readonly isTight: boolean;
  readonly stored = new Map<string, Stored>();
  readonly receptions: Reception[] = [];
  readonly holds: Hold[] = [];
  nowMs = NOW_MS;
  flushAtMs = 0;
  /** Many stores in one step: the structures are looked at behind the last one. */
  isFilling = false;
  evictionCount = 0;
  refusalCount = 0;
  private expected: { readonly kind: number; readonly key: string; readonly next: Stored } | null =
    null;
  private flushesExpected = 0;
  private readonly positions: number[];
  private readonly casLast: number[];

  constructor(setup: Setup, itemBytesMax: number) {
    this.keyspace = keyspaceMake(handlesMake(setup));
    this.client = new Client(itemBytesMax);
    this.itemBytesMax = itemBytesMax;
    this.isTight = setup.evicts === false;
    this.positions = this.keyspace.partitions.map((p) => changeListen(p, ALL_CHANGES));
    this.casLast = this.keyspace.partitions.map(() => 0);
  }

  /** Begins a step as a front end begins a batch: reads the clock, carries out a flush that is due. */
  begin(): void {
    this.client.clockSet(this.nowMs);
    if (this.flushAtMs !== 0 && this.flushAtMs <= this.nowMs) {
      this.flushExpect();
      this.flushAtMs = 0;
    }
    keyspaceFlushIfDue(this.keyspace, this.nowMs);
    this.logRead();
  }

  /** Takes the key in hand; returns its partition. */
  keySet(key: string): Partition {
    return this.keyspace.partitionFor(this.client.keySet(key));
  }

  /** What a client would find under the key. */
  live(key: string): Stored | null {
    const stored = this.stored.get(key);
    return stored === undefined || this.isDead(stored) ? null : stored;
  }

  isDead({ expiresAtMs, isFlushed }: Stored): boolean {
    return isFlushed || (expiresAtMs !== 0 && expiresAtMs <= this.nowMs);
  }

  flushExpect(): void {
    this.flushesExpected = this.keyspace.partitions.length;
  }

  /** The status a store must have, and the item it must leave. */
  storeExpect(store: Store): Status {
    const { mode, key, value, clientFlags, expiresAtMs } = store;
    const old = this.live(key);
    if (old === null) {
      if (mode === STORE.CAS) return STATUS.MISSING;
      if (mode !== STORE.SET && mode !== STORE.ADD) return STATUS.NOT_STORED;
    } else {
      if (mode === STORE.ADD) return STATUS.NOT_STORED;
      if (mode === STORE.CAS && old.casUnique !== store.casUnique) return STATUS.EXISTS;
      if (mode === STORE.APPEND || mode === STORE.PREPEND) return this.joinExpect(store, old);
    }
    const isChained = store.isReceived || !fitsChunk(key, value);
    const next = { value, clientFlags, expiresAtMs, casUnique: 0, isFlushed: false, isChained };
    this.expected = { kind: CHANGE.STORE, key, next };
    return STATUS.OK;
  }

  private joinExpect({ mode, key, value: added, isReceived }: Store, old: Stored): Status {
    const both = mode === STORE.APPEND ? [old.value, added] : [added, old.value];
    const value = Buffer.concat(both);
    if (HEADER_BYTES + key.length + value.length > this.itemBytesMax) return STATUS.TOO_LARGE;
    const isChained = isReceived || old.isChained || !fitsChunk(key, value);
    this.expected = { kind: CHANGE.STORE, key, next: { ...old, value, isChained } };
    return STATUS.OK;
  }

  changeExpect(kind: number, key: string, next: Stored): void {
    this.expected = { kind, key, next };
  }

  /**
   * Ends a step. `actual` must be `wanted`; only where memory can be short it may be NO_MEMORY, and
   * then the key keeps its value, unless a `set` had to drop it.
   */
  settle(wanted: Status, actual: Status, setKey: string | null = null): void {
    if (actual === STATUS.NO_MEMORY && wanted === STATUS.OK) {
      this.refusalCount++;
      expect(this.isTight || this.holds.length + this.receptions.length > 0, 'room').toBe(true);
      this.expected = null;
    } else {
      expect(actual).toBe(wanted);
    }
    this.logRead();
    expect(this.expected, 'a change that was not recorded').toBeNull();
    expect(this.flushesExpected, 'flushes that were not recorded').toBe(0);
    if (actual === STATUS.NO_MEMORY && setKey !== null) expect(this.stored.has(setKey)).toBe(false);
    if (!this.isFilling) this.structuresCheck();
  }

  private structuresCheck(): void {
    let itemCount = 0;
    for (const p of this.keyspace.partitions) {
      partitionExpectSound(p);
      itemCount += p.i32[HEADER.itemCount];
    }
    expect(itemCount).toBe(this.stored.size);
  }

  private logRead(): void {
    for (const [id, p] of this.keyspace.partitions.entries()) {
      const batch = changeRead(p, this.positions[id]);
      expect(batch.lostBytes).toBe(0);
      this.positions[id] = batch.position;
      for (const change of batch.changes) this.changeApply(p, change);
    }
  }

  private changeApply(p: Partition, { kind, key: bytes, cas }: Change): void {
    const key = bytes.toString('latin1');
    if (kind === CHANGE.FLUSH) {
      expect(this.flushesExpected--).toBeGreaterThan(0);
      for (const [name, stored] of this.stored) {
        if (this.keySet(name) === p) this.stored.set(name, { ...stored, isFlushed: true });
      }
      return;
    }
    const casUnique = cas * p.stride + p.id + 1;
    const stored = this.stored.get(key);
    if (kind === CHANGE.STORE || kind === CHANGE.TOUCH) {
      expect([kind, key]).toEqual([this.expected?.kind, this.expected?.key]);
      const next = this.expected?.next as Stored; // as the line above has seen
      this.expected = null;
      this.stored.set(key, { ...next, casUnique });
      if (kind === CHANGE.TOUCH) {
        expect(casUnique).toBe(next.casUnique);
      } else {
        expect(cas).toBeGreaterThan(this.casLast[p.id]);
        this.casLast[p.id] = cas;
      }
      return;
    }
    expect(stored?.casUnique, `item of ${key} that goes`).toBe(casUnique);
    if (kind === CHANGE.EXPIRE) expect(this.isDead(stored as Stored)).toBe(true);
    if (kind === CHANGE.EVICT) {
      expect(p.evicts).toBe(true);
      this.evictionCount++;
    }
    this.stored.delete(key);
  }
}
