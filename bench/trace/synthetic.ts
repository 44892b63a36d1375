/**
 * Seeded workloads. Popularity follows Zipf's law over a fixed set of objects; what a row adds is what
 * caches find hard: objects asked for once, scans that wash a cache out, values that expire.
 */

import { type Random, randomMake, randomUnit } from '../../src/base/random.ts';
import { propertyMake, SALT } from './property.ts';
import { type Trace, TraceBuilder } from './trace.ts';

const PLAIN = {
  /** Share of requests for objects asked for once. */
  oneHitShare: 0,
  /** Requests after which a scan ends and all starts again; 0: there are no scans. */
  scanEvery: 0,
  /** `SECONDS:WEIGHT,…`, 0 for never; and the pace they are meant for, requests a second. */
  ttls: '0:1',
  ratePerSec: 0,
};

export const WORKLOADS: Readonly<Record<string, typeof PLAIN>> = {
  zipf: PLAIN,
  'one-hit': { ...PLAIN, oneHitShare: 0.25 },
  scan: { ...PLAIN, scanEvery: 150_000 },
  ttl: { ...PLAIN, ttls: '1:0.3,3:0.3,60:0.2,0:0.2', ratePerSec: 60_000 },
};

const OBJECT_COUNT = 400_000;
const ZIPF_ALPHA = 0.9;
/** Keys that a scan walks over, and those that all scans walk over before they come back. */
const SCAN_LENGTH = 50_000;
const SCAN_SPAN = 1_000_000;

/** Makes the trace of a workload in `WORKLOADS`; `sizes` as in property.ts. */
export function syntheticMake(
  name: string,
  requestCount: number,
  seed: number,
  sizes: string,
): Trace {
  const workload = WORKLOADS[name];
  if (workload === undefined) {
    throw new Error(`no workload ${name}; there are ${Object.keys(WORKLOADS).join(', ')}`);
  }
  const random = randomMake(seed);
  const rankDraw = zipfMake(OBJECT_COUNT, ZIPF_ALPHA, random);
  const builder = new TraceBuilder(propertyMake(sizes, SALT.size));
  let onceCount = 0;
  let scanned = 0;
  while (builder.requestCount < requestCount) {
    const sinceScan = builder.requestCount % workload.scanEvery; // NaN without scans
    if (sinceScan === workload.scanEvery - SCAN_LENGTH) {
      for (let left = SCAN_LENGTH; left > 0 && builder.requestCount < requestCount; left--) {
        builder.add(`scan:${scanned++ % SCAN_SPAN}`);
      }
    } else if (randomUnit(random) < workload.oneHitShare) {
      builder.add(`once:${onceCount++}`);
    } else {
      builder.add(`object:${rankDraw()}`);
    }
  }
  return builder.build(name, propertyMake(workload.ttls, SALT.ttl), workload.ratePerSec);
}

/**
 * Returns a function that draws a rank, 0 ≤ rank < rankCount, with a weight of 1 / (rank + 1)^alpha.
 *
 * The cumulative weights are tabulated once and searched, 8 bytes a rank: exact for every alpha, also
 * below 1, where cache workloads live and where the usual rejection methods do not work.
 */
export function zipfMake(rankCount: number, alpha: number, random: Random): () => number {
  const cumulative = new Float64Array(rankCount);
  let total = 0;
  for (let rank = 0; rank < rankCount; rank++) {
    total += (rank + 1) ** -alpha;
    cumulative[rank] = total;
  }
  return () => {
    const point = randomUnit(random) * total;
    let low = 0;
    let high = rankCount - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle] > point) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
