/** Decimal numbers in buffers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decimalParse,
  decimalParseSigned,
  decimalPrefixBytes,
  decimalWrite,
} from '../../src/base/decimal.ts';

const EDGES = [0, 9, 10, 99, 100, 999, 1e8 - 1, 1e8, 1e9 - 1, 1e9, 1e9 + 1, 2 ** 31, 2 ** 32];
const FAR_EDGES = [1e15 - 1, 1e15, 1e18 / 1000, 2 ** 53 - 1];

function written(value: number): string {
  const target = Buffer.alloc(24, '#');
  const end = decimalWrite(target, 2, value);
  expect(target.toString('latin1', 0, 2)).toBe('##');
  expect(target.toString('latin1', end)).toMatch(/^#*$/);
  return target.toString('latin1', 2, end);
}

function parsed(text: string): number {
  return decimalParse(Buffer.from(`#${text}#`), 1, text.length + 1);
}

describe('decimals', () => {
  it('are written as String() writes them, and nothing beside them is', () => {
    for (const value of [...EDGES, ...FAR_EDGES]) expect(written(value)).toBe(String(value));
    const numbers = fc.oneof(fc.nat(), fc.maxSafeNat());
    fc.assert(fc.property(numbers, (value) => written(value) === String(value)));
  });

  it('are read back exactly, up to fifteen digits', () => {
    const numbers = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 1e15 - 1 }));
    fc.assert(fc.property(numbers, (value) => parsed(String(value)) === value));
    expect(parsed('999999999999999')).toBe(999999999999999);
    expect(parsed('000000000000042')).toBe(42);
  });

  it.each([
    '',
    ' ',
    '1 ',
    ' 1',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x1',
    '١',
    '1000000000000000',
    ':',
    '/',
  ])('refuse %j', (text) => expect(parsed(text)).toBeNaN());

  it('take one leading minus where signs are allowed', () => {
    const read = (text: string): number =>
      decimalParseSigned(Buffer.from(text), 0, Buffer.byteLength(text));
    expect(read('-5')).toBe(-5);
    expect(read('5')).toBe(5);
    expect(read('-999999999999999')).toBe(-999999999999999);
    for (const text of ['', '-', '--5', '5-', '- 5']) expect(read(text)).toBeNaN();
  });

  it('know how many digits come first', () => {
    const count = (text: string): number => decimalPrefixBytes(Buffer.from(text), 0, text.length);
    expect(['', 'a', '12', '12 ', '1a2'].map(count)).toEqual([0, 0, 2, 2, 1]);
  });
});
