/**
 * The change log: the one seam through which everything that happens to a key becomes known to
 * others: blocked clients, invalidation, and later replicas and files. (`watch` tells of requests, not of
 * changes, and has a log of its own: memory/event-log.ts.)
 *
 * While nobody listens, a change costs one load and a branch. The first listener gives the partition
 * a page that serves as a ring of records, in the order in which the changes happened:
 *
 *   ┌────────────┬──────┬──────────┬─────────┬─────────┬─────────┬ ─ ─ ─ ─ ─ ─ ─ ─ ┐
 *   │ recordBytes│ kind │ keyBytes │ casLo   │ casHi   │ itemType│ key, padded to 4
 *   │ u16        │ u8   │ database │ u32     │ u16     │ u8      │
 *   └────────────┴──────┴──────────┴─────────┴─────────┴─────────┴ ─ ─ ─ ─ ─ ─ ─ ─ ┘
 *     as words: recordBytes | kind << 16 | itemType << 24 ; keyBytes | database << 16 ; casLo ; casHi ; key …
 *
 * The key is as its client knows it. Of a flush of all databases the database is -1. Members of
 * collections are not told of; what changes them changes the collection's key.
 *
 * `changeHead` counts the bytes ever written. A reader keeps its own position; one that falls more
 * than a ring behind learns how many bytes it lost, and never sees a torn record.
 *
 * What happens to keys that clients track goes into a ring of its own besides (memory/tracked-keys.ts).
 *
 * Besides, threads note in lists of their own what they themselves do to keys, as far as NOTE bits ask for
 * it: that a key has got something for blocked clients, that it is new, or was found expired, or was evicted. Who
 * did it has to tell it, and the list cannot overrun, as the ring can while a sweep goes on.
 *
 * Guard: the partition lock, for readers as well; the lists belong to their threads.
 */
import { assert } from '../base/assert.ts';
import {
  ITEM_TYPE,
  itemCas,
  itemHash,
  itemNameBytes,
  itemNameOffset,
  itemNamespace,
  itemType,
} from '../memory/item.ts';
import {
  HEADER,
  HEADER_F64,
  PAGE,
  PAGE_CHANGES,
  type Partition,
  pageGive,
  pageOffset,
  pageRecord,
  pageTake,
} from '../memory/partition.ts';
import { PAGE_BYTES } from '../memory/slab-classes.ts';
import { trackedIs, trackedWrite } from '../memory/tracked-keys.ts';

/** Kinds of change, a bit each: a listener names the set it wants. */
export const CHANGE = {
  STORE: 1, // the value is new, whatever was there before
  DELETE: 2,
  EXPIRE: 4,
  EVICT: 8,
  TOUCH: 16, // the expiry time changed, the value did not
  FLUSH: 32, // everything before this, in the database or in all; no key
  FLUSHED: 64, // an item that a flush had killed was found and freed
  GROUPS: 128, // who has read what of a stream, whose entries did not change
} as const;

/** What threads note of what they do; bits of HEADER.changeListeners, above those of CHANGE. */
export const NOTE = {
  READY: CHANGE.STORE << 8, // a list, or another type that clients wait for, was stored: in Partition.ready
  GONE: 1 << 23, // a stream is its key's no more, and its groups are gone: there too
  // In Partition.notes:
  EXPIRED: CHANGE.EXPIRE << 8,
  EVICTED: CHANGE.EVICT << 8,
  NEW: 1 << 20, // the key was not there before
  // In the ring of tracked keys:
  TRACKED: 1 << 21, // what happens to keys that some client may have a copy of
  EVERY: 1 << 22, // … to all keys
} as const;

/** Kinds that are written into the ring. */
export const RING_KINDS = 0xff;
/** Types that clients block for: lists, sorted sets, streams. */
const WAITED_TYPES = (1 << ITEM_TYPE.LIST) | (1 << ITEM_TYPE.ZSET) | (1 << ITEM_TYPE.STREAM);

export type Change = {
  readonly kind: number;
  readonly itemType: number;
  /** The one that the key has, whatever clients call it now; -1: all. */
  readonly database: number;
  readonly cas: number;
  readonly key: Buffer;
};

