/**
 * The prefix table: how often keys with a common prefix were asked for, stored and deleted. A fixed
 * number of records in the control block, found by hash and linear probing.
 *
 *   byte 0       4      8        12              20     28     36        44            296   304
 *        ┌───────┬──────┬────────┬───────────────┬──────┬──────┬─────────┬─────────────┬─────┐
 *        │ state │ hash │ prefix │ gets          │ hits │ sets │ deletes │ prefix, in  │     │
 *        │       │      │ Bytes  │ u64 as Lo, Hi │      │      │         │ whole words │     │
 *        └───────┴──────┴────────┴───────────────┴──────┴──────┴─────────┴─────────────┴─────┘
 *
 * Guard: none is held. A thread claims a free record by compare-and-exchange, fills it in, and
 * publishes it with READY; counts are atomic additions. Two threads that meet a new prefix at once
 * may both make a record of it, so readers add up what bears the same name. A count that is under way
 * while the table is cleared may end up with the record's next prefix: one too many, where an
 * operator has just asked to forget.
 */
import { assert } from '../base/assert.ts';
import { type Key, keyEquals } from '../base/key.ts';
import {
  CONTROL,
  type Control,
  PREFIX_COUNT_MAX,
  PREFIX_RECORD_BYTES,
  PREFIX_TABLE_OFFSET,
} from './control.ts';

/** i32 indices within a record. */
export const PREFIX = { state: 0, hash: 1, prefixBytes: 2, counts: 3, text: 11 } as const;

/** What is counted: Lo word of each, from PREFIX.counts. */
export const PREFIX_COUNT = { gets: 0, hits: 2, sets: 4, deletes: 6, words: 8 } as const;

export const PREFIX_BYTES_MAX = 250;
const STATE_FREE = 0;
const STATE_CLAIMED = 1;
const STATE_READY = 2;
/** Records looked at for one prefix. When none of them is free, it is not counted. */
const PROBES_MAX = 64;
const RECORD_WORDS = PREFIX_RECORD_BYTES >>> 2;
const TABLE_WORD = PREFIX_TABLE_OFFSET >>> 2;

assert(PREFIX.counts + PREFIX_COUNT.words === PREFIX.text, 'the text follows the counts');
assert(PREFIX.text * 4 + PREFIX_BYTES_MAX + 3 <= PREFIX_RECORD_BYTES, 'a prefix fits in words');
assert((PREFIX_COUNT_MAX & (PREFIX_COUNT_MAX - 1)) === 0, 'a hash is masked to a record');

export function prefixesCounted(control: Control): boolean {
  return Atomics.load(control.i32, CONTROL.prefixesCounted) !== 0;
}

export function prefixesCountedSet(control: Control, counted: boolean): void {
  Atomics.store(control.i32, CONTROL.prefixesCounted, counted ? 1 : 0);
}

/**
 * The record for a prefix, made if need be: an i32 index, or -1 when the table has no room for it.
 * Allocates nothing.
 */
export function prefixRecord(control: Control, prefix: Key): number {
  assert(prefix.bytes <= PREFIX_BYTES_MAX, 'a prefix is no longer than a key');
  const { i32 } = control;
  for (let probe = 0; probe < PROBES_MAX; probe++) {
    const slot = (prefix.hash + probe) & (PREFIX_COUNT_MAX - 1);
    const record = TABLE_WORD + slot * RECORD_WORDS;
    const state = Atomics.load(i32, record + PREFIX.state);
    if (state === STATE_READY && prefixIs(i32, record, prefix)) return record;
    if (
      state === STATE_FREE &&
      Atomics.compareExchange(i32, record, STATE_FREE, STATE_CLAIMED) === STATE_FREE
    ) {
      prefixWrite(i32, record, prefix);
      return record;
    }
  }
  return -1;
}

function prefixIs(i32: Int32Array, record: number, prefix: Key): boolean {
  return (
    i32[record + PREFIX.hash] === prefix.hash &&
    i32[record + PREFIX.prefixBytes] === prefix.bytes &&
    keyEquals(prefix, i32, record + PREFIX.text)
  );
}

function prefixWrite(i32: Int32Array, record: number, prefix: Key): void {
  i32.fill(0, record + PREFIX.counts, record + PREFIX.text);
  i32[record + PREFIX.hash] = prefix.hash;
  i32[record + PREFIX.prefixBytes] = prefix.bytes;
  const textWords = (prefix.bytes + 3) >>> 2;
  for (let at = 0; at < textWords; at++) i32[record + PREFIX.text + at] = prefix.words[at];
  Atomics.store(i32, record + PREFIX.state, STATE_READY);
}

/** Adds one to a count (PREFIX_COUNT) of the record. */
export function prefixCount(control: Control, record: number, count: number): void {
  const lo = record + PREFIX.counts + count;
  // The low word comes round: carry.
  if (Atomics.add(control.i32, lo, 1) === -1) Atomics.add(control.i32, lo + 1, 1);
}

/** Forgets all prefixes. */
export function prefixesClear(control: Control): void {
  for (let slot = 0; slot < PREFIX_COUNT_MAX; slot++) {
    const record = TABLE_WORD + slot * RECORD_WORDS;
    Atomics.compareExchange(control.i32, record, STATE_READY, STATE_FREE);
  }
}

/** Calls visit for the record of every prefix. */
export function prefixesWalk(control: Control, visit: (record: number) => void): void {
  for (let slot = 0; slot < PREFIX_COUNT_MAX; slot++) {
    const record = TABLE_WORD + slot * RECORD_WORDS;
    if (Atomics.load(control.i32, record) === STATE_READY) visit(record);
  }
}

export function prefixText(control: Control, record: number): string {
  const start = (record + PREFIX.text) << 2;
  const bytes = control.i32[record + PREFIX.prefixBytes];
  return control.u8.toString('latin1', start, start + bytes);
}

/** A count of the record; exact up to 2^53. */
export function prefixCountOf(control: Control, record: number, count: number): number {
  const lo = record + PREFIX.counts + count;
  return (
    (Atomics.load(control.i32, lo + 1) >>> 0) * 2 ** 32 + (Atomics.load(control.i32, lo) >>> 0)
  );
}
