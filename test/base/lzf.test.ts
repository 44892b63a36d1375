/** LZF: what goes in comes out, and a broken stream is refused without a byte out of place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lzfCompress, lzfExpand, lzfExpandedBytesMax } from '../../src/base/lzf.ts';

const GUARD = 0xa5;

/** Compressed into exactly `room` bytes; null if that is too little. */
function compressed(input: Uint8Array, room: number): Buffer | null {
  const source = Buffer.concat([Buffer.from('abcabc'), input, Buffer.from('abc')]);
  const target = Buffer.alloc(room + 20, GUARD);
  const bytes = lzfCompress(source, 6, input.length, target, 10, room);
  expect(bytes).toBeLessThanOrEqual(room);
  expect(target.subarray(0, 10)).toEqual(Buffer.alloc(10, GUARD));
  expect(target.subarray(10 + room)).toEqual(Buffer.alloc(10, GUARD));
  return bytes === 0 ? null : Buffer.from(target.subarray(10, 10 + bytes));
}

/** Expanded to exactly `bytes` bytes; null if the stream is not one of them. */
function expanded(stream: Uint8Array, bytes: number): Buffer | null {
  const target = Buffer.alloc(bytes + 20, GUARD);
  const source = Buffer.concat([Buffer.from('?'), stream, Buffer.from('??')]);
  const isWhole = lzfExpand(source, 1, 1 + stream.length, target, 10, bytes);
  expect(target.subarray(0, 10)).toEqual(Buffer.alloc(10, GUARD));
  expect(target.subarray(10 + bytes)).toEqual(Buffer.alloc(10, GUARD));
  return isWhole ? Buffer.from(target.subarray(10, 10 + bytes)) : null;
}

/** Few different bytes, in runs: much to find. */
const repetitive = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'abc', 'hello '), fc.integer({ min: 1, max: 400 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map((runs) => Buffer.from(runs.map(([text, times]) => text.repeat(times)).join('')));

describe('lzf', () => {
  it('gives back what it was given', () => {
    const input = fc.oneof(repetitive, fc.uint8Array({ minLength: 1, maxLength: 300 }));
    fc.assert(
      fc.property(input, (bytes) => {
        const stream = compressed(bytes, bytes.length * 2 + 8) as Buffer;
        expect(expanded(stream, bytes.length)).toEqual(Buffer.from(bytes));
        expect(bytes.length).toBeLessThanOrEqual(lzfExpandedBytesMax(stream.length));
      }),
    );
  });

  it('makes less of what repeats, and the same each time', () => {
    const text = Buffer.from(
      Array.from({ length: 500 }, (_, n) => `{"id":${n},"name":"item ${n % 7}"}`).join(','),
    );
    const stream = compressed(text, text.length - 4) as Buffer;
    expect(stream.length).toBeLessThan(text.length / 3);
    compressed(Buffer.alloc(10_000, 'xyz'), 10_000);
    expect(compressed(text, text.length - 4)).toEqual(stream);
    expect((compressed(Buffer.alloc(1_000_000), 1_000_000) as Buffer).length).toBeLessThan(12_000);
  });

  it('says so when there is no room, at whichever byte it ends', () => {
    fc.assert(
      fc.property(repetitive, (bytes) => {
        const stream = compressed(bytes, bytes.length * 2 + 8) as Buffer;
        expect(compressed(bytes, stream.length + 3)).toEqual(stream);
        for (let room = 0; room < stream.length; room++) expect(compressed(bytes, room)).toBeNull();
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['a run', '02616263', 'abc'],
    ['a copy that overlaps itself', '0061e00100', 'a'.repeat(11)],
    ['a short copy', '02616263' + '2002', 'abcabc'],
    ['a copy of seven and one of eight', '0061' + 'a000' + 'c000', 'a'.repeat(16)],
  ])('reads %s', (_, hex, text) => {
    expect(expanded(Buffer.from(hex, 'hex'), text.length)?.toString()).toBe(text);
  });

  it.each([
    ['a run longer than the stream', '0361'],
    ['a run longer than the target', '0561616161616161'],
    ['a copy from before the start', '00612001'],
    ['a copy longer than the target', '0061e0ff00'],
    ['a copy cut off before its distance', '006120'],
    ['a long copy cut off', '0061e0'],
    ['a long copy cut off before its distance', '0061e001'],
    ['a stream that is too short', '0061'],
  ])('refuses %s', (_, hex) => {
    expect(expanded(Buffer.from(hex, 'hex'), 5)).toBeNull();
  });

  it('survives any bytes', () => {
    const stream = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(stream, fc.nat(500), (bytes, length) => {
        expanded(bytes, length);
      }),
      { numRuns: 500 },
    );
  });
});
