/**
 * A trace: which key is asked for, one after the other. A key has one size and one TTL throughout.
 *
 *   requests   [ 0  1  0  2  1 … ]          key ids, in the order asked
 *   keys       [ 'a', 'b', 'c' … ]          names
 *   sizes      [ 100, 2000, 17 … ]          bytes of the values
 *   ttlsSec    [ 0, 60, 0 … ]               0: never expires
 */

import type { PropertyOf } from './property.ts';

export interface Trace {
  readonly name: string;
  readonly requests: Uint32Array;
  readonly keys: readonly string[];
  readonly sizes: Uint32Array;
  readonly ttlsSec: Uint32Array;
  /** Pace that its TTLs are meant for; 0: as fast as it goes. */
  readonly ratePerSec: number;
}

/** Larger values are cut to this: half of what servers take by default. */
const VALUE_BYTES_MAX = 512 * 1024;
const REQUESTS_CHUNK = 1 << 16;

/** Collects a trace request by request. */
export class TraceBuilder {
  requestCount = 0;
  private readonly ids = new Map<string, number>();
  private readonly sizes: number[] = [];
  private readonly sizeOf: PropertyOf;
  private requests = new Uint32Array(REQUESTS_CHUNK);

  constructor(sizeOf: PropertyOf) {
    this.sizeOf = sizeOf;
  }

  /** Adds a request. The size counts when the key is new; without one the key gets its own. */
  add(key: string, sizeBytes?: number): void {
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(key, id);
      const wanted = Math.floor(sizeBytes ?? this.sizeOf(id));
      this.sizes.push(Math.max(1, Math.min(VALUE_BYTES_MAX, wanted)));
    }
    if (this.requestCount === this.requests.length) {
      const grown = new Uint32Array(this.requests.length * 2);
      grown.set(this.requests);
      this.requests = grown;
    }
    this.requests[this.requestCount++] = id;
  }

  build(name: string, ttlOf: PropertyOf = () => 0, ratePerSec = 0): Trace {
    return {
      name,
      requests: this.requests.subarray(0, this.requestCount),
      keys: [...this.ids.keys()],
      sizes: Uint32Array.from(this.sizes),
      ttlsSec: Uint32Array.from(this.sizes, (_, id) => ttlOf(id)),
      ratePerSec,
    };
  }
}
