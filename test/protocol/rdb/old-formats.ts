/** What older servers wrote, written again: nothing writes it any more, but RESTORE still takes it. */

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A string of the RDB format, neither compressed nor an integer. */
export function rdbString(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(5, 0x80);
  length.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([length, bytes]);
}

/** An integer as little-endian bytes. */
function integerBytes(value: bigint, width: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes.subarray(0, width);
}

const ZIPLIST_INTEGERS = [
  [0xfe, 1],
  [0xc0, 2],
  [0xf0, 3],
  [0xd0, 4],
  [0xe0, 8],
] as const;

function ziplistContent(text: string): Buffer {
  const isInteger = /^(?:0|-?[1-9]\d*)$/.test(text);
  const value = isInteger ? BigInt(text) : 0n;
  if (isInteger && BigInt.asIntN(64, value) === value) {
    if (value >= 0n && value <= 12n) return Buffer.from([0xf1 + Number(value)]);
    const fits = ZIPLIST_INTEGERS.find(([, width]) => BigInt.asIntN(8 * width, value) === value);
    const [code, width] = fits ?? [0xe0, 8];
    return Buffer.concat([Buffer.from([code]), integerBytes(value, width)]);
  }
  const bytes = Buffer.from(text, 'latin1');
  let head = Buffer.from([bytes.length]);
  if (bytes.length >= 16384) {
    head = Buffer.alloc(5, 0x80);
    head.writeUInt32BE(bytes.length, 1);
  } else if (bytes.length >= 64) {
    head = Buffer.from([0x40 | (bytes.length >> 8), bytes.length & 0xff]);
  }
  return Buffer.concat([head, bytes]);
}

export function ziplist(texts: readonly string[]): Buffer {
  const entries: Buffer[] = [];
  let before = 0;
  let at = 10;
  let tail = 10;
  for (const text of texts) {
    const size = before < 254 ? Buffer.from([before]) : Buffer.from([0xfe, ...uint32(before)]);
    const entry = Buffer.concat([size, ziplistContent(text)]);
    entries.push(entry);
    before = entry.length;
    tail = at;
    at += entry.length;
  }
  const count = Buffer.from([texts.length & 0xff, texts.length >> 8]);
  return Buffer.concat([uint32(at + 1), uint32(tail), count, ...entries, Buffer.from([0xff])]);
}

/** Fields and values by turns; some values have unused bytes behind them. */
export function zipmap(texts: readonly string[]): Buffer {
  const parts: Buffer[] = [Buffer.from([Math.min(texts.length / 2, 254)])];
  for (const [index, text] of texts.entries()) {
    const bytes = Buffer.from(text, 'latin1');
    const length =
      bytes.length < 254
        ? Buffer.from([bytes.length])
        : Buffer.from([0xfe, ...uint32(bytes.length)]);
    const free = index % 4 === 1 ? 2 : 0;
    parts.push(length);
    if (index % 2 === 1) parts.push(Buffer.from([free]));
    parts.push(bytes, Buffer.alloc(index % 2 === 1 ? free : 0));
  }
  return Buffer.concat([...parts, Buffer.from([0xff])]);
}

/** Members with their scores as text, `inf` and `-inf` among them, as servers before 4.0 wrote them. */
export function asciiZset(members: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = [Buffer.from([0x40 | (members.length >> 8), members.length & 0xff])];
  for (const [text, score] of members) {
    parts.push(rdbString(Buffer.from(text, 'latin1')));
    if (score === 'inf') parts.push(Buffer.from([254]));
    else if (score === '-inf') parts.push(Buffer.from([255]));
    else parts.push(Buffer.from([score.length]), Buffer.from(score));
  }
  return Buffer.concat(parts);
}
