/**
 * Looking at some of many: so few that it costs next to nothing, however many there are, and all while they are
 * few. Who samples counts down, and looks when 0 is reached:
 *
 *     if (--sampling.left === 0) { …; sampling.next(); }
 *
 * What was looked at stands for `weight` of them. Distances are drawn, 1 … 2 × interval - 1, so that what repeats
 * itself in step is not met at one place always. The interval follows the traffic: of a window's about
 * SAMPLES_WANTED are looked at, and SAMPLES_MAX at most. In a window that has more than the one before it, the
 * interval doubles; a sample's weight is the interval that it was drawn by, so what weights add up to stays right.
 */

export const WINDOW_MS = 100;
/** In a window: 4,000 a second. */
export const SAMPLES_MAX = 400;
const SAMPLES_WANTED = 256;
/** Samples after which the interval doubles: in the first window, of which nothing is known, and in any. */
const SAMPLES_PER_STEP = 32;
/** Farther than a window reaches. */
const NEVER = 2 ** 30;

export class Sampling {
  /** How many more until the next sample. */
  left = NEVER;
  /** What it will stand for. */
  weight = 1;
  private interval = 1;
  /** The distance that was drawn last; and those of the window before it, together. */
  private drawn = NEVER;
  private passed = 0;
  private taken = 0;
  /** The sample of the window at which the interval doubles. */
  private doublesAt = 0;
  private windowStartMs = 0.5;
  private random = 0x2545f491;

  /** Begins, or begins anew. */
  begin(nowMs: number): void {
    this.windowBegin(nowMs, 1, SAMPLES_PER_STEP);
  }

  /** To be asked at every turn of whoever samples. */
  clock(nowMs: number): void {
    const ms = nowMs - this.windowStartMs;
    if (ms >= 0 && ms < WINDOW_MS) return;
    this.turn(nowMs, ms);
  }

  /** A sample was taken. */
  next(): void {
    this.taken++;
    this.passed += this.drawn;
    if (this.taken === SAMPLES_MAX) {
      this.drawn = NEVER;
      this.left = NEVER;
      return;
    }
    if (this.taken === this.doublesAt) {
      this.interval *= 2;
      this.doublesAt += SAMPLES_PER_STEP;
    }
    this.draw();
  }

  private turn(nowMs: number, ms: number): void {
    // Without traffic the window was a long one; and a clock may be set back.
    const passed = this.passed + this.drawn - this.left;
    const perWindow = ms < 0 ? passed : (passed * WINDOW_MS) / ms;
    const interval = Math.max(1, Math.ceil(perWindow / SAMPLES_WANTED)) | 0;
    this.windowBegin(nowMs, interval, SAMPLES_WANTED + SAMPLES_PER_STEP);
  }

  private windowBegin(nowMs: number, interval: number, doublesAt: number): void {
    this.windowStartMs = nowMs;
    this.interval = interval;
    this.doublesAt = doublesAt;
    this.passed = 0;
    this.taken = 0;
    this.draw();
  }

  private draw(): void {
    let bits = this.random; // xorshift: Marsaglia, 2003
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    this.random = bits;
    this.weight = this.interval;
    this.drawn = 1 + ((bits >>> 1) % (2 * this.interval - 1));
    this.left = this.drawn;
  }
}
