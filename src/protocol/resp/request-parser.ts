/**
 * Requests: an array of bulk strings, or a line of words (an inline command).
 *
 *   *2\r\n$3\r\nGET\r\n$3\r\nkey\r\n        GET key\r\n
 *
 * A parser goes through a buffer in which requests lie in one piece. It remembers how far into a
 * request it came, so that a long one that arrives in many reads is gone through once; its offsets are
 * those of the buffer, which must not move under it (`requestForget` starts over).
 *
 * Spec: Redis, "RESP protocol spec"; errors and limits as valkey-io/valkey src/networking.c has them.
 */
import { Arguments, argumentPush, argumentsTrim } from './arguments.ts';
import { inlineSplit } from './inline.ts';

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;

/** What `requestParse` returns instead of a position. */
export const REQUEST_INCOMPLETE = -1;
export const REQUEST_BROKEN = -2;

/** A line that announces a length, or an inline command, is at most so long. */
const LINE_BYTES_MAX = 65536;
const MULTIBULK_COUNT_MAX = 2 ** 31 - 1;
/** A client that has not logged in yet gets by with less. */
const UNAUTHENTICATED_COUNT_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16384;
const LENGTH_BROKEN = -3;

export class RequestParser {
  args: Arguments;
  /** Arguments still to come; -1: the request has not begun. */
  left = -1;
  /** Bytes of the argument to come, or -1: its length is still to come. */
  bulkBytes = -1;
  /** Where to go on. */
  at = 0;
  /** After REQUEST_BROKEN: why. */
  error = '';
  /** proto-max-bulk-len. */
  bulkBytesMax = 512 * 2 ** 20;
  isAuthenticated = true;

  constructor(source: Buffer) {
    this.args = new Arguments(source);
  }
}

/** Begins anew with the next request. */
export function requestForget(parser: RequestParser): void {
  parser.left = -1;
  parser.bulkBytes = -1;
}

/**
 * Reads a request of source[at, end). Returns where the next one starts, with `parser.args` filled (none: an
 * empty request); REQUEST_INCOMPLETE when more has to come; REQUEST_BROKEN when it makes no sense.
 */
export function requestParse(
  parser: RequestParser,
  source: Buffer,
  at: number,
  end: number,
): number {
  const { args } = parser;
  let from = at;
  if (parser.left < 0) {
    args.count = 0;
    args.source = source;
    if (source[at] !== STAR) return inlineParse(parser, source, at, end);
    const header = countParse(parser, source, at, end);
    if (header < 0) return header;
    from = header;
  } else {
    from = parser.at;
  }
  while (parser.left > 0) {
    if (parser.bulkBytes < 0) {
      const next = lengthParse(parser, source, from, end);
      if (next < 0) {
        parser.at = from;
        return next;
      }
      from = next;
    }
    const stop = from + parser.bulkBytes;
    if (stop + 2 > end) {
      parser.at = from;
      return REQUEST_INCOMPLETE;
    }
    argumentPush(args, from, stop);
    from = stop + 2;
    parser.bulkBytes = -1;
    parser.left--;
  }
  parser.left = -1;
  return from;
}

/** The line `*COUNT`. */
function countParse(parser: RequestParser, source: Buffer, at: number, end: number): number {
  // Nearly every request has a count of one digit.
  const digit = source[at + 1] - ZERO;
  if (at + 3 < end && digit >= 1 && digit <= 9 && source[at + 2] === CR) {
    parser.left = digit;
    return at + 4;
  }
  const stop = lineEnd(source, at, end);
  if (stop < 0) {
    if (end - at <= LINE_BYTES_MAX) return REQUEST_INCOMPLETE;
    return broken(parser, 'too big mbulk count string');
  }
  const count = decimal(source, at + 1, stop);
  if (count === LENGTH_BROKEN || count > MULTIBULK_COUNT_MAX) {
    return broken(parser, 'invalid multibulk length');
  }
  if (count > UNAUTHENTICATED_COUNT_MAX && !parser.isAuthenticated) {
    return broken(parser, 'unauthenticated multibulk length');
  }
  if (count > 0) parser.left = count;
  return stop + 2; // of none or fewer: nothing is asked for
}

/** The line `$BYTES`. */
function lengthParse(parser: RequestParser, source: Buffer, at: number, end: number): number {
  if (at >= end) return REQUEST_INCOMPLETE;
  // Two digits or one, as most have.
  if (at + 4 < end && source[at] === DOLLAR) {
    const first = source[at + 1] - ZERO;
    if (first >= 0 && first <= 9) {
      if (source[at + 2] === CR) {
        parser.bulkBytes = first;
        return at + 4;
      }
      const second = source[at + 2] - ZERO;
      if (second >= 0 && second <= 9 && source[at + 3] === CR && first !== 0) {
        parser.bulkBytes = first * 10 + second;
        return at + 5;
      }
    }
  }
  const stop = lineEnd(source, at, end);
  if (stop < 0) {
    if (end - at <= LINE_BYTES_MAX) return REQUEST_INCOMPLETE;
    return broken(parser, 'too big bulk count string');
  }
  if (source[at] !== DOLLAR) {
    return broken(parser, `expected '$', got '${String.fromCharCode(source[at])}'`);
  }
  const bytes = decimal(source, at + 1, stop);
  if (bytes < 0 || bytes > parser.bulkBytesMax) return broken(parser, 'invalid bulk length');
  if (bytes > UNAUTHENTICATED_BULK_BYTES_MAX && !parser.isAuthenticated) {
    return broken(parser, 'unauthenticated bulk length');
  }
  parser.bulkBytes = bytes;
  return stop + 2;
}

/** The position of the CR that ends a line whose LF has come too, or -1. */
function lineEnd(source: Buffer, at: number, end: number): number {
  const limit = Math.min(end, at + LINE_BYTES_MAX + 1);
  for (let position = at; position < limit; position++) {
    if (source[position] === CR) return position + 1 < end ? position : -1;
  }
  return -1;
}

/** A signed decimal number and nothing else, or LENGTH_BROKEN. */
function decimal(source: Buffer, start: number, end: number): number {
  const isNegative = source[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first === end || end - first > 15) return LENGTH_BROKEN;
  if (source[first] === ZERO && (isNegative || end - first > 1)) return LENGTH_BROKEN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = source[at] - ZERO;
    if (digit < 0 || digit > 9) return LENGTH_BROKEN;
    value = value * 10 + digit;
  }
  return isNegative ? Math.max(-value, -1) : value;
}

function broken(parser: RequestParser, error: string): number {
  parser.error = error;
  requestForget(parser);
  return REQUEST_BROKEN;
}

/** A line of words, separated by spaces, perhaps in quotes. */
function inlineParse(parser: RequestParser, source: Buffer, at: number, end: number): number {
  const found = source.subarray(at, end).indexOf(LF);
  if (found < 0) {
    if (end - at <= LINE_BYTES_MAX) return REQUEST_INCOMPLETE;
    return broken(parser, 'too big inline request');
  }
  const next = at + found + 1;
  const stop = found > 0 && source[next - 2] === CR ? next - 2 : next - 1;
  if (!inlineSplit(parser.args, source, at, stop)) {
    return broken(parser, 'unbalanced quotes in request');
  }
  return next;
}

/** After a request has been run. */
export function requestDone(parser: RequestParser): void {
  argumentsTrim(parser.args);
}
