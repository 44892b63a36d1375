/**
 * Adding entries to a stream, always behind the last.
 *
 * An entry goes into the last block as long as that may have more; else it is the first of another, or is
 * too long for one. A block's chunk grows by halves in the first block of a stream; later ones start as large
 * as the one before came to be. A block that is done goes into the smallest chunk that holds it.
 *
 * Guard: the partition lock, and the stream's item is guarded, unless it has none yet. What finds no memory has
 * changed nothing.
 */
import type { StreamId } from '../../base/stream-id.ts';
import { rootCount, rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass, chunkTake } from '../../memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';
import { TreePlace, treeEnd, treeFind, treeTop } from '../collection/counted-tree.ts';
import { treeReplace } from '../collection/counted-tree-change.ts';
import { treeCreate, treeInsert } from '../collection/counted-tree-growth.ts';
import { chunkObtain } from '../eviction.ts';
import { STATUS, type Status } from '../status.ts';
import {
  blockAdded,
  blockAppend,
  blockBytesFor,
  blockCopy,
  blockEnd,
  blockFree,
  blockInit,
  blockLiveBytes,
  blockMeasure,
  blockRoom,
} from './stream-block.ts';
import { entryFree, entryIsBlock } from './stream-entry.ts';
import { fieldsPayload, type StreamFields } from './stream-fields.ts';
import { longMake } from './stream-long.ts';
import {
  streamAddedCount,
  streamFirstIdSet,
  streamLastIdSet,
  streamTail,
  streamTailSet,
} from './stream-root.ts';

/** When a block is full, as the settings say. 0: there is no such limit, but that of a chunk. */
export const blockLimits = { bytesMax: 4096, entriesMax: 100 };

/** What the chunk of a stream's first block has at least. */
const CHUNK_BYTES_MIN = 256;
/** Entries that one block can count. */
const ADDED_MAX = 0xf000;
/** Names and values of an entry together have no more. */
const PAYLOAD_BYTES_MAX = 2 ** 30;

const place = new TreePlace();

/** Adds an entry, whose id is behind the last one. */
export function streamAppend(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
  nowMs: number,
): Status {
  const payload = fieldsPayload(fields);
  if (payload > PAYLOAD_BYTES_MAX) return STATUS.TOO_LARGE;
  if (!entryPut(p, rootRef, id, fields, payload, nowMs)) return STATUS.NO_MEMORY;
  if (rootCount(p, rootRef) === 0) streamFirstIdSet(p, rootRef, id);
  rootCountAdd(p, rootRef, 1);
  streamLastIdSet(p, rootRef, id);
  streamAddedCount(p, rootRef);
  return STATUS.OK;
}

function entryPut(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
  payload: number,
  nowMs: number,
): boolean {
  const tail = streamTail(p, rootRef);
  if (tail !== 0 && entryIsBlock(p, tail) && blockMayTake(p, tail, payload)) {
    const bytes = blockMeasure(p, tail, id, fields);
    if (bytes <= blockRoom(p, tail)) {
      blockAppend(p, tail, fields);
      return true;
    }
    const needed = blockLiveBytes(p, tail) + bytes;
    if (needed <= CHUNK_BYTES_MAX) {
      const grown = blockGrow(p, rootRef, tail, needed, nowMs);
      if (grown === 0) return false;
      blockAppend(p, grown, fields);
      return true;
    }
  }
  return entryStart(p, rootRef, id, fields, payload, nowMs);
}

function blockMayTake(p: Partition, block: number, payload: number): boolean {
  const { bytesMax, entriesMax } = blockLimits;
  const addedMax = entriesMax === 0 ? ADDED_MAX : Math.min(entriesMax, ADDED_MAX);
  if (blockAdded(p, block) >= addedMax) return false;
  return bytesMax === 0 || blockEnd(p, block) + payload < bytesMax;
}

/** Moves the last block to a chunk with room for `needed` bytes. 0 without memory. */
function blockGrow(
  p: Partition,
  rootRef: number,
  block: number,
  needed: number,
  nowMs: number,
): number {
  const wanted = Math.min(needed + (needed >>> 1), CHUNK_BYTES_MAX);
  const fresh = chunkObtain(p, p.classes.classFor(wanted), nowMs);
  if (fresh === 0) return 0;
  blockMove(p, rootRef, block, fresh);
  return fresh;
}

/** Gives a block another chunk, which has room for it. */
export function blockMove(p: Partition, rootRef: number, block: number, fresh: number): void {
  blockCopy(p, block, fresh);
  treeFind(p, block, place);
  treeReplace(p, place, fresh);
  if (streamTail(p, rootRef) === block) streamTailSet(p, rootRef, fresh);
  blockFree(p, block);
}

/** Moves a block to a smaller chunk, if it fits one and there is one. */
export function blockFit(p: Partition, rootRef: number, block: number): void {
  const classId = p.classes.classFor(blockLiveBytes(p, block));
  if (classId >= chunkClass(p, block)) return;
  const fresh = chunkTake(p, classId);
  if (fresh !== 0) blockMove(p, rootRef, block, fresh);
}

/** Puts an entry behind the last block, as the first of another, or for itself. */
function entryStart(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
  payload: number,
  nowMs: number,
): boolean {
  if (treeTop(p, rootRef) === 0 && !treeCreate(p, rootRef, false, nowMs)) return false;
  const tail = streamTail(p, rootRef);
  const bytes = payload <= CHUNK_BYTES_MAX ? blockBytesFor(fields) : payload;
  const fresh =
    bytes <= CHUNK_BYTES_MAX
      ? blockStart(p, rootRef, id, fields, Math.max(bytes, blockBytesHint(p, tail)), nowMs)
      : longMake(p, rootRef, id, fields, nowMs);
  if (fresh === 0) return false;
  treeEnd(p, rootRef, place);
  if (!treeInsert(p, place, fresh, 1, nowMs)) {
    entryFree(p, rootRef, fresh);
    return false;
  }
  streamTailSet(p, rootRef, fresh);
  if (tail !== 0 && entryIsBlock(p, tail)) blockFit(p, rootRef, tail);
  return true;
}

/** How large the block behind this one is going to be. */
function blockBytesHint(p: Partition, tail: number): number {
  if (tail === 0 || !entryIsBlock(p, tail)) return CHUNK_BYTES_MIN;
  return Math.max(CHUNK_BYTES_MIN, blockLiveBytes(p, tail));
}

function blockStart(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
  chunkBytes: number,
  nowMs: number,
): number {
  const fresh = chunkObtain(p, p.classes.classFor(chunkBytes), nowMs);
  if (fresh !== 0) blockInit(p, fresh, rootRef, id, fields);
  return fresh;
}
