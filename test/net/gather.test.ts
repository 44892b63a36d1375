/** Requests that arrive in many reads. */
import { describe, expect, it } from 'vitest';
import { Gather } from '../../src/net/gather.ts';
import { argumentText } from '../../src/protocol/resp/arguments.ts';
import { REQUEST_INCOMPLETE, requestParse } from '../../src/protocol/resp/request-parser.ts';

const READ_BYTES = 65536;

/** Appends the text read by read, as a connection does; the texts of the requests that it made. */
function gathered(gather: Gather, text: string): string[] {
  const requests: string[] = [];
  for (let at = 0; at < text.length; at += READ_BYTES) {
    const read = Buffer.from(text.slice(at, at + READ_BYTES), 'latin1');
    gather.append(read, read.length);
    for (;;) {
      const { buffer, parser, start, used } = gather;
      if (start === used) break;
      const next = requestParse(parser, buffer, start, used);
      if (next === REQUEST_INCOMPLETE) break;
      expect(next).toBeGreaterThan(start);
      const { args } = parser;
      const words = Array.from({ length: args.count }, (_, index) => argumentText(args, index));
      requests.push(words.join(' '));
      gather.start = next;
    }
  }
  return requests;
}

describe('a gathered request', () => {
  it('is whole, however many reads it took, and so is what comes behind it', () => {
    const value = 'x'.repeat(300_000);
    const request = `*2\r\n$4\r\necho\r\n$300000\r\n${value}\r\n`;
    const gather = new Gather(Buffer.from(request.slice(0, 10), 'latin1'));
    const found = gathered(gather, request.slice(10) + request.repeat(9));
    expect(found).toEqual(Array.from({ length: 10 }, () => `echo ${value}`));
  });

  it('has a buffer that is no longer than it needs', () => {
    const bytes = 5_000_000;
    const gather = new Gather(Buffer.from('*1\r\n', 'latin1'));
    expect(gathered(gather, `$${bytes}\r\n${'x'.repeat(bytes)}`)).toEqual([]);
    const head = `*1\r\n$${bytes}\r\n`.length;
    expect(gather.buffer.length).toBe(head + bytes + 2);
    expect(gather.pendingStart).toBe(head);
    expect(gathered(gather, '\r\n')).toEqual(['x'.repeat(bytes)]);
  });
});
