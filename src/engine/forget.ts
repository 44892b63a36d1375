/**
 * Forgetting one item: the last step of eviction, and the ghost table that remembers for a while which
 * keys went without ever having been used.
 *
 *   ghost table: one 16-bit fingerprint a slot, found by the low bits of the key's hash; a later
 *   eviction overwrites an earlier one
 *
 * Guard: the partition lock.
 */
import { CLASS_TOTAL, classCount } from '../memory/class-totals.ts';
import { EVENT } from '../memory/event-log.ts';
import {
  EXTRA_EXPIRY,
  itemExpiresAtMs,
  itemExtras,
  itemHash,
  itemIsFetched,
  itemIsLinked,
  itemIsMain,
} from '../memory/item.ts';
import { itemIdleSec } from '../memory/item-access.ts';
import { CLASS, classRecord, HEADER, HEADER_F64, type Partition } from '../memory/partition.ts';
import { chunkClass } from '../memory/slab.ts';
import { CHANGE } from './change-log.ts';
import { eventEvict, eventIsWatched } from './events.ts';
import { itemIsGuarded } from './guard.ts';
import { itemIsHeld, itemUnlink } from './lifecycle.ts';

/** Whether a key's item may be moved or go: nobody works on it, and it is in the index. */
export function itemIsAtHand(p: Partition, ref: number): boolean {
  return itemIsLinked(p, ref) && !itemIsGuarded(p, ref) && !itemIsHeld(p, ref);
}

export function itemEvict(p: Partition, ref: number, nowMs: number): void {
  const { i32, f64 } = p;
  const classId = chunkClass(p, ref);
  const hash = itemHash(p, ref);
  classCount(p, classId, CLASS_TOTAL.evictions);
  f64[HEADER_F64.evictionTotal]++;
  i32[classRecord(classId) + CLASS.evictedAgeSec] = itemIdleSec(p, ref, Math.floor(nowMs / 1000));
  if ((itemExtras(p, ref) & EXTRA_EXPIRY) !== 0 && itemExpiresAtMs(p, ref) !== 0) {
    classCount(p, classId, CLASS_TOTAL.evictionsNonzero);
  }
  if (!itemIsFetched(p, ref)) {
    classCount(p, classId, CLASS_TOTAL.evictionsUnfetched);
    f64[HEADER_F64.evictedUnfetchedTotal]++;
  }
  if (!itemIsMain(p, ref)) ghostAdd(p, hash);
  if (eventIsWatched(p.log, EVENT.EVICT)) eventEvict(p, ref, nowMs);
  itemUnlink(p, hash, ref, CHANGE.EVICT);
}

function ghostSlot(p: Partition, hash: number): number {
  return p.ghostStart + (hash & p.i32[HEADER.ghostMask]);
}

function ghostFingerprint(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 16) | 1;
}

function ghostAdd(p: Partition, hash: number): void {
  p.u16[ghostSlot(p, hash)] = ghostFingerprint(hash);
}

/** Whether the key was evicted from probation not long ago. Forgets it. */
export function ghostTake(p: Partition, hash: number): boolean {
  const slot = ghostSlot(p, hash);
  if (p.u16[slot] !== ghostFingerprint(hash)) return false;
  p.u16[slot] = 0;
  return true;
}
