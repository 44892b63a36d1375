/** Reading the two kinds of file that users stand in: all of it, bounded, and line by line. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errorReason, FAULT } from '../base/errors.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The whole file. Blocks; for the main thread only.
 *   errors   AUTH_FILE_UNREADABLE, also for what is longer than `bytesMax` or no file
 */
export function authFileBytes(path: string, bytesMax: number): Uint8Array {
  try {
    const fd = openSync(path, 'r');
    try {
      if (!fstatSync(fd).isFile()) throw new Error('it is not a file');
      // Full is too long; then a read finds no room and ends the loop, as does the file's end.
      const bytes = new Uint8Array(bytesMax + 1);
      let length = 0;
      for (let count = -1; count !== 0; length += count) {
        count = readSync(fd, bytes, length, bytes.length - length, null);
      }
      if (length > bytesMax) throw new Error(`it is longer than ${bytesMax} bytes`);
      return bytes.slice(0, length);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw FAULT.authFileUnreadable(path, errorReason(error));
  }
}

/** The lines without their ends, which are LF or CRLF; the last may have none. */
export function bytesLines(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const next = found === -1 ? bytes.length : found + 1;
    let end = found === -1 ? bytes.length : found;
    if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--;
    lines.push(bytes.subarray(start, end));
    start = next;
  }
  return lines;
}
