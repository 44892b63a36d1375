/**
 * Chains: values too large for one chunk.
 *
 *   head (largest class)                    link                          link (smallest that fits)
 *   ┌──────┬─────┬───────────────┐  next    ┌──────────────┬──────────┐  next    ┌──────┬──────┐
 *   │header│ key │ value, part 1 │ ───────▶ │ meta nextRef │ part 2   │ ───────▶ │      │ …    │
 *   └──────┴─────┴───────────────┘          │ headRef used │          │          └──────┴──────┘
 *     └ chain: nextRef tailRef holds spare  └──────────────┴──────────┘
 *
 * All chunks but the last are full. `used` is the bytes of the value in the link. `headRef` leads
 * from any link to its item, for whoever has to empty a page.
 *
 * `holds` counts readers and writers that come back for more: a value being sent in pieces, an
 * item being received. An item that is held is not freed when it is unlinked, but when the last
 * hold is released.
 *
 * Guard: the partition lock. Cf. memcached/memcached memcached.h, struct _strchunk.
 */
import { bytesCopy } from './bytes.ts';
import {
  itemBytesFor,
  itemChainWord,
  itemExtras,
  itemIsChained,
  itemKeyBytes,
  itemValueBytes,
  itemValueOffset,
  KIND_LINK,
} from './item.ts';
import type { Partition } from './partition.ts';
import { chunkGive } from './slab.ts';
import { CHUNK_BYTES_MAX } from './slab-classes.ts';

/** Words of the chain field in the head. */
export const CHAIN = { nextRef: 0, tailRef: 1, holds: 2, spare: 3 } as const;
/** Words of a link's header. */
export const LINK = { meta: 0, nextRef: 1, headRef: 2, used: 3 } as const;
export const LINK_HEADER_BYTES = 16;
/** Value bytes in a full link. */
export const LINK_VALUE_BYTES_MAX = CHUNK_BYTES_MAX - LINK_HEADER_BYTES;

/** Value bytes that the head of a chained item holds. */
export function headValueBytesFor(extras: number, keyBytes: number): number {
  return CHUNK_BYTES_MAX - itemBytesFor(extras, keyBytes, 0);
}

/** Value bytes in the item's own chunk: all of them, unless it is chained. */
export function itemHeadValueBytes(p: Partition, ref: number): number {
  const valueBytes = itemValueBytes(p, ref);
  if (!itemIsChained(p, ref)) return valueBytes;
  return Math.min(valueBytes, headValueBytesFor(itemExtras(p, ref), itemKeyBytes(p, ref)));
}

export function chainInit(p: Partition, headRef: number): void {
  const word = itemChainWord(p, headRef);
  p.i32[word + CHAIN.nextRef] = 0;
  p.i32[word + CHAIN.tailRef] = 0;
  p.i32[word + CHAIN.holds] = 0;
  p.i32[word + CHAIN.spare] = 0;
}

/** Appends an empty link to the chain. */
export function chainLinkAdd(p: Partition, headRef: number, linkRef: number): void {
  const { i32 } = p;
  const chain = itemChainWord(p, headRef);
  const link = linkRef << 1;
  i32[link + LINK.meta] = KIND_LINK << 3;
  i32[link + LINK.nextRef] = 0;
  i32[link + LINK.headRef] = headRef;
  i32[link + LINK.used] = 0;
  const tail = i32[chain + CHAIN.tailRef];
  if (tail === 0) i32[chain + CHAIN.nextRef] = linkRef;
  else i32[(tail << 1) + LINK.nextRef] = linkRef;
  i32[chain + CHAIN.tailRef] = linkRef;
}

/** First link of a chained item, or 0. */
export function chainFirst(p: Partition, headRef: number): number {
  return p.i32[itemChainWord(p, headRef) + CHAIN.nextRef];
}

export function chainTail(p: Partition, headRef: number): number {
  return p.i32[itemChainWord(p, headRef) + CHAIN.tailRef];
}

export function chainHolds(p: Partition, headRef: number): number {
  return p.i32[itemChainWord(p, headRef) + CHAIN.holds];
}

export function chainHold(p: Partition, headRef: number): void {
  p.i32[itemChainWord(p, headRef) + CHAIN.holds]++;
}

export function chainUnhold(p: Partition, headRef: number): number {
  return --p.i32[itemChainWord(p, headRef) + CHAIN.holds];
}

export function linkNext(p: Partition, linkRef: number): number {
  return p.i32[(linkRef << 1) + LINK.nextRef];
}

export function linkUsed(p: Partition, linkRef: number): number {
  return p.i32[(linkRef << 1) + LINK.used];
}

export function linkUsedSet(p: Partition, linkRef: number, valueBytes: number): void {
  p.i32[(linkRef << 1) + LINK.used] = valueBytes;
}

export function linkHead(p: Partition, linkRef: number): number {
  return p.i32[(linkRef << 1) + LINK.headRef];
}

export function linkValueOffset(linkRef: number): number {
  return (linkRef << 3) + LINK_HEADER_BYTES;
}

/** Frees every link of the chain; the head is the caller's. */
export function chainFree(p: Partition, headRef: number): void {
  let link = chainFirst(p, headRef);
  while (link !== 0) {
    const next = linkNext(p, link);
    chunkGive(p, link);
    link = next;
  }
}

/** Copies the whole value of an item, chained or not, to target at targetStart. */
export function itemValueCopy(
  p: Partition,
  ref: number,
  target: Buffer,
  targetStart: number,
): void {
  const headBytes = itemHeadValueBytes(p, ref);
  bytesCopy(p.u8, itemValueOffset(p, ref), target, targetStart, headBytes);
  if (!itemIsChained(p, ref)) return;
  let at = targetStart + headBytes;
  for (let link = chainFirst(p, ref); link !== 0; link = linkNext(p, link)) {
    const used = linkUsed(p, link);
    bytesCopy(p.u8, linkValueOffset(link), target, at, used);
    at += used;
  }
}
