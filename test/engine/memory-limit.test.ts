/** The memory limit moved while there are items: nothing breaks, nothing goes that need not. */
import { describe, expect, it } from 'vitest';
import { crawlRequest } from '../../src/engine/crawl.ts';
import { indexKeyCount, indexPageCount } from '../../src/engine/hash-index.ts';
import { type Keyspace, keyspaceAttach, partitionReset } from '../../src/engine/keyspace.ts';
import { Maintainer } from '../../src/engine/maintainer.ts';
import { keyspaceMemorySet, partitionResize } from '../../src/engine/memory-limit.ts';
import { partitionVerify } from '../../src/engine/verify.ts';
import { type ArenaHandles, arenaReserve } from '../../src/memory/arena.ts';
import { CONTROL, CONTROL_F64 } from '../../src/memory/control.ts';
import {
  HEADER,
  HEADER_F64,
  type Partition,
  partitionLock,
  partitionUnlock,
} from '../../src/memory/partition.ts';
import { PAGE_BYTES } from '../../src/memory/slab-classes.ts';
import { Client } from './client.ts';
import { handlesMake, keyspaceMake, partitionExpectSound, partitionMake } from './fixture.ts';
import { MIB, NOW_MS } from './limits.ts';

const VALUE = 'v'.repeat(100);

/** Pages that somebody has. */
function pagesUsed(p: Partition): number {
  return p.i32[HEADER.pageLimit] - p.i32[HEADER.pageFreeCount];
}

/** Stores until something had to go; returns how many keys. */
function fill(p: Partition, client: Client, valueBytes = 100): number {
  let count = 0;
  const value = 'v'.repeat(valueBytes);
  while (p.f64[HEADER_F64.evictionTotal] === 0) client.set(p, `key:${count++}`, value);
  return count;
}

function resizeFully(p: Partition, pageTarget: number): void {
  for (let slice = 0; slice < 10_000; slice++) {
    if (!partitionResize(p, pageTarget, NOW_MS, 4)) return;
  }
}

describe('a partition', () => {
  it('gives up pages that nobody uses at once, and evicts nothing for it', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    new Client().set(p, 'a', VALUE);
    const used = pagesUsed(p);
    expect(partitionResize(p, 40, NOW_MS, 0)).toBe(false);
    expect(p.i32[HEADER.pageLimit]).toBe(40);
    expect(pagesUsed(p)).toBe(used);
    expect(p.f64[HEADER_F64.evictionTotal]).toBe(0);
    partitionExpectSound(p);
  });

  it.each([40, 1000, 20_000])('full of values of %i bytes gets by with less', (valueBytes) => {
    const p = partitionMake({ bytes: 8 * MIB });
    const client = new Client();
    fill(p, client, valueBytes);
    for (const target of [200, 100, 32]) {
      expect(partitionResize(p, target, NOW_MS, 1)).toBe(true);
      partitionExpectSound(p);
      resizeFully(p, target);
      expect(p.i32[HEADER.pageLimit]).toBe(target);
      expect(p.i32[HEADER.pageFreeCount]).toBeGreaterThanOrEqual(0);
      expect(indexKeyCount(p)).toBeGreaterThan(0);
      partitionExpectSound(p);
      client.set(p, 'after', VALUE);
      expect(client.text(p, 'after')).toBe(VALUE);
    }
  });

  it('gives back the index of items that went, and finds the others', () => {
    const p = partitionMake({ bytes: 16 * MIB });
    const client = new Client();
    const count = fill(p, client, 8);
    const indexPages = indexPageCount(p);
    resizeFully(p, 32);
    expect(indexPages).toBeGreaterThan(32);
    expect(indexPageCount(p)).toBeLessThan(16);
    partitionExpectSound(p);
    const found = Array.from({ length: count }, (_, n) => client.text(p, `key:${n}`) !== null);
    expect(found.filter(Boolean).length).toBe(indexKeyCount(p));
    resizeFully(p, p.pageCount);
    const before = p.f64[HEADER_F64.evictionTotal];
    for (let n = 0; n < count / 2; n++) client.set(p, `again:${n}`, '12345678');
    expect(p.f64[HEADER_F64.evictionTotal]).toBe(before);
    partitionExpectSound(p);
  });

  it('that may not evict keeps everything, and gives up what it can', () => {
    const p = partitionMake({ bytes: 4 * MIB, evicts: false });
    const client = new Client();
    let count = 0;
    while (client.set(p, `key:${count}`, VALUE) === 0) count++;
    resizeFully(p, 40);
    expect(p.i32[HEADER.pageLimit]).toBeGreaterThan(100);
    expect(indexKeyCount(p)).toBe(count);
    for (let n = 0; n < count; n += 2) client.delete(p, `key:${n}`);
    resizeFully(p, 40);
    expect(indexKeyCount(p)).toBe(Math.floor(count / 2));
    expect(p.i32[HEADER.pageLimit]).toBeLessThan(90);
    partitionExpectSound(p);
    for (let n = 1; n < count; n += 2) expect(client.text(p, `key:${n}`)).toBe(VALUE);
  });

  it('can use at once what is raised, and keeps its limit when it is emptied', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    resizeFully(p, 40);
    const client = new Client();
    const few = fill(p, client);
    p.f64[HEADER_F64.evictionTotal] = 0;
    partitionResize(p, 80, NOW_MS, 0);
    expect(p.i32[HEADER.pageFreeCount]).toBeGreaterThanOrEqual(40);
    expect(fill(p, client)).toBeGreaterThan(few * 1.5);
    expect(pagesUsed(p)).toBeLessThanOrEqual(80);
    partitionReset(p);
    expect(p.i32[HEADER.pageLimit]).toBe(80);
    partitionExpectSound(p);
  });

  it('of which verification says when the limit and the pool do not agree', () => {
    const p = partitionMake();
    p.i32[HEADER.pageLimit]--;
    expect(partitionVerify(p).join()).toContain('pages in the pool');
    p.i32[HEADER.pageLimit] = p.pageCount + 1;
    expect(partitionVerify(p).join()).toContain('the limit is');
  });
});

