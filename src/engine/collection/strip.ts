/**
 * Strips: short byte strings one behind the other, to be read from either end. Small collections are
 * one strip, long lists are many.
 *
 *   strip   ┌───────┬───────┬─ ─┬───────┐
 *           │ entry │ entry │ … │ entry │        start ≤ every entry < end
 *           └───────┴───────┴─ ─┴───────┘
 *   entry   ┌────────┬─────────┬────────┐
 *           │ length │ content │ length │        length below 254: one byte
 *           └────────┴─────────┴────────┘        else 0xFE and u32; behind the content u32 and 0xFE
 *
 * Nothing in a strip says where it starts or ends, or how many entries it has: whoever owns it knows.
 * Cf. redis/redis src/listpack.c, which numbers its entries and types them; ours are bytes only, since
 * what an entry means is known by its place.
 *
 * All positions are offsets in a Buffer: a partition's bytes, or a thread's scratch. Nothing here
 * allocates. Guard: that of the Buffer.
 */
import { bytesCopy } from '../../memory/bytes.ts';

/** Contents from this length on have a length of five bytes at each end. */
const LONG_BYTES_MIN = 254;
const LONG_MARK = 0xfe;
const LONG_LENGTH_BYTES = 5;
/** What functions that look for an entry return if there is none. */
export const STRIP_NONE = -1;

/** Bytes of the entry whose content has `bytes`. */
export function stripEntryBytes(bytes: number): number {
  return bytes < LONG_BYTES_MIN ? bytes + 2 : bytes + 2 * LONG_LENGTH_BYTES;
}

/** Bytes of the content of the entry at `at`. */
export function stripContentBytes(u8: Buffer, at: number): number {
  const length = u8[at];
  return length < LONG_BYTES_MIN ? length : lengthRead(u8, at + 1);
}

/** Where the content of the entry at `at` starts. */
export function stripContentStart(u8: Buffer, at: number): number {
  return u8[at] < LONG_BYTES_MIN ? at + 1 : at + LONG_LENGTH_BYTES;
}

/** The position behind the entry at `at`: the next entry, or the end. */
export function stripNext(u8: Buffer, at: number): number {
  const length = u8[at];
  if (length < LONG_BYTES_MIN) return at + length + 2;
  return at + lengthRead(u8, at + 1) + 2 * LONG_LENGTH_BYTES;
}

/** The entry that ends at `end`: the one before another, or the last. */
export function stripPrevious(u8: Buffer, end: number): number {
  const length = u8[end - 1];
  if (length < LONG_BYTES_MIN) return end - length - 2;
  return end - lengthRead(u8, end - LONG_LENGTH_BYTES) - 2 * LONG_LENGTH_BYTES;
}

/**
 * Writes the lengths of an entry with `bytes` of content. Returns where the content goes, which the
 * caller writes.
 */
export function stripFrame(u8: Buffer, at: number, bytes: number): number {
  if (bytes < LONG_BYTES_MIN) {
    u8[at] = bytes;
    u8[at + 1 + bytes] = bytes;
    return at + 1;
  }
  const start = at + LONG_LENGTH_BYTES;
  u8[at] = LONG_MARK;
  lengthWrite(u8, at + 1, bytes);
  lengthWrite(u8, start + bytes, bytes);
  u8[start + bytes + 4] = LONG_MARK;
  return start;
}

/** Writes an entry with the content source[start, start + bytes). Returns the position behind it. */
export function stripWrite(
  u8: Buffer,
  at: number,
  source: Buffer,
  start: number,
  bytes: number,
): number {
  bytesCopy(source, start, u8, stripFrame(u8, at, bytes), bytes);
  return at + stripEntryBytes(bytes);
}

/** Whether the content of the entry at `at` is source[start, start + bytes). */
export function stripEquals(
  u8: Buffer,
  at: number,
  source: Buffer,
  start: number,
  bytes: number,
): boolean {
  if (stripContentBytes(u8, at) !== bytes) return false;
  const content = stripContentStart(u8, at);
  // From the end: names that are made by counting differ there.
  for (let index = bytes - 1; index >= 0; index--) {
    if (u8[content + index] !== source[start + index]) return false;
  }
  return true;
}

/**
 * The first entry in [from, end) whose content is source[start, start + bytes), or STRIP_NONE. Looks
 * at every `stride`th entry, the one at `from` first: 2 finds the field among fields and values.
 */
export function stripFind(
  u8: Buffer,
  from: number,
  end: number,
  stride: number,
  source: Buffer,
  start: number,
  bytes: number,
): number {
  let at = from;
  while (at < end) {
    if (stripEquals(u8, at, source, start, bytes)) return at;
    at = stripNext(u8, at);
    for (let skipped = 1; skipped < stride; skipped++) at = stripNext(u8, at);
  }
  return STRIP_NONE;
}

/** Entry `index` of the `count` in [start, end); `end` if `index` is `count`. Goes by the nearer end. */
export function stripSeek(
  u8: Buffer,
  start: number,
  end: number,
  count: number,
  index: number,
): number {
  if (index <= count >>> 1) {
    let at = start;
    for (let passed = 0; passed < index; passed++) at = stripNext(u8, at);
    return at;
  }
  let at = end;
  for (let left = count; left > index; left--) at = stripPrevious(u8, at);
  return at;
}

/** How many entries are in [start, end); STRIP_NONE if these bytes are no strip. For verification. */
export function stripCount(u8: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  while (at < end) {
    const next = stripNext(u8, at);
    if (next > end || stripPrevious(u8, next) !== at) return STRIP_NONE;
    at = next;
    count++;
  }
  return count;
}

function lengthRead(u8: Buffer, at: number): number {
  return (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0;
}

function lengthWrite(u8: Buffer, at: number, bytes: number): void {
  u8[at] = bytes;
  u8[at + 1] = bytes >>> 8;
  u8[at + 2] = bytes >>> 16;
  u8[at + 3] = bytes >>> 24;
}
