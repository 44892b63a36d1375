/**
 * Sorted sets beside Maps: random members come, change and go, in sets that are packed and large, while
 * memory runs out at times.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANGE } from '../../../src/engine/change-log.ts';
import { graveyardWork } from '../../../src/engine/collection/graveyard-work.ts';
import { itemUnlink } from '../../../src/engine/lifecycle.ts';
import { STATUS } from '../../../src/engine/status.ts';
import {
  ADD,
  ADDED,
  zsetAdd,
  zsetIsLarge,
  zsetIsSkiplist,
  zsetSettle,
} from '../../../src/engine/types/zset.ts';
import {
  AGGREGATE,
  type ZsetRow,
  ZsetSource,
  zsetDifference,
  zsetIntersection,
  zsetIntersectionCount,
  zsetUnion,
} from '../../../src/engine/types/zset-combine.ts';
import { zsetStore } from '../../../src/engine/types/zset-store.ts';
import { collectionCount } from '../../../src/memory/collection.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from '../fixture.ts';
import { MIB } from '../limits.ts';
import { valueMake } from '../model-steps.ts';
import { type Pair, Zsets } from './zsets.ts';

const KEYS = ['small', 'large', 'longNames'];
const conditions = fc.constantFrom(
  0,
  0,
  0,
  ADD.NX,
  ADD.XX,
  ADD.GT,
  ADD.LT,
  ADD.INCR,
  ADD.XX | ADD.GT,
);
const scores = fc.oneof(
  fc.integer({ min: -50, max: 50 }),
  fc.constantFrom(Infinity, -Infinity, 0, -0, 1e308, 5e-324),
);
const steps = fc.array(
  fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'remove', 'removeRange', 'find'),
    key: fc.nat(2),
    seed: fc.nat(1_000_000),
    times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 120 })),
    score: scores,
    conditions,
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    pagesLeft: fc.option(fc.nat(3), { freq: 3 }),
  }),
  { minLength: 30, maxLength: 80, size: 'max' },
);

function nameOf(key: number, number: number): string {
  if (key === 0) return `m${number % 40}`;
  return key === 1 ? `member:${number % 3000}` : `n${number % 60}`.repeat(1 + (number % 700));
}

describe('a sorted set', () => {
  it.each([1, 2, Date.now() & 0x7fffffff])('is a Map in order (seed %i)', (seed) => {
    let refusals = 0;
    let larges = 0;
    const property = fc.property(steps, (all) => {
      const zsets = new Zsets(partitionMake({ bytes: 4 * MIB, evicts: false }));
      const { p } = zsets;
      const famine = new Famine(p);
      for (const step of all) {
        const key = KEYS[step.key];
        if (step.pagesLeft !== null) famine.begin(step.pagesLeft);
        for (let time = 0; time < step.times; time++) {
          const name = nameOf(step.key, step.seed + time * 7919);
          const score = step.score + (time % 7);
          if (step.what === 'add') zsets.add(key, name, score, step.conditions);
          else if (step.what === 'remove') zsets.remove(key, name);
          else if (step.what === 'find') zsets.expectFinds(key, name, score);
          else if (time === 0) zsets.removeRange(key, (step.seed % 100) / 100, step.share);
        }
        famine.end();
        if (step.seed % 3 === 0) graveyardWork(p, 50);
        partitionExpectSound(p);
        zsets.expectMembers(key);
        const ref = zsets.find('large');
        if (ref !== 0 && zsetIsLarge(p, ref)) larges++;
      }
      refusals += zsets.refusals;
      for (const key of KEYS) zsets.removeRange(key, 0, 1);
      while (graveyardWork(p, 1000) > 0);
      partitionExpectEmpty(p);
    });
    fc.assert(property, { seed, numRuns: 12 });
    expect(refusals).toBeGreaterThan(0);
    expect(larges).toBeGreaterThan(0);
  });

  it('is told to be a skip list for good, once it was beyond a threshold', () => {
    const zsets = new Zsets(partitionMake());
    const { p } = zsets;
    for (let n = 0; n < 128; n++) zsets.add('many', `${n}`, n, 0);
    expect(zsetIsSkiplist(p, zsets.find('many'))).toBe(false);
    zsets.add('many', '128', 128, 0);
    expect(zsetIsSkiplist(p, zsets.find('many'))).toBe(true);
    zsets.removeRange('many', 0.5, 1);
    expect(zsetIsSkiplist(p, zsets.find('many'))).toBe(true);
    zsets.add('long', 'x'.repeat(64), 1, 0);
    expect(zsetIsSkiplist(p, zsets.find('long'))).toBe(false);
    zsets.add('long', 'x'.repeat(65), 1, 0);
    expect(zsetIsSkiplist(p, zsets.find('long'))).toBe(true);
  });
});

describe('sorted sets in a partition that evicts', () => {
  it.each([1, 2, Date.now() & 0x7fffffff])('go whole or stay whole (seed %i)', (seed) => {
    let gone = 0;
    const property = fc.property(steps, (all) => {
      const zsets = new Zsets(partitionMake({ bytes: 2 * MIB, evicts: true }));
      const client = new Client();
      const { p } = zsets;
      for (const step of all) {
        const key = KEYS[step.key];
        for (let time = 0; time < step.times; time++) {
          client.set(p, `string:${step.seed + time}`, valueMake((step.seed * 7919) % 3000, time));
          if (zsets.forgetIfGone(key)) gone++;
          const name = nameOf(step.key, step.seed + time * 7919);
          const score = step.score + (time % 7);
          if (step.what === 'add') zsets.add(key, name, score, step.conditions);
          else if (step.what === 'remove') zsets.remove(key, name);
          else if (step.what === 'find') zsets.expectFinds(key, name, score);
          else if (time === 0) zsets.removeRange(key, (step.seed % 100) / 100, step.share / 8);
        }
        partitionExpectSound(p);
        for (const other of KEYS) {
          if (zsets.forgetIfGone(other)) gone++;
          zsets.expectMembers(other);
        }
      }
    });
    fc.assert(property, { seed, numRuns: 8 });
    expect(gone).toBeGreaterThan(0);
  });
});

describe('sorted sets', () => {
  it('that come and go leave room for the next', () => {
    const zsets = new Zsets(partitionMake({ bytes: 16 * MIB, evicts: true }));
    const { p, op } = zsets;
    for (let round = 1, random = 1; round <= 50; round++) {
      random = Math.imul(random, 1664525) + 1013904223;
      const count = 1 + ((random >>> 8) % 20_000);
      let ref = zsets.find('set');
      if (ref !== 0) itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
      ref = 0;
      for (let n = 0; n < count; n++) {
        const entry = zsets.name(`place:${n}`);
        entry.score = Math.imul(n * round, 0x9e3779b1) >>> 0;
        ref = zsetAdd(p, op, ref, entry, 0);
        if (entry.outcome !== ADDED.NEW)
          expect(entry.outcome, `round ${round}: ${n} of ${count}`).toBe(ADDED.NEW);
      }
      zsetSettle(p, op, ref, true);
    }
    partitionExpectSound(p);
  });

  const sizes = fc.tuple(fc.nat(300), fc.nat(30), fc.nat(300));
  const weights = fc.tuple(fc.integer({ min: -2, max: 2 }), fc.constantFrom(0, 1, Infinity));

  it.each([1, Date.now() & 0x7fffffff])('are combined as Maps are (seed %i)', (seed) => {
    const aggregates = fc.constantFrom(...Object.values(AGGREGATE));
    const property = fc.property(sizes, weights, aggregates, (counts, [one, two], aggregate) => {
      const zsets = new Zsets(partitionMake({ bytes: 2 * MIB, evicts: false }));
      const { p } = zsets;
      const keys = ['a', 'b', 'c'];
      counts.forEach((count, index) => {
        for (let n = 0; n < count; n++)
          zsets.add(keys[index], `m${n * (index + 1)}`, (n % 9) - 3, 0);
      });
      const factors = [1, one, two];
      const sources = keys.map((key) => new ZsetSource(p, zsets.find(key)));
      sources.forEach((source, index) => {
        source.weight = factors[index];
      });
      const maps = keys.map((key) => new Map(zsets.pairs(key)));
      const names = (rows: ZsetRow[]) => rows.map(({ name }) => name).sort();
      const all = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort();
      const common = all.filter((name) => maps.every((map) => map.has(name)));
      expect(names(zsetUnion(sources, aggregate))).toEqual(all);
      expect(names(zsetIntersection(sources, aggregate))).toEqual(common);
      expect(zsetIntersectionCount(sources, 0)).toBe(common.length);
      expect(zsetIntersectionCount(sources, 3)).toBe(Math.min(3, common.length));
      const first = [...maps[0].keys()].filter((name) => !maps[1].has(name) && !maps[2].has(name));
      expect(names(zsetDifference(sources))).toEqual(first.sort());
      for (const { name, score } of zsetUnion(sources.slice(0, 2), aggregate)) {
        const values = [0, 1].flatMap((at) => {
          const value = maps[at].get(name);
          return value === undefined ? [] : [value * factors[at]];
        });
        const sum = values.reduce((total, value) => total + value, 0);
        const expected = [sum, Math.min(...values), Math.max(...values)];
        expect(score + 0).toBe(expected[aggregate] + 0);
      }
    });
    fc.assert(property, { seed, numRuns: 30 });
  });

  it('are stored whole, or the key keeps what it had', () => {
    const zsets = new Zsets(partitionMake({ bytes: 2 * MIB, evicts: false }));
    const { p, op } = zsets;
    const famine = new Famine(p);
    let refusals = 0;
    for (const count of [0, 1, 30, 5000, 3, 4000, 6000, 20, 0]) {
      for (const pagesLeft of [0, 1, 2, 8, 1000]) {
        const rows = Array.from({ length: count }, (_, n) => ({
          name: `row${n + 10_000}`,
          score: n,
        }));
        famine.begin(pagesLeft);
        zsets.find('stored');
        const status = zsetStore(p, op, rows);
        famine.end();
        if (status === STATUS.NO_MEMORY) refusals++;
        else
          zsets.models.set('stored', new Map(rows.map(({ name, score }): Pair => [name, score])));
        partitionExpectSound(p);
        zsets.expectMembers('stored');
        while (graveyardWork(p, 1000) > 0);
        const ref = zsets.find('stored');
        if (ref !== 0 && collectionCount(p, ref) > 128) expect(zsetIsSkiplist(p, ref)).toBe(true);
      }
    }
    expect(refusals).toBeGreaterThan(0);
    partitionExpectEmpty(p);
  });
});
