/** The limit in bytes: of any size, kept by whatever the policy lets go, or by refusing. */
import { describe, expect, it } from 'vitest';
import { type Keyspace, partitionReset } from '../../src/engine/keyspace.ts';
import { Maintainer } from '../../src/engine/maintainer.ts';
import {
  keyspaceMaxMemorySet,
  keyspaceMemorySet,
  keyspaceRoomMake,
} from '../../src/engine/memory-limit.ts';
import { memoryUse } from '../../src/engine/memory-use.ts';
import { EVICTION_POLICY, keyspacePolicySet } from '../../src/engine/policy.ts';
import { STATUS } from '../../src/engine/status.ts';
import { arenaReserve } from '../../src/memory/arena.ts';
import { CONTROL, CONTROL_F64 } from '../../src/memory/control.ts';
import { HEADER, HEADER_F64, type Partition } from '../../src/memory/partition.ts';
import { Client } from './client.ts';
import { handlesMake, keyspaceMake, partitionExpectSound } from './fixture.ts';
import { KIB, MIB, NOW_MS } from './limits.ts';

const config = { ...handlesMake().config, memoryBytes: 8 * MIB, memoryBytesMax: 32 * MIB };

function make(): { keyspace: Keyspace; p: Partition; client: Client; maintainer: Maintainer } {
  const keyspace = keyspaceMake(arenaReserve(config));
  keyspace.control.f64[CONTROL_F64.clockOffsetMs] = NOW_MS - Date.now();
  const maintainer = new Maintainer(keyspace);
  return { keyspace, p: keyspace.partitions[0], client: new Client(), maintainer };
}

function usedBytes(keyspace: Keyspace): number {
  return memoryUse(keyspace).usedBytes;
}

function store(p: Partition, client: Client, count: number, first = 0): void {
  for (let n = first; n < first + count; n++) client.set(p, `key:${n}`, 'v'.repeat(100));
}

describe('memory in use', () => {
  it('is little at first, grows with what is stored, and shrinks with what is deleted', () => {
    const { keyspace, p, client } = make();
    const empty = usedBytes(keyspace);
    expect(empty).toBeLessThan(200 * KIB);
    store(p, client, 1000);
    const used = usedBytes(keyspace);
    expect(used - empty).toBeGreaterThan(100_000);
    expect(used - empty).toBeLessThan(200_000);
    for (let n = 0; n < 1000; n++) client.delete(p, `key:${n}`);
    expect(usedBytes(keyspace) - empty).toBeLessThan(4 * KIB);
  });

  it('never exceeds the budget, and so nobody is refused', () => {
    const { keyspace, p, client } = make();
    while (p.f64[HEADER_F64.evictionTotal] < 1000) {
      expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(true);
      store(p, client, 500, p.f64[HEADER_F64.itemTotal]);
    }
    expect(usedBytes(keyspace)).toBeLessThanOrEqual(8 * MIB);
    expect(usedBytes(keyspace)).toBeGreaterThan(7 * MIB);
  });
});

describe('a limit in bytes', () => {
  it('of 0 is all that was reserved, and so is more than that', () => {
    const { keyspace, p } = make();
    for (const limit of [0, 2 ** 50]) {
      keyspaceMaxMemorySet(keyspace, 2 * MIB);
      keyspaceMaxMemorySet(keyspace, limit);
      expect(keyspace.control.f64[CONTROL_F64.memoryBytes]).toBe(32 * MIB);
      expect(p.i32[HEADER.pageLimit]).toBe(p.pageCount);
    }
  });

  it('that pages alone keep has no command look for room', () => {
    const { keyspace } = make();
    const { i32 } = keyspace.control;
    for (const megabytes of [8, 11, 16, 21, 32]) {
      keyspaceMaxMemorySet(keyspace, megabytes * MIB);
      expect([megabytes, i32[CONTROL.memoryIsTight]]).toEqual([megabytes, 0]);
    }
    keyspaceMaxMemorySet(keyspace, MIB / 2);
    expect(i32[CONTROL.memoryIsTight]).not.toBe(0);
  });

  it('below what is in use has the policy make room, a little before each command', () => {
    const { keyspace, p, client } = make();
    store(p, client, 3000);
    const limit = Math.floor(usedBytes(keyspace) / 2);
    keyspaceMaxMemorySet(keyspace, limit);
    let tries = 0;
    for (; usedBytes(keyspace) > limit; tries++) {
      expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(true);
    }
    expect(tries).toBeGreaterThan(5);
    store(p, client, 100, 3000);
    expect(client.text(p, 'key:3099')).not.toBeNull();
    partitionExpectSound(p);
    keyspaceMemorySet(keyspace, 8 * MIB);
    const evictions = p.f64[HEADER_F64.evictionTotal];
    store(p, client, 1000, 3000);
    expect([keyspaceRoomMake(keyspace, NOW_MS), p.f64[HEADER_F64.evictionTotal]]).toEqual([
      true,
      evictions,
    ]);
  });

  it('is reached by the maintainer when nobody writes', () => {
    const { keyspace, p, client, maintainer } = make();
    store(p, client, 20_000);
    for (const limit of [3 * MIB, 300 * KIB]) {
      keyspaceMaxMemorySet(keyspace, limit);
      for (let tick = 0; tick < 20; tick++) maintainer.tick();
      expect(usedBytes(keyspace)).toBeLessThanOrEqual(limit);
      expect(usedBytes(keyspace)).toBeGreaterThan(limit / 3);
      partitionExpectSound(p);
    }
  });

  it('has commands refused where nothing may go, until something is deleted', () => {
    const { keyspace, p, client, maintainer } = make();
    store(p, client, 1000);
    keyspacePolicySet(keyspace, EVICTION_POLICY.NOEVICTION);
    // The tables get shorter with the limit, so it is set twice.
    for (let n = 0; n < 2; n++) keyspaceMaxMemorySet(keyspace, usedBytes(keyspace) - 1000);
    maintainer.tick();
    expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(false);
    keyspacePolicySet(keyspace, EVICTION_POLICY.VOLATILE_LRU);
    expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(false);
    for (let n = 0; n < 20; n++) client.delete(p, `key:${n}`);
    expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(true);
    expect(client.set(p, 'another', 'value')).toBe(STATUS.OK);
    keyspaceMaxMemorySet(keyspace, 1);
    expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(false);
    keyspacePolicySet(keyspace, EVICTION_POLICY.ALLKEYS_LRU);
    for (let tries = 0; tries < 200 && keyspaceRoomMake(keyspace, NOW_MS); tries++);
    expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(false);
    expect(client.text(p, 'another')).toBeNull();
    partitionReset(p);
    expect(keyspaceRoomMake(keyspace, NOW_MS)).toBe(false);
    partitionExpectSound(p);
  });
});
