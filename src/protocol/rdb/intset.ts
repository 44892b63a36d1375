/**
 * Intsets: the members of a set of integers, ascending, as wide as the widest of them asks.
 *
 *   ┌───────┬───────┬─────────┬─────────┬───┐
 *   │ width │ count │ integer │ integer │ … │     all little-endian; width 2, 4 or 8
 *   │ u32   │ u32   │         │         │   │
 *   └───────┴───────┴─────────┴─────────┴───┘
 *
 * Source: valkey-io/valkey src/intset.c.
 */
import {
  PACKED_STEP,
  type PackedEntries,
  type PackedFormat,
  type PackedStep,
  packedInteger,
  packedInteger64,
} from './packed-entries.ts';
import { type RdbWriter, rdbRoom } from './writer.ts';

const HEADER_BYTES = 8;

export const INTSET: PackedFormat = { open, next };

function open(entries: PackedEntries): boolean {
  const { bytes, start, end } = entries;
  if (end - start < HEADER_BYTES) return false;
  const width = bytes.readUInt32LE(start);
  if (width !== 2 && width !== 4 && width !== 8) return false;
  entries.width = width;
  entries.count = bytes.readUInt32LE(start + 4);
  entries.at = start + HEADER_BYTES;
  return HEADER_BYTES + entries.count * width === end - start;
}

function next(entries: PackedEntries): PackedStep {
  const { bytes, at, width } = entries;
  if (at === entries.end) return PACKED_STEP.END;
  const isFirst = at === entries.start + HEADER_BYTES;
  if (!isFirst && !isAscending(bytes, at - width, at, width)) return PACKED_STEP.BROKEN;
  if (width === 8) return packedInteger64(entries, at, at + width);
  return packedInteger(entries, bytes.readIntLE(at, width), at + width);
}

function isAscending(bytes: Buffer, first: number, second: number, width: number): boolean {
  if (width === 8) return bytes.readBigInt64LE(first) < bytes.readBigInt64LE(second);
  return bytes.readIntLE(first, width) < bytes.readIntLE(second, width);
}

/** Fills the writer with the intset of these integers, which it sorts. */
export function intsetWrite(writer: RdbWriter, integers: BigInt64Array): void {
  integers.sort();
  const count = integers.length;
  const width = count === 0 ? 2 : Math.max(widthOf(integers[0]), widthOf(integers[count - 1]));
  writer.used = 0;
  if (!rdbRoom(writer, HEADER_BYTES + count * width)) return;
  const { bytes } = writer;
  bytes.writeUInt32LE(width, 0);
  let at = bytes.writeUInt32LE(count, 4);
  for (const integer of integers) {
    if (width === 8) at = bytes.writeBigInt64LE(integer, at);
    else at = bytes.writeIntLE(Number(integer), at, width);
  }
  writer.used = at;
}

function widthOf(integer: bigint): number {
  if (BigInt.asIntN(16, integer) === integer) return 2;
  return BigInt.asIntN(32, integer) === integer ? 4 : 8;
}
