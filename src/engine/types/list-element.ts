/**
 * Long elements of a list: items of type ELEMENT, without a key, in a strip's place in the list's tree.
 * Beyond a chunk they are chains, as any item.
 *
 * In no index and never linked, an element has no CAS unique; it names its leaf there, as strips do.
 *
 * Guard: the partition lock.
 */
import { bytesCompare } from '../../memory/bytes.ts';
import {
  chainFirst,
  chainInit,
  itemHeadValueBytes,
  linkNext,
  linkUsed,
  linkValueOffset,
} from '../../memory/chain.ts';
import {
  EXTRA_CHAIN,
  ITEM_TYPE,
  itemBytes,
  itemBytesFor,
  itemCasSet,
  itemHeaderWrite,
  itemIsChained,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import { rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';
import { chunkObtain } from '../eviction.ts';
import { itemFree } from '../lifecycle.ts';
import { chainWrite } from './chained.ts';

/**
 * An element of the list with this root, for the caller to put in its tree: source[start, start + bytes).
 * 0 without memory.
 */
export function elementMake(
  p: Partition,
  rootRef: number,
  source: Buffer,
  start: number,
  bytes: number,
  nowMs: number,
): number {
  const ref = elementStart(p, bytes, nowMs);
  if (ref === 0) return 0;
  if (!chainWrite(p, ref, 0, source, start, bytes, nowMs)) {
    itemFree(p, ref);
    return 0;
  }
  rootBytesAdd(p, rootRef, itemBytes(p, ref));
  return ref;
}

/** As elementMake, from an item of this or another partition, which is to stay where it is meanwhile. */
export function elementCopy(
  p: Partition,
  rootRef: number,
  from: Partition,
  fromRef: number,
  nowMs: number,
): number {
  const bytes = itemValueBytes(from, fromRef);
  const ref = elementStart(p, bytes, nowMs);
  if (ref === 0) return 0;
  let at = itemHeadValueBytes(from, fromRef);
  let isWhole = chainWrite(p, ref, 0, from.u8, itemValueOffset(from, fromRef), at, nowMs);
  let link = itemIsChained(from, fromRef) ? chainFirst(from, fromRef) : 0;
  for (; link !== 0 && isWhole; link = linkNext(from, link)) {
    const used = linkUsed(from, link);
    isWhole = chainWrite(p, ref, at, from.u8, linkValueOffset(link), used, nowMs);
    at += used;
  }
  if (!isWhole) {
    itemFree(p, ref);
    return 0;
  }
  rootBytesAdd(p, rootRef, itemBytes(p, ref));
  return ref;
}

/** An element whose value is to be written. Nothing evicts or moves it before it is in a tree. 0 without memory. */
export function elementStart(p: Partition, bytes: number, nowMs: number): number {
  const isShort = itemBytesFor(0, 0, bytes) <= CHUNK_BYTES_MAX;
  const { classes } = p;
  const classId = isShort ? classes.classFor(itemBytesFor(0, 0, bytes)) : classes.largest;
  const ref = chunkObtain(p, classId, nowMs);
  if (ref === 0) return 0;
  itemHeaderWrite(p, ref, ITEM_TYPE.ELEMENT, isShort ? 0 : EXTRA_CHAIN, 0, bytes);
  itemCasSet(p, ref, 0, 0);
  if (!isShort) chainInit(p, ref);
  return ref;
}

/** Whether the element is source[start, start + bytes). */
export function elementEquals(
  p: Partition,
  ref: number,
  source: Buffer,
  start: number,
  bytes: number,
): boolean {
  if (itemValueBytes(p, ref) !== bytes) return false;
  let at = itemHeadValueBytes(p, ref);
  if (bytesCompare(p.u8, itemValueOffset(p, ref), at, source, start, at) !== 0) return false;
  let link = itemIsChained(p, ref) ? chainFirst(p, ref) : 0;
  for (; link !== 0; link = linkNext(p, link)) {
    const used = linkUsed(p, link);
    if (bytesCompare(p.u8, linkValueOffset(link), used, source, start + at, used) !== 0) {
      return false;
    }
    at += used;
  }
  return true;
}
