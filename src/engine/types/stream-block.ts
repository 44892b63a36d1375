/**
 * Blocks: the nodes that hold a stream's entries, some hundred each, in the order of their ids.
 *
 *   block  word 0      1         2         3                    4         8                   9                     byte 40
 *          ┌──────────┬─────────┬─────────┬────────────────────┬─────────┬───────────────────┬─────────────────────┬───────┬─────────┬ ─ ─ ┬────────┐
 *          │ meta     │ rootRef │ leafRef │ first:16  slots:16 │ id      │ end:16   names:16 │ added:16    gone:16 │ names │ entries │free │ slots  │
 *          └──────────┴─────────┴─────────┴────────────────────┴─────────┴───────────────────┴─────────────────────┴───────┴─────────┴ ─ ─ ┴────────┘
 *                                                                4 words                                                                     ◀── 1 0
 *
 *   entry  ┌──────┬───────────┬────────────┬────────────────────────────┬────────┐
 *          │ head │ ms, 0–4 B │ seq, 0–4 B │ count of fields and names, │ values │      a number that needs more has 8 B
 *          └──────┴───────────┴────────────┤ if they are its own        ├────────┘
 *   head   bit 0 own names · bits 1–3 bytes of ms · bits 4–6 of seq     stream-fields.ts
 *
 * `id` is that of the block's first entry ever, whose names the block keeps; an entry with just these names
 * has none of its own. An entry's `ms` is what it has more than the block's; `seq` is that, too, if `ms` is 0,
 * and else its own. What is added every few milliseconds by `*` so has two bytes or three for its id.
 *
 * A slot is the offset of an entry in the chunk: so any entry is found by halves, and passed in either
 * direction. Slots [first, slots) are in use. An entry that goes leaves its bytes where they are: one at an end
 * costs nothing, one in the middle moves slots. `gone` counts them; when they are more than those that are
 * left, the block is copied into a smaller chunk. `added` counts all entries that have come.
 *
 * Guard: the partition lock. Cf. valkey-io/valkey src/t_stream.c, streamAppendItem, from which the shared
 * names and the ids as differences are taken.
 */
import { assert } from '../../base/assert.ts';
import { type StreamId, streamIdRead, streamIdStore } from '../../base/stream-id.ts';
import { NODE_TYPE, nodeInit, nodeRoot, rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass, chunkGive } from '../../memory/slab.ts';
import { ENTRY_LEAF_WORD } from '../collection/counted-tree.ts';
import {
  fieldsSkip,
  lengthEnd,
  lengthRead,
  lengthWrite,
  namesBytes,
  namesEqual,
  namesWrite,
  type StreamFields,
  valuesMeasure,
  valuesWrite,
} from './stream-fields.ts';

/** Words of a block, as i32 indices from `ref << 1`. */
export const BLOCK = { leafRef: 2, slots: 3, id: 4, end: 8, counts: 9 } as const;
export const BLOCK_HEADER_BYTES = 40;
const HEADER_WORDS = BLOCK_HEADER_BYTES >>> 2;
export const SLOT_BYTES = 2;

assert(BLOCK.leafRef === ENTRY_LEAF_WORD, 'a block names its leaf where the tree looks for that');

const OWN_NAMES = 1;
const MS_SHIFT = 1;
const SEQ_SHIFT = 4;
const WIDTH_MASK = 7;
/** Widths of numbers are 0 to 4 bytes, or this, which stands for 8. */
const WIDE = 5;

// ── The header ──────────────────────────────────────────────────────────────────────────────────

/** What the block counts for among its stream's bytes. */
export function blockChunkBytes(p: Partition, ref: number): number {
  return p.classes.chunkBytes[chunkClass(p, ref)];
}

/** The first slot in use. */
export function blockFirst(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + BLOCK.slots] & 0xffff;
}

/** The slot behind the last one in use. */
export function blockSlots(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + BLOCK.slots] >>> 16;
}

/** Entries there are. */
export function blockCount(p: Partition, ref: number): number {
  const slots = p.i32[(ref << 1) + BLOCK.slots];
  return (slots >>> 16) - (slots & 0xffff);
}

function slotsSet(p: Partition, ref: number, first: number, slots: number): void {
  p.i32[(ref << 1) + BLOCK.slots] = first | (slots << 16);
}

/** Where the entries end: an offset in the chunk. */
export function blockEnd(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + BLOCK.end] & 0xffff;
}

