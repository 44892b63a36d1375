/** BITOP beside the same done to Buffers: in partitions that evict, over two of them, and without memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardsClear } from '../../../src/engine/guard.ts';
import { STATUS, type Status } from '../../../src/engine/status.ts';
import {
  BIT_OPERATION,
  type BitOperation,
  bitsCombine,
} from '../../../src/engine/types/bitmap-operation.ts';
import { itemFind } from '../../../src/engine/types/string.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectSound, partitionMake } from '../fixture.ts';
import { KIB, MIB } from '../limits.ts';
import { valueMake } from '../model-steps.ts';

const client = new Client(2 ** 29);

/** Where a value is; a missing one has no bytes. */
type Place = { readonly p: Partition; readonly key: string };

function combine(to: Place, operation: BitOperation, from: readonly Place[]): Status {
  let bytes = 0;
  const sources = from.map(({ p, key }) => {
    bytes = Math.max(bytes, client.get(p, key)?.value.length ?? 0);
    client.keySet(key);
    return { p, ref: itemFind(p, client.op) };
  });
  client.keySet(to.key);
  const status = bitsCombine(to.p, client.op, operation, sources, bytes);
  for (const { p } of [to, ...from]) guardsClear(p);
  return status;
}

function expected(operation: BitOperation, values: readonly Buffer[]): Buffer {
  const bytes = Math.max(...values.map(({ length }) => length));
  const result = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) {
    const own = values.map((value) => value[at] ?? 0);
    if (operation === BIT_OPERATION.NOT) result[at] = ~own[0];
    else if (operation === BIT_OPERATION.AND) result[at] = own.reduce((a, b) => a & b);
    else if (operation === BIT_OPERATION.OR) result[at] = own.reduce((a, b) => a | b);
    else result[at] = own.reduce((a, b) => a ^ b);
  }
  return result;
}

describe('strings made of others', () => {
  const length = fc.oneof(
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 8100, max: 8250 }),
    fc.integer({ min: 1, max: 60 * KIB }),
  );
  const operations = fc.constantFrom(...Object.values(BIT_OPERATION));

  it('are what Buffers make, whatever is evicted on the way', () => {
    const partitions = [partitionMake(), partitionMake()];
    const sources = fc.array(fc.tuple(length, fc.nat(255), fc.nat(1)), {
      minLength: 1,
      maxLength: 4,
    });
    const property = fc.property(sources, operations, fc.nat(4), (all, operation, target) => {
      // Others, so that something has to go.
      for (let n = 0; n < 12; n++)
        client.set(partitions[n % 2], `other:${n}`, valueMake(40_000, n));
      const used = operation === BIT_OPERATION.NOT ? all.slice(0, 1) : all;
      const places = used.map(([, , side], n) => ({
        p: partitions[side],
        key: `s${n}`,
      }));
      const values = used.map(([bytes, salt]) => valueMake(bytes, salt));
      for (const [n, { p, key }] of places.entries()) client.set(p, key, values[n]);
      // All of them must be there still: what was stored last pushes nothing newer out.
      const to = places[target] ?? { p: partitions[0], key: 'result' };
      const isThere = places.every(({ p, key }) => client.get(p, key) !== null);
      fc.pre(isThere);
      expect(combine(to, operation, places)).toBe(STATUS.OK);
      expect(client.get(to.p, to.key)?.value.equals(expected(operation, values))).toBe(true);
      for (const p of partitions) partitionExpectSound(p);
    });
    fc.assert(property, { numRuns: 60 });
  });

  it('count missing ones as empty', () => {
    const p = partitionMake();
    client.set(p, 'a', 'abc', { expiresAtMs: client.op.nowMs + 1000 });
    expect(
      combine({ p, key: 'a' }, BIT_OPERATION.OR, [
        { p, key: 'a' },
        { p, key: 'none' },
      ]),
    ).toBe(STATUS.OK);
    expect(client.get(p, 'a')).toMatchObject({ value: Buffer.from('abc'), expiresAtMs: 0 });
    expect(
      combine({ p, key: 'a' }, BIT_OPERATION.AND, [
        { p, key: 'none' },
        { p, key: 'a' },
      ]),
    ).toBe(STATUS.OK);
    expect(client.text(p, 'a')).toBe('\0\0\0');
  });

  it('leave all as it was without memory', () => {
    const p = partitionMake({ bytes: 2 * MIB, evicts: false });
    const values = [valueMake(200 * KIB, 1), valueMake(100 * KIB, 2)];
    client.set(p, 'a', values[0]);
    client.set(p, 'b', values[1]);
    client.set(p, 'to', 'old');
    for (let pages = 0; pages < 8; pages++) {
      const famine = new Famine(p);
      famine.begin(pages);
      const from = [
        { p, key: 'a' },
        { p, key: 'b' },
      ];
      const status = combine({ p, key: 'to' }, BIT_OPERATION.XOR, from);
      famine.end();
      partitionExpectSound(p);
      expect(status).toBe(STATUS.NO_MEMORY);
      expect(client.text(p, 'to')).toBe('old');
    }
    expect(client.get(p, 'a')?.value.equals(values[0])).toBe(true);
  });
});
