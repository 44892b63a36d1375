/**
 * A trace: which key is asked for, one after the other. A key has one size and one TTL throughout.
 *
 *   requests   [ 0  1  0  2  1 … ]          key ids, in the order asked
 *   keys       [ 'a', 'b', 'c' … ]          names
 *   sizes      [ 100, 2000, 17 … ]          bytes of the values
 *   ttlsSec    [ 0, 60, 0 … ]               0: never expires
 */

export interface Trace {
  readonly name: string;
  readonly requests: Uint32Array;
  readonly keys: readonly string[];
  readonly sizes: Uint32Array;
  readonly ttlsSec: Uint32Array;
  /** Pace that its TTLs are meant for; 0: as fast as it goes. */
  readonly ratePerSec: number;
}

/** Collects a trace request by request. */
export interface TraceBuilder {
  readonly requestCount: number;
  /** Adds a request; `sizeBytes` and `ttlSec` count when the key is new. */
  add(key: string, sizeBytes: number, ttlSec: number): void;
  build(name: string, ratePerSec: number): Trace;
}

export interface TraceSummary {
  readonly requestCount: number;
  readonly keyCount: number;
  readonly footprintBytes: number;
  /** What a cache without a limit would reach. */
  readonly hitRatioMax: number;
}

const REQUESTS_CHUNK = 1 << 16;

/** A builder; sizes are kept within 1 and `sizeBytesMax`. */
export function traceBuilderMake(sizeBytesMax: number): TraceBuilder {
  const ids = new Map<string, number>();
  const sizes: number[] = [];
  const ttlsSec: number[] = [];
  let requests = new Uint32Array(REQUESTS_CHUNK);
  let requestCount = 0;
  return {
    get requestCount() {
      return requestCount;
    },
    add: (key, sizeBytes, ttlSec) => {
      let id = ids.get(key);
      if (id === undefined) {
        id = ids.size;
        ids.set(key, id);
        sizes.push(Math.max(1, Math.min(sizeBytesMax, Math.floor(sizeBytes))));
        ttlsSec.push(ttlSec);
      }
      if (requestCount === requests.length) {
        const grown = new Uint32Array(requests.length * 2);
        grown.set(requests);
        requests = grown;
      }
      requests[requestCount++] = id;
    },
    build: (name, ratePerSec) => ({
      name,
      requests: requests.subarray(0, requestCount),
      keys: [...ids.keys()],
      sizes: Uint32Array.from(sizes),
      ttlsSec: Uint32Array.from(ttlsSec),
      ratePerSec,
    }),
  };
}

export function traceSummary(trace: Trace): TraceSummary {
  const requestCount = trace.requests.length;
  const keyCount = trace.keys.length;
  const footprintBytes = trace.sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  return { requestCount, keyCount, footprintBytes, hitRatioMax: 1 - keyCount / requestCount };
}
