/** Glob patterns: a table of corners, and random ones against a matcher too slow to be wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches } from '../../src/base/glob.ts';

function matches(pattern: string, text: string, ignoresCase = false): boolean {
  const bytes = Buffer.from(`*${pattern}*`, 'latin1');
  const subject = Buffer.from(`]${text}]`, 'latin1');
  const textEnd = subject.length - 1;
  return globMatches(bytes, 1, bytes.length - 1, subject, 1, textEnd, ignoresCase);
}

/** The same by the definition: a pattern as steps, each a star or a predicate, and plain recursion. */
type Step = '*' | ((byte: number) => boolean);

function steps(pattern: string, fold: (byte: number) => number): Step[] {
  const codes = [...pattern].map((char) => char.charCodeAt(0));
  const list: Step[] = [];
  while (codes.length > 0) {
    const char = String.fromCharCode(codes.shift() as number);
    if (char === '*') list.push('*');
    else if (char === '?') list.push(() => true);
    else if (char === '[') list.push(bracket(codes, fold));
    else {
      const code = char === '\\' ? (codes.shift() ?? 0x5c) : char.charCodeAt(0);
      list.push((byte) => fold(byte) === fold(code));
    }
  }
  return list;
}

function bracket(codes: number[], fold: (byte: number) => number): (byte: number) => boolean {
  const isNegated = codes[0] === 0x5e;
  if (isNegated) codes.shift();
  const parts: ((byte: number) => boolean)[] = [];
  while (codes.length > 0) {
    const first = codes.shift() as number;
    if (first === 0x5d) break;
    if (first === 0x5c && codes.length > 0) {
      const escaped = codes.shift();
      parts.push((byte) => byte === escaped);
    } else if (codes[0] === 0x2d && codes.length > 1) {
      const ends = [first, codes[1] as number].sort((a, b) => a - b).map(fold) as [number, number];
      codes.splice(0, 2);
      parts.push((byte) => fold(byte) >= ends[0] && fold(byte) <= ends[1]);
    } else {
      parts.push((byte) => fold(byte) === fold(first));
    }
  }
  return (byte) => parts.some((part) => part(byte)) !== isNegated;
}

function matchesPlainly(pattern: string, text: string, ignoresCase: boolean): boolean {
  if (text === '') return pattern === '';
  const fold = (byte: number): number =>
    ignoresCase ? String.fromCharCode(byte).toLowerCase().charCodeAt(0) : byte;
  const list = steps(pattern, fold);
  const from = (step: number, at: number): boolean => {
    if (step === list.length) return at === text.length;
    const own = list[step] as Step;
    if (own === '*') return from(step + 1, at) || (at < text.length && from(step, at + 1));
    return at < text.length && own(text.charCodeAt(at)) && from(step + 1, at + 1);
  };
  return from(0, 0);
}

describe('a glob pattern', () => {
  it.each([
    ['*', 'anything'],
    ['h?llo', 'hello'],
    ['h*llo', 'hllo'],
    ['h*llo', 'heeeello'],
    ['h[ae]llo', 'hallo'],
    ['h[^e]llo', 'hallo'],
    ['h[a-b]llo', 'hbllo'],
    ['h[b-a]llo', 'hbllo'],
    ['a*b*c', 'a1b2bc3c'],
    ['**a**', 'a'],
    ['\\*', '*'],
    ['a\\', 'a\\'],
    ['[\\]]', ']'],
    ['[a-', 'a'],
    ['[a-', '-'],
    ['[a', 'a'],
    ['[^', 'x'],
    ['[^]', 'x'],
    ['[a-]', 'a'],
    ['[a-]]', ']'],
    ['[+--]', ','],
    ['\xe0*[\xe0-\xff]', '\xe0\xf0'],
    ['', ''],
  ])('%j matches %j', (pattern, text) => expect(matches(pattern, text)).toBe(true));

  it.each([
    ['', 'a'],
    ['a', ''],
    ['*', ''],
    ['?', ''],
    ['h?llo', 'hllo'],
    ['h[^e]llo', 'hello'],
    ['hello', 'hello!'],
    ['*a', 'ab'],
    ['\\*', 'x'],
    ['[', '['],
    ['[]', ']'],
    ['[]a]', 'a'],
    ['a', 'A'],
    ['[a-z]', 'A'],
  ])('%j does not match %j', (pattern, text) => expect(matches(pattern, text)).toBe(false));

  it('folds letters if asked to, but not an escaped one in brackets', () => {
    expect(matches('HeL*', 'hEllo', true)).toBe(true);
    expect(matches('[A-C][x]', 'bX', true)).toBe(true);
    expect(matches('\\A', 'a', true)).toBe(true);
    expect(matches('[\\A]', 'a', true)).toBe(false);
    expect(matches('[Z-a]', 'z', true)).toBe(false);
    expect(matches('\xc9', '\xe9', true)).toBe(false);
  });

  it('means what the definition says', () => {
    const pattern = fc.string({ unit: fc.constantFrom(...'aabB**?[]^-\\'), maxLength: 12 });
    const text = fc.string({ unit: fc.constantFrom(...'aaabB[]^-\\'), maxLength: 10 });
    fc.assert(
      fc.property(pattern, text, fc.boolean(), (p, t, ignoresCase) => {
        expect(matches(p, t, ignoresCase)).toBe(matchesPlainly(p, t, ignoresCase));
      }),
      { numRuns: 20_000 },
    );
  });

  it('costs at most pattern times text, however many stars it has', () => {
    expect(matches(`${'a*'.repeat(999)}b`, 'a'.repeat(8000))).toBe(false);
    expect(matches(`${'*?'.repeat(1000)}`, 'a'.repeat(1000))).toBe(true);
    expect(matches(`${'*?'.repeat(1001)}`, 'a'.repeat(8000))).toBe(false);
  });
});
