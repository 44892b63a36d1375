/**
 * Values that know whom they belong to: a reply with another key's value, with bytes out of place or
 * torn between two values, differs from what is expected.
 *
 *   key ┆ '|' ┆ filler, from a phase that depends on the key; cut to the value's size
 */

import { hashInt, randomMake } from '../../src/base/random.ts';

const FILLER_BYTES = 1 << 16;
const PHASE_COUNT = 4096;
const FILLER = fillerMake();

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
  let at = offset + target.write(key, offset, Math.min(key.length, valueBytes), 'latin1');
  if (at < end) target[at++] = 0x7c;
  let phase = hashInt(keyId, 5) % PHASE_COUNT;
  while (at < end) {
    at += FILLER.copy(target, at, phase, Math.min(FILLER_BYTES, phase + end - at));
    phase = 0;
  }
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

/** Printable bytes, so that a value can be read in a dump. */
function fillerMake(): Buffer {
  const random = randomMake(7);
  return Buffer.from(Uint8Array.from({ length: FILLER_BYTES }, () => 0x21 + (random() % 94)));
}
