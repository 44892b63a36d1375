/**
 * Payloads of FUNCTION DUMP: the code of libraries, one after another, and the footer of dump-payload.ts.
 *
 *   ┌────┬────────┬────┬────────┬───┬────────┐
 *   │0xf5│ string │0xf5│ string │ … │ footer │
 *   └────┴────────┴────┴────────┴───┴────────┘
 *
 * Source: valkey-io/valkey src/rdb.c, rdbSaveFunctions; src/functions.c, functionRestoreCommand.
 */
import { PAYLOAD_FOOTER_BYTES, payloadFootWrite } from './dump-payload.ts';
import { RdbReader, rdbByteRead, rdbReaderClose, rdbReaderOpen, rdbStringRead } from './reader.ts';
import { type RdbWriter, rdbByteWrite, rdbStringWrite, rdbWriterClear } from './writer.ts';

const FUNCTION = 0xf5;
/** Of Redis before 7.0 was out. */
const FUNCTION_OLD = 0xf6;
/** The version of Redis 7.0, which has libraries first. */
const VERSION = 10;

const reader = new RdbReader();

/** Fills the writer with the payload for some libraries' code. */
export function functionsWrite(writer: RdbWriter, codes: Iterable<Buffer>): void {
  rdbWriterClear(writer);
  for (const code of codes) {
    rdbByteWrite(writer, FUNCTION);
    rdbStringWrite(writer, code, 0, code.length);
  }
  payloadFootWrite(writer, VERSION);
}

/** The code of the libraries in bytes[start, end), which has a sound footer; or what is wrong. */
export function functionsRead(bytes: Buffer, start: number, end: number): Buffer[] | string {
  rdbReaderOpen(reader, bytes, start, end - PAYLOAD_FOOTER_BYTES);
  const codes = codesRead();
  rdbReaderClose(reader);
  return codes;
}

function codesRead(): Buffer[] | string {
  const codes: Buffer[] = [];
  while (reader.at < reader.end) {
    const type = rdbByteRead(reader);
    if (type === FUNCTION_OLD) return 'Pre-GA function format not supported';
    if (type !== FUNCTION) return 'given type is not a function';
    if (!rdbStringRead(reader)) return 'Failed loading library data';
    const { source, start: at, length } = reader;
    codes.push(Buffer.from(source.subarray(at, at + length)));
  }
  return codes;
}
