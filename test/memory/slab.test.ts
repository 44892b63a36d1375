/** Chunks and pages: nothing is given out twice, and everything comes back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLASS,
  classRecord,
  HEADER,
  PAGE,
  PAGE_FREE,
  type Partition,
  pageGive,
  pageOf,
  pageOffset,
  pageRecord,
  pageTake,
} from '../../src/memory/partition.ts';
import {
  chunkClass,
  chunkGive,
  chunkTake,
  classFreeCount,
  PAGES_RESERVED,
  pageSetAside,
  pageSetBack,
} from '../../src/memory/slab.ts';
import { CLASS_OVERFLOW, PAGE_BYTES } from '../../src/memory/slab-classes.ts';
import { partitionMake } from '../engine/fixture.ts';

/** Takes chunks of the class until there are none. */
function chunksTakeAll(p: Partition, classId: number): number[] {
  const refs: number[] = [];
  for (let ref = chunkTake(p, classId); ref !== 0; ref = chunkTake(p, classId)) refs.push(ref);
  return refs;
}

function freePages(p: Partition): number {
  return p.i32[HEADER.pageFreeCount];
}

describe('the page pool', () => {
  it('gives out every page once, cleared, and takes pages back', () => {
    const p = partitionMake();
    const count = freePages(p);
    const pages = Array.from({ length: count }, () => pageTake(p));
    expect(new Set(pages).size).toBe(count);
    expect(Math.min(...pages)).toBe(1); // page 0 went to the index
    expect(pageTake(p)).toBe(-1);
    expect(freePages(p)).toBe(0);
    p.i32.fill(77, pageRecord(p, pages[3]), pageRecord(p, pages[3]) + PAGE.words);
    pageGive(p, pages[3]);
    pageGive(p, pages[5]);
    expect(p.i32[pageRecord(p, pages[3]) + PAGE.classId]).toBe(PAGE_FREE);
    expect([pageTake(p), pageTake(p), pageTake(p)]).toEqual([pages[5], pages[3], -1]);
    const record = pageRecord(p, pages[3]);
    expect([...p.i32.subarray(record, record + PAGE.words)]).toEqual(Array(PAGE.words).fill(0));
  });
});

describe('chunks', () => {
  it('of a class lie apart, within its pages, and leave the reserve alone', () => {
    const p = partitionMake();
    for (const classId of [1, 20, p.classes.largest]) {
      const bytes = p.classes.chunkBytes[classId];
      const before = freePages(p);
      const refs = chunksTakeAll(p, classId);
      expect(freePages(p)).toBe(PAGES_RESERVED);
      expect(refs.length).toBe((before - PAGES_RESERVED) * p.classes.chunksPerPage[classId]);
      expect(new Set(refs).size).toBe(refs.length);
      for (const ref of refs) {
        const offset = (ref << 3) - pageOffset(p, pageOf(p, ref));
        expect(offset % bytes).toBe(0);
        expect(offset + bytes).toBeLessThanOrEqual(PAGE_BYTES);
        expect(chunkClass(p, ref)).toBe(classId);
      }
      for (const ref of refs) chunkGive(p, ref);
      expect(freePages(p)).toBe(before);
      expect(p.i32[classRecord(classId) + CLASS.pageCount]).toBe(0);
    }
  });

  it('of the index come out of the reserve as well', () => {
    const p = partitionMake();
    chunksTakeAll(p, 1);
    const refs = chunksTakeAll(p, CLASS_OVERFLOW);
    expect(refs.length).toBe(PAGES_RESERVED * p.classes.chunksPerPage[CLASS_OVERFLOW]);
    expect(freePages(p)).toBe(0);
  });

  it('are not taken from a page that is set aside', () => {
    const p = partitionMake();
    const classId = p.classes.largest;
    const refs = Array.from({ length: 9 }, () => chunkTake(p, classId));
    const page = pageOf(p, refs[0]);
    chunkGive(p, refs[0]);
    pageSetAside(p, page);
    const others = Array.from({ length: 7 }, () => chunkTake(p, classId));
    expect(others.map((ref) => pageOf(p, ref))).not.toContain(page);
    pageSetBack(p, page);
    expect(chunkTake(p, classId)).toBe(refs[0]);
    // Set aside when it is full already, and set back when it is full still.
    pageSetAside(p, page);
    pageSetBack(p, page);
    expect(pageOf(p, chunkTake(p, classId))).not.toBe(page);
  });

  it('taken and given in any order are never given out twice, and leave nothing behind', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({
          take: fc.constantFrom(0, 1, 2, 40, 55),
          count: fc.integer({ min: 1, max: 40 }),
        }),
        fc.record({ give: fc.nat(), count: fc.integer({ min: 1, max: 40 }) }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const p = partitionMake();
        const before = freePages(p);
        const held: number[] = [];
        const ranges = new Map<number, number>();
        for (const step of all) {
          for (let n = 0; n < step.count; n++) {
            if ('take' in step) {
              const ref = chunkTake(p, Math.min(step.take, p.classes.largest));
              if (ref === 0) break;
              expect(ranges.has(ref)).toBe(false);
              ranges.set(ref, chunkClass(p, ref));
              held.push(ref);
            } else if (held.length > 0) {
              const [ref] = held.splice(step.give % held.length, 1);
              expect(chunkClass(p, ref)).toBe(ranges.get(ref));
              ranges.delete(ref);
              chunkGive(p, ref);
            }
          }
          chunksExpectCounted(p, ranges);
        }
        for (const ref of held) chunkGive(p, ref);
        expect(freePages(p)).toBe(before);
      }),
      { numRuns: 60 },
    );
  });
});

/** The classes know how many of their chunks are in use. */
function chunksExpectCounted(p: Partition, classOf: ReadonlyMap<number, number>): void {
  for (let classId = 0; classId < p.classes.count; classId++) {
    const klass = classRecord(classId);
    const used = [...classOf.values()].filter((id) => id === classId).length;
    expect(p.i32[klass + CLASS.usedCount]).toBe(used);
    const total = p.i32[klass + CLASS.pageCount] * p.classes.chunksPerPage[classId];
    expect(classFreeCount(p, classId)).toBe(total - used);
  }
}
