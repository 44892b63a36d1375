/**
 * Memory that runs out in the middle of things. Pages are taken away from the pool and given back at
 * random, so that any allocation may fail: an operation then says NO_MEMORY and leaves what it found.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionFlush } from '../../src/engine/database.ts';
import { indexKeyCount } from '../../src/engine/hash-index.ts';
import { STATUS, type Status } from '../../src/engine/status.ts';
import { STORE } from '../../src/engine/types/string.ts';
import type { Partition } from '../../src/memory/partition.ts';
import { Client } from './client.ts';
import { Famine } from './famine.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from './fixture.ts';
import { MIB, NOW_MS } from './limits.ts';
import { valueMake } from './model-steps.ts';

const KEYS = Array.from({ length: 30 }, (_, n) => `key:${n}`);
const sizes = fc.oneof(fc.nat(300), fc.nat(9000), fc.integer({ min: 8000, max: 60_000 }));
const steps = fc.array(
  fc.record({
    mode: fc.constantFrom(STORE.SET, STORE.SET, STORE.APPEND, STORE.PREPEND, STORE.REPLACE),
    key: fc.constantFrom(...KEYS),
    bytes: sizes,
    salt: fc.nat(255),
    touches: fc.boolean(),
    pagesLeft: fc.option(fc.nat(4), { freq: 3 }),
  }),
  { minLength: 40, maxLength: 150, size: 'max' },
);

/** What the key must hold after a store of this outcome. */
function valueAfter(
  old: Buffer | undefined,
  value: Buffer,
  { mode, status }: { readonly mode: number; readonly status: Status },
): Buffer | undefined {
  if (status === STATUS.NO_MEMORY) return mode === STORE.SET ? undefined : old;
  if (status !== STATUS.OK) return old;
  if (mode === STORE.APPEND) return Buffer.concat([old ?? value, value]);
  if (mode === STORE.PREPEND) return Buffer.concat([value, old ?? value]);
  return value;
}

describe('an allocation that fails', () => {
  it.each([1, 2, Date.now() & 0x7fffffff])('changes and leaks nothing (seed %i)', (seed) => {
    let refusals = 0;
    const property = fc.property(steps, (all) => {
      const p = partitionMake({ bytes: 2 * MIB, evicts: false });
      const client = new Client();
      const famine = new Famine(p);
      const model = new Map<string, Buffer>();
      for (const { mode, key, bytes, salt, touches, pagesLeft } of all) {
        if (pagesLeft !== null) famine.begin(pagesLeft);
        const value = valueMake(bytes, salt);
        const status = client.store(p, mode, key, value);
        if (status === STATUS.NO_MEMORY) refusals++;
        const next = valueAfter(model.get(key), value, { mode, status });
        if (next === undefined) model.delete(key);
        else model.set(key, next);
        if (touches) {
          const touched = client.touch(p, KEYS[salt % KEYS.length], NOW_MS + 1000);
          if (touched === STATUS.NO_MEMORY) refusals++;
        }
        famine.end();
        partitionExpectSound(p);
        for (const name of KEYS) {
          const found = client.get(p, name)?.value;
          expect(
            found === undefined ? undefined : found.equals(model.get(name) ?? Buffer.alloc(0)),
          ).toBe(model.has(name) ? true : undefined);
        }
      }
      for (const key of KEYS) client.delete(p, key);
      partitionExpectEmpty(p);
    });
    fc.assert(property, { seed, numRuns: 12 });
    expect(refusals).toBeGreaterThan(0);
  });
});

describe('a partition that may not evict', () => {
  /** Values of one size until no more is accepted; their keys. */
  function fill(p: Partition, client: Client, bytes: number): string[] {
    const keys: string[] = [];
    for (let n = 0; ; n++) {
      const status = client.set(p, `fill:${n}`, valueMake(bytes, n));
      if (status === STATUS.NO_MEMORY) return keys;
      expect(status).toBe(STATUS.OK);
      keys.push(`fill:${n}`);
    }
  }

  it.each([10, 400, 7000, 50_000])('holds all it accepted, when full of %i bytes', (bytes) => {
    const p = partitionMake({ evicts: false });
    const client = new Client();
    const keys = fill(p, client, bytes);
    partitionExpectSound(p);
    for (const [n, key] of keys.entries()) {
      if (client.get(p, key)?.value.equals(valueMake(bytes, n)) !== true) expect(key).toBe('whole');
    }
    for (const key of keys) client.delete(p, key);
    partitionExpectSound(p);
    expect(indexKeyCount(p)).toBe(0);
    // And takes other sizes once there is room.
    expect(client.set(p, 'other', valueMake(20_000, 1))).toBe(STATUS.OK);
  });

  it('packs what is left after deletes, to make room for another size', () => {
    const p = partitionMake({ evicts: false });
    const client = new Client();
    const keys = fill(p, client, 400);
    for (const [n, key] of keys.entries()) if (n % 4 !== 0) client.delete(p, key);
    for (let n = 0; n < 20; n++)
      expect(client.set(p, `big:${n}`, valueMake(5000, n))).toBe(STATUS.OK);
    partitionExpectSound(p);
    for (const [n, key] of keys.entries()) {
      if (n % 4 === 0) expect(client.get(p, key)?.value.equals(valueMake(400, n))).toBe(true);
    }
  });

  it('keeps a counter, a touched and an appended item as they were', () => {
    const p = partitionMake({ evicts: false });
    const client = new Client();
    client.set(p, 'number', '9'.repeat(8));
    client.set(p, 'text', 'x'.repeat(25));
    fill(p, client, 3000);
    fill(p, client, 10);
    const famine = new Famine(p);
    famine.begin(0);
    const before = ['number', 'text'].map((key) => client.get(p, key));
    expect([STATUS.NO_MEMORY, STATUS.OK]).toContain(client.touch(p, 'text', 0));
    expect(client.store(p, STORE.APPEND, 'text', valueMake(2000, 1))).toBe(STATUS.NO_MEMORY);
    expect(client.store(p, STORE.APPEND, 'text', valueMake(20_000, 1))).toBe(STATUS.NO_MEMORY);
    expect(client.store(p, STORE.REPLACE, 'text', valueMake(20_000, 1))).toBe(STATUS.NO_MEMORY);
    expect(['number', 'text'].map((key) => client.get(p, key))).toEqual(before);
    partitionExpectSound(p);
  });

  it('takes values again at once after a flush, and where items have expired', () => {
    const p = partitionMake({ evicts: false });
    const client = new Client();
    fill(p, client, 400);
    partitionFlush(p);
    expect(client.set(p, 'after', valueMake(400, 1))).toBe(STATUS.OK);
    expect(client.set(p, 'other size', valueMake(5000, 1))).toBe(STATUS.OK);
    partitionExpectSound(p);
  });
});
