/**
 * Storing a whole sorted set at once: the result of a command that combines, ranges or searches.
 *
 * Guard: the lock of the key's partition.
 */

import { KEY_BYTES_LIMIT } from '../../base/key.ts';
import { collectionCountSet, LARGE_VALUE_BYTES } from '../../memory/collection.ts';
import { ITEM_TYPE } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE } from '../change-log.ts';
import { rootDiscard } from '../collection/graveyard.ts';
import {
  collectionMake,
  PACKED_HEADER_BYTES,
  packedFits,
  packedStart,
  valueSplice,
} from '../collection/packed.ts';
import { rootAttach } from '../collection/root.ts';
import { itemFree, itemUnlink } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import { itemFind, itemSucceed } from './string.ts';
import { listpackScore, zsetEncodingExpect } from './zset.ts';
import type { ZsetRow } from './zset-combine.ts';
import { entrySetName, ZsetEntry } from './zset-entry.ts';
import { largeAppend, largeCreate } from './zset-large.ts';
import { pairBytes, pairWrite } from './zset-packed.ts';

/** A row in hand. */
const entry = new ZsetEntry(Buffer.alloc(0));
const nameBuffer = Buffer.alloc(KEY_BYTES_LIMIT);

/**
 * Puts a sorted set of these rows, which are in order, in the place of whatever op's key holds; without
 * rows, nothing. On NO_MEMORY the key holds what it held.
 */
export function zsetStore(p: Partition, op: Operation, rows: readonly ZsetRow[]): Status {
  if (rows.length === 0) {
    const old = itemFind(p, op);
    if (old !== 0) itemUnlink(p, op.key.hash, old, CHANGE.DELETE);
    return STATUS.OK;
  }
  const empty = collectionMake(p, op, ITEM_TYPE.ZSET);
  if (empty === 0) return STATUS.NO_MEMORY;
  let stripBytes = 0;
  let nameBytesMax = 0;
  for (const { name } of rows) {
    stripBytes += pairBytes(name.length);
    nameBytesMax = Math.max(nameBytesMax, name.length);
  }
  if (!zsetEncodingExpect(p, empty, rows.length, nameBytesMax)) {
    for (const row of rows) row.score = listpackScore(row.score);
  }
  const fits = packedFits(0, op.key.bytes, stripBytes);
  const ref = fits ? fillPacked(p, op, empty, rows, stripBytes) : fillLarge(p, op, empty, rows);
  if (ref === 0) {
    itemFree(p, empty);
    return STATUS.NO_MEMORY;
  }
  // What the key holds may have moved, or gone, to make room.
  return itemSucceed(p, op, itemFind(p, op), ref);
}

function fillPacked(
  p: Partition,
  op: Operation,
  empty: number,
  rows: readonly ZsetRow[],
  stripBytes: number,
): number {
  const ref = valueSplice(p, op.key.hash, empty, PACKED_HEADER_BYTES, 0, stripBytes, op.nowMs);
  if (ref === 0) return 0;
  let at = packedStart(p, ref);
  for (const row of rows) {
    rowTake(row);
    at = pairWrite(p, at, entry);
  }
  collectionCountSet(p, ref, rows.length);
  return ref;
}

function fillLarge(p: Partition, op: Operation, empty: number, rows: readonly ZsetRow[]): number {
  const rootRef = largeCreate(p, op.nowMs);
  if (rootRef === 0) return 0;
  const linkBytes = LARGE_VALUE_BYTES - PACKED_HEADER_BYTES;
  let ref = 0;
  if (rowsAppend(p, op, rootRef, rows)) {
    ref = valueSplice(p, op.key.hash, empty, PACKED_HEADER_BYTES, 0, linkBytes, op.nowMs);
  }
  if (ref === 0) rootDiscard(p, rootRef);
  else rootAttach(p, ref, rootRef);
  return ref;
}

function rowsAppend(
  p: Partition,
  op: Operation,
  rootRef: number,
  rows: readonly ZsetRow[],
): boolean {
  for (const row of rows) {
    rowTake(row);
    if (!largeAppend(p, op, rootRef, entry)) return false;
  }
  return true;
}

function rowTake({ name, score }: ZsetRow): void {
  entrySetName(entry, nameBuffer, 0, nameBuffer.write(name, 'latin1'));
  entry.score = score;
}
