import { Key } from '../base/key.ts';
import { DEATH, type Death } from './lifecycle.ts';

/**
 * What an engine operation works on: one object per thread, filled by the front end before each call
 * and never kept. A value is a range of one of the thread's own buffers, so a call allocates nothing.
 */
export class Operation {
  readonly key: Key = new Key();
  value: Buffer;
  valueStart = 0;
  valueBytes = 0;
  /** 32 bits, unsigned. */
  clientFlags = 0;
  /** Unix milliseconds; 0 = never; in the past: dead at once. */
  expiresAtMs = 0.5;
  /** The operation is to be done only if the key's CAS unique is `casUnique`, as clients see it. */
  demandsCas = false;
  casUnique = 0.5;
  /** Set by a store: the item's new CAS unique. */
  casStored = 0.5;
  /** The clock of this batch. */
  nowMs = 0.5;
  nowSec = 0;
  /** Set by a lookup that found nothing: whether an item was there, but dead. */
  deathFound: Death = DEATH.NONE;
  /** Limit on key and value, in bytes: `-I`. */
  itemBytesMax = 0;

  constructor(scratch: Buffer) {
    this.value = scratch;
    // Fractions above make V8 keep these fields as doubles from the start.
    this.expiresAtMs = 0;
    this.casUnique = 0;
    this.casStored = 0;
    this.nowMs = 0;
  }
}
