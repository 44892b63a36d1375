/**
 * How far a group has read, and how many entries it has still to read.
 *
 * A group counts what it reads. That is right as long as nothing was deleted between where it is and the
 * end of the stream; and where the count was lost, there are ids of which it is known how many were added up to
 * them: the stream's last one, and those up to its first one while nothing was deleted behind that.
 *
 * Guard: the partition lock. Cf. valkey-io/valkey src/t_stream.c, streamEstimateDistanceFromFirstEverEntry.
 */
import {
  StreamId,
  streamIdCompare,
  streamIdIsZero,
  streamIdRead,
  streamIdStore,
} from '../../base/stream-id.ts';
import { rootCount } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { GROUP } from './stream-group-node.ts';
import {
  streamAddedExact,
  streamFirstId,
  streamLastId,
  streamMaxDeletedId,
} from './stream-root.ts';

/** Of a group, nobody knows how many entries it has read. */
export const READ_UNKNOWN = -1n;

const first = new StreamId();
const last = new StreamId();
const maxDeleted = new StreamId();
const delivered = new StreamId();

/** The last entry that was delivered. */
export function groupLastId(p: Partition, group: number, to: StreamId): void {
  streamIdRead(p.i32, (group << 1) + GROUP.lastId, to);
}

export function groupLastIdSet(p: Partition, group: number, id: Readonly<StreamId>): void {
  streamIdStore(p.i32, (group << 1) + GROUP.lastId, id);
}

/** How many entries were added to the stream up to that one; READ_UNKNOWN. */
export function groupRead(p: Partition, group: number): bigint {
  const word = group << 1;
  return (BigInt(p.i32[word + GROUP.readHi]) << 32n) | BigInt(p.i32[word + GROUP.readLo] >>> 0);
}

export function groupReadSet(p: Partition, group: number, count: bigint): void {
  const word = group << 1;
  p.i32[word + GROUP.readHi] = Number(BigInt.asIntN(32, count >> 32n));
  p.i32[word + GROUP.readLo] = Number(BigInt.asIntN(32, count));
}

/** The group reads on to an entry behind the last one that it has read. */
export function groupAdvance(
  p: Partition,
  rootRef: number,
  group: number,
  id: Readonly<StreamId>,
): void {
  const word = group << 1;
  const isKnown = (p.i32[word + GROUP.readHi] & p.i32[word + GROUP.readLo]) !== -1;
  if (isKnown && !isDeletedFrom(p, rootRef, id)) {
    const lo = (p.i32[word + GROUP.readLo] + 1) | 0;
    p.i32[word + GROUP.readLo] = lo;
    if (lo === 0) p.i32[word + GROUP.readHi]++;
  } else {
    groupReadSet(p, group, addedUpTo(p, rootRef, id));
  }
  groupLastIdSet(p, group, id);
}

/** Entries that the group has not read yet; null: nobody knows. Counts that were made up go round, as in Redis. */
export function groupLag(p: Partition, rootRef: number, group: number): bigint | null {
  const added = streamAddedExact(p, rootRef);
  if (added === 0n) return 0n;
  groupLastId(p, group, delivered);
  const read = groupRead(p, group);
  if (read !== READ_UNKNOWN && !isDeletedFrom(p, rootRef, delivered))
    return BigInt.asIntN(64, added - read);
  const estimated = addedUpTo(p, rootRef, delivered);
  return estimated === READ_UNKNOWN ? null : BigInt.asIntN(64, added - estimated);
}

/** Whether an entry may be missing between this one and the end. */
function isDeletedFrom(p: Partition, rootRef: number, id: Readonly<StreamId>): boolean {
  streamMaxDeletedId(p, rootRef, maxDeleted);
  if (streamIdIsZero(maxDeleted) || rootCount(p, rootRef) === 0) return false;
  streamFirstId(p, rootRef, first);
  return streamIdCompare(first, maxDeleted) <= 0 && streamIdCompare(id, maxDeleted) <= 0;
}

/** How many entries were ever added up to this one, if that can be told. */
function addedUpTo(p: Partition, rootRef: number, id: Readonly<StreamId>): bigint {
  const added = streamAddedExact(p, rootRef);
  if (added === 0n) return 0n;
  const count = rootCount(p, rootRef);
  streamLastId(p, rootRef, last);
  const order = streamIdCompare(id, last);
  if (order === 0 || (order < 0 && count === 0)) return added;
  if (order > 0) return READ_UNKNOWN;
  streamFirstId(p, rootRef, first);
  streamMaxDeletedId(p, rootRef, maxDeleted);
  const isWhole = streamIdIsZero(maxDeleted) || streamIdCompare(maxDeleted, first) < 0;
  const fromFirst = streamIdCompare(id, first);
  if (!isWhole || fromFirst > 0) return READ_UNKNOWN;
  return BigInt.asIntN(64, added - BigInt(count) + (fromFirst === 0 ? 1n : 0n));
}
