/** All partitions together: which key goes where, and what concerns all of them. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { indexKeyCount } from '../../src/engine/hash-index.ts';
import {
  type Keyspace,
  keyspaceAttach,
  keyspaceCountsReset,
  keyspaceFlush,
  keyspaceFlushAt,
  keyspaceFlushIfDue,
  partitionReset,
} from '../../src/engine/keyspace.ts';
import { Maintainer } from '../../src/engine/maintainer.ts';
import { arenaReserve } from '../../src/memory/arena.ts';
import { CLASS_TOTAL, classTotal } from '../../src/memory/class-totals.ts';
import { CONTROL, CONTROL_F64 } from '../../src/memory/control.ts';
import { HEADER, HEADER_F64, PARTITION_BYTES_MAX } from '../../src/memory/partition.ts';
import { Client } from './client.ts';
import {
  handlesMake,
  keyspaceMake,
  partitionExpectEmpty,
  partitionExpectSound,
} from './fixture.ts';
import { MIB, NOW_MS } from './limits.ts';

const KEYS = Array.from({ length: 400 }, (_, n) => `key:${n}`);

function keysSet(keyspace: Keyspace, client: Client, expiresAtMs = 0): void {
  for (const key of KEYS) {
    client.set(keyspace.partitionFor(client.keySet(key)), key, key, { expiresAtMs });
  }
}

function keysFound(keyspace: Keyspace, client: Client): number {
  return KEYS.filter((key) => client.text(keyspace.partitionFor(client.keySet(key)), key) === key)
    .length;
}

describe('the arena', () => {
  const base = handlesMake().config;

  it.each([
    { memoryBytes: 2 ** 20, threadCount: 4 },
    { memoryBytes: 64 * MIB, threadCount: 1 },
    { memoryBytes: 64 * MIB, threadCount: 4 },
    { memoryBytes: 1000 * MIB, threadCount: 4 },
    { memoryBytes: 64 * MIB, threadCount: 4, itemBytesMax: 16 * MIB },
    { memoryBytes: 3000 * MIB, threadCount: 1, itemBytesMax: 1024 * MIB },
  ])('divides its budget evenly: %o', (config) => {
    const handles = arenaReserve({ ...base, ...config });
    const count = handles.partitions.length;
    expect(Math.log2(count) % 1).toBe(0);
    const bytes = handles.partitions.map((sab) => sab.byteLength);
    expect(new Set(bytes).size).toBe(1);
    expect(bytes[0]).toBeLessThanOrEqual(PARTITION_BYTES_MAX);
    expect(bytes[0] * count).toBeLessThanOrEqual(config.memoryBytes);
    expect(bytes[0] * count).toBeGreaterThan(config.memoryBytes * 0.9);
    if (count > 1) expect(bytes[0]).toBeGreaterThanOrEqual(config.itemBytesMax ?? 0);
  });
});

describe('a keyspace', () => {
  it.each([1, 2, 8, 64])('spreads keys over %i partitions, each by its hash', (partitionCount) => {
    const keyspace = keyspaceMake(handlesMake({ partitionCount }));
    const client = new Client();
    const counts = new Map<number, number>();
    for (let n = 0; n < 64 * 200; n++) {
      const { id } = keyspace.partitionFor(client.keySet(`key:${n}`));
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(counts.size).toBe(partitionCount);
    const mean = (64 * 200) / partitionCount;
    expect(Math.max(...counts.values()) / mean).toBeLessThan(1.5);
    expect(Math.min(...counts.values()) / mean).toBeGreaterThan(0.5);
  });

  it('is the same for every thread that attaches', () => {
    const handles = handlesMake({ partitionCount: 4 });
    const keyspace = keyspaceMake(handles);
    const client = new Client();
    keysSet(keyspace, client);
    expect(keysFound(keyspaceAttach(handles, 5), client)).toBe(KEYS.length);
    expect(keyspace.control.f64[CONTROL_F64.startedAtMs]).toBe(NOW_MS);
  });

  it('gives out CAS uniques that no two partitions share', () => {
    const keyspace = keyspaceMake(handlesMake({ partitionCount: 4 }));
    const client = new Client();
    keysSet(keyspace, client);
    const uniques = KEYS.map(
      (key) => client.get(keyspace.partitionFor(client.keySet(key)), key)?.casUnique,
    );
    expect(new Set(uniques).size).toBe(KEYS.length);
    expect(Math.min(...(uniques as number[]))).toBeGreaterThan(0);
  });

  it('flushes everything stored so far, now or at its time', () => {
    const keyspace = keyspaceMake(handlesMake({ partitionCount: 4 }));
    const client = new Client();
    keysSet(keyspace, client);
    keyspaceFlush(keyspace);
    expect(keysFound(keyspace, client)).toBe(0);
    keysSet(keyspace, client);
    keyspaceFlushAt(keyspace, NOW_MS + 1000);
    keyspaceFlushIfDue(keyspace, NOW_MS + 999);
    expect(keysFound(keyspace, client)).toBe(KEYS.length);
    keyspaceFlushIfDue(keyspace, NOW_MS + 1000);
    expect(keysFound(keyspace, client)).toBe(0);
    keysSet(keyspace, client);
    keyspaceFlushIfDue(keyspace, NOW_MS + 5000);
    expect(keysFound(keyspace, client)).toBe(KEYS.length);
    for (const p of keyspace.partitions) partitionExpectSound(p);
  });

  it('forgets a scheduled flush when it is flushed at once', () => {
    const keyspace = keyspaceMake(handlesMake());
    const client = new Client();
    keyspaceFlushAt(keyspace, NOW_MS + 1000);
    keyspaceFlush(keyspace);
    keysSet(keyspace, client);
    keyspaceFlushIfDue(keyspace, NOW_MS + 1000);
    expect(keysFound(keyspace, client)).toBe(KEYS.length);
  });

  it('sets counts of events to zero, and keeps what is stored and its size', () => {
    const keyspace = keyspaceMake(handlesMake());
    const client = new Client();
    keysSet(keyspace, client);
    keysFound(keyspace, client);
    const [p] = keyspace.partitions;
    const bytes = p.f64[HEADER_F64.itemBytes];
    keyspaceCountsReset(keyspace);
    expect([p.f64[HEADER_F64.itemTotal], indexKeyCount(p)]).toEqual([0, KEYS.length]);
    expect(p.f64[HEADER_F64.itemBytes]).toBe(bytes);
    for (let id = 0; id < p.classes.count; id++)
      expect(classTotal(p, id, CLASS_TOTAL.getHits)).toBe(0);
    partitionExpectSound(p);
    expect(keysFound(keyspace, client)).toBe(KEYS.length);
  });

  it('starts a partition anew with higher CAS uniques, and does not touch the others', () => {
    const keyspace = keyspaceMake(handlesMake({ partitionCount: 2 }));
    const client = new Client();
    keysSet(keyspace, client);
    const [first, second] = keyspace.partitions;
    const kept = indexKeyCount(second);
    const cas = first.i32[HEADER.casLo];
    first.i32.fill(0x55555555, first.pagesOffset >>> 2);
    partitionReset(first);
    partitionExpectEmpty(first);
    expect(first.i32[HEADER.resetCount]).toBe(1);
    expect(first.i32[HEADER.casLo]).toBe(cas);
    expect(keysFound(keyspace, client)).toBe(kept);
    keysSet(keyspace, client);
    expect(keysFound(keyspace, client)).toBe(KEYS.length);
    for (const p of keyspace.partitions) partitionExpectSound(p);
  });
});

describe('the maintainer', () => {
  afterEach(() => void vi.useRealTimers());

  it('collects what is dead in all partitions, in a few ticks, and counts it', () => {
    vi.useFakeTimers({ now: NOW_MS });
    const keyspace = keyspaceMake(handlesMake({ partitionCount: 2 }));
    const client = new Client();
    keysSet(keyspace, client, NOW_MS + 500);
    const maintainer = new Maintainer(keyspace);
    maintainer.tick();
    expect(keysFound(keyspace, client)).toBe(KEYS.length);
    vi.setSystemTime(NOW_MS + 400);
    keyspace.control.f64[CONTROL_F64.clockOffsetMs] = 100;
    for (let tick = 0; tick < 5; tick++) maintainer.tick();
    for (const p of keyspace.partitions) partitionExpectEmpty(p);
    expect(keyspace.control.i32[CONTROL.sweepReclaims]).toBe(KEYS.length);
  });

  it('collects what a flush killed, and leaves a locked partition to its owner', () => {
    vi.useFakeTimers({ now: NOW_MS });
    const keyspace = keyspaceMake(handlesMake());
    const client = new Client();
    keysSet(keyspace, client);
    keyspaceFlushAt(keyspace, NOW_MS);
    keyspaceFlushIfDue(keyspace, NOW_MS);
    const [p] = keyspace.partitions;
    new Maintainer(keyspace).tick();
    partitionExpectEmpty(p);
    keysSet(keyspace, client, NOW_MS - 1);
    p.i32[HEADER.lock] = 7;
    new Maintainer(keyspace).tick();
    expect(indexKeyCount(p)).toBe(KEYS.length);
    expect(p.i32[HEADER.lock]).toBe(7);
  });
});
