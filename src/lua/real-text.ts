/**
 * Doubles as C's printf and strtod have them, which Lua's libraries show to scripts: rounded to so many
 * digits, and read as far as they go.
 *
 *   %.14g    3.5  1e+20  1e-05  0.33333333333333  -0  inf  nan
 *   strtod   12  -1.5  .5  1.  1e-3  +7  inf  infinity  nan  nan(…)  0x1.8p3     of `1e` the 1, of `0x` the 0
 *
 * Source: ISO C, fprintf and strtod.
 */
import { float64Parse } from '../base/float64.ts';

/** Below this exponent a number is printed with one. */
const SMALL_EXPONENT_MIN = -4;
/** Of a number in the middle between two texts, so many digits behind them show it. */
const TIE_DIGITS = 25;
const TIE = '5'.padEnd(TIE_DIGITS, '0');
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;
const HEXADECIMAL = /^[+-]?0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p[+-]?\d+)?/i;
const NAMED = /^([+-]?)(inf(?:inity)?|nan(?:\([\da-z_]*\))?)/i;
/** Bytes of a number may be any, and most are few. */
const WINDOW_BYTES = 64;

/** printf's `%.{digits}g`, of at most 17 digits. */
export function realText(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const sign = value < 0 ? '-' : '';
  const [mantissa, exponentText] = rounded(Math.abs(value), digits).split('e') as [string, string];
  const shown = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  if (exponent < SMALL_EXPONENT_MIN || exponent >= digits) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${zerosCut(mantissa)}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `${sign}${zerosCut(`0.${'0'.repeat(-exponent - 1)}${shown}`)}`;
  return `${sign}${zerosCut(`${shown.slice(0, exponent + 1)}.${shown.slice(exponent + 1)}`)}`;
}

/** As toExponential, which rounds halves up where printf rounds them to even. */
function rounded(value: number, digits: number): string {
  const exact = value.toExponential(digits - 1 + TIE_DIGITS);
  const [mantissa, exponent] = exact.split('e') as [string, string];
  const cut = digits === 1 ? 1 : digits + 1; // with the point
  const rest = mantissa.slice(cut).replace('.', '');
  const isEven = Number(mantissa[cut - 1]) % 2 === 0;
  if (isEven && rest === TIE) return `${mantissa.slice(0, cut)}e${exponent}`;
  return value.toExponential(digits - 1);
}

function zerosCut(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '').replace(/\.$/, '') : text;
}

/** A number that was read, and how many bytes it took. */
export type RealRead = { value: number; bytes: number };

/** Reads the number at bytes[at, end) as strtod does, without the space before it. 0 bytes: there is none. */
export function realRead(bytes: Buffer, at: number, end: number, read: RealRead): void {
  let window = Math.min(WINDOW_BYTES, end - at);
  realReadText(bytes.toString('latin1', at, at + window), read);
  while (read.bytes > window - 4 && at + window < end) {
    window = Math.min(window * 8, end - at); // it may go on
    realReadText(bytes.toString('latin1', at, at + window), read);
  }
}

function realReadText(text: string, read: RealRead): void {
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) {
    read.bytes = hexadecimal[0].length;
    read.value = hexadecimalValue(hexadecimal[0]);
    return;
  }
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) {
    read.bytes = decimal[0].length;
    read.value = Number(decimal[0]);
    return;
  }
  const named = NAMED.exec(text);
  read.bytes = named === null ? 0 : named[0].length;
  if (named === null) return;
  const isInfinite = (named[2] as string).toLowerCase().startsWith('i');
  const size = isInfinite ? Number.POSITIVE_INFINITY : Number.NaN;
  read.value = named[1] === '-' ? -size : size;
}

/** Hexadecimal numbers out of range are not told apart: they are taken for endless. */
function hexadecimalValue(text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  const value = float64Parse(bytes, 0, bytes.length);
  if (!Number.isNaN(value)) return value;
  const isTiny = /p-/i.test(text);
  return (text.startsWith('-') ? -1 : 1) * (isTiny ? 0 : Number.POSITIVE_INFINITY);
}
