/**
 * Bytes behind each other in a buffer that grows: what the encoders write into.
 *
 * Guard: belongs to a thread.
 */

const BYTES_START = 4096;
const BYTES_KEPT_MAX = 65536;

export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_START);
  used = 0;
  /** More was written than it may hold, and is not there: the whole is of no use. */
  isFull = false;
  readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }
}

/** Empties it. Of a buffer that grew large nothing is kept. */
export function writerClear(writer: ByteWriter): void {
  writer.used = 0;
  writer.isFull = false;
  if (writer.bytes.length > BYTES_KEPT_MAX) writer.bytes = Buffer.allocUnsafeSlow(BYTES_START);
}

/** Makes room for `bytes` more. False: there is none. */
export function writerRoom(writer: ByteWriter, bytes: number): boolean {
  const needed = writer.used + bytes;
  if (needed <= writer.bytes.length) return true;
  if (needed > writer.bytesMax) writer.isFull = true;
  if (writer.isFull) return false;
  const grown = Buffer.allocUnsafeSlow(Math.min(needed * 2, writer.bytesMax));
  writer.bytes.copy(grown, 0, 0, writer.used);
  writer.bytes = grown;
  return true;
}

export function writerByte(writer: ByteWriter, byte: number): void {
  if (writer.used < writer.bytes.length || writerRoom(writer, 1)) {
    writer.bytes[writer.used++] = byte;
  }
}

/** Writes source[start, end). */
export function writerBytes(writer: ByteWriter, source: Buffer, start: number, end: number): void {
  if (!writerRoom(writer, end - start)) return;
  writer.used += source.copy(writer.bytes, writer.used, start, end);
}

/** Writes a text of one-byte characters. */
export function writerText(writer: ByteWriter, text: string): void {
  if (!writerRoom(writer, text.length)) return;
  writer.used += writer.bytes.write(text, writer.used, 'latin1');
}
