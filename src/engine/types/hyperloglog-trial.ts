/**
 * What PFSELFTEST tries: that registers keep what they are set to and leave their neighbours alone, that
 * both forms count the same, and that the estimate is as good as it has to be.
 *
 * Source: Valkey src/hyperloglog.c pfselftestCommand, which goes on to ten million elements.
 */
import {
  DENSE_BYTES,
  denseAt,
  denseOf,
  denseSet,
  HLL,
  HLL_ENCODING,
  HllCopy,
  histogramEstimate,
  histogramMake,
  histogramOfDense,
  hllHeaderWrite,
  hllIsDense,
  REGISTER_MAX,
} from './hyperloglog.ts';
import { elementHash, HashedElement, REGISTER_COUNT } from './hyperloglog-hash.ts';
import { HllWork, hllRaise } from './hyperloglog-key.ts';
import { histogramOfSparse, sparseInit } from './hyperloglog-sparse.ts';

const REGISTER_ROUNDS = 100;
const ELEMENT_COUNT = 1_000_000;
/** One standard error of the estimate, relative to it. */
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTER_COUNT);

/** What is wrong; an empty string if nothing is. */
export function hllTrial(sparseBytesMax: number): string {
  const dense = new HllCopy();
  hllHeaderWrite(dense, HLL_ENCODING.DENSE);
  dense.bytes = DENSE_BYTES;
  return registersTry(dense) || estimatesTry(dense, sparseBytesMax);
}

function registersTry(dense: HllCopy): string {
  const { u8 } = dense;
  const expected = new Uint8Array(REGISTER_COUNT);
  for (let round = 0; round < REGISTER_ROUNDS; round++) {
    for (let index = 0; index < REGISTER_COUNT; index++) {
      expected[index] = Math.floor(Math.random() * (REGISTER_MAX + 1));
      denseSet(u8, index, expected[index]);
    }
    for (let index = 0; index < REGISTER_COUNT; index++) {
      const at = denseAt(index);
      const rank = denseOf(index, u8[at], u8[at + 1]);
      if (rank === expected[index]) continue;
      return `Register ${index} should be ${expected[index]} but is ${rank}`;
    }
  }
  return '';
}

function estimatesTry(dense: HllCopy, sparseBytesMax: number): string {
  const work = new HllWork();
  work.sparseBytesMax = sparseBytesMax;
  sparseInit(work.copy);
  dense.u8.fill(0, HLL.headerBytes);
  const element = new HashedElement();
  const bytes = Buffer.alloc(8);
  const salt = Math.floor(Math.random() * 2 ** 32);
  for (let count = 1, checkpoint = 1; count <= ELEMENT_COUNT; count++) {
    bytes.writeUInt32LE((count ^ salt) >>> 0, 0);
    elementHash(bytes, 0, bytes.length, element);
    hllRaise(work, element.index, element.rank);
    const at = denseAt(element.index);
    if (denseOf(element.index, dense.u8[at], dense.u8[at + 1]) < element.rank) {
      denseSet(dense.u8, element.index, element.rank);
    }
    if (count !== checkpoint) continue;
    const problem = estimateTry(dense, work.copy, count, sparseBytesMax);
    if (problem !== '') return problem;
    checkpoint *= 10;
  }
  return '';
}

function estimateTry(
  dense: HllCopy,
  other: HllCopy,
  count: number,
  sparseBytesMax: number,
): string {
  const histogram = histogramMake();
  const isDense = hllIsDense(other.u8);
  if (isDense && count < sparseBytesMax / 2) return 'sparse encoding not used';
  histogramOfDense(dense.u8, histogram);
  const estimate = histogramEstimate(histogram);
  if (isDense) histogramOfDense(other.u8, histogram);
  else histogramOfSparse(other, histogram);
  if (histogramEstimate(histogram) !== estimate) return 'dense/sparse disagree';
  // Ten elements may meet in a register; one such meeting is no fault.
  const errorMax = count === 10 ? 1 : Math.ceil(STANDARD_ERROR * 6 * count);
  const error = Math.abs(count - estimate);
  return error > errorMax ? `Too big error. card:${count} abserr:${error}` : '';
}
