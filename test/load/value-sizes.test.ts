/** Sizes of values: as they are asked for, and a key's is always the same. */
import { describe, expect, it } from 'vitest';
import { KeyValues } from '../../src/load/key-values.ts';
import {
  valueBytesFixed,
  valueBytesMax,
  valueSizer,
  valueSizesParse,
} from '../../src/load/value-sizes.ts';

const KEY_COUNT = 20_000;

function sizes(text: string): number[] {
  const sizer = valueSizer(valueSizesParse(text, '--value-bytes'));
  return Array.from({ length: KEY_COUNT }, (_, keyId) => sizer(keyId));
}

describe('value sizes', () => {
  it('one', () => {
    expect(new Set(sizes('100'))).toEqual(new Set([100]));
    expect(valueBytesFixed(valueSizesParse('2k', ''))).toBe(2048);
  });

  it('a range, both ends among them, and evenly', () => {
    const all = sizes('10-19');
    const counts = Array.from({ length: 10 }, (_, at) => all.filter((size) => size === at + 10));
    for (const { length } of counts) expect(Math.abs(length - 2000)).toBeLessThan(200);
    expect(valueBytesFixed(valueSizesParse('10-19', ''))).toBe(-1);
  });

  it('a list with weights', () => {
    const all = sizes('32:70,1k:25,8k:5');
    const share = (bytes: number): number =>
      all.filter((size) => size === bytes).length / KEY_COUNT;
    expect(share(32)).toBeCloseTo(0.7, 1);
    expect(share(1024)).toBeCloseTo(0.25, 1);
    expect(share(8192)).toBeCloseTo(0.05, 1);
    expect(share(32) + share(1024) + share(8192)).toBe(1);
    expect(valueBytesMax(valueSizesParse('32:70,1k-9k:25', ''))).toBe(9216);
  });

  it('of a key never change', () => {
    expect(sizes('0-1m')).toEqual(sizes('0-1m'));
  });

  it.each(['', 'x', '-5', '5-', '9-5', '1:2:3', '5:x', '10:0', '600m', '1.5'])(
    'refuses %j',
    (text) => {
      expect(() => valueSizesParse(text, '--value-bytes')).toThrow(/^--value-bytes: /);
    },
  );
});

describe('values', () => {
  it.each([0, 1, 5, 12, 13, 100, 70_000])('of %i bytes know whom they belong to', (bytes) => {
    const values = new KeyValues({
      keyPrefix: 'key:',
      keyCount: 100,
      valueSizes: valueSizesParse(`${bytes}`, ''),
    });
    const target = Buffer.alloc(bytes + 2, 0x5f);
    expect(values.write(target, 1, 42, bytes)).toBe(bytes + 1);
    expect(target.toString('latin1', 0, Math.min(14, bytes + 1))).toBe(
      `_${'key:00000042|'.slice(0, bytes)}`,
    );
    expect(target[bytes + 1]).toBe(0x5f);
    expect(values.isValue(target, 1, bytes + 1, 42)).toBe(true);
    if (bytes > 12) expect(values.isValue(target, 1, bytes + 1, 43)).toBe(false);
    if (bytes > 0) expect(values.isValue(target, 1, bytes, 42)).toBe(false);
  });
});
