/**
 * What partitionVerify asks of large collections: that every node, member and element belongs to one
 * root, and every root to one item or to the graveyard.
 *
 * Guard: the caller holds the partition lock.
 */
import { collectionRoot } from '../memory/collection.ts';
import {
  chunkKind,
  itemBytes,
  itemExpiresAtMs,
  itemNamespace,
  itemSlot,
  KIND_NODE,
} from '../memory/item.ts';
import {
  NODE_TYPE,
  nodeRoot,
  nodeType,
  ROOT,
  ROOT_BYTES,
  rootBytes,
  rootCount,
  rootExpiringCount,
  rootIsStream,
  rootItem,
} from '../memory/node.ts';
import { HEADER, type Partition } from '../memory/partition.ts';
import { chunkClass } from '../memory/slab.ts';
import { nodeBytes, nodeIsOrdered, treeTop } from './collection/counted-tree.ts';
import {
  ROSTER_FANOUT,
  rosterAt,
  rosterNode,
  rosterNodeBytes,
  rosterNodeCapacity,
} from './collection/roster.ts';
import { STREAM_ROOT_BYTES } from './types/stream-root.ts';
import { streamProblem } from './verify-stream.ts';
import { groupsVerify } from './verify-stream-groups.ts';
import { stripProblem } from './verify-strip.ts';
import { treeVerify } from './verify-tree.ts';

/** Chunks that were found. Those that belong to a collection are taken out. */
export type CollectionChunks = {
  readonly nodes: Set<number>;
  readonly members: Set<number>;
  readonly elements: Set<number>;
  /** Items of large collections. */
  readonly items: Set<number>;
};

/** Checks all large collections. `problem` is told what is wrong. */
export function collectionsVerify(
  p: Partition,
  chunks: CollectionChunks,
  problem: (text: string) => void,
): void {
  const roots = [...chunks.nodes].filter((ref) => nodeType(p, ref) === NODE_TYPE.ROOT);
  const buried = graveyardWalk(p, new Set(roots), problem);
  for (const root of roots) new CollectionWalk(p, root, chunks, problem).run(buried.has(root));
  for (const item of chunks.items) {
    const root = collectionRoot(p, item);
    if (!roots.includes(root)) problem(`collection ${item} has ${root} for a root`);
  }
  for (const node of chunks.nodes) problem(`node ${node} belongs to no collection`);
  for (const member of chunks.members) problem(`member ${member} is in no roster`);
  for (const element of chunks.elements) problem(`element ${element} is in no list`);
}

/** The roots in the graveyard. */
function graveyardWalk(
  p: Partition,
  roots: Set<number>,
  problem: (text: string) => void,
): Set<number> {
  const buried = new Set<number>();
  let root = p.i32[HEADER.graveyardRef];
  for (; root !== 0 && roots.has(root) && !buried.has(root); ) {
    buried.add(root);
    root = p.i32[(root << 1) + ROOT.nextRef];
  }
  if (root !== 0) problem(`the graveyard leads to ${root}, which is no root or seen before`);
  if (buried.size !== p.i32[HEADER.graveyardCount]) {
    problem(`graveyard: ${buried.size}, not ${p.i32[HEADER.graveyardCount]} collections`);
  }
  return buried;
}

class CollectionWalk {
  readonly p: Partition;
  readonly root: number;
  readonly chunks: CollectionChunks;
  readonly problem: (text: string) => void;
  readonly members = new Set<number>();
  bytes: number;

  constructor(
    p: Partition,
    root: number,
    chunks: CollectionChunks,
    problem: (text: string) => void,
  ) {
    this.p = p;
    this.root = root;
    this.chunks = chunks;
    this.problem = problem;
    this.bytes = rootIsStream(p, root) ? STREAM_ROOT_BYTES : ROOT_BYTES;
  }

  check(condition: boolean, text: string): void {
    if (!condition) this.problem(`collection of root ${this.root}: ${text}`);
  }

  run(isBuried: boolean): void {
    const { p, root } = this;
    this.chunks.nodes.delete(root);
    const item = rootItem(p, root);
    this.check((item === 0) === isBuried, `its item is ${item}, and it is buried: ${isBuried}`);
    if (item !== 0) {
      const isItsOwn = this.chunks.items.has(item) && collectionRoot(p, item) === root;
      this.check(isItsOwn, `item ${item} does not lead to it`);
    }
    const isStream = rootIsStream(p, root);
    const isList = !isStream && treeTop(p, root) !== 0 && !nodeIsOrdered(p, treeTop(p, root));
    if (!isList && !isStream) this.roster();
    if (isStream) this.stream(isBuried);
    else this.tree(isList, isBuried);
    this.check(this.bytes === rootBytes(p, root), `${this.bytes} bytes`);
  }

