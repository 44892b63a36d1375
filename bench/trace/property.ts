/**
 * Properties of keys, drawn by a hash of a key's number, so that a key always has the same.
 *
 *   lognormal:MEDIAN:SIGMA       as real sizes are: many small ones, few large ones
 *   VALUE:WEIGHT,VALUE:WEIGHT    some values only
 */

import { hashUnit } from '../../src/base/random.ts';

/** The property of the n-th key. */
export type PropertyOf = (keyId: number) => number;

/** Salts of two hashes for each property, so that properties do not depend on one another. */
export const SALT = { size: 11, ttl: 21 } as const;

export function propertyMake(spec: string, salt: number): PropertyOf {
  if (!spec.startsWith('lognormal:')) return choiceMake(spec, salt);
  const [, median = Number.NaN, sigma = Number.NaN] = spec.split(':').map(Number);
  numbersCheck(spec, [median, sigma]);
  return (keyId) => Math.round(median * Math.exp(sigma * normalOf(keyId, salt)));
}

function choiceMake(spec: string, salt: number): PropertyOf {
  const rows = spec.split(',').map((part) => part.split(':').map(Number));
  for (const [value = Number.NaN, weight = Number.NaN] of rows) numbersCheck(spec, [value, weight]);
  const total = rows.reduce((sum, [, weight]) => sum + weight, 0);
  return (keyId) => {
    let point = hashUnit(keyId, salt) * total;
    for (const [value, weight] of rows) {
      point -= weight;
      if (point < 0) return value;
    }
    return rows[rows.length - 1][0];
  };
}

/** A normally distributed number for a key, by the method of Box and Muller. */
function normalOf(keyId: number, salt: number): number {
  const radius = Math.sqrt(-2 * Math.log(hashUnit(keyId, salt)));
  return radius * Math.cos(2 * Math.PI * hashUnit(keyId, salt + 1));
}

function numbersCheck(spec: string, numbers: readonly number[]): void {
  if (!numbers.every(Number.isFinite)) throw new Error(`cannot read ${JSON.stringify(spec)}`);
}
