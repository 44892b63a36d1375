/**
 * The strips of a large list: nodes that hold some hundred of its elements, and hang in its tree
 * (collection/counted-tree.ts) in their order.
 *
 *   strip   word 0      1         2         3       4                 byte 20
 *          ┌──────────┬─────────┬─────────┬───────┬─────────────────┬ ─ ─ ─ ┬─────────┬ ─ ─ ─ ┐
 *          │ meta     │ rootRef │ leafRef │ count │ start:16 end:16 │ free  │ entries │ free  │
 *          └──────────┴─────────┴─────────┴───────┴─────────────────┴ ─ ─ ─ ┴─────────┴ ─ ─ ─ ┘
 *
 * `start` and `end` are byte offsets in the chunk. There may be room on both sides, so that what is pushed
 * and popped, at whichever end, moves no other element. The entries are those of collection/strip.ts.
 *
 * A strip's chunk has at most about STRIP_CHUNK_BYTES; a list that is short yet starts with less. An element
 * longer than STRIP_CONTENT_BYTES_MAX is in no strip: see list-element.ts.
 *
 * Guard: the partition lock. Cf. redis/redis src/quicklist.c, whose nodes are a linked list.
 */
import { assert } from '../../base/assert.ts';
import { NODE_TYPE, nodeInit, nodeRoot, rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass, chunkGive } from '../../memory/slab.ts';
import { ENTRY_LEAF_WORD } from '../collection/counted-tree.ts';
import { stripEntryBytes } from '../collection/strip.ts';

/** Words of a strip, as i32 indices from `ref << 1`. */
const STRIP = { leafRef: 2, count: 3, range: 4 } as const;
export const STRIP_HEADER_BYTES = 20;
/** What the chunk of a full strip has at least, with the usual slab classes just that. */
const STRIP_CHUNK_BYTES = 4096;
/** The first strip of a list is not smaller. */
const STRIP_CHUNK_BYTES_MIN = 512;
/** Longer elements have chunks of their own. A strip that is full can be split for one of these. */
export const STRIP_CONTENT_BYTES_MAX = 1024;

assert(STRIP.leafRef === ENTRY_LEAF_WORD, 'a strip names its leaf where the tree looks for that');
assert(
  stripEntryBytes(STRIP_CONTENT_BYTES_MAX) * 3 + STRIP_HEADER_BYTES < STRIP_CHUNK_BYTES,
  'either half of a full strip has room for an entry',
);

/** The class for a strip of `bytes` of entries that is going to grow. */
export function stripNodeClass(p: Partition, bytes: number): number {
  const wanted = STRIP_HEADER_BYTES + 2 * bytes;
  const chunkBytes = Math.max(STRIP_CHUNK_BYTES_MIN, Math.min(wanted, STRIP_CHUNK_BYTES));
  return p.classes.classFor(chunkBytes);
}

/** Bytes of entries that the largest strips have room for. */
export function stripNodeBytesMax(p: Partition): number {
  const { classes } = p;
  return classes.chunkBytes[classes.classFor(STRIP_CHUNK_BYTES)] - STRIP_HEADER_BYTES;
}

/**
 * Makes a chunk a strip without entries, whose `bytes` of them are to come next: at the front of the
 * chunk, or if `fromEnd`, when the list grows at its head, at the back.
 */
export function stripNodeInit(
  p: Partition,
  ref: number,
  rootRef: number,
  bytes: number,
  fromEnd: boolean,
): void {
  const chunkBytes = stripNodeChunkBytes(p, ref);
  nodeInit(p, ref, NODE_TYPE.STRIP, rootRef);
  rootBytesAdd(p, rootRef, chunkBytes);
  const start = (ref << 3) + (fromEnd ? chunkBytes - bytes : STRIP_HEADER_BYTES);
  p.i32[(ref << 1) + STRIP.leafRef] = 0;
  p.i32[(ref << 1) + STRIP.count] = 0;
  rangeSet(p, ref, start, start);
}

/** What the strip counts for among its list's bytes. */
export function stripNodeChunkBytes(p: Partition, ref: number): number {
  return p.classes.chunkBytes[chunkClass(p, ref)];
}

/** Frees a strip that is in no tree any more. */
export function stripNodeFree(p: Partition, ref: number): void {
  rootBytesAdd(p, nodeRoot(p, ref), -stripNodeChunkBytes(p, ref));
  chunkGive(p, ref);
}

