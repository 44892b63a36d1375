/**
 * The flags of a meta command: words of one letter and perhaps a token, in any order, each at most
 * once. Which of them mean something is for the command to say; all commands take the same ones.
 * Spec: memcached/memcached doc/protocol.txt, "Meta Commands"; the texts of errors, and which comes
 * first, as memcached 1.6.45 has it.
 */
import { decimalParse } from '../../base/decimal.ts';
import { Uint64, uint64Parse } from '../../base/uint64.ts';
import { base64Decode } from './base64.ts';
import { exptimeParse, exptimeToMs } from './exptime.ts';
import { KEY_BYTES_MAX, type Line } from './line.ts';
import { REPLY } from './replies.ts';

/** Words of a line that are looked at, and those that a line may have, the name included. */
const WORDS_SEEN_MAX = 23;
const WORDS_MAX = 20;
/** With the letter O. */
const OPAQUE_BYTES_MAX = 32;
const CLIENT_FLAGS_MAX = 0xffffffff;
const CLIENT_FLAGS_DIGITS_MAX = 11;

const FLAG_A = 0x41;
const FLAG_Z = 0x5a;
const FLAG_a = 0x61;
const FLAG_z = 0x7a;

/** Letters as the handlers compare them. */
export const FLAG = {
  b: 0x62,
  c: 0x63,
  f: 0x66,
  h: 0x68,
  k: 0x6b,
  l: 0x6c,
  q: 0x71,
  s: 0x73,
  t: 0x74,
  u: 0x75,
  v: 0x76,
  x: 0x78,
  C: 0x43,
  D: 0x44,
  E: 0x45,
  F: 0x46,
  I: 0x49,
  J: 0x4a,
  L: 0x4c,
  M: 0x4d,
  N: 0x4e,
  O: 0x4f,
  P: 0x50,
  R: 0x52,
  T: 0x54,
} as const;

/** M without its letter. */
const MODE_MISSING = -1;

/** What the flags of one line ask for. One per thread. */
export class MetaFlags {
  /** b: the key is the first `keyBytes` bytes of `key`. */
  keyIsBinary = false;
  readonly key: Buffer = Buffer.alloc(KEY_BYTES_MAX);
  keyBytes = 0;
  /** v */
  withValue = false;
  /** q */
  isQuiet = false;
  /** u */
  keepsStanding = false;
  /** x */
  empties = false;
  /** I */
  isStale = false;
  /** M: its letter; 0: not given. */
  mode = 0;
  /** C, E */
  demandsCas = false;
  readonly casUnique = new Uint64();
  givesCas = false;
  readonly casGiven = new Uint64();
  /** F */
  clientFlags = 0;
  /** T: unix milliseconds, 0 never. `touchesLast`: it came behind N. */
  touches = false;
  touchesLast = false;
  expiresAtMs = 0.5;
  /** N */
  creates = false;
  createdExpiresAtMs = 0.5;
  /** R: unix milliseconds, 0 never wins. */
  recacheAtMs = 0.5;
  /** J, D: digits, at input[start, end); start 0: not given. */
  initialStart = 0;
  initialEnd = 0;
  deltaStart = 0;
  deltaEnd = 0;
  /** O is longer than may be returned. */
  opaqueIsLong = false;
  readonly scratch = new Uint64();

  constructor() {
    // Fractions above make V8 keep these fields as doubles from the start.
    this.expiresAtMs = 0;
    this.createdExpiresAtMs = 0;
    this.recacheAtMs = 0;
  }
}

/** When an item dies that the line creates: T and N are carried out in their order. */
export function metaCreatedExpiresAtMs(flags: MetaFlags): number {
  return flags.touchesLast ? flags.expiresAtMs : flags.createdExpiresAtMs;
}

function metaFlagsClear(flags: MetaFlags): void {
  flags.keyIsBinary = false;
  flags.withValue = false;
  flags.isQuiet = false;
  flags.keepsStanding = false;
  flags.empties = false;
  flags.isStale = false;
  flags.mode = 0;
  flags.demandsCas = false;
  flags.givesCas = false;
  flags.clientFlags = 0;
  flags.touches = false;
  flags.touchesLast = false;
  flags.expiresAtMs = 0;
  flags.creates = false;
  flags.createdExpiresAtMs = 0;
  flags.recacheAtMs = 0;
  flags.initialStart = 0;
  flags.deltaStart = 0;
  flags.opaqueIsLong = false;
}

/**
 * Reads the flags of a line, which are its words from `first` on; its key is word 1. Returns null, or
 * the error to answer. `nowMs` is the clock that times are relative to.
 */
