/**
 * Words of a line, as a person types them: separated by white space, `"in quotes \x00 \n"` with escapes, or
 * `'in these'` with `\'` alone. redis.conf has the same rules.
 *
 * Cf. valkey-io/valkey src/sds.c, sdssplitargs.
 */
import { type Arguments, argumentPush } from './arguments.ts';

const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const LOWER_X = 0x78;
/** Behind a backslash: n r t b a, and what they mean. */
const ESCAPES = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);

/** Splits source[start, end) into words in a buffer of their own. False: quotes do not match. */
export function inlineSplit(args: Arguments, source: Buffer, start: number, end: number): boolean {
  const words = Buffer.allocUnsafe(end - start);
  let used = 0;
  let at = start;
  args.count = 0;
  args.source = words;
  for (;;) {
    while (at < end && isSpace(source[at])) at++;
    if (at >= end) return true;
    const first = used;
    for (; at < end && !isSpace(source[at]); ) {
      const byte = source[at];
      if (byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) {
        words[used++] = byte;
        at++;
        continue;
      }
      const close = quotedEnd(source, at, end);
      if (close < 0 || (close + 1 < end && !isSpace(source[close + 1]))) return false;
      used =
        byte === DOUBLE_QUOTE
          ? escapesResolve(source, at + 1, close, words, used)
          : quotedCopy(source, at + 1, close, words, used);
      at = close + 1;
    }
    argumentPush(args, first, used);
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0 || (byte >= 0x09 && byte <= 0x0d);
}

/** The position of the quote that closes the one at `at`, or -1. */
function quotedEnd(source: Buffer, at: number, end: number): number {
  const quote = source[at];
  for (let position = at + 1; position < end; position++) {
    if (source[position] === quote) return position;
    const escapes = quote === DOUBLE_QUOTE || source[position + 1] === SINGLE_QUOTE;
    if (source[position] === BACKSLASH && escapes) position++;
  }
  return -1;
}

function quotedCopy(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  used: number,
): number {
  let to = used;
  for (let at = start; at < end; at++) {
    if (source[at] === BACKSLASH && source[at + 1] === SINGLE_QUOTE) at++;
    target[to++] = source[at];
  }
  return to;
}

function escapesResolve(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  used: number,
): number {
  let to = used;
  for (let at = start; at < end; at++) {
    if (source[at] !== BACKSLASH || at + 1 >= end) {
      target[to++] = source[at];
      continue;
    }
    const hex =
      source[at + 1] === LOWER_X ? source.toString('latin1', at + 2, Math.min(at + 4, end)) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      target[to++] = Number.parseInt(hex, 16);
      at += 3;
    } else {
      at++;
      target[to++] = ESCAPES.get(source[at]) ?? source[at];
    }
  }
  return to;
}
