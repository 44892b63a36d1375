/**
 * Streams: entries in the order of their ids, each a list of fields. New ones come behind the last, any can
 * go. What a stream consists of is drawn in stream-root.ts.
 *
 * Whatever takes memory returns a ref or a STATUS, and has changed nothing if there was none. After the last
 * change of a command its caller calls `itemChanged`. A stream may be empty, and is still there.
 *
 * Guard: the lock of the key's partition, which is the caller's to take. Cf. valkey-io/valkey src/t_stream.c.
 */
import {
  StreamId,
  streamIdCompare,
  streamIdCopy,
  streamIdIncrement,
  streamIdIsMax,
  streamIdSetMs,
} from '../../base/stream-id.ts';
import { collectionRoot, LARGE_VALUE_BYTES } from '../../memory/collection.ts';
import { ITEM_TYPE, itemNoteInterest, itemType } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import { collectionCreate, collectionMake } from '../collection/packed.ts';
import { rootAttach } from '../collection/root.ts';
import type { Operation } from '../operation.ts';
import { OTHER_TYPE, type Status } from '../status.ts';
import { streamAppend } from './stream-append.ts';
import type { StreamFields } from './stream-fields.ts';
import { streamLastId } from './stream-root.ts';
import { streamRootCreate } from './stream-start.ts';
import { itemFind, itemRead } from './string.ts';

/**
 * The live stream under op's key, to be changed; 0: no such key; or OTHER_TYPE. Eviction takes that for a
 * use: a stream that is written to is read by somebody.
 */
export function streamFind(p: Partition, op: Operation): number {
  const ref = itemFind(p, op);
  if (ref === 0) return 0;
  if (itemType(p, ref) !== ITEM_TYPE.STREAM) return OTHER_TYPE;
  itemNoteInterest(p, ref, op.nowSec);
  return ref;
}

/** As streamFind, and counts as a read. */
export function streamRead(p: Partition, op: Operation): number {
  const ref = itemRead(p, op);
  return ref === 0 || itemType(p, ref) === ITEM_TYPE.STREAM ? ref : OTHER_TYPE;
}

/** An empty stream under op's key, which has no item so far: its ref, or 0 without memory. */
export function streamCreate(p: Partition, op: Operation): number {
  const rootRef = streamRootCreate(p, op.nowMs);
  if (rootRef === 0) return 0;
  const ref = collectionCreate(p, op, ITEM_TYPE.STREAM, LARGE_VALUE_BYTES);
  if (ref === 0) chunkGive(p, rootRef);
  else rootAttach(p, ref, rootRef);
  return ref;
}

/** As streamCreate, but under no key yet. Freed by itemFree. `extras` may be EXTRA_EXPIRY. */
export function streamMake(p: Partition, op: Operation, extras: number): number {
  const rootRef = streamRootCreate(p, op.nowMs);
  if (rootRef === 0) return 0;
  const ref = collectionMake(p, op, ITEM_TYPE.STREAM, extras, LARGE_VALUE_BYTES);
  if (ref === 0) chunkGive(p, rootRef);
  else rootAttach(p, ref, rootRef);
  return ref;
}

/** The root of a stream's item. */
export function streamRootOf(p: Partition, ref: number): number {
  return collectionRoot(p, ref);
}

/** How much of a new entry's id is given. */
export const ID_GIVEN = {
  NOTHING: 0, // the time is now
  MS: 1, // the number follows from the last id
  ALL: 2,
} as const;

const lastId = new StreamId();

/** Completes the id of an entry that is to be added. False: it would not be behind the last one. */
export function streamIdChoose(
  p: Partition,
  rootRef: number,
  given: number,
  id: StreamId,
  nowMs: number,
): boolean {
  streamLastId(p, rootRef, lastId);
  if (given === ID_GIVEN.NOTHING) streamIdSetMs(id, nowMs);
  if (given === ID_GIVEN.ALL) return streamIdCompare(id, lastId) > 0;
  const isSameMs = id.msHi === lastId.msHi && id.msLo === lastId.msLo;
  if (!isSameMs && streamIdCompare(id, lastId) > 0) return true;
  // A clock that went back, or whose tick is not over: the id behind the last one.
  if (given === ID_GIVEN.MS && (!isSameMs || (lastId.seqHi & lastId.seqLo) === -1)) return false;
  streamIdCopy(id, lastId);
  return streamIdIncrement(id);
}

/** Whether no id is left behind the last one. */
export function streamIsExhausted(p: Partition, rootRef: number): boolean {
  streamLastId(p, rootRef, lastId);
  return streamIdIsMax(lastId);
}

/** Adds an entry to a stream. Its id is behind the last one. */
export function streamAdd(
  p: Partition,
  op: Operation,
  ref: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
): Status {
  p.guardRef = ref;
  const status = streamAppend(p, collectionRoot(p, ref), id, fields, op.nowMs);
  p.guardRef = 0;
  return status;
}