describe('a keyspace', () => {
  const config = { ...handlesMake().config, memoryBytes: 8 * MIB, memoryBytesMax: 32 * MIB };

  type Made = { handles: ArenaHandles; keyspace: Keyspace; maintainer: Maintainer };

  function make(): Made {
    const handles = arenaReserve(config);
    const keyspace = keyspaceMake(handles);
    keyspace.control.f64[CONTROL_F64.clockOffsetMs] = NOW_MS - Date.now();
    return { handles, keyspace, maintainer: new Maintainer(keyspace) };
  }

  it('may use -m of what is reserved', () => {
    const { keyspace } = make();
    const [p] = keyspace.partitions;
    expect(p.sab.byteLength * keyspace.partitions.length).toBe(32 * MIB);
    expect(p.i32[HEADER.pageLimit]).toBeLessThanOrEqual(
      (8 * MIB) / PAGE_BYTES / keyspace.partitions.length,
    );
    partitionExpectSound(p);
  });

  it.each([
    { memoryBytes: 8 * MIB, memoryBytesMax: 0, reserved: 64 * MIB },
    { memoryBytes: 32 * MIB, memoryBytesMax: 0, reserved: 128 * MIB },
    { memoryBytes: 32 * MIB, memoryBytesMax: 32 * MIB, reserved: 32 * MIB },
    { memoryBytes: 32 * MIB, memoryBytesMax: 1024 * MIB, reserved: 1024 * MIB },
  ])('reserves what may be wanted later: %o', ({ reserved, ...given }) => {
    const { partitions } = arenaReserve({ ...config, ...given });
    expect(partitions[0].byteLength * partitions.length).toBe(reserved);
  });

  it('goes down with the maintainer, and never beyond what was reserved', () => {
    const { keyspace, maintainer } = make();
    const client = new Client();
    const [p] = keyspace.partitions;
    fill(p, client);
    expect(keyspaceMemorySet(keyspace, 33 * MIB)).toBe(false);
    expect(keyspaceMemorySet(keyspace, MIB / 2)).toBe(false);
    expect(keyspace.control.f64[CONTROL_F64.memoryBytes]).toBe(8 * MIB);
    expect(keyspaceMemorySet(keyspace, 2 * MIB)).toBe(true);
    expect(p.i32[HEADER.pageLimit]).toBeGreaterThan((4 * MIB) / PAGE_BYTES);
    for (let tick = 0; tick < 20; tick++) maintainer.tick();
    expect(p.i32[HEADER.pageLimit]).toBeLessThanOrEqual((2 * MIB) / PAGE_BYTES);
    partitionExpectSound(p);
    expect(keyspaceMemorySet(keyspace, 32 * MIB)).toBe(true);
    expect(p.i32[HEADER.pageFreeCount]).toBeGreaterThan((28 * MIB) / PAGE_BYTES);
    partitionExpectSound(p);
  });

  it('waits for a partition in use, and brings it to the limit later', () => {
    const { handles, keyspace, maintainer } = make();
    const other = keyspaceAttach(handles, 7);
    const [p] = keyspace.partitions;
    fill(p, new Client());
    keyspaceMemorySet(keyspace, 2 * MIB);
    const limit = p.i32[HEADER.pageLimit];
    partitionLock(other.partitions[0]);
    maintainer.tick();
    expect(p.i32[HEADER.pageLimit]).toBe(limit);
    partitionUnlock(other.partitions[0]);
    maintainer.tick();
    expect(p.i32[HEADER.pageLimit]).toBeLessThan(limit);
  });
});

