/** Sums of 80-bit floats, digit for digit as redis-server 7.0 answered them on x64. */
import { describe, expect, it } from 'vitest';
import {
  type LongDouble,
  longDoubleIsFinite,
  longDoubleParse,
  longDoubleSum,
  longDoubleText,
} from '../../src/base/long-double.ts';

function parsed(text: string): LongDouble | null {
  const bytes = Buffer.from(`1${text}1`, 'latin1');
  return longDoubleParse(bytes, 1, bytes.length - 1);
}

function sum(a: string, b: string): string {
  return longDoubleText(longDoubleSum(parsed(a) as LongDouble, parsed(b) as LongDouble));
}

describe('a long double', () => {
  it.each([
    ['0', '0', '0'],
    ['-0', '-0', '0'],
    ['5.0e3', '2.0e2', '5200'],
    ['10.5', '0.1', '10.6'],
    ['3.290191', '-1.1', '2.190191'],
    ['1000.1', '0', '1000.09999999999999998'],
    ['142.3', '180.62', '322.91999999999999998'],
    ['-475.959697', '0082.08121', '-393.87848699999999999'],
    ['-02e-15', '272752.40296', '272752.40296000000000731'],
    ['589e-19', '-4.46', '-4.45999999999999994'],
    ['4.', '.9', '4.9'],
    ['1e-20', '-3e-20', '0'],
    ['9223372036854775807', '1', '9223372036854775808'],
    ['18446744073709551615', '2', '18446744073709551616'],
    ['927.3601', '12e10', '120000000927.36010000109672546'],
    ['700e29', '+21.57', '70000000000000000002141041197056'],
    ['+7.92', '0x461436486.7399p18', '4931367936314987.919921875'],
    ['-0x48.058p-32', '-9816.4', '-9816.40000001676880892'],
    ['0X.8P1', '1e-4950', '1'],
  ])('%s + %s = %s', (a, b, expected) => expect(sum(a, b)).toBe(expected));

  it.each([
    ...['', ' ', ' 1', '1 ', '+', '-', '.', 'e5', '.e5', '1e', '1e+', '1.2.3', '1e5.', '--1'],
    ...['nan', '-nan', 'infi', '0x', '0x.', '0x1p', '0b1', '1_0', '1\0', '1n', '1e5000', '1e-5000'],
    ...['1.2e4932', '1e99999999999999999999', '0x1p16384', '0x1p-16447', `0.${'1'.repeat(5118)}`],
  ])('%j is refused', (text) => expect(parsed(text)).toBeNull());

  it('may be infinite, as it is written or by addition', () => {
    for (const text of ['inf', '+INF', '-Infinity']) {
      const value = parsed(text) as LongDouble;
      expect(longDoubleIsFinite(value)).toBe(false);
      expect(longDoubleText(value)).toBe(text.startsWith('-') ? '-inf' : 'inf');
    }
    const large = parsed('1.18e4932') as LongDouble;
    expect(longDoubleIsFinite(large)).toBe(true);
    expect(longDoubleIsFinite(longDoubleSum(large, large))).toBe(false);
  });

  it('is printed with all its digits', () => {
    const most = `0.${'1'.repeat(5117)}`;
    expect(sum(most, '0')).toBe('0.11111111111111111');
    const digits = sum('1e4000', '1e3999');
    expect(digits).toHaveLength(4001);
    expect(digits.slice(0, 40)).toBe('1100000000000000000016052095785287304901');
  });
});
