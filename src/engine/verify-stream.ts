/**
 * What partitionVerify asks of a stream: that its entries are in order and whole, and that its root knows how
 * many there are, and which are the first and the last.
 *
 * Guard: the caller holds the partition lock.
 */
import { StreamId, streamIdCompare, streamIdRead, streamIdText } from '../base/stream-id.ts';
import { rootCount } from '../memory/node.ts';
import type { Partition } from '../memory/partition.ts';
import {
  blockChunkBytes,
  blockCount,
  blockEnd,
  blockEntry,
  blockFirst,
  blockGone,
  blockLiveBytes,
  blockSlots,
  blockUsed,
  entryEnd,
  entryId,
} from './types/stream-block.ts';
import { entryIdWord, entryIsBlock } from './types/stream-entry.ts';
import { longProblem } from './types/stream-long.ts';
import { streamFirstId, streamLastId, streamTail } from './types/stream-root.ts';

/** What is wrong with a stream whose tree has these entries; an empty string if nothing is. */
export function streamProblem(p: Partition, rootRef: number, entries: readonly number[]): string {
  const ids: StreamId[] = [];
  for (const entry of entries) {
    const problem = entryIsBlock(p, entry) ? blockProblem(p, entry, ids) : longTake(p, entry, ids);
    if (problem !== '') return `entry ${entry}: ${problem}`;
  }
  if (ids.length !== rootCount(p, rootRef)) return `${ids.length} entries`;
  if (streamTail(p, rootRef) !== (entries.at(-1) ?? 0)) return 'its tail is not its last entry';
  for (let index = 1; index < ids.length; index++) {
    const ascends = streamIdCompare(ids[index - 1], ids[index]) < 0;
    if (!ascends) return `${streamIdText(ids[index])} is not behind the id before`;
  }
  const id = new StreamId();
  streamFirstId(p, rootRef, id);
  if (streamIdCompare(id, ids[0] ?? new StreamId()) !== 0) return 'its first id is another';
  streamLastId(p, rootRef, id);
  const isLast = ids.length === 0 || streamIdCompare(id, ids[ids.length - 1]) >= 0;
  return isLast ? '' : 'its last id is before that of an entry';
}

/** Checks a block, and adds the ids of its entries. */
function blockProblem(p: Partition, ref: number, ids: StreamId[]): string {
  if (blockCount(p, ref) < 1) return 'it is empty';
  if (blockUsed(p, ref) > blockChunkBytes(p, ref)) return 'it is longer than its chunk';
  const end = (ref << 3) + blockEnd(p, ref);
  let before = 0;
  for (let slot = blockFirst(p, ref); slot < blockSlots(p, ref); slot++) {
    const at = blockEntry(p, ref, slot);
    if (at < before || entryEnd(p, ref, at) > end) return `slot ${slot} has no entry`;
    before = entryEnd(p, ref, at);
    const id = new StreamId();
    entryId(p, ref, at, id);
    ids.push(id);
  }
  const isWhole = blockGone(p, ref) === 0;
  if (isWhole && before !== end) return 'something is behind its last entry';
  return blockLiveBytes(p, ref) <= blockUsed(p, ref) ? '' : 'it has more than it uses';
}

function longTake(p: Partition, ref: number, ids: StreamId[]): string {
  const id = new StreamId();
  streamIdRead(p.i32, entryIdWord(p, ref), id);
  ids.push(id);
  return longProblem(p, ref);
}
