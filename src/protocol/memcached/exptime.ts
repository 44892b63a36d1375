/**
 * Expiry times as memcached clients send them.
 * Spec: memcached/memcached doc/protocol.txt, "Expiration times".
 */
import { decimalParseSigned } from '../../base/decimal.ts';

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const RELATIVE_SEC_MAX = 60 * 60 * 24 * 30;
/** A time that has passed: the item is dead as soon as it is stored. */
const LONG_AGO_MS = 1;

/** Bytes of an exptime: sign and ten digits; leading zeros count. */
const EXPTIME_BYTES_MAX = 11;

/** The exptime in bytes[start, end): a signed 32-bit decimal; NaN if anything else is there. */
export function exptimeParse(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > EXPTIME_BYTES_MAX) return Number.NaN;
  const exptime = decimalParseSigned(bytes, start, end);
  return exptime >= INT32_MIN && exptime <= INT32_MAX ? exptime : Number.NaN;
}

/**
 * Turns a wire exptime into the stored clock.
 *   exptime   0 never; negative: already expired; up to 30 days: seconds from now; above: Unix time
 *   returns   Unix milliseconds, or 0 for never
 */
export function exptimeToMs(exptime: number, nowMs: number): number {
  if (exptime === 0) return 0;
  if (exptime < 0) return LONG_AGO_MS;
  if (exptime <= RELATIVE_SEC_MAX) return nowMs + exptime * 1000;
  return exptime * 1000;
}
