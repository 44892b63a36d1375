/**
 * Taking entries out of a stream: any, by id, or the first ones. A block goes with its last entry; one of
 * which little is left goes into a smaller chunk.
 *
 * None of it needs memory. Guard: the partition lock.
 */
import { StreamId, streamIdCompare, streamIdRead, streamIdSetZero } from '../../base/stream-id.ts';
import { rootCount, rootCountAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { TreePlace, treeEntry, treeFirst, treeLast } from '../collection/counted-tree.ts';
import { treeRemove } from '../collection/counted-tree-change.ts';
import { blockFit } from './stream-append.ts';
import {
  blockCount,
  blockDrop,
  blockEntry,
  blockFirst,
  blockGone,
  blockRemove,
  blockSlots,
  entryId,
} from './stream-block.ts';
import { blockSeek, StreamCursor, streamSeekExact } from './stream-cursor.ts';
import { entryCountOf, entryFree, entryIdWord, entryIsBlock } from './stream-entry.ts';
import {
  streamFirstId,
  streamFirstIdSet,
  streamMaxDeletedId,
  streamMaxDeletedIdSet,
  streamTail,
  streamTailSet,
} from './stream-root.ts';

const cursor = new StreamCursor();
const place = new TreePlace();
const edge = new StreamId();

/** Takes the entry of this id out. False: there is none. */
export function streamDelete(p: Partition, rootRef: number, id: Readonly<StreamId>): boolean {
  if (!streamSeekExact(p, rootRef, id, cursor)) return false;
  const { entry } = cursor;
  rootCountAdd(p, rootRef, -1);
  if (entryCountOf(p, entry) === 1) {
    entryDrop(p, rootRef, cursor.place);
  } else {
    blockRemove(p, entry, cursor.slot);
    blockTidy(p, rootRef, entry);
  }
  streamFirstId(p, rootRef, edge);
  if (streamIdCompare(id, edge) === 0) firstIdFind(p, rootRef);
  streamMaxDeletedId(p, rootRef, edge);
  if (streamIdCompare(id, edge) > 0) streamMaxDeletedIdSet(p, rootRef, id);
  return true;
}

/** What goes: all entries but the last ones, or all before an id. */
export const TRIM = { NONE: 0, LENGTH: 1, ID: 2 } as const;

export class StreamTrim {
  by: number = TRIM.NONE;
  /** How many entries are left; more, if `isRough`. */
  length = 0;
  /** What is before goes. */
  readonly id: StreamId = new StreamId();
  /** Only whole blocks go. */
  isRough = false;
  /** No more entries go, counted by blocks; 0: any number. */
  countMax = 0;
}

/** Takes the first entries out. Returns how many went. */
export function streamTrim(p: Partition, rootRef: number, trim: StreamTrim): number {
  let removed = 0;
  while (rootCount(p, rootRef) > 0) {
    const count = rootCount(p, rootRef);
    if (trim.by === TRIM.LENGTH && count <= trim.length) break;
    treeFirst(p, rootRef, place);
    const entry = treeEntry(p, place);
    const entries = entryCountOf(p, entry);
    if (trim.countMax !== 0 && removed + entries > trim.countMax) break;
    if (goesWhole(p, entry, count - entries, trim)) {
      rootCountAdd(p, rootRef, -entries);
      entryDrop(p, rootRef, place);
      removed += entries;
      continue;
    }
    if (!trim.isRough && entryIsBlock(p, entry)) {
      const dropped = trim.by === TRIM.LENGTH ? count - trim.length : countBefore(p, entry, trim);
      if (dropped > 0) {
        blockDrop(p, entry, dropped);
        rootCountAdd(p, rootRef, -dropped);
        removed += dropped;
        blockTidy(p, rootRef, entry);
      }
    }
    break;
  }
  if (removed > 0) firstIdFind(p, rootRef);
  return removed;
}

/** Whether all of a block goes, or a long entry; `countBehind` entries are behind it. */
function goesWhole(p: Partition, entry: number, countBehind: number, trim: StreamTrim): boolean {
  if (trim.by === TRIM.LENGTH) return countBehind >= trim.length;
  if (entryIsBlock(p, entry)) {
    entryId(p, entry, blockEntry(p, entry, blockSlots(p, entry) - 1), edge);
  } else {
    streamIdRead(p.i32, entryIdWord(p, entry), edge);
  }
  return streamIdCompare(edge, trim.id) < 0;
}

function countBefore(p: Partition, block: number, { id }: StreamTrim): number {
  return blockSeek(p, block, id) - blockFirst(p, block);
}

/** Takes a block or a long entry out of the tree, and frees it. Its entries do not count any more. */
function entryDrop(p: Partition, rootRef: number, at: TreePlace): void {
  const entry = treeEntry(p, at);
  treeRemove(p, at);
  entryFree(p, rootRef, entry);
  if (streamTail(p, rootRef) !== entry) return;
  streamTailSet(p, rootRef, treeLast(p, rootRef, at) ? treeEntry(p, at) : 0);
}

/** Gives a block that has lost most of its entries a smaller chunk. The last one will have more. */
function blockTidy(p: Partition, rootRef: number, block: number): void {
  if (block === streamTail(p, rootRef)) return;
  if (blockGone(p, block) > blockCount(p, block)) blockFit(p, rootRef, block);
}

/** Notes which entry is the first now. */
function firstIdFind(p: Partition, rootRef: number): void {
  if (rootCount(p, rootRef) === 0) {
    streamIdSetZero(edge);
  } else {
    treeFirst(p, rootRef, place);
    const entry = treeEntry(p, place);
    if (entryIsBlock(p, entry)) entryId(p, entry, blockEntry(p, entry, blockFirst(p, entry)), edge);
    else streamIdRead(p.i32, entryIdWord(p, entry), edge);
  }
  streamFirstIdSet(p, rootRef, edge);
}
