/** Payloads of FUNCTION DUMP: what was written is read, and nothing that is broken does harm. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadIsSound } from '../../../src/protocol/rdb/dump-payload.ts';
import { functionsRead, functionsWrite } from '../../../src/protocol/rdb/function-payload.ts';
import { RdbWriter } from '../../../src/protocol/rdb/writer.ts';

const code = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.nat(40_000).map((n) => Buffer.from('return 1 '.repeat(n / 9))),
);

function payloadOf(codes: readonly Buffer[]): Buffer {
  const writer = new RdbWriter();
  functionsWrite(writer, codes);
  return Buffer.from(writer.bytes.subarray(0, writer.used));
}

describe('payloads of functions', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(code, { maxLength: 8 }), (codes) => {
        const payload = payloadOf(codes);
        expect(payloadIsSound(payload, 0, payload.length)).toBe(true);
        expect(functionsRead(payload, 0, payload.length)).toEqual(codes);
      }),
    );
  });

  it('say what is wrong with them, or are others', () => {
    const damage = fc.record({
      codes: fc.array(code, { maxLength: 3 }),
      at: fc.nat(),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(damage, fc.nat(), ({ codes, at, byte }, cut) => {
        const payload = payloadOf(codes);
        payload[at % payload.length] = byte;
        const end = Math.max(10, payload.length - (cut % 20));
        const read = functionsRead(payload, 0, end);
        expect(typeof read === 'string' || Array.isArray(read)).toBe(true);
      }),
    );
  });
});
