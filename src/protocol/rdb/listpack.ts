/**
 * Listpacks: entries behind each other, each followed by its own size, so that they can be walked from
 * both ends.
 *
 *   ┌───────┬───────┬───────────────────────┬─────────────────────┬───┬────┐
 *   │ bytes │ count │ code [length] content │ size, 7 bits a byte │ … │ ff │
 *   │ u32   │ u16   │                       │ 1 to 5 bytes        │   │    │
 *   └───────┴───────┴───────────────────────┴─────────────────────┴───┴────┘
 *
 *   0nnnnnnn                    0 to 127          10nnnnnn           string of n bytes
 *   110nnnnn nnnnnnnn           13 bits, signed   1110nnnn nnnnnnnn  string of n bytes
 *   f1 … f4                     i16 i24 i32 i64   f0 u32             string of n bytes
 *
 * All is little-endian, but the integer of 13 bits and the length of 12. `bytes` is all of it, from
 * the first to the `ff`. A count of 65535 means: walk and see. The size is that of code, length and
 * content, its low 7 bits last; each byte but the first has its top bit set.
 *
 * Source: valkey-io/valkey src/listpack.c.
 */
import { INT64_TEXT_BYTES_MAX, int64Exact, int64Parse, int64WriteExact } from '../../base/int64.ts';
import {
  PACKED_COUNT_UNKNOWN,
  PACKED_STEP,
  type PackedEntries,
  type PackedFormat,
  type PackedStep,
  packedInteger,
  packedInteger64,
  packedString,
} from './packed-entries.ts';
import { type RdbWriter, rdbRoom } from './writer.ts';

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 0xffff;
const CODE = {
  STRING_6: 0x80,
  INTEGER_13: 0xc0,
  STRING_12: 0xe0,
  STRING_32: 0xf0,
  INTEGER_16: 0xf1,
  INTEGER_24: 0xf2,
  INTEGER_32: 0xf3,
  INTEGER_64: 0xf4,
  END: 0xff,
} as const;
/** Code and length of the longest, and a size. */
const ENTRY_OVERHEAD_MAX = 10;

export const LISTPACK: PackedFormat = { open, next };

function open(entries: PackedEntries): boolean {
  const { bytes, start, end } = entries;
  if (end - start < HEADER_BYTES + 1 || bytes.readUInt32LE(start) !== end - start) return false;
  const count = bytes.readUInt16LE(start + 4);
  entries.count = count === COUNT_UNKNOWN ? PACKED_COUNT_UNKNOWN : count;
  entries.at = start + HEADER_BYTES;
  return bytes[end - 1] === CODE.END;
}

function next(entries: PackedEntries): PackedStep {
  const { bytes, at } = entries;
  const last = entries.end - 1;
  const code = bytes[at];
  if (code === CODE.END) return at === last ? PACKED_STEP.END : PACKED_STEP.BROKEN;
  const head = headBytes(code);
  if (head === 0 || at + head > last) return PACKED_STEP.BROKEN;
  const length = isString(code) ? stringBytes(bytes, at, code) : 0;
  const size = head + length;
  const sizeBytes = sizeBytesOf(size);
  const after = at + size + sizeBytes;
  if (after > last || !sizeEquals(bytes, at + size, size, sizeBytes)) return PACKED_STEP.BROKEN;
  if (isString(code)) return packedString(entries, at + head, length, after);
  if (code === CODE.INTEGER_64) return packedInteger64(entries, at + 1, after);
  return packedInteger(entries, integer(bytes, at, code), after);
}

function isString(code: number): boolean {
  if (code < CODE.INTEGER_13) return code >= CODE.STRING_6;
  return code >= CODE.STRING_12 && code <= CODE.STRING_32;
}

/** Bytes of code and length, or of code and integer; 0 for no code. */
function headBytes(code: number): number {
  if (code < CODE.INTEGER_13) return 1;
  if (code < CODE.STRING_32) return 2;
  if (code === CODE.STRING_32) return 5;
  if (code === CODE.INTEGER_64) return 9;
  return code < CODE.INTEGER_64 ? code - CODE.INTEGER_16 + 3 : 0;
}

function stringBytes(bytes: Buffer, at: number, code: number): number {
  if (code === CODE.STRING_32) return bytes.readUInt32LE(at + 1);
  return code < CODE.INTEGER_13 ? code & 0x3f : ((code & 0x0f) << 8) | bytes[at + 1];
}

