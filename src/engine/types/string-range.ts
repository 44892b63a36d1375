/**
 * Parts of a value: read and written where they lie, be it one chunk or a chain of thousands. A value is
 * seen as a row of *spans*, bytes that lie together, found by their position in it.
 *
 * Guard: every function expects the lock of the partition.
 */
import { assert } from '../../base/assert.ts';
import { bytesCopy } from '../../memory/bytes.ts';
import {
  chainFirst,
  chainLinkAt,
  itemHeadValueBytes,
  LINK_VALUE_BYTES_MAX,
  linkNext,
  linkUsed,
  linkValueOffset,
} from '../../memory/chain.ts';
import { itemIsChained, itemValueOffset } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';

/** Bytes of a value that lie together: from a byte offset in the partition. */
export class ValueSpan {
  /** The link they lie in; 0: the item's own chunk. */
  link = 0;
  offset = 0;
  bytes = 0;
}

/** The rest of the chunk in which the value has its byte `position`. That must be there. */
export function spanSeek(p: Partition, ref: number, position: number, span: ValueSpan): void {
  const headBytes = itemHeadValueBytes(p, ref);
  if (position < headBytes) {
    span.link = 0;
    span.offset = itemValueOffset(p, ref) + position;
    span.bytes = headBytes - position;
    return;
  }
  const behindHead = position - headBytes;
  const index = Math.floor(behindHead / LINK_VALUE_BYTES_MAX);
  const within = behindHead - index * LINK_VALUE_BYTES_MAX;
  span.link = chainLinkAt(p, ref, index);
  span.offset = linkValueOffset(span.link) + within;
  span.bytes = linkUsed(p, span.link) - within;
}

/** The whole of the chunk behind the span's. False if it was the value's last. */
export function spanNext(p: Partition, ref: number, span: ValueSpan): boolean {
  let link = 0;
  if (span.link !== 0) link = linkNext(p, span.link);
  else if (itemIsChained(p, ref)) link = chainFirst(p, ref);
  span.link = link;
  if (link === 0) return false;
  span.offset = linkValueOffset(link);
  span.bytes = linkUsed(p, link);
  return true;
}

const span = new ValueSpan();

/** Copies `bytes` of the value, from `position` on, to target at `at`. They must be there. */
export function valueRangeRead(
  p: Partition,
  ref: number,
  position: number,
  bytes: number,
  target: Buffer,
  at: number,
): void {
  if (bytes === 0) return;
  spanSeek(p, ref, position, span);
  let to = at;
  const end = at + bytes;
  for (;;) {
    const copied = Math.min(span.bytes, end - to);
    bytesCopy(p.u8, span.offset, target, to, copied);
    to += copied;
    if (to === end) return;
    assert(spanNext(p, ref, span), 'a range ends within its value');
  }
}

/** Writes source[start, start + bytes) over the value's bytes from `position` on. They must be there. */
export function valueRangeWrite(
  p: Partition,
  ref: number,
  position: number,
  source: Buffer,
  start: number,
  bytes: number,
): void {
  if (bytes === 0) return;
  spanSeek(p, ref, position, span);
  let from = start;
  const end = start + bytes;
  for (;;) {
    const copied = Math.min(span.bytes, end - from);
    bytesCopy(source, from, p.u8, span.offset, copied);
    from += copied;
    if (from === end) return;
    assert(spanNext(p, ref, span), 'a range ends within its value');
  }
}

/** Sets `bytes` of the value to zero, from `position` on. They must be there. */
export function valueRangeClear(p: Partition, ref: number, position: number, bytes: number): void {
  if (bytes === 0) return;
  spanSeek(p, ref, position, span);
  let left = bytes;
  for (;;) {
    const cleared = Math.min(span.bytes, left);
    p.u8.fill(0, span.offset, span.offset + cleared);
    left -= cleared;
    if (left === 0) return;
    assert(spanNext(p, ref, span), 'a range ends within its value');
  }
}

/** The value's byte at `position`, which must be there. */
export function valueByte(p: Partition, ref: number, position: number): number {
  spanSeek(p, ref, position, span);
  return p.u8[span.offset];
}

/** Sets the value's byte at `position`, which must be there. */
export function valueByteSet(p: Partition, ref: number, position: number, byte: number): void {
  spanSeek(p, ref, position, span);
  p.u8[span.offset] = byte;
}
