/**
 * Ordered trees beside sorted arrays: members come, go and are sought by every kind of target.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  TreePlace,
  treeEntry,
  treePosition,
  treeSettle,
} from '../../../src/engine/collection/counted-tree.ts';
import { treeFree, treeRemove } from '../../../src/engine/collection/counted-tree-change.ts';
import {
  treeCreate,
  treeInsert,
  treeMove,
} from '../../../src/engine/collection/counted-tree-growth.ts';
import {
  membersCompare,
  treeMemberReplace,
  treeSeek,
} from '../../../src/engine/collection/counted-tree-order.ts';
import { ORDER, OrderTarget } from '../../../src/engine/collection/order-target.ts';
import { treeVerify } from '../../../src/engine/verify-tree.ts';
import {
  ITEM_TYPE,
  itemHeaderWrite,
  itemKeyOffset,
  itemNameOffset,
  itemValueOffset,
} from '../../../src/memory/item.ts';
import { ROOT_BYTES, rootInit } from '../../../src/memory/node.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { chunkGive, chunkTake } from '../../../src/memory/slab.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';

const NAMESPACED = 1 << 18;
const CHUNK_BYTES = 128;

type Member = { readonly name: string; readonly score: number; readonly ref: number };

function memberOrder(one: Member, other: Member): number {
  return one.score - other.score || Buffer.compare(Buffer.from(one.name), Buffer.from(other.name));
}

/** An ordered tree and a sorted array of the same members. */
class SortedSets {
  readonly p: Partition;
  readonly rootRef: number;
  readonly place = new TreePlace();
  readonly target = new OrderTarget(Buffer.alloc(256));
  model: Member[] = [];
  refusals = 0;

  constructor(p: Partition) {
    this.p = p;
    this.rootRef = chunkTake(p, p.classes.classFor(ROOT_BYTES));
    rootInit(p, this.rootRef);
    expect(treeCreate(p, this.rootRef, true, NOW_MS)).toBe(true);
  }

  memberMake(name: string, score: number): number {
    const { p } = this;
    const ref = chunkTake(p, p.classes.classFor(CHUNK_BYTES));
    if (ref === 0) return 0;
    const bytes = 4 + Buffer.byteLength(name);
    itemHeaderWrite(p, ref, ITEM_TYPE.MEMBER, NAMESPACED, bytes, 8);
    p.i32[itemKeyOffset(p, ref) >>> 2] = this.rootRef;
    p.u8.write(name, itemNameOffset(p, ref));
    p.view.setFloat64(itemValueOffset(p, ref), score, true);
    return ref;
  }

  /** Goes to where the target is; returns the position. */
  seek(by: number, isBehind: boolean, score: number, name: string): number {
    const { target } = this;
    target.by = by;
    target.isBehind = isBehind;
    target.score = score;
    target.nameStart = 16;
    target.nameBytes = target.name.write(name, 16);
    treeSeek(this.p, this.rootRef, target, this.place);
    return treePosition(this.p, this.place);
  }

  add(name: string, score: number): void {
    if (this.model.some((member) => member.name === name)) return;
    const ref = this.memberMake(name, score);
    if (ref === 0) return;
    const member = { name, score, ref };
    const position = this.seek(ORDER.BOTH, false, score, name);
    expect(position).toBe(this.model.filter((other) => memberOrder(other, member) < 0).length);
    if (treeInsert(this.p, this.place, ref, 1, NOW_MS)) {
      this.model.splice(position, 0, member);
    } else {
      this.refusals++;
      chunkGive(this.p, ref);
    }
  }

  goTo(index: number): Member {
    const member = this.model[index];
    expect(this.seek(ORDER.BOTH, false, member.score, member.name)).toBe(index);
    expect(treeSettle(this.p, this.place)).toBe(true);
    expect(treeEntry(this.p, this.place)).toBe(member.ref);
    return member;
  }

  remove(index: number): void {
    const { ref } = this.goTo(index);
    treeRemove(this.p, this.place);
    chunkGive(this.p, ref);
    this.model.splice(index, 1);
    if (index === this.model.length) expect(this.place.leafRef).toBe(0);
    else expect(treeEntry(this.p, this.place)).toBe(this.model[index].ref);
  }

  /** The member gets another score. */
  move(index: number, score: number): void {
    const { p, place } = this;
    const { name, ref, score: before } = this.model[index];
    const others = this.model.filter((_, other) => other !== index);
    this.seek(ORDER.BOTH, false, score, name);
    const to = Object.assign(new TreePlace(), place);
    this.goTo(index);
    p.view.setFloat64(itemValueOffset(p, ref), score, true);
    if (treeMove(p, place, to, NOW_MS)) {
      this.model.splice(0, this.model.length, ...others, { name, score, ref });
      this.model.sort(memberOrder);
    } else {
      this.refusals++;
      p.view.setFloat64(itemValueOffset(p, ref), before, true);
    }
  }