export type ChangeBatch = {
  readonly changes: Change[];
  /** Where to read on. */
  readonly position: number;
  /** Bytes of records that were overwritten before they were read. */
  readonly lostBytes: number;
};

const RECORD_HEADER_BYTES = 16;

/**
 * Starts recording `kinds`. Returns the position from which to read, or -1 without a page to spare.
 */
export function changeListen(p: Partition, kinds: number): number {
  if (p.i32[HEADER.changePage] === 0) {
    const page = pageTake(p);
    if (page < 0) return -1;
    p.i32[pageRecord(p, page) + PAGE.classId] = PAGE_CHANGES;
    p.i32[HEADER.changePage] = page + 1;
  }
  p.i32[HEADER.changeListeners] |= kinds;
  return p.f64[HEADER_F64.changeHead];
}

/** Stops recording and gives the page back. */
export function changeUnlisten(p: Partition): void {
  p.i32[HEADER.changeListeners] &= ~RING_KINDS;
  if (p.i32[HEADER.changePage] !== 0) pageGive(p, p.i32[HEADER.changePage] - 1);
  p.i32[HEADER.changePage] = 0;
}

/** From now on threads note what `on` names (NOTE bits), and no more what `off` names. */
export function notesWant(p: Partition, on: number, off: number): void {
  p.i32[HEADER.changeListeners] = (p.i32[HEADER.changeListeners] & ~off) | on;
}

/** Records a change of a linked item. Called before the item's bytes may go. */
export function changeNote(p: Partition, kind: number, ref: number): void {
  const wanted = kind | (kind << 8) | NOTE.TRACKED;
  if ((p.i32[HEADER.changeListeners] & wanted) !== 0) changeNoteSlow(p, kind, ref);
}

function changeNoteSlow(p: Partition, kind: number, ref: number): void {
  const listeners = p.i32[HEADER.changeListeners];
  if ((listeners & kind) !== 0) changeWrite(p, kind, ref, itemNamespace(p, ref));
  if ((listeners & NOTE.TRACKED) !== 0) trackedNote(p, kind, ref, (listeners & NOTE.EVERY) !== 0);
  const note = listeners & (kind << 8);
  if (note === NOTE.READY) {
    if (((WAITED_TYPES >>> itemType(p, ref)) & 1) === 0) return;
    p.ready.push({ key: nameCopy(p, ref), namespace: itemNamespace(p, ref) });
  } else if (note !== 0) {
    noteWrite(p, note, ref);
  }
}

/**
 * A flush that is found again, item by item, clients have heard of when it was made; and of groups they have no
 * copy.
 */
function trackedNote(p: Partition, kind: number, ref: number, isEvery: boolean): void {
  const { tracked, id } = p;
  if (kind === CHANGE.FLUSHED || kind === CHANGE.GROUPS) return;
  if (!isEvery && !trackedIs(tracked, id, itemHash(p, ref))) return;
  const start = itemNameOffset(p, ref);
  const bytes = itemNameBytes(p, ref);
  trackedWrite(tracked, id, kind, itemNamespace(p, ref), tracked.client, p.u8, start, bytes);
}

/** Who waits for the key of a linked item is to look at it, though its value may be what it was. */
export function readyNote(p: Partition, ref: number): void {
  if ((p.i32[HEADER.changeListeners] & NOTE.READY) === 0) return;
  p.ready.push({ key: nameCopy(p, ref), namespace: itemNamespace(p, ref) });
}

/** The item, a stream, was its key's. */
export function changeNoteGone(p: Partition, ref: number): void {
  if ((p.i32[HEADER.changeListeners] & NOTE.GONE) !== 0) readyNote(p, ref);
}

/** The item is that of a key that was not there before. */
export function changeNoteNew(p: Partition, ref: number): void {
  if ((p.i32[HEADER.changeListeners] & NOTE.NEW) !== 0) noteWrite(p, NOTE.NEW, ref);
}

