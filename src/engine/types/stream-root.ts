/**
 * The root of a stream: what is known of the whole of it. A stream is always large, since it may be empty
 * and still has to know its last id; so its key's item leads to a root from the start.
 *
 *   word 0 … 11                          12       16        20             24             26        27          28
 *   ┌───────────────────────────────────┬────────┬─────────┬──────────────┬──────────────┬─────────┬───────────┬────────────┐
 *   │ as every root's (memory/node.ts)  │ lastId │ firstId │ maxDeletedId │ entriesAdded │ tailRef │ groupsRef │ groupCount │
 *   └───────────────────────────────────┴────────┴─────────┴──────────────┴──────────────┴─────────┴───────────┴────────────┘
 *       count: live entries               4 words  4 words   4 words        hi, lo
 *       treeRef: the blocks, in order
 *
 *   root ──treeRef──▶ tree ──▶ block │ block │ long entry │ block      stream-block.ts, stream-entry.ts
 *        ──tailRef──────────────────────────────────────────▲          the last of them, or 0
 *        ──groupsRef──▶ the directory of consumer groups, or 0
 *
 * `lastId` is that of the last entry ever added, or what XSETID made of it. `firstId` is that of the first
 * entry there is; 0-0 if there is none. `maxDeletedId` is the greatest that XDEL took out. `entriesAdded`
 * counts all that were ever added, and has 64 bits, as XSETID can make it anything. Each entry of the tree
 * weighs 1, whatever it holds: so an append changes no node above its block.
 *
 * Guard: the partition lock. Cf. valkey-io/valkey src/stream.h.
 */
import { type StreamId, streamIdRead, streamIdStore } from '../../base/stream-id.ts';
import type { Partition } from '../../memory/partition.ts';

/** Words of a stream's root, as i32 indices from `ref << 1`. */
export const STREAM_ROOT = {
  lastId: 12,
  firstId: 16,
  maxDeletedId: 20,
  addedHi: 24,
  addedLo: 25,
  tailRef: 26,
  groupsRef: 27,
  groupCount: 28,
} as const;
export const STREAM_ROOT_WORDS = 30;
export const STREAM_ROOT_BYTES = STREAM_ROOT_WORDS << 2;

const UINT32_END = 4294967296;

export function streamLastId(p: Partition, rootRef: number, to: StreamId): void {
  streamIdRead(p.i32, (rootRef << 1) + STREAM_ROOT.lastId, to);
}

export function streamLastIdSet(p: Partition, rootRef: number, id: Readonly<StreamId>): void {
  streamIdStore(p.i32, (rootRef << 1) + STREAM_ROOT.lastId, id);
}

/** 0-0 if there is no entry. */
export function streamFirstId(p: Partition, rootRef: number, to: StreamId): void {
  streamIdRead(p.i32, (rootRef << 1) + STREAM_ROOT.firstId, to);
}

export function streamFirstIdSet(p: Partition, rootRef: number, id: Readonly<StreamId>): void {
  streamIdStore(p.i32, (rootRef << 1) + STREAM_ROOT.firstId, id);
}

export function streamMaxDeletedId(p: Partition, rootRef: number, to: StreamId): void {
  streamIdRead(p.i32, (rootRef << 1) + STREAM_ROOT.maxDeletedId, to);
}

export function streamMaxDeletedIdSet(p: Partition, rootRef: number, id: Readonly<StreamId>): void {
  streamIdStore(p.i32, (rootRef << 1) + STREAM_ROOT.maxDeletedId, id);
}

/** Entries ever added. Exact below 2^53, which is all that counting comes to: see streamAddedExact. */
export function streamAdded(p: Partition, rootRef: number): number {
  const word = rootRef << 1;
  const hi = p.i32[word + STREAM_ROOT.addedHi];
  return hi * UINT32_END + (p.i32[word + STREAM_ROOT.addedLo] >>> 0);
}

export function streamAddedExact(p: Partition, rootRef: number): bigint {
  const word = rootRef << 1;
  const hi = p.i32[word + STREAM_ROOT.addedHi];
  return (BigInt(hi) << 32n) | BigInt(p.i32[word + STREAM_ROOT.addedLo] >>> 0);
}

/** Sets the count to an int64. */
export function streamAddedSet(p: Partition, rootRef: number, count: bigint): void {
  const word = rootRef << 1;
  p.i32[word + STREAM_ROOT.addedHi] = Number(BigInt.asIntN(32, count >> 32n));
  p.i32[word + STREAM_ROOT.addedLo] = Number(BigInt.asIntN(32, count));
}

/** One more was added. */
export function streamAddedCount(p: Partition, rootRef: number): void {
  const word = rootRef << 1;
  const lo = (p.i32[word + STREAM_ROOT.addedLo] + 1) | 0;
  p.i32[word + STREAM_ROOT.addedLo] = lo;
  if (lo === 0) p.i32[word + STREAM_ROOT.addedHi]++;
}

/** The last block or long entry, or 0. */
export function streamTail(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + STREAM_ROOT.tailRef];
}

export function streamTailSet(p: Partition, rootRef: number, ref: number): void {
  p.i32[(rootRef << 1) + STREAM_ROOT.tailRef] = ref;
}

/** Where the consumer groups are, or 0. */
export function streamGroups(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + STREAM_ROOT.groupsRef];
}

export function streamGroupsSet(p: Partition, rootRef: number, ref: number): void {
  p.i32[(rootRef << 1) + STREAM_ROOT.groupsRef] = ref;
}

export function streamGroupCount(p: Partition, rootRef: number): number {
  return p.i32[(rootRef << 1) + STREAM_ROOT.groupCount];
}

export function streamGroupCountAdd(p: Partition, rootRef: number, difference: number): void {
  p.i32[(rootRef << 1) + STREAM_ROOT.groupCount] += difference;
}
