/**
 * Zipf sampler: rank r (from 0) is drawn with a weight of 1 / (r + 1)^alpha.
 *
 * The cumulative weights are tabulated once and searched, 8 bytes a rank: exact for every alpha, also
 * below 1, where cache workloads live and where the usual rejection methods do not work.
 */

import { type Random, randomUnit } from './random.ts';

/** Returns a function that draws a rank: 0 ≤ rank < rankCount. */
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