export function metaFlagsRead(
  flags: MetaFlags,
  line: Line,
  input: Buffer,
  first: number,
  nowMs: number,
): Uint8Array | null {
  metaFlagsClear(flags);
  const { count } = line;
  if (line.end[1] - line.start[1] > KEY_BYTES_MAX) return REPLY.badFormat;
  if (count > WORDS_MAX) return firstFault(line, input, first, REPLY.tooManyFlags);
  let seen = 0;
  let seenLower = 0;
  let fault: Uint8Array | null = null;
  for (let word = first; word < count; word++) {
    const letter = input[line.start[word]];
    if (letter >= FLAG_a && letter <= FLAG_z) {
      const bit = 1 << (letter - FLAG_a);
      if (seenLower & bit) return firstFault(line, input, first, REPLY.duplicateFlag);
      seenLower |= bit;
    } else if (letter >= FLAG_A && letter <= FLAG_Z) {
      const bit = 1 << (letter - FLAG_A);
      if (seen & bit) return firstFault(line, input, first, REPLY.duplicateFlag);
      seen |= bit;
    }
    const wordFault = flagRead(flags, letter, line, input, word, nowMs);
    if (wordFault === REPLY.invalidFlag) return firstFault(line, input, first, wordFault);
    if (wordFault !== null)
      fault = wordFault === REPLY.badFormat && fault !== null ? fault : wordFault;
  }
  return fault === null ? null : firstFault(line, input, first, fault);
}

/** A word that cannot be a flag at all comes before what is wrong with others. */
function firstFault(line: Line, input: Buffer, first: number, fault: Uint8Array): Uint8Array {
  return metaWordsAreFlags(line, input, first) ? fault : REPLY.badFormat;
}

/** Whether the words from `first` on each begin as a flag may: from A to z, or with a digit. */
export function metaWordsAreFlags(line: Line, input: Buffer, first: number): boolean {
  const end = Math.min(line.count, WORDS_SEEN_MAX);
  for (let word = first; word < end; word++) {
    const letter = input[line.start[word]];
    const isDigit = letter >= 0x30 && letter <= 0x39;
    if (!isDigit && (letter < FLAG_A || letter > FLAG_z)) return false;
  }
  return true;
}

/** One flag; returns null, or what is wrong with it. */
function flagRead(
  flags: MetaFlags,
  letter: number,
  line: Line,
  input: Buffer,
  word: number,
  nowMs: number,
): Uint8Array | null {
  switch (letter) {
    case FLAG.c:
    case FLAG.f:
    case FLAG.h:
    case FLAG.k:
    case FLAG.l:
    case FLAG.s:
    case FLAG.t:
    case FLAG.L: // for proxies
    case FLAG.P:
      return null;
    case FLAG.v:
      flags.withValue = true;
      return null;
    case FLAG.q:
      flags.isQuiet = true;
      return null;
    case FLAG.u:
      flags.keepsStanding = true;
      return null;
    case FLAG.x:
      flags.empties = true;
      return null;
    case FLAG.I:
      flags.isStale = true;
      return null;
    case FLAG.O:
      flags.opaqueIsLong = line.end[word] - line.start[word] > OPAQUE_BYTES_MAX;
      return null;
    default:
      return tokenRead(flags, letter, line, input, word, nowMs);
  }
}

/** The flags whose token has a meaning, and b. */
function tokenRead(
  flags: MetaFlags,
  letter: number,
  line: Line,
  input: Buffer,
  word: number,
  nowMs: number,
): Uint8Array | null {
  const start = line.start[word] + 1;
  const end = line.end[word];
  switch (letter) {
    case FLAG.b:
      flags.keyIsBinary = true;
      flags.keyBytes = base64Decode(input, line.start[1], line.end[1], flags.key);
      return flags.keyBytes === 0 ? REPLY.badBase64 : null;
    case FLAG.T: {
      const exptime = exptimeParse(input, start, end);
      flags.touches = true;
      flags.touchesLast = true;
      flags.expiresAtMs = exptimeToMs(exptime, nowMs);
      return Number.isNaN(exptime) ? REPLY.badToken : null;
    }
    case FLAG.N: {
      const exptime = exptimeParse(input, start, end);
      flags.creates = true;
      flags.touchesLast = false;
      flags.createdExpiresAtMs = exptimeToMs(exptime, nowMs);
      return Number.isNaN(exptime) ? REPLY.badToken : null;
    }
    case FLAG.R: {
      const exptime = exptimeParse(input, start, end);
      flags.recacheAtMs = exptimeToMs(exptime, nowMs);
      return Number.isNaN(exptime) ? REPLY.badToken : null;
    }
    case FLAG.C:
      flags.demandsCas = true;
      return uint64Parse(input, start, end, flags.casUnique) ? null : REPLY.badToken;
    case FLAG.E:
      flags.givesCas = true;
      return uint64Parse(input, start, end, flags.casGiven) ? null : REPLY.badToken;
    case FLAG.F:
      flags.clientFlags = decimalParse(input, start, end);
      return flags.clientFlags <= CLIENT_FLAGS_MAX && end - start <= CLIENT_FLAGS_DIGITS_MAX
        ? null
        : REPLY.badFormat;
    case FLAG.M:
      flags.mode = end > start ? input[start] : MODE_MISSING;
      return null;
    case FLAG.J:
      flags.initialStart = start;
      flags.initialEnd = end;
      return uint64Parse(input, start, end, flags.scratch) ? null : REPLY.badInitial;
    case FLAG.D:
      flags.deltaStart = start;
      flags.deltaEnd = end;
      return uint64Parse(input, start, end, flags.scratch) ? null : REPLY.badFlagDelta;
    default:
      return REPLY.invalidFlag;
  }
}
