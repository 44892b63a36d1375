/**
 * Entries too long for a block: items of type ELEMENT, in a block's place in the stream's tree.
 *
 *   ┌─────────────────────┬─────────┬────────────┬─────────────────────────┐
 *   │ an item without key │ id      │ fieldCount │ name, value, name, …    │   chained, if need be
 *   │                     │ 4 words │ u32        │ each: length u32, bytes │
 *   └─────────────────────┴─────────┴────────────┴─────────────────────────┘
 *
 * Guard: the partition lock.
 */
import { assert } from '../../base/assert.ts';
import { STREAM_ID_BYTES, type StreamId, streamIdStore } from '../../base/stream-id.ts';
import { itemBytes, itemValueBytes, itemValueOffset } from '../../memory/item.ts';
import { rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { itemFree } from '../lifecycle.ts';
import { chainWrite, cursorStart, ValueCursor, valuePiece } from './chained.ts';
import { elementStart } from './list-element.ts';
import { fieldsPayload, type StreamFields } from './stream-fields.ts';

const LENGTH_BYTES = 4;
const HEADER_BYTES = STREAM_ID_BYTES + LENGTH_BYTES;

const scratch = Buffer.alloc(HEADER_BYTES);

/** A long entry, for the caller to put in the tree. 0 without memory. */
export function longMake(
  p: Partition,
  rootRef: number,
  id: Readonly<StreamId>,
  fields: StreamFields,
  nowMs: number,
): number {
  const bytes = HEADER_BYTES + 2 * LENGTH_BYTES * fields.count + fieldsPayload(fields);
  const ref = elementStart(p, bytes, nowMs);
  if (ref === 0) return 0;
  if (!longWrite(p, ref, fields, nowMs)) {
    itemFree(p, ref);
    return 0;
  }
  streamIdStore(p.i32, itemValueOffset(p, ref) >>> 2, id);
  rootBytesAdd(p, rootRef, itemBytes(p, ref));
  return ref;
}

function longWrite(p: Partition, ref: number, fields: StreamFields, nowMs: number): boolean {
  const { source, start, end, first, count } = fields;
  assert(itemValueOffset(p, ref) % 8 === 0, 'an id can be read by words');
  scratch.fill(0);
  scratch.writeUInt32LE(count, STREAM_ID_BYTES);
  if (!chainWrite(p, ref, 0, scratch, 0, HEADER_BYTES, nowMs)) return false;
  let at = HEADER_BYTES;
  for (let index = first; index < first + 2 * count; index++) {
    const bytes = end[index] - start[index];
    scratch.writeUInt32LE(bytes, 0);
    if (!chainWrite(p, ref, at, scratch, 0, LENGTH_BYTES, nowMs)) return false;
    at += LENGTH_BYTES;
    if (!chainWrite(p, ref, at, source, start[index], bytes, nowMs)) return false;
    at += bytes;
  }
  return true;
}

/** Fields of a long entry. */
export function longFieldCount(p: Partition, ref: number): number {
  return p.i32[(itemValueOffset(p, ref) + STREAM_ID_BYTES) >>> 2];
}

/** Reads a long entry from its start: for each string its length, and then its bytes in pieces. */
export class LongReader {
  ref = 0;
  readonly cursor: ValueCursor = new ValueCursor();
}

export function longOpen(p: Partition, ref: number, reader: LongReader): void {
  reader.ref = ref;
  cursorStart(reader.cursor, itemValueBytes(p, ref));
  valuePiece(p, ref, reader.cursor, scratch, 0, HEADER_BYTES);
}

/** The length of the next string. */
export function longLength(p: Partition, reader: LongReader): number {
  valuePiece(p, reader.ref, reader.cursor, scratch, 0, LENGTH_BYTES);
  return scratch.readUInt32LE(0);
}

/** The next `bytes` of the string, to target at targetStart. */
export function longBytes(
  p: Partition,
  reader: LongReader,
  target: Buffer,
  targetStart: number,
  bytes: number,
): void {
  valuePiece(p, reader.ref, reader.cursor, target, targetStart, bytes);
}

/** Whether the value of a long entry is what it says. For partitionVerify. */
export function longProblem(p: Partition, ref: number): string {
  const reader = new LongReader();
  longOpen(p, ref, reader);
  let at = HEADER_BYTES;
  for (let left = 2 * longFieldCount(p, ref); left > 0; left--) {
    const bytes = longLength(p, reader);
    longBytes(p, reader, Buffer.allocUnsafe(bytes), 0, bytes);
    at += LENGTH_BYTES + bytes;
  }
  const bytes = itemValueBytes(p, ref);
  return at === bytes ? '' : `${at} bytes, not ${bytes}`;
}
