/** What a slow client has not taken: in order, counted, and with short pieces copied together. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputQueue } from '../../src/net/output-queue.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);

describe('an output queue', () => {
  it('gives back what was put in, in order', () => {
    const length = fc.oneof(fc.nat(30), fc.nat(5000), fc.nat(40_000));
    const step = fc.oneof({ arbitrary: length, weight: 3 }, fc.constant(-1));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new OutputQueue();
        let put = Buffer.alloc(0);
        let taken = Buffer.alloc(0);
        let byte = 0;
        const take = (): boolean => {
          const piece = queue.shift();
          if (piece !== null) taken = Buffer.concat([taken, piece]);
          return piece !== null;
        };
        for (const bytes of steps) {
          if (bytes < 0) {
            take();
          } else {
            const piece = Buffer.alloc(bytes, ++byte);
            put = Buffer.concat([put, piece]);
            if (queue.append(piece)) piece.fill(0); // it was copied
          }
          expect(queue.bytes).toBe(put.length - taken.length);
        }
        while (take()) expect(queue.count).toBeGreaterThanOrEqual(0);
        expect(taken.equals(put)).toBe(true);
        expect([queue.bytes, queue.count]).toEqual([0, 0]);
      }),
      { seed: SEED },
    );
  });

  it('copies short pieces together, and keeps long ones', () => {
    const queue = new OutputQueue();
    for (let n = 0; n < 1000; n++) expect(queue.append(Buffer.alloc(20))).toBe(true);
    expect(queue.count).toBeLessThan(5);
    const long = Buffer.alloc(50_000);
    expect(queue.append(long)).toBe(false);
    queue.append(Buffer.alloc(20));
    expect(queue.bytes).toBe(1000 * 20 + 50_020);
    queue.clear();
    expect([queue.bytes, queue.count, queue.shift()]).toEqual([0, 0, null]);
  });
});
