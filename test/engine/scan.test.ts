/** The scan's cursor: what stays is met, whatever the table does between two steps. */
import fc from 'fast-check';
import { assert, describe, expect, it } from 'vitest';
import { Key, keyFill } from '../../src/base/key.ts';
import {
  indexBucketCount,
  indexFind,
  indexInsert,
  indexRemove,
} from '../../src/engine/hash-index.ts';
import { indexShrink } from '../../src/engine/index-growth.ts';
import { ScanStep, scanStep } from '../../src/engine/scan.ts';
import { ITEM_TYPE, itemHeaderWrite, itemKeyWrite } from '../../src/memory/item.ts';
import type { Partition } from '../../src/memory/partition.ts';
import { chunkGive, chunkTake } from '../../src/memory/slab.ts';
import { partitionMake } from './fixture.ts';
import { MIB } from './limits.ts';

const key = new Key();
const step = new ScanStep();

function keyTake(n: number): Key {
  const bytes = Buffer.from(`key:${n}`);
  keyFill(key, bytes, 0, bytes.length);
  return key;
}

function insert(p: Partition, n: number): number {
  const ref = chunkTake(p, p.classes.classFor(40));
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, 0, keyTake(n).bytes, 0);
  itemKeyWrite(p, ref, key);
  assert(indexInsert(p, key.hash, ref));
  return ref;
}

function remove(p: Partition, n: number): void {
  const ref = indexFind(p, keyTake(n));
  if (ref === 0) return;
  indexRemove(p, key.hash, ref);
  chunkGive(p, ref);
}

/** Scans to the end; how often each ref was met. `between` runs after each step. */
function scanned(p: Partition, between?: (stepNumber: number) => void): Map<number, number> {
  const met = new Map<number, number>();
  let cursor = 0;
  let steps = 0;
  do {
    cursor = scanStep(p, cursor, step);
    for (const ref of step.refs.subarray(0, step.count)) met.set(ref, (met.get(ref) ?? 0) + 1);
    between?.(steps++);
  } while (cursor !== 0);
  return met;
}

describe('a scan', () => {
  it('meets each key once, of a table of any size', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    const refs: number[] = [];
    for (let size = 0; size < 3000; size++) {
      if (size < 200 || size % 97 === 0) {
        const met = scanned(p);
        expect([...met.keys()].sort((a, b) => a - b)).toEqual([...refs].sort((a, b) => a - b));
        expect(Math.max(1, ...met.values())).toBe(1);
      }
      refs.push(insert(p, size));
    }
  });

  it('takes about as many steps as there are buckets, not more', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    for (let n = 0; n < 9000; n++) insert(p, n);
    let steps = 0;
    scanned(p, () => steps++);
    expect(steps).toBeLessThanOrEqual(indexBucketCount(p));
  });

  it('meets each key once, too, while the table grows', () => {
    const p = partitionMake({ bytes: 8 * MIB });
    const kept = Array.from({ length: 500 }, (_, n) => insert(p, n));
    let next = kept.length;
    const met = scanned(p, (number) => {
      if (number < 300) for (let added = 0; added < 40; added++) insert(p, next++);
    });
    expect(next).toBeGreaterThan(kept.length * 5);
    for (const ref of kept) expect(met.get(ref)).toBe(1);
  });

  it('meets what stays when the table shrinks, at whichever step', () => {
    for (let atStep = 0; atStep < 500; atStep += 9) {
      const p = partitionMake({ bytes: 2 * MIB });
      for (let n = 0; n < 6000; n++) insert(p, n);
      const kept = [1, 10, 100, 1000].map((n) => indexFind(p, keyTake(n)));
      const before = indexBucketCount(p);
      const met = scanned(p, (number) => {
        if (number !== atStep) return;
        for (let n = 1001; n < 6000; n++) remove(p, n);
        expect(indexShrink(p)).toBe(true);
      });
      expect(indexBucketCount(p)).toBeLessThan(before);
      for (const ref of kept) expect(met.get(ref)).toBeGreaterThanOrEqual(1);
    }
  });

  it('meets what stays while the table grows, shrinks and changes', () => {
    const plan = fc.array(fc.integer({ min: -900, max: 900 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(plan, fc.integer({ min: 0, max: 3000 }), (changes, startCount) => {
        const p = partitionMake({ bytes: 4 * MIB });
        const kept = Array.from({ length: 300 }, (_, n) => insert(p, n));
        let first = kept.length;
        let last = first;
        for (; last < first + startCount; last++) insert(p, last);
        const met = scanned(p, (number) => {
          const change = changes[number % changes.length] as number;
          if (number >= 100) return; // or it might never end
          for (let n = 0; n < change && last - first < 12_000; n++) insert(p, last++);
          for (let n = 0; n > change && first < last; n--) remove(p, first++);
          if (change < 0) indexShrink(p);
        });
        for (const ref of kept) expect(met.get(ref)).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 20 },
    );
  });
});