/** How many names its entries share. */
export function blockNameCount(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + BLOCK.end] >>> 16;
}

function endSet(p: Partition, ref: number, end: number, nameCount: number): void {
  p.i32[(ref << 1) + BLOCK.end] = end | (nameCount << 16);
}

/** Entries that were ever added. */
export function blockAdded(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + BLOCK.counts] & 0xffff;
}

/** Entries that went since the block was last copied. */
export function blockGone(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + BLOCK.counts] >>> 16;
}

function countsSet(p: Partition, ref: number, added: number, gone: number): void {
  p.i32[(ref << 1) + BLOCK.counts] = added | (gone << 16);
}

/** Where the names begin: an offset in the partition. */
export function blockNames(ref: number): number {
  return (ref << 3) + BLOCK_HEADER_BYTES;
}

/** Bytes that are in use, slots and what entries left behind included. */
export function blockUsed(p: Partition, ref: number): number {
  return blockEnd(p, ref) + SLOT_BYTES * blockSlots(p, ref);
}

/** Bytes that are left for entries and their slots. */
export function blockRoom(p: Partition, ref: number): number {
  return blockChunkBytes(p, ref) - blockUsed(p, ref);
}

/** Where the entry of a slot begins: an offset in the partition. */
export function blockEntry(p: Partition, ref: number, slot: number): number {
  const at = slotAt(p, ref, slot);
  return (ref << 3) + (p.u8[at] | (p.u8[at + 1] << 8));
}

function slotAt(p: Partition, ref: number, slot: number): number {
  return (ref << 3) + blockChunkBytes(p, ref) - SLOT_BYTES * (slot + 1);
}

function slotSet(p: Partition, ref: number, slot: number, entry: number): void {
  const at = slotAt(p, ref, slot);
  const offset = entry - (ref << 3);
  p.u8[at] = offset & 0xff;
  p.u8[at + 1] = offset >>> 8;
}

// ── Entries ─────────────────────────────────────────────────────────────────────────────────────

/** The id of the entry at `at`. */
export function entryId(p: Partition, ref: number, at: number, to: StreamId): void {
  const { u8 } = p;
  streamIdRead(p.i32, (ref << 1) + BLOCK.id, to);
  const head = u8[at];
  const msWidth = (head >>> MS_SHIFT) & WIDTH_MASK;
  const seqWidth = (head >>> SEQ_SHIFT) & WIDTH_MASK;
  const seqStart = at + 1 + widthBytes(msWidth);
  if (msWidth !== 0) {
    const lo = numberLo(u8, at + 1, msWidth);
    const sum = (to.msLo >>> 0) + (lo >>> 0);
    to.msHi = (to.msHi + numberHi(u8, at + 1, msWidth) + (sum > 0xffffffff ? 1 : 0)) | 0;
    to.msLo = sum | 0;
    to.seqHi = 0;
    to.seqLo = 0;
  }
  if (seqWidth !== 0) {
    const lo = numberLo(u8, seqStart, seqWidth);
    const sum = (to.seqLo >>> 0) + (lo >>> 0);
    to.seqHi = (to.seqHi + numberHi(u8, seqStart, seqWidth) + (sum > 0xffffffff ? 1 : 0)) | 0;
    to.seqLo = sum | 0;
  }
}

function widthBytes(width: number): number {
  return width === WIDE ? 8 : width;
}

/** The lower word of a number. */
function numberLo(u8: Buffer, at: number, width: number): number {
  const last = width === WIDE ? 4 : width;
  let value = 0;
  for (let byte = last - 1; byte >= 0; byte--) value = (value << 8) | u8[at + byte];
  return value;
}

function numberHi(u8: Buffer, at: number, width: number): number {
  return width === WIDE ? numberLo(u8, at + 4, 4) : 0;
}

function numberWidth(hi: number, lo: number): number {
  if (hi !== 0) return WIDE;
  return (39 - Math.clz32(lo)) >>> 3;
}

function numberWrite(u8: Buffer, at: number, hi: number, lo: number, width: number): number {
  const low = width === WIDE ? 4 : width;
  for (let byte = 0; byte < low; byte++) u8[at + byte] = (lo >>> (byte << 3)) & 0xff;
  if (width !== WIDE) return at + low;
  for (let byte = 0; byte < 4; byte++) u8[at + 4 + byte] = (hi >>> (byte << 3)) & 0xff;
  return at + 8;
}

/** Whether the entry has names of its own. */
export function entryHasNames(u8: Buffer, at: number): boolean {
  return (u8[at] & OWN_NAMES) !== 0;
}

