/**
 * partitionVerify walks every structure of a partition and compares what they say of each other. It
 * runs after each step of the model tests, after a thread died inside the lock, and on demand.
 *
 * Guard: the caller holds the partition lock.
 */
import { DATABASE_COUNT } from '../base/key.ts';
import { chainHolds } from '../memory/chain.ts';
import { itemIsCollection, itemIsLarge } from '../memory/collection.ts';
import {
  chunkKind,
  ITEM_TYPE,
  ITEM_TYPE_COUNT,
  itemBytes,
  itemBytesFor,
  itemExpiresAtMs,
  itemExtras,
  itemHash,
  itemIsChained,
  itemIsLinked,
  itemIsMain,
  itemKeyBytes,
  itemMetaIsSound,
  itemNamespace,
  itemType,
  itemValueBytes,
  KIND_FREE,
  KIND_ITEM,
  KIND_LINK,
  KIND_NODE,
} from '../memory/item.ts';
import { pageExpiresAtMinMs } from '../memory/page-times.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  HEADER_F64,
  PAGE,
  PAGE_CHANGES,
  PAGE_FREE,
  PAGE_INDEX,
  type Partition,
  pageOf,
  pageOffset,
  pageRecord,
  TABLE,
} from '../memory/partition.ts';
import { CLASS_OVERFLOW, PAGE_BYTES } from '../memory/slab-classes.ts';
import { databaseExpiringCount, databaseKeyCount, itemIsFlushed } from './database.ts';
import { indexBucketOf, indexOverflowCount, indexPageCount, indexWalk } from './hash-index.ts';
import { chainProblem } from './verify-chain.ts';
import { type CollectionChunks, collectionsVerify } from './verify-collection.ts';
import { packedProblem } from './verify-packed.ts';

/** What is wrong with a partition: empty when nothing is. Each line names the place. */
export function partitionVerify(p: Partition): string[] {
  const walk = new Walk(p);
  try {
    walk.pages();
    walk.classes();
    walk.index();
    collectionsVerify(p, walk.collections, (problem) => walk.check(false, problem));
    walk.totals();
  } catch (error) {
    walk.problems.push(`the walk itself failed: ${String(error)}`);
  }
  return walk.problems;
}

const PROBLEM_COUNT_MAX = 20;

class Walk {
  readonly problems: string[] = [];
  readonly p: Partition;
  /** Chunks found in use in the pages: refs of items and of links. */
  readonly items = new Set<number>();
  readonly links = new Set<number>();
  /** … and those that make up large collections. */
  readonly collections: CollectionChunks = {
    nodes: new Set(),
    members: new Set(),
    elements: new Set(),
    items: new Set(),
  };
  overflowChunks = 0;
  itemBytes = 0;
  /** By type. */
  readonly typeItems = new Float64Array(ITEM_TYPE_COUNT);
  readonly typeBytes = new Float64Array(ITEM_TYPE_COUNT);
  /** By database. */
  readonly databaseKeys = new Int32Array(DATABASE_COUNT);
  readonly databaseExpiring = new Int32Array(DATABASE_COUNT);

  constructor(p: Partition) {
    this.p = p;
  }

  check(condition: boolean, problem: string): void {
    if (!condition && this.problems.length < PROBLEM_COUNT_MAX) this.problems.push(problem);
  }

  equal(what: string, actual: number, expected: number): void {
    this.check(actual === expected, `${what}: ${actual}, expected ${expected}`);
  }

  /** Every page belongs to the pool, the index, the change ring or one class. */
  pages(): void {
    const { p } = this;
    let free = p.pageCount - p.i32[HEADER.pageBump];
    let index = 0;
    for (let page = 0; page < p.i32[HEADER.pageBump]; page++) {
      const classId = p.i32[pageRecord(p, page) + PAGE.classId];
      if (classId === PAGE_FREE) free++;
      else if (classId === PAGE_INDEX) index++;
      else if (classId === PAGE_CHANGES)
        this.equal('change page', p.i32[HEADER.changePage], page + 1);
      else if (classId >= 0 && classId < p.classes.count) this.pageChunks(page, classId);
      else this.check(false, `page ${page}: class ${classId}`);
    }
    const limit = p.i32[HEADER.pageLimit];
    this.check(limit > 0 && limit <= p.pageCount, `the limit is ${limit} pages`);
    this.equal('pages in the pool', p.i32[HEADER.pageFreeCount], free - (p.pageCount - limit));
    this.equal('index pages', indexPageCount(p), index);
    let listed = 0;
    for (let page = p.i32[HEADER.pageFreeHead]; page !== 0 && listed <= p.pageCount; listed++) {
      page = p.i32[pageRecord(p, page - 1) + PAGE.partialNext];
    }
    this.equal('free list', listed, free - (p.pageCount - p.i32[HEADER.pageBump]));
  }

