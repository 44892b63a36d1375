/**
 * Writing the RDB format: lengths, strings and doubles, behind each other in a buffer that grows.
 *
 *   length   00nnnnnn                       below 64
 *            01nnnnnn  nnnnnnnn             below 16384
 *            10000000  u32 big-endian
 *            10000001  u64 big-endian
 *   string   length, bytes
 *            11000000  i8  ·  11000001  i16  ·  11000010  i32, little-endian: its decimal
 *            11000011  length of the stream, length of the string, LZF stream
 *
 * Source: valkey-io/valkey src/rdb.c.
 */
import { assert } from '../../base/assert.ts';
import { int64Parse } from '../../base/int64.ts';
import { lzfCompress } from '../../base/lzf.ts';

/** First bytes of what is not a short length, read and written. */
export const RDB_CODE = {
  LENGTH_14: 0x40,
  LENGTH_32: 0x80,
  LENGTH_64: 0x81,
  INT8: 0xc0,
  INT16: 0xc1,
  INT32: 0xc2,
  LZF: 0xc3,
} as const;

/** A buffer does not outgrow what offsets of 31 bits reach. */
export const RDB_BYTES_MAX = 2 ** 31 - 1;
const BYTES_START = 1024;
const BYTES_KEPT_MAX = 65536;
/** Below this nothing is gained by compression; nor if it saves fewer bytes than are said here. */
const COMPRESSED_BYTES_MIN = 21;
const SAVED_BYTES_MIN = 4;
const INT32_TEXT_BYTES_MAX = 11;
const UINT32_END = 2 ** 32;

export class RdbWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_START);
  used = 0;
  /** Something was too long for any buffer and is not there: the whole is of no use. */
  isFull = false;
}

/** Empties it. Of a buffer that grew large nothing is kept. */
export function rdbWriterClear(writer: RdbWriter): void {
  writer.used = 0;
  writer.isFull = false;
  if (writer.bytes.length > BYTES_KEPT_MAX) writer.bytes = Buffer.allocUnsafeSlow(BYTES_START);
}

/** Makes room for `bytes` more. False if that is beyond all measure. */
export function rdbRoom(writer: RdbWriter, bytes: number): boolean {
  const needed = writer.used + bytes;
  if (needed <= writer.bytes.length) return true;
  if (needed > RDB_BYTES_MAX) writer.isFull = true;
  if (writer.isFull) return false;
  const grown = Buffer.allocUnsafeSlow(Math.min(needed * 2, RDB_BYTES_MAX));
  writer.bytes.copy(grown, 0, 0, writer.used);
  writer.bytes = grown;
  return true;
}

export function rdbByteWrite(writer: RdbWriter, byte: number): void {
  if (rdbRoom(writer, 1)) writer.bytes[writer.used++] = byte;
}

/** A length or count below 2^53. */
export function rdbLengthWrite(writer: RdbWriter, length: number): void {
  if (!rdbRoom(writer, 9)) return;
  const { bytes, used } = writer;
  if (length < 64) {
    bytes[used] = length;
    writer.used = used + 1;
  } else if (length < 16384) {
    bytes.writeUInt16BE((RDB_CODE.LENGTH_14 << 8) | length, used);
    writer.used = used + 2;
  } else if (length < UINT32_END) {
    rdbLength32Write(bytes, used, length);
    writer.used = used + RDB_LENGTH_32_BYTES;
  } else {
    bytes[used] = RDB_CODE.LENGTH_64;
    bytes.writeUInt32BE(Math.floor(length / UINT32_END), used + 1);
    bytes.writeUInt32BE(length % UINT32_END, used + 5);
    writer.used = used + 9;
  }
}

/** A number of 64 bits, as a length is written. */
export function rdbUint64Write(writer: RdbWriter, hi: number, lo: number): void {
  if (hi === 0) {
    rdbLengthWrite(writer, lo >>> 0);
    return;
  }
  if (!rdbRoom(writer, 9)) return;
  writer.bytes[writer.used] = RDB_CODE.LENGTH_64;
  writer.bytes.writeInt32BE(hi, writer.used + 1);
  writer.used = writer.bytes.writeInt32BE(lo, writer.used + 5);
}

/** What rdbLength32Write takes. */
export const RDB_LENGTH_32_BYTES = 5;

/** A length at a place that was kept for it, because it was not yet known when that was passed. */
export function rdbLength32Write(bytes: Buffer, at: number, length: number): void {
  bytes[at] = RDB_CODE.LENGTH_32;
  bytes.writeUInt32BE(length, at + 1);
}

export function rdbDoubleWrite(writer: RdbWriter, value: number): void {
  if (rdbRoom(writer, 8)) writer.used = writer.bytes.writeDoubleLE(value, writer.used);
}

/** Unix milliseconds, below 2^53. */
export function rdbTimeWrite(writer: RdbWriter, atMs: number): void {
  assert(atMs >= 0, 'a time in an RDB file is not before 1970');
  if (!rdbRoom(writer, 8)) return;
  writer.bytes.writeUInt32LE(atMs % UINT32_END, writer.used);
  writer.bytes.writeUInt32LE(Math.floor(atMs / UINT32_END), writer.used + 4);
  writer.used += 8;
}

/** source[start, start + bytes): as an integer or compressed, where that is shorter. */
export function rdbStringWrite(
  writer: RdbWriter,
  source: Buffer,
  start: number,
  bytes: number,
): void {
  if (bytes <= INT32_TEXT_BYTES_MAX && rdbIntegerWrite(writer, source, start, bytes)) return;
  // Room for the lengths and for the string, since it is not known what it will come to.
  if (!rdbRoom(writer, 2 * 9 + bytes)) return;
  if (bytes >= COMPRESSED_BYTES_MIN && rdbCompressedWrite(writer, source, start, bytes)) return;
  rdbLengthWrite(writer, bytes);
  writer.used += source.copy(writer.bytes, writer.used, start, start + bytes);
}

function rdbIntegerWrite(writer: RdbWriter, source: Buffer, start: number, bytes: number): boolean {
  const value = int64Parse(source, start, start + bytes);
  if (value !== (value | 0)) return false;
  if (!rdbRoom(writer, 5)) return true;
  const { bytes: target, used } = writer;
  if (value === (value << 24) >> 24) {
    target[used] = RDB_CODE.INT8;
    writer.used = target.writeInt8(value, used + 1);
  } else if (value === (value << 16) >> 16) {
    target[used] = RDB_CODE.INT16;
    writer.used = target.writeInt16LE(value, used + 1);
  } else {
    target[used] = RDB_CODE.INT32;
    writer.used = target.writeInt32LE(value, used + 1);
  }
  return true;
}

/** The stream goes where it would go behind the longest lengths, and is then moved up to them. */
function rdbCompressedWrite(
  writer: RdbWriter,
  source: Buffer,
  start: number,
  bytes: number,
): boolean {
  const { bytes: target, used } = writer;
  const at = used + 1 + 2 * RDB_LENGTH_32_BYTES;
  const streamBytes = lzfCompress(source, start, bytes, target, at, bytes - SAVED_BYTES_MIN);
  if (streamBytes === 0) return false;
  target[used] = RDB_CODE.LZF;
  writer.used = used + 1;
  rdbLengthWrite(writer, streamBytes);
  rdbLengthWrite(writer, bytes);
  target.copyWithin(writer.used, at, at + streamBytes);
  writer.used += streamBytes;
  return true;
}
