/** 64-bit numbers in two words agree with BigInt. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Uint64,
  uint64Copy,
  uint64Equals,
  uint64IsLess,
  uint64IsZero,
  uint64Number,
  uint64Parse,
  uint64SetNumber,
  uint64Text,
} from '../../src/base/uint64.ts';

const END = 2n ** 64n;
const BORDERS = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, END - 1n];
const numbers = fc.oneof(
  fc.bigInt({ min: 0n, max: END - 1n }),
  fc.tuple(fc.constantFrom(...BORDERS), fc.integer({ min: -2, max: 2 })).map(([border, by]) => {
    const near = border + BigInt(by);
    return near < 0n || near >= END ? border : near;
  }),
);

function parsed(text: string): Uint64 | null {
  const to = new Uint64();
  return uint64Parse(Buffer.from(`[${text}]`), 1, 1 + text.length, to) ? to : null;
}

describe('a 64-bit number', () => {
  it('is read, shown and compared as a BigInt is', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const left = parsed(String(a)) as Uint64;
        const right = parsed(String(b)) as Uint64;
        expect(uint64Text(left)).toBe(String(a));
        expect(uint64Number(left)).toBe(a < 2n ** 53n ? Number(a) : Number.NaN);
        expect(uint64IsZero(left)).toBe(a === 0n);
        expect(uint64Equals(left, right)).toBe(a === b);
        expect(uint64IsLess(left, right)).toBe(a < b);
        uint64Copy(right, left);
        expect(uint64Equals(left, right)).toBe(true);
        if (a >= 2n ** 53n) return;
        uint64SetNumber(right, Number(a));
        expect(right).toEqual(left);
      }),
    );
  });

  it('has at most 22 digits, and is nothing but digits', () => {
    expect(parsed('0000000000000000000001')).toEqual(parsed('1'));
    expect(parsed('18446744073709551615')?.lo).toBe(-1);
    const wrong = ['', '-1', '+1', ' 1', '1 ', '1x', '0x10', '1.5', '18446744073709551616'];
    for (const text of [...wrong, '00000000000000000000001', '9'.repeat(22)]) {
      expect(parsed(text), text).toBeNull();
    }
  });
});
