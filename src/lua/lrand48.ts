/**
 * The numbers of math.random: a 48-bit linear congruential generator, as drand48 has it, so that a seed gives
 * the same numbers as on a Redis.
 *
 *   next = (state * 0x5DEECE66D + 0xB) mod 2^48;  the upper 31 bits of it are the number
 *
 * Spec: POSIX, drand48.
 */

const MULTIPLIER_HIGH = 0x5de;
const MULTIPLIER_LOW = 0xece66d;
const ADDEND = 0xb;
const HALF = 2 ** 24;
const SEED_LOW = 0x330e;

/** The state in two halves of 24 bits, whose products a double holds exactly. */
export class Lrand48 {
  private high = 0x1234ab;
  private low = 0xcd330e;

  seed(value: number): void {
    const bits = value >>> 0;
    this.high = bits >>> 8;
    this.low = ((bits & 0xff) << 16) | SEED_LOW;
  }

  /** The next number, below 2^31. */
  next(): number {
    const low = this.low * MULTIPLIER_LOW + ADDEND;
    const carried = Math.floor(low / HALF);
    const high = this.low * MULTIPLIER_HIGH + this.high * MULTIPLIER_LOW + carried;
    this.low = low % HALF;
    this.high = high % HALF;
    return Math.floor((this.high * HALF + this.low) / 2 ** 17);
  }
}
