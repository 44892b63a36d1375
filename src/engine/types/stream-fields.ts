/**
 * The fields of an entry that is to be added: names and values as ranges of one buffer, in turn. The front
 * end points it at the request's arguments, so that nothing is copied or allocated on the way to the block.
 *
 * And how they are written: a string is its length, in one byte or, from 128 on, in two, and its bytes. No
 * string in a block is longer than its chunk.
 *
 *   0lllllll                     up to 127 bytes
 *   10llllll llllllll            up to 16,383
 *
 * Guard: an object belongs to its thread; what it points at is good for one call.
 */
import { assert } from '../../base/assert.ts';
import { bytesCopy } from '../../memory/bytes.ts';
import { CHUNK_BYTES_MAX } from '../../memory/slab-classes.ts';

export class StreamFields {
  source: Buffer;
  /** Byte offsets in `source`: those of a name at first + 2i, of its value behind it. */
  start: Int32Array;
  end: Int32Array;
  first = 0;
  /** Pairs of a name and a value. */
  count = 0;

  constructor(source: Buffer) {
    this.source = source;
    this.start = NO_RANGES;
    this.end = NO_RANGES;
  }
}

const NO_RANGES = new Int32Array(0);

const LONG = 0x80;
const LONG_MASK = 0x3f;
export const FIELD_BYTES_MAX = 0x3fff;

assert(
  CHUNK_BYTES_MAX <= FIELD_BYTES_MAX,
  'any string of a chunk has a length that can be written',
);

/** Bytes of all names and values, without their lengths. */
export function fieldsPayload({ start, end, first, count }: StreamFields): number {
  let bytes = 0;
  for (let at = first; at < first + 2 * count; at++) bytes += end[at] - start[at];
  return bytes;
}

/** Bytes of a string with its length. */
export function fieldBytes(bytes: number): number {
  return bytes + (bytes < LONG ? 1 : 2);
}

/** Bytes of all values, or from `first` + 0 all names, with their lengths. */
export function fieldsBytes({ start, end, first, count }: StreamFields, offset: 0 | 1): number {
  let bytes = 0;
  const last = first + 2 * count;
  for (let at = first + offset; at < last; at += 2) bytes += fieldBytes(end[at] - start[at]);
  return bytes;
}

/** Writes all names (0) or all values (1) at `at`; returns the position behind them. */
export function fieldsWrite(
  { source, start, end, first, count }: StreamFields,
  offset: 0 | 1,
  target: Buffer,
  at: number,
): number {
  let to = at;
  const last = first + 2 * count;
  for (let index = first + offset; index < last; index += 2) {
    const bytes = end[index] - start[index];
    to = lengthWrite(target, to, bytes);
    bytesCopy(source, start[index], target, to, bytes);
    to += bytes;
  }
  return to;
}

export function lengthWrite(target: Buffer, at: number, bytes: number): number {
  if (bytes < LONG) {
    target[at] = bytes;
    return at + 1;
  }
  target[at] = LONG | (bytes >>> 8);
  target[at + 1] = bytes & 0xff;
  return at + 2;
}

/** The length, or whatever number was written as one, at `at`. */
export function lengthRead(u8: Buffer, at: number): number {
  const byte = u8[at];
  return byte < LONG ? byte : ((byte & LONG_MASK) << 8) | u8[at + 1];
}

/** Where what follows a length begins. */
export function lengthEnd(u8: Buffer, at: number): number {
  return u8[at] < LONG ? at + 1 : at + 2;
}

/** Where the string behind the one at `at` begins. */
export function fieldNext(u8: Buffer, at: number): number {
  const byte = u8[at];
  return byte < LONG ? at + 1 + byte : at + 2 + (((byte & LONG_MASK) << 8) | u8[at + 1]);
}

/** Passes over so many strings. */
export function fieldsSkip(u8: Buffer, at: number, count: number): number {
  let to = at;
  for (let left = count; left > 0; left--) to = fieldNext(u8, to);
  return to;
}

/** Whether the names at `at`, `count` of them, are those of the fields. */
export function namesEqual(u8: Buffer, at: number, count: number, fields: StreamFields): boolean {
  if (count !== fields.count) return false;
  const { source, start, end, first } = fields;
  let from = at;
  const last = first + 2 * count;
  for (let index = first; index < last; index += 2) {
    const bytes = end[index] - start[index];
    if (lengthRead(u8, from) !== bytes) return false;
    from = lengthEnd(u8, from);
    for (let byte = 0; byte < bytes; byte++) {
      if (u8[from + byte] !== source[start[index] + byte]) return false;
    }
    from += bytes;
  }
  return true;
}