/** Where an entry has its count and names, or its values: behind its id. */
export function entryBody(u8: Buffer, at: number): number {
  const head = u8[at];
  const msBytes = widthBytes((head >>> MS_SHIFT) & WIDTH_MASK);
  return at + 1 + msBytes + widthBytes((head >>> SEQ_SHIFT) & WIDTH_MASK);
}

/** Where the entry at `at` ends. */
export function entryEnd(p: Partition, ref: number, at: number): number {
  const { u8 } = p;
  const body = entryBody(u8, at);
  if (!entryHasNames(u8, at)) return fieldsSkip(u8, body, blockNameCount(p, ref));
  return fieldsSkip(u8, lengthEnd(u8, body), 2 * lengthRead(u8, body));
}

// ── Adding ──────────────────────────────────────────────────────────────────────────────────────

/** What an entry has more than its block, in words; and whether it has names of its own. */
const delta = { msHi: 0, msLo: 0, seqHi: 0, seqLo: 0, hasNames: false };

function deltaTake(p: Partition, ref: number, id: Readonly<StreamId>): void {
  const { i32 } = p;
  const word = (ref << 1) + BLOCK.id;
  const msBorrow = id.msLo >>> 0 < i32[word + 1] >>> 0 ? 1 : 0;
  delta.msHi = (id.msHi - i32[word] - msBorrow) | 0;
  delta.msLo = (id.msLo - i32[word + 1]) | 0;
  delta.seqHi = id.seqHi;
  delta.seqLo = id.seqLo;
  if ((delta.msHi | delta.msLo) !== 0) return;
  const seqBorrow = id.seqLo >>> 0 < i32[word + 3] >>> 0 ? 1 : 0;
  delta.seqHi = (id.seqHi - i32[word + 2] - seqBorrow) | 0;
  delta.seqLo = (id.seqLo - i32[word + 3]) | 0;
}

/**
 * Bytes that an entry will take in the block, its slot included. The id is behind those of the block's
 * entries. Then blockAppend, which finds here what the entry is like.
 */
export function blockMeasure(
  p: Partition,
  ref: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
): number {
  deltaTake(p, ref, id);
  delta.hasNames = !namesEqual(p.u8, blockNames(ref), blockNameCount(p, ref), fields);
  const msBytes = widthBytes(numberWidth(delta.msHi, delta.msLo));
  const idBytes = 1 + msBytes + widthBytes(numberWidth(delta.seqHi, delta.seqLo));
  const bytes = SLOT_BYTES + idBytes + valuesMeasure(fields);
  return delta.hasNames ? bytes + 2 + namesBytes(fields) : bytes;
}

/** Adds the entry that was measured last. There is room for it. */
export function blockAppend(p: Partition, ref: number, fields: StreamFields): void {
  const { u8 } = p;
  const entry = (ref << 3) + blockEnd(p, ref);
  const msWidth = numberWidth(delta.msHi, delta.msLo);
  const seqWidth = numberWidth(delta.seqHi, delta.seqLo);
  u8[entry] = (delta.hasNames ? OWN_NAMES : 0) | (msWidth << MS_SHIFT) | (seqWidth << SEQ_SHIFT);
  let at = numberWrite(u8, entry + 1, delta.msHi, delta.msLo, msWidth);
  at = numberWrite(u8, at, delta.seqHi, delta.seqLo, seqWidth);
  if (delta.hasNames) {
    at = lengthWrite(u8, at, fields.count);
    at = namesWrite(fields, u8, at);
  }
  at = valuesWrite(fields, u8, at);
  const slots = blockSlots(p, ref);
  slotSet(p, ref, slots, entry);
  slotsSet(p, ref, blockFirst(p, ref), slots + 1);
  endSet(p, ref, at - (ref << 3), blockNameCount(p, ref));
  countsSet(p, ref, blockAdded(p, ref) + 1, blockGone(p, ref));
}

/** Bytes of a block with this entry alone. */
export function blockBytesFor(fields: StreamFields): number {
  return BLOCK_HEADER_BYTES + namesBytes(fields) + 1 + valuesMeasure(fields) + SLOT_BYTES;
}

