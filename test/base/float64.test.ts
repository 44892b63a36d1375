/** Doubles as text: what is read, what is refused, and the shortest text that reads back the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FLOAT64_TEXT_BYTES_MAX,
  float64Parse,
  float64Text,
  float64Write,
} from '../../src/base/float64.ts';

function parsed(text: string): number {
  const bytes = Buffer.from(`1${text}1`, 'latin1');
  return float64Parse(bytes, 1, bytes.length - 1);
}

function written(value: number): string {
  const target = Buffer.alloc(FLOAT64_TEXT_BYTES_MAX + 4, '#');
  const end = float64Write(target, 2, value);
  expect(target.toString('latin1', 0, 2)).toBe('##');
  expect(target.toString('latin1', end)).toMatch(/^##+$/);
  return target.toString('latin1', 2, end);
}

const doubles = fc.oneof(
  fc.double({ noNaN: true }),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 25 })).map(([m, k]) => m / 10 ** k),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 7 })).map(([m, k]) => m / 10 ** k),
  fc.tuple(fc.nat(999), fc.integer({ min: -330, max: 308 })).map(([m, e]) => Number(`${m}e${e}`)),
);

describe('a double', () => {
  it.each([
    ['1', 1],
    ['+1', 1],
    ['-1.5', -1.5],
    ['.5', 0.5],
    ['1.', 1],
    ['-0', -0],
    ['0e-999', 0],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['12e-1', 1.2],
    ['000000000000000000000000.1', 0.1],
    ['123456789012345678', 123456789012345680],
    ['0.30000000000000004', 0.30000000000000004],
    ['4.9e-324', 5e-324],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['inf', Infinity],
    ['-inf', -Infinity],
    ['+Inf', Infinity],
    ['-INFINITY', -Infinity],
    ['0x10', 16],
    ['-0x1.8p3', -12],
    ['0x.8', 0.5],
    ['-0x0', -0],
    ['0x1p-1074', 5e-324],
    ['0x1.fffffffffffff8p0', 2],
    ['0x1.fffffffffffff7ffp0', 1.9999999999999998],
  ])('%j is read', (text, value) => expect(parsed(text)).toBe(value));

  it.each([
    ...['', ' ', ' 1', '1 ', '+', '-', '.', '-.', 'e', 'e5', '.e5', '1e', '1e+', '1e5.', '1.2.3'],
    ...['--1', '+-1', '1_0', '1,5', 'nan', 'NaN', '-nan', 'nan(1)', 'in', 'infi', 'infinityy'],
    ...['1e400', '-1e400', '1e-400', '1e99999999999999999999', '0b1', '0o7', 'Infinit', '1\0'],
    ...['0x', '0x.', '0xg', '0x1p', '0x1p+', 'x1', '0x1p1024', '0x1p-1080', '1e5e5', '٣'],
  ])('%j is refused', (text) => expect(parsed(text)).toBeNaN());

  it('is read as the nearest one', () => {
    const sign = fc.constantFrom('', '-', '+');
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 20 });
    const exponent = fc.oneof(
      fc.constant(''),
      fc.integer({ min: -340, max: 320 }).map((power) => `e${power}`),
    );
    const decimal = fc.tuple(sign, digits, fc.constantFrom('', '.'), digits, exponent);
    fc.assert(
      fc.property(decimal, ([s, whole, point, fraction, e]) => {
        const text = `${s}${whole}${point}${point && fraction}${e}`;
        const expected = whole === '' && !(point && fraction) ? Number.NaN : Number(text);
        const isRefused = !Number.isFinite(expected) || (expected === 0 && /[1-9].*e/.test(text));
        expect(parsed(text)).toBe(isRefused ? Number.NaN : expected);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    [0, '0'],
    [-0, '-0'],
    [17, '17'],
    [-1.5, '-1.5'],
    [0.1, '0.1'],
    [0.1 + 0.2, '0.30000000000000004'],
    [3.05, '3.05'],
    [-100.001, '-100.001'],
    [0.000001, '0.000001'],
    [0.0012345678901234567, '0.0012345678901234567'],
    [0.00012345678901234567, '1.2345678901234567e-4'],
    [123456.78901234567, '1.2345678901234567e+5'],
    [1234.5678901234567, '1234.5678901234567'],
    [1e-7, '1e-7'],
    [1.5e-7, '1.5e-7'],
    [2 ** 53, '9007199254740992'],
    [-(2 ** 62), '-4611686018427387904'],
    [2 ** 63, '9223372036854776000'],
    [1e21, '1e+21'],
    [1234567890123e7, '12345678901230000000'],
    [12345678e13, '1.2345678e+20'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [5e-324, '5e-324'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [Number.NaN, 'nan'],
  ])('%d is written as %s', (value, text) => expect(written(value)).toBe(text));

  it('is written so that it is read back, in as few digits as can be', () => {
    fc.assert(
      fc.property(doubles, (value) => {
        const text = written(value);
        expect(text).toBe(float64Text(value));
        expect(parsed(text)).toBe(value);
        if (Math.abs(value) > 2 ** 62) {
          const digits = /^-?([\d.]*?)0*(?:e.*)?$/.exec(text)?.[1]?.replace('.', '') ?? '';
          const shortest = /[\d.]+/.exec(value.toExponential())?.[0].replace('.', '') ?? '';
          if (Number.isFinite(value)) expect(digits).toBe(shortest);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