  roster(): void {
    const { p, root } = this;
    const depth = p.i32[(root << 1) + ROOT.rosterDepth];
    let entries = rootCount(p, root);
    for (let level = 0; level <= depth && entries > 0; level++) {
      const nodes = Math.ceil(entries / ROSTER_FANOUT);
      this.check(level < depth || nodes === 1, `${nodes} nodes on the roster's top level`);
      for (let index = 0; index < nodes; index++) {
        const node = rosterNode(p, root, level, index);
        const used = Math.min(entries - index * ROSTER_FANOUT, ROSTER_FANOUT);
        if (!this.node(node, NODE_TYPE.ROSTER)) return;
        this.check(rosterNodeCapacity(p, node) >= used, `roster node ${node} is too small`);
        this.bytes += rosterNodeBytes(p, node);
      }
      entries = nodes;
    }
    if (entries === 0) this.check(p.i32[(root << 1) + ROOT.rosterRef] === 0, 'an empty roster');
    let expiring = 0;
    for (let slot = 0; slot < rootCount(p, root); slot++) {
      const member = rosterAt(p, root, slot);
      this.check(this.chunks.members.delete(member), `slot ${slot} leads to ${member}`);
      this.check(itemSlot(p, member) === slot, `slot ${slot}: member ${member} names another`);
      this.check(itemNamespace(p, member) === root, `member ${member} is of another`);
      this.members.add(member);
      this.bytes += itemBytes(p, member);
      if (itemExpiresAtMs(p, member) !== 0) expiring++;
    }
    this.check(rootExpiringCount(p, root) === expiring, `${expiring} fields expire`);
  }

  tree(isList: boolean, isBuried: boolean): void {
    const { p, root } = this;
    const findings = treeVerify(p, root, this.problem);
    for (const node of findings.nodes) {
      if (!this.chunks.nodes.delete(node)) this.check(false, `tree node ${node} is no node`);
      this.bytes += nodeBytes(nodeType(p, node), nodeIsOrdered(p, node));
    }
    if (isList) {
      const elements = findings.weights.reduce((sum, weight) => sum + weight, 0);
      this.check(elements === rootCount(p, root), `${elements} elements`);
      for (const [at, entry] of findings.entries.entries()) {
        this.listEntry(entry, findings.weights[at]);
      }
      return;
    }
    if (findings.nodes.length === 0) return;
    for (const entry of findings.entries)
      this.check(this.members.has(entry), `tree entry ${entry}`);
    const isWhole = isBuried || findings.entries.length === rootCount(p, root);
    this.check(isWhole, `${findings.entries.length} entries in the tree`);
  }

  stream(isBuried: boolean): void {
    const { p, root } = this;
    const { nodes, entries, weights } = treeVerify(p, root, this.problem);
    for (const node of nodes) {
      if (!this.chunks.nodes.delete(node)) this.check(false, `tree node ${node} is no node`);
      this.bytes += nodeBytes(nodeType(p, node), false);
    }
    this.check(
      weights.every((weight) => weight === 1),
      'an entry of the tree weighs 1',
    );
    for (const entry of entries) {
      if (chunkKind(p, entry) !== KIND_NODE) {
        this.check(this.chunks.elements.delete(entry), `stream entry ${entry} is no element`);
        this.bytes += itemBytes(p, entry);
      } else if (this.node(entry, NODE_TYPE.BLOCK)) {
        this.bytes += p.classes.chunkBytes[chunkClass(p, entry)];
      }
    }
    if (!isBuried)
      this.check(streamProblem(p, root, entries) === '', streamProblem(p, root, entries));
    this.groups(isBuried);
  }

  groups(isBuried: boolean): void {
    const take = (node: number, type: number): boolean => this.node(node, type);
    const problem = (text: string): void => this.check(false, text);
    this.bytes += groupsVerify(this.p, this.root, isBuried, take, problem);
  }

  listEntry(entry: number, weight: number): void {
    const { p } = this;
    if (chunkKind(p, entry) !== KIND_NODE) {
      this.check(this.chunks.elements.delete(entry), `list entry ${entry} is no element`);
      this.check(weight === 1, `element ${entry} weighs ${weight}`);
      this.bytes += itemBytes(p, entry);
    } else if (this.node(entry, NODE_TYPE.STRIP)) {
      const problem = stripProblem(p, entry, weight);
      this.check(problem === '', `strip ${entry}: ${problem}`);
      this.bytes += p.classes.chunkBytes[chunkClass(p, entry)];
    }
  }

  /** Whether it is a node of this collection that was not met before. */
  node(node: number, type: number): boolean {
    const { p, root } = this;
    const isItsOwn =
      this.chunks.nodes.delete(node) && nodeType(p, node) === type && nodeRoot(p, node) === root;
    this.check(isItsOwn, `node ${node} of type ${type} is not its own, or met twice`);
    return isItsOwn;
  }
}
