/**
 * Packed sorted sets: a strip of pairs, in the order of (score, name).
 *
 *   pair   ┌────────────┬─────────────────────┐
 *          │ entry name │ entry score, f64 LE │      entries as in collection/strip.ts
 *          └────────────┴─────────────────────┘
 *
 * Every search walks the strip; it is two KiB at most. A pair is told by its offset among the
 * partition's bytes, which is good until the set changes.
 *
 * Guard: the partition lock.
 */
import { collectionCount, collectionCountSet } from '../../memory/collection.ts';
import { itemValueOffset } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  type OrderTarget,
  targetByName,
  targetByScore,
  targetNeedsName,
  targetSetMember,
} from '../collection/order-target.ts';
import {
  PACKED_BYTES_MAX,
  packedEnd,
  packedGrowFits,
  packedStart,
  valueSplice,
} from '../collection/packed.ts';
import {
  stripContentBytes,
  stripContentStart,
  stripEntryBytes,
  stripFind,
  stripFrame,
  stripNext,
  stripPrevious,
  stripSeek,
  stripWrite,
} from '../collection/strip.ts';
import type { Operation } from '../operation.ts';
import { entrySetName, type ZsetEntry } from './zset-entry.ts';

const SCORE_BYTES = 8;
/** A score's entry has lengths of one byte. */
const SCORE_ENTRY_BYTES = SCORE_BYTES + 2;

/** A pair on its way to another place in its strip. */
const pairMoved = Buffer.alloc(PACKED_BYTES_MAX);

/** Bytes of the pair of a name. */
export function pairBytes(nameBytes: number): number {
  return stripEntryBytes(nameBytes) + SCORE_ENTRY_BYTES;
}

export function pairScore(p: Partition, at: number): number {
  return p.view.getFloat64(pairScoreStart(p, at), true);
}

/** Where a pair's score is. */
export function pairScoreStart(p: Partition, at: number): number {
  return stripNext(p.u8, at) + 1;
}

/** The position behind a pair: the next one, or the end. */
export function pairNext(u8: Buffer, at: number): number {
  return stripNext(u8, at) + SCORE_ENTRY_BYTES;
}

/** The pair that ends at `end`. */
export function pairPrevious(u8: Buffer, end: number): number {
  return stripPrevious(u8, end - SCORE_ENTRY_BYTES);
}

/** Takes a pair in hand. */
export function pairTake(p: Partition, at: number, entry: ZsetEntry): void {
  entrySetName(entry, p.u8, stripContentStart(p.u8, at), stripContentBytes(p.u8, at));
  entry.score = pairScore(p, at);
}

/** Writes a pair; returns the position behind it. */
export function pairWrite(p: Partition, at: number, entry: ZsetEntry): number {
  const scoreAt = stripWrite(p.u8, at, entry.name, entry.nameStart, entry.nameBytes);
  p.view.setFloat64(stripFrame(p.u8, scoreAt, SCORE_BYTES), entry.score, true);
  return scoreAt + SCORE_ENTRY_BYTES;
}

/** The pair with the entry's name, or STRIP_NONE. */
export function packedFind(p: Partition, ref: number, entry: ZsetEntry): number {
  const { name, nameStart, nameBytes } = entry;
  return stripFind(p.u8, packedStart(p, ref), packedEnd(p, ref), 2, name, nameStart, nameBytes);
}

/** The first pair that is not before the target, or the end. */
export function packedSeek(p: Partition, ref: number, target: OrderTarget): number {
  const end = packedEnd(p, ref);
  let at = packedStart(p, ref);
  while (at < end && pairIsBefore(p, at, target)) at = pairNext(p.u8, at);
  return at;
}

function pairIsBefore(p: Partition, at: number, target: OrderTarget): boolean {
  const { u8 } = p;
  const score = pairScore(p, at);
  if (!targetNeedsName(target, score)) return targetByScore(target, score);
  return targetByName(target, u8, stripContentStart(u8, at), stripContentBytes(u8, at));
}

/** How many pairs are before this one. */
export function packedRank(p: Partition, ref: number, at: number): number {
  let rank = 0;
  for (let before = packedStart(p, ref); before < at; rank++) before = pairNext(p.u8, before);
  return rank;
}

/** The pair of a rank; the end if the rank is the count. */
export function packedAt(p: Partition, ref: number, rank: number): number {
  const count = collectionCount(p, ref);
  return stripSeek(p.u8, packedStart(p, ref), packedEnd(p, ref), count * 2, rank * 2);
}

/** Whether the set can have one more pair, of this name, and remain packed. */
export function packedAddFits(p: Partition, ref: number, nameBytes: number): boolean {
  return packedGrowFits(p, ref, pairBytes(nameBytes));
}

/**
 * Adds an entry whose name is not there; `packedAddFits` has said that it may. Returns the item's ref,
 * maybe another, or 0 without memory: nothing has changed.
 */
export function packedAdd(
  p: Partition,
  op: Operation,
  ref: number,
  entry: ZsetEntry,
  target: OrderTarget,
): number {
  targetSetMember(target, entry.score, entry.name, entry.nameStart, entry.nameBytes);
  const position = packedSeek(p, ref, target) - itemValueOffset(p, ref);
  const bytes = pairBytes(entry.nameBytes);
  const grown = valueSplice(p, op.key.hash, ref, position, 0, bytes, op.nowMs);
  if (grown === 0) return 0;
  pairWrite(p, itemValueOffset(p, grown) + position, entry);
  collectionCountSet(p, grown, collectionCount(p, grown) + 1);
  return grown;
}

/** Gives the pair of the entry's name the entry's score, and moves it to where that belongs. */
export function packedScoreSet(
  p: Partition,
  ref: number,
  at: number,
  entry: ZsetEntry,
  target: OrderTarget,
): void {
  const { u8 } = p;
  const next = pairNext(u8, at);
  targetSetMember(target, entry.score, entry.name, entry.nameStart, entry.nameBytes);
  const to = packedSeek(p, ref, target);
  p.view.setFloat64(pairScoreStart(p, at), entry.score, true);
  if (to >= at && to <= next) return;
  const bytes = next - at;
  u8.copy(pairMoved, 0, at, next);
  if (to < at) {
    u8.copyWithin(to + bytes, to, at);
    pairMoved.copy(u8, to, 0, bytes);
  } else {
    u8.copyWithin(at, next, to);
    pairMoved.copy(u8, to - bytes, 0, bytes);
  }
}

/** Takes out `count` pairs from the one at `at` on. Returns the item's ref, maybe another. */
export function packedRemove(
  p: Partition,
  op: Operation,
  ref: number,
  at: number,
  count: number,
): number {
  let end = at;
  for (let passed = 0; passed < count; passed++) end = pairNext(p.u8, end);
  const left = collectionCount(p, ref) - count;
  const position = at - itemValueOffset(p, ref);
  const shrunk = valueSplice(p, op.key.hash, ref, position, end - at, 0, op.nowMs);
  collectionCountSet(p, shrunk, left);
  return shrunk;
}
