/**
 * Command lines of the text protocol: words set apart by spaces, ended by LF or CR LF.
 * Spec: memcached/memcached doc/protocol.txt, "Commands".
 *
 * The reader's buffer carries a line feed behind its last byte, so scans need no bound: a scan that
 * ends there has met the end of what has arrived, not of the line.
 */

export const SPACE = 0x20;
export const CR = 0x0d;
export const LF = 0x0a;

export const WORD_COUNT_MAX = 24;
/** A command line that is no list of keys ends within so many bytes, or the connection does. */
export const LINE_BYTES_MAX = 2048;
/** Spec: memcached/memcached doc/protocol.txt, "Keys". */
export const KEY_BYTES_MAX = 250;

/** The words of one line, as ranges of the input. Reused for every line. */
export class Line {
  readonly start = new Int32Array(WORD_COUNT_MAX);
  readonly end = new Int32Array(WORD_COUNT_MAX);
  count = 0;
  /** Where the next line, or the data block, starts. */
  next = 0;
  /** The last word is `noreply`. */
  noreply = false;
}

/**
 * Splits input[from, …) into words up to the line's end. False when the line has not arrived whole.
 * Words beyond WORD_COUNT_MAX are dropped.
 */
export function lineSplit(line: Line, input: Uint8Array, from: number, end: number): boolean {
  let at = from;
  let count = 0;
  let wordStart = at;
  for (;;) {
    const byte = input[at];
    if (byte > SPACE) {
      at++;
    } else if (byte === SPACE || byte === LF) {
      const lineEnds = byte === LF;
      if (lineEnds && at >= end) return false;
      const wordEnd = lineEnds && at > wordStart && input[at - 1] === CR ? at - 1 : at;
      if (wordEnd > wordStart && count < WORD_COUNT_MAX) {
        line.start[count] = wordStart;
        line.end[count] = wordEnd;
        count++;
      }
      at++;
      wordStart = at;
      if (lineEnds) break;
    } else {
      at++; // a control byte is part of a word
    }
  }
  line.count = count;
  line.next = at;
  line.noreply = count > 0 && wordIs(input, line.start[count - 1], line.end[count - 1], NOREPLY);
  return true;
}

const NOREPLY = Buffer.from('noreply');

/** Whether the word is exactly these bytes. */
export function wordIs(input: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (input[start + at] !== text[at]) return false;
  return true;
}

/** Whether a line feed, or a CR and one, is at this place. */
export function lineEndsAt(input: Uint8Array, at: number): boolean {
  return input[at] === LF || (input[at] === CR && input[at + 1] === LF);
}

/** A word as a string; for commands that are rare. */
export function lineWord(line: Line, input: Buffer, index: number): string {
  if (index >= line.count) return '';
  return input.toString('latin1', line.start[index], line.end[index]);
}
