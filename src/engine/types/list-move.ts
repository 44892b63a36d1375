/**
 * Moving an element from an end of a list to an end of another, or of the same.
 *
 * Guard: the locks of both partitions.
 */
import { collectionCount, collectionForm, collectionRoot, FORM } from '../../memory/collection.ts';
import { ITEM_TYPE, itemHash } from '../../memory/item.ts';
import { rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE } from '../change-log.ts';
import { TreePlace, treeFirst, treeLast } from '../collection/counted-tree.ts';
import { treeRemove } from '../collection/counted-tree-change.ts';
import {
  collectionCreate,
  PACKED_BYTES_MAX,
  packedEnd,
  packedStart,
} from '../collection/packed.ts';
import { stripNext, stripPrevious } from '../collection/strip.ts';
import { guardAdd, guardsClear } from '../guard.ts';
import { itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import { listDrop, listPush } from './list.ts';
import { ListCursor, listSeek } from './list-cursor.ts';
import { elementCopy } from './list-element.ts';
import { elementFree } from './list-entry.ts';
import { largeAttach, largeDiscard, largeMake } from './list-form.ts';
import { largeElementInsert, largeEndSeek } from './list-large.ts';

/** Where the two items are after a move. */
export class ListMove {
  /** 0: the list is gone. */
  fromRef = 0;
  toRef = 0;
}

const source = new ListCursor();
const target = new ListCursor();
const place = new TreePlace();
/** An entry of a packed list, or the content of one of a strip. */
const scratch = Buffer.alloc(PACKED_BYTES_MAX);

/**
 * Moves the element at an end of the list `fromRef` to an end of the list under op's key, `toRef`; 0: it
 * is to be made. Without memory nothing changes, and NO_MEMORY is returned.
 */
export function listMove(
  from: Partition,
  fromRef: number,
  fromHead: boolean,
  p: Partition,
  op: Operation,
  toRef: number,
  toHead: boolean,
  move: ListMove,
): Status {
  guardAdd(from, fromRef);
  const isMoved =
    from === p && fromRef === toRef
      ? listRotate(p, op, fromRef, fromHead, toHead, move)
      : elementMove(from, fromRef, fromHead, p, op, toRef, toHead, move);
  guardsClear(from);
  guardsClear(p);
  return isMoved ? STATUS.OK : STATUS.NO_MEMORY;
}

function elementMove(
  from: Partition,
  fromRef: number,
  fromHead: boolean,
  p: Partition,
  op: Operation,
  toRef: number,
  toHead: boolean,
  move: ListMove,
): boolean {
  listSeek(from, fromRef, fromHead ? 0 : collectionCount(from, fromRef) - 1, source);
  const to = toRef === 0 ? collectionCreate(p, op, ITEM_TYPE.LIST) : toRef;
  if (to === 0) return false;
  op.value = from.u8;
  op.valueStart = source.start;
  op.valueBytes = source.bytes;
  move.toRef =
    source.chainRef === 0
      ? listPush(p, op, to, toHead)
      : chainPush(p, op, to, toHead, from, source.chainRef);
  if (move.toRef === 0) {
    if (toRef === 0) itemUnlink(p, op.key.hash, to, CHANGE.DELETE);
    return false;
  }
  const { nowMs } = op;
  move.fromRef = listDrop(from, itemHash(from, fromRef), fromRef, fromHead, 1, nowMs);
  return true;
}

/** Pushes a copy of a chained element of another list. Returns the item's ref; 0 without memory. */
function chainPush(
  p: Partition,
  op: Operation,
  ref: number,
  atHead: boolean,
  from: Partition,
  chainRef: number,
): number {
  const { nowMs } = op;
  const isPacked = collectionForm(p, ref) === FORM.PACKED;
  guardAdd(p, ref);
  const rootRef = isPacked ? largeMake(p, ref, nowMs) : collectionRoot(p, ref);
  if (rootRef === 0) return 0;
  const element = elementCopy(p, rootRef, from, chainRef, nowMs);
  if (element !== 0) {
    largeEndSeek(p, rootRef, atHead, target);
    if (largeElementInsert(p, rootRef, target, element, nowMs)) {
      return isPacked ? largeAttach(p, op.key.hash, ref, rootRef, nowMs) : ref;
    }
    elementFree(p, rootRef, element);
  }
  if (isPacked) largeDiscard(p, rootRef);
  return 0;
}

/** Moves an element of a list from one of its ends to one of its ends. False: no memory. */
function listRotate(
  p: Partition,
  op: Operation,
  ref: number,
  fromHead: boolean,
  toHead: boolean,
  move: ListMove,
): boolean {
  move.fromRef = ref;
  move.toRef = ref;
  const count = collectionCount(p, ref);
  if (fromHead === toHead || count === 1) return true;
  if (collectionForm(p, ref) === FORM.PACKED) {
    packedRotate(p, ref, fromHead);
    return true;
  }
  listSeek(p, ref, fromHead ? 0 : count - 1, source);
  if (source.at === 0) return elementRelink(p, op, ref, fromHead);
  // The strip that the element is in may be the one that it is put into.
  p.u8.copy(scratch, 0, source.start, source.start + source.bytes);
  op.value = scratch;
  op.valueStart = 0;
  op.valueBytes = source.bytes;
  if (listPush(p, op, ref, toHead) === 0) return false;
  const to = listDrop(p, op.key.hash, ref, fromHead, 1, op.nowMs);
  move.fromRef = to;
  move.toRef = to;
  return true;
}

function packedRotate(p: Partition, ref: number, fromHead: boolean): void {
  const { u8 } = p;
  const start = packedStart(p, ref);
  const end = packedEnd(p, ref);
  if (fromHead) {
    const bytes = stripNext(u8, start) - start;
    u8.copy(scratch, 0, start, start + bytes);
    u8.copyWithin(start, start + bytes, end);
    scratch.copy(u8, end - bytes, 0, bytes);
  } else {
    const last = stripPrevious(u8, end);
    const bytes = end - last;
    u8.copy(scratch, 0, last, end);
    u8.copyWithin(start + bytes, start, last);
    scratch.copy(u8, start, 0, bytes);
  }
}

/** Moves a long element to the other end without copying it: for a moment it is at both. */
function elementRelink(p: Partition, op: Operation, ref: number, fromHead: boolean): boolean {
  const rootRef = collectionRoot(p, ref);
  largeEndSeek(p, rootRef, !fromHead, target);
  if (!largeElementInsert(p, rootRef, target, source.entry, op.nowMs)) return false;
  if (fromHead) treeFirst(p, rootRef, place);
  else treeLast(p, rootRef, place);
  treeRemove(p, place);
  rootCountAdd(p, rootRef, -1);
  return true;
}