/** Where the entries start: an offset in the partition. */
export function stripNodeStart(p: Partition, ref: number): number {
  return (ref << 3) + (p.i32[(ref << 1) + STRIP.range] & 0xffff);
}

/** Where they end. */
export function stripNodeEnd(p: Partition, ref: number): number {
  return (ref << 3) + (p.i32[(ref << 1) + STRIP.range] >>> 16);
}

/** Bytes of the entries. */
export function stripNodeBytes(p: Partition, ref: number): number {
  const range = p.i32[(ref << 1) + STRIP.range];
  return (range >>> 16) - (range & 0xffff);
}

function rangeSet(p: Partition, ref: number, start: number, end: number): void {
  const base = ref << 3;
  p.i32[(ref << 1) + STRIP.range] = (start - base) | ((end - base) << 16);
}

/** Elements in the strip. */
export function stripNodeCount(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + STRIP.count];
}

export function stripNodeCountAdd(p: Partition, ref: number, difference: number): void {
  p.i32[(ref << 1) + STRIP.count] += difference;
}

/** Bytes of entries that the chunk still has room for. */
export function stripNodeRoom(p: Partition, ref: number): number {
  return stripNodeChunkBytes(p, ref) - STRIP_HEADER_BYTES - stripNodeBytes(p, ref);
}

/**
 * Opens a gap of `bytes` at `at`, an offset in the partition; the strip has room for it. Returns where the
 * gap starts. What the gap has is the caller's to write, and to count.
 */
export function stripNodeOpen(p: Partition, ref: number, at: number, bytes: number): number {
  const start = stripNodeStart(p, ref);
  const end = stripNodeEnd(p, ref);
  const roomBefore = start - (ref << 3) - STRIP_HEADER_BYTES;
  const roomBehind = (ref << 3) + stripNodeChunkBytes(p, ref) - end;
  assert(roomBefore + roomBehind >= bytes, 'a strip has room for what is put in it');
  // How far what lies before the gap moves to the front. At an end all room is made on that side.
  let shift = 0;
  if (at === end) shift = roomBehind >= bytes ? 0 : roomBefore;
  else if (at === start) shift = roomBefore >= bytes ? bytes : bytes - roomBehind;
  else if (at - start < end - at) shift = Math.min(bytes, roomBefore);
  else shift = Math.max(0, bytes - roomBehind);
  const behind = bytes - shift;
  if (at !== end && behind !== 0) p.u8.copyWithin(at + behind, at, end);
  if (at !== start && shift !== 0) p.u8.copyWithin(start - shift, start, at);
  rangeSet(p, ref, start - shift, end + behind);
  return at - shift;
}

/** Takes `bytes` at `at` out. Returns where what lay behind them now starts. */
export function stripNodeClose(p: Partition, ref: number, at: number, bytes: number): number {
  const start = stripNodeStart(p, ref);
  const end = stripNodeEnd(p, ref);
  if (at - start < end - at - bytes) {
    if (at !== start) p.u8.copyWithin(start + bytes, start, at);
    rangeSet(p, ref, start + bytes, end);
    return at + bytes;
  }
  if (at + bytes !== end) p.u8.copyWithin(at, at + bytes, end);
  rangeSet(p, ref, start, end - bytes);
  return at;
}

/** Copies the entries in [start, end) of this partition, `count` of them, to the strip's end. */
export function stripNodeAppend(
  p: Partition,
  ref: number,
  start: number,
  end: number,
  count: number,
): void {
  const gap = stripNodeOpen(p, ref, stripNodeEnd(p, ref), end - start);
  p.u8.copyWithin(gap, start, end);
  stripNodeCountAdd(p, ref, count);
}

/** The same to its start. */
export function stripNodePrepend(
  p: Partition,
  ref: number,
  start: number,
  end: number,
  count: number,
): void {
  const gap = stripNodeOpen(p, ref, stripNodeStart(p, ref), end - start);
  p.u8.copyWithin(gap, start, end);
  stripNodeCountAdd(p, ref, count);
}

/** Leaves the strip the entries before `end`, and takes `count` off. */
export function stripNodeCut(p: Partition, ref: number, end: number, count: number): void {
  rangeSet(p, ref, stripNodeStart(p, ref), end);
  stripNodeCountAdd(p, ref, -count);
}