  /** The member goes to another chunk. */
  replace(index: number): void {
    const { name, score, ref } = this.model[index];
    const to = this.memberMake(name, score);
    if (to === 0) return;
    treeMemberReplace(this.p, this.rootRef, ref, to);
    chunkGive(this.p, ref);
    this.model[index] = { name, score, ref: to };
  }

  expectSound(): void {
    const { p, rootRef, model } = this;
    const problems: string[] = [];
    const { entries } = treeVerify(p, rootRef, (text) => problems.push(text));
    expect(problems).toEqual([]);
    expect(entries).toEqual(model.map(({ ref }) => ref));
    for (let index = 1; index < entries.length; index++) {
      expect(membersCompare(p, entries[index - 1], entries[index])).toBeLessThan(0);
    }
  }

  expectFinds(score: number, name: string): void {
    const { model } = this;
    const count = (isBefore: (member: Member) => boolean) => model.filter(isBefore).length;
    expect(this.seek(ORDER.SCORE, false, score, '')).toBe(count((each) => each.score < score));
    expect(this.seek(ORDER.SCORE, true, score, '')).toBe(count((each) => each.score <= score));
    const sought = { name, score, ref: 0 };
    const before = count((each) => memberOrder(each, sought) < 0);
    expect(this.seek(ORDER.BOTH, false, score, name)).toBe(before);
    const upTo = count((each) => memberOrder(each, sought) <= 0);
    expect(this.seek(ORDER.BOTH, true, score, name)).toBe(upTo);
    if (new Set(model.map((each) => each.score)).size > 1) return;
    const [named, other] = [count((each) => each.name < name), count((each) => each.name <= name)];
    expect(this.seek(ORDER.NAME, false, 0, name)).toBe(named);
    expect(this.seek(ORDER.NAME, true, 0, name)).toBe(other);
  }

  discard(): void {
    for (const { ref } of this.model) chunkGive(this.p, ref);
    for (let leaves = -1; leaves !== 0; ) leaves = treeFree(this.p, this.rootRef, 7);
    chunkGive(this.p, this.rootRef);
    partitionExpectEmpty(this.p);
  }
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom(
      'add',
      'add',
      'ascend',
      'descend',
      'remove',
      'removeRange',
      'replace',
      'move',
      'nudge',
    ),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 250 })),
    score: fc.integer({ min: -20, max: 20 }),
    pagesLeft: fc.option(fc.nat(3), { freq: 4 }),
  }),
  { minLength: 20, maxLength: 50, size: 'max' },
);

describe('an ordered tree', () => {
  it.each([1, 2, Date.now() & 0x7fffffff])('is a sorted array (seed %i)', (seed) => {
    let refusals = 0;
    const property = fc.property(steps, fc.boolean(), (all, sameScore) => {
      const sets = new SortedSets(partitionMake({ bytes: 4 * MIB, evicts: false }));
      const { p, model } = sets;
      const famine = new Famine(p);
      for (const { what, at, times, score, pagesLeft } of all) {
        if (pagesLeft !== null) famine.begin(pagesLeft);
        for (let time = 0; time < times; time++) {
          const salt = (at * 7919 + time * 0.618) % 1;
          const index = Math.floor(salt * model.length);
          // Names with much in common, and some that begin others.
          const name = `${'member:'.repeat(1 + Math.floor(salt * 12))}${Math.floor(salt * 4e5)}`;
          if (what === 'add') sets.add(name, sameScore ? 1 : score + Math.floor(salt * 9));
          else if (what === 'ascend') sets.add(name, sameScore ? 1 : 100 + time);
          else if (what === 'descend') sets.add(name, sameScore ? 1 : -100 - time);
          else if (model.length === 0) break;
          else if (what === 'remove') sets.remove(index);
          else if (what === 'removeRange') sets.remove(Math.floor(at * model.length));
          else if (what === 'replace') sets.replace(index);
          else if (sameScore) sets.goTo(index);
          else if (what === 'move') sets.move(index, score + Math.floor(salt * 100));
          else sets.move(index, model[index].score + (salt - 0.5) / 8);
          if (time % 50 === 0) sets.expectFinds(sameScore ? 1 : score, name.slice(0, -1));
        }
        famine.end();
        sets.expectSound();
      }
      refusals += sets.refusals;
      sets.discard();
    });
    fc.assert(property, { seed, numRuns: 12 });
    expect(refusals).toBeGreaterThan(0);
  });
});
