/**
 * The config store: a few named texts that every thread serves, first of all the list of a cluster's
 * nodes. One SharedArrayBuffer; nothing in it is ever evicted, nor flushed.
 *
 *   ┌────────┬──────────┬──────────┬─  ─┬───────────┐
 *   │ header │ record 0 │ record 1 │ …  │ record 17 │   two more than clients may fill
 *   │ 64 B   │          │          │    │           │
 *   └────────┴──────────┴──────────┴─  ─┴───────────┘
 *   header  lock · serial of the last set · the lock's counts
 *
 *   byte 0        4          8              12           16         272         65808
 *        ┌────────┬──────────┬──────────────┬────────────┬──────────┬───────────┐
 *        │ serial │ keyBytes │ client flags │ valueBytes │ key      │ value     │
 *        │ 0 free │          │ u32          │            │          │           │
 *        └────────┴──────────┴──────────────┴────────────┴──────────┴───────────┘
 *
 * Guard: the lock in the header (lock.ts). A set fills a free record, publishes it with its serial, and
 * then frees the one that held the key before. A thread that dies on the way leaves the old text, or
 * the new one and the old; of two records with one key the later counts. So there is little to mend:
 * whoever frees a dead thread's lock frees the earlier record as well (configLockFree).
 */
import { assert } from '../base/assert.ts';
import { lockOwner, lockRelease, lockTake, lockTry } from './lock.ts';

/** Entries there may be when a client adds one. The server itself always finds room for one. */
export const CONFIG_COUNT_MAX = 16;
export const CONFIG_KEY_BYTES_MAX = 250;
export const CONFIG_VALUE_BYTES_MAX = 65536;

/** i32 indices. */
const STORE = { lock: 0, serial: 1 } as const;
const STORE_BYTES = 64;
/** Byte offsets within a record. */
const RECORD = {
  serial: 0,
  keyBytes: 4,
  clientFlags: 8,
  valueBytes: 12,
  key: 16,
  value: 272,
  bytes: 272 + CONFIG_VALUE_BYTES_MAX,
} as const;
/** One is the server's own; one is free at any time, so that each entry can be replaced. */
const RECORD_COUNT = CONFIG_COUNT_MAX + 2;
/** Records that have to be free: to replace an entry, for the server's new one, for a client's. */
const FREE_MIN = { REPLACE: 1, SERVER: 2, CLIENT: 3 } as const;
const SERIAL_MAX = 2 ** 31 - 1;

assert(RECORD.key + CONFIG_KEY_BYTES_MAX <= RECORD.value, 'a key fits before the value');
assert(RECORD.bytes % 4 === 0, 'records lie at word boundaries');

export const CONFIG_STORE_BYTES = STORE_BYTES + RECORD_COUNT * RECORD.bytes;

/** What a set came to. */
export const CONFIG_SET = { STORED: 0, TOO_LARGE: 1, FULL: 2 } as const;
export type ConfigSet = (typeof CONFIG_SET)[keyof typeof CONFIG_SET];

export type ConfigEntry = { readonly clientFlags: number; readonly value: Buffer };

/** A thread's view of the store. `owner`: what it shows in lock words. */
export class ConfigStore {
  readonly i32: Int32Array;
  readonly u8: Buffer;
  readonly owner: number;

  constructor(sab: SharedArrayBuffer, owner: number) {
    assert(sab.byteLength === CONFIG_STORE_BYTES, 'the config store has its size');
    this.i32 = new Int32Array(sab);
    this.u8 = Buffer.from(sab);
    this.owner = owner;
  }
}

/** A copy of the entry, or null. */
export function configGet(store: ConfigStore, key: Uint8Array): ConfigEntry | null {
  lockTake(store.i32, STORE.lock, store.owner);
  const entry = entryCopyLocked(store, key);
  lockRelease(store.i32, STORE.lock);
  return entry;
}

/**
 * A copy of the entry's value as it was a moment ago, without the lock: for who must not wait, and does
 * not mind to miss what is being replaced. Null where there is none, or where it changed meanwhile.
 */
export function configPeek(store: ConfigStore, key: Uint8Array): Buffer | null {
  const record = recordFindLocked(store, key);
  if (record < 0) return null;
  const serial = Atomics.load(store.i32, record >>> 2);
  const bytes = store.i32[(record + RECORD.valueBytes) >>> 2];
  const start = record + RECORD.value;
  const value = Buffer.from(store.u8.subarray(start, start + bytes));
  return Atomics.load(store.i32, record >>> 2) === serial ? value : null;
}

/** How many entries were made or replaced. */
export function configSerial({ i32 }: ConfigStore): number {
  return Atomics.load(i32, STORE.serial);
}

/**
 * Makes or replaces an entry.
 *   key     1 to CONFIG_KEY_BYTES_MAX bytes
 *   value   kept as it is; more than CONFIG_VALUE_BYTES_MAX bytes are TOO_LARGE
 */
