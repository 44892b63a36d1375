/**
 * Id trees beside sorted arrays: records come behind all others and between them, and go in any order.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamId, streamIdText } from '../../../src/base/stream-id.ts';
import {
  ID_WORDS,
  IdPlace,
  idAt,
  idFirst,
  idNext,
  idSeek,
  idSettle,
  idTreeCount,
  idTreeInit,
  WIDE_RECORD_WORDS,
} from '../../../src/engine/types/stream-pending-tree.ts';
import { idRemove, idTreeShrink } from '../../../src/engine/types/stream-pending-tree-change.ts';
import { ID_ADDED, idAdd } from '../../../src/engine/types/stream-pending-tree-growth.ts';
import { IdTreeWalk } from '../../../src/engine/verify-id-tree.ts';
import { ROOT_BYTES, rootBytes, rootInit } from '../../../src/memory/node.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { chunkGive, chunkTake } from '../../../src/memory/slab.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';

const TIMEOUT_MS = 120_000;
const HOLDER_BYTES = 48;
const UINT32_END = 2 ** 32;

/** Numbers as ids, so that all words differ now and then, and the unsigned order matters. */
function idSet(id: StreamId, number: number): void {
  id.msHi = number >= 1e6 ? -1 : 0;
  id.msLo = ((Math.floor(number / 1000) * 997_001) % UINT32_END) | 0;
  id.seqHi = 0;
  id.seqLo = ((number % 1000) * 4_000_000) | 0;
}

/** What holds the order of ids above. */
function idOrder(one: number, other: number): number {
  return one - other;
}

/** A tree, and a sorted array of the same numbers. */
class Trees {
  readonly p: Partition;
  readonly famine: Famine;
  readonly rootRef: number;
  readonly holder: number;
  readonly tree: number;
  readonly id = new StreamId();
  readonly place = new IdPlace();
  readonly isWide: boolean;
  model: number[] = [];
  refusals = 0;

  constructor(recordWords: number, bytes: number) {
    const p = partitionMake({ bytes, evicts: false });
    this.p = p;
    this.famine = new Famine(p);
    this.rootRef = chunkTake(p, p.classes.classFor(ROOT_BYTES));
    rootInit(p, this.rootRef);
    this.holder = chunkTake(p, p.classes.classFor(HOLDER_BYTES));
    this.tree = (this.holder << 1) + 4;
    this.isWide = recordWords === WIDE_RECORD_WORDS;
    idTreeInit(p, this.tree, recordWords);
  }

  add(number: number): void {
    const { p, rootRef, tree, id, place, model } = this;
    idSet(id, number);
    const isThere = this.model.includes(number);
    const added = idAdd(p, rootRef, tree, id, place, NOW_MS);
    if (added === ID_ADDED.NO_MEMORY) {
      this.refusals++;
      return;
    }
    expect(added).toBe(isThere ? ID_ADDED.THERE : ID_ADDED.NEW);
    if (!isThere) {
      model.push(number);
      if (model.length > 1 && number < model[model.length - 2]) model.sort(idOrder);
      if (this.isWide) p.f64[(idAt(p, place) + 4) >>> 1] = number;
    }
    this.expectAt(number);
  }

  remove(index: number): void {
    const { p, tree, id, place, model } = this;
    if (model.length === 0) return;
    idSet(id, model[index]);
    expect(idSeek(p, tree, id, place)).toBe(true);
    this.expectAt(model[index]);
    idRemove(p, tree, place);
    model.splice(index, 1);
  }

  shrink(): void {
    const before = idTreeCount(this.p, this.tree);
    const isMore = idTreeShrink(this.p, this.tree);
    const left = idTreeCount(this.p, this.tree);
    if (!isMore) expect(before).toBe(0);
    this.model.length = left;
  }

  /** The place is at the record of the number. */
  expectAt(number: number): void {
    const { p, place } = this;
    const at = idAt(p, place);
    const words = [...p.i32.subarray(at, at + ID_WORDS)];
    const id = new StreamId();
    idSet(id, number);
    expect(words).toEqual([id.msHi, id.msLo, id.seqHi, id.seqLo]);
    if (this.isWide) expect(p.f64[(at + 4) >>> 1], streamIdText(id)).toBe(number);
  }

  /** Seeking finds the first that is not less, and from there all others. */
  expectSeek(number: number): void {
    const { p, tree, id, place, model } = this;
    idSet(id, number);
    const isExact = idSeek(p, tree, id, place);
    expect(isExact).toBe(model.includes(number));
    const rest = model.filter((each) => each >= number);
    let isThere = idSettle(p, place);
    for (const each of rest.slice(0, 200)) {
      expect(isThere).toBe(true);
      this.expectAt(each);
      isThere = idNext(p, place);
    }
  }

