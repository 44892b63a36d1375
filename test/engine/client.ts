/**
 * What a front end does, in a few lines: fills an operation, calls the engine, reads the answer out.
 * Takes no lock; tests with several threads do.
 */
import { keyFillIn, NAMESPACE_BYTES } from '../../src/base/key.ts';
import { Uint64, uint64Text } from '../../src/base/uint64.ts';
import { itemCasTake, itemCasUnique } from '../../src/engine/lifecycle.ts';
import { casDemand, casGive, Operation, termsClear } from '../../src/engine/operation.ts';
import { STATUS, type Status } from '../../src/engine/status.ts';
import { valueStore } from '../../src/engine/types/chained.ts';
import { CounterResult, counterAdd } from '../../src/engine/types/counter.ts';
import {
  itemDelete,
  itemFind,
  itemRead,
  itemTouch,
  STORE,
  type StoreMode,
} from '../../src/engine/types/string.ts';
import { itemValueCopy } from '../../src/memory/chain.ts';
import {
  itemClientFlags,
  itemExpiresAtMs,
  itemMarks,
  itemValueBytes,
} from '../../src/memory/item.ts';
import type { Partition } from '../../src/memory/partition.ts';
import { MIB, NOW_MS } from './limits.ts';

export type Entry = {
  readonly value: Buffer;
  readonly clientFlags: number;
  readonly expiresAtMs: number;
  readonly casUnique: number;
  /** As clients see it: given, or our own. */
  readonly casShown: bigint;
  readonly marks: number;
};

export type StoreOptions = {
  readonly clientFlags?: number;
  readonly expiresAtMs?: number;
  readonly casUnique?: number | bigint;
  readonly casGiven?: bigint | null;
  readonly marks?: number;
  readonly storesStale?: boolean;
  readonly createsMissing?: boolean;
};

/** A 64-bit number as the engine takes it. */
export function uint64Of(value: number | bigint): Uint64 {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  const words = new Uint64();
  words.lo = bytes.readInt32LE(0);
  words.hi = bytes.readInt32LE(4);
  return words;
}

/** The database that a key names, 0 if none, and its name there. */
export function keyParts(key: string): [database: number, name: string] {
  const [, database = '0', name = key] = /^(\d+)\|(.*)$/s.exec(key) ?? [];
  return [Number(database), name];
}

/** Bytes of a key in its item. */
export function keyBytesOf(key: string): number {
  const [database, name] = keyParts(key);
  return name.length + (database === 0 ? 0 : NAMESPACE_BYTES);
}

export class Client {
  readonly op = new Operation(Buffer.alloc(0));
  readonly counter = new CounterResult();
  /** The database that keys are in. */
  database = 0;

  constructor(itemBytesMax = MIB) {
    this.op.itemBytesMax = itemBytesMax;
    this.clockSet(NOW_MS);
  }

  clockSet(nowMs: number): void {
    this.op.nowMs = nowMs;
    this.op.nowSec = Math.floor(nowMs / 1000);
  }

  /** Points the operation at the key, which may name its database: `3|name`. Returns its hash. */
  keySet(key: string): number {
    const { op } = this;
    const [database, name] = keyParts(key);
    keyFillIn(op.key, database || this.database, Buffer.from(name, 'latin1'), 0, name.length);
    return op.key.hash;
  }

  valueSet(value: string | Buffer, options: StoreOptions = {}): void {
    const { op } = this;
    op.value = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
    op.valueStart = 0;
    op.valueBytes = op.value.length;
    op.clientFlags = options.clientFlags ?? 0;
    op.expiresAtMs = options.expiresAtMs ?? 0;
    termsClear(op);
    if (typeof options.casGiven === 'bigint') casGive(op, uint64Of(options.casGiven));
    op.extras |= options.marks ?? 0;
    op.storesStale = options.storesStale ?? false;
    op.createsMissing = options.createsMissing ?? false;
  }

  store(
    p: Partition,
    mode: StoreMode,
    key: string,
    value: string | Buffer,
    options: StoreOptions = {},
  ): Status {
    this.keySet(key);
    this.valueSet(value, options);
    if (mode === STORE.CAS) casDemand(this.op, uint64Of(options.casUnique ?? 0));
    return valueStore(p, this.op, mode);
  }

  set(p: Partition, key: string, value: string | Buffer, options?: StoreOptions): Status {
    return this.store(p, STORE.SET, key, value, options);
  }

  delete(p: Partition, key: string): Status {
    this.keySet(key);
    termsClear(this.op);
    return itemDelete(p, this.op);
  }

  /** The counter's new digits, or the status that kept them from changing. */
  add(
    p: Partition,
    key: string,
    delta: string,
    up: boolean,
    options: StoreOptions = {},
  ): string | Status {
    this.keySet(key);
    this.valueSet(delta, options);
    const status = counterAdd(p, this.op, up, this.counter);
    if (status !== STATUS.OK) return status;
    return this.counter.digits.toString('latin1', 0, this.counter.bytes);
  }

  touch(p: Partition, key: string, expiresAtMs: number): Status {
    this.keySet(key);
    this.op.expiresAtMs = expiresAtMs;
    const ref = itemFind(p, this.op);
    if (ref === 0) return STATUS.MISSING;
    return itemTouch(p, this.op, ref) === 0 ? STATUS.NO_MEMORY : STATUS.OK;
  }

  /** Reads the key's item; null when there is none. */
  get(p: Partition, key: string): Entry | null {
    this.keySet(key);
    const ref = itemRead(p, this.op);
    return ref === 0 ? null : itemEntry(p, ref);
  }

  text(p: Partition, key: string): string | null {
    return this.get(p, key)?.value.toString('latin1') ?? null;
  }
}

export function itemEntry(p: Partition, ref: number): Entry {
  const value = Buffer.alloc(itemValueBytes(p, ref));
  itemValueCopy(p, ref, value, 0);
  const shown = new Uint64();
  itemCasTake(p, ref, shown);
  return {
    value,
    clientFlags: itemClientFlags(p, ref),
    expiresAtMs: itemExpiresAtMs(p, ref),
    casUnique: itemCasUnique(p, ref),
    casShown: BigInt(uint64Text(shown)),
    marks: itemMarks(p, ref),
  };
}
