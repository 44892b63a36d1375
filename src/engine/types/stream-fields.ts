/**
 * The fields of an entry that is to be added: names and values as ranges of one buffer, in turn. The front
 * end points it at the request's arguments, so that nothing is copied or allocated on the way to the block.
 *
 * And how they are written: a string is its length, in one byte or, from 128 on, in two, and its bytes. No
 * string in a block is longer than its chunk. A value of three digits or more that is an integer as one would
 * write it, up to 15 digits, is its bytes, the lowest first: sensors and clocks send little else.
 *
 *   0lllllll                     up to 127 bytes
 *   10llllll llllllll            up to 16,383
 *   1100snnn                     n bytes of a number, negative if s
 *
 * Guard: an object belongs to its thread; what it points at is good for one call.
 */
import { assert } from '../../base/assert.ts';
import { int64Write } from '../../base/int64.ts';
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
const NUMBER = 0xc0;
const NEGATIVE = 0x08;
const NUMBER_BYTES_MASK = 0x07;
/** What numbers are shorter than, and how long one can be to be exact as a double. */
const TEXT_BYTES_MIN = 3;
const DIGITS_MAX = 15;
const TEXT_BYTES_MAX = DIGITS_MAX + 1;
const NUMBER_TEXT = Buffer.allocUnsafeSlow(TEXT_BYTES_MAX);
const UINT32_END = 4294967296;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
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

/** Bytes of all names, with their lengths. */
export function namesBytes({ start, end, first, count }: StreamFields): number {
  let bytes = 0;
  const last = first + 2 * count;
  for (let at = first; at < last; at += 2) bytes += fieldBytes(end[at] - start[at]);
  return bytes;
}

/** Writes all names at `at`; returns the position behind them. */
export function namesWrite(
  { source, start, end, first, count }: StreamFields,
  target: Buffer,
  at: number,
): number {
  let to = at;
  const last = first + 2 * count;
  for (let index = first; index < last; index += 2) {
    to = stringWrite(target, to, source, start[index], end[index] - start[index]);
  }
  return to;
}

/** The values that were measured last: the number that each is, or NaN. */
let numbers = new Float64Array(16);

/** Bytes of all values, as valuesWrite will write them. */
export function valuesMeasure({ source, start, end, first, count }: StreamFields): number {
  if (numbers.length < count) numbers = new Float64Array(2 * count);
  let bytes = 0;
  for (let field = 0; field < count; field++) {
    const index = first + 2 * field + 1;
    const number = numberParse(source, start[index], end[index]);
    numbers[field] = number;
    bytes += Number.isNaN(number)
      ? fieldBytes(end[index] - start[index])
      : 1 + numberBytes(Math.abs(number));
  }
  return bytes;
}

/** Writes the values that were measured last at `at`; returns the position behind them. */
export function valuesWrite(
  { source, start, end, first, count }: StreamFields,
  target: Buffer,
  at: number,
): number {
  let to = at;
  for (let field = 0; field < count; field++) {
    const index = first + 2 * field + 1;
    const number = numbers[field];
    to = Number.isNaN(number)
      ? stringWrite(target, to, source, start[index], end[index] - start[index])
      : numberWrite(target, to, number);
  }
  return to;
}

function stringWrite(
  target: Buffer,
  at: number,
  source: Buffer,
  start: number,
  bytes: number,
): number {
  const to = lengthWrite(target, at, bytes);
  bytesCopy(source, start, target, to, bytes);
  return to + bytes;
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

/** Where the string or number behind the one at `at` begins. */
export function fieldNext(u8: Buffer, at: number): number {
  const byte = u8[at];
  if (byte < LONG) return at + 1 + byte;
  if (byte >= NUMBER) return at + 1 + (byte & NUMBER_BYTES_MASK);
  return at + 2 + (((byte & LONG_MASK) << 8) | u8[at + 1]);
}

/** A name or value as a client knows it: source[start, start + bytes), until the next one is taken. */
export class FieldText {
  source: Buffer = NUMBER_TEXT;
  start = 0;
  bytes = 0;
}

/** Takes the string or number at `at`. */
export function fieldTake(u8: Buffer, at: number, to: FieldText): void {
  if (u8[at] >= NUMBER) {
    to.source = NUMBER_TEXT;
    to.start = 0;
    to.bytes = int64Write(NUMBER_TEXT, 0, numberRead(u8, at));
    return;
  }
  to.source = u8;
  to.start = lengthEnd(u8, at);
  to.bytes = lengthRead(u8, at);
}

/** Passes over so many strings and numbers. */
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

// ── Numbers ─────────────────────────────────────────────────────────────────────────────────────

/** The integer in bytes[start, end), if a number takes less room than what stands there; else NaN. */
function numberParse(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length < TEXT_BYTES_MIN || length > TEXT_BYTES_MAX) return Number.NaN;
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (bytes[first] <= ZERO || bytes[first] > NINE) return Number.NaN;
  if (end - first > DIGITS_MAX) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  return isNegative ? -value : value;
}

/** Bytes of a number that is not negative. */
function numberBytes(value: number): number {
  if (value < UINT32_END) return (39 - Math.clz32(value)) >>> 3;
  return 4 + ((39 - Math.clz32(Math.floor(value / UINT32_END))) >>> 3);
}

function numberWrite(target: Buffer, at: number, number: number): number {
  const value = Math.abs(number);
  const bytes = numberBytes(value);
  target[at] = NUMBER | (number < 0 ? NEGATIVE : 0) | bytes;
  let word = value | 0;
  for (let byte = 1; byte <= bytes; byte++) {
    target[at + byte] = word & 0xff;
    word = byte === 4 ? Math.floor(value / UINT32_END) : word >>> 8;
  }
  return at + 1 + bytes;
}

function numberRead(u8: Buffer, at: number): number {
  let value = 0;
  for (let byte = u8[at] & NUMBER_BYTES_MASK; byte > 0; byte--) value = value * 256 + u8[at + byte];
  return u8[at] & NEGATIVE ? -value : value;
}
