/**
 * Strings that are written to in place, beside a Map of Buffers: over all lengths from nothing to chains
 * of hundreds of links, with values that somebody is sending, and with memory that runs out.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATUS, type Status } from '../../../src/engine/status.ts';
import { valueHold, valueRelease } from '../../../src/engine/types/chained.ts';
import { itemFind, STORE } from '../../../src/engine/types/string.ts';
import { valueByte, valueByteSet, valueRangeRead } from '../../../src/engine/types/string-range.ts';
import { stringAppend, stringRangeSet } from '../../../src/engine/types/string-range-edit.ts';
import {
  STRING_ENCODING,
  stringEncoding,
  valueOpen,
} from '../../../src/engine/types/string-range-room.ts';
import { itemIsChained } from '../../../src/memory/item.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client, itemEntry } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from '../fixture.ts';
import { KIB, MIB, NOW_MS } from '../limits.ts';
import { valueMake } from '../model-steps.ts';

const KEYS = ['a', 'long key of some forty bytes, like a URL'];
const VALUE_BYTES_MAX = 600 * KIB;
/** Redis's: what is longer is raw, whatever made it. */
const EMBEDDED_BYTES_MAX = 44;

type Stored = {
  readonly value: Buffer;
  readonly clientFlags: number;
  readonly expiresAtMs: number;
  readonly isMarked: boolean;
};

/** A partition and what it must hold. */
class World {
  readonly p: Partition = partitionMake({ bytes: 4 * MIB, evicts: false });
  readonly client = new Client(VALUE_BYTES_MAX);
  readonly famine = new Famine(this.p);
  readonly stored = new Map<string, Stored>();
  readonly holds: { readonly ref: number; readonly value: Buffer }[] = [];
  refusals = 0;

  /** Runs a write that makes `next` of the key's value, unless memory is short. */
  write(key: string, next: Stored, run: (p: Partition) => Status): void {
    this.client.keySet(key);
    const status = run(this.p);
    if (status === STATUS.NO_MEMORY) this.refusals++;
    else expect(status).toBe(STATUS.OK);
    if (status === STATUS.OK) this.stored.set(key, next);
  }

  check(): void {
    partitionExpectSound(this.p);
    for (const key of KEYS) {
      const wanted = this.stored.get(key);
      this.client.keySet(key);
      const ref = itemFind(this.p, this.client.op);
      expect(ref !== 0).toBe(wanted !== undefined);
      if (wanted === undefined) continue;
      const found = itemEntry(this.p, ref);
      expect(found.value.equals(wanted.value)).toBe(true);
      const { clientFlags, expiresAtMs } = wanted;
      expect(found).toMatchObject({ clientFlags, expiresAtMs });
      const isRaw = wanted.isMarked || wanted.value.length > EMBEDDED_BYTES_MAX;
      expect(stringEncoding(this.p, ref) === STRING_ENCODING.RAW).toBe(isRaw);
    }
    for (const { ref, value } of this.holds) {
      expect(itemEntry(this.p, ref).value.equals(value)).toBe(true);
    }
  }
}

type Step = (world: World) => void;

const sizes = fc.oneof(
  { weight: 3, arbitrary: fc.nat(60) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3000 }) },
  fc.integer({ min: 8000, max: 8300 }),
  fc.integer({ min: 8000, max: 200 * KIB }),
);
const keys = fc.constantFrom(...KEYS);

function setStep([key, bytes, salt, hasFields]: [string, number, number, boolean]): Step {
  return (world) => {
    const value = valueMake(bytes, salt);
    const clientFlags = hasFields ? salt : 0;
    const expiresAtMs = hasFields ? NOW_MS + 1000 : 0;
    const next = { value, clientFlags, expiresAtMs, isMarked: false };
    world.write(key, next, (p) => {
      const casGiven = salt % 5 === 0 ? BigInt(salt) : null;
      const status = world.client.set(p, key, value, { clientFlags, expiresAtMs, casGiven });
      if (status === STATUS.NO_MEMORY) world.stored.delete(key);
      return status;
    });
  };
}

