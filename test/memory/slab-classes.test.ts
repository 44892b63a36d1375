/** Which chunk sizes there are, for every pair of -f and -n. */
import { describe, expect, it } from 'vitest';
import {
  CHUNK_BYTES_MAX,
  CHUNK_BYTES_MIN,
  CLASS_COUNT_MAX,
  CLASS_OVERFLOW,
  PAGE_BYTES,
  SlabClasses,
} from '../../src/memory/slab-classes.ts';

const FACTORS = [1.001, 1.01, 1.05, 1.08, 1.1, 1.25, 1.5, 2, 4, 16];
const MINIMA = [1, 32, 33, 48, 96, 100, 1000, 4096, 7300, 8000, 8184, 8192, 524288];

describe.each(FACTORS)('slab classes of factor %d, whatever the smallest', (factor) => {
  const all = MINIMA.map((bytesMin) => ({ bytesMin, classes: new SlabClasses(factor, bytesMin) }));

  it('ascend in multiples of 8 from the minimum to the maximum', () => {
    for (const { bytesMin, classes } of all) {
      const sizes = itemSizes(classes);
      const first = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, bytesMin));
      expect(sizes[0]).toBeGreaterThanOrEqual(first);
      expect(sizes.at(-1)).toBe(CHUNK_BYTES_MAX);
      expect(sizes.filter((size) => size % 8 !== 0)).toEqual([]);
      expect(sizes.filter((size, at) => at > 0 && size <= sizes[at - 1])).toEqual([]);
      expect(classes.count).toBeLessThanOrEqual(CLASS_COUNT_MAX);
      expect(classes.largest).toBe(classes.count - 1);
    }
  });

  it('give every size the smallest chunk that holds it', () => {
    for (const { classes } of all) {
      const sizes = itemSizes(classes);
      const wrong: number[] = [];
      let id = 1;
      for (let bytes = 0; bytes <= CHUNK_BYTES_MAX; bytes++) {
        while (sizes[id - 1] < bytes) id++;
        if (classes.classFor(bytes) !== id) wrong.push(bytes);
      }
      expect(wrong).toEqual([]);
    }
  });

  it('put as many chunks into a page as fit', () => {
    for (const { classes } of all) {
      for (let id = 0; id < classes.count; id++) {
        const free = PAGE_BYTES - classes.chunksPerPage[id] * classes.chunkBytes[id];
        expect(free).toBeGreaterThanOrEqual(0);
        expect(free).toBeLessThan(classes.chunkBytes[id]);
      }
    }
  });
});

/** Chunk sizes of the classes that carry items. */
function itemSizes(classes: SlabClasses): number[] {
  return [...classes.chunkBytes].slice(CLASS_OVERFLOW + 1);
}

describe('slab classes as the server makes them', () => {
  it('lose little to rounding and to the ends of pages', () => {
    const classes = new SlabClasses(1.08, 48);
    let lost = 0;
    let count = 0;
    for (let bytes = 64; bytes <= CHUNK_BYTES_MAX; bytes += 8, count++) {
      const perPage = classes.chunksPerPage[classes.classFor(bytes)];
      const share = 1 - (perPage * bytes) / PAGE_BYTES;
      expect(share, `lost at ${bytes} bytes`).toBeLessThan(0.2);
      lost += share;
    }
    expect(lost / count).toBeLessThan(0.07);
  });
});
