/**
 * Sorted sets beside Maps: random members come, change and go, in sets that are packed and large, while
 * memory runs out at times.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFill } from '../../../src/base/key.ts';
import { graveyardWork } from '../../../src/engine/collection/graveyard-work.ts';
import { ORDER, OrderTarget } from '../../../src/engine/collection/order-target.ts';
import { Operation } from '../../../src/engine/operation.ts';
import {
  ADD,
  ADDED,
  zsetAdd,
  zsetFind,
  zsetIsLarge,
  zsetIsSkiplist,
  zsetRank,
  zsetRankOf,
  zsetRemove,
  zsetRemoveRange,
  zsetScore,
  zsetSettle,
} from '../../../src/engine/types/zset.ts';
import { entrySetName, ZsetEntry } from '../../../src/engine/types/zset-entry.ts';
import { walkBegin, walkNext, ZsetWalk } from '../../../src/engine/types/zset-walk.ts';
import { collectionCount } from '../../../src/memory/collection.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';

type Pair = readonly [name: string, score: number];

function pairOrder(one: Pair, other: Pair): number {
  return one[1] - other[1] || Buffer.compare(Buffer.from(one[0]), Buffer.from(other[0]));
}

/** Sorted sets of one partition, and a Map for each. */
class Zsets {
  readonly p: Partition;
  readonly op = new Operation(Buffer.alloc(16));
  readonly entry = new ZsetEntry(Buffer.alloc(16_384));
  readonly walk = new ZsetWalk();
  readonly target = new OrderTarget(Buffer.alloc(16_384));
  readonly models = new Map<string, Map<string, number>>();
  refusals = 0;

  constructor(p: Partition) {
    this.p = p;
    this.op.nowMs = NOW_MS;
    this.op.nowSec = NOW_MS / 1000;
  }

  find(key: string): number {
    const bytes = Buffer.from(key);
    keyFill(this.op.key, bytes, 0, bytes.length);
    return zsetFind(this.p, this.op);
  }

  name(name: string): ZsetEntry {
    const bytes = this.entry.name.write(name, 5);
    entrySetName(this.entry, this.entry.name, 5, bytes);
    return this.entry;
  }

  pairs(key: string): Pair[] {
    return [...(this.models.get(key) ?? new Map<string, number>())].sort(pairOrder);
  }

  add(key: string, name: string, score: number, conditions: number): void {
    const { p, op } = this;
    const before = this.models.get(key)?.get(name);
    const sum = before !== undefined && conditions & ADD.INCR ? before + score : score;
    let expected: number = ADDED.NEW;
    if (before === undefined) {
      if (conditions & ADD.XX) expected = ADDED.NOTHING;
    } else if (conditions & ADD.NX) expected = ADDED.NOTHING;
    else if (Number.isNaN(sum)) expected = ADDED.NAN;
    else if (conditions & ADD.GT && sum <= before) expected = ADDED.NOTHING;
    else if (conditions & ADD.LT && sum >= before) expected = ADDED.NOTHING;
    else expected = sum === before ? ADDED.SAME : ADDED.CHANGED;

    const ref = this.find(key);
    const entry = this.name(name);
    entry.score = score;
    const to = zsetAdd(p, op, ref, entry, conditions);
    zsetSettle(p, op, to, entry.outcome === ADDED.NEW || entry.outcome === ADDED.CHANGED);
    if (entry.outcome === ADDED.NO_MEMORY) {
      this.refusals++;
      expect([ADDED.NEW, ADDED.CHANGED]).toContain(expected);
    } else {
      expect(entry.outcome).toBe(expected);
      if (expected === ADDED.NEW || expected === ADDED.CHANGED) {
        const model = this.models.get(key) ?? new Map<string, number>();
        this.models.set(key, model.set(name, sum));
        expect(entry.score).toBe(sum);
      }
    }
    this.entry.name = this.target.name;
  }

  remove(key: string, name: string): void {
    const { p, op } = this;
    const ref = this.find(key);
    if (ref === 0) return;
    const entry = this.name(name);
    const to = zsetRemove(p, op, ref, entry);
    zsetSettle(p, op, to, entry.outcome === ADDED.CHANGED);
    expect(entry.outcome === ADDED.CHANGED).toBe(this.models.get(key)?.delete(name));
  }

  removeRange(key: string, at: number, share: number): void {
    const { p, op } = this;
    const ref = this.find(key);
    if (ref === 0) return;
    const pairs = this.pairs(key);
    const rank = Math.floor(at * pairs.length);
    const count = Math.floor(share * (pairs.length - rank));
    if (count === 0) return;
    zsetSettle(p, op, zsetRemoveRange(p, op, ref, rank, count), true);
    for (const [name] of pairs.slice(rank, rank + count)) this.models.get(key)?.delete(name);
  }

  expectMembers(key: string): void {
    const { p, walk, entry } = this;
    const pairs = this.pairs(key);
    const ref = this.find(key);
    expect(ref === 0).toBe(pairs.length === 0);
    if (ref === 0) return;
    expect(collectionCount(p, ref)).toBe(pairs.length);
    const from = pairs.length >>> 2;
    const found: Pair[] = [];
    walkBegin(p, ref, walk, 0, pairs.length, false);
    while (walkNext(p, walk, entry)) found.push([this.nameText(), entry.score]);
    expect(found).toEqual(pairs);
    const back: Pair[] = [];
    walkBegin(p, ref, walk, from, from + 1, true);
    while (walkNext(p, walk, entry)) back.push([this.nameText(), entry.score]);
    expect(back.reverse()).toEqual(pairs.slice(0, from + 1));
    entry.name = this.target.name;
  }

  nameText(): string {
    const { name, nameStart, nameBytes } = this.entry;
    return name.toString('utf8', nameStart, nameStart + nameBytes);
  }

  expectFinds(key: string, name: string, score: number): void {
    const { p, target } = this;
    const ref = this.find(key);
    if (ref === 0) return;
    const pairs = this.pairs(key);
    const entry = this.name(name);
    const known = this.models.get(key)?.get(name);
    expect(zsetScore(p, ref, entry) ? entry.score : undefined).toBe(known);
    expect(zsetRank(p, ref, entry)).toBe(pairs.findIndex((pair) => pair[0] === name));
    target.by = ORDER.SCORE;
    target.score = score;
    target.isBehind = false;
    expect(zsetRankOf(p, ref, target)).toBe(pairs.filter((pair) => pair[1] < score).length);
    target.isBehind = true;
    expect(zsetRankOf(p, ref, target)).toBe(pairs.filter((pair) => pair[1] <= score).length);
  }
}

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
