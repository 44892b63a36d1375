/**
 * Values that know whom they belong to: a reply with another key's value, with bytes out of place or
 * torn between two values, differs from what is expected.
 *
 *   key ┆ '|' ┆ filler, from a phase that depends on the key; cut to the value's size
 */
import { hashInt, randomMake } from '../base/random.ts';

const FILLER_BYTES = 1 << 16;
const PHASE_COUNT = 4096;
const FILLER = fillerMake();
const BAR = 0x7c;

/** Writes what follows the key, up to `end`. */
export function fillerWrite(target: Buffer, at: number, end: number, keyId: number): void {
  if (at >= end) return;
  target[at++] = BAR;
  let phase = hashInt(keyId, 5) % PHASE_COUNT;
  while (at < end) {
    at += FILLER.copy(target, at, phase, Math.min(FILLER_BYTES, phase + end - at));
    phase = 0;
  }
}

/** Printable bytes, so that a value can be read in a dump. */
function fillerMake(): Buffer {
  const random = randomMake(7);
  return Buffer.from(Uint8Array.from({ length: FILLER_BYTES }, () => 0x21 + (random() % 94)));
}