  expectSound(): void {
    const { p, model } = this;
    const nodes = new Set<number>();
    const problems: string[] = [];
    const take = (node: number): boolean => !nodes.has(node) && nodes.add(node) !== undefined;
    const walk = new IdTreeWalk(p, this.tree, take, (text) => problems.push(text));
    expect(problems).toEqual([]);
    expect(walk.records.length).toBe(model.length);
    expect(walk.bytes).toBe(rootBytes(p, this.rootRef));
    if (this.isWide) {
      expect(walk.records.map((at) => p.f64[(at + 4) >>> 1])).toEqual(model);
    }
  }

  discard(): void {
    const { p } = this;
    this.expectSound();
    let isMore = true;
    while (isMore) isMore = idTreeShrink(p, this.tree);
    expect(rootBytes(p, this.rootRef)).toBe(0);
    chunkGive(p, this.holder);
    chunkGive(p, this.rootRef);
    partitionExpectEmpty(p);
  }
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('append', 'append', 'add', 'descend', 'first', 'last', 'any', 'shrink'),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 }), fc.integer({ max: 300 })),
    pagesLeft: fc.option(fc.nat(2), { freq: 4 }),
  }),
  { minLength: 20, maxLength: 60, size: 'max' },
);

function stepRun(trees: Trees, what: string, at: number, turn: number): void {
  const { model } = trees;
  const index = Math.floor(at * model.length);
  if (what === 'append') trees.add((model.at(-1) ?? 0) + 1 + Math.floor(at * 3));
  else if (what === 'add') trees.add(Math.floor(((at * 7919 + turn * 0.37) % 1) * 1.2e6));
  else if (what === 'descend') trees.add(Math.max(0, (model[0] ?? 5000) - 1));
  else if (what === 'first') trees.remove(0);
  else if (what === 'last') trees.remove(model.length - 1);
  else if (what === 'any') trees.remove(index);
  else if (turn === 0) trees.shrink();
}

describe.each([ID_WORDS, WIDE_RECORD_WORDS])('an id tree of records of %i words', (recordWords) => {
  it.each([1, 2, Date.now() & 0x7fffffff])(
    'is a sorted array (seed %i)',
    { timeout: TIMEOUT_MS },
    (seed) => {
      let refusals = 0;
      const property = fc.property(steps, (all) => {
        const trees = new Trees(recordWords, MIB);
        for (const { what, at, times, pagesLeft } of all) {
          if (pagesLeft !== null) trees.famine.begin(pagesLeft);
          for (let turn = 0; turn < times; turn++) stepRun(trees, what, at, turn);
          trees.famine.end();
          trees.expectSound();
          trees.expectSeek(Math.floor(at * 1.2e6));
          if (trees.model.length > 0) {
            trees.expectSeek(trees.model[Math.floor(at * trees.model.length)]);
          }
        }
        refusals += trees.refusals;
        trees.discard();
      });
      fc.assert(property, { seed, numRuns: 10, endOnFailure: true });
      expect(refusals).toBeGreaterThan(0);
    },
  );

  it('grows to several levels, and goes from either end and from the middle', {
    timeout: TIMEOUT_MS,
  }, () => {
    for (const end of ['first', 'last', 'any', 'shrink']) {
      const trees = new Trees(recordWords, 4 * MIB);
      for (let number = 0; number < 20_000; number++) {
        idSet(trees.id, number);
        expect(idAdd(trees.p, trees.rootRef, trees.tree, trees.id, trees.place, NOW_MS)).toBe(0);
        if (trees.isWide) trees.p.f64[(idAt(trees.p, trees.place) + 4) >>> 1] = number;
        trees.model.push(number);
      }
      // All leaves are full that come behind each other.
      expect(rootBytes(trees.p, trees.rootRef)).toBeLessThan(20_000 * recordWords * 4 * 1.05);
      trees.expectSound();
      for (let turn = 0; trees.model.length > 100; turn++) {
        stepRun(trees, end, (turn * 0.618034) % 1, 0);
        if (turn % 5000 === 0) trees.expectSound();
      }
      expect(rootBytes(trees.p, trees.rootRef)).toBeLessThan(100 * recordWords * 4 * 4 + 8192);
      trees.discard();
    }
  });

  it('stays small while what comes goes soon', { timeout: TIMEOUT_MS }, () => {
    const trees = new Trees(recordWords, MIB);
    for (let number = 0; number < 20_000; number++) {
      trees.add(number);
      if (trees.model.length > (number % 200) + 1) trees.remove(0);
      if (trees.model.length > 40 && number % 3 === 0) trees.remove(20);
    }
    trees.expectSound();
    expect(rootBytes(trees.p, trees.rootRef)).toBeLessThan(24_000);
    trees.discard();
  });
});

describe('places', () => {
  it('are nowhere in a tree that is empty', () => {
    const trees = new Trees(ID_WORDS, MIB);
    expect(idFirst(trees.p, trees.tree, trees.place)).toBe(false);
    trees.add(7);
    expect(idFirst(trees.p, trees.tree, trees.place)).toBe(true);
    trees.remove(0);
    expect(idFirst(trees.p, trees.tree, trees.place)).toBe(false);
    trees.discard();
  });
});