export function configSet(
  store: ConfigStore,
  key: Uint8Array,
  clientFlags: number,
  value: Uint8Array,
): ConfigSet {
  if (value.length > CONFIG_VALUE_BYTES_MAX) return CONFIG_SET.TOO_LARGE;
  lockTake(store.i32, STORE.lock, store.owner);
  const outcome = entryWriteLocked(store, key, clientFlags, value, FREE_MIN.CLIENT);
  lockRelease(store.i32, STORE.lock);
  return outcome;
}

/**
 * Makes or replaces the server's own entry: one key, the same each time, for which there is always
 * room. The main thread never waits for a lock, so false means that it is taken: try later.
 */
export function configTrySet(
  store: ConfigStore,
  key: Uint8Array,
  clientFlags: number,
  value: Uint8Array,
): boolean {
  assert(value.length <= CONFIG_VALUE_BYTES_MAX, 'what the server says fits an entry');
  if (!lockTry(store.i32, STORE.lock, store.owner)) return false;
  const outcome = entryWriteLocked(store, key, clientFlags, value, FREE_MIN.SERVER);
  lockRelease(store.i32, STORE.lock);
  assert(outcome === CONFIG_SET.STORED, 'clients leave room for the entry of the server');
  return true;
}

/** Forgets an entry. False when there is none. */
export function configDelete(store: ConfigStore, key: Uint8Array): boolean {
  lockTake(store.i32, STORE.lock, store.owner);
  const record = recordFindLocked(store, key);
  if (record >= 0) Atomics.store(store.i32, record >>> 2, 0);
  lockRelease(store.i32, STORE.lock);
  return record >= 0;
}

/**
 * Frees the lock if a dead thread held it, and what a set of it left behind.
 *   owner     what the thread showed in lock words; nothing of it may still run
 *   returns   whether it held the lock
 */
export function configLockFree(store: ConfigStore, owner: number): boolean {
  const { i32, u8 } = store;
  if (lockOwner(i32, STORE.lock) !== owner) return false;
  for (let record = STORE_BYTES; record < CONFIG_STORE_BYTES; record += RECORD.bytes) {
    const keyStart = record + RECORD.key;
    const key = u8.subarray(keyStart, keyStart + i32[(record + RECORD.keyBytes) >>> 2]);
    if (recordFindLocked(store, key) !== record) i32[record >>> 2] = 0;
  }
  lockRelease(i32, STORE.lock);
  return true;
}

function entryCopyLocked(store: ConfigStore, key: Uint8Array): ConfigEntry | null {
  const { i32, u8 } = store;
  const record = recordFindLocked(store, key);
  if (record < 0) return null;
  const start = record + RECORD.value;
  return {
    clientFlags: i32[(record + RECORD.clientFlags) >>> 2] >>> 0,
    value: Buffer.from(u8.subarray(start, start + i32[(record + RECORD.valueBytes) >>> 2])),
  };
}

function entryWriteLocked(
  store: ConfigStore,
  key: Uint8Array,
  clientFlags: number,
  value: Uint8Array,
  freeMin: number,
): ConfigSet {
  assert(key.length > 0 && key.length <= CONFIG_KEY_BYTES_MAX, 'a config key fits its record');
  const { i32, u8 } = store;
  const before = recordFindLocked(store, key);
  const record = recordFreeLocked(i32, before < 0 ? freeMin : FREE_MIN.REPLACE);
  if (record < 0) return CONFIG_SET.FULL;
  i32[(record + RECORD.keyBytes) >>> 2] = key.length;
  i32[(record + RECORD.clientFlags) >>> 2] = clientFlags;
  i32[(record + RECORD.valueBytes) >>> 2] = value.length;
  u8.set(key, record + RECORD.key);
  u8.set(value, record + RECORD.value);
  const serial = i32[STORE.serial] === SERIAL_MAX ? 1 : i32[STORE.serial] + 1;
  i32[STORE.serial] = serial;
  Atomics.store(i32, record >>> 2, serial);
  if (before >= 0) Atomics.store(i32, before >>> 2, 0);
  return CONFIG_SET.STORED;
}

/** The byte offset of the key's record, or -1. */
function recordFindLocked({ i32, u8 }: ConfigStore, key: Uint8Array): number {
  let found = -1;
  for (let record = STORE_BYTES; record < CONFIG_STORE_BYTES; record += RECORD.bytes) {
    const serial = i32[record >>> 2];
    if (serial === 0 || i32[(record + RECORD.keyBytes) >>> 2] !== key.length) continue;
    const start = record + RECORD.key;
    if (u8.compare(key, 0, key.length, start, start + key.length) !== 0) continue;
    if (found < 0 || serialIsLater(serial, i32[found >>> 2])) found = record;
  }
  return found;
}

/** Serials come round after two thousand million sets. */
function serialIsLater(serial: number, other: number): boolean {
  return ((serial - other) & SERIAL_MAX) < SERIAL_MAX / 2;
}

/** A free record, or -1 when fewer than `freeMin` are free. */
function recordFreeLocked(i32: Int32Array, freeMin: number): number {
  let free = -1;
  let freeCount = 0;
  for (let record = STORE_BYTES; record < CONFIG_STORE_BYTES; record += RECORD.bytes) {
    if (i32[record >>> 2] !== 0) continue;
    free = record;
    freeCount++;
  }
  return freeCount < freeMin ? -1 : free;
}
