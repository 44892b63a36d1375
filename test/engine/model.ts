/**
 * The model of a keyspace: a Map of what is stored, kept exact through the change log alone. A step
 * runs an operation on the real thing, says which status and which change it expects, and `settle`
 * reads the log: what was evicted or expired leaves the Map, what was stored enters it. So the Map
 * holds, at any time, what the index holds, and every loss has a reason that the log gave.
 */
import { expect } from 'vitest';
import { DATABASE_COUNT } from '../../src/base/key.ts';
import { CHANGE, type Change, changeListen, changeRead } from '../../src/engine/change-log.ts';
import { ALL_DATABASES } from '../../src/engine/database.ts';
import { indexKeyCount } from '../../src/engine/hash-index.ts';
import {
  type Keyspace,
  keyspaceExpiringCount,
  keyspaceFlushIfDue,
  keyspaceKeyCount,
} from '../../src/engine/keyspace.ts';
import type { StoreTerms } from '../../src/engine/operation.ts';
import { STATUS, type Status } from '../../src/engine/status.ts';
import type { ValueCursor } from '../../src/engine/types/chained.ts';
import { STORE, type StoreMode } from '../../src/engine/types/string.ts';
import { MARK_BINARY_KEY, MARK_STALE, MARK_TOKEN_SENT } from '../../src/memory/item.ts';
import type { Partition } from '../../src/memory/partition.ts';
import { CHUNK_BYTES_MAX } from '../../src/memory/slab-classes.ts';
import { Client, keyBytesOf, keyParts } from './client.ts';
import { handlesMake, keyspaceMake, partitionExpectSound, type Setup } from './fixture.ts';
import { NOW_MS } from './limits.ts';

const ALL_CHANGES = Object.values(CHANGE).reduce((kinds, kind) => kinds | kind, 0);

const HEADER_BYTES = 16;
const OPTIONAL_FIELDS_BYTES = 12;
const GIVEN_CAS_BYTES = 8;

/** Whether key and value fit a chunk with all fields that an item may have later. */
export function fitsChunk(key: string, value: Buffer, { casGiven }: Terms): boolean {
  const fieldsBytes = OPTIONAL_FIELDS_BYTES + (casGiven === null ? 0 : GIVEN_CAS_BYTES);
  return HEADER_BYTES + fieldsBytes + keyBytesOf(key) + value.length <= CHUNK_BYTES_MAX;
}

/** What a key holds. */
export type Stored = {
  readonly value: Buffer;
  readonly clientFlags: number;
  readonly expiresAtMs: number;
  /** Our own, by which changes are told apart, and what clients see. */
  readonly casUnique: number;
  readonly casShown: bigint;
  readonly casGiven: bigint | null;
  readonly marks: number;
  readonly isFlushed: boolean;
  /** Whether it is stored as a chain of chunks. */
  readonly isChained: boolean;
};

export type Fields = { readonly clientFlags: number; readonly expiresAtMs: number };

/** What a store may ask for besides. */
export type Terms = {
  readonly casGiven: bigint | null;
  readonly marks: number;
  readonly storesStale: boolean;
  readonly createsMissing: boolean;
};

/** A store of any mode. */
export type Store = Fields & {
  readonly terms: Terms;
  readonly mode: StoreMode;
  readonly key: string;
  readonly value: Buffer;
  /** The one that it demands, if its mode does. */
  readonly casUnique: bigint;
  /** Whether the value came in pieces. */
  readonly isReceived: boolean;
};

