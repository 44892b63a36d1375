/** Strips against arrays: what is written is read, from either end, and found. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  STRIP_NONE,
  stripContentBytes,
  stripContentStart,
  stripCount,
  stripEntryBytes,
  stripEquals,
  stripFind,
  stripFrame,
  stripNext,
  stripPrevious,
  stripSeek,
  stripWrite,
} from '../../../src/engine/collection/strip.ts';

const START = 3;

/** A strip of these contents at START, between bytes that are not its own. */
function stripOf(contents: readonly Buffer[]): { u8: Buffer; end: number } {
  const bytes = contents.reduce((sum, content) => sum + stripEntryBytes(content.length), 0);
  const u8 = Buffer.alloc(START + bytes + 5, 0xee);
  let at = START;
  for (const content of contents) at = stripWrite(u8, at, content, 0, content.length);
  expect(at).toBe(START + bytes);
  expect(u8.subarray(0, START).equals(Buffer.alloc(START, 0xee))).toBe(true);
  expect(u8.subarray(at).equals(Buffer.alloc(5, 0xee))).toBe(true);
  return { u8, end: at };
}

function content(u8: Buffer, at: number): Buffer {
  const start = stripContentStart(u8, at);
  return u8.subarray(start, start + stripContentBytes(u8, at));
}

const bytes = fc
  .oneof(fc.nat(5), fc.nat(20), fc.integer({ min: 250, max: 260 }), fc.nat(70_000))
  .chain((length) => fc.nat(255).map((salt) => Buffer.alloc(length, salt)));
const contents = fc.array(bytes, { maxLength: 30 });

describe('a strip', () => {
  it('is read from both ends, and counted', () => {
    fc.assert(
      fc.property(contents, (all) => {
        const { u8, end } = stripOf(all);
        expect(stripCount(u8, START, end)).toBe(all.length);
        let at = START;
        for (const each of all) {
          expect(content(u8, at).equals(each)).toBe(true);
          at = stripNext(u8, at);
        }
        expect(at).toBe(end);
        for (const each of [...all].reverse()) {
          at = stripPrevious(u8, at);
          expect(content(u8, at).equals(each)).toBe(true);
        }
        expect(at).toBe(START);
      }),
    );
  });

  it('finds the entry of a number, from either end', () => {
    fc.assert(
      fc.property(contents, (all) => {
        const { u8, end } = stripOf(all);
        let at = START;
        for (let index = 0; index <= all.length; index++) {
          expect(stripSeek(u8, START, end, all.length, index)).toBe(at);
          if (index < all.length) at = stripNext(u8, at);
        }
      }),
    );
  });

  it('finds a content, also at every other entry only', () => {
    const few = fc.constantFrom('', 'a', 'b', 'aa', 'ab', 'x'.repeat(253), 'x'.repeat(254));
    fc.assert(
      fc.property(fc.array(few, { maxLength: 12 }), few, fc.boolean(), (all, wanted, pairs) => {
        const stride = pairs ? 2 : 1;
        const { u8, end } = stripOf(all.map((text) => Buffer.from(text)));
        const found = all.findIndex((text, index) => index % stride === 0 && text === wanted);
        const source = Buffer.from(`--${wanted}--`);
        const at = stripFind(u8, START, end, stride, source, 2, wanted.length);
        const expected = found < 0 ? STRIP_NONE : stripSeek(u8, START, end, all.length, found);
        expect(at).toBe(expected);
        if (found >= 0) expect(stripEquals(u8, at, source, 2, wanted.length)).toBe(true);
      }),
    );
  });

  it.each([0, 1, 253, 254, 255, 256, 65_535, 65_536])('frames %i bytes for others to fill', (n) => {
    const u8 = Buffer.alloc(START + stripEntryBytes(n), 0xee);
    const start = stripFrame(u8, START, n);
    u8.fill(7, start, start + n);
    expect(content(u8, START).equals(Buffer.alloc(n, 7))).toBe(true);
    expect(stripNext(u8, START)).toBe(u8.length);
    expect(stripPrevious(u8, u8.length)).toBe(START);
    expect(u8.length - START).toBe(n + (n < 254 ? 2 : 10));
  });

  it('is told from bytes that are none', () => {
    const { u8, end } = stripOf([Buffer.from('abc'), Buffer.alloc(300, 1), Buffer.from('d')]);
    expect(stripCount(u8, START, end)).toBe(3);
    expect(stripCount(u8, START, end - 1)).toBe(STRIP_NONE);
    for (const at of [START, START + 4, START + 5, START + 6, end - 1]) {
      const broken = Buffer.from(u8);
      broken[at] ^= 2;
      expect(stripCount(broken, START, end)).toBe(STRIP_NONE);
    }
  });
});
