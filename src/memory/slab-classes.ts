/**
 * The slab classes: which chunk sizes there are. Fixed at start and the same for every partition.
 *
 * Small sizes step by 8 bytes, larger ones by the growth factor, and once few chunks fit a page the
 * size is stretched so that they fill it. Rounding costs 5 % up to 2 KiB, and a tenth among the few
 * classes above 4 KiB.
 * Class 0 carries the overflow buckets of the hash index and never an item.
 */
import { assert } from '../base/assert.ts';

/**
 * A page is what a class takes from the pool at a time, and what it gives back. Small pages leave
 * fewer chunks lying free in classes that do not need them: with pages of 64 KiB a 64 MB cache of mixed
 * sizes held a tenth less.
 */
export const PAGE_BYTES = 32768;
export const PAGE_SHIFT = 15;
/** The largest chunk. A larger item is a chain of chunks. */
export const CHUNK_BYTES_MAX = 8192;
export const CHUNK_BYTES_MIN = 32;
export const CLASS_OVERFLOW = 0;
export const CLASS_COUNT_MAX = 128;

const OVERFLOW_BUCKET_BYTES = 64;

export class SlabClasses {
  /** Classes in use, class 0 included. */
  readonly count: number;
  readonly chunkBytes: Int32Array;
  readonly chunksPerPage: Int32Array;
  /** Class for a size, at index (size + 7) >> 3. */
  private readonly classBySize: Uint8Array;

  /**
   *   growthFactor   above 1: each class's size over the one before
   *   chunkBytesMin  smallest chunk, rounded up to 8, at least CHUNK_BYTES_MIN
   */
  constructor(growthFactor: number, chunkBytesMin: number) {
    const sizes = [OVERFLOW_BUCKET_BYTES];
    let next = roundUp8(Math.max(CHUNK_BYTES_MIN, Math.min(chunkBytesMin, CHUNK_BYTES_MAX)));
    while (next < CHUNK_BYTES_MAX && sizes.length < CLASS_COUNT_MAX - 1) {
      const perPage = Math.floor(PAGE_BYTES / next);
      const stretched = (Math.floor(PAGE_BYTES / perPage) >>> 3) << 3;
      // Below 1 KiB stretching would skip sizes that the 8-byte steps are there for.
      const size = next < 1024 ? next : stretched;
      if (size === CHUNK_BYTES_MAX) break;
      sizes.push(size);
      next = Math.max(size + 8, roundUp8(size * growthFactor));
    }
    sizes.push(CHUNK_BYTES_MAX);

    this.count = sizes.length;
    this.chunkBytes = Int32Array.from(sizes);
    this.chunksPerPage = this.chunkBytes.map((size) => Math.floor(PAGE_BYTES / size));
    this.classBySize = new Uint8Array((CHUNK_BYTES_MAX >>> 3) + 1);
    for (let unit = 0, id = 1; unit < this.classBySize.length; unit++) {
      while (this.chunkBytes[id] < unit << 3) id++;
      this.classBySize[unit] = id;
    }
    assert(this.count <= CLASS_COUNT_MAX, 'slab classes fit their table');
  }

  /** The smallest class whose chunks hold `bytes` (at most CHUNK_BYTES_MAX). */
  classFor(bytes: number): number {
    return this.classBySize[(bytes + 7) >>> 3];
  }

  /** The largest class: heads and full links of chained items. */
  get largest(): number {
    return this.count - 1;
  }
}

function roundUp8(bytes: number): number {
  return (Math.ceil(bytes) + 7) & ~7;
}
