/**
 * Consumer groups of a stream, and their consumers: found and made. How they go is stream-group-removal.ts, what
 * is pending is stream-pending.ts, and how far a group has read is stream-group-progress.ts.
 *
 * Guard: the partition lock. What makes something may evict, and move items: the stream has to be guarded.
 */
import type { Key } from '../../base/key.ts';
import { StreamId } from '../../base/stream-id.ts';
import { NODE_TYPE, nodeRoot } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { nodeObtain } from '../collection/node-obtain.ts';
import {
  CONSUMER,
  CONSUMER_F64,
  directoryFind,
  directoryId,
  GROUP,
  GROUPS,
  groupDirectory,
  groupNodeFree,
  groupsDirectory,
  NEVER_MS,
  nameWord,
} from './stream-group-node.ts';
import {
  ID_WORDS,
  IdPlace,
  idTreeCount,
  idTreeInit,
  WIDE_RECORD_WORDS,
} from './stream-pending-tree.ts';
import { ID_ADDED, idAdd } from './stream-pending-tree-growth.ts';
import { streamGroupCountAdd, streamGroups, streamGroupsSet } from './stream-root.ts';

const entered = new StreamId();
const place = new IdPlace();

// ── Groups ──────────────────────────────────────────────────────────────────────────────────────

/** The stream's group of this name, or 0. */
export function groupFind(p: Partition, rootRef: number, name: Key): number {
  const groups = streamGroups(p, rootRef);
  return groups === 0 ? 0 : directoryFind(p, groupsDirectory(groups), name);
}

/** Gives the stream a group, whose name it does not have yet. It has read nothing; 0: no memory. */
export function groupAdd(p: Partition, rootRef: number, name: Key, nowMs: number): number {
  let groups = streamGroups(p, rootRef);
  if (groups === 0) {
    groups = groupsCreate(p, rootRef, nowMs);
    if (groups === 0) return 0;
    streamGroupsSet(p, rootRef, groups);
  }
  const group = groupCreate(p, rootRef, name, nowMs);
  if (group === 0) return 0;
  if (!directoryAdd(p, groupsDirectory(groups), group, nowMs)) {
    groupNodeFree(p, group);
    return 0;
  }
  streamGroupCountAdd(p, rootRef, 1);
  return group;
}

// ── Consumers ───────────────────────────────────────────────────────────────────────────────────

/** The group's consumer of this name, or 0. */
export function consumerFind(p: Partition, group: number, name: Key): number {
  return directoryFind(p, groupDirectory(group), name);
}

/** Gives the group a consumer, whose name it does not have yet; 0: no memory. */
export function consumerAdd(p: Partition, group: number, name: Key, nowMs: number): number {
  const consumer = consumerCreate(p, group, name, nowMs);
  if (consumer === 0) return 0;
  if (directoryAdd(p, groupDirectory(group), consumer, nowMs)) return consumer;
  groupNodeFree(p, consumer);
  return 0;
}

export function consumerCount(p: Partition, group: number): number {
  return idTreeCount(p, groupDirectory(group));
}

/** When the consumer last asked for entries, in Unix milliseconds. */
export function consumerSeenMs(p: Partition, consumer: number): number {
  return p.f64[consumer + CONSUMER_F64.seenMs];
}

export function consumerSeenMsSet(p: Partition, consumer: number, atMs: number): void {
  p.f64[consumer + CONSUMER_F64.seenMs] = atMs;
}

/** When it last got some, or NEVER_MS. */
export function consumerActiveMs(p: Partition, consumer: number): number {
  return p.f64[consumer + CONSUMER_F64.activeMs];
}

export function consumerActiveMsSet(p: Partition, consumer: number, atMs: number): void {
  p.f64[consumer + CONSUMER_F64.activeMs] = atMs;
}

// ── Nodes come ──────────────────────────────────────────────────────────────────────────────────

/** The groups of a stream that has none yet; 0 without memory. */
function groupsCreate(p: Partition, rootRef: number, nowMs: number): number {
  const ref = nodeObtain(p, rootRef, NODE_TYPE.GROUPS, GROUPS.words << 2, nowMs);
  if (ref !== 0) idTreeInit(p, (ref << 1) + GROUPS.directory, ID_WORDS);
  return ref;
}

/** A group of this name, in no directory yet, that has read nothing; 0 without memory. */
function groupCreate(p: Partition, rootRef: number, name: Key, nowMs: number): number {
  const bytes = (GROUP.name << 2) + name.bytes;
  const ref = nodeObtain(p, rootRef, NODE_TYPE.GROUP, bytes, nowMs);
  if (ref === 0) return 0;
  const word = ref << 1;
  nameWrite(p, ref, name);
  p.i32.fill(0, word + GROUP.nameBytes + 1, word + GROUP.pending);
  idTreeInit(p, word + GROUP.pending, WIDE_RECORD_WORDS);
  idTreeInit(p, word + GROUP.directory, ID_WORDS);
  return ref;
}

/** A consumer of this name, in no directory yet; 0 without memory. */
function consumerCreate(p: Partition, group: number, name: Key, nowMs: number): number {
  const bytes = (CONSUMER.name << 2) + name.bytes;
  const ref = nodeObtain(p, nodeRoot(p, group), NODE_TYPE.CONSUMER, bytes, nowMs);
  if (ref === 0) return 0;
  nameWrite(p, ref, name);
  p.i32[(ref << 1) + CONSUMER.groupRef] = group;
  p.f64[ref + CONSUMER_F64.seenMs] = nowMs;
  p.f64[ref + CONSUMER_F64.activeMs] = NEVER_MS;
  idTreeInit(p, (ref << 1) + CONSUMER.pending, ID_WORDS);
  return ref;
}

function nameWrite(p: Partition, ref: number, name: Key): void {
  p.i32[(ref << 1) + GROUP.nameBytes] = name.bytes;
  const first = nameWord(p, ref);
  const count = (name.bytes + 3) >>> 2;
  for (let index = 0; index < count; index++) p.i32[first + index] = name.words[index];
}

/** Enters a node whose name is not there yet. False: no memory, and nothing has changed. */
function directoryAdd(p: Partition, directory: number, ref: number, nowMs: number): boolean {
  directoryId(p, ref, entered);
  return idAdd(p, nodeRoot(p, ref), directory, entered, place, nowMs) === ID_ADDED.NEW;
}
