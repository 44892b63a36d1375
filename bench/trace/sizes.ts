/**
 * Sizes for keys whose trace has none, drawn by a hash of the key, so that a key always has its size.
 *
 *   lognormal:MEDIAN:SIGMA     as real values are: many small ones, few large ones
 *   LOW-HIGH                   evenly spread
 *   SIZE:WEIGHT,SIZE:WEIGHT    some sizes only
 */

import { hashUnit } from '../support/random.ts';

/** Size in bytes for the n-th key. */
export type SizeOf = (keyId: number) => number;

const SALT = { radius: 11, angle: 12, even: 13, choice: 14 } as const;

export function sizesMake(spec: string): SizeOf {
  if (spec.startsWith('lognormal:')) {
    const [, median = Number.NaN, sigma = Number.NaN] = spec.split(':').map(Number);
    numbersCheck(spec, [median, sigma]);
    return (keyId) => Math.max(1, Math.round(median * Math.exp(sigma * normalOf(keyId))));
  }
  const range = /^(\d+)-(\d+)$/.exec(spec);
  if (range !== null) {
    const low = Number(range[1]);
    const high = Number(range[2]);
    return (keyId) => low + Math.floor(hashUnit(keyId, SALT.even) * (high - low + 1));
  }
  return choiceMake(spec, SALT.choice);
}

/** Chooses among `VALUE:WEIGHT,…` by a hash of the key's number. */
export function choiceMake(spec: string, salt: number): (keyId: number) => number {
  const rows = spec.split(',').map((part) => {
    const [value = Number.NaN, weight = 1] = part.split(':').map(Number);
    return { value, weight };
  });
  numbersCheck(
    spec,
    rows.flatMap(({ value, weight }) => [value, weight]),
  );
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  return (keyId) => {
    let point = hashUnit(keyId, salt) * total;
    for (const { value, weight } of rows) {
      point -= weight;
      if (point < 0) return value;
    }
    return rows[rows.length - 1].value;
  };
}

/** A normally distributed number for a key, by the method of Box and Muller. */
function normalOf(keyId: number): number {
  const radius = Math.sqrt(-2 * Math.log(hashUnit(keyId, SALT.radius)));
  return radius * Math.cos(2 * Math.PI * hashUnit(keyId, SALT.angle));
}

function numbersCheck(spec: string, numbers: readonly number[]): void {
  if (!numbers.every(Number.isFinite)) throw new Error(`cannot read ${JSON.stringify(spec)}`);
}
