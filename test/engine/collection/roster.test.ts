/** The roster against an array: slots, nodes that grow and shrink, levels, and memory that runs out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rootCreate } from '../../../src/engine/collection/root.ts';
import {
  ROSTER_FANOUT,
  rosterAt,
  rosterNode,
  rosterNodeCapacity,
  rosterRemove,
  rosterReplace,
} from '../../../src/engine/collection/roster.ts';
import { rosterAdd } from '../../../src/engine/collection/roster-growth.ts';
import { itemSlot, itemSlotSet } from '../../../src/memory/item.ts';
import { ROOT, ROOT_BYTES, rootBytes, rootCount } from '../../../src/memory/node.ts';
import { CLASS, classRecord, HEADER, type Partition } from '../../../src/memory/partition.ts';
import { partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';

/** Chunks in use besides those of the roster's members, which these tests do not make. */
function chunksUsed(p: Partition): number {
  let used = 0;
  for (let id = 1; id < p.classes.count; id++) used += p.i32[classRecord(id) + CLASS.usedCount];
  return used;
}

/** A roster of made-up members, far behind all chunks, beside an array that says what it must hold. */
class Roster {
  readonly p: Partition;
  readonly root: number;
  readonly members: number[] = [];
  private next: number;

  constructor(p: Partition) {
    this.p = p;
    this.root = rootCreate(p, NOW_MS);
    this.next = (p.sab.byteLength >>> 3) - 2;
  }

  /** False: no memory. */
  add(): boolean {
    const member = this.next;
    const slot = rosterAdd(this.p, this.root, member, NOW_MS);
    if (slot < 0) return false;
    if (slot !== this.members.length) expect.fail(`${slot}`); // four million times too dear for toBe
    itemSlotSet(this.p, member, slot);
    this.members.push(member);
    this.next -= 2;
    return true;
  }

  remove(slot: number): void {
    rosterRemove(this.p, this.root, slot);
    const last = this.members.pop() as number; // tests remove what is there
    if (slot < this.members.length) this.members[slot] = last;
  }

  /** All slots, or only the first and last ones of each node. */
  check(every: boolean): void {
    const { p, root, members } = this;
    expect(rootCount(p, root)).toBe(members.length);
    for (let slot = 0; slot < members.length; slot++) {
      const within = slot % ROSTER_FANOUT;
      if (!every && within > 1 && within < ROSTER_FANOUT - 1) continue;
      if (rosterAt(p, root, slot) !== members[slot] || itemSlot(p, members[slot]) !== slot) {
        expect.fail(`slot ${slot} of ${members.length}`);
      }
    }
    this.nodesCheck();
  }

  /** As many nodes as it takes, the last of each level not four times too large. */
  private nodesCheck(): void {
    const { p, root } = this;
    const depth = p.i32[(root << 1) + ROOT.rosterDepth];
    let nodes = 0;
    let bytes = ROOT_BYTES;
    let entries = this.members.length;
    for (let level = 0; level <= depth && entries > 0; level++) {
      const count = Math.ceil(entries / ROSTER_FANOUT);
      if (level === depth) expect(count).toBe(1);
      for (let index = 0; index < count; index++) {
        const capacity = rosterNodeCapacity(p, rosterNode(p, root, level, index));
        const used = Math.min(entries - index * ROSTER_FANOUT, ROSTER_FANOUT);
        if (index < count - 1) expect(capacity).toBe(ROSTER_FANOUT);
        expect(capacity).toBeGreaterThanOrEqual(used);
        bytes += (capacity + 2) * 4;
      }
      nodes += count;
      entries = count;
    }
    expect(chunksUsed(p)).toBe(nodes + 1);
    expect(rootBytes(p, root)).toBe(bytes);
    if (this.members.length === 0) expect(p.i32[(root << 1) + ROOT.rosterRef]).toBe(0);
  }
}

describe('a roster', () => {
  it('numbers members as they come, through all sizes of its first node', () => {
    const roster = new Roster(partitionMake());
    while (roster.members.length < 3 * ROSTER_FANOUT) {
      expect(roster.add()).toBe(true);
      if (roster.members.length % 100 < 3) roster.check(false);
    }
    roster.check(true);
    while (roster.members.length > 0) {
      roster.remove((roster.members.length * 7) % roster.members.length);
      if (roster.members.length % 100 < 3) roster.check(false);
    }
    roster.check(true);
  });

  it('goes up to three levels, and back', () => {
    const roster = new Roster(partitionMake({ bytes: 128 * MIB }));
    const count = ROSTER_FANOUT ** 2;
    while (roster.members.length < count - 2) roster.add();
    roster.check(false);
    for (let n = 0; n < ROSTER_FANOUT + 10; n++) expect(roster.add()).toBe(true);
    roster.check(true);
    for (let n = 0; n < ROSTER_FANOUT + 20; n++) roster.remove(n * 997);
    roster.check(true);
    while (roster.members.length > 0) roster.remove(roster.members.length - 1);
    roster.check(true);
  });

  it('follows a member to its new ref', () => {
    const roster = new Roster(partitionMake());
    for (let n = 0; n < 2 * ROSTER_FANOUT; n++) roster.add();
    for (const slot of [0, 1, ROSTER_FANOUT - 1, ROSTER_FANOUT, 2 * ROSTER_FANOUT - 1]) {
      const to = roster.members[slot] - 1;
      rosterReplace(roster.p, roster.root, slot, to);
      expect(rosterAt(roster.p, roster.root, slot)).toBe(to);
    }
  });

  it('is what an array is, and stays as it was when memory runs out', () => {
    const steps = fc.array(
      fc.record({
        adds: fc.integer({ min: 0, max: 3000 }),
        removes: fc.integer({ min: 0, max: 3000 }),
        seed: fc.nat(),
        pagesLeft: fc.option(fc.nat(1)),
      }),
      { minLength: 5, maxLength: 20 },
    );
    let refusals = 0;
    const property = fc.property(steps, (all) => {
      const p = partitionMake({ evicts: false });
      const roster = new Roster(p);
      for (const { adds, removes, seed, pagesLeft } of all) {
        const freeCount = p.i32[HEADER.pageFreeCount];
        if (pagesLeft !== null) p.i32[HEADER.pageFreeCount] = Math.min(freeCount, pagesLeft + 2);
        const hidden = freeCount - p.i32[HEADER.pageFreeCount];
        for (let n = 0; n < adds; n++) {
          if (roster.add()) continue;
          refusals++;
          roster.check(true);
          break;
        }
        for (let n = 0; n < removes && roster.members.length > 0; n++) {
          roster.remove((seed + n * 31) % roster.members.length);
        }
        p.i32[HEADER.pageFreeCount] += hidden;
        roster.check(true);
      }
    });
    fc.assert(property, { numRuns: 20 });
    expect(refusals).toBeGreaterThan(0);
  });
});
