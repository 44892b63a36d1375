/** Bits of strings of all lengths, beside arrays of bits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitGet, bitSet, bitsCount, bitsFind, bitsOpen } from '../../../src/engine/types/bitmap.ts';
import {
  type FieldType,
  fieldFit,
  fieldRead,
  fieldWrite,
  OVERFLOW,
} from '../../../src/engine/types/bitmap-field.ts';
import { itemFind } from '../../../src/engine/types/string.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectSound, partitionMake } from '../fixture.ts';
import { KIB, MIB } from '../limits.ts';

const client = new Client(2 ** 29);

function refOf(p: Partition, key: string): number {
  client.keySet(key);
  return itemFind(p, client.op);
}

function bitsOf(value: Buffer): number[] {
  return [...value].flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >>> bit) & 1));
}

/** Mostly runs of equal bytes, so that there is something to search for. */
const values = fc
  .array(fc.tuple(fc.constantFrom(0, 0, 255, 255, 1, 128, 165), fc.nat(40)), { maxLength: 12 })
  .map((runs) => Buffer.concat(runs.map(([byte, bytes]) => Buffer.alloc(bytes, byte))));
const part = fc.double({ min: 0, max: 1, noNaN: true });

describe('bits', () => {
  it('are counted and found as in an array', () => {
    const p = partitionMake();
    fc.assert(
      fc.property(values, part, part, fc.nat(1), (value, first, second, bit) => {
        client.set(p, 'k', value);
        const ref = refOf(p, 'k');
        const bits = bitsOf(value);
        const from = Math.floor(first * bits.length);
        const to = Math.round(second * bits.length);
        const slice = bits.slice(from, to);
        expect(bitsCount(p, ref, from, to)).toBe(slice.filter((own) => own === 1).length);
        const at = slice.indexOf(bit);
        expect(bitsFind(p, ref, bit, from, to)).toBe(at === -1 ? -1 : from + at);
        expect(bitGet(p, ref, from)).toBe(bits[from] ?? 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('are counted and found over the links of a chain', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    const value = Buffer.alloc(100 * KIB);
    const places = [5, 65_000, 65_535, 65_536, 70_001, 500_000, 819_199];
    for (const place of places)
      value[place >> 3] = (value[place >> 3] ?? 0) | (0x80 >> (place & 7));
    client.set(p, 'k', value);
    const ref = refOf(p, 'k');
    for (const [index, place] of places.entries()) {
      const next = places[index + 1] ?? -1;
      expect(bitsFind(p, ref, 1, place, 819_200)).toBe(place);
      expect(bitsFind(p, ref, 1, place + 1, 819_200)).toBe(next);
      expect(bitsFind(p, ref, 1, place + 1, next)).toBe(-1);
      expect(bitsCount(p, ref, place, 819_200)).toBe(places.length - index);
    }
    client.set(p, 'k', Buffer.alloc(100 * KIB, 255));
    expect(bitsFind(p, refOf(p, 'k'), 0, 3, 819_200)).toBe(-1);
    expect(bitsCount(p, refOf(p, 'k'), 3, 819_199)).toBe(819_196);
  });

  it('are set one by one, in values that grow with them', () => {
    const p = partitionMake({ bytes: 4 * MIB, evicts: false });
    const famine = new Famine(p);
    const position = fc.oneof(
      fc.nat(100),
      fc.nat(70_000),
      fc.integer({ min: 65_000, max: 400_000 }),
    );
    const steps = fc.array(fc.tuple(position, fc.nat(1), fc.boolean()), { maxLength: 60 });
    let refusals = 0;
    fc.assert(
      fc.property(steps, (all) => {
        client.delete(p, 'k');
        const bits = new Map<number, number>();
        let bytes = 0;
        for (const [at, bit, isFamine] of all) {
          if (isFamine) famine.begin(0);
          const was = bitSet(p, client.op, refOf(p, 'k'), at, bit);
          famine.end();
          if (was === -1) {
            refusals++;
          } else {
            expect(was).toBe(bits.get(at) ?? 0);
            bits.set(at, bit);
            bytes = Math.max(bytes, (at >> 3) + 1);
          }
          expect(client.get(p, 'k')?.value.length ?? 0).toBe(bytes);
        }
        partitionExpectSound(p);
        const ref = refOf(p, 'k');
        if (ref === 0) return;
        for (const [at, bit] of bits) expect(bitGet(p, ref, at)).toBe(bit);
        const ones = [...bits.values()].filter((bit) => bit === 1).length;
        expect(bitsCount(p, ref, 0, bytes * 8)).toBe(ones);
      }),
    );
    expect(refusals).toBeGreaterThan(0);
  });

  it('that are as they should be make no other version of the value', () => {
    const p = partitionMake();
    client.set(p, 'k', 'a');
    // It is raw from the first time on.
    expect(bitSet(p, client.op, refOf(p, 'k'), 1, 1)).toBe(1);
    const before = client.get(p, 'k');
    expect(bitSet(p, client.op, refOf(p, 'k'), 1, 1)).toBe(1);
    expect(client.get(p, 'k')).toEqual(before);
    expect(bitSet(p, client.op, refOf(p, 'k'), 1, 0)).toBe(1);
    expect(client.get(p, 'k')?.casUnique).toBeGreaterThan(before?.casUnique ?? 0);
  });
});

describe('bit fields', () => {
  const type: fc.Arbitrary<FieldType> = fc.oneof(
    fc.integer({ min: 1, max: 64 }).map((bits) => ({ isSigned: true, bits })),
    fc.integer({ min: 1, max: 63 }).map((bits) => ({ isSigned: false, bits })),
  );

  it('are what their bits say, wherever they lie', () => {
    const p = partitionMake();
    const places = fc.oneof(fc.nat(200), fc.integer({ min: 65_100, max: 65_500 }));
    const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(type, places, number, fc.boolean(), (own, at, value, isOnes) => {
        client.set(p, 'k', Buffer.alloc(8300, isOnes ? 255 : 0));
        const ref = bitsOpen(p, client.op, refOf(p, 'k'), at + own.bits);
        const fitted = fieldFit(value, own, OVERFLOW.WRAP) as bigint;
        fieldWrite(p, ref, at, own, fitted);
        expect(fieldRead(p, ref, at, own)).toBe(fitted);
        const bits = bitsOf(client.get(p, 'k')?.value ?? Buffer.alloc(0));
        const wanted = BigInt.asUintN(own.bits, value).toString(2).padStart(own.bits, '0');
        expect(bits.slice(at, at + own.bits).join('')).toBe(wanted);
        const others = [...bits.slice(0, at), ...bits.slice(at + own.bits)];
        expect(others.every((bit) => bit === (isOnes ? 1 : 0))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('end in zeros where the value ends', () => {
    const p = partitionMake();
    client.set(p, 'k', '\xff');
    const ref = refOf(p, 'k');
    expect(fieldRead(p, ref, 4, { isSigned: false, bits: 8 })).toBe(0xf0n);
    expect(fieldRead(p, ref, 4, { isSigned: true, bits: 8 })).toBe(-16n);
    expect(fieldRead(p, ref, 2 ** 32, { isSigned: false, bits: 8 })).toBe(0n);
    expect(fieldRead(p, 0, 3, { isSigned: true, bits: 64 })).toBe(0n);
  });

  it.each([
    [256n, { isSigned: false, bits: 8 }, 0n, 255n],
    [-1n, { isSigned: false, bits: 8 }, 255n, 0n],
    [128n, { isSigned: true, bits: 8 }, -128n, 127n],
    [-129n, { isSigned: true, bits: 8 }, 127n, -128n],
    [2n ** 63n, { isSigned: true, bits: 64 }, -(2n ** 63n), 2n ** 63n - 1n],
    [1n, { isSigned: true, bits: 1 }, -1n, 0n],
  ])('cannot hold %i in %o: wrapped %i, saturated %i', (value, own, wrapped, saturated) => {
    expect(fieldFit(value, own, OVERFLOW.WRAP)).toBe(wrapped);
    expect(fieldFit(value, own, OVERFLOW.SATURATE)).toBe(saturated);
    expect(fieldFit(value, own, OVERFLOW.FAIL)).toBeNull();
    expect(fieldFit(saturated, own, OVERFLOW.FAIL)).toBe(saturated);
  });
});
