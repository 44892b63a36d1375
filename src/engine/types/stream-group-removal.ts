/**
 * Consumer groups go, and consumers do. That takes no memory: the graveyard needs it too.
 *
 * Guard: the partition lock.
 */
import { StreamId, streamIdRead } from '../../base/stream-id.ts';
import { nodeRoot } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  directoryLast,
  directoryRemove,
  groupDirectory,
  groupNodeFree,
  groupsDirectory,
} from './stream-group-node.ts';
import { consumerPending, groupPending, pendingRemoveOfGroup } from './stream-pending.ts';
import { IdPlace, idAt, idFirst, idNext } from './stream-pending-tree.ts';
import { idTreeShrink } from './stream-pending-tree-change.ts';
import { streamGroupCountAdd, streamGroups, streamGroupsSet } from './stream-root.ts';

const place = new IdPlace();
const pending = new StreamId();

/**
 * Frees a group with all that it has, a chunk for some sixty entries that are pending. Nobody can look at
 * them any more, and what is left of the stream is not in the graveyard, so it is done at once.
 */
export function groupDestroy(p: Partition, group: number): void {
  let isMore = true;
  while (isMore) isMore = groupShrink(p, group);
  groupDrop(p, group);
}

function groupDrop(p: Partition, group: number): void {
  const rootRef = nodeRoot(p, group);
  directoryRemove(p, groupsDirectory(streamGroups(p, rootRef)), group);
  groupNodeFree(p, group);
  streamGroupCountAdd(p, rootRef, -1);
}

/** Frees one chunk of a group that is being given up. False: only its own is left. */
function groupShrink(p: Partition, group: number): boolean {
  if (idTreeShrink(p, groupPending(group))) return true;
  const consumer = directoryLast(p, groupDirectory(group));
  if (consumer === 0) return idTreeShrink(p, groupDirectory(group));
  if (!idTreeShrink(p, consumerPending(consumer))) {
    directoryRemove(p, groupDirectory(group), consumer);
    groupNodeFree(p, consumer);
  }
  return true;
}

/** Frees one chunk of what a stream in the graveyard has of groups. False: it has none. */
export function groupsShrink(p: Partition, rootRef: number): boolean {
  const groups = streamGroups(p, rootRef);
  if (groups === 0) return false;
  const group = directoryLast(p, groupsDirectory(groups));
  if (group !== 0) {
    if (!groupShrink(p, group)) groupDrop(p, group);
  } else if (!idTreeShrink(p, groupsDirectory(groups))) {
    groupNodeFree(p, groups);
    streamGroupsSet(p, rootRef, 0);
  }
  return true;
}

/** Frees a consumer; what is pending at it is pending no more. */
export function consumerDestroy(p: Partition, group: number, consumer: number): void {
  const tree = consumerPending(consumer);
  for (let isThere = idFirst(p, tree, place); isThere; isThere = idNext(p, place)) {
    streamIdRead(p.i32, idAt(p, place), pending);
    pendingRemoveOfGroup(p, group, pending);
  }
  let isMore = true;
  while (isMore) isMore = idTreeShrink(p, tree);
  directoryRemove(p, groupDirectory(group), consumer);
  groupNodeFree(p, consumer);
}
