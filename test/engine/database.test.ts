/** Databases: keys told apart by their namespace, counts, flushes, and what clients call them. */
import { describe, expect, it } from 'vitest';
import { DATABASE_COUNT } from '../../src/base/key.ts';
import { CHANGE, changeListen, changeRead } from '../../src/engine/change-log.ts';
import {
  databaseExpiringCount,
  databaseFlush,
  databaseKeyCount,
  databaseOf,
  databaseSwap,
  partitionFlush,
} from '../../src/engine/database.ts';
import { expirySweep } from '../../src/engine/expiry.ts';
import { indexFind, indexKeyCount } from '../../src/engine/hash-index.ts';
import {
  keyspaceExpiringCount,
  keyspaceFlush,
  keyspaceKeyCount,
} from '../../src/engine/keyspace.ts';
import { STORE } from '../../src/engine/types/string.ts';
import { partitionVerify } from '../../src/engine/verify.ts';
import { EVENT } from '../../src/memory/event-log.ts';
import { itemKeyOffset } from '../../src/memory/item.ts';
import { HEADER, type Partition, TABLE } from '../../src/memory/partition.ts';
import { Client } from './client.ts';
import {
  handlesMake,
  keyspaceMake,
  partitionExpectEmpty,
  partitionExpectSound,
  partitionMake,
} from './fixture.ts';
import { KIB, NOW_MS } from './limits.ts';

const DATABASES = Array.from({ length: DATABASE_COUNT }, (_, database) => database);

/** The client, at work in this database. */
function at(client: Client, database: number): Client {
  client.database = database;
  return client;
}

function counts(p: Partition, database: number): [number, number] {
  return [databaseKeyCount(p, database), databaseExpiringCount(p, database)];
}

describe('a database', () => {
  it('has its own keys', () => {
    const p = partitionMake();
    const client = new Client();
    for (const database of DATABASES) at(client, database).set(p, 'name', `in ${database}`);
    for (const database of DATABASES) {
      expect(at(client, database).text(p, 'name')).toBe(`in ${database}`);
      expect(counts(p, database)).toEqual([1, 0]);
    }
    at(client, 3).delete(p, 'name');
    for (const database of DATABASES) {
      expect(at(client, database).text(p, 'name') === null).toBe(database === 3);
    }
    // The word of the namespace is no part of a key in database 0.
    expect(at(client, 0).text(p, '\x05\0\0\0name')).toBeNull();
    partitionExpectSound(p);
  });

  it('counts its keys, and those with an expiry time, through every change', () => {
    const p = partitionMake();
    const client = at(new Client(), 2);
    const later = { expiresAtMs: NOW_MS + 5000 };
    const expectCounts = (...expected: [number, number]): void => {
      expect(counts(p, 2)).toEqual(expected);
      partitionExpectSound(p);
    };
    client.set(p, 'a', '1');
    expectCounts(1, 0);
    client.set(p, 'a', '1', later);
    expectCounts(1, 1);
    client.set(p, 'a', '2', { expiresAtMs: NOW_MS + 7000 });
    client.store(p, STORE.APPEND, 'a', 'x'.repeat(9000));
    expectCounts(1, 1);
    client.touch(p, 'a', 0);
    expectCounts(1, 0);
    client.touch(p, 'a', NOW_MS + 5000);
    expectCounts(1, 1);
    client.set(p, 'b', '5');
    client.touch(p, 'b', 0);
    expectCounts(2, 1);
    client.touch(p, 'b', NOW_MS + 5000);
    client.add(p, 'b', '9'.repeat(15), true);
    expectCounts(2, 2);
    client.delete(p, 'a');
    expectCounts(1, 1);
    client.clockSet(NOW_MS + 5000);
    expect(client.get(p, 'b')).toBeNull();
    expectCounts(0, 0);
    partitionExpectEmpty(p);
  });

  it('loses its keys to eviction one by one', () => {
    const p = partitionMake({ bytes: 512 * KIB });
    const client = new Client();
    for (let n = 0; n < 5000; n++) at(client, n % 3).set(p, `key:${n}`, 'x'.repeat(100));
    const held = [0, 1, 2].map((database) => databaseKeyCount(p, database));
    expect(held[0] + held[1] + held[2]).toBe(indexKeyCount(p));
    expect(indexKeyCount(p)).toBeLessThan(5000);
    partitionExpectSound(p);
  });
});