function integer(bytes: Buffer, at: number, code: number): number {
  if (code < CODE.STRING_6) return code;
  if (code >= CODE.INTEGER_16) return bytes.readIntLE(at + 1, code - CODE.INTEGER_16 + 2);
  const value = ((code & 0x1f) << 8) | bytes[at + 1];
  return (value << 19) >> 19;
}

/** How many bytes a size takes. Its limits are one below what 7 bits a byte would hold. */
function sizeBytesOf(size: number): number {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}

function sizeByte(size: number, index: number, sizeBytes: number): number {
  const septet = Math.floor(size / 2 ** (7 * (sizeBytes - 1 - index))) & 0x7f;
  return index === 0 ? septet : septet | 0x80;
}

function sizeEquals(bytes: Buffer, at: number, size: number, sizeBytes: number): boolean {
  for (let index = 0; index < sizeBytes; index++) {
    if (bytes[at + index] !== sizeByte(size, index, sizeBytes)) return false;
  }
  return true;
}

/** Starts a listpack, at the start of the writer. */
export function listpackBegin(writer: RdbWriter): void {
  writer.used = 0;
  if (rdbRoom(writer, HEADER_BYTES)) writer.used = HEADER_BYTES;
}

/** Appends source[start, start + bytes), as an integer if it is the text of one. */
export function listpackAppend(
  writer: RdbWriter,
  source: Buffer,
  start: number,
  bytes: number,
): void {
  if (!rdbRoom(writer, bytes + ENTRY_OVERHEAD_MAX)) return;
  const { used } = writer;
  const isShort = bytes <= INT64_TEXT_BYTES_MAX;
  const value = isShort ? int64Parse(source, start, start + bytes) : Number.NaN;
  if (Number.isNaN(value)) stringAppend(writer, source, start, bytes);
  else if (Number.isSafeInteger(value)) integerAppend(writer, value);
  else integer64Append(writer, int64Exact(source, start, start + bytes));
  const size = writer.used - used;
  const sizeBytes = sizeBytesOf(size);
  for (let index = 0; index < sizeBytes; index++) {
    writer.bytes[writer.used++] = sizeByte(size, index, sizeBytes);
  }
}

/** Where the first entry of a listpack is. */
export const LISTPACK_FIRST_AT = HEADER_BYTES;

/** Appends an int64. */
export function listpackAppendInteger(writer: RdbWriter, value: bigint): void {
  const bytes = int64WriteExact(integerText, 0, value);
  listpackAppend(writer, integerText, 0, bytes);
}

const integerText = Buffer.allocUnsafeSlow(INT64_TEXT_BYTES_MAX);

/** Ends the listpack of `count` entries that fills the writer. */
export function listpackEnd(writer: RdbWriter, count: number): void {
  if (!rdbRoom(writer, 1)) return;
  writer.bytes[writer.used++] = CODE.END;
  writer.bytes.writeUInt32LE(writer.used, 0);
  writer.bytes.writeUInt16LE(Math.min(count, COUNT_UNKNOWN), 4);
}

function stringAppend(writer: RdbWriter, source: Buffer, start: number, bytes: number): void {
  const { bytes: target } = writer;
  let at = writer.used;
  if (bytes < 64) {
    target[at++] = CODE.STRING_6 | bytes;
  } else if (bytes < 4096) {
    target[at++] = CODE.STRING_12 | (bytes >>> 8);
    target[at++] = bytes & 0xff;
  } else {
    target[at++] = CODE.STRING_32;
    at = target.writeUInt32LE(bytes, at);
  }
  writer.used = at + source.copy(target, at, start, start + bytes);
}

function integerAppend(writer: RdbWriter, value: number): void {
  const { bytes: target, used } = writer;
  if (value >= 0 && value <= 127) {
    target[used] = value;
    writer.used = used + 1;
  } else if (value >= -4096 && value <= 4095) {
    target.writeUInt16BE((CODE.INTEGER_13 << 8) | (value & 0x1fff), used);
    writer.used = used + 2;
  } else if (value === (value | 0)) {
    const width = integerWidth(value);
    target[used] = CODE.INTEGER_16 + width - 2;
    writer.used = target.writeIntLE(value, used + 1, width);
  } else {
    integer64Append(writer, BigInt(value));
  }
}

/** Bytes of an int32: 2, 3 or 4. */
function integerWidth(value: number): number {
  if (value === (value << 16) >> 16) return 2;
  return value === (value << 8) >> 8 ? 3 : 4;
}

function integer64Append(writer: RdbWriter, value: bigint): void {
  writer.bytes[writer.used] = CODE.INTEGER_64;
  writer.used = writer.bytes.writeBigInt64LE(value, writer.used + 1);
}
