/** An answer that is kept for a moment, so that who asks all the time does not keep the server busy. */
export class Kept<Value> {
  private readonly make: () => Value;
  private readonly msMax: number;
  private value: Value | null = null;
  private madeAtMs = Number.NEGATIVE_INFINITY;

  constructor(msMax: number, make: () => Value) {
    this.msMax = msMax;
    this.make = make;
  }

  get(): Value {
    const nowMs = performance.now();
    if (this.value === null || nowMs - this.madeAtMs > this.msMax) {
      this.value = this.make();
      this.madeAtMs = nowMs;
    }
    return this.value;
  }
}
