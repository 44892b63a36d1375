/**
 * Expiry times as memcached clients send them.
 * Spec: memcached/memcached doc/protocol.txt, "Expiration times".
 */

const RELATIVE_SEC_MAX = 60 * 60 * 24 * 30;
/** A time that has passed: the item is dead as soon as it is stored. */
const LONG_AGO_MS = 1;

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