describe('a crawl', () => {
  function expiring(count: number): { keyspace: Keyspace; maintainer: Maintainer; client: Client } {
    const keyspace = keyspaceMake(handlesMake({ bytes: 2 * MIB }));
    keyspace.control.f64[CONTROL_F64.clockOffsetMs] = NOW_MS + 60_000 - Date.now();
    keyspace.control.i32[CONTROL.sweepIsOn] = 0;
    const client = new Client();
    const [p] = keyspace.partitions;
    for (let n = 0; n < count; n++) {
      client.set(p, `short:${n}`, 'v', { expiresAtMs: NOW_MS + 1000 });
      client.set(p, `long:${n}`, VALUE, { expiresAtMs: NOW_MS + 1000 });
      client.set(p, `stays:${n}`, 'v');
    }
    return { keyspace, maintainer: new Maintainer(keyspace), client };
  }

  function classOf(p: Partition, valueBytes: number): number {
    return p.classes.classFor(16 + 8 + 'short:100'.length + valueBytes);
  }

  it('frees the dead of the classes it is asked for, and of no other', () => {
    const { keyspace, maintainer } = expiring(900);
    const { control, partitions } = keyspace;
    const [p] = partitions;
    maintainer.tick();
    expect(indexKeyCount(p)).toBe(2700);
    expect(crawlRequest(control, [classOf(p, 1)])).toBe(true);
    expect(crawlRequest(control, [1])).toBe(false);
    maintainer.tick();
    expect(control.i32[CONTROL.crawlIsRunning]).toBe(0);
    expect(indexKeyCount(p)).toBe(1800);
    expect(control.i32[CONTROL.sweepReclaims]).toBe(900);
    crawlRequest(
      control,
      Array.from({ length: p.classes.count - 1 }, (_, index) => index + 1),
    );
    maintainer.tick();
    expect(indexKeyCount(p)).toBe(900);
    partitionExpectSound(p);
  });

  it('looks at no more items of a class than it may, and rests in between', () => {
    const { keyspace, maintainer } = expiring(3000);
    const { control, partitions } = keyspace;
    const [p] = partitions;
    const classId = classOf(p, VALUE.length);
    const perPage = p.classes.chunksPerPage[classId];
    control.i32[CONTROL.crawlItemCountMax] = perPage + 1;
    crawlRequest(control, [classId]);
    maintainer.tick();
    expect(control.i32[CONTROL.sweepReclaims]).toBe(2 * perPage);
    control.i32[CONTROL.crawlItemCountMax] = 0;
    control.i32[CONTROL.crawlSleepUs] = 1_000_000; // a hundred items in a tick: one slice is more
    crawlRequest(control, [classId]);
    maintainer.tick();
    expect(control.i32[CONTROL.crawlIsRunning]).toBe(1);
    expect(control.i32[CONTROL.sweepReclaims]).toBe(6 * perPage);
    for (let tick = 0; tick < 20; tick++) maintainer.tick();
    expect(control.i32[CONTROL.crawlIsRunning]).toBe(0);
    expect(control.i32[CONTROL.sweepReclaims]).toBe(3000);
  });
});
