/**
 * CRC-64 with Jones's polynomial, as RDB files and DUMP payloads end with: bits reflected, nothing
 * inverted before or after. The check value, of `123456789`, is e9c6d914c4b8d9ca.
 *
 * A checksum is kept as two words. Eight bytes are taken at a time, by one table for each of them
 * ("slicing by 8", Kounavis and Berry, 2005): table n says what a byte comes to with n more bytes
 * behind it. Source: valkey-io/valkey src/crc64.c, for the polynomial.
 */

/** The polynomial, its bits reflected. */
const POLYNOMIAL_HI = 0x95ac9329;
const POLYNOMIAL_LO = 0xac4bc9b5;

const SLICES = 8;
const high = new Int32Array(SLICES * 256);
const low = new Int32Array(SLICES * 256);

for (let byte = 0; byte < 256; byte++) {
  let hi = 0;
  let lo = byte;
  for (let bit = 0; bit < 8; bit++) {
    const carry = -(lo & 1);
    lo = ((lo >>> 1) | (hi << 31)) ^ (POLYNOMIAL_LO & carry);
    hi = (hi >>> 1) ^ (POLYNOMIAL_HI & carry);
  }
  high[byte] = hi;
  low[byte] = lo;
}
for (let at = 256; at < SLICES * 256; at++) {
  const hi = high[at - 256];
  const lo = low[at - 256];
  high[at] = (hi >>> 8) ^ high[lo & 0xff];
  low[at] = ((lo >>> 8) | (hi << 24)) ^ low[lo & 0xff];
}

/** A checksum under way. Each half is an int32. */
export class Crc64 {
  hi = 0;
  lo = 0;
}

/** Takes bytes[start, end) into the checksum. */
export function crc64Update(crc: Crc64, bytes: Uint8Array, start: number, end: number): void {
  let { hi, lo } = crc;
  let at = start;
  for (; at + SLICES <= end; at += SLICES) {
    const a = lo ^ word(bytes, at);
    const b = hi ^ word(bytes, at + 4);
    const first = 0x700 | (a & 0xff);
    const second = 0x600 | ((a >>> 8) & 0xff);
    const third = 0x500 | ((a >>> 16) & 0xff);
    const fourth = 0x400 | (a >>> 24);
    const fifth = 0x300 | (b & 0xff);
    const sixth = 0x200 | ((b >>> 8) & 0xff);
    const seventh = 0x100 | ((b >>> 16) & 0xff);
    const eighth = b >>> 24;
    hi = high[first] ^ high[second] ^ high[third] ^ high[fourth];
    hi ^= high[fifth] ^ high[sixth] ^ high[seventh] ^ high[eighth];
    lo = low[first] ^ low[second] ^ low[third] ^ low[fourth];
    lo ^= low[fifth] ^ low[sixth] ^ low[seventh] ^ low[eighth];
  }
  for (; at < end; at++) {
    const byte = (lo ^ bytes[at]) & 0xff;
    lo = ((lo >>> 8) | (hi << 24)) ^ low[byte];
    hi = (hi >>> 8) ^ high[byte];
  }
  crc.hi = hi;
  crc.lo = lo;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
