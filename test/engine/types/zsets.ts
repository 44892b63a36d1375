/** Sorted sets of a partition beside Maps, for tests. */
import { expect } from 'vitest';
import { keyFill } from '../../../src/base/key.ts';
import { ORDER, OrderTarget } from '../../../src/engine/collection/order-target.ts';
import { Operation } from '../../../src/engine/operation.ts';
import {
  ADD,
  ADDED,
  zsetAdd,
  zsetFind,
  zsetRank,
  zsetRankOf,
  zsetRemove,
  zsetRemoveRange,
  zsetScore,
  zsetSettle,
} from '../../../src/engine/types/zset.ts';
import { entrySetName, ZsetEntry } from '../../../src/engine/types/zset-entry.ts';
import { ZsetWalk, zsetWalkNext, zsetWalkStart } from '../../../src/engine/types/zset-walk.ts';
import { collectionCount } from '../../../src/memory/collection.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { NOW_MS } from '../limits.ts';

export type Pair = readonly [name: string, score: number];

export function pairOrder(one: Pair, other: Pair): number {
  return one[1] - other[1] || Buffer.compare(Buffer.from(one[0]), Buffer.from(other[0]));
}

/** Sorted sets of one partition, and a Map for each. */
export class Zsets {
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

  /** Empties the Map of a set that was evicted. */
  forgetIfGone(key: string): boolean {
    const isGone = this.find(key) === 0 && (this.models.get(key)?.size ?? 0) > 0;
    if (isGone) this.models.delete(key);
    return isGone;
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
    zsetWalkStart(p, ref, walk, 0, pairs.length, false);
    while (zsetWalkNext(p, walk, entry)) found.push([this.nameText(), entry.score]);
    expect(found).toEqual(pairs);
    const back: Pair[] = [];
    zsetWalkStart(p, ref, walk, from, from + 1, true);
    while (zsetWalkNext(p, walk, entry)) back.push([this.nameText(), entry.score]);
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
