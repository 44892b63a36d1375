/** What the tests use of redlock 4, which has no types of its own. */
declare module 'redlock' {
  import type { EventEmitter } from 'node:events';

  interface Lock {
    readonly value: string;
    readonly expiration: number;
    extend(ttlMs: number): Promise<Lock>;
    unlock(): Promise<void>;
  }
  interface Options {
    driftFactor?: number;
    retryCount?: number;
    retryDelay?: number;
    retryJitter?: number;
  }
  class Redlock extends EventEmitter {
    constructor(clients: readonly object[], options?: Options);
    lock(resource: string | readonly string[], ttlMs: number): Promise<Lock>;
  }
  export = Redlock;
}
