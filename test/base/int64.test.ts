/** Signed 64-bit integers: canonical text and number stand for each other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  INT64_MAX,
  INT64_MIN,
  INT64_TEXT_BYTES_MAX,
  int64Exact,
  int64Holds,
  int64Parse,
  int64Write,
  int64WriteExact,
} from '../../src/base/int64.ts';

const BORDERS = [0n, 9n, 10n, 10n ** 9n, 10n ** 15n, 2n ** 53n, 10n ** 18n, 2n ** 63n];
const integers = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.maxSafeInteger().map(BigInt),
  fc
    .tuple(fc.constantFrom(...BORDERS), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([border, by, isNegative]) => (isNegative ? -1n : 1n) * (border + BigInt(by))),
);

function parsed(text: string): number {
  return int64Parse(Buffer.from(`1${text}1`, 'latin1'), 1, 1 + text.length);
}

function written(value: number | bigint): string {
  const target = Buffer.alloc(INT64_TEXT_BYTES_MAX + 4, '#');
  const end =
    typeof value === 'bigint' ? int64WriteExact(target, 2, value) : int64Write(target, 2, value);
  expect(target.toString('latin1', 0, 2)).toBe('##');
  expect(target.toString('latin1', end)).toMatch(/^#+$/);
  return target.toString('latin1', 2, end);
}

describe('an int64', () => {
  it('is read exactly, and tells by its size when a double does not do', () => {
    const check = (value: bigint): void => {
      const number = parsed(String(value));
      if (!int64Holds(value)) {
        expect(number).toBeNaN();
        return;
      }
      if (value === BigInt(number)) expect(Object.is(number, Number(value))).toBe(true);
      const isSafe = Number.isSafeInteger(Number(value));
      expect(Number.isSafeInteger(number)).toBe(isSafe);
      if (isSafe) expect(number).toBe(Number(value));
      else expect(Math.abs(number / Number(value) - 1)).toBeLessThan(1e-15);
      const bytes = Buffer.from(`#${value}#`);
      expect(int64Exact(bytes, 1, bytes.length - 1)).toBe(value);
    };
    for (const border of BORDERS) {
      for (const by of [-1n, 0n, 1n]) check(border + by);
      for (const by of [-1n, 0n, 1n]) check(-border + by);
    }
    fc.assert(fc.property(integers, check));
    expect(parsed(String(INT64_MAX))).toBe(2 ** 63);
    expect(parsed(String(INT64_MIN))).toBe(-(2 ** 63));
  });

  it('is written as it is read', () => {
    for (const value of [0, 7, -7, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53]) {
      expect(written(value)).toBe(String(value));
    }
    expect(written(-0)).toBe('0');
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => written(value) === String(value)));
    fc.assert(
      fc.property(integers, (value) => !int64Holds(value) || written(value) === String(value)),
    );
  });

  it('has one text only', () => {
    const wrong = ['', '-', '-0', '00', '01', '-01', '+1', ' 1', '1 ', '1.0', '1e3', '0x1', '--1'];
    const long = ['9223372036854775808', '-9223372036854775809', '10000000000000000000'];
    const strange = [
      '12345678901:3456789',
      '1234567890/',
      'abc',
      '1\0',
      '9'.repeat(19),
      '1'.repeat(40),
    ];
    for (const text of [...wrong, ...long, ...strange]) expect(parsed(text), text).toBeNaN();
  });

  it('is any text that BigInt gives back unchanged, and nothing else', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'0123456789-+ .'), maxLength: 21 });
    const isCanonical = (text: string): boolean =>
      /^(?:0|-?[1-9]\d*)$/.test(text) && int64Holds(BigInt(text));
    fc.assert(
      fc.property(texts, (text) => Number.isNaN(parsed(text)) !== isCanonical(text)),
      { numRuns: 2000 },
    );
  });
});
