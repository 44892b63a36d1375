/**
 * What the engine tells those who watch (memory/event-log.ts). Callers ask `eventIsWatched` first: while
 * nobody watches, an event costs two loads and a branch. Watchers are memcached's, so of keys they hear
 * about those in database 0.
 *
 * Guard: the partition lock, for whatever is read of items.
 */
import { type Key, keyNamespace } from '../base/key.ts';
import { EVENT, type EventLog, eventWrite } from '../memory/event-log.ts';
import {
  itemBytesFor,
  itemExpiresAtMs,
  itemIsFetched,
  itemIsNamespaced,
  itemKeyBytes,
  itemKeyOffset,
  itemValueBytes,
} from '../memory/item.ts';
import { itemIdleSec } from '../memory/item-access.ts';
import type { Partition } from '../memory/partition.ts';
import { chunkClass } from '../memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../memory/slab-classes.ts';
import { STATUS, type Status } from './status.ts';

/** How a lookup ended, as events tell it. */
export const LOOKED_UP = { MISSING: 0, FOUND: 1, FLUSHED: 2, EXPIRED: 3 } as const;

const NOTHING = new Uint8Array(0);

export function eventIsWatched(log: EventLog, kind: number): boolean {
  return (log.kinds & kind) !== 0;
}

/** Numbers: LOOKED_UP, bytes of the value, slab class. */
export function eventLookup(p: Partition, key: Key, ref: number, outcome: number): void {
  const bytes = ref === 0 ? 0 : itemValueBytes(p, ref);
  const classId = ref === 0 ? 0 : chunkClass(p, ref);
  keyEvent(p, EVENT.LOOKUP, [outcome, bytes, classId], key);
}

/** A store that was tried: its STATUS and STORE mode, what was to be stored, and until when (0: for ever). */
export function eventStore(
  p: Partition,
  key: Key,
  status: Status,
  mode: number,
  valueBytes: number,
  expiresAtMs: number,
  nowMs: number,
): void {
  const ttlSec = expiresAtMs === 0 ? 0 : Math.ceil((expiresAtMs - nowMs) / 1000);
  const bytes = itemBytesFor(0, key.bytes, valueBytes);
  let classId = bytes > CHUNK_BYTES_MAX ? p.classes.largest : p.classes.classFor(bytes);
  if (status === STATUS.TOO_LARGE) classId = 0;
  keyEvent(p, EVENT.STORE, [status, mode, ttlSec, classId, valueBytes], key);
}

/** Numbers: bytes of the value, slab class, 1 if a meta command did it. */
export function eventDelete(p: Partition, ref: number): void {
  itemEvent(
    p,
    EVENT.DELETE,
    [itemValueBytes(p, ref), chunkClass(p, ref), p.log.isMeta ? 1 : 0],
    ref,
  );
}

/** Numbers: fetched, seconds to live or -1, seconds since the last use, slab class, bytes of the value. */
export function eventEvict(p: Partition, ref: number, nowMs: number): void {
  const expiresAtMs = itemExpiresAtMs(p, ref);
  const ttlSec = expiresAtMs === 0 ? -1 : Math.ceil((expiresAtMs - nowMs) / 1000);
  const idleSec = itemIdleSec(p, ref, Math.floor(nowMs / 1000));
  const fetched = itemIsFetched(p, ref) ? 1 : 0;
  const numbers = [fetched, ttlSec, idleSec, chunkClass(p, ref), itemValueBytes(p, ref)];
  itemEvent(p, EVENT.EVICT, numbers, ref);
}

/** A page left one slab class for the sake of another, 0: for the pool's. */
export function eventPageMove(p: Partition, fromClass: number, toClass: number): void {
  eventWrite(p.log, EVENT.PAGE_MOVE, [fromClass, toClass], NOTHING, 0, 0);
}

function keyEvent(p: Partition, kind: number, numbers: readonly number[], key: Key): void {
  if (keyNamespace(key) === 0) eventWrite(p.log, kind, numbers, key.u8, 0, key.bytes);
}

function itemEvent(p: Partition, kind: number, numbers: readonly number[], ref: number): void {
  if (itemIsNamespaced(p, ref)) return;
  eventWrite(p.log, kind, numbers, p.u8, itemKeyOffset(p, ref), itemKeyBytes(p, ref));
}
