/**
 * Reaping: what was found dead is unlinked, counted and freed.
 *
 * Guard: the partition lock.
 */
import { CLASS_TOTAL, classCount } from '../memory/class-totals.ts';
import { ITEM_TYPE, itemIsFetched, itemType } from '../memory/item.ts';
import { HEADER_F64, type Partition } from '../memory/partition.ts';
import { chunkClass } from '../memory/slab.ts';
import { CHANGE } from './change-log.ts';
import { memberReap } from './collection/member-life.ts';
import { itemIsFlushed } from './database.ts';
import { itemUnlink } from './lifecycle.ts';

/** Unlinks an item that was found dead, and counts it. A hash goes with the last of its fields. */
export function itemReap(p: Partition, hash: number, ref: number): void {
  if (itemType(p, ref) === ITEM_TYPE.MEMBER) {
    p.f64[HEADER_F64.fieldExpiryTotal]++;
    memberReap(p, ref);
    return;
  }
  const classId = chunkClass(p, ref);
  classCount(p, classId, CLASS_TOTAL.expired);
  p.f64[HEADER_F64.expiryTotal]++;
  if (!itemIsFetched(p, ref)) {
    classCount(p, classId, CLASS_TOTAL.expiredUnfetched);
    p.f64[HEADER_F64.expiredUnfetchedTotal]++;
  }
  const isFlushed = itemIsFlushed(p, ref);
  if (isFlushed) p.f64[HEADER_F64.flushTotal]++;
  itemUnlink(p, hash, ref, isFlushed ? CHANGE.FLUSHED : CHANGE.EXPIRE);
}