function noteWrite(p: Partition, kind: number, ref: number): void {
  p.notes.push({ kind, key: nameCopy(p, ref), namespace: itemNamespace(p, ref) });
}

function nameCopy(p: Partition, ref: number): Buffer {
  const start = itemNameOffset(p, ref);
  return Buffer.from(p.u8.subarray(start, start + itemNameBytes(p, ref)));
}

/** Records a flush of a database, or of all (-1). */
export function changeNoteFlush(p: Partition, database: number): void {
  const listeners = p.i32[HEADER.changeListeners];
  if ((listeners & CHANGE.FLUSH) !== 0) changeWrite(p, CHANGE.FLUSH, 0, database);
  if ((listeners & NOTE.TRACKED) !== 0) trackedNoteFlush(p, database, p.id === 0);
}

/** … for clients that track keys. `begins`: no other partition was flushed before this one. */
export function trackedNoteFlush(p: Partition, database: number, begins: boolean): void {
  const { tracked, id } = p;
  if (begins) tracked.flush = (tracked.flush + 1) | 0;
  trackedWrite(tracked, id, CHANGE.FLUSH, database, tracked.flush, p.u8, 0, 0);
}

function changeWrite(p: Partition, kind: number, ref: number, database: number): void {
  const keyBytes = ref === 0 ? 0 : itemNameBytes(p, ref);
  const recordBytes = RECORD_HEADER_BYTES + ((keyBytes + 3) & ~3);
  const ring = pageOffset(p, p.i32[HEADER.changePage] - 1);
  let head = p.f64[HEADER_F64.changeHead];
  // A record does not wrap: one that would not fit leaves an empty record to the ring's end.
  const roomBytes = PAGE_BYTES - (head % PAGE_BYTES);
  if (roomBytes < recordBytes) {
    p.i32[(ring + (head % PAGE_BYTES)) >>> 2] = 0;
    head += roomBytes;
  }
  const offset = ring + (head % PAGE_BYTES);
  const word = offset >>> 2;
  const cas = ref === 0 ? 0 : itemCas(p, ref);
  p.i32[word] = recordBytes | (kind << 16) | ((ref === 0 ? 0 : itemType(p, ref)) << 24);
  p.i32[word + 1] = keyBytes | (database << 16);
  p.i32[word + 2] = cas | 0;
  p.i32[word + 3] = Math.floor(cas / 4294967296);
  if (keyBytes > 0) {
    const keyOffset = itemNameOffset(p, ref);
    p.u8.copyWithin(offset + RECORD_HEADER_BYTES, keyOffset, keyOffset + keyBytes);
  }
  p.f64[HEADER_F64.changeHead] = head + recordBytes;
}

/** Reads what was recorded since `position`; for listeners, off the hot path. */
export function changeRead(p: Partition, position: number): ChangeBatch {
  const head = p.f64[HEADER_F64.changeHead];
  const changes: Change[] = [];
  assert(p.i32[HEADER.changePage] !== 0, 'changes are read while somebody listens');
  if (head - position > PAGE_BYTES) {
    return { changes, position: head, lostBytes: head - position };
  }
  const ring = pageOffset(p, p.i32[HEADER.changePage] - 1);
  let at = position;
  while (at < head) {
    const offset = ring + (at % PAGE_BYTES);
    const word = offset >>> 2;
    const recordBytes = p.i32[word] & 0xffff;
    if (recordBytes === 0) {
      at += PAGE_BYTES - (at % PAGE_BYTES);
      continue;
    }
    const keyBytes = p.i32[word + 1] & 0xffff;
    changes.push({
      kind: (p.i32[word] >>> 16) & 0xff,
      itemType: p.i32[word] >>> 24,
      database: p.i32[word + 1] >> 16,
      cas: p.i32[word + 3] * 4294967296 + (p.i32[word + 2] >>> 0),
      key: Buffer.from(
        p.u8.subarray(offset + RECORD_HEADER_BYTES, offset + RECORD_HEADER_BYTES + keyBytes),
      ),
    });
    at += recordBytes;
  }
  return { changes, position: head, lostBytes: 0 };
}
