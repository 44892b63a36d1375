/** The change log: order, contents, loss, and nothing at all while nobody listens. */
import { describe, expect, it } from 'vitest';
import { KEY_BYTES_LIMIT } from '../../src/base/key.ts';
import {
  CHANGE,
  type ChangeBatch,
  changeListen,
  changeRead,
  changeUnlisten,
  NOTE,
  notesWant,
} from '../../src/engine/change-log.ts';
import { partitionFlush } from '../../src/engine/database.ts';
import { expirySweep } from '../../src/engine/expiry.ts';
import { casLast, removalCas } from '../../src/engine/lifecycle.ts';
import { STATUS } from '../../src/engine/status.ts';
import { STORE } from '../../src/engine/types/string.ts';
import { HEADER, HEADER_F64, type Partition, pageTake } from '../../src/memory/partition.ts';
import { PAGE_BYTES } from '../../src/memory/slab-classes.ts';
import { Client } from './client.ts';
import { partitionExpectSound, partitionMake } from './fixture.ts';
import { NOW_MS } from './limits.ts';

const ALL = Object.values(CHANGE).reduce((kinds, kind) => kinds | kind, 0);
const NAMES = new Map<number, string>(Object.entries(CHANGE).map(([name, kind]) => [kind, name]));

function words(batch: ChangeBatch): string[] {
  return batch.changes.map((change) => `${NAMES.get(change.kind)} ${change.key}`.trim());
}

function recordedBytes(p: Partition): number {
  return p.f64[HEADER_F64.changeHead];
}

describe('the change log', () => {
  it('tells every change of a key, in order', () => {
    const p = partitionMake();
    const client = new Client();
    const start = changeListen(p, ALL);
    client.set(p, 'a', '1');
    client.set(p, 'a', 'a longer value than before, so that it needs another chunk');
    client.store(p, STORE.APPEND, 'a', '!');
    client.set(p, 'n', '9', { expiresAtMs: NOW_MS + 1 });
    client.add(p, 'n', '1', true);
    client.touch(p, 'a', NOW_MS + 5000);
    client.set(p, 'big', Buffer.alloc(20_000));
    client.store(p, STORE.PREPEND, 'big', Buffer.alloc(20_000));
    client.delete(p, 'big');
    client.set(p, 'e', '', { expiresAtMs: NOW_MS + 5000 });
    partitionFlush(p);
    client.set(p, 'e', '', { expiresAtMs: NOW_MS + 5000 });
    expirySweep(p, NOW_MS + 4999, 100);
    client.clockSet(NOW_MS + 5000);
    expect(client.get(p, 'e')).toBeNull();
    const swept = ['FLUSHED a', 'FLUSHED n'];
    const batch = words(changeRead(p, start));
    expect(batch.filter((word) => !swept.includes(word))).toEqual([
      'STORE a',
      'STORE a',
      'STORE a',
      'STORE n',
      'STORE n',
      'TOUCH a',
      'STORE big',
      'STORE big',
      'DELETE big',
      'STORE e',
      'FLUSH',
      'FLUSHED e',
      'STORE e',
      'EXPIRE e',
    ]);
    expect(batch.filter((word) => swept.includes(word)).toSorted()).toEqual(swept);
    partitionExpectSound(p);
  });

  it('says nothing of what failed or changed nothing', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'a', 'x');
    const start = changeListen(p, ALL);
    expect(client.store(p, STORE.ADD, 'a', '1')).toBe(STATUS.NOT_STORED);
    expect(client.store(p, STORE.REPLACE, 'b', '1')).toBe(STATUS.NOT_STORED);
    expect(client.store(p, STORE.APPEND, 'b', '1')).toBe(STATUS.NOT_STORED);
    expect(client.store(p, STORE.CAS, 'a', '1', { casUnique: 999 })).toBe(STATUS.EXISTS);
    expect(client.add(p, 'a', '1', true)).toBe(STATUS.NOT_NUMERIC);
    expect(client.delete(p, 'b')).toBe(STATUS.MISSING);
    client.get(p, 'a');
    expect(changeRead(p, start)).toEqual({ changes: [], position: start, lostBytes: 0 });
  });

  it('carries the CAS unique of the item, also beyond 32 bits', () => {
    const p = partitionMake();
    const client = new Client();
    const start = changeListen(p, CHANGE.STORE);
    p.i32[HEADER.casLo] = -2;
    p.i32[HEADER.casHi] = 0xabc;
    for (let n = 0; n < 3; n++) client.set(p, 'k', 'v');
    const expected = [2 ** 32 * 0xabc + 0xffffffff, 2 ** 32 * 0xabd, 2 ** 32 * 0xabd + 1];
    expect(changeRead(p, start).changes.map((change) => change.cas)).toEqual(expected);
    expect(client.get(p, 'k')?.casUnique).toBe(expected[2] + 1);
  });

  it('records only the kinds that somebody asked for', () => {
    const p = partitionMake();
    const client = new Client();
    const start = changeListen(p, CHANGE.DELETE);
    client.set(p, 'a', '1');
    client.delete(p, 'a');
    expect(changeListen(p, CHANGE.STORE)).toBe(recordedBytes(p));
    client.set(p, 'b', '1');
    client.delete(p, 'b');
    expect(words(changeRead(p, start))).toEqual(['DELETE a', 'STORE b', 'DELETE b']);
  });

  it('costs no page and no record while nobody listens', () => {
    const p = partitionMake();
    const client = new Client();
    const free = p.i32[HEADER.pageFreeCount];
    changeListen(p, ALL);
    expect(p.i32[HEADER.pageFreeCount]).toBe(free - 1);
    changeUnlisten(p);
    expect(p.i32[HEADER.pageFreeCount]).toBe(free);
    client.set(p, 'a', '1');
    client.delete(p, 'a');
    partitionFlush(p);
    expect(recordedBytes(p)).toBe(0);
    partitionExpectSound(p);
    const start = changeListen(p, ALL);
    client.set(p, 'a', '1');
    expect(words(changeRead(p, start))).toEqual(['STORE a']);
  });

  it('cannot be listened to without a page, and then changes nothing', () => {
    const p = partitionMake();
    while (pageTake(p) >= 0);
    expect(changeListen(p, ALL)).toBe(-1);
    expect(p.i32[HEADER.changeListeners]).toBe(0);
  });
});

