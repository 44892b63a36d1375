/**
 * Databases: the keys of a partition told apart by their namespace (base/key.ts), counted, and flushed.
 *
 * A flush walks nothing: every item stored before it has a smaller CAS unique than the one it notes, and
 * is dead from that moment. The counts are zero at once, so an item that a flush has killed is not among
 * them any more, whenever it is found and freed.
 *
 *   flush of database 3       every other item of it, later
 *   databaseFlush: count = 0  itemCount: its CAS unique is not above the flush: not counted
 *
 * Clients number databases as they please: SWAPDB exchanges two entries of a table in the control block,
 * from the number that clients use to the one that keys have. memcached's clients see database 0 of the
 * keys, whatever that table says.
 *
 * Guard: the partition lock; the table's words are atomic, and who needs two of them to agree with what is
 * stored holds the locks of all partitions.
 */
import { DATABASE_COUNT } from '../base/key.ts';
import { CONTROL, type Control } from '../memory/control.ts';
import {
  ITEM_TYPE,
  itemCas,
  itemExpiresAtMs,
  itemIsLinked,
  itemNamespace,
  itemType,
} from '../memory/item.ts';
import { HEADER, type Partition } from '../memory/partition.ts';
import { changeNoteFlush } from './change-log.ts';

/** Every key of the database that was stored up to now is dead. */
export function databaseFlush(p: Partition, database: number): void {
  flushMark(p, database);
  changeNoteFlush(p, database);
}

/** Everything stored up to now is dead, in all databases. */
export function partitionFlush(p: Partition): void {
  for (let database = 0; database < DATABASE_COUNT; database++) flushMark(p, database);
  changeNoteFlush(p, ALL_DATABASES);
}

/** What a flush of all databases is told to be of. */
export const ALL_DATABASES = -1;

function flushMark(p: Partition, database: number): void {
  const { i32 } = p;
  i32[HEADER.databaseFlushLo + database] = i32[HEADER.casLo];
  i32[HEADER.databaseFlushHi + database] = i32[HEADER.casHi];
  i32[HEADER.databaseKeys + database] = 0;
  i32[HEADER.databaseExpiring + database] = 0;
  i32[HEADER.hasFlushed] = 1;
  // Once round all pages there may be by then.
  i32[HEADER.flushSweepPages] = Math.max(i32[HEADER.pageLimit], i32[HEADER.pageBump]);
}

/** Whether a flush of its database came after the item. */
export function itemIsFlushed(p: Partition, ref: number): boolean {
  if (p.i32[HEADER.hasFlushed] === 0 || itemType(p, ref) >= ITEM_TYPE.MEMBER) return false;
  const database = itemNamespace(p, ref);
  const lo = p.i32[HEADER.databaseFlushLo + database] >>> 0;
  return itemCas(p, ref) <= p.i32[HEADER.databaseFlushHi + database] * 4294967296 + lo;
}

/** Adds a key's item to the counts of its database, or takes it away. */
export function databaseCount(p: Partition, ref: number, sign: 1 | -1): void {
  if (itemIsFlushed(p, ref)) return;
  const database = itemNamespace(p, ref);
  p.i32[HEADER.databaseKeys + database] += sign;
  if (itemExpiresAtMs(p, ref) !== 0) p.i32[HEADER.databaseExpiring + database] += sign;
}

/** Keeps count of a linked item before its expiry time becomes another. */
export function databaseCountExpiry(p: Partition, ref: number, expiresAtMs: number): void {
  const difference = (expiresAtMs !== 0 ? 1 : 0) - (itemExpiresAtMs(p, ref) !== 0 ? 1 : 0);
  if (difference === 0 || !itemIsLinked(p, ref) || itemType(p, ref) >= ITEM_TYPE.MEMBER) return;
  if (!itemIsFlushed(p, ref)) {
    p.i32[HEADER.databaseExpiring + itemNamespace(p, ref)] += difference;
  }
}

/** Keys in the partition, of one database. */
export function databaseKeyCount(p: Partition, database: number): number {
  return p.i32[HEADER.databaseKeys + database];
}

/** … of them with an expiry time. */
export function databaseExpiringCount(p: Partition, database: number): number {
  return p.i32[HEADER.databaseExpiring + database];
}

/** Every database is called by its number. */
export function databasesInit(control: Control): void {
  for (let database = 0; database < DATABASE_COUNT; database++) {
    Atomics.store(control.i32, CONTROL.databases + database, database);
  }
}

/** The database that keys are in, for the number that a client uses. */
export function databaseOf(control: Control, called: number): number {
  return Atomics.load(control.i32, CONTROL.databases + called);
}

/** The number by which clients call a database at the moment. */
export function databaseCalled(control: Control, database: number): number {
  for (let called = 0; called < DATABASE_COUNT; called++) {
    if (databaseOf(control, called) === database) return called;
  }
  throw new Error('broken invariant: every database is called by a number');
}

/** Exchanges two databases, by the numbers that clients use. */
export function databaseSwap(control: Control, one: number, other: number): void {
  const first = databaseOf(control, one);
  Atomics.store(control.i32, CONTROL.databases + one, databaseOf(control, other));
  Atomics.store(control.i32, CONTROL.databases + other, first);
}
