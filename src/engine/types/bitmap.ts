/**
 * Strings as rows of bits. Bit 0 is the highest of the first byte, as all bit commands count them; a
 * value of 512 MB has 2^32, so positions are doubles.
 *
 * Guard: every function expects the lock of the key's partition.
 */
import { assert } from '../../base/assert.ts';
import { itemValueBytes } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import type { Operation } from '../operation.ts';
import { spanNext, spanSeek, ValueSpan, valueByte, valueRangeClear } from './string-range.ts';
import { valueOpen } from './string-range-room.ts';

/** The value's bit at `position`; those behind its end are 0. */
export function bitGet(p: Partition, ref: number, position: number): number {
  const at = Math.floor(position / 8);
  if (at >= itemValueBytes(p, ref)) return 0;
  return (valueByte(p, ref, at) >>> (7 - (position % 8))) & 1;
}

/**
 * Sets a bit of the string at op's key, and makes it as long as it has to be.
 *   old      the key's live item, a string; 0: there is none, and it is made
 *   returns  what the bit was; -1 without memory: nothing has changed
 */
export function bitSet(
  p: Partition,
  op: Operation,
  old: number,
  position: number,
  bit: number,
): number {
  const at = Math.floor(position / 8);
  const mask = 0x80 >>> (position % 8);
  const isThere = old !== 0 && at < itemValueBytes(p, old);
  let was = 0;
  if (isThere) {
    spanSeek(p, old, at, span);
    was = (p.u8[span.offset] & mask) === 0 ? 0 : 1;
    if (was === bit) return was;
  }
  const ref = bitsOpen(p, op, old, position + 1);
  if (ref === 0) return -1;
  // Nearly always the value stays, and the byte is where it was found.
  if (ref !== old || !isThere) spanSeek(p, ref, at, span);
  if (bit === 0) p.u8[span.offset] &= ~mask;
  else p.u8[span.offset] |= mask;
  return was;
}

/**
 * As valueOpen, for a value that has at least so many bits; those added are 0.
 */
export function bitsOpen(p: Partition, op: Operation, old: number, bits: number): number {
  const oldBytes = old === 0 ? 0 : itemValueBytes(p, old);
  const bytes = Math.max(oldBytes, Math.ceil(bits / 8));
  const ref = valueOpen(p, op, old, bytes);
  if (ref !== 0) valueRangeClear(p, ref, oldBytes, bytes - oldBytes);
  return ref;
}

const span = new ValueSpan();

/** How many bits of the value are 1, from the one at `from` to the one before `to`. They are there. */
export function bitsCount(p: Partition, ref: number, from: number, to: number): number {
  if (from >= to) return 0;
  const first = Math.floor(from / 8);
  const last = Math.floor((to - 1) / 8);
  const before = valueByte(p, ref, first) & ~(0xff >>> (from % 8));
  const behind = valueByte(p, ref, last) & (0x7f >>> ((to - 1) % 8));
  let count = -wordBits(before) - wordBits(behind);
  let left = last - first + 1;
  spanSeek(p, ref, first, span);
  for (;;) {
    const bytes = Math.min(span.bytes, left);
    count += bytesBits(p.view, span.offset, bytes);
    left -= bytes;
    if (left === 0) return count;
    assert(spanNext(p, ref, span), 'a range ends within its value');
  }
}

/** Words whose counts by byte can be added before a byte overflows: 31 × 8 is below 256. */
const COUNTED_TOGETHER_BYTES = 31 * 4;

function bytesBits(view: DataView, start: number, bytes: number): number {
  let count = 0;
  let at = start;
  const end = start + bytes;
  const wordsEnd = end - (bytes & 3);
  while (at < wordsEnd) {
    const stop = Math.min(wordsEnd, at + COUNTED_TOGETHER_BYTES);
    let counts = 0;
    for (; at < stop; at += 4) counts += byteCounts(view.getInt32(at));
    const pairs = (counts & 0x00ff00ff) + ((counts >>> 8) & 0x00ff00ff);
    count += (pairs & 0xffff) + (pairs >>> 16);
  }
  for (; at < end; at++) count += wordBits(view.getUint8(at));
  return count;
}

/** In each byte of the result, how many bits of that byte are 1. */
function byteCounts(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (nibbles + (nibbles >>> 4)) & 0x0f0f0f0f;
}

function wordBits(word: number): number {
  return Math.imul(byteCounts(word), 0x01010101) >>> 24;
}

/** The first bit with this value, from the one at `from` to the one before `to`; -1: none. */
export function bitsFind(p: Partition, ref: number, bit: number, from: number, to: number): number {
  if (from >= to) return -1;
  // What has no such bit is 0 after this, and where the first 1 is then, the bit is.
  const flip = bit === 0 ? -1 : 0;
  const first = Math.floor(from / 8);
  const firstByte = (valueByte(p, ref, first) ^ flip) & (0xff >>> (from % 8));
  if (firstByte !== 0) return within(first * 8 + byteFirstBit(firstByte), to);
  const end = Math.ceil(to / 8);
  let position = first + 1;
  if (position === end) return -1;
  spanSeek(p, ref, position, span);
  for (;;) {
    const bytes = Math.min(span.bytes, end - position);
    const at = byteFind(p.view, span.offset, span.offset + bytes, flip);
    if (at !== -1) {
      const byte = (p.u8[at] ^ flip) & 0xff;
      return within((position + at - span.offset) * 8 + byteFirstBit(byte), to);
    }
    position += bytes;
    if (position === end) return -1;
    assert(spanNext(p, ref, span), 'a range ends within its value');
  }
}

function within(position: number, end: number): number {
  return position < end ? position : -1;
}

/** Of a byte that is not 0. */
function byteFirstBit(byte: number): number {
  return Math.clz32(byte) - 24;
}

/** Offset of the first byte that is not 0 once flipped, or -1. */
function byteFind(view: DataView, start: number, end: number, flip: number): number {
  let at = start;
  while (at + 4 <= end && view.getInt32(at) === flip) at += 4;
  for (; at < end; at++) if (((view.getUint8(at) ^ flip) & 0xff) !== 0) return at;
  return -1;
}
