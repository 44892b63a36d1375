/** Memory that runs out at a test's will: any allocation may fail then. */
import {
  HEADER,
  PAGE,
  type Partition,
  pageGive,
  pageRecord,
  pageTake,
  TABLE,
} from '../../src/memory/partition.ts';

/** Looks like a page of the hash index to whoever counts pages. */
const PAGE_TAKEN_AWAY = -2;

/** Pages that nobody can have for now. */
export class Famine {
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
      this.p.i32[HEADER.keysTable + TABLE.pageCount]++;
      this.pages.push(page);
    }
  }

  /** The index counts its pages; those taken away are none of them. */
  end(): void {
    for (const page of this.pages.splice(0)) {
      this.p.i32[HEADER.keysTable + TABLE.pageCount]--;
      pageGive(this.p, page);
    }
  }
}
