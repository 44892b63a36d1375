/**
 * Which key a request is for.
 *
 *   uniform               each key as often as any other
 *   zipf[:THETA]          the k-th key with a weight of 1 / k^THETA; 0.99, as in YCSB, unless it is given
 *   gaussian[:SHARE]      a bell around the middle key; its standard deviation is that share of the keys (1/6)
 *   sequential            one key after the other, and again from the first; each thread walks a part of its own
 *   hotspot[:KEYS:REQUESTS]   that share of the keys (0.2) gets that share of the requests (0.8)
 *
 * Key 0 is the most popular one under zipf and hotspot: servers place keys by their hash, so it does not matter to
 * them that popular ones are neighbours, and whoever looks for the hottest key knows its name.
 *
 * Zipf's law is drawn by rejection-inversion: W. Hörmann and G. Derflinger, "Rejection-inversion to generate
 * variates from monotone discrete distributions", ACM TOMACS 6 (3), 1996. Exact for every exponent above 0, without
 * a table, at a cost that does not depend on how many keys there are. The bell is Marsaglia's polar method.
 */
import { FAULT } from '../base/errors.ts';
import { type Random, randomBelow, randomUnit } from '../base/random.ts';

export type KeyDraw =
  | { readonly kind: 'uniform' | 'sequential' }
  | { readonly kind: 'zipf'; readonly theta: number }
  | { readonly kind: 'gaussian'; readonly deviationShare: number }
  | { readonly kind: 'hotspot'; readonly keyShare: number; readonly requestShare: number };

const ZIPF_THETA = 0.99;
const ZIPF_THETA_MAX = 10;
const DEVIATION_SHARE = 1 / 6;
const HOT_KEY_SHARE = 0.2;
const HOT_REQUEST_SHARE = 0.8;

/** Errors: OPTION_VALUE. */
export function keyDrawParse(text: string, label: string): KeyDraw {
  const [kind, ...words] = text.split(':');
  const number = (at: number, usual: number, max: number): number =>
    words[at] === undefined ? usual : shareParse(words[at], max, label);
  const wordsAtMost = (count: number): void => {
    if (words.length > count) throw FAULT.optionValue(label, `${kind} has no so many numbers`);
  };
  switch (kind) {
    case 'uniform':
    case 'sequential':
      wordsAtMost(0);
      return { kind };
    case 'zipf':
      wordsAtMost(1);
      return { kind, theta: number(0, ZIPF_THETA, ZIPF_THETA_MAX) };
    case 'gaussian':
      wordsAtMost(1);
      return { kind, deviationShare: number(0, DEVIATION_SHARE, 1) };
    case 'hotspot':
      wordsAtMost(2);
      return {
        kind,
        keyShare: number(0, HOT_KEY_SHARE, 1),
        requestShare: number(1, HOT_REQUEST_SHARE, 1),
      };
    default:
      throw FAULT.optionValue(
        label,
        'must be uniform, zipf[:THETA], gaussian[:SHARE], sequential, or hotspot[:KEYS:REQUESTS]',
      );
  }
}

/** A number above 0; also in per cent. */
function shareParse(text: string, max: number, label: string): number {
  const [, digits = '', percent = ''] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text) ?? [];
  const value = digits === '' ? Number.NaN : Number(digits) / (percent === '' ? 1 : 100);
  if (value > 0 && value <= max) return value;
  throw FAULT.optionValue(label, `${text} must be a number above 0 and at most ${max}`);
}

/** The distribution as one gives it. */
export function keyDrawText(draw: KeyDraw): string {
  switch (draw.kind) {
    case 'zipf':
      return `zipf:${draw.theta}`;
    case 'gaussian':
      return `gaussian:${Number(draw.deviationShare.toFixed(4))}`;
    case 'hotspot':
      return `hotspot:${draw.keyShare}:${draw.requestShare}`;
    default:
      return draw.kind;
  }
}

/**
 * A function that draws a key's number.
 *   from, to   the part of the keys that `sequential` walks: from ≤ keyId < to. The others draw from all
 */
export function keyDrawer(
  draw: KeyDraw,
  keyCount: number,
  random: Random,
  from = 0,
  to = keyCount,
): () => number {
  switch (draw.kind) {
    case 'uniform':
      return () => randomBelow(random, keyCount);
    case 'sequential':
      return sequentialDrawer(from, to);
    case 'zipf':
      return zipfDrawer(keyCount, draw.theta, random);
    case 'gaussian':
      return gaussianDrawer(keyCount, draw.deviationShare, random);
    case 'hotspot':
      return hotspotDrawer(keyCount, draw.keyShare, draw.requestShare, random);
  }
}

function sequentialDrawer(from: number, to: number): () => number {
  let next = from;
  return () => {
    if (next >= to) next = from;
    return next++;
  };
}

function hotspotDrawer(
  keyCount: number,
  keyShare: number,
  requestShare: number,
  random: Random,
): () => number {
  const hotCount = Math.min(keyCount, Math.max(1, Math.round(keyCount * keyShare)));
  const coldCount = keyCount - hotCount;
  return () =>
    coldCount === 0 || randomUnit(random) < requestShare
      ? randomBelow(random, hotCount)
      : hotCount + randomBelow(random, coldCount);
}

/** Draws outside the keys are drawn again. */
function gaussianDrawer(keyCount: number, deviationShare: number, random: Random): () => number {
  const middle = keyCount / 2;
  const deviation = keyCount * deviationShare;
  return () => {
    for (;;) {
      const x = 2 * randomUnit(random) - 1;
      const y = 2 * randomUnit(random) - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const normal = x * Math.sqrt((-2 * Math.log(square)) / square);
      const keyId = Math.floor(middle + normal * deviation);
      if (keyId >= 0 && keyId < keyCount) return keyId;
    }
  };
}

/**
 * A point is drawn evenly under the hat 1 / x^theta, whose area has a closed form H, and inverted to x; the nearest
 * whole number k is taken if the point lies within the part of k's column that the histogram fills. `squeeze` is
 * how near x must be to k for that to be sure without looking.
 */
function zipfDrawer(keyCount: number, theta: number, random: Random): () => number {
  const areaFirst = hatArea(1.5, theta) - 1;
  const areaAll = hatArea(keyCount + 0.5, theta);
  const squeeze = 2 - hatAreaInverse(hatArea(2.5, theta) - 2 ** -theta, theta);
  return () => {
    for (;;) {
      const area = areaAll + randomUnit(random) * (areaFirst - areaAll);
      const x = hatAreaInverse(area, theta);
      const k = Math.min(keyCount, Math.max(1, Math.floor(x + 0.5)));
      if (k - x <= squeeze || area >= hatArea(k + 0.5, theta) - k ** -theta) return k - 1;
    }
  };
}

/** H(x) = (x^(1 - theta) - 1) / (1 - theta), which goes over into ln x where theta nears 1. */
function hatArea(x: number, theta: number): number {
  const log = Math.log(x);
  return expRatio((1 - theta) * log) * log;
}

function hatAreaInverse(area: number, theta: number): number {
  const power = Math.max(-1, area * (1 - theta)); // below -1 only by rounding
  return Math.exp(logRatio(power) * area);
}

/** (e^x - 1) / x, and near 0, where that loses its digits, its series. */
function expRatio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2;
}

/** ln(1 + x) / x, likewise. */
function logRatio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2;
}
