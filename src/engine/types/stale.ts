/**
 * Serving stale: an item that is out of date may stay and be served until somebody stores it anew. One
 * client is told to do so, and wins a token; the others see that it was sent.
 * Spec: memcached/memcached doc/protocol.txt, "Meta Get" (W, X, Z) and "Meta Delete" (I, x).
 *
 * Guard: every function expects the lock of the key's partition.
 */
import { uint64SetNumber } from '../../base/uint64.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import {
  EXTRA_CAS,
  ITEM_TYPE,
  itemCasIsGiven,
  itemFetchedSet,
  itemGivenCasSet,
  itemIsFetched,
  itemMarks,
  itemMarksAdd,
  itemMarksClear,
  itemType,
  MARK_BINARY_KEY,
  MARK_STALE,
  MARK_TOKEN_SENT,
} from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { CHANGE, changeNote } from '../change-log.ts';
import { itemCasRenew, itemCasTake } from '../lifecycle.ts';
import { casGive, type Operation } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import { casHolds } from './cas.ts';
import { valueStore } from './chained.ts';
import { itemFind, itemTouch, STORE, stringStore } from './string.ts';

/**
 * Marks the key's item as stale, so that the next reader wins the token. It gets op's CAS unique, or a
 * new one; and op's expiry time if `touches`.
 */
export function itemInvalidate(p: Partition, op: Operation, touches: boolean): Status {
  const found = itemFind(p, op);
  const condition = changeCondition(p, op, found);
  if (condition !== STATUS.OK) return condition;
  let ref = found;
  const expiresAtMs = op.expiresAtMs;
  if (!itemCasIsGiven(p, found) && op.extras & EXTRA_CAS) {
    // The item has no room for a given CAS unique: its value moves to one that has.
    const wasFetched = itemIsFetched(p, found);
    op.demandsCas = false;
    op.valueBytes = 0;
    const status = valueStore(p, op, STORE.APPEND);
    if (status !== STATUS.OK) return status;
    ref = itemFind(p, op);
    if (wasFetched) itemFetchedSet(p, ref);
  } else {
    casRenew(p, op, found);
    changeNote(p, CHANGE.STORE, found);
  }
  itemMarksAdd(p, ref, MARK_STALE);
  itemMarksClear(p, ref, MARK_TOKEN_SENT);
  op.expiresAtMs = expiresAtMs;
  return touches && itemTouch(p, op, ref) === 0 ? STATUS.NO_MEMORY : STATUS.OK;
}

/** A new CAS unique for an item that stays where it is: op's, or the partition's next. */
function casRenew(p: Partition, op: Operation, ref: number): void {
  const own = itemCasRenew(p, ref);
  if (!itemCasIsGiven(p, ref)) return;
  uint64SetNumber(op.casFound, own);
  itemGivenCasSet(p, ref, op.extras & EXTRA_CAS ? op.casGiven : op.casFound);
}

/**
 * Leaves the key without its value: an empty one takes its place, with op's client flags and expiry
 * time, and op's CAS unique or, unless it becomes stale, the old one.
 */
export function itemEmpty(p: Partition, op: Operation, becomesStale: boolean): Status {
  const old = itemFind(p, op);
  const condition = changeCondition(p, op, old);
  if (condition !== STATUS.OK) return condition;
  op.demandsCas = false;
  op.extras |= itemMarks(p, old) & MARK_BINARY_KEY;
  if (becomesStale) {
    op.extras |= MARK_STALE;
  } else {
    classCount(p, chunkClass(p, old), CLASS_TOTAL.deleteHits);
    if ((op.extras & EXTRA_CAS) === 0) {
      itemCasTake(p, old, op.casFound);
      casGive(op, op.casFound);
    }
  }
  op.valueBytes = 0;
  return stringStore(p, op, STORE.SET);
}

function changeCondition(p: Partition, op: Operation, ref: number): Status {
  if (ref === 0) return STATUS.MISSING;
  if (op.demandsCas && !casHolds(p, op, ref)) return STATUS.EXISTS;
  return itemType(p, ref) === ITEM_TYPE.STRING ? STATUS.OK : STATUS.WRONG_TYPE;
}
