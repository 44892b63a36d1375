/**
 * Chains: values too large for one chunk.
 *
 *   head (largest class)                    link                          link (smallest that fits)
 *   ┌──────┬─────┬───────────────┐  next    ┌──────────────┬──────────┐  next    ┌──────┬──────┐
 *   │header│ key │ value, part 1 │ ───────▶ │ meta nextRef │ part 2   │ ───────▶ │      │ …    │
 *   └──────┴─────┴───────────────┘          │ headRef used │          │          └──────┴──────┘
 *     └ chain: nextRef tailRef holds links  │ skipRef      │          │
 *                                           └──────────────┴──────────┘
 *
 * All chunks but the last are full, so a position says by itself in which link it lies. `used` is the
 * bytes of the value in the link. `headRef` leads from any link to its item, for whoever has to empty
 * a page. `links` is how many there are.
 *
 * `skipRef` makes the way to a far link short, as in a skip list whose heights are fixed: link 16k
 * leads to link 16k + 16, link 256k + 1 to link 256k + 256, link 4096k + 2 to link 4096k + 4096. In a
 * value of 12 MB that is some twenty steps instead of a thousand, in one of 512 MB at most seventy.
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
export const CHAIN = { nextRef: 0, tailRef: 1, holds: 2, links: 3 } as const;
/** Words of a link's header. */
export const LINK = { meta: 0, nextRef: 1, headRef: 2, used: 3, skipRef: 4 } as const;
export const LINK_HEADER_BYTES = 20;
/** Value bytes in a full link. */
export const LINK_VALUE_BYTES_MAX = CHUNK_BYTES_MAX - LINK_HEADER_BYTES;

/** Links that one skip passes, from the short one to the long. */
const SKIP_SHORT = 16;
const SKIP_MIDDLE = 256;
const SKIP_LONG = 4096;

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
  p.i32[word + CHAIN.links] = 0;
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
  i32[link + LINK.skipRef] = 0;
  const tail = i32[chain + CHAIN.tailRef];
  if (tail === 0) i32[chain + CHAIN.nextRef] = linkRef;
  else i32[(tail << 1) + LINK.nextRef] = linkRef;
  i32[chain + CHAIN.tailRef] = linkRef;
  const index = i32[chain + CHAIN.links]++;
  if (index > 0 && index % SKIP_SHORT === 0) chainSkipsSet(p, headRef, index, linkRef);
}

/** Lets links before it lead to the one at `index`, a multiple of SKIP_SHORT. */
function chainSkipsSet(p: Partition, headRef: number, index: number, linkRef: number): void {
  linkSkipSet(p, chainLinkAt(p, headRef, index - SKIP_SHORT), linkRef);
  if (index % SKIP_MIDDLE !== 0) return;
  linkSkipSet(p, chainLinkAt(p, headRef, index - SKIP_MIDDLE + 1), linkRef);
  if (index % SKIP_LONG !== 0) return;
  linkSkipSet(p, chainLinkAt(p, headRef, index - SKIP_LONG + 2), linkRef);
}

/** Takes the last link, of which there is one, off the chain, and frees it. */
export function chainTailFree(p: Partition, headRef: number): void {
  const { i32 } = p;
  const chain = itemChainWord(p, headRef);
  const last = i32[chain + CHAIN.tailRef];
  const links = --i32[chain + CHAIN.links];
  if (links === 0) {
    i32[chain + CHAIN.nextRef] = 0;
    i32[chain + CHAIN.tailRef] = 0;
  } else {
    const before = chainLinkAt(p, headRef, links - 1);
    i32[(before << 1) + LINK.nextRef] = 0;
    i32[chain + CHAIN.tailRef] = before;
  }
  chunkGive(p, last);
}

/** The link at an index below `chainLinks`. Skips that lead behind the last link are not followed. */
export function chainLinkAt(p: Partition, headRef: number, index: number): number {
  let link = chainFirst(p, headRef);
  let left = index;
  for (; left >= SKIP_LONG; left -= SKIP_LONG) {
    link = linkSkip(p, linkNext(p, linkNext(p, link)));
  }
  for (; left >= SKIP_MIDDLE; left -= SKIP_MIDDLE) link = linkSkip(p, linkNext(p, link));
  for (; left >= SKIP_SHORT; left -= SKIP_SHORT) link = linkSkip(p, link);
  for (; left > 0; left--) link = linkNext(p, link);
  return link;
}

/** How many links a chained item has. */
export function chainLinks(p: Partition, headRef: number): number {
  return p.i32[itemChainWord(p, headRef) + CHAIN.links];
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

/** Where the link's skip leads; stale or 0, if there is no such link. */
function linkSkip(p: Partition, linkRef: number): number {
  return p.i32[(linkRef << 1) + LINK.skipRef];
}

function linkSkipSet(p: Partition, linkRef: number, skipRef: number): void {
  p.i32[(linkRef << 1) + LINK.skipRef] = skipRef;
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
