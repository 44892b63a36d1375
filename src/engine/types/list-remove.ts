/**
 * Taking elements that equal a value out of a list.
 *
 * Guard: the partition lock.
 */
import {
  collectionCount,
  collectionCountSet,
  collectionForm,
  collectionRoot,
  FORM,
} from '../../memory/collection.ts';
import { itemValueOffset } from '../../memory/item.ts';
import { rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE } from '../change-log.ts';
import { TreePlace, treeEntry, treeFind, treeFirst, treeNext } from '../collection/counted-tree.ts';
import { treeRemove, treeWeightAdd } from '../collection/counted-tree-change.ts';
import { packedEnd, packedStart, valueSplice } from '../collection/packed.ts';
import { stripEquals, stripNext } from '../collection/strip.ts';
import { itemCount, itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { largeSettle } from './list.ts';
import { ListCursor, listElementEquals, listNext, listSeek } from './list-cursor.ts';
import { elementEquals } from './list-element.ts';
import { entryFree, entryIsStrip } from './list-entry.ts';
import { stripJoinBefore } from './list-shrink.ts';
import { stripNodeCount, stripNodeCut, stripNodeEnd, stripNodeStart } from './list-strip.ts';

/** How a removal went, and, while it goes on, what is left to do. */
export class ListRemoval {
  /** The item's ref; 0 if the list is gone. */
  ref = 0;
  /** Elements taken out. */
  removed = 0;
  /** Equal elements that stay, before the first that goes. */
  skip = 0;
  /** Equal elements that may still go. */
  left = 0;
}

const place = new TreePlace();
const cursor = new ListCursor();

/**
 * Takes out the elements that equal op's value: `count` of them, from the head, or from the tail if it is
 * negative; all if it is 0.
 */
export function listRemove(
  p: Partition,
  op: Operation,
  ref: number,
  count: number,
  removal: ListRemoval,
): void {
  removal.ref = ref;
  removal.removed = 0;
  removal.skip = 0;
  removal.left = count === 0 ? Number.MAX_SAFE_INTEGER : Math.abs(count);
  // From the tail is from the head, but the first ones stay.
  if (count < 0) removal.skip = Math.max(0, equalCount(p, op, ref) + count);
  if (collectionForm(p, ref) === FORM.PACKED) packedRemove(p, op, ref, removal);
  else largeRemoveEqual(p, op, ref, removal);
}

/** How many elements equal op's value. */
function equalCount(p: Partition, op: Operation, ref: number): number {
  let count = 0;
  for (let more = listSeek(p, ref, 0, cursor); more; more = listNext(p, cursor)) {
    if (listElementEquals(p, cursor, op.value, op.valueStart, op.valueBytes)) count++;
  }
  return count;
}

function packedRemove(p: Partition, op: Operation, ref: number, removal: ListRemoval): void {
  const { hash } = op.key;
  const length = collectionCount(p, ref);
  const end = packedEnd(p, ref);
  itemCount(p, ref, -1);
  const cut = stripRemove(p, packedStart(p, ref), end, op, removal);
  itemCount(p, ref, 1);
  if (removal.removed === 0) return;
  if (removal.removed === length) {
    itemUnlink(p, hash, ref, CHANGE.DELETE);
    removal.ref = 0;
    return;
  }
  collectionCountSet(p, ref, length - removal.removed);
  const position = cut - itemValueOffset(p, ref);
  removal.ref = valueSplice(p, hash, ref, position, end - cut, 0, op.nowMs);
}

/** Moves what stays of the entries in [from, end) together. Returns where that ends. */
function stripRemove(
  p: Partition,
  from: number,
  end: number,
  op: Operation,
  removal: ListRemoval,
): number {
  const { u8 } = p;
  let to = from;
  let runStart = from;
  let at = from;
  while (at < end && removal.left > 0) {
    const next = stripNext(u8, at);
    if (stripEquals(u8, at, op.value, op.valueStart, op.valueBytes) && removalTakes(removal)) {
      if (to !== runStart) u8.copyWithin(to, runStart, at);
      to += at - runStart;
      runStart = next;
    }
    at = next;
  }
  if (to !== runStart) u8.copyWithin(to, runStart, end);
  return to + end - runStart;
}

/** Counts an equal element; whether it goes. */
function removalTakes(removal: ListRemoval): boolean {
  if (removal.skip > 0) {
    removal.skip--;
    return false;
  }
  removal.left--;
  removal.removed++;
  return true;
}

function largeRemoveEqual(p: Partition, op: Operation, ref: number, removal: ListRemoval): void {
  const rootRef = collectionRoot(p, ref);
  const { value, valueStart, valueBytes } = op;
  let more = treeFirst(p, rootRef, place);
  while (more && removal.left > 0) {
    const entry = treeEntry(p, place);
    if (entryIsStrip(p, entry)) {
      more = stripRemoveEqual(p, op, rootRef, entry, removal);
    } else if (elementEquals(p, entry, value, valueStart, valueBytes) && removalTakes(removal)) {
      more = entryRemove(p, rootRef, entry);
    } else {
      more = treeNext(p, place);
    }
  }
  if (removal.removed === 0) return;
  rootCountAdd(p, rootRef, -removal.removed);
  if (collectionCount(p, ref) === 0) {
    itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
    removal.ref = 0;
    return;
  }
  removal.ref = largeSettle(p, op.key.hash, ref, op.nowMs);
}

/** Does it in the strip at the place, and goes to what is behind it. False if there is nothing. */
function stripRemoveEqual(
  p: Partition,
  op: Operation,
  rootRef: number,
  strip: number,
  removal: ListRemoval,
): boolean {
  const before = removal.removed;
  const end = stripRemove(p, stripNodeStart(p, strip), stripNodeEnd(p, strip), op, removal);
  const gone = removal.removed - before;
  if (gone === 0) return treeNext(p, place);
  if (gone === stripNodeCount(p, strip)) return entryRemove(p, rootRef, strip);
  stripNodeCut(p, strip, end, gone);
  treeWeightAdd(p, place, -gone);
  const next = treeNext(p, place) ? treeEntry(p, place) : 0;
  if (stripJoinBefore(p, rootRef, strip) && next !== 0) treeFind(p, next, place);
  return next !== 0;
}

function entryRemove(p: Partition, rootRef: number, entry: number): boolean {
  treeRemove(p, place);
  entryFree(p, rootRef, entry);
  return place.leafRef !== 0;
}
