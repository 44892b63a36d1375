/**
 * How large values are. A key's size follows from the key: whoever stores it again stores as many bytes, so the
 * amount of data stays what it was, and a reply can be checked by the key alone.
 *
 *   100             all of one size
 *   10-4096         evenly spread between two
 *   32:70,1k:25,8k:5    sizes and their weights
 */
import { FAULT } from '../base/errors.ts';
import { hashUnit } from '../base/random.ts';

/** Sizes from low to high, in ranges of equal weight within; one range of one size is the usual case. */
export type ValueSizes = readonly {
  readonly min: number;
  readonly max: number;
  readonly weight: number;
}[];

export const VALUE_BYTES_MAX = 512 * 1024 * 1024;
/** Salt of the sizes' hash. */
const SALT_RANGE = 11;
const SALT_PLACE = 12;
const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 };

/** Errors: OPTION_VALUE. */
export function valueSizesParse(text: string, label: string): ValueSizes {
  const sizes = text.split(',').map((part) => {
    const [range, weight, ...more] = part.split(':');
    const ends = range.split('-').map((end) => sizeParse(end, label));
    const [min, max = min] = ends;
    if (more.length > 0 || ends.length > 2) throw badSizes(label);
    if (min > max) throw FAULT.optionValue(label, 'the smaller size comes first');
    return { min, max, weight: weight === undefined ? 1 : weightParse(weight, label) };
  });
  if (sizes.every(({ weight }) => weight === 0)) {
    throw FAULT.optionValue(label, 'at least one weight must be above 0');
  }
  return sizes;
}

function sizeParse(text: string, label: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,10})([km]?)$/i.exec(text) ?? [];
  if (digits === '') throw badSizes(label);
  const bytes = Number(digits) * UNIT_BYTES[unit.toLowerCase()];
  if (bytes > VALUE_BYTES_MAX) throw FAULT.optionValue(label, 'a value has at most 512m');
  return bytes;
}

function weightParse(text: string, label: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw badSizes(label);
  return Number(text);
}

function badSizes(label: string): Error {
  return FAULT.optionValue(label, 'must be like 100, 10-4096, or 32:70,1k:25,8k:5 (size:weight)');
}

export function valueBytesMax(sizes: ValueSizes): number {
  return Math.max(...sizes.map(({ max }) => max));
}

/** The one size that all values have, or -1. */
export function valueBytesFixed(sizes: ValueSizes): number {
  const [{ min, max }] = sizes;
  return sizes.length === 1 && min === max ? min : -1;
}

/** A function from a key's number to its value's size. */
export function valueSizer(sizes: ValueSizes): (keyId: number) => number {
  const fixed = valueBytesFixed(sizes);
  if (fixed >= 0) return () => fixed;
  const total = sizes.reduce((sum, { weight }) => sum + weight, 0);
  return (keyId) => {
    let point = hashUnit(keyId, SALT_RANGE) * total;
    let at = 0;
    while (at < sizes.length - 1 && point >= sizes[at].weight) point -= sizes[at++].weight;
    const { min, max } = sizes[at];
    return min + Math.floor(hashUnit(keyId, SALT_PLACE) * (max - min + 1));
  };
}