function appendStep([key, bytes, salt]: [string, number, number]): Step {
  return (world) => {
    const old = world.stored.get(key);
    const added = valueMake(bytes, salt);
    const value = Buffer.concat([old?.value ?? Buffer.alloc(0), added]);
    if (value.length > VALUE_BYTES_MAX) return;
    const isMarked = old !== undefined && (old.isMarked || old.clientFlags === 0);
    const { clientFlags = 0, expiresAtMs = 0 } = old ?? {};
    world.write(key, { value, clientFlags, expiresAtMs, isMarked }, (p) => {
      world.client.valueSet(added);
      return stringAppend(p, world.client.op, VALUE_BYTES_MAX);
    });
  };
}

function rangeSetStep([key, at, bytes, salt]: [string, number, number, number]): Step {
  return (world) => {
    const old = world.stored.get(key);
    const written = valueMake(bytes, salt);
    if (bytes === 0 || at + bytes > VALUE_BYTES_MAX) return;
    const value = Buffer.alloc(Math.max(old?.value.length ?? 0, at + bytes));
    old?.value.copy(value);
    written.copy(value, at);
    const { clientFlags = 0, expiresAtMs = 0 } = old ?? {};
    world.write(key, { value, clientFlags, expiresAtMs, isMarked: clientFlags === 0 }, (p) => {
      world.client.valueSet(written);
      return stringRangeSet(p, world.client.op, at, VALUE_BYTES_MAX);
    });
  };
}

/** Reads and writes single bytes and a range, at places told in parts of the length. */
function touchStep([key, first, second]: [string, number, number]): Step {
  return (world) => {
    const { client, p } = world;
    const old = world.stored.get(key);
    if (old === undefined || old.value.length === 0) return;
    client.keySet(key);
    const ref = itemFind(p, client.op);
    const from = Math.floor(first * old.value.length);
    const to = Math.max(from, Math.floor(second * old.value.length));
    const read = Buffer.alloc(to - from + 2, 1);
    valueRangeRead(p, ref, from, to - from, read, 1);
    expect(read.subarray(1, -1).equals(old.value.subarray(from, to))).toBe(true);
    expect([read[0], read.at(-1)]).toEqual([1, 1]);
    expect(valueByte(p, ref, from)).toBe(old.value[from]);
    const value = Buffer.from(old.value);
    value[from] ^= 0xff;
    world.write(key, { ...old, value, isMarked: old.clientFlags === 0 }, () => {
      const open = valueOpen(p, client.op, ref, value.length);
      if (open === 0) return STATUS.NO_MEMORY;
      valueByteSet(p, open, from, value[from]);
      return STATUS.OK;
    });
  };
}

function holdStep(key: string): Step {
  return (world) => {
    world.client.keySet(key);
    const ref = itemFind(world.p, world.client.op);
    if (ref === 0 || !itemIsChained(world.p, ref)) return;
    valueHold(world.p, ref);
    world.holds.push({ ref, value: (world.stored.get(key) as Stored).value });
  };
}

function releaseStep(world: World): void {
  const held = world.holds.pop();
  if (held !== undefined) valueRelease(world.p, held.ref);
}

function deleteStep(key: string): Step {
  return (world) => {
    world.client.delete(world.p, key);
    world.stored.delete(key);
  };
}

const salts = fc.nat(100);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(keys, sizes, salts, fc.boolean()).map(setStep) },
  { weight: 5, arbitrary: fc.tuple(keys, sizes, salts).map(appendStep) },
  { weight: 5, arbitrary: fc.tuple(keys, sizes, sizes, salts).map(rangeSetStep) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        keys,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
      )
      .map(touchStep),
  },
  { weight: 1, arbitrary: keys.map(holdStep) },
  { weight: 1, arbitrary: fc.constant<Step>(releaseStep) },
  { weight: 1, arbitrary: keys.map(deleteStep) },
);

