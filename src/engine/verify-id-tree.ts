/**
 * A walk over an id tree (types/stream-pending-tree.ts), for partitionVerify: bounds, counts and the chain of
 * leaves agree with the records.
 *
 * Guard: the caller holds the partition lock.
 */
import { StreamId, streamIdCompareAt, streamIdRead } from '../base/stream-id.ts';
import { NODE_TYPE } from '../memory/node.ts';
import type { Partition } from '../memory/partition.ts';
import {
  ID_INNER_SLOTS,
  ID_NODE,
  ID_TREE,
  idBoundWord,
  idChildWord,
  idNodeBytes,
  idNodeCount,
  idNodeIsLeaf,
  idNodeParent,
  idRecordWord,
  idRecordWords,
} from './types/stream-pending-tree.ts';

/** Whether a node is one of the collection at hand that was not met before. */
export type NodeTake = (node: number, type: number) => boolean;

export class IdTreeWalk {
  /** i32 indices of all records, in order. */
  readonly records: number[] = [];
  bytes = 0;
  private readonly p: Partition;
  private readonly take: NodeTake;
  private readonly problem: (text: string) => void;
  private readonly recordWords: number;
  private previousLeaf = 0;

  constructor(p: Partition, tree: number, take: NodeTake, problem: (text: string) => void) {
    this.p = p;
    this.take = take;
    this.problem = problem;
    this.recordWords = p.i32[tree + ID_TREE.recordWords];
    const top = p.i32[tree + ID_TREE.topRef];
    if (top !== 0) this.check(this.node(top, 0) > 0, `id tree ${tree}: leaves at several depths`);
    const last = this.previousLeaf;
    this.check(p.i32[tree + ID_TREE.lastRef] === last, `id tree ${tree}: its last leaf is ${last}`);
    if (last !== 0) {
      const next = p.i32[(last << 1) + ID_NODE.nextRef];
      this.check(next === 0, `id leaf ${last} is the last one and leads to ${next}`);
    }
    const count = p.i32[tree + ID_TREE.count];
    this.check(count === this.records.length, `id tree ${tree}: ${this.records.length} records`);
    this.order();
  }

  private check(condition: boolean, text: string): void {
    if (!condition) this.problem(text);
  }

  /** Returns the levels from here down, or 0 if its children differ in that. */
  private node(node: number, parent: number): number {
    const { p } = this;
    const isLeaf = idNodeIsLeaf(p, node);
    if (!this.take(node, isLeaf ? NODE_TYPE.ID_LEAF : NODE_TYPE.ID_INNER)) return 0;
    this.bytes += idNodeBytes(p, node);
    this.check(idNodeParent(p, node) === parent, `id node ${node} names another parent`);
    return isLeaf ? this.leaf(node, parent === 0) : this.inner(node, parent === 0);
  }

  private inner(node: number, isTop: boolean): number {
    const { p } = this;
    const count = idNodeCount(p, node);
    const least = isTop ? 2 : 1;
    this.check(count >= least && count <= ID_INNER_SLOTS, `id node ${node}: ${count} children`);
    let depth = -1;
    for (let slot = 0; slot < count; slot++) {
      const before = this.records.length;
      const below = this.node(p.i32[idChildWord(node, slot)], node);
      depth = depth === -1 || depth === below ? below : 0;
      if (slot > 0) this.bound(idBoundWord(node, slot), before);
    }
    return depth > 0 ? depth + 1 : 0;
  }

  /** A bound is behind all records before, and not behind the first one of its child. */
  private bound(word: number, first: number): void {
    const { p, records } = this;
    const id = new StreamId();
    streamIdRead(p.i32, word, id);
    const isBehind = streamIdCompareAt(p.i32, records[first - 1], id) < 0;
    const isBound = streamIdCompareAt(p.i32, records[first], id) >= 0;
    this.check(isBehind && isBound, `the bound at word ${word} is none`);
  }

  private leaf(leaf: number, isLone: boolean): number {
    const { p } = this;
    const count = idNodeCount(p, leaf);
    const first = p.i32[(leaf << 1) + ID_NODE.first];
    const capacity = p.i32[(leaf << 1) + ID_NODE.capacity];
    this.check(count > 0 || (isLone && first === 0), `id leaf ${leaf} is empty`);
    this.check(first >= 0 && first + count <= capacity, `id leaf ${leaf}: ${first} + ${count}`);
    this.check(idRecordWords(p, leaf) === this.recordWords, `id leaf ${leaf}: width of records`);
    const previous = p.i32[(leaf << 1) + ID_NODE.previousRef];
    this.check(previous === this.previousLeaf, `id leaf ${leaf} has ${previous} before it`);
    if (previous !== 0) {
      const next = p.i32[(previous << 1) + ID_NODE.nextRef];
      this.check(next === leaf, `id leaf ${previous} has ${next} behind it`);
    }
    this.previousLeaf = leaf;
    for (let slot = 0; slot < count; slot++) this.records.push(idRecordWord(p, leaf, slot));
    return 1;
  }

  private order(): void {
    const { p, records } = this;
    const id = new StreamId();
    for (let index = 1; index < records.length; index++) {
      streamIdRead(p.i32, records[index], id);
      const ascends = streamIdCompareAt(p.i32, records[index - 1], id) < 0;
      this.check(ascends, `records at ${records[index - 1]} and behind are not in order`);
    }
  }
}
