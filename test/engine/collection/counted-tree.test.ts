/**
 * Counted trees beside arrays: random changes, each looked up in both, in a partition whose memory runs
 * out at times. A change that is refused changes nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ENTRY_LEAF_WORD,
  TreePlace,
  treeAt,
  treeEnd,
  treeEntry,
  treeEntryWeight,
  treeFind,
  treeFirst,
  treeLast,
  treeNext,
  treePosition,
  treePrevious,
  treeTop,
  treeWeight,
} from '../../../src/engine/collection/counted-tree.ts';
import {
  treeFree,
  treeRemove,
  treeReplace,
  treeWeightAdd,
} from '../../../src/engine/collection/counted-tree-change.ts';
import { treeCreate, treeInsert } from '../../../src/engine/collection/counted-tree-growth.ts';
import { treeVerify } from '../../../src/engine/verify-tree.ts';
import { NODE_TYPE, nodeInit, ROOT_BYTES, rootBytes, rootInit } from '../../../src/memory/node.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { chunkGive, chunkTake } from '../../../src/memory/slab.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';

const ENTRY_BYTES = 48;

/** A counting tree and an array of the same entries. */
class Lists {
  readonly p: Partition;
  readonly rootRef: number;
  readonly place = new TreePlace();
  readonly model: { ref: number; weight: number }[] = [];
  refusals = 0;

  constructor(p: Partition) {
    this.p = p;
    this.rootRef = chunkTake(p, p.classes.classFor(ROOT_BYTES));
    rootInit(p, this.rootRef);
    expect(treeCreate(p, this.rootRef, false, NOW_MS)).toBe(true);
  }

  entryMake(): number {
    const ref = chunkTake(this.p, this.p.classes.classFor(ENTRY_BYTES));
    if (ref !== 0) nodeInit(this.p, ref, NODE_TYPE.STRIP, this.rootRef);
    return ref;
  }

  /** Goes to the entry of an index, or behind the last one. */
  goTo(index: number): void {
    if (index === this.model.length) {
      treeEnd(this.p, this.rootRef, this.place);
      return;
    }
    const before = this.model.slice(0, index).reduce((sum, { weight }) => sum + weight, 0);
    expect(treeAt(this.p, this.rootRef, before, this.place)).toBe(0);
    expect(treeEntry(this.p, this.place)).toBe(this.model[index].ref);
  }

  insert(index: number, weight: number): void {
    const ref = this.entryMake();
    if (ref === 0) return;
    this.goTo(index);
    if (treeInsert(this.p, this.place, ref, weight, NOW_MS)) {
      this.model.splice(index, 0, { ref, weight });
      expect(treeEntry(this.p, this.place)).toBe(ref);
      expect(treeEntryWeight(this.p, this.place)).toBe(weight);
    } else {
      this.refusals++;
      chunkGive(this.p, ref);
    }
  }

  remove(index: number): void {
    this.goTo(index);
    treeRemove(this.p, this.place);
    const [{ ref }] = this.model.splice(index, 1);
    chunkGive(this.p, ref);
    if (index === this.model.length) expect(this.place.leafRef).toBe(0);
    else expect(treeEntry(this.p, this.place)).toBe(this.model[index].ref);
  }

  replace(index: number, weight: number): void {
    const ref = this.entryMake();
    if (ref === 0) return;
    this.goTo(index);
    treeReplace(this.p, this.place, ref);
    treeWeightAdd(this.p, this.place, weight - this.model[index].weight);
    chunkGive(this.p, this.model[index].ref);
    this.model[index] = { ref, weight };
    treeFind(this.p, ref, this.place);
    expect(treeEntry(this.p, this.place)).toBe(ref);
  }

  /** An entry in the middle of what one weighs. */
  findInside(index: number, inside: number): void {
    const { weight, ref } = this.model[index];
    const before = this.model.slice(0, index).reduce((sum, each) => sum + each.weight, 0);
    const offset = inside % weight;
    expect(treeAt(this.p, this.rootRef, before + offset, this.place)).toBe(offset);
    expect(treeEntry(this.p, this.place)).toBe(ref);
    expect(treePosition(this.p, this.place)).toBe(before);
  }

