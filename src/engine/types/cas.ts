/**
 * Conditions on CAS uniques: whether the key still holds what the client has seen.
 * Spec: memcached/memcached doc/protocol.txt, "Storage commands" (cas), "Meta Set" (C, I).
 *
 * Guard: every function expects the lock of the key's partition.
 */
import { uint64Equals, uint64IsLess, uint64IsZero } from '../../base/uint64.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import { itemExpiresAtMs, itemMarks, MARK_STALE, MARK_TOKEN_SENT } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { itemCasTake } from '../lifecycle.ts';
import type { Operation } from '../operation.ts';

/** Whether the live item is the one whose CAS unique the operation demands. */
export function casHolds(p: Partition, op: Operation, ref: number): boolean {
  itemCasTake(p, ref, op.casFound);
  return uint64Equals(op.casFound, op.casUnique);
}

/**
 * Whether the CAS unique that the store demands lets it replace `old`; `counts`: in the statistics as
 * well. Zero never does.
 * One that is too low may, if the operation says so: the store then leaves a stale item that lives no
 * longer than the old one.
 */
export function casAdmits(p: Partition, op: Operation, old: number, counts: boolean): boolean {
  const demands = !uint64IsZero(op.casUnique);
  const holds = casHolds(p, op, old) && demands;
  const isStale = demands && op.storesStale && uint64IsLess(op.casUnique, op.casFound);
  if (isStale) {
    op.expiresAtMs = itemExpiresAtMs(p, old);
    op.extras |= MARK_STALE | (itemMarks(p, old) & MARK_TOKEN_SENT);
  }
  const admits = holds || isStale;
  if (counts) {
    classCount(p, chunkClass(p, old), admits ? CLASS_TOTAL.casHits : CLASS_TOTAL.casBadval);
  }
  return admits;
}
