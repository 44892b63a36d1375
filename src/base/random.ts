/**
 * Seeded randomness: every workload is the same on every run and every machine.
 *
 * The generator is Marsaglia's xorshift128 ("Xorshift RNGs", 2003): four words of state, 32 bits a
 * draw, far better than a load generator needs. The hash is a multiply and shift mixer, for properties
 * that belong to a key (its size, its TTL) rather than to a moment of the run.
 */

/** Draws the next unsigned 32-bit integer. */
export type Random = () => number;

const UINT32_COUNT = 2 ** 32;

/** A generator with its own state; equal seeds give equal sequences. */
export function randomMake(seed: number): Random {
  let a = hashInt(seed, 1);
  let b = hashInt(seed, 2);
  let c = hashInt(seed, 3);
  let d = hashInt(seed, 4) | 1; // the state must not be all zero
  return () => {
    const t = a ^ (a << 11);
    a = b;
    b = c;
    c = d;
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8);
    return d >>> 0;
  };
}

/** The next draw as a fraction: 0 ≤ x < 1. */
export function randomUnit(random: Random): number {
  return random() / UINT32_COUNT;
}

/** The next draw as an integer: 0 ≤ x < count. */
export function randomBelow(random: Random, count: number): number {
  return Math.floor((random() / UINT32_COUNT) * count);
}

/** A fixed unsigned 32-bit number for an integer and a salt. */
export function hashInt(value: number, salt: number): number {
  let h = (Math.imul(value ^ (value / UINT32_COUNT), 0x9e3779b1) + Math.imul(salt, 0x85ebca77)) | 0;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A fixed fraction for an integer and a salt: 0 < x < 1. */
export function hashUnit(value: number, salt: number): number {
  return (hashInt(value, salt) + 0.5) / UINT32_COUNT;
}
