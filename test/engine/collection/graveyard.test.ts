/** Large collections after their end: freed in slices, by whoever comes by, also when their key lives again. */
import { describe, expect, it } from 'vitest';
import { Entry, entryName, OUTCOME } from '../../../src/engine/collection/entry.ts';
import { graveyardCount } from '../../../src/engine/collection/graveyard.ts';
import { graveyardWork } from '../../../src/engine/collection/graveyard-work.ts';
import { partitionFlush } from '../../../src/engine/database.ts';
import { expirySweep } from '../../../src/engine/expiry.ts';
import { Maintainer } from '../../../src/engine/maintainer.ts';
import { STATUS } from '../../../src/engine/status.ts';
import {
  EXPIRE_IF,
  EXPIRED,
  hashExpire,
  hashFind,
  hashSet,
  hashSettle,
} from '../../../src/engine/types/hash.ts';
import { setAdd, setFind, setHas, setSettle } from '../../../src/engine/types/set.ts';
import { collectionCount } from '../../../src/memory/collection.ts';
import { HEADER_F64, type Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import {
  handlesMake,
  keyspaceMake,
  partitionExpectEmpty,
  partitionExpectSound,
  partitionMake,
} from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';
import { valueMake } from '../model-steps.ts';

const MEMBERS = 3000;
const PAGES_ALL = 1000;
const entry = new Entry(Buffer.alloc(0));

function nameSet(name: string): void {
  entryName(entry, Buffer.from(name), 0, name.length);
}

function setMake(p: Partition, client: Client, key: string, members: number, mark: string): void {
  client.keySet(key);
  let ref = setFind(p, client.op);
  for (let n = 0; n < members; n++) {
    nameSet(`${mark}${n}`);
    ref = setAdd(p, client.op, ref, entry);
    expect(entry.outcome).toBe(OUTCOME.ADDED);
  }
  setSettle(p, client.op, ref);
}

function setHasName(p: Partition, client: Client, key: string, name: string): boolean {
  client.keySet(key);
  nameSet(name);
  return setHas(p, setFind(p, client.op), entry);
}

/** A hash whose fields all expire at this time. */
function hashMake(p: Partition, client: Client, fields: number, expiresAtMs: number): void {
  client.keySet('hash');
  let ref = hashFind(p, client.op);
  for (let n = 0; n < fields; n++) {
    client.valueSet(valueMake(n, n));
    nameSet(`f${n}`);
    ref = hashSet(p, client.op, ref, entry);
    client.op.expiresAtMs = expiresAtMs;
    ref = hashExpire(p, client.op, ref, entry, EXPIRE_IF.ALWAYS);
    expect(entry.outcome).toBe(EXPIRED.SET);
  }
  hashSettle(p, client.op, ref);
}

describe('the graveyard', () => {
  it('frees in slices, while the key has another set', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    const client = new Client();
    setMake(p, client, 'set', MEMBERS, 'old');
    expect(client.delete(p, 'set')).toBe(STATUS.OK);
    expect(graveyardCount(p)).toBe(1);
    partitionExpectSound(p);
    setMake(p, client, 'set', 500, 'new');
    for (let slices = 0; graveyardCount(p) > 0; slices++) {
      const freed = graveyardWork(p, 100);
      expect(freed).toBeLessThanOrEqual(100);
      if (slices % 8 === 0) partitionExpectSound(p);
      expect(setHasName(p, client, 'set', 'new7')).toBe(true);
      expect(setHasName(p, client, 'set', 'old7')).toBe(false);
    }
    expect(p.f64[HEADER_F64.discardTotal]).toBe(1);
    expect(collectionCount(p, setFind(p, client.op))).toBe(500);
    client.delete(p, 'set');
    client.store(p, 0, 'set', 'a string');
    while (graveyardWork(p, 1000) > 0);
    expect(client.delete(p, 'set')).toBe(STATUS.OK);
    partitionExpectEmpty(p);
  });

  it('gives its memory to whoever needs it, before anything is refused', () => {
    const p = partitionMake({ bytes: MIB, evicts: false });
    const client = new Client();
    for (let round = 0; round < 10; round++) {
      setMake(p, client, 'set', MEMBERS, `round${round}:`);
      expect(client.delete(p, 'set')).toBe(STATUS.OK);
    }
    partitionExpectSound(p);
  });

  it('takes what a flush, an expiry and a string in its place leave behind', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    const client = new Client();
    setMake(p, client, 'flushed', 400, 'm');
    partitionFlush(p);
    expect(expirySweep(p, NOW_MS, PAGES_ALL)).toBe(1);
    expect(graveyardCount(p)).toBe(1);
    setMake(p, client, 'expired', 400, 'm');
    client.touch(p, 'expired', NOW_MS + 1);
    client.clockSet(NOW_MS + 1);
    expect(client.get(p, 'expired')).toBeNull();
    expect(graveyardCount(p)).toBe(2);
    setMake(p, client, 'stored', 400, 'm');
    client.set(p, 'stored', 'v');
    expect(graveyardCount(p)).toBe(3);
    partitionExpectSound(p);
    while (graveyardWork(p, 50) > 0) partitionExpectSound(p);
    client.delete(p, 'stored');
    partitionExpectEmpty(p);
  });

  it('is emptied by the maintainer', () => {
    const keyspace = keyspaceMake(handlesMake({ bytes: 4 * MIB, partitionCount: 2 }));
    const client = new Client();
    for (const p of keyspace.partitions) {
      setMake(p, client, 'set', MEMBERS, 'm');
      client.delete(p, 'set');
    }
    new Maintainer(keyspace).tick();
    for (const p of keyspace.partitions) partitionExpectEmpty(p);
  });
});

describe('fields whose time has come', () => {
  it('are reaped, and the hash with its last one', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    const client = new Client();
    hashMake(p, client, 300, NOW_MS + 1000);
    nameSet('stays');
    client.valueSet('v');
    client.keySet('hash');
    hashSettle(p, client.op, hashSet(p, client.op, hashFind(p, client.op), entry));
    expect(expirySweep(p, NOW_MS + 999, PAGES_ALL)).toBe(0);
    expect(expirySweep(p, NOW_MS + 1000, PAGES_ALL)).toBe(300);
    partitionExpectSound(p);
    expect(p.f64[HEADER_F64.fieldExpiryTotal]).toBe(300);
    expect(collectionCount(p, hashFind(p, client.op))).toBe(1);
    client.op.expiresAtMs = NOW_MS + 2000;
    nameSet('stays');
    hashExpire(p, client.op, hashFind(p, client.op), entry, EXPIRE_IF.ALWAYS);
    expect(expirySweep(p, NOW_MS + 2000, PAGES_ALL)).toBe(1);
    expect(hashFind(p, client.op)).toBe(0);
    while (graveyardWork(p, 1000) > 0);
    partitionExpectEmpty(p);
  });

  it('are left alone in the graveyard', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    const client = new Client();
    hashMake(p, client, 300, NOW_MS + 1000);
    client.delete(p, 'hash');
    graveyardWork(p, 100);
    expect(expirySweep(p, NOW_MS + 1000, PAGES_ALL)).toBe(0);
    partitionExpectSound(p);
    while (graveyardWork(p, 1000) > 0);
    partitionExpectEmpty(p);
  });
});
