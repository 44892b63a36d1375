/** Integers and decimals that RESP clients count with. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LongDouble } from '../../../src/base/long-double.ts';
import { longDoubleParse } from '../../../src/base/long-double.ts';
import { STATUS, type Status } from '../../../src/engine/status.ts';
import {
  decimalAdd,
  deltaParse,
  IntegerDelta,
  integerAdd,
  NumberResult,
} from '../../../src/engine/types/string-number.ts';
import { stringAppend } from '../../../src/engine/types/string-range-edit.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectSound, partitionMake } from '../fixture.ts';
import { KIB, NOW_MS } from '../limits.ts';

const INT64_MAX = 2n ** 63n - 1n;
const client = new Client();
const out = new NumberResult();

function add(p: Partition, key: string, text: string, isOpposite = false): string | Status {
  const delta = new IntegerDelta();
  const bytes = Buffer.from(text);
  expect(deltaParse(delta, bytes, 0, bytes.length, isOpposite)).toBe(true);
  client.keySet(key);
  const status = integerAdd(p, client.op, delta, out);
  return status === STATUS.OK ? out.digits.toString('latin1', 0, out.bytes) : status;
}

function addDecimal(p: Partition, key: string, text: string): string | Status {
  const bytes = Buffer.from(text);
  client.keySet(key);
  const delta = longDoubleParse(bytes, 0, bytes.length) as LongDouble;
  const status = decimalAdd(p, client.op, delta, out);
  return status === STATUS.OK ? out.digits.toString('latin1', 0, out.bytes) : status;
}

describe('an integer', () => {
  const border = fc
    .tuple(
      fc.constantFrom(0n, 2n ** 53n, 2n ** 63n),
      fc.bigInt({ min: -3n, max: 3n }),
      fc.boolean(),
    )
    .map(([value, by, isNegative]) => (isNegative ? -(value + by) : value + by))
    .filter((value) => BigInt.asIntN(64, value) === value);
  const integer = fc.oneof(
    fc.bigInt({ min: -INT64_MAX - 1n, max: INT64_MAX }),
    fc.maxSafeInteger().map(BigInt),
    fc.integer().map(BigInt),
    border,
  );

  it('is added to as a BigInt is, unless the sum has more than 64 bits', () => {
    const p = partitionMake();
    fc.assert(
      fc.property(integer, integer, fc.boolean(), (value, delta, isOpposite) => {
        client.set(p, 'n', String(value), { expiresAtMs: NOW_MS + 9, clientFlags: 3 });
        const before = client.get(p, 'n')?.casUnique ?? 0;
        const sum = isOpposite ? value - delta : value + delta;
        const fits = BigInt.asIntN(64, sum) === sum;
        expect(add(p, 'n', String(delta), isOpposite)).toBe(
          fits ? String(sum) : STATUS.OUT_OF_RANGE,
        );
        const after = client.get(p, 'n');
        expect(after?.value.toString()).toBe(String(fits ? sum : value));
        expect(after).toMatchObject({ expiresAtMs: NOW_MS + 9, clientFlags: 3 });
        expect((after?.casUnique ?? 0) > before).toBe(fits);
      }),
    );
    partitionExpectSound(p);
  });

  it.each(['', ' 1', '1 ', '01', '+1', '1.0', 'x', '9223372036854775808', '1'.repeat(9000)])(
    'is not %j',
    (value) => {
      const p = partitionMake();
      client.set(p, 'n', value);
      expect(add(p, 'n', '1')).toBe(STATUS.NOT_NUMERIC);
      expect(client.text(p, 'n')).toBe(value);
      expect(deltaParse(new IntegerDelta(), Buffer.from(value), 0, value.length, false)).toBe(
        false,
      );
    },
  );

  it('begins at zero, also far from it', () => {
    const p = partitionMake();
    expect(add(p, 'a', '5')).toBe('5');
    expect(add(p, 'b', '9223372036854775807')).toBe('9223372036854775807');
    expect(add(p, 'b', '-1', true)).toBe(STATUS.OUT_OF_RANGE);
    expect([client.text(p, 'a'), client.text(p, 'b')]).toEqual(['5', '9223372036854775807']);
  });

  it('stays as it was without memory', () => {
    const p = partitionMake({ evicts: false });
    client.set(p, 'n', '9'.repeat(8), { expiresAtMs: NOW_MS + 9 });
    while (client.set(p, `fill${client.op.key.hash}`, 'x'.repeat(3 * KIB)) === STATUS.OK);
    client.set(p, 'n', '-99999999', { expiresAtMs: NOW_MS + 9 });
    const famine = new Famine(p);
    famine.begin(0);
    let text = '-99999999';
    for (let digits = 0; digits < 18; digits++) {
      const answer = add(p, 'n', '-9'.padEnd(digits + 2, '0'));
      if (typeof answer === 'string') text = answer;
      else expect(answer).toBe(STATUS.NO_MEMORY);
      expect(client.text(p, 'n')).toBe(text);
    }
    famine.end();
    partitionExpectSound(p);
  });
});

describe('a decimal', () => {
  it('is added to, keeps its expiry time, and may be marked raw, long or infinite', () => {
    const p = partitionMake();
    expect(addDecimal(p, 'd', '5.0e3')).toBe('5000');
    expect(addDecimal(p, 'd', '200')).toBe('5200');
    client.set(p, 'd', '1.5', { expiresAtMs: NOW_MS + 9 });
    client.valueSet('5');
    expect(stringAppend(p, client.op, 100)).toBe(STATUS.OK);
    expect(addDecimal(p, 'd', '-0.05')).toBe('1.5');
    expect(add(p, 'd', '1')).toBe(STATUS.NOT_NUMERIC);
    expect(client.get(p, 'd')?.expiresAtMs).toBe(NOW_MS + 9);
    expect(addDecimal(p, 'd', 'inf')).toBe(STATUS.OUT_OF_RANGE);
    for (const [value, answer] of [
      ['x', STATUS.NOT_NUMERIC],
      ['1'.repeat(5200), STATUS.NOT_NUMERIC],
      ['-inf', STATUS.OUT_OF_RANGE],
      [`${'0'.repeat(5000)}1`, '3'],
    ] as const) {
      client.set(p, 'd', value);
      expect(addDecimal(p, 'd', '2'), value.slice(0, 9)).toBe(answer);
    }
    // With a key that leaves no room for many digits in the chunk, they go into a chain.
    const key = 'k'.repeat(1990);
    client.set(p, key, '1e4000');
    expect(addDecimal(p, key, '0')).toBe(String(client.text(p, key)));
    partitionExpectSound(p);
  });
});
