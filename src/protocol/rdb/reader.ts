/**
 * Reading the RDB format (writer.ts has its drawing), from bytes that may be anything at all: every
 * read says whether what it wanted was there, and no length is believed before it is compared with
 * the bytes that are left.
 */
import { INT64_TEXT_BYTES_MAX, int64Write } from '../../base/int64.ts';
import { lzfExpand, lzfExpandedBytesMax } from '../../base/lzf.ts';
import { RDB_BYTES_MAX, RDB_CODE } from './writer.ts';

const UINT32_END = 2 ** 32;
const SAFE_HIGH_END = 2 ** 21;
const EMPTY = Buffer.alloc(0);
/** A scratch that grew beyond this is not kept. */
const SCRATCH_KEPT_BYTES = 65536;

export class RdbReader {
  bytes: Buffer = EMPTY;
  at = 0;
  end = 0;
  /** The string last read is source[start, start + length). */
  source: Buffer = EMPTY;
  start = 0;
  length = 0;
  /** Where strings go that are not there as they are. */
  scratch: Buffer = Buffer.allocUnsafeSlow(1024);
}

/** Starts to read bytes[start, end). */
export function rdbReaderOpen(reader: RdbReader, bytes: Buffer, start: number, end: number): void {
  reader.bytes = bytes;
  reader.at = start;
  reader.end = end;
}

/** Lets go of what was read. */
export function rdbReaderClose(reader: RdbReader): void {
  rdbReaderOpen(reader, EMPTY, 0, 0);
  reader.source = EMPTY;
  if (reader.scratch.length > SCRATCH_KEPT_BYTES) reader.scratch = Buffer.allocUnsafeSlow(1024);
}

/** The next byte, or -1. */
export function rdbByteRead(reader: RdbReader): number {
  return reader.at < reader.end ? reader.bytes[reader.at++] : -1;
}

/** A length or count; -1 if there is none, or one of 2^53 or more. */
export function rdbLengthRead(reader: RdbReader): number {
  const { bytes, at, end } = reader;
  const left = end - at;
  if (left < 1) return -1;
  const first = bytes[at];
  if (first < RDB_CODE.LENGTH_14) {
    reader.at = at + 1;
    return first;
  }
  if (first < RDB_CODE.LENGTH_32) {
    if (left < 2) return -1;
    reader.at = at + 2;
    return ((first & 0x3f) << 8) | bytes[at + 1];
  }
  if (first === RDB_CODE.LENGTH_32) {
    if (left < 5) return -1;
    reader.at = at + 5;
    return bytes.readUInt32BE(at + 1);
  }
  if (first !== RDB_CODE.LENGTH_64 || left < 9) return -1;
  const high = bytes.readUInt32BE(at + 1);
  if (high >= SAFE_HIGH_END) return -1;
  reader.at = at + 9;
  return high * UINT32_END + bytes.readUInt32BE(at + 5);
}

/** A number of 64 bits that was written as a length is; -1n if there is none. */
export function rdbUint64Read(reader: RdbReader): bigint {
  const { bytes, at, end } = reader;
  if (at >= end || bytes[at] !== RDB_CODE.LENGTH_64) return BigInt(rdbLengthRead(reader));
  if (end - at < 9) return -1n;
  reader.at = at + 9;
  return bytes.readBigUInt64BE(at + 1);
}

/** Passes over bytes that are there as they are: where they start, or -1. */
export function rdbBytesRead(reader: RdbReader, bytes: number): number {
  if (reader.end - reader.at < bytes) return -1;
  reader.at += bytes;
  return reader.at - bytes;
}

/** Eight bytes as a double; NaN also where they are not there. */
export function rdbDoubleRead(reader: RdbReader): number {
  if (reader.end - reader.at < 8) return Number.NaN;
  reader.at += 8;
  return reader.bytes.readDoubleLE(reader.at - 8);
}

/** Unix milliseconds; -1 if they are not there, or are 2^53 or more. */
export function rdbTimeRead(reader: RdbReader): number {
  if (reader.end - reader.at < 8) return -1;
  const high = reader.bytes.readUInt32LE(reader.at + 4);
  if (high >= SAFE_HIGH_END) return -1;
  const low = reader.bytes.readUInt32LE(reader.at);
  reader.at += 8;
  return high * UINT32_END + low;
}

/** Takes the next string in hand: source, start, length. False if there is no well-formed one. */
export function rdbStringRead(reader: RdbReader): boolean {
  const code = reader.at < reader.end ? reader.bytes[reader.at] : -1;
  if (code >= RDB_CODE.INT8) return rdbEncodedRead(reader, code);
  const length = rdbLengthRead(reader);
  if (length < 0 || length > reader.end - reader.at) return false;
  reader.source = reader.bytes;
  reader.start = reader.at;
  reader.length = length;
  reader.at += length;
  return true;
}

function rdbEncodedRead(reader: RdbReader, code: number): boolean {
  const { bytes, at, end } = reader;
  if (code === RDB_CODE.LZF) return rdbCompressedRead(reader);
  if (code > RDB_CODE.INT32) return false;
  const width = 1 << (code - RDB_CODE.INT8);
  if (at + 1 + width > end) return false;
  scratchRoom(reader, INT64_TEXT_BYTES_MAX);
  reader.source = reader.scratch;
  reader.start = 0;
  reader.length = int64Write(reader.scratch, 0, bytes.readIntLE(at + 1, width));
  reader.at = at + 1 + width;
  return true;
}

function rdbCompressedRead(reader: RdbReader): boolean {
  reader.at++;
  const streamBytes = rdbLengthRead(reader);
  const length = rdbLengthRead(reader);
  const { bytes, at, end } = reader;
  if (streamBytes <= 0 || length <= 0 || streamBytes > end - at) return false;
  // Before memory is taken for it: no stream of this size can come to more.
  if (length > RDB_BYTES_MAX || length > lzfExpandedBytesMax(streamBytes)) return false;
  scratchRoom(reader, length);
  if (!lzfExpand(bytes, at, at + streamBytes, reader.scratch, 0, length)) return false;
  reader.source = reader.scratch;
  reader.start = 0;
  reader.length = length;
  reader.at = at + streamBytes;
  return true;
}

function scratchRoom(reader: RdbReader, bytes: number): void {
  if (reader.scratch.length < bytes) reader.scratch = Buffer.allocUnsafeSlow(bytes);
}
