import { Key } from '../base/key.ts';
import { Uint64, uint64Copy } from '../base/uint64.ts';
import { EXTRA_CAS } from '../memory/item.ts';
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
  /** The operation is to be done only if the key's CAS unique, as clients see it, is `casUnique`. */
  demandsCas = false;
  readonly casUnique = new Uint64();
  /** A store goes on with a demanded CAS unique that is too low: the new value is stale then. */
  storesStale = false;
  /** An append or prepend stores its value if the key is missing. */
  createsMissing = false;
  /**
   * EXTRA and MARK bits (memory/item.ts) that a store gives the item besides the fields that
   * clientFlags and expiresAtMs call for: EXTRA_CAS, with `casGiven`; MARK_BINARY_KEY; MARK_STALE.
   */
  extras = 0;
  readonly casGiven = new Uint64();
  /** Set by a store: the item's new CAS unique, unless it was given: see casStoredTake. */
  casStored = 0.5;
  /** Set by comparing CAS uniques: the one that the key has. */
  readonly casFound = new Uint64();
  /** Set by an append or prepend to a value: bytes of the whole. */
  joinedBytes = 0;
  /** The clock of this batch. */
  nowMs = 0.5;
  nowSec = 0;
  /** Set by a lookup that found nothing: whether an item was there, but dead. */
  deathFound: Death = DEATH.NONE;
  /** Lookups that found something, and that did not, since the front end set these to 0. */
  found = 0;
  missed = 0;
  /** What a lookup finds dead it leaves where it is. Nothing is stored meanwhile. */
  sparesDead = false;
  /** Reads leave no trace: the items do not count as used. */
  isTraceless = false;
  /** Limit on key and value, in bytes: `-I`. */
  itemBytesMax = 0;

  constructor(scratch: Buffer) {
    this.value = scratch;
    // Fractions above make V8 keep these fields as doubles from the start.
    this.expiresAtMs = 0;
    this.casStored = 0;
    this.nowMs = 0;
  }
}

/** Starts filling: nothing is demanded, and nothing given, that a plain operation has not. */
export function termsClear(op: Operation): void {
  op.demandsCas = false;
  op.storesStale = false;
  op.createsMissing = false;
  op.extras = 0;
  op.joinedBytes = 0;
}

/** Makes the operation conditional: the key's CAS unique, as clients see it, must be this. */
export function casDemand(op: Operation, unique: Uint64): void {
  op.demandsCas = true;
  uint64Copy(op.casUnique, unique);
}

/** Gives the item that is stored a CAS unique of the client's choice. */
export function casGive(op: Operation, unique: Uint64): void {
  op.extras |= EXTRA_CAS;
  uint64Copy(op.casGiven, unique);
}

/** What makes a store other than plain, kept while its value comes in pieces. */
export class StoreTerms {
  readonly demandsCas: boolean;
  readonly casUnique = new Uint64();
  readonly storesStale: boolean;
  readonly createsMissing: boolean;
  readonly extras: number;
  readonly casGiven = new Uint64();

  constructor(op: Operation) {
    this.demandsCas = op.demandsCas;
    uint64Copy(this.casUnique, op.casUnique);
    this.storesStale = op.storesStale;
    this.createsMissing = op.createsMissing;
    this.extras = op.extras;
    uint64Copy(this.casGiven, op.casGiven);
  }
}

export function termsRestore(op: Operation, terms: StoreTerms): void {
  op.demandsCas = terms.demandsCas;
  uint64Copy(op.casUnique, terms.casUnique);
  op.storesStale = terms.storesStale;
  op.createsMissing = terms.createsMissing;
  op.extras = terms.extras;
  op.joinedBytes = 0;
  uint64Copy(op.casGiven, terms.casGiven);
}