  pageChunks(page: number, classId: number): void {
    const { p } = this;
    const record = pageRecord(p, page);
    const chunkBytes = p.classes.chunkBytes[classId];
    const bump = p.i32[record + PAGE.bumpCount];
    const freeRefs = new Set<number>();
    for (let ref = p.i32[record + PAGE.freeHeadRef]; ref !== 0; ref = p.i32[(ref << 1) + 1]) {
      if (freeRefs.has(ref) || pageOf(p, ref) !== page) {
        this.check(false, `page ${page}: its free list leads to chunk ${ref}`);
        return;
      }
      freeRefs.add(ref);
    }
    this.equal(`page ${page}: used chunks`, p.i32[record + PAGE.usedCount], bump - freeRefs.size);
    this.check(bump - freeRefs.size > 0, `page ${page} is empty but not in the pool`);
    const hasFree = freeRefs.size > 0 || bump < p.classes.chunksPerPage[classId];
    this.equal(
      `page ${page}: in the partial list`,
      p.i32[record + PAGE.inPartial],
      hasFree ? 1 : 0,
    );
    if (classId === CLASS_OVERFLOW) {
      this.overflowChunks += bump - freeRefs.size;
      return;
    }
    for (let chunk = 0; chunk < bump; chunk++) {
      const ref = (pageOffset(p, page) + chunk * chunkBytes) >>> 3;
      const kind = chunkKind(p, ref);
      if (freeRefs.has(ref)) this.equal(`free chunk ${ref}: kind`, kind, KIND_FREE);
      else if (kind === KIND_ITEM) this.items.add(ref);
      else if (kind === KIND_LINK) this.links.add(ref);
      else if (kind === KIND_NODE) this.collections.nodes.add(ref);
      else this.check(false, `chunk ${ref} of page ${page} is neither used nor free`);
    }
  }

  /** The ring and the partial list of each class hold its pages, and its counts are right. */
  classes(): void {
    const { p } = this;
    for (let classId = 0; classId < p.classes.count; classId++) {
      const klass = classRecord(classId);
      let pages = 0;
      let used = 0;
      const first = p.i32[klass + CLASS.handPage];
      for (let page = first; page !== 0 && pages <= p.pageCount; ) {
        const record = pageRecord(p, page - 1);
        this.equal(
          `page ${page - 1} in the ring of a class`,
          p.i32[record + PAGE.classId],
          classId,
        );
        pages++;
        used += p.i32[record + PAGE.usedCount];
        page = p.i32[record + PAGE.ringNext];
        if (page === first) break;
      }
      this.equal(`class ${classId}: pages`, p.i32[klass + CLASS.pageCount], pages);
      this.equal(`class ${classId}: used chunks`, p.i32[klass + CLASS.usedCount], used);
      let previous = 0;
      let steps = 0;
      for (let page = p.i32[klass + CLASS.partialHead]; page !== 0 && steps <= pages; steps++) {
        const record = pageRecord(p, page - 1);
        this.equal(`page ${page - 1}: partialPrev`, p.i32[record + PAGE.partialPrev], previous);
        previous = page;
        page = p.i32[record + PAGE.partialNext];
      }
      this.check(steps <= pages, `class ${classId}: its partial list does not end`);
    }
  }

  /** Every entry of the tables leads to one linked item of that bucket; every linked item has an entry. */
  index(): void {
    const { p } = this;
    const seen = new Set<number>();
    for (const table of [HEADER.keysTable, HEADER.membersTable]) this.table(table, seen);
    const overflowBuckets =
      p.i32[HEADER.keysTable + TABLE.overflowCount] +
      p.i32[HEADER.membersTable + TABLE.overflowCount];
    this.equal('overflow buckets', overflowBuckets, this.overflowChunks);
    const counts = new Map<number, { items: number; main: number; bytes: number }>();
    for (const ref of this.items) {
      if (itemIsChained(p, ref)) {
        const problem = chainProblem(p, ref, this.links);
        this.check(problem === '', `chain of ${ref}: ${problem}`);
      }
      if (!itemIsLinked(p, ref)) {
        if (itemType(p, ref) === ITEM_TYPE.ELEMENT) this.collections.elements.add(ref);
        else
          this.check(
            itemIsChained(p, ref) && chainHolds(p, ref) > 0,
            `item ${ref} is neither linked nor held`,
          );
        continue;
      }
      this.check(seen.has(ref), `item ${ref} is linked but not in the index`);
      this.item(ref, counts);
    }
    this.equal('links that belong to no chain', this.links.size, 0);
    for (let classId = 0; classId < p.classes.count; classId++) {
      const count = counts.get(classId) ?? { items: 0, main: 0, bytes: 0 };
      const klass = classRecord(classId);
      this.equal(`class ${classId}: items`, p.i32[klass + CLASS.itemCount], count.items);
      this.equal(`class ${classId}: main items`, p.i32[klass + CLASS.mainCount], count.main);
      this.equal(`class ${classId}: item bytes`, p.i32[klass + CLASS.itemBytes], count.bytes);
    }
  }

