/** Keys as text: what can be read is, and no two keys look alike. */
import { describe, expect, it } from 'vitest';
import { keyText } from '../../src/admin/key-text.ts';

function whole(bytes: Buffer): string {
  return keyText(bytes, bytes.length, 0);
}

/** The bytes that the text is of. */
function back(text: string): Buffer {
  const pieces = text.match(/\\\\|\\x[0-9a-f]{2}|[^\\]/gu) ?? [];
  expect(pieces.join('')).toBe(text);
  return Buffer.concat(
    pieces.map((piece) => {
      if (piece === '\\\\') return Buffer.from('\\');
      return piece.startsWith('\\x') ? Buffer.from(piece.slice(2), 'hex') : Buffer.from(piece);
    }),
  );
}

describe('the text of a key', () => {
  it.each([
    ['user:17', 'user:17'],
    ['', ''],
    ['zwei Wörter', 'zwei Wörter'],
    ['日本:🙂', '日本:🙂'],
    ['C:\\x41', 'C:\\\\x41'],
    ['a\tb\r\n\0', 'a\\x09b\\x0d\\x0a\\x00'],
    ['no\u00a0break', 'no\\xc2\\xa0break'],
    ['right\u202eleft', 'right\\xe2\\x80\\xaeleft'],
    ['\ufffd', '\\xef\\xbf\\xbd'],
  ])('%j', (name, text) => {
    expect(whole(Buffer.from(name))).toBe(text);
  });

  it('shows bytes that are no UTF-8 one by one', () => {
    expect(whole(Buffer.from('61ff80c3', 'hex'))).toBe('a\\xff\\x80\\xc3');
    expect(whole(Buffer.from('c341', 'hex'))).toBe('\\xc3A');
    expect(whole(Buffer.from('f09f98', 'hex'))).toBe('\\xf0\\x9f\\x98');
    expect(whole(Buffer.from('c080', 'hex'))).toBe('\\xc0\\x80'); // an overlong NUL
    expect(whole(Buffer.from('eda080', 'hex'))).toBe('\\xed\\xa0\\x80'); // a surrogate
  });

  it('says of a cut key how much there is besides, and which it is', () => {
    const held = Buffer.from('long');
    expect(keyText(held, 904, 0x1b2c)).toBe('long\\+900@00001b2c');
    expect(keyText(held, 904, -1)).toBe('long\\+900@ffffffff');
    expect(whole(Buffer.from('long\\+900@00001b2c'))).toBe('long\\\\+900@00001b2c');
  });

  it('leads back to the bytes, whatever they are', () => {
    let bits = 0x2545f491;
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.alloc(round % 13);
      for (let at = 0; at < bytes.length; at++) {
        bits ^= bits << 13;
        bits ^= bits >>> 17;
        bits ^= bits << 5;
        // Half of them such as UTF-8 begins and goes on with.
        bytes[at] = bits & 0x100 ? 0x80 | (bits & 0x7f) : bits & 0xff;
      }
      expect(back(whole(bytes)).toString('hex')).toBe(bytes.toString('hex'));
    }
  });
});
