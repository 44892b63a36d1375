/** What requests of all protocols are made of: a few keys, values of telling lengths, numbers at bounds. */
import fc from 'fast-check';

/** Keys of values that are never numbers, */
export const KEYS = ['a', 'b', 'key:c', 'd'.repeat(250)] as const;
/** and of values that always are: what decrement leaves of its padding may differ (known.ts). */
export const COUNTER_KEYS = ['n', 'm'] as const;
/** Keys that not every command line may hold, or none. */
export const ODD_KEYS = ['a\tb', '\x01', 'a\0', '\xff\xfe'] as const;

const SMALL_BYTES_MAX = 300;
/** Around powers of two, around what is copied or sent in pieces, and beyond a network read. */
const TELLING_BYTES = [
  0, 1, 2, 23, 24, 25, 63, 64, 65, 127, 128, 500, 1023, 1024, 1025, 2047, 2048, 4095, 4096, 8191,
  8192, 10_239, 10_240, 10_241, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 100_000,
] as const;
const TOO_MANY_BYTES = 1_048_576;

const LETTERS = 'bcdefghi';

/** A value that is no number, and of which every piece looks different. */
export function valueMake(byteCount: number, salt: number): string {
  const letter = LETTERS[salt % LETTERS.length];
  let text = letter;
  for (let at = salt; text.length < byteCount; at++) text += `${at}${letter}`;
  return text.slice(0, byteCount);
}

export const byteCount: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(SMALL_BYTES_MAX) },
  { weight: 3, arbitrary: fc.constantFrom(...TELLING_BYTES) },
);

export const value: fc.Arbitrary<string> = fc
  .tuple(byteCount, fc.nat(7))
  .map(([bytes, salt]) => valueMake(bytes, salt));

/** Short enough to be a line, should it be taken for one. */
export const lineValue: fc.Arbitrary<string> = fc
  .tuple(fc.nat(SMALL_BYTES_MAX), fc.nat(7))
  .map(([bytes, salt]) => valueMake(bytes, salt));

export const oversize: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(TOO_MANY_BYTES, TOO_MANY_BYTES + 1), fc.nat(7))
  .map(([bytes, salt]) => valueMake(bytes, salt));

/** What counters hold: digits, within 64 bits. */
export const counterValue: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 200n }),
  fc.constantFrom(
    9n,
    99n,
    2n ** 32n - 1n,
    2n ** 32n,
    10n ** 15n - 1n,
    10n ** 15n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

export const key: fc.Arbitrary<string> = fc.constantFrom(...KEYS);
export const counterKey: fc.Arbitrary<string> = fc.constantFrom(...COUNTER_KEYS);
export const anyKey: fc.Arbitrary<string> = fc.constantFrom(...KEYS, ...COUNTER_KEYS);