  table(table: number, seen: Set<number>): void {
    const { p } = this;
    const before = seen.size;
    const visit = (ref: number, bucket: number): void => {
      if (!this.items.has(ref) || seen.has(ref)) {
        this.check(
          false,
          `bucket ${bucket} leads to chunk ${ref}, which is no item or seen before`,
        );
        return;
      }
      seen.add(ref);
      const isMember = itemType(p, ref) === ITEM_TYPE.MEMBER;
      this.check(isMember === (table === HEADER.membersTable), `item ${ref} is in the wrong table`);
      this.check(itemIsLinked(p, ref), `item ${ref} is in the index but not marked as linked`);
      this.equal(`item ${ref}: bucket`, indexBucketOf(p, itemHash(p, ref), table), bucket);
    };
    indexWalk(p, visit, table);
    this.equal('items in the index', p.i32[table + TABLE.itemCount], seen.size - before);
    const overflowCount = p.i32[table + TABLE.overflowCount];
    this.equal('overflow buckets in chains', indexOverflowCount(p, table), overflowCount);
  }

  item(ref: number, counts: Map<number, { items: number; main: number; bytes: number }>): void {
    const { p } = this;
    const page = pageOf(p, ref);
    const classId = p.i32[pageRecord(p, page) + PAGE.classId];
    const expected = itemIsChained(p, ref)
      ? p.classes.largest
      : p.classes.classFor(
          itemBytesFor(itemExtras(p, ref), itemKeyBytes(p, ref), itemValueBytes(p, ref)),
        );
    // A collection that got shorter may have stayed in its chunk.
    if (itemIsCollection(p, ref)) {
      this.check(classId >= expected, `collection ${ref} is larger than its chunk`);
      const problem = packedProblem(p, ref);
      this.check(problem === '', `collection ${ref}: ${problem}`);
    } else {
      this.equal(`item ${ref}: class`, classId, expected);
    }
    this.check(itemMetaIsSound(p, ref), `item ${ref} has bits that nothing may have`);
    const expiresAtMs = itemExpiresAtMs(p, ref);
    const earliest = pageExpiresAtMinMs(p, page);
    this.check(
      expiresAtMs === 0 || (earliest !== 0 && earliest <= expiresAtMs),
      `item ${ref} expires before its page knows`,
    );
    const count = counts.get(classId) ?? { items: 0, main: 0, bytes: 0 };
    count.bytes += itemBytes(p, ref);
    this.itemBytes += itemBytes(p, ref);
    this.typeItems[itemType(p, ref)]++;
    this.typeBytes[itemType(p, ref)] += itemBytes(p, ref);
    counts.set(classId, count);
    const namespace = itemNamespace(p, ref);
    const isMember = itemType(p, ref) === ITEM_TYPE.MEMBER;
    this.check(
      namespace >= DATABASE_COUNT === isMember,
      `item ${ref} of type ${itemType(p, ref)} is in namespace ${namespace}`,
    );
    if (itemIsLarge(p, ref)) this.collections.items.add(ref);
    if (isMember) this.collections.members.add(ref);
    if (isMember) return;
    count.items++;
    if (itemIsMain(p, ref)) count.main++;
    if (itemIsFlushed(p, ref)) return;
    this.databaseKeys[namespace]++;
    if (expiresAtMs !== 0) this.databaseExpiring[namespace]++;
  }

  totals(): void {
    const { p } = this;
    this.equal('item bytes', p.f64[HEADER_F64.itemBytes], this.itemBytes);
    for (let type = 0; type < ITEM_TYPE_COUNT; type++) {
      this.equal(`items of type ${type}`, p.f64[HEADER_F64.typeItems + type], this.typeItems[type]);
      this.equal(`bytes of type ${type}`, p.f64[HEADER_F64.typeBytes + type], this.typeBytes[type]);
    }
    for (let database = 0; database < DATABASE_COUNT; database++) {
      const keys = this.databaseKeys[database];
      this.equal(`database ${database}: keys`, databaseKeyCount(p, database), keys);
      const expiring = this.databaseExpiring[database];
      this.equal(`database ${database}: expiring`, databaseExpiringCount(p, database), expiring);
    }
    this.check(
      p.pagesOffset + p.pageCount * PAGE_BYTES <= p.sab.byteLength,
      'the pages end within the partition',
    );
  }
}
