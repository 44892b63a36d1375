/**
 * DUMP payloads: the type of a value, the value, and a footer by which RESTORE knows that it can read
 * it and that it is whole. types.ts has the drawing. Source: valkey-io/valkey src/cluster.c.
 */
import { Crc64, crc64Update } from '../../base/crc64.ts';
import type { ValueSink } from '../../base/value-sink.ts';
import { type RdbDecoder, rdbValueRead } from './decoder.ts';
import { RDB_READ, type RdbRead } from './outcome.ts';
import { rdbByteRead, rdbReaderClose, rdbReaderOpen } from './reader.ts';
import { RDB_VERSION_MAX, type RdbType, rdbTypeVersion } from './types.ts';
import { type RdbWriter, rdbByteWrite, rdbRoom, rdbWriterClear } from './writer.ts';

export const PAYLOAD_FOOTER_BYTES = 10;
const CRC_BYTES = 8;

/** Starts a payload, at the start of the writer. The value is to follow. */
export function payloadBegin(writer: RdbWriter, type: RdbType): void {
  rdbWriterClear(writer);
  rdbByteWrite(writer, type);
}

/** Ends the payload that fills the writer. */
export function payloadEnd(writer: RdbWriter, type: RdbType): void {
  payloadFootWrite(writer, rdbTypeVersion(type));
}

/** As payloadEnd, of what needs this version to be read. */
export function payloadFootWrite(writer: RdbWriter, version: number): void {
  if (!rdbRoom(writer, PAYLOAD_FOOTER_BYTES)) return;
  const { bytes } = writer;
  const at = bytes.writeUInt16LE(version, writer.used);
  const crc = new Crc64();
  crc64Update(crc, bytes, 0, at);
  bytes.writeInt32LE(crc.lo, at);
  bytes.writeInt32LE(crc.hi, at + 4);
  writer.used = at + CRC_BYTES;
}

/** Whether bytes[start, end) ends with a footer of a version that is read, and is what was written. */
export function payloadIsSound(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < PAYLOAD_FOOTER_BYTES) return false;
  if (bytes.readUInt16LE(end - PAYLOAD_FOOTER_BYTES) > RDB_VERSION_MAX) return false;
  const at = end - CRC_BYTES;
  const crc = new Crc64();
  crc64Update(crc, bytes, start, at);
  return bytes.readInt32LE(at) === crc.lo && bytes.readInt32LE(at + 4) === crc.hi;
}

/** Tells the value of the payload bytes[start, end), which has a sound footer. */
export function payloadRead(
  decoder: RdbDecoder,
  bytes: Buffer,
  start: number,
  end: number,
  sink: ValueSink,
): RdbRead {
  const { reader } = decoder;
  rdbReaderOpen(reader, bytes, start, end - PAYLOAD_FOOTER_BYTES);
  const type = rdbByteRead(reader);
  const result = type < 0 ? RDB_READ.BROKEN : rdbValueRead(decoder, type, sink);
  rdbReaderClose(reader);
  return result;
}
