/** Corners of the string operations that random sequences seldom meet. */
import { describe, expect, it } from 'vitest';
import { partitionFlush } from '../../src/engine/database.ts';
import { expirySweep } from '../../src/engine/expiry.ts';
import { DEATH } from '../../src/engine/lifecycle.ts';
import { STATUS } from '../../src/engine/status.ts';
import {
  chainAbandon,
  chainCommit,
  chainStart,
  chainWrite,
  valueHold,
  valueRelease,
} from '../../src/engine/types/chained.ts';
import { itemFind, STORE } from '../../src/engine/types/string.ts';
import { HEADER, HEADER_F64 } from '../../src/memory/partition.ts';
import { CHUNK_BYTES_MAX } from '../../src/memory/slab-classes.ts';
import { Client } from './client.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from './fixture.ts';
import { KIB, NOW_MS } from './limits.ts';
import { valueMake } from './model-steps.ts';

describe('values around the size of a chunk', () => {
  it('come back whole, with every set of optional fields', () => {
    const p = partitionMake();
    const client = new Client();
    for (let bytes = CHUNK_BYTES_MAX - 80; bytes <= CHUNK_BYTES_MAX + 40; bytes++) {
      const value = valueMake(bytes, bytes);
      const fields = { clientFlags: bytes % 2, expiresAtMs: bytes % 3 === 0 ? NOW_MS + 1000 : 0 };
      expect(client.set(p, 'k', value, fields)).toBe(STATUS.OK);
      const found = client.get(p, 'k');
      expect(found?.value.equals(value)).toBe(true);
      expect(found).toMatchObject(fields);
      // Room for the time that it lacks: within the chunk, in another, or it has had it all along.
      expect(client.touch(p, 'k', NOW_MS + 5000)).toBe(STATUS.OK);
      const touched = client.get(p, 'k');
      expect(touched?.value.equals(value)).toBe(true);
      expect(touched).toMatchObject({
        clientFlags: fields.clientFlags,
        expiresAtMs: NOW_MS + 5000,
      });
      expect(touched?.casUnique).toBe(found?.casUnique);
    }
    partitionExpectSound(p);
  });

  it('grow out of a chunk byte by byte, from both ends', () => {
    const p = partitionMake();
    const client = new Client();
    let expected = valueMake(CHUNK_BYTES_MAX - 60, 3);
    client.set(p, 'k', expected, { clientFlags: 77 });
    for (let n = 0; n < 60; n++) {
      const isBehind = n % 2 === 0;
      const added = Buffer.from([n]);
      client.store(p, isBehind ? STORE.APPEND : STORE.PREPEND, 'k', added);
      expected = Buffer.concat(isBehind ? [expected, added] : [added, expected]);
      expect(client.get(p, 'k')?.value.equals(expected)).toBe(true);
    }
    expect(client.get(p, 'k')?.clientFlags).toBe(77);
    partitionExpectSound(p);
  });
});

describe('the limit on item size', () => {
  it.each([100, KIB, 20 * KIB])('of %i bytes holds for what append and prepend make', (limit) => {
    const p = partitionMake();
    const client = new Client(limit);
    const half = valueMake(limit / 2 - 20, 1);
    expect(client.set(p, 'k', half)).toBe(STATUS.OK);
    expect(client.store(p, STORE.APPEND, 'k', 'x')).toBe(STATUS.OK);
    for (const mode of [STORE.APPEND, STORE.PREPEND]) {
      expect(client.store(p, mode, 'k', valueMake(limit / 2 + 20, 1))).toBe(STATUS.TOO_LARGE);
    }
    expect(client.get(p, 'k')?.value.length).toBe(half.length + 1);
    partitionExpectSound(p);
  });
});

describe('counters', () => {
  it.each([
    ['18446744073709551615', '1', true, '0'],
    ['18446744073709551615', '18446744073709551615', true, '18446744073709551614'],
    ['999999999999999', '1', true, '1000000000000000'],
    ['999999999999999', '999999999999999', true, '1999999999999998'],
    ['5', '6', false, '0'],
    ['10000000000000000000', '1', false, '9999999999999999999'],
    ['0', '0', true, '0'],
  ])('%s and %s (up: %s) make %s', (start, delta, up, result) => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'n', start, { clientFlags: 5, expiresAtMs: NOW_MS + 9 });
    const before = client.get(p, 'n')?.casUnique ?? 0;
    expect(client.add(p, 'n', delta, up)).toBe(result);
    const after = client.get(p, 'n');
    expect(after?.value.toString()).toBe(result.padEnd(start.length));
    expect(after).toMatchObject({ clientFlags: 5, expiresAtMs: NOW_MS + 9 });
    expect(after?.casUnique).toBeGreaterThan(before);
  });
});

