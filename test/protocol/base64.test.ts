/** Base64 of binary keys: what Node writes is read, and the reverse; the rest as memcached has it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Decode, replyBase64 } from '../../src/protocol/memcached/base64.ts';
import { Reply } from '../../src/protocol/reply.ts';

function decoded(text: string): string | null {
  const target = Buffer.alloc(250);
  const bytes = base64Decode(Buffer.from(`<${text}>`, 'latin1'), 1, 1 + text.length, target);
  return bytes === 0 ? null : target.toString('latin1', 0, bytes);
}

describe('base64', () => {
  it('is what Node makes of the same bytes, both ways', () => {
    const reply = new Reply();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 187 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(decoded(text)).toBe(Buffer.from(bytes).toString('latin1'));
        reply.used = 0;
        replyBase64(reply, bytes, bytes.length);
        expect(reply.bytes.toString('latin1', 0, reply.used)).toBe(text);
      }),
    );
  });

  it.each([
    ['Zm-9v', 'foo'], // what is not of the alphabet is passed over
    ['Zg==Zm9v', 'f'], // padding ends it
    ['Zm9vYg==', 'foob'],
    ['Zm9', null],
    ['', null],
    ['----', null],
    ['====', null],
    ['Z===', null],
    ['Zm9vY===', null],
  ])('%j reads %j', (text, expected) => {
    expect(decoded(text)).toBe(expected);
  });
});
