/** Requests of memcached's text protocol whose values tell whom they belong to, for keys of any name. */
import { fillerWrite } from '../../src/load/value-bytes.ts';

/** Bytes of a request beyond its key and value, at most. */
export const SET_LINE_BYTES_MAX = 64;

/**
 * Writes a key's value.
 *   keyId     the number that the key was made from
 *   returns   offset just past the value
 */
export function valueWrite(
  target: Buffer,
  offset: number,
  key: string,
  keyId: number,
  valueBytes: number,
): number {
  const end = offset + valueBytes;
  const at = offset + target.write(key, offset, Math.min(key.length, valueBytes), 'latin1');
  fillerWrite(target, at, end, keyId);
  return end;
}

/** Writes a set request with the key's value; returns the offset just past it. */
export function setWrite(
  target: Buffer,
  offset: number,
  key: string,
  keyId: number,
  valueBytes: number,
  ttlSec = 0,
): number {
  let at = offset + target.write(`set ${key} 0 ${ttlSec} ${valueBytes}\r\n`, offset, 'latin1');
  at = valueWrite(target, at, key, keyId, valueBytes);
  return at + target.write('\r\n', at, 'latin1');
}