/** Makes a chunk a block with its first entry, for which it has room. */
export function blockInit(
  p: Partition,
  ref: number,
  rootRef: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
): void {
  nodeInit(p, ref, NODE_TYPE.BLOCK, rootRef);
  rootBytesAdd(p, rootRef, blockChunkBytes(p, ref));
  p.i32[(ref << 1) + BLOCK.leafRef] = 0;
  slotsSet(p, ref, 0, 0);
  streamIdStore(p.i32, (ref << 1) + BLOCK.id, id);
  const end = namesWrite(fields, p.u8, blockNames(ref));
  endSet(p, ref, end - (ref << 3), fields.count);
  countsSet(p, ref, 0, 0);
  blockMeasure(p, ref, id, fields);
  blockAppend(p, ref, fields);
}

// ── Going, and moving ───────────────────────────────────────────────────────────────────────────

/** Takes the entry of a slot out; it is not the last one there is. */
export function blockRemove(p: Partition, ref: number, slot: number): void {
  const first = blockFirst(p, ref);
  const slots = blockSlots(p, ref);
  assert(slots - first > 1, 'a block is never empty');
  countsSet(p, ref, blockAdded(p, ref), blockGone(p, ref) + 1);
  if (slot - first < slots - 1 - slot) {
    // Slots go downwards in memory: those before this one lie behind it.
    const at = slotAt(p, ref, slot);
    p.u8.copyWithin(at, at + SLOT_BYTES, slotAt(p, ref, first) + SLOT_BYTES);
    slotsSet(p, ref, first + 1, slots);
  } else {
    const last = slotAt(p, ref, slots - 1);
    p.u8.copyWithin(last + SLOT_BYTES, last, slotAt(p, ref, slot));
    slotsSet(p, ref, first, slots - 1);
  }
}

/** Takes the first `count` entries out; there are more. */
export function blockDrop(p: Partition, ref: number, count: number): void {
  assert(blockCount(p, ref) > count, 'a block is never empty');
  slotsSet(p, ref, blockFirst(p, ref) + count, blockSlots(p, ref));
  countsSet(p, ref, blockAdded(p, ref), blockGone(p, ref) + count);
}

/** Bytes that a copy of the block would use. */
export function blockLiveBytes(p: Partition, ref: number): number {
  if (blockGone(p, ref) === 0) return blockUsed(p, ref);
  const first = blockFirst(p, ref);
  const slots = blockSlots(p, ref);
  let bytes = namesEnd(p, ref) - (ref << 3) + SLOT_BYTES * (slots - first);
  for (let slot = first; slot < slots; slot++) {
    const at = blockEntry(p, ref, slot);
    bytes += entryEnd(p, ref, at) - at;
  }
  return bytes;
}

function namesEnd(p: Partition, ref: number): number {
  return fieldsSkip(p.u8, blockNames(ref), blockNameCount(p, ref));
}

/** Copies a block to another chunk, without what entries have left behind. Both count among the bytes. */
export function blockCopy(p: Partition, ref: number, to: number): void {
  nodeInit(p, to, NODE_TYPE.BLOCK, nodeRoot(p, ref));
  rootBytesAdd(p, nodeRoot(p, ref), blockChunkBytes(p, to));
  const word = ref << 1;
  p.i32.copyWithin((to << 1) + BLOCK.leafRef, word + BLOCK.leafRef, word + HEADER_WORDS);
  const first = blockFirst(p, ref);
  const slots = blockSlots(p, ref);
  const isWhole = blockGone(p, ref) === 0;
  let end = (isWhole ? (ref << 3) + blockEnd(p, ref) : namesEnd(p, ref)) - (ref << 3);
  p.u8.copyWithin((to << 3) + BLOCK_HEADER_BYTES, blockNames(ref), (ref << 3) + end);
  if (isWhole) {
    const last = slotAt(p, ref, slots - 1);
    p.u8.copyWithin(slotAt(p, to, slots - 1), last, last + SLOT_BYTES * slots);
  } else {
    slotsSet(p, to, 0, slots - first);
    for (let slot = first; slot < slots; slot++) {
      const at = blockEntry(p, ref, slot);
      const bytes = entryEnd(p, ref, at) - at;
      p.u8.copyWithin((to << 3) + end, at, at + bytes);
      slotSet(p, to, slot - first, (to << 3) + end);
      end += bytes;
    }
  }
  endSet(p, to, end, blockNameCount(p, ref));
  countsSet(p, to, blockAdded(p, ref), 0);
}

/** Frees a block that is in no tree any more. */
export function blockFree(p: Partition, ref: number): void {
  rootBytesAdd(p, nodeRoot(p, ref), -blockChunkBytes(p, ref));
  chunkGive(p, ref);
}