describe('a flush', () => {
  it('of one database leaves the others', () => {
    const p = partitionMake();
    const client = new Client();
    for (const database of DATABASES) {
      for (let n = 0; n < 50; n++) {
        const expiresAtMs = n % 2 === 0 ? 0 : NOW_MS + 60_000;
        at(client, database).set(p, `key:${n}`, 'value', { expiresAtMs });
      }
    }
    for (const database of [0, 7]) {
      databaseFlush(p, database);
      expect(counts(p, database)).toEqual([0, 0]);
      partitionExpectSound(p);
    }
    for (const database of DATABASES) {
      const isFlushed = database === 0 || database === 7;
      if (!isFlushed) expect(counts(p, database)).toEqual([50, 25]);
      expect(at(client, database).get(p, 'key:1') === null).toBe(isFlushed);
    }
    partitionExpectSound(p);
  });

  it('is done with when the sweep has been round, and counts what came after it', () => {
    const p = partitionMake();
    const client = at(new Client(), 4);
    for (let n = 0; n < 200; n++) client.set(p, `key:${n}`, 'v', { expiresAtMs: NOW_MS + 9000 });
    databaseFlush(p, 4);
    for (let n = 0; n < 100; n++) client.set(p, `key:${n}`, 'again');
    expect(client.get(p, 'key:150')).toBeNull();
    expect(counts(p, 4)).toEqual([100, 0]);
    partitionExpectSound(p);
    expect(expirySweep(p, NOW_MS, 1000)).toBe(99);
    expect(counts(p, 4)).toEqual([100, 0]);
    expect(indexKeyCount(p)).toBe(100);
    partitionExpectSound(p);
    partitionFlush(p);
    expirySweep(p, NOW_MS, 1000);
    partitionExpectEmpty(p);
  });

  it('of everything is of all databases', () => {
    const keyspace = keyspaceMake(handlesMake({ partitionCount: 2 }));
    const client = new Client();
    for (const database of DATABASES) {
      for (let n = 0; n < 20; n++) {
        const p = keyspace.partitionFor(at(client, database).keySet(`key:${n}`));
        client.set(p, `key:${n}`, '1', { expiresAtMs: n < 5 ? NOW_MS + 1000 : 0 });
      }
      expect(keyspaceKeyCount(keyspace, database)).toBe(20);
      expect(keyspaceExpiringCount(keyspace, database)).toBe(5);
    }
    keyspaceFlush(keyspace);
    for (const database of DATABASES) {
      expect(keyspaceKeyCount(keyspace, database)).toBe(0);
      expect(keyspaceExpiringCount(keyspace, database)).toBe(0);
    }
  });

  it('is told with its database, and so are changes', () => {
    const p = partitionMake();
    const client = at(new Client(), 9);
    const start = changeListen(p, CHANGE.STORE | CHANGE.FLUSH);
    client.set(p, 'name', 'value');
    databaseFlush(p, 9);
    partitionFlush(p);
    at(client, 0).set(p, 'name', 'value');
    const changes = changeRead(p, start).changes.map(({ kind, database, key }) => [
      kind,
      database,
      `${key}`,
    ]);
    expect(changes).toEqual([
      [CHANGE.STORE, 9, 'name'],
      [CHANGE.FLUSH, 9, ''],
      [CHANGE.FLUSH, -1, ''],
      [CHANGE.STORE, 0, 'name'],
    ]);
  });
});

describe('watchers', () => {
  it('hear of database 0 only', () => {
    const keyspace = keyspaceMake(handlesMake());
    const [p] = keyspace.partitions;
    const client = new Client();
    p.log.kinds = Object.values(EVENT).reduce((kinds, kind) => kinds | kind, 0);
    for (const [database, expected] of [
      [5, 0],
      [0, 3],
    ]) {
      const before = p.log.sequence;
      at(client, database).set(p, 'name', 'value');
      client.delete(p, 'name');
      expect(p.log.sequence - before > 0).toBe(expected > 0);
    }
  });
});

describe('the numbers that clients use', () => {
  it('lead to the database of that number, until two are swapped', () => {
    const { control } = keyspaceMake(handlesMake());
    const all = () => DATABASES.map((called) => databaseOf(control, called));
    expect(all()).toEqual(DATABASES);
    databaseSwap(control, 0, 5);
    databaseSwap(control, 5, 9);
    databaseSwap(control, 3, 3);
    expect(all()).toEqual([5, 1, 2, 3, 4, 9, 6, 7, 8, 0, 10, 11, 12, 13, 14, 15]);
  });
});

describe('verification', () => {
  it('says where counts, tables and namespaces do not agree', () => {
    const p = partitionMake();
    const client = at(new Client(), 3);
    client.set(p, 'name', 'value', { expiresAtMs: NOW_MS + 1 });
    partitionExpectSound(p);
    for (const [word, problem] of [
      [HEADER.databaseKeys + 3, 'database 3: keys'],
      [HEADER.databaseExpiring + 3, 'database 3: expiring'],
      [HEADER.keysTable + TABLE.itemCount, 'items in the index'],
      [HEADER.membersTable + TABLE.itemCount, 'items in the index'],
      [HEADER.membersTable + TABLE.pageCount, 'index pages'],
      [HEADER.membersTable + TABLE.overflowCount, 'overflow buckets'],
    ] as const) {
      p.i32[word]++;
      expect(partitionVerify(p).join()).toContain(problem);
      p.i32[word]--;
    }
    client.keySet('name');
    const ref = indexFind(p, client.op.key);
    const word = itemKeyOffset(p, ref) >>> 2;
    p.i32[word] = 20;
    expect(partitionVerify(p).join()).toContain('is in namespace 20');
    p.i32[word] = 3;
    partitionExpectSound(p);
  });
});
