/** Requests to another thread, each with who waits for its outcome. */
import { assert } from '../base/assert.ts';

export type Done<Failure> = (failure: Failure | null) => void;

export class Requests<Failure> {
  private readonly waiting = new Map<number, Done<Failure>>();
  private lastId = 0;

  /** Notes who waits; returns what the request is to be called. */
  begin(done: Done<Failure>): number {
    this.lastId++;
    this.waiting.set(this.lastId, done);
    return this.lastId;
  }

  finish(id: number, failure: Failure | null): void {
    const done = this.waiting.get(id);
    assert(done !== undefined, 'only what was asked is answered');
    this.waiting.delete(id);
    done(failure);
  }
}
