/** A place among the threads, whose worker may die and be followed by another. */
import type { Worker } from 'node:worker_threads';

/** A thread and how often it died lately. */
export class Seat {
  readonly name: string;
  readonly owner: number;
  /** Number among the data threads. */
  readonly index: number;
  worker: Worker | null = null;
  deaths = 0;
  diedAtMs = 0;

  constructor(name: string, owner: number, index: number) {
    this.name = name;
    this.owner = owner;
    this.index = index;
  }
}
