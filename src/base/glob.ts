/**
 * Glob patterns over bytes, as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them:
 *
 *   *      any bytes, also none          [abc]  one of them      [a-z]  one from a to z, either way round
 *   ?      any one byte                  [^a]   any other one    \x     the byte x itself, also in brackets
 *
 * With its corners: brackets that are never closed end with the pattern; a backslash that is the last
 * byte stands for itself; the empty text is matched by the empty pattern alone, not even by `*`.
 *
 * A star first takes nothing, and one byte more each time that what follows does not match. Only the
 * last star is ever given another try: whatever an earlier one could take in, the last one can as well.
 * So the time is at most pattern times text, and nothing recurses.
 *
 * Source: Valkey src/util.c stringmatchlen. There bytes above 127 are negative in ranges where `char` is
 * signed, which depends on the processor; here they are what they are on the others.
 */

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

/** Groups of stars that are taken up; a pattern that needs one more matches nothing. */
const STARS_MAX = 1000;

/** A capital letter as the small one, of ASCII alone. */
function folded(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/**
 * Whether pattern[patternStart, patternEnd) matches text[textStart, textEnd), all of it. `ignoresCase`
 * is of ASCII.
 */
export function globMatches(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  textStart: number,
  textEnd: number,
  ignoresCase: boolean,
): boolean {
  if (textStart === textEnd) return patternStart === patternEnd;
  let at = patternStart;
  let position = textStart;
  let stars = 0;
  let behindStar = -1;
  let starPosition = 0;
  while (position < textEnd) {
    if (at < patternEnd && pattern[at] === STAR) {
      at = starsSkip(pattern, at, patternEnd);
      if (at === patternEnd) return true;
      if (++stars > STARS_MAX) return false;
      behindStar = at;
      starPosition = position;
    }
    const behind =
      at < patternEnd ? stepTake(pattern, at, patternEnd, text[position], ignoresCase) : -1;
    if (behind !== -1) {
      at = behind;
      position++;
    } else {
      if (behindStar === -1) return false;
      at = behindStar;
      position = ++starPosition;
    }
  }
  return starsSkip(pattern, at, patternEnd) === patternEnd;
}

function starsSkip(pattern: Uint8Array, at: number, end: number): number {
  while (at < end && pattern[at] === STAR) at++;
  return at;
}

/** The position behind what the pattern has at `at`, no star, if that takes the byte; else -1. */
function stepTake(
  pattern: Uint8Array,
  at: number,
  end: number,
  byte: number,
  ignoresCase: boolean,
): number {
  const own = pattern[at];
  if (own === QUESTION) return at + 1;
  if (own === OPEN) return bracketsTake(pattern, at + 1, end, byte, ignoresCase);
  const wantedAt = own === BACKSLASH && at + 1 < end ? at + 1 : at;
  const wanted = pattern[wantedAt];
  const isTaken = wanted === byte || (ignoresCase && folded(wanted) === folded(byte));
  return isTaken ? wantedAt + 1 : -1;
}

/** As stepTake, from behind an opening bracket. An escaped byte is not folded: so it is upstream. */
function bracketsTake(
  pattern: Uint8Array,
  at: number,
  end: number,
  byte: number,
  ignoresCase: boolean,
): number {
  const isNegated = at < end && pattern[at] === CARET;
  if (isNegated) at++;
  const wanted = ignoresCase ? folded(byte) : byte;
  let isFound = false;
  while (at < end && pattern[at] !== CLOSE) {
    const own = pattern[at];
    if (own === BACKSLASH && at + 1 < end) {
      if (pattern[at + 1] === byte) isFound = true;
      at += 2;
    } else if (at + 2 < end && pattern[at + 1] === DASH) {
      if (isBetween(own, pattern[at + 2], wanted, ignoresCase)) isFound = true;
      at += 3;
    } else {
      if ((ignoresCase ? folded(own) : own) === wanted) isFound = true;
      at++;
    }
  }
  return isFound === isNegated ? -1 : Math.min(at + 1, end);
}

function isBetween(a: number, b: number, wanted: number, ignoresCase: boolean): boolean {
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  return ignoresCase
    ? wanted >= folded(low) && wanted <= folded(high)
    : wanted >= low && wanted <= high;
}
