/** CRC-64: the published check value, and a bit-by-bit reckoning for everything else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Crc64, crc64Update } from '../../src/base/crc64.ts';

const POLYNOMIAL = 0x95ac9329ac4bc9b5n;

function checksum(...pieces: Uint8Array[]): bigint {
  const crc = new Crc64();
  for (const piece of pieces) crc64Update(crc, piece, 0, piece.length);
  return (BigInt(crc.hi >>> 0) << 32n) | BigInt(crc.lo >>> 0);
}

function checksumByBits(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ ((crc & 1n) === 1n ? POLYNOMIAL : 0n);
  }
  return crc;
}

describe('crc64', () => {
  it('has the check value of the Jones polynomial', () => {
    expect(checksum(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can);
    expect(checksum()).toBe(0n);
  });

  it('is what bit by bit gives, at any length, in any pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const expected = checksumByBits(bytes);
        expect(checksum(bytes)).toBe(expected);
        expect(checksum(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(expected);
      }),
    );
  });

  it('takes a range only', () => {
    const crc = new Crc64();
    crc64Update(crc, Buffer.from('<<123456789>>'), 2, 11);
    expect([crc.hi >>> 0, crc.lo >>> 0]).toEqual([0xe9c6d914, 0xc4b8d9ca]);
  });
});
