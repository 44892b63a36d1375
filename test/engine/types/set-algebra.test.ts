/** Sets joined beside Sets: in any partitions, small and large, stored where memory is short. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Entry,
  EntryWalk,
  entryName,
  OUTCOME,
  walkNext,
  walkStart,
} from '../../../src/engine/collection/entry.ts';
import { EntrySample, entryDraw } from '../../../src/engine/collection/entry-sample.ts';
import type { Keyspace } from '../../../src/engine/keyspace.ts';
import { setAdd, setFind, setSettle } from '../../../src/engine/types/set.ts';
import {
  Difference,
  Intersection,
  type Members,
  type SetOperand,
  setReplace,
  Union,
} from '../../../src/engine/types/set-algebra.ts';
import { collectionCount } from '../../../src/memory/collection.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { handlesMake, keyspaceMake, partitionExpectSound, partitionMake } from '../fixture.ts';
import { MIB } from '../limits.ts';

const entry = new Entry(Buffer.alloc(0));
const KEYS = ['a', 'b', 'c', 'd', 'e'];

/** Sets of numbers under several keys. */
class World {
  readonly keyspace: Keyspace;
  readonly client = new Client();
  readonly sets = new Map<string, Set<string>>();

  constructor() {
    const setup = { bytes: 2 * MIB, partitionCount: 4, evicts: false };
    this.keyspace = keyspaceMake(handlesMake(setup));
  }

  keySet(key: string): Partition {
    return this.keyspace.partitionFor(this.client.keySet(key));
  }

  fill(key: string, from: number, count: number, step: number): void {
    const p = this.keySet(key);
    const { op } = this.client;
    const model = this.sets.get(key) ?? new Set();
    let ref = setFind(p, op);
    for (let n = 0; n < count; n++) {
      const name = `member ${from + n * step}`;
      entryName(entry, Buffer.from(name), 0, name.length);
      ref = setAdd(p, op, ref, entry);
      expect(entry.outcome).toBe(model.has(name) ? OUTCOME.NONE : OUTCOME.ADDED);
      model.add(name);
    }
    setSettle(p, op, ref);
    this.sets.set(key, model);
  }

  operand(key: string): SetOperand {
    const p = this.keySet(key);
    return { p, ref: setFind(p, this.client.op) };
  }

  check(key: string): void {
    const { p, ref } = this.operand(key);
    const model = this.sets.get(key) ?? new Set();
    expect(ref === 0).toBe(model.size === 0);
    if (ref === 0) return;
    const found = new Set<string>();
    const walk = new EntryWalk();
    for (walkStart(p, ref, walk); walkNext(p, walk, entry, 0); ) found.add(nameOf(entry));
    expect(collectionCount(p, ref)).toBe(found.size);
    expect(found).toEqual(model);
  }
}

function nameOf({ name, nameStart, nameBytes }: Entry): string {
  return name.toString('latin1', nameStart, nameStart + nameBytes);
}

function kept(names: Set<string>, isKept: (name: string) => boolean): Set<string> {
  return new Set([...names].filter(isKept));
}

const JOINS = {
  inter: {
    of: (operands: SetOperand[]): Members => new Intersection(operands),
    model: (sets: Set<string>[]) => sets.reduce((all, set) => kept(all, (name) => set.has(name))),
  },
  union: {
    of: (operands: SetOperand[]): Members => new Union(operands),
    model: (sets: Set<string>[]) => new Set(sets.flatMap((set) => [...set])),
  },
  diff: {
    of: (operands: SetOperand[]): Members => new Difference(operands, entry),
    model: (sets: Set<string>[]) => sets.reduce((all, set) => kept(all, (name) => !set.has(name))),
  },
};

