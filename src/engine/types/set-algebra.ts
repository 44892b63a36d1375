/**
 * Several sets joined: what is in all of them, in any of them, in the first and none of the others. Each
 * of the three is a walk that finds one member after the other, so nothing is kept but names that are not
 * to come twice; where it all goes, to a client or into another set, is the caller's business.
 *
 * Guard: the locks of all partitions concerned. Nothing may change the sets meanwhile.
 * Source: Valkey src/t_set.c, sinterGenericCommand and sunionDiffGenericCommand.
 */
import { collectionCount } from '../../memory/collection.ts';
import { ITEM_TYPE } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE } from '../change-log.ts';
import { type Entry, EntryWalk, OUTCOME, walkNext, walkStart } from '../collection/entry.ts';
import { collectionMake } from '../collection/packed.ts';
import { guardAdd, guardsClear } from '../guard.ts';
import { itemFree, itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { STATUS } from '../status.ts';
import { setAdd, setHas } from './set.ts';
import { itemFind, itemSucceed } from './string.ts';

/** A set to be joined with others. `ref` 0: there is none, and it counts as empty. */
export type SetOperand = { readonly p: Partition; readonly ref: number };

/** Members that come one by one; each once. */
export interface Members {
  /** Takes the next one's name. False: that was the last. */
  next(entry: Entry): boolean;
}

function operandCount({ p, ref }: SetOperand): number {
  return ref === 0 ? 0 : collectionCount(p, ref);
}

function operandsAreSame(one: SetOperand, other: SetOperand): boolean {
  return one.p === other.p && one.ref === other.ref;
}

function nameOf({ name, nameStart, nameBytes }: Entry): string {
  return name.toString('latin1', nameStart, nameStart + nameBytes);
}

/** What is in all sets: members of the smallest that are in the others. */
export class Intersection implements Members {
  private readonly smallest: SetOperand;
  private readonly others: readonly SetOperand[];
  private readonly isEmpty: boolean;
  private readonly walk = new EntryWalk();

  constructor(operands: readonly SetOperand[]) {
    const sorted = [...operands].sort((a, b) => operandCount(a) - operandCount(b));
    const smallest = sorted[0];
    this.smallest = smallest;
    this.others = sorted.slice(1).filter((other) => !operandsAreSame(other, smallest));
    this.isEmpty = smallest.ref === 0;
    if (!this.isEmpty) walkStart(smallest.p, smallest.ref, this.walk);
  }

  next(entry: Entry): boolean {
    while (!this.isEmpty && walkNext(this.smallest.p, this.walk, entry, 0)) {
      if (this.others.every(({ p, ref }) => setHas(p, ref, entry))) return true;
    }
    return false;
  }
}

/** What is in any set. */
export class Union implements Members {
  private readonly operands: readonly SetOperand[];
  private readonly seen = new Set<string>();
  private readonly walk = new EntryWalk();
  private index = -1;

  constructor(operands: readonly SetOperand[]) {
    this.operands = operands.filter(({ ref }) => ref !== 0);
  }

  next(entry: Entry): boolean {
    for (;;) {
      if (this.index >= 0) {
        const { p } = this.operands[this.index];
        while (walkNext(p, this.walk, entry, 0)) if (this.isNew(entry)) return true;
      }
      if (++this.index >= this.operands.length) return false;
      const { p, ref } = this.operands[this.index];
      walkStart(p, ref, this.walk);
    }
  }

  /** Whether the name did not come before. Those of the last set need not be remembered. */
  private isNew(entry: Entry): boolean {
    if (this.operands.length === 1) return true;
    const name = nameOf(entry);
    if (this.seen.has(name)) return false;
    if (this.index < this.operands.length - 1) this.seen.add(name);
    return true;
  }
}

/**
 * What is in the first set and none of the others. They are asked for each of its members; if that are
 * more questions than the others have members, these are gathered before.
 */
export class Difference implements Members {
  private readonly first: SetOperand;
  private readonly others: readonly SetOperand[];
  private readonly isEmpty: boolean;
  private readonly gathered: Set<string> | null;
  private readonly walk = new EntryWalk();

  constructor(operands: readonly SetOperand[], entry: Entry) {
    const [first, ...rest] = operands;
    this.first = first;
    this.isEmpty = first.ref === 0 || rest.some((other) => operandsAreSame(other, first));
    this.others = rest
      .filter(({ ref }) => ref !== 0)
      .sort((a, b) => operandCount(b) - operandCount(a));
    const questions = operandCount(first) * this.others.length;
    const answers = this.others.reduce((sum, other) => sum + operandCount(other), 0);
    this.gathered = null;
    if (this.isEmpty) return;
    if (questions / 2 > operandCount(first) + answers) this.gathered = this.gather(entry);
    walkStart(first.p, first.ref, this.walk);
  }

  private gather(entry: Entry): Set<string> {
    const names = new Set<string>();
    for (const { p, ref } of this.others) {
      for (walkStart(p, ref, this.walk); walkNext(p, this.walk, entry, 0); ) {
        names.add(nameOf(entry));
      }
    }
    return names;
  }

  next(entry: Entry): boolean {
    while (!this.isEmpty && walkNext(this.first.p, this.walk, entry, 0)) {
      if (!this.isElsewhere(entry)) return true;
    }
    return false;
  }

  private isElsewhere(entry: Entry): boolean {
    if (this.gathered !== null) return this.gathered.has(nameOf(entry));
    return this.others.some(({ p, ref }) => setHas(p, ref, entry));
  }
}

/**
 * Puts a set of these members under op's key, whatever was there before; without members, nothing. The
 * operands are those that the members come from. Returns how many members there are; -1 without memory,
 * and the key is as it was.
 */
export function setReplace(
  p: Partition,
  op: Operation,
  operands: readonly SetOperand[],
  members: Members,
  entry: Entry,
): number {
  for (const { p: from, ref } of operands) if (ref !== 0) guardAdd(from, ref);
  const ref = setBuild(p, op, members, entry);
  for (const { p: from } of operands) guardsClear(from);
  if (ref < 0) return -1;
  // Only now: it may have been evicted while memory was looked for.
  const old = itemFind(p, op);
  if (ref === 0) {
    if (old !== 0) itemUnlink(p, op.key.hash, old, CHANGE.DELETE);
    return 0;
  }
  const count = collectionCount(p, ref);
  return itemSucceed(p, op, old, ref) === STATUS.OK ? count : -1;
}

/** An unlinked set of these members for op's key; 0: there are none, -1: no memory. */
function setBuild(p: Partition, op: Operation, members: Members, entry: Entry): number {
  let ref = 0;
  while (members.next(entry)) {
    if (ref === 0) ref = collectionMake(p, op, ITEM_TYPE.SET);
    if (ref === 0) return -1;
    ref = setAdd(p, op, ref, entry);
    if (entry.outcome === OUTCOME.ADDED) continue;
    if (ref !== 0) itemFree(p, ref);
    return -1;
  }
  return ref;
}