/** A value on its way in. */
export type Reception = Fields & {
  readonly terms: Terms;
  readonly kept: StoreTerms;
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
  private readonly expected: { kind: number; key: string; next: Stored }[] = [];
  private flushesExpected = 0;
  private databaseFlushed = ALL_DATABASES;
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

  flushExpect(database: number = ALL_DATABASES): void {
    this.flushesExpected = this.keyspace.partitions.length;
    this.databaseFlushed = database;
  }

  /** The status a store must have, and the item it must leave. */
  storeExpect(store: Store): Status {
    const { mode, key, value, clientFlags, terms } = store;
    const joins = mode === STORE.APPEND || mode === STORE.PREPEND;
    let { expiresAtMs } = store;
    let { marks } = terms;
    const old = this.live(key);
    if (old === null) {
      if (mode === STORE.CAS) return STATUS.MISSING;
      const isPlain = mode === STORE.SET || mode === STORE.ADD || mode === STORE.PUT;
      const stores = isPlain || (joins && terms.createsMissing);
      if (!stores) return STATUS.NOT_STORED;
    } else {
      if (mode === STORE.ADD) return STATUS.NOT_STORED;
      if (joins) return this.joinExpect(store, old);
      if (mode === STORE.CAS && old.casShown !== store.casUnique) {
        const mayBeStale = terms.storesStale && store.casUnique !== 0n;
        if (!mayBeStale || store.casUnique > old.casShown) return STATUS.EXISTS;
        expiresAtMs = old.expiresAtMs;
        marks |= MARK_STALE | (old.marks & MARK_TOKEN_SENT);
      } else if (mode === STORE.CAS && store.casUnique === 0n) {
        return STATUS.EXISTS;
      }
    }
    const isChained = store.isReceived || !fitsChunk(key, value, terms);
    const { casGiven } = terms;
    this.changeExpect(CHANGE.STORE, key, {
      ...{ value, clientFlags, expiresAtMs, casGiven, marks, isChained },
      ...{ casUnique: 0, casShown: 0n, isFlushed: false },
    });
    return STATUS.OK;
  }

  private joinExpect({ mode, key, value: added, isReceived, terms }: Store, old: Stored): Status {
    const both = mode === STORE.APPEND ? [old.value, added] : [added, old.value];
    const value = Buffer.concat(both);
    if (HEADER_BYTES + keyBytesOf(key) + value.length > this.itemBytesMax) return STATUS.TOO_LARGE;
    const isChained = isReceived || old.isChained || !fitsChunk(key, value, terms);
    const { casGiven } = terms;
    const marks = old.marks & MARK_BINARY_KEY;
    this.changeExpect(CHANGE.STORE, key, { ...old, value, isChained, casGiven, marks });
    return STATUS.OK;
  }

  changeExpect(kind: number, key: string, next: Stored): void {
    this.expected.push({ kind, key, next });
  }

  /**
   * Ends a step. `actual` must be `wanted`; only where memory can be short it may be NO_MEMORY, and
   * then the key keeps its value, unless a `set` had to drop it. `hasParts`: some of it may be done.
   */
  settle(wanted: Status, actual: Status, setKey: string | null = null, hasParts = false): void {
    if (hasParts) this.logRead();
    if (actual === STATUS.NO_MEMORY && wanted === STATUS.OK) {
      this.refusalCount++;
      expect(this.isTight || this.holds.length + this.receptions.length > 0, 'room').toBe(true);
      this.expected.length = 0;
    } else {
      expect(actual).toBe(wanted);
    }
    this.logRead();
    expect(this.expected, 'changes that were not recorded').toEqual([]);
    expect(this.flushesExpected, 'flushes that were not recorded').toBe(0);
    if (actual === STATUS.NO_MEMORY && setKey !== null) expect(this.stored.has(setKey)).toBe(false);
    if (!this.isFilling) this.structuresCheck();
  }

  private structuresCheck(): void {
    let itemCount = 0;
    for (const p of this.keyspace.partitions) {
      partitionExpectSound(p);
      itemCount += indexKeyCount(p);
    }
    expect(itemCount).toBe(this.stored.size);
    const keys = new Int32Array(DATABASE_COUNT);
    const expiring = new Int32Array(DATABASE_COUNT);
    for (const [key, { isFlushed, expiresAtMs }] of this.stored) {
      const [database] = keyParts(key);
      if (isFlushed) continue;
      keys[database]++;
      if (expiresAtMs !== 0) expiring[database]++;
    }
    for (let database = 0; database < DATABASE_COUNT; database++) {
      expect(keyspaceKeyCount(this.keyspace, database)).toBe(keys[database]);
      expect(keyspaceExpiringCount(this.keyspace, database)).toBe(expiring[database]);
    }
  }

  private logRead(): void {
    for (const [id, p] of this.keyspace.partitions.entries()) {
      const batch = changeRead(p, this.positions[id]);
      expect(batch.lostBytes).toBe(0);
      this.positions[id] = batch.position;
      for (const change of batch.changes) this.changeApply(p, change);
    }
  }

  private flushApply(p: Partition, flushed: number): void {
    expect(this.flushesExpected--).toBeGreaterThan(0);
    expect(flushed).toBe(this.databaseFlushed);
    for (const [key, stored] of this.stored) {
      const [database] = keyParts(key);
      const isMeant = flushed === ALL_DATABASES || flushed === database;
      if (isMeant && this.keySet(key) === p) this.stored.set(key, { ...stored, isFlushed: true });
    }
  }

  private changeApply(p: Partition, { kind, key: bytes, cas, database }: Change): void {
    if (kind === CHANGE.FLUSH) {
      this.flushApply(p, database);
      return;
    }
    const key = `${database === 0 ? '' : `${database}|`}${bytes.toString('latin1')}`;
    const casUnique = cas * p.stride + p.id + 1;
    const stored = this.stored.get(key);
    if (kind === CHANGE.STORE || kind === CHANGE.TOUCH) {
      const expected = this.expected.shift();
      expect([kind, key]).toEqual([expected?.kind, expected?.key]);
      const next = expected?.next as Stored; // as the line above has seen
      if (kind === CHANGE.TOUCH) {
        expect(casUnique).toBe(stored?.casUnique);
        this.stored.set(key, { ...next, casUnique, casShown: (stored as Stored).casShown });
      } else {
        this.stored.set(key, { ...next, casUnique, casShown: next.casGiven ?? BigInt(casUnique) });
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
