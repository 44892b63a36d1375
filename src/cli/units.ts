/**
 * Words → values, one function per kind of argument. Each takes the text and the option's label
 * (`-p 70000`), and throws an OPTION_VALUE fault that starts with the label. Whole texts only:
 * where memcached's atoi() reads `64x` as 64, we refuse it.
 */
import { FAULT } from '../base/errors.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** Text and label → value. */
export type Parse<Value> = (text: string, label: string) => Value;

/** A whole number from `min` to `max`. */
export function integerParser(min: number, max: number): Parse<number> {
  return (text, label) => {
    if (!/^[+-]?\d+$/.test(text)) throw FAULT.optionValue(label, 'not a whole number');
    return numberInRange(Number(text), label, min, max);
  };
}

/** A decimal number above `above`, and at most `max`. */
export function decimalParser(above: number, max: number): Parse<number> {
  return (text, label) => {
    if (!/^\d+(\.\d*)?$|^\.\d+$/.test(text)) throw FAULT.optionValue(label, 'not a number');
    const value = Number(text);
    if (value <= above) throw FAULT.optionValue(label, `must be greater than ${above}`);
    if (value > max) throw FAULT.optionValue(label, `must be at most ${max}`);
    return value;
  };
}

// Suffix → bytes.
const SUFFIX_BYTES: Readonly<Record<string, number>> = { k: KIB, m: MIB, g: GIB };

/**
 * A size in bytes, from `min` to `max` bytes.
 *   unitBytes   what a number without a suffix counts: 1, KIB or MIB
 *   suffixes    which of `k`, `m`, `g` may follow; in either case
 */
export function sizeParser(
  unitBytes: number,
  suffixes: string,
  min: number,
  max: number,
): Parse<number> {
  const hint = suffixes === '' ? '' : ` with an optional ${[...suffixes].join(', ')}`;
  return (text, label) => {
    const match = /^(\d+)([a-z]?)$/i.exec(text);
    const suffix = match?.[2].toLowerCase() ?? '';
    if (match === null || !suffixes.includes(suffix)) {
      throw FAULT.optionValue(label, `not a size: a whole number${hint}`);
    }
    const bytes = Number(match[1]) * (SUFFIX_BYTES[suffix] ?? unitBytes);
    if (bytes < min) throw FAULT.optionValue(label, `must be at least ${sizeText(min)}`);
    if (bytes > max) throw FAULT.optionValue(label, `must be at most ${sizeText(max)}`);
    return bytes;
  };
}

/** Bytes as people say them: `1 MiB`, `1024 bytes` below two KiB, one decimal where it is uneven. */
export function sizeText(bytes: number): string {
  if (bytes < 2 * KIB) return `${bytes} bytes`;
  const [unitBytes, unit] =
    bytes >= GIB ? [GIB, 'GiB'] : bytes >= MIB ? [MIB, 'MiB'] : [KIB, 'KiB'];
  const count = bytes / unitBytes;
  return `${Number.isInteger(count) ? count : count.toFixed(1)} ${unit}`;
}

/** File permission bits in octal, such as `700` or `0770`. */
export function maskParse(text: string, label: string): number {
  if (!/^0?[0-7]{1,3}$/.test(text)) {
    throw FAULT.optionValue(label, 'not a file mode: one to three octal digits');
  }
  return Number.parseInt(text, 8);
}

const BOOLEAN_WORDS = new Map([
  ...['yes', 'true', 'on', '1'].map((word): [string, boolean] => [word, true]),
  ...['no', 'false', 'off', '0'].map((word): [string, boolean] => [word, false]),
]);

/** `yes`, `no` and their usual synonyms. */
export function booleanParse(text: string, label: string): boolean {
  const value = BOOLEAN_WORDS.get(text.toLowerCase());
  if (value === undefined) throw FAULT.optionValue(label, 'say yes or no');
  return value;
}

/** One of `words`, exactly. */
export function wordParser<const Words extends readonly string[]>(
  words: Words,
): Parse<Words[number]> {
  return (text, label) => {
    if (!words.includes(text)) throw FAULT.optionValue(label, `must be one of ${words.join(', ')}`);
    return text;
  };
}

/** Any text but none. */
export function textParse(text: string, label: string): string {
  if (text === '') throw FAULT.optionValue(label, 'must not be empty');
  return text;
}

/** One printable ASCII character. */
export function characterParse(text: string, label: string): string {
  if (!/^[!-~]$/.test(text)) throw FAULT.optionValue(label, 'must be one printable character');
  return text;
}

function numberInRange(value: number, label: string, min: number, max: number): number {
  if (value < min) throw FAULT.optionValue(label, `must be at least ${min}`);
  if (value > max) throw FAULT.optionValue(label, `must be at most ${max}`);
  return value;
}
