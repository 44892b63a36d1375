/**
 * The most frequent of more things than one can keep counts of. There are so many counters; what is met
 * without one takes over the smallest, and its count, as what it may be wrong by:
 *
 *   key      count     error
 *   ────────────────────────         'x', which has no counter, is met:
 *   a           90         0
 *   b           41         3         the smallest counter, d's, becomes x's: count 13, error 12
 *   c           17        11
 *   d           12        10
 *
 * So a count is never too low, and too high by its error at most; no error is greater than all that was counted
 * divided by the number of counters; and whatever makes up a greater part than that has a counter.
 *
 * The counters are a heap by their counts, the smallest on top.
 *
 * Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams"
 * (ICDT 2005). There all things weigh 1.
 */
import { assert } from '../base/assert.ts';

export type Counted<T> = {
  readonly value: T;
  readonly count: number;
  readonly countError: number;
};

class Counter<T> {
  name: string;
  value: T;
  count: number;
  countError: number;
  /** Where it is in the heap. */
  at: number;

  constructor(name: string, value: T, count: number, at: number) {
    this.name = name;
    this.value = value;
    this.count = count;
    this.countError = 0;
    this.at = at;
  }
}

export class SpaceSaving<T> {
  private readonly counterCountMax: number;
  private readonly counters = new Map<string, Counter<T>>();
  private readonly heap: Counter<T>[] = [];
  /** All that was counted. */
  total = 0;

  constructor(counterCountMax: number) {
    assert(counterCountMax > 0, 'there is a counter to take over');
    this.counterCountMax = counterCountMax;
  }

  /** Counts what has that name. `make` gives what stands for it, when it is given a counter. */
  add(name: string, weight: number, make: () => T): void {
    this.total += weight;
    let counter = this.counters.get(name);
    if (counter === undefined) {
      counter = this.counterFor(name, make());
      this.counters.set(name, counter);
    }
    counter.count += weight;
    this.sink(counter);
  }

  /** The counts, the greatest first. */
  top(count: number): readonly Counted<T>[] {
    return [...this.heap].sort((a, b) => b.count - a.count).slice(0, count);
  }

  /** A new counter, or the smallest. */
  private counterFor(name: string, value: T): Counter<T> {
    const { heap } = this;
    if (heap.length < this.counterCountMax) {
      // A count of 0 is the smallest, so its place is on top; the one that was there finds another.
      const counter = new Counter(name, value, 0, heap.length);
      heap.push(counter);
      this.rise(counter);
      return counter;
    }
    const [smallest] = heap;
    this.counters.delete(smallest.name);
    smallest.name = name;
    smallest.value = value;
    smallest.countError = smallest.count;
    return smallest;
  }

  private rise(counter: Counter<T>): void {
    const { heap } = this;
    while (counter.at > 0) {
      const parent = heap[(counter.at - 1) >> 1];
      if (parent.count <= counter.count) return;
      this.swap(counter, parent);
    }
  }

  private sink(counter: Counter<T>): void {
    const { heap } = this;
    for (;;) {
      const left = 2 * counter.at + 1;
      if (left >= heap.length) return;
      const right = Math.min(left + 1, heap.length - 1);
      const child = heap[right].count < heap[left].count ? heap[right] : heap[left];
      if (child.count >= counter.count) return;
      this.swap(counter, child);
    }
  }

  private swap(a: Counter<T>, b: Counter<T>): void {
    const { at } = a;
    a.at = b.at;
    b.at = at;
    this.heap[a.at] = a;
    this.heap[b.at] = b;
  }
}