describe('a string that is written to in place', () => {
  it.each([1, 2, Date.now() & 0x7fffffff])('is what a Buffer is (seed %i)', (seed) => {
    let refusals = 0;
    const famines = fc.option(fc.nat(3), { freq: 3, nil: null });
    const sequence = fc.array(fc.tuple(steps, famines), { minLength: 1, maxLength: 40 });
    const property = fc.property(sequence, (all) => {
      const world = new World();
      for (const [step, pagesLeft] of all) {
        if (pagesLeft !== null) world.famine.begin(pagesLeft);
        step(world);
        world.famine.end();
        world.check();
      }
      refusals += world.refusals;
      while (world.holds.length > 0) releaseStep(world);
      for (const key of KEYS) world.client.delete(world.p, key);
      partitionExpectEmpty(world.p);
    });
    fc.assert(property, { seed, numRuns: 60 });
    expect(refusals).toBeGreaterThan(0);
  });

  it('grows byte by byte over every border, and piece by piece to thousands of links', () => {
    const p = partitionMake({ bytes: 64 * MIB });
    const client = new Client();
    let whole = Buffer.alloc(0);
    const add = (bytes: number): void => {
      const added = valueMake(bytes, whole.length);
      client.keySet('k');
      client.valueSet(added);
      expect(stringAppend(p, client.op, 2 ** 29)).toBe(STATUS.OK);
      whole = Buffer.concat([whole, added]);
      expect(client.op.joinedBytes).toBe(whole.length);
    };
    for (let n = 0; n < 200; n++) add(1);
    add(7900);
    for (let n = 0; n < 200; n++) add(1);
    partitionExpectSound(p);
    while (whole.length < 40 * MIB) add(3 * MIB + 77);
    partitionExpectSound(p);
    expect(client.get(p, 'k')?.value.equals(whole)).toBe(true);
    const ref = itemFind(p, client.op);
    for (let at = 0; at < whole.length; at += 99_991) {
      if (valueByte(p, ref, at) !== whole[at]) expect(at).toBe('right');
    }
  });

  it('is refused beyond a limit, and unless it is a string', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'k', 'abc');
    client.valueSet('def');
    expect(stringAppend(p, client.op, 5)).toBe(STATUS.TOO_LARGE);
    expect(stringRangeSet(p, client.op, 3, 5)).toBe(STATUS.TOO_LARGE);
    expect(stringAppend(p, client.op, 6)).toBe(STATUS.OK);
    client.keySet('other');
    client.valueSet('def');
    expect(stringAppend(p, client.op, 2)).toBe(STATUS.TOO_LARGE);
    expect(stringRangeSet(p, client.op, 0, 2)).toBe(STATUS.TOO_LARGE);
    client.valueSet('');
    expect(stringRangeSet(p, client.op, 100, 2)).toBe(STATUS.OK);
    expect([client.text(p, 'k'), client.text(p, 'other')]).toEqual(['abcdef', null]);
  });
});

describe('the encoding that a string tells', () => {
  it.each([
    ['0', STRING_ENCODING.INT],
    ['-9223372036854775808', STRING_ENCODING.INT],
    ['9223372036854775808', STRING_ENCODING.EMBEDDED],
    ['007', STRING_ENCODING.EMBEDDED],
    ['', STRING_ENCODING.EMBEDDED],
    ['x'.repeat(44), STRING_ENCODING.EMBEDDED],
    ['x'.repeat(45), STRING_ENCODING.RAW],
  ])('of %j is %i until it is written to', (value, encoding) => {
    const p = partitionMake();
    const client = new Client();
    const told = (): number => {
      client.keySet('k');
      return stringEncoding(p, itemFind(p, client.op));
    };
    client.set(p, 'k', value);
    expect(told()).toBe(encoding);
    client.valueSet('1');
    expect(stringAppend(p, client.op, 100)).toBe(STATUS.OK);
    expect(told()).toBe(STRING_ENCODING.RAW);
    expect(client.store(p, STORE.APPEND, 'k', '')).toBe(STATUS.OK);
    expect(told()).toBe(STRING_ENCODING.RAW);
    client.set(p, 'k', value);
    expect(told()).toBe(encoding);
    partitionExpectSound(p);
  });
});
