import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordsSplit } from '../../src/base/word-split.ts';
import { wordQuoted } from '../../src/config/value-type.ts';

describe('words of a line', () => {
  it.each<[line: string, words: readonly string[] | null]>([
    ['', []],
    [' \t\v\f\r\n', []],
    ['port 7000', ['port', '7000']],
    ['a"b c"', ['ab c']],
    ['save \'\' ""', ['save', '', '']],
    ['"\\n\\r\\t\\b\\a\\x41\\X41\\q\\"\\\\"', ['\n\r\t\b\x07AX41q"\\']],
    ["'it\\'s' '\\n'", ["it's", '\\n']],
    ['nbsp\u00a0here', ['nbsp\u00a0here']],
    ['one\0two', ['one']],
    ['"open', null],
    ["'open\\'", null],
    ['"a"b', null],
    ["'a'b", null],
    ['"a""b"', null],
    ['"\\', null],
  ])('of %j', (line, words) => {
    expect(wordsSplit(line)).toEqual(words);
  });

  it('of what is quoted is what was to be quoted', () => {
    const byteText = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(
      fc.property(fc.array(byteText), (words) => {
        expect(wordsSplit(words.map(wordQuoted).join(' '))).toEqual(words);
      }),
    );
  });
});
