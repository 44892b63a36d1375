/**
 * What partitionVerify asks of the consumer groups of a stream: whatever is pending in a group is pending at
 * the one consumer that it names, and names lead to what has them.
 *
 * Guard: the caller holds the partition lock.
 */
import { hashWords } from '../base/key.ts';
import { NODE_TYPE } from '../memory/node.ts';
import type { Partition } from '../memory/partition.ts';
import {
  CONSUMER,
  groupDirectory,
  groupNodeBytes,
  groupsDirectory,
  nameBytes,
  nameOffset,
} from './types/stream-group-node.ts';
import { consumerPending, groupPending, pendingConsumer } from './types/stream-pending.ts';
import { ID_WORDS } from './types/stream-pending-tree.ts';
import { streamGroupCount, streamGroups } from './types/stream-root.ts';
import { IdTreeWalk, type NodeTake } from './verify-id-tree.ts';

/**
 * Checks the groups of a stream. `take` tells whether a node is the stream's and new; `problem` is told what is
 * wrong. One that is buried may have lost some of what is pending. Returns the bytes of all nodes.
 */
export function groupsVerify(
  p: Partition,
  rootRef: number,
  isBuried: boolean,
  take: NodeTake,
  problem: (text: string) => void,
): number {
  return new GroupsWalk(p, isBuried, take, problem).run(rootRef);
}

class GroupsWalk {
  private readonly p: Partition;
  private readonly isBuried: boolean;
  private readonly take: NodeTake;
  private readonly problem: (text: string) => void;
  private bytes = 0;

  constructor(p: Partition, isBuried: boolean, take: NodeTake, problem: (text: string) => void) {
    this.p = p;
    this.isBuried = isBuried;
    this.take = take;
    this.problem = problem;
  }

  run(rootRef: number): number {
    const groups = streamGroups(this.p, rootRef);
    let count = 0;
    if (groups !== 0 && this.node(groups, NODE_TYPE.GROUPS)) {
      const refs = this.directory(groupsDirectory(groups), NODE_TYPE.GROUP);
      for (const group of refs) this.group(group);
      count = refs.length;
    }
    this.check(streamGroupCount(this.p, rootRef) === count, `${count} groups`);
    return this.bytes;
  }

  private check(condition: boolean, text: string): void {
    if (!condition) this.problem(text);
  }

  private node(ref: number, type: number): boolean {
    if (!this.take(ref, type)) return false;
    this.bytes += groupNodeBytes(this.p, ref);
    return true;
  }

  /** Walks a tree; i32 indices of its records. */
  private tree(word: number): readonly number[] {
    const walk = new IdTreeWalk(this.p, word, this.take, this.problem);
    this.bytes += walk.bytes;
    return walk.records;
  }

  /** The nodes of a directory. */
  private directory(word: number, type: number): number[] {
    const { p } = this;
    const refs: number[] = [];
    const names = new Set<string>();
    for (const record of this.tree(word)) {
      const ref = p.i32[record + ID_WORDS - 1];
      if (!this.node(ref, type)) continue;
      const start = nameOffset(p, ref);
      const hash = hashWords(p.i32, start >>> 2, nameBytes(p, ref));
      this.check(p.i32[record] === hash, `${ref} is entered under another hash`);
      names.add(p.u8.toString('latin1', start, start + nameBytes(p, ref)));
      refs.push(ref);
    }
    this.check(names.size === refs.length, `${refs.length} nodes have ${names.size} names`);
    return refs;
  }

  private group(group: number): void {
    const { p } = this;
    const consumers = this.directory(groupDirectory(group), NODE_TYPE.CONSUMER);
    const owners = new Map<string, number>();
    for (const consumer of consumers) {
      const named = p.i32[(consumer << 1) + CONSUMER.groupRef];
      this.check(named === group, `consumer ${consumer} names group ${named}`);
      for (const record of this.tree(consumerPending(consumer))) {
        const id = this.id(record);
        this.check(!owners.has(id), `${id} is pending at two consumers`);
        owners.set(id, consumer);
      }
    }
    const records = this.tree(groupPending(group));
    if (this.isBuried) return;
    for (const record of records) {
      const owner = owners.get(this.id(record));
      this.check(owner === pendingConsumer(p, record), `${this.id(record)} names another consumer`);
    }
    this.check(records.length === owners.size, `${records.length} pending, not ${owners.size}`);
  }

  private id(record: number): string {
    return this.p.i32.subarray(record, record + ID_WORDS).join('-');
  }
}