const keys = fc.constantFrom(...KEYS);
const steps = fc.array(
  fc.record({
    fills: fc.array(
      fc.record({
        key: keys,
        from: fc.nat(300),
        count: fc.oneof(fc.nat(40), fc.nat(400)),
        step: fc.integer({ min: 1, max: 5 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    join: fc.constantFrom<keyof typeof JOINS>('inter', 'union', 'diff'),
    from: fc.array(keys, { minLength: 1, maxLength: 4 }),
    to: keys,
    pagesLeft: fc.option(fc.nat(3), { freq: 2 }),
  }),
  { minLength: 5, maxLength: 15 },
);

describe('sets are joined', () => {
  it.each([1, Date.now() & 0x7fffffff])('as Sets are (seed %i)', (seed) => {
    let refusals = 0;
    const property = fc.property(steps, (all) => {
      const world = new World();
      for (const { fills, join, from, to, pagesLeft } of all) {
        for (const { key, from: first, count, step } of fills) world.fill(key, first, count, step);
        const wanted = JOINS[join].model(from.map((key) => world.sets.get(key) ?? new Set()));
        const operands = from.map((key) => world.operand(key));
        const met: string[] = [];
        const members = JOINS[join].of(operands);
        while (members.next(entry)) met.push(nameOf(entry));
        expect(new Set(met)).toEqual(wanted);
        expect(met.length).toBe(wanted.size);

        const famines = world.keyspace.partitions.map((p) => new Famine(p));
        if (pagesLeft !== null) for (const famine of famines) famine.begin(pagesLeft);
        const p = world.keySet(to);
        const count = setReplace(p, world.client.op, operands, JOINS[join].of(operands), entry);
        for (const famine of famines) famine.end();
        if (count < 0) refusals++;
        else expect(count).toBe(wanted.size);
        if (count >= 0) world.sets.set(to, new Set(wanted));
        for (const partition of world.keyspace.partitions) partitionExpectSound(partition);
        for (const key of KEYS) world.check(key);
      }
    });
    fc.assert(property, { seed, numRuns: 12 });
    expect(refusals).toBeGreaterThan(0);
  });
});

describe('entries are drawn', () => {
  const DRAWS = 20_000;

  function setOf(p: Partition, client: Client, size: number): number {
    client.keySet('set');
    let ref = 0;
    for (let n = 0; n < size; n++) {
      const name = `${n}`;
      entryName(entry, Buffer.from(name), 0, name.length);
      ref = setAdd(p, client.op, ref, entry);
    }
    return setSettle(p, client.op, ref);
  }

  /** Seven standard deviations are never seen. */
  function expectEven(
    drawn: Map<string, number>,
    size: number,
    chance: number,
    runs: number,
  ): void {
    expect(drawn.size).toBe(size);
    const mean = runs * chance;
    const deviation = Math.sqrt(runs * chance * (1 - chance));
    for (const [name, count] of drawn) {
      expect(Math.abs(count - mean), name).toBeLessThan(7 * deviation + 1);
    }
  }

  it.each([5, 60, 400])('each of %i as often', (size) => {
    const p = partitionMake();
    const ref = setOf(p, new Client(), size);
    const drawn = new Map<string, number>();
    for (let n = 0; n < DRAWS; n++) {
      expect(entryDraw(p, ref, entry, 0)).toBe(true);
      drawn.set(nameOf(entry), (drawn.get(nameOf(entry)) ?? 0) + 1);
    }
    expectEven(drawn, size, 1 / size, DRAWS);
  });

  it.each([
    [20, 3],
    [20, 19],
    [400, 10],
    [400, 300],
    [400, 1000],
  ])('of %i, samples of %i without one twice', (size, wanted) => {
    const p = partitionMake();
    const ref = setOf(p, new Client(), size);
    const drawn = new Map<string, number>();
    const runs = Math.ceil((DRAWS * 2) / wanted);
    for (let run = 0; run < runs; run++) {
      const sample = new EntrySample(p, ref, wanted, 0);
      expect(sample.size).toBe(Math.min(wanted, size));
      const names = new Set<string>();
      while (sample.next(p, entry)) names.add(nameOf(entry));
      expect(names.size).toBe(Math.min(wanted, size));
      for (const name of names) drawn.set(name, (drawn.get(name) ?? 0) + 1);
    }
    expectEven(drawn, size, Math.min(1, wanted / size), runs);
  });
});