describe('the ring of changes', () => {
  it('gives a reader that keeps up every record, over many rounds and key lengths', () => {
    const p = partitionMake();
    const client = new Client();
    let position = changeListen(p, CHANGE.STORE);
    let read = 0;
    const READ_EVERY = Math.floor(PAGE_BYTES / 300);
    const COUNT = 3000;
    for (let n = 0; n < COUNT; n++) {
      client.set(p, `${n}:`.padEnd(6 + (n % 240), 'k'), '');
      if (n % READ_EVERY !== 0 && n !== COUNT - 1) continue;
      const batch = changeRead(p, position);
      expect(batch.lostBytes).toBe(0);
      for (const { key } of batch.changes) {
        const name = key.toString('latin1');
        expect(name).toBe(`${read}:`.padEnd(6 + (read % 240), 'k'));
        read++;
      }
      position = batch.position;
    }
    expect(read).toBe(COUNT);
    expect(position).toBeGreaterThan(6 * PAGE_BYTES);
  });

  it('tells one that fell behind how much it lost, and then goes on', () => {
    const p = partitionMake();
    const client = new Client();
    const start = changeListen(p, CHANGE.STORE);
    const key = 'k'.repeat(240); // records of 256 bytes: they fill the ring exactly
    const RECORDS = PAGE_BYTES / 256;
    for (let n = 0; n < RECORDS; n++) client.set(p, key, '');
    expect(changeRead(p, start).changes.length).toBe(RECORDS);
    client.set(p, key, '');
    const lost = changeRead(p, start);
    expect(lost).toEqual({ changes: [], position: recordedBytes(p), lostBytes: PAGE_BYTES + 256 });
    client.set(p, 'next', '');
    expect(words(changeRead(p, lost.position))).toEqual(['STORE next']);
  });

  it('takes the longest keys, which reach its end at any offset', () => {
    const p = partitionMake();
    const client = new Client();
    const COUNT = Math.floor(PAGE_BYTES / (KEY_BYTES_LIMIT + 16)) - 1;
    for (let offset = 0; offset < 40; offset++) {
      const start = changeListen(p, CHANGE.STORE);
      const longest = KEY_BYTES_LIMIT - 39 + offset;
      const keys = Array.from({ length: COUNT }, (_, n) => `${offset}/${n}/`.padEnd(longest, '.'));
      for (const key of keys) client.set(p, key, '');
      const batch = changeRead(p, start);
      expect(batch.lostBytes).toBe(0);
      expect(batch.changes.map((change) => `${change.key}`)).toEqual(keys);
    }
    partitionExpectSound(p);
  });
});

