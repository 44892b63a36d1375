/**
 * Memory that runs out in the middle of things. Pages are taken away from the pool and given back at
 * random, so that any allocation may fail: an operation then says NO_MEMORY and leaves what it found.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATUS, type Status } from '../../src/engine/status.ts';
import { STORE } from '../../src/engine/types/string.ts';
import { HEADER, PAGE, type Partition, pageGive, pageRecord, pageTake } from '../../src/memory/partition.ts';
import { Client } from './client.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from './fixture.ts';
import { MIB, NOW_MS } from './limits.ts';
import { valueMake } from './model-steps.ts';

/** Looks like a page of the hash index to whoever counts pages. */
const PAGE_TAKEN_AWAY = -2;

/** Pages that nobody can have for now. */
class Famine {
  readonly p: Partition;
  readonly pages: number[] = [];

  constructor(p: Partition) {
    this.p = p;
  }

  /** Leaves `pages` in the pool, or fewer if it has no more. */
  begin(pages: number): void {
    while (this.p.i32[HEADER.pageFreeCount] > pages) {
      const page = pageTake(this.p);
      this.p.i32[pageRecord(this.p, page) + PAGE.classId] = PAGE_TAKEN_AWAY;
      this.p.i32[HEADER.indexPageCount]++;
      this.pages.push(page);
    }
  }

  /** The index counts its pages; those taken away are none of them. */
  end(): void {
    for (const page of this.pages.splice(0)) {
      this.p.i32[HEADER.indexPageCount]--;
      pageGive(this.p, page);
    }
  }
}