describe('expiry and flush', () => {
  it('kill at the very millisecond, and say of what an item died', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'e', 'x', { expiresAtMs: NOW_MS + 1000 });
    client.set(p, 'f', 'x');
    client.clockSet(NOW_MS + 999);
    expect(client.text(p, 'e')).toBe('x');
    client.clockSet(NOW_MS + 1000);
    expect([client.text(p, 'e'), client.op.deathFound]).toEqual([null, DEATH.EXPIRED]);
    partitionFlush(p);
    expect([client.text(p, 'f'), client.op.deathFound]).toEqual([null, DEATH.FLUSHED]);
    expect([client.text(p, 'f'), client.op.deathFound]).toEqual([null, DEATH.NONE]);
    expect(p.f64[HEADER_F64.expiryTotal]).toBe(2);
    partitionExpectEmpty(p);
  });

  it('are swept up page by page, and pages with nothing due are not read', () => {
    const p = partitionMake({ bytes: 4 * KIB * KIB });
    const client = new Client();
    for (let n = 0; n < 3000; n++) {
      client.set(p, `${n}`, valueMake(n % 700, n), { expiresAtMs: n % 3 === 0 ? 0 : NOW_MS + n });
    }
    let reaped = 0;
    for (let slice = 0; slice < 500; slice++) reaped += expirySweep(p, NOW_MS + 1500, 4);
    expect(reaped).toBe(
      Array.from({ length: 3000 }, (_, n) => n % 3 !== 0 && n <= 1500).filter(Boolean).length,
    );
    partitionFlush(p);
    for (let slice = 0; slice < 500; slice++) reaped += expirySweep(p, NOW_MS, 4);
    expect(reaped).toBe(3000);
    expect(expirySweep(p, NOW_MS + 1e9, 1e9)).toBe(0);
    partitionExpectEmpty(p);
  });

  it('leave an item alone that is being sent, and free it afterwards', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'k', valueMake(30_000, 1), { expiresAtMs: NOW_MS + 10 });
    const ref = itemFind(p, client.op);
    valueHold(p, ref);
    expect(expirySweep(p, NOW_MS + 10, 100)).toBe(0);
    client.clockSet(NOW_MS + 10);
    expect(client.get(p, 'k')).toBeNull();
    partitionExpectSound(p);
    valueRelease(p, ref);
    partitionExpectEmpty(p);
  });

  it('do not touch a value that was still on its way at a flush', () => {
    const p = partitionMake();
    const client = new Client();
    const value = valueMake(30_000, 1);
    client.set(p, 'k', 'old');
    client.valueSet('');
    const { op } = client;
    const ref = chainStart(p, op, value.length);
    expect(chainWrite(p, ref, 0, value, 0, 20_000, op.nowMs)).toBe(true);
    partitionFlush(p);
    expect(chainWrite(p, ref, 20_000, value, 20_000, 10_000, op.nowMs)).toBe(true);
    expect(chainCommit(p, op, STORE.ADD, ref)).toBe(STATUS.OK);
    expect(client.get(p, 'k')?.value.equals(value)).toBe(true);
    partitionExpectSound(p);
  });
});

describe('CAS uniques', () => {
  it('rise over the end of their lower word, for linked and rewritten items alike', () => {
    const p = partitionMake();
    const client = new Client();
    p.i32[HEADER.casLo] = -3;
    let last = 0;
    for (let n = 0; n < 6; n++) {
      client.set(p, n % 2 === 0 ? 'a' : `b${n}`, 'x');
      const unique = client.get(p, n % 2 === 0 ? 'a' : `b${n}`)?.casUnique ?? 0;
      expect(unique).toBeGreaterThan(last);
      last = unique;
    }
    expect(last).toBe(2 ** 32 + 3 + 1);
    // A flush at the border kills what came before it, and nothing after.
    partitionFlush(p);
    client.set(p, 'after', 'x');
    expect([client.text(p, 'a'), client.text(p, 'after')]).toEqual([null, 'x']);
  });
});

describe('a value that is abandoned', () => {
  it('leaves nothing, at whatever point', () => {
    const p = partitionMake();
    const client = new Client();
    const value = valueMake(40_000, 1);
    for (let received = 0; received <= value.length; received += 2500) {
      client.keySet('k');
      client.valueSet('');
      const ref = chainStart(p, client.op, value.length);
      chainWrite(p, ref, 0, value, 0, received, NOW_MS);
      partitionExpectSound(p);
      chainAbandon(p, ref);
      partitionExpectEmpty(p);
    }
  });
});