  expectSound(): void {
    const { p, rootRef, place, model } = this;
    const problems: string[] = [];
    const { entries, weights } = treeVerify(p, rootRef, (text) => problems.push(text));
    expect(problems).toEqual([]);
    expect(entries).toEqual(model.map(({ ref }) => ref));
    expect(weights).toEqual(model.map(({ weight }) => weight));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    expect(treeWeight(p, rootRef)).toBe(total);
    expect(treeAt(p, rootRef, total, place)).toBe(-1);
    expect(treeAt(p, rootRef, -1, place)).toBe(-1);
  }

  /** Both ways along the tree. */
  expectWalks(): void {
    const { p, rootRef, place } = this;
    const refs = this.model.map(({ ref }) => ref);
    const forward: number[] = [];
    for (let more = treeFirst(p, rootRef, place); more; more = treeNext(p, place)) {
      forward.push(treeEntry(p, place));
    }
    const backward: number[] = [];
    for (let more = treeLast(p, rootRef, place); more; more = treePrevious(p, place)) {
      backward.push(treeEntry(p, place));
    }
    expect(forward).toEqual(refs);
    expect(backward.reverse()).toEqual(refs);
  }

  discard(): void {
    const { p, rootRef } = this;
    for (let leaves = -1; leaves !== 0; ) leaves = treeFree(p, rootRef, 3);
    expect(treeTop(p, rootRef)).toBe(0);
    expect(rootBytes(p, rootRef)).toBe(0);
    for (const { ref } of this.model) chunkGive(p, ref);
    chunkGive(p, rootRef);
    partitionExpectEmpty(p);
  }
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('insert', 'append', 'prepend', 'remove', 'removeMany', 'replace', 'find'),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 400 })),
    weight: fc.integer({ min: 1, max: 1000 }),
    pagesLeft: fc.option(fc.nat(3), { freq: 4 }),
  }),
  { minLength: 20, maxLength: 60, size: 'max' },
);

describe('a counting tree', () => {
  it.each([1, 2, Date.now() & 0x7fffffff])('is an array (seed %i)', (seed) => {
    let refusals = 0;
    const property = fc.property(steps, (all) => {
      const lists = new Lists(partitionMake({ bytes: 4 * MIB, evicts: false }));
      const { p, model } = lists;
      const famine = new Famine(p);
      for (const { what, at, times, weight, pagesLeft } of all) {
        if (pagesLeft !== null) famine.begin(pagesLeft);
        const fixed = Math.floor(at * model.length);
        for (let time = 0; time < times; time++) {
          const index = Math.floor(((at * 7919 + time * 0.618) % 1) * model.length);
          if (what === 'insert') lists.insert(index, weight);
          else if (what === 'append') lists.insert(model.length, weight + time);
          else if (what === 'prepend') lists.insert(0, weight + time);
          else if (model.length === 0) break;
          else if (what === 'remove') lists.remove(index);
          else if (what === 'removeMany') lists.remove(Math.min(fixed, model.length - 1));
          else if (what === 'replace') lists.replace(index, weight + time);
          else lists.findInside(index, weight);
        }
        famine.end();
        lists.expectSound();
      }
      lists.expectWalks();
      refusals += lists.refusals;
      lists.discard();
    });
    fc.assert(property, { seed, numRuns: 20 });
    expect(refusals).toBeGreaterThan(0);
  });

  it('fills its leaves when entries come at its ends', () => {
    const p = partitionMake({ bytes: 16 * MIB, evicts: false });
    for (const index of [Number.POSITIVE_INFINITY, 0]) {
      const lists = new Lists(p);
      for (let n = 0; n < 6400; n++) lists.insert(Math.min(index, lists.model.length), 1);
      const { nodes } = treeVerify(p, lists.rootRef, (text) => expect(text).toBe(''));
      // A hundred leaves, and what is above them.
      expect(nodes.length).toBeLessThanOrEqual(index === 0 ? 108 : 104);
      for (const { ref } of lists.model) expect(p.i32[(ref << 1) + ENTRY_LEAF_WORD]).not.toBe(0);
      lists.discard();
    }
  });

  it('gives back its memory as entries go', () => {
    const p = partitionMake({ bytes: 16 * MIB, evicts: false });
    const lists = new Lists(p);
    for (let n = 0; n < 20_000; n++) lists.insert(n === 0 ? 0 : (n * 7919) % n, 1);
    while (lists.model.length > 64) lists.remove((lists.model.length * 5) >>> 3);
    lists.expectSound();
    const { nodes } = treeVerify(p, lists.rootRef, (text) => expect(text).toBe(''));
    expect(nodes.length).toBeLessThanOrEqual(6);
    lists.discard();
  });
});
