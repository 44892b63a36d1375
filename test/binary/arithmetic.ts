/** INCREMENT and DECREMENT: initial values, unsigned 64 bits and their bounds. */
import { casNamed } from '../support/binary-packet.ts';
import { transcript } from '../transcripts/transcript.ts';
import { count, counted, fault, get, hit, pattern, SILENCE, set, stored } from './notation.ts';

const UINT64_MAX = 2n ** 64n - 1n;
const PAST_SEC = 1_000_000_000;
const OTHER_CAS = 0x7fff_ffff_ffffn;
/** Around 32, 53, 63 and 64 bits, and where decimals get a digit more. */
const EDGES = [
  0n,
  9n,
  10n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  999_999_999_999_999n,
  10n ** 15n,
  2n ** 49n - 1n,
  2n ** 49n,
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  10n ** 19n,
  UINT64_MAX,
];

export const arithmetic = [
  transcript('a missing counter gets its initial value', [
    [count('INCREMENT', 'n', 5n, { initial: 100n, exptime: 0 }), counted('INCREMENT', 100n)],
    [count('INCREMENT', 'n', 5n, { initial: 100n, exptime: 0 }), counted('INCREMENT', 105n)],
    [count('DECREMENT', 'm', 5n, { initial: 7n, exptime: 0 }), counted('DECREMENT', 7n)],
    [count('DECREMENT', 'm', 5n, { initial: 7n, exptime: 0 }), counted('DECREMENT', 2n)],
    [get('n'), hit('GET', '105')],
    [get('m'), hit('GET', '2')],
  ]),
  transcript('with exptime 0xffffffff a missing counter is not created', [
    [count('INCREMENT', 'n', 1n), fault('INCREMENT', 'MISSING')],
    [count('DECREMENT', 'n', 1n), fault('DECREMENT', 'MISSING')],
    [count('INCREMENTQ', 'n', 1n), fault('INCREMENTQ', 'MISSING')],
    [get('n'), fault('GET', 'MISSING')],
  ]),
  transcript('a counter is created with its exptime; counting leaves it alone', [
    [count('INCREMENT', 'n', 1n, { initial: 3n, exptime: PAST_SEC }), counted('INCREMENT', 3n)],
    [get('n'), fault('GET', 'MISSING')],
    [set('n', '3'), stored()],
    [count('INCREMENT', 'n', 1n, { exptime: PAST_SEC }), counted('INCREMENT', 4n)],
    [get('n'), hit('GET', '4')],
  ]),
  ...EDGES.map((edge) =>
    transcript(`around ${edge}`, [
      [count('INCREMENT', 'n', 0n, { initial: edge, exptime: 0 }), counted('INCREMENT', edge)],
      [count('INCREMENT', 'n', 0n), counted('INCREMENT', edge)],
      [count('INCREMENT', 'n', 1n), counted('INCREMENT', (edge + 1n) & UINT64_MAX)],
      [set('n', `${edge}`), stored()],
      [count('DECREMENT', 'n', 1n), counted('DECREMENT', edge === 0n ? 0n : edge - 1n)],
      [set('n', '1'), stored()],
      [count('INCREMENT', 'n', edge), counted('INCREMENT', (edge + 1n) & UINT64_MAX)],
      [set('n', `${UINT64_MAX}`), stored()],
      [count('DECREMENT', 'n', edge), counted('DECREMENT', UINT64_MAX - edge)],
      [count('DECREMENT', 'n', UINT64_MAX), counted('DECREMENT', 0n)],
    ]),
  ),
  transcript('increment wraps, decrement stops at zero', [
    [set('n', `${UINT64_MAX}`), stored()],
    [count('INCREMENT', 'n', 11n), counted('INCREMENT', 10n)],
    [count('DECREMENT', 'n', 11n), counted('DECREMENT', 0n)],
    [count('DECREMENT', 'n', 1n), counted('DECREMENT', 0n)],
  ]),
  transcript('flags stay, and decrement pads', [
    [set('n', '100', { flags: 6 }), stored()],
    [count('DECREMENT', 'n', 1n), counted('DECREMENT', 99n)],
    [get('n'), hit('GET', '99 ', { flags: 6 })],
  ]),
  transcript('a value that is no number', [
    [set('n', 'abc'), stored()],
    [count('INCREMENT', 'n', 1n), fault('INCREMENT', 'NOT_NUMERIC')],
    [count('DECREMENTQ', 'n', 1n), fault('DECREMENTQ', 'NOT_NUMERIC')],
    [count('INCREMENT', 'n', 1n, { initial: 1n, exptime: 0 }), fault('INCREMENT', 'NOT_NUMERIC')],
    [set('n', ''), stored()],
    [count('INCREMENT', 'n', 1n), fault('INCREMENT', 'NOT_NUMERIC')],
    [set('n', '-1'), stored()],
    [count('INCREMENT', 'n', 1n), fault('INCREMENT', 'NOT_NUMERIC')],
    [set('n', '18446744073709551616'), stored()],
    [count('INCREMENT', 'n', 1n), fault('INCREMENT', 'NOT_NUMERIC')],
    [set('n', pattern(100_000)), stored()],
    [count('INCREMENT', 'n', 1n), fault('INCREMENT', 'NOT_NUMERIC')],
  ]),
  transcript('a CAS unique makes both conditional', [
    [set('n', '10'), stored('SET', casNamed('first'))],
    [count('INCREMENT', 'n', 1n, { cas: OTHER_CAS }), fault('INCREMENT', 'EXISTS')],
    [count('INCREMENT', 'n', 1n, { cas: '{first}' }), counted('INCREMENT', 11n, casNamed('next'))],
    [count('DECREMENT', 'n', 1n, { cas: '{first}' }), fault('DECREMENT', 'EXISTS')],
    [count('DECREMENTQ', 'n', 1n, { cas: '{first}' }), fault('DECREMENTQ', 'EXISTS')],
    [count('DECREMENT', 'n', 1n, { cas: '{next}' }), counted('DECREMENT', 10n, casNamed('last'))],
    [get('n'), hit('GET', '10', { cas: '{last}' })],
  ]),
  transcript('a missing counter is created whatever the CAS unique', [
    [count('INCREMENT', 'n', 1n, { initial: 8n, exptime: 0, cas: 5n }), counted('INCREMENT', 8n)],
    [get('n'), hit('GET', '8')],
  ]),
  transcript('quiet forms', [
    [count('INCREMENTQ', 'n', 1n, { initial: 50n, exptime: 0 }), SILENCE],
    [count('INCREMENTQ', 'n', 5n), SILENCE],
    [count('DECREMENTQ', 'n', 2n), SILENCE],
    [get('n'), hit('GET', '53')],
  ]),
];
