/**
 * Large lists: taking elements out. Strips that go empty are freed; of two neighbours that hold little,
 * one goes into the other, so that a list never has much more chunks than its elements need.
 *
 * None of it needs memory. Guard: the partition lock.
 */
import { rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkTake } from '../../memory/slab.ts';
import {
  TreePlace,
  treeEntry,
  treeEntryWeight,
  treeFind,
  treeFirst,
  treeLast,
  treeNext,
  treePrevious,
} from '../collection/counted-tree.ts';
import { treeRemove, treeReplace, treeWeightAdd } from '../collection/counted-tree-change.ts';
import { stripNext, stripSeek } from '../collection/strip.ts';
import type { ListCursor } from './list-cursor.ts';
import { entryFree, entryIsStrip } from './list-entry.ts';
import {
  stripNodeAppend,
  stripNodeBytes,
  stripNodeBytesMax,
  stripNodeClass,
  stripNodeClose,
  stripNodeCount,
  stripNodeCountAdd,
  stripNodeEnd,
  stripNodeFree,
  stripNodeInit,
  stripNodePrepend,
  stripNodeRoom,
  stripNodeStart,
} from './list-strip.ts';

/** Neighbours are joined if together they fill no more of a strip than this, in quarters. */
const JOINED_QUARTERS_MAX = 3;

const place = new TreePlace();

/** Takes out the element under the cursor, which is nowhere afterwards. */
export function largeRemove(p: Partition, rootRef: number, cursor: ListCursor): void {
  const { entry, at } = cursor;
  if (at === 0 || stripNodeCount(p, entry) === 1) {
    treeRemove(p, cursor.place);
    entryFree(p, rootRef, entry);
  } else {
    stripNodeClose(p, entry, at, stripNext(p.u8, at) - at);
    stripNodeCountAdd(p, entry, -1);
    treeWeightAdd(p, cursor.place, -1);
    stripTidy(p, rootRef, entry);
  }
  rootCountAdd(p, rootRef, -1);
}

/** Takes `count` elements out at an end; the list has so many. */
export function largeDrop(p: Partition, rootRef: number, atHead: boolean, count: number): void {
  let left = count;
  while (left > 0) {
    if (atHead) treeFirst(p, rootRef, place);
    else treeLast(p, rootRef, place);
    const entry = treeEntry(p, place);
    const weight = treeEntryWeight(p, place);
    if (weight <= left) {
      treeRemove(p, place);
      entryFree(p, rootRef, entry);
      left -= weight;
      continue;
    }
    const start = stripNodeStart(p, entry);
    const end = stripNodeEnd(p, entry);
    const at = stripSeek(p.u8, start, end, weight, atHead ? left : weight - left);
    if (atHead) stripNodeClose(p, entry, start, at - start);
    else stripNodeClose(p, entry, at, end - at);
    stripNodeCountAdd(p, entry, -left);
    treeWeightAdd(p, place, -left);
    break;
  }
  rootCountAdd(p, rootRef, -count);
}

/** Joins a strip that holds little with a neighbour that does. */
export function stripTidy(p: Partition, rootRef: number, strip: number): void {
  if (stripNodeBytes(p, strip) * 2 > stripNodeBytesMax(p)) return;
  treeFind(p, strip, place);
  const next = treeNext(p, place) ? treeEntry(p, place) : 0;
  if (next !== 0 && stripsFitOne(p, strip, next)) stripsJoin(p, rootRef, strip, next);
  else stripJoinBefore(p, rootRef, strip);
}

/** Joins a strip with the one before it if the two hold little. Whether it did. */
export function stripJoinBefore(p: Partition, rootRef: number, strip: number): boolean {
  treeFind(p, strip, place);
  const previous = treePrevious(p, place) ? treeEntry(p, place) : 0;
  return (
    previous !== 0 && stripsFitOne(p, strip, previous) && stripsJoin(p, rootRef, previous, strip)
  );
}

function stripsFitOne(p: Partition, strip: number, entry: number): boolean {
  if (!entryIsStrip(p, entry)) return false;
  const bytes = stripNodeBytes(p, strip) + stripNodeBytes(p, entry);
  return bytes * 4 <= stripNodeBytesMax(p) * JOINED_QUARTERS_MAX;
}

/** Puts two strips into the chunk of one of them, or into a third if there is one to be had. */
function stripsJoin(p: Partition, rootRef: number, left: number, right: number): boolean {
  const leftBytes = stripNodeBytes(p, left);
  const rightBytes = stripNodeBytes(p, right);
  let kept = left;
  if (stripNodeRoom(p, left) < rightBytes) {
    kept = stripNodeRoom(p, right) < leftBytes ? stripTake(p, rootRef, left, rightBytes) : right;
    if (kept === 0) return false;
  }
  const moved = kept === right ? left : right;
  const count = stripNodeCount(p, moved);
  const start = stripNodeStart(p, moved);
  if (moved === left) stripNodePrepend(p, right, start, start + leftBytes, count);
  else stripNodeAppend(p, kept, start, start + rightBytes, count);
  treeFind(p, kept, place);
  treeWeightAdd(p, place, count);
  treeFind(p, moved, place);
  treeRemove(p, place);
  stripNodeFree(p, moved);
  return true;
}

/** Moves a strip into a chunk with room for `bytes` more, without evicting for it. 0 if there is none. */
function stripTake(p: Partition, rootRef: number, strip: number, bytes: number): number {
  const used = stripNodeBytes(p, strip);
  const fresh = chunkTake(p, stripNodeClass(p, used + bytes));
  if (fresh === 0) return 0;
  stripNodeInit(p, fresh, rootRef, used, false);
  const start = stripNodeStart(p, strip);
  stripNodeAppend(p, fresh, start, start + used, stripNodeCount(p, strip));
  treeFind(p, strip, place);
  treeReplace(p, place, fresh);
  stripNodeFree(p, strip);
  return fresh;
}