describe('notes', () => {
  const kinds = new Map<number, string>(Object.entries(NOTE).map(([name, kind]) => [kind, name]));

  function noted(p: Partition): string[] {
    return p.notes.splice(0).map(({ kind, key }) => `${kinds.get(kind)} ${key}`);
  }

  it('tell the thread what it did, as far as it is asked for', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'early', '1', { expiresAtMs: NOW_MS + 1 });
    notesWant(p, NOTE.EXPIRED | NOTE.NEW, 0);
    client.set(p, 'a', '1', { expiresAtMs: NOW_MS + 5 });
    client.set(p, 'a', '2', { expiresAtMs: NOW_MS + 5 });
    client.set(p, 'b', '1', { expiresAtMs: NOW_MS + 5 });
    expect(noted(p)).toEqual(['NEW a', 'NEW b']);
    client.clockSet(NOW_MS + 6);
    expect(client.get(p, 'a')).toBeNull();
    expect(noted(p)).toEqual(['EXPIRED a']);
    expirySweep(p, NOW_MS + 6, 100);
    expect(noted(p).toSorted()).toEqual(['EXPIRED b', 'EXPIRED early']);
    notesWant(p, NOTE.NEW, NOTE.EXPIRED);
    client.set(p, 'c', '1', { expiresAtMs: NOW_MS + 7 });
    client.clockSet(NOW_MS + 8);
    expect(client.get(p, 'c')).toBeNull();
    expect(noted(p)).toEqual(['NEW c']);
  });

  it('do not take a flush for an expiry', () => {
    const p = partitionMake();
    const client = new Client();
    notesWant(p, NOTE.EXPIRED, 0);
    client.set(p, 'a', '1');
    client.set(p, 'b', '1');
    partitionFlush(p);
    expect(client.get(p, 'a')).toBeNull();
    expirySweep(p, NOW_MS, 100);
    expect(noted(p)).toEqual([]);
  });

  it('tell of each eviction', () => {
    const p = partitionMake();
    const client = new Client();
    notesWant(p, NOTE.EVICTED, 0);
    for (let n = 0; n < 2000; n++) client.set(p, `key:${n}`, Buffer.alloc(2000));
    const keys = noted(p);
    expect(keys).toHaveLength(p.f64[HEADER_F64.evictionTotal]);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(1000);
  });

  it('leave the ring to its readers', () => {
    const p = partitionMake();
    const client = new Client();
    const start = changeListen(p, CHANGE.STORE);
    notesWant(p, NOTE.NEW, 0);
    changeUnlisten(p);
    client.set(p, 'a', '1');
    expect(noted(p)).toEqual(['NEW a']);
    expect(recordedBytes(p)).toBe(start);
  });
});

describe('removals', () => {
  it('leave the CAS unique of what is gone behind', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'a', '1');
    const { hash } = client.op.key;
    const before = casLast(p);
    client.set(p, 'b', '1');
    expect(removalCas(p, hash)).toBeLessThanOrEqual(before);
    client.set(p, 'a', '2');
    client.delete(p, 'a');
    expect(removalCas(p, hash)).toBe(before + 2);
  });
});
