/**
 * Seeded workloads. Popularity follows Zipf's law over a fixed set of objects; what a row adds is what
 * caches find hard: objects asked for once, scans that wash a cache out, values that expire.
 */

import { hashInt, randomMake, randomUnit } from '../support/random.ts';
import { zipfMake } from '../support/zipf.ts';
import { choiceMake, sizesMake } from './sizes.ts';
import { type Trace, traceBuilderMake } from './trace.ts';

interface Workload {
  readonly objectCount: number;
  readonly alpha: number;
  /** Share of requests for objects asked for once. */
  readonly oneHitShare: number;
  /** Requests between scans, and keys a scan walks over; keys come back after `scanSpan`. */
  readonly scanEvery: number;
  readonly scanLength: number;
  readonly scanSpan: number;
  /** `SECONDS:WEIGHT,…`, 0 for never; and the pace they are meant for. */
  readonly ttls: string;
  readonly ratePerSec: number;
}

const PLAIN: Workload = {
  objectCount: 400_000,
  alpha: 0.9,
  oneHitShare: 0,
  scanEvery: 0,
  scanLength: 0,
  scanSpan: 0,
  ttls: '0:1',
  ratePerSec: 0,
};

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  zipf: PLAIN,
  'one-hit': { ...PLAIN, oneHitShare: 0.25 },
  scan: { ...PLAIN, scanEvery: 100_000, scanLength: 50_000, scanSpan: 1_000_000 },
  ttl: { ...PLAIN, ttls: '1:0.3,3:0.3,60:0.2,0:0.2', ratePerSec: 60_000 },
};

const SALT_TTL = 21;

/** What may be set from outside. */
export interface SyntheticPlan {
  readonly requestCount: number;
  readonly seed: number;
  readonly sizes: string;
  readonly sizeBytesMax: number;
  readonly objectCount: number | null;
  readonly alpha: number | null;
}

/** Makes the trace of a workload in `WORKLOADS`. */
export function syntheticMake(name: string, plan: SyntheticPlan): Trace {
  const preset = WORKLOADS[name];
  if (preset === undefined) {
    throw new Error(`no workload ${name}; there are ${Object.keys(WORKLOADS).join(', ')}`);
  }
  const alpha = plan.alpha ?? preset.alpha;
  const objectCount = plan.objectCount ?? preset.objectCount;
  const random = randomMake(plan.seed);
  const rankDraw = zipfMake(objectCount, alpha, random);
  const sizeOf = sizesMake(plan.sizes);
  const ttlOf = choiceMake(preset.ttls, SALT_TTL);
  const builder = traceBuilderMake(plan.sizeBytesMax);
  const add = (kind: string, n: number): void => {
    const id = hashInt(n, plan.seed + kind.length);
    builder.add(`${kind}:${String(n).padStart(9, '0')}`, sizeOf(id), ttlOf(id));
  };
  let onceCount = 0;
  let scanned = 0;
  let scanLeft = 0;
  let calmLeft = preset.scanEvery;
  while (builder.requestCount < plan.requestCount) {
    if (scanLeft > 0) {
      scanLeft--;
      add('scan', scanned++ % preset.scanSpan);
    } else if (preset.oneHitShare > 0 && randomUnit(random) < preset.oneHitShare) {
      add('once', onceCount++);
    } else {
      add('object', rankDraw());
    }
    if (preset.scanEvery > 0 && scanLeft === 0 && calmLeft-- === 0) {
      scanLeft = preset.scanLength;
      calmLeft = preset.scanEvery;
    }
  }
  return builder.build(name, preset.ratePerSec);
}
