/**
 * LZF (Lehmann): the compression of strings in RDB files and DUMP payloads. A stream of two kinds of
 * pieces, told apart by the top three bits of the first byte:
 *
 *   000LLLLL  bytes …                       L + 1 bytes as they are, 1 to 32
 *   LLLddddd  dddddddd                      L + 2 bytes, 3 to 8, that stand d + 1 bytes back
 *   111ddddd  LLLLLLLL  dddddddd            L + 9 bytes, 9 to 264, that stand d + 1 bytes back
 *
 * A copy may overlap what it makes: one byte back, ten times, is a run of ten. So copies go byte by byte.
 *
 * The compressor remembers where it last saw each three bytes, by a hash, in a table as large as the
 * input makes sensible; it is cleared for each input, so that equal inputs give equal outputs.
 */

const LITERALS_MAX = 32;
const COPY_BYTES_MIN = 3;
const COPY_BYTES_MAX = 264;
/** Bytes of the shortest copy that takes three bytes to tell. */
const COPY_BYTES_LONG = 9;
const DISTANCE_MAX = 8192;

const TABLE_BITS_MIN = 8;
const TABLE_BITS_MAX = 14;
/** Hash of three bytes → where they begin, counted from 1; 0: not seen. */
const table = new Int32Array(1 << TABLE_BITS_MAX);

/** What a stream of so many bytes may grow to, at most: each three bytes a copy of the longest kind. */
export function lzfExpandedBytesMax(bytes: number): number {
  return Math.ceil(bytes / 3) * COPY_BYTES_MAX;
}

/**
 * Compresses source[start, start + bytes) to target at `to`, into at most `room` bytes. Returns how
 * many it took, or 0 if they do not suffice.
 */
export function lzfCompress(
  source: Uint8Array,
  start: number,
  bytes: number,
  target: Uint8Array,
  to: number,
  room: number,
): number {
  const bits = Math.min(Math.max(32 - Math.clz32(bytes), TABLE_BITS_MIN), TABLE_BITS_MAX);
  table.fill(0, 0, 1 << bits);
  const end = start + bytes;
  const targetEnd = to + room;
  let written = to;
  let literals = start;
  let at = start;
  while (at + COPY_BYTES_MIN <= end) {
    const slot = tripleHash(source, at, bits);
    const seen = start + table[slot] - 1;
    table[slot] = at - start + 1;
    if (seen < start || at - seen > DISTANCE_MAX || !tripleEquals(source, seen, at)) {
      at++;
      continue;
    }
    written = literalsWrite(source, literals, at, target, written, targetEnd);
    if (written === 0 || written + 3 > targetEnd) return 0;
    const copyBytes = matchBytes(source, seen, at, Math.min(end - at, COPY_BYTES_MAX));
    written = copyWrite(target, written, at - seen - 1, copyBytes);
    // Every second place inside the copy: as good as each, nearly, and half the work.
    for (let inside = at + 1; inside < at + copyBytes && inside + 3 <= end; inside += 2) {
      table[tripleHash(source, inside, bits)] = inside - start + 1;
    }
    at += copyBytes;
    literals = at;
  }
  written = literalsWrite(source, literals, end, target, written, targetEnd);
  return written === 0 ? 0 : written - to;
}

function tripleHash(source: Uint8Array, at: number, bits: number): number {
  const triple = source[at] | (source[at + 1] << 8) | (source[at + 2] << 16);
  return Math.imul(triple, 0x9e3779b1) >>> (32 - bits);
}

function tripleEquals(source: Uint8Array, a: number, b: number): boolean {
  if (source[a] !== source[b] || source[a + 1] !== source[b + 1]) return false;
  return source[a + 2] === source[b + 2];
}

/** How many bytes from `at` on are those from `seen` on, up to `bytesMax`. The first three are. */
function matchBytes(source: Uint8Array, seen: number, at: number, bytesMax: number): number {
  let bytes = COPY_BYTES_MIN;
  while (bytes < bytesMax && source[seen + bytes] === source[at + bytes]) bytes++;
  return bytes;
}

/** Tells source[from, end) as it is. Returns the position behind it, or 0 if there is no room. */
function literalsWrite(
  source: Uint8Array,
  from: number,
  end: number,
  target: Uint8Array,
  to: number,
  targetEnd: number,
): number {
  const bytes = end - from;
  if (to + bytes + Math.ceil(bytes / LITERALS_MAX) > targetEnd) return 0;
  for (let at = from; at < end; ) {
    const run = Math.min(end - at, LITERALS_MAX);
    target[to++] = run - 1;
    for (const runEnd = at + run; at < runEnd; ) target[to++] = source[at++];
  }
  return to;
}

function copyWrite(target: Uint8Array, to: number, distance: number, bytes: number): number {
  if (bytes < COPY_BYTES_LONG) {
    target[to++] = ((bytes - 2) << 5) | (distance >>> 8);
  } else {
    target[to++] = 0xe0 | (distance >>> 8);
    target[to++] = bytes - COPY_BYTES_LONG;
  }
  target[to++] = distance & 0xff;
  return to;
}

/**
 * Expands source[start, end) to target at `to`. True if that is a well-formed stream of exactly
 * `bytes` bytes; else what was written is of no use.
 */
export function lzfExpand(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  to: number,
  bytes: number,
): boolean {
  const targetEnd = to + bytes;
  let at = start;
  let written = to;
  while (at < end) {
    const control = source[at++];
    let run = (control >>> 5) + 2;
    if (run === 2) {
      run = control + 1;
      if (at + run > end || written + run > targetEnd) return false;
      for (const runEnd = at + run; at < runEnd; ) target[written++] = source[at++];
      continue;
    }
    if (run === COPY_BYTES_LONG && at < end) run += source[at++];
    if (at >= end) return false;
    let from = written - ((control & 0x1f) << 8) - source[at++] - 1;
    if (from < to || written + run > targetEnd) return false;
    for (const runEnd = written + run; written < runEnd; ) target[written++] = target[from++];
  }
  return written === targetEnd;
}
