/**
 * A walk over a counted tree (collection/counted-tree.ts), for partitionVerify: every node says of its
 * children what they say of themselves.
 *
 * Guard: the caller holds the partition lock.
 */
import { NODE_TYPE, nodeRoot, nodeType } from '../memory/node.ts';
import type { Partition } from '../memory/partition.ts';
import {
  ENTRY_LEAF_WORD,
  memberScore,
  nodeCount,
  nodeFirst,
  nodeIsOrdered,
  nodeParent,
  nodeSlots,
  nodeWeight,
  scoreIndex,
  slotFirst,
  slotWeight,
  slotWord,
  treeTop,
} from './collection/counted-tree.ts';
import { membersCompare } from './collection/counted-tree-order.ts';

/** What a walk has found. */
export type TreeFindings = {
  /** All nodes, and all entries in order. */
  readonly nodes: number[];
  readonly entries: number[];
  /** The entries' weights. */
  readonly weights: number[];
};

/** Walks the tree of a collection, if it has one. `problem` is told what is wrong. */
export function treeVerify(
  p: Partition,
  rootRef: number,
  problem: (text: string) => void,
): TreeFindings {
  const walk = new TreeWalk(p, rootRef, problem);
  const top = treeTop(p, rootRef);
  if (top !== 0) {
    const depth = walk.node(top, 0, true);
    walk.check(depth > 0, `tree of ${rootRef}: leaves at several depths`);
    walk.order(nodeIsOrdered(p, top));
  }
  return walk.findings;
}

class TreeWalk {
  readonly findings: TreeFindings = { nodes: [], entries: [], weights: [] };
  readonly p: Partition;
  readonly rootRef: number;
  readonly problem: (text: string) => void;
  private readonly seen = new Set<number>();

  constructor(p: Partition, rootRef: number, problem: (text: string) => void) {
    this.p = p;
    this.rootRef = rootRef;
    this.problem = problem;
  }

  check(condition: boolean, text: string): void {
    if (!condition) this.problem(text);
  }

  /** Returns the levels from here down, or 0 if its children differ in that. */
  node(node: number, parent: number, ordered: boolean): number {
    const { p } = this;
    const name = `tree node ${node}`;
    if (this.seen.has(node)) {
      this.problem(`${name} was seen before`);
      return 0;
    }
    this.seen.add(node);
    this.findings.nodes.push(node);
    const type = nodeType(p, node);
    const isLeaf = type === NODE_TYPE.TREE_LEAF;
    this.check(isLeaf || type === NODE_TYPE.TREE_INNER, `${name} is of type ${type}`);
    this.check(nodeRoot(p, node) === this.rootRef, `${name} belongs to root ${nodeRoot(p, node)}`);
    this.check(nodeParent(p, node) === parent, `${name} names parent ${nodeParent(p, node)}`);
    this.check(parent === 0 || nodeIsOrdered(p, node) === ordered, `${name}: kind of tree`);
    const count = nodeCount(p, node);
    const isTop = parent === 0;
    const least = isTop ? (isLeaf ? 0 : 2) : 1;
    this.check(count >= least && count <= nodeSlots(p, node), `${name} has ${count} slots`);
    return isLeaf ? this.leaf(node) : this.inner(node);
  }

  private inner(node: number): number {
    const { p } = this;
    const ordered = nodeIsOrdered(p, node);
    let depth = -1;
    for (let slot = 0; slot < nodeCount(p, node); slot++) {
      const child = p.i32[slotWord(node, slot)];
      const below = this.node(child, node, ordered);
      depth = depth === -1 || depth === below ? below : 0;
      const at = `tree node ${node}, slot ${slot}`;
      this.check(slotWeight(p, node, slot) === nodeWeight(p, child), `${at}: weight`);
      if (!ordered) continue;
      const first = nodeFirst(p, child);
      this.check(slotFirst(p, node, slot) === first, `${at}: first member`);
      this.check(p.f64[scoreIndex(node, slot)] === memberScore(p, first), `${at}: first score`);
    }
    return depth > 0 ? depth + 1 : 0;
  }

  private leaf(leaf: number): number {
    const { p } = this;
    for (let slot = 0; slot < nodeCount(p, leaf); slot++) {
      const entry = p.i32[slotWord(leaf, slot)];
      this.findings.entries.push(entry);
      this.findings.weights.push(slotWeight(p, leaf, slot));
      if (nodeIsOrdered(p, leaf)) continue;
      const named = p.i32[(entry << 1) + ENTRY_LEAF_WORD];
      this.check(named === leaf, `entry ${entry} of leaf ${leaf} names leaf ${named}`);
    }
    return 1;
  }

  /** Members ascend, and none is there twice. */
  order(ordered: boolean): void {
    const { p } = this;
    const { entries } = this.findings;
    if (!ordered) return;
    for (let index = 1; index < entries.length; index++) {
      const one = entries[index - 1];
      const next = entries[index];
      const ascends = membersCompare(p, one, next) < 0;
      this.check(ascends, `members ${one} and ${next} are not in order`);
    }
  }
}
