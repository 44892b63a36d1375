/** The index: growth by splits, overflow buckets, tags, and a split that has to be taken back. */
import { describe, expect, it } from 'vitest';
import { Key, keyFill, keyFillIn } from '../../src/base/key.ts';
import {
  indexBucketOf,
  indexFind,
  indexInsert,
  indexOverflowCount,
  indexPageCount,
  indexRemove,
  indexReplace,
  indexWalk,
} from '../../src/engine/hash-index.ts';
import { SLOTS_PER_BUCKET } from '../../src/engine/index-buckets.ts';
import { indexShrink } from '../../src/engine/index-growth.ts';
import { ITEM_TYPE, itemHash, itemHeaderWrite, itemKeyWrite } from '../../src/memory/item.ts';
import { HEADER, type Partition, pageTake, TABLE } from '../../src/memory/partition.ts';
import { chunkGive, chunkTake } from '../../src/memory/slab.ts';
import { PAGE_BYTES } from '../../src/memory/slab-classes.ts';
import { partitionMake } from './fixture.ts';
import { MIB } from './limits.ts';

const BUCKETS_PER_PAGE = PAGE_BYTES / 64;
const ITEMS_PER_BUCKET = 9;
const KEYS = HEADER.keysTable;

function keyTake(bytes: Buffer): Key {
  const key = new Key();
  keyFill(key, bytes, 0, bytes.length);
  return key;
}

function hashOf(bytes: Buffer): number {
  return keyTake(bytes).hash;
}

/** A member of the collection whose root is 16, in the index. 0 without memory. */
function memberInsert(p: Partition, name: Buffer): number {
  const key = memberKey(name);
  const ref = chunkTake(p, p.classes.classFor(24 + key.bytes));
  if (ref === 0) return 0;
  itemHeaderWrite(p, ref, ITEM_TYPE.MEMBER, 0, key.bytes, 0);
  itemKeyWrite(p, ref, key);
  if (indexInsert(p, key.hash, ref)) return ref;
  chunkGive(p, ref);
  return 0;
}

function memberKey(name: Buffer): Key {
  const key = new Key();
  keyFillIn(key, 16, name, 0, name.length);
  return key;
}

/** A chunk with a header and the key; not in the index. 0 without memory. */
function itemMake(p: Partition, key: Buffer): number {
  const ref = chunkTake(p, p.classes.classFor(24 + key.length));
  if (ref === 0) return 0;
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, 0, key.length, 0);
  itemKeyWrite(p, ref, keyTake(key));
  return ref;
}

function keyOf(n: number): Buffer {
  return Buffer.from(`key:${n}`);
}

function find(p: Partition, key: Buffer): number {
  return indexFind(p, keyTake(key));
}

function insert(p: Partition, key: Buffer): number {
  const ref = itemMake(p, key);
  if (ref !== 0 && indexInsert(p, hashOf(key), ref)) return ref;
  if (ref !== 0) chunkGive(p, ref);
  return 0;
}

function remove(p: Partition, key: Buffer): void {
  const ref = find(p, key);
  indexRemove(p, hashOf(key), ref);
  chunkGive(p, ref);
}

/** Each entry once, in its bucket, and as many as are counted. */
function entriesExpectPlaced(p: Partition): void {
  const seen = new Set<number>();
  let misplaced = 0;
  indexWalk(p, (ref, bucket) => {
    seen.add(ref);
    if (indexBucketOf(p, itemHash(p, ref)) !== bucket) misplaced++;
  });
  expect(misplaced).toBe(0);
  expect(p.i32[KEYS + TABLE.itemCount]).toBe(seen.size);
  expect(p.i32[KEYS + TABLE.overflowCount]).toBe(indexOverflowCount(p));
}

/** `count` keys whose hashes agree with that of the first in all of `mask`. */
function keysColliding(count: number, mask: number): Buffer[] {
  const found = [Buffer.from('c0')];
  const wanted = hashOf(found[0]) & mask;
  for (let n = 1; found.length < count; n++) {
    const key = Buffer.from(`c${n}`);
    if ((hashOf(key) & mask) === wanted) found.push(key);
  }
  return found;
}

describe('the index', () => {
  it('finds every key while it grows one bucket at a time, over many pages', () => {
    const p = partitionMake({ bytes: 8 * MIB });
    const COUNT = 40_000;
    const refs = new Map<number, number>();
    for (let n = 0; n < COUNT; n++) {
      const before = p.i32[KEYS + TABLE.bucketCount];
      refs.set(n, insert(p, keyOf(n)));
      expect(p.i32[KEYS + TABLE.bucketCount] - before).toBeLessThanOrEqual(1);
    }
    entriesExpectPlaced(p);
    for (const [n, ref] of refs) if (find(p, keyOf(n)) !== ref) expect(n).toBe('found');
    expect(find(p, keyOf(COUNT))).toBe(0);
    const buckets = p.i32[KEYS + TABLE.bucketCount];
    expect(buckets).toBe(Math.ceil(COUNT / ITEMS_PER_BUCKET));
    expect(p.i32[KEYS + TABLE.pageCount]).toBe(Math.ceil(buckets / BUCKETS_PER_PAGE));
    // Few run over: linear hashing has its fullest buckets just before their turn to split.
    expect(p.i32[KEYS + TABLE.overflowCount] / buckets).toBeLessThan(0.6);
  });

  it('forgets exactly what is removed, in any order', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    for (let n = 0; n < 5000; n++) insert(p, keyOf(n));
    for (let n = 0; n < 5000; n += 3) remove(p, keyOf(n));
    entriesExpectPlaced(p);
    for (let n = 0; n < 5000; n++) expect(find(p, keyOf(n)) === 0).toBe(n % 3 === 0);
    for (let n = 0; n < 5000; n += 3) insert(p, keyOf(n));
    entriesExpectPlaced(p);
    for (let n = 0; n < 5000; n++) expect(find(p, keyOf(n))).not.toBe(0);
  });

  it('points a key at another item without touching its neighbours', () => {
    const p = partitionMake();
    for (let n = 0; n < 100; n++) insert(p, keyOf(n));
    const key = keyOf(50);
    const old = find(p, key);
    const ref = itemMake(p, key);
    indexReplace(p, itemHash(p, old), old, ref);
    chunkGive(p, old);
    expect(find(p, key)).toBe(ref);
    for (let n = 0; n < 100; n++) expect(find(p, keyOf(n))).not.toBe(0);
    entriesExpectPlaced(p);
  });

  it('tells apart keys of one bucket with one tag', () => {
    const p = partitionMake();
    // Bits of the tag and of the bucket, for as many buckets as there will be.
    const keys = keysColliding(3 * SLOTS_PER_BUCKET, (0xff << 17) | 0x7);
    const refs = keys.map((key) => insert(p, key));
    expect(refs).not.toContain(0);
    expect(indexOverflowCount(p)).toBeGreaterThanOrEqual(2);
    expect(keys.map((key) => find(p, key))).toEqual(refs);
    entriesExpectPlaced(p);
    for (const key of keys.slice(0, 30)) remove(p, key);
    expect(keys.map((key) => find(p, key))).toEqual([...Array(30).fill(0), ...refs.slice(30)]);
    // What is left fits the bucket again, and the chained ones are free.
    expect(indexOverflowCount(p)).toBe(0);
    entriesExpectPlaced(p);
    for (const key of keys.slice(0, 30)) expect(insert(p, key)).not.toBe(0);
    expect(keys.map((key) => find(p, key))).not.toContain(0);
    entriesExpectPlaced(p);
  });

  it('finds a key whose tag bits are all zero', () => {
    const p = partitionMake();
    let n = 0;
    while (((hashOf(keyOf(n)) >>> 17) & 0xff) !== 0) n++;
    const ref = insert(p, keyOf(n));
    expect(find(p, keyOf(n))).toBe(ref);
    indexRemove(p, itemHash(p, ref), ref);
    expect(find(p, keyOf(n))).toBe(0);
  });
});

describe('the index of members', () => {
  const MEMBERS = HEADER.membersTable;

  it('has no page until there is a member, and gives it back', () => {
    const p = partitionMake();
    const free = p.i32[HEADER.pageFreeCount];
    expect(indexFind(p, memberKey(keyOf(1)))).toBe(0);
    insert(p, keyOf(1));
    const ref = memberInsert(p, keyOf(1));
    expect(indexFind(p, memberKey(keyOf(1)))).toBe(ref);
    expect(find(p, keyOf(1))).not.toBe(ref);
    expect([p.i32[KEYS + TABLE.itemCount], p.i32[MEMBERS + TABLE.itemCount]]).toEqual([1, 1]);
    expect(indexPageCount(p)).toBe(2);
    indexRemove(p, itemHash(p, ref), ref);
    chunkGive(p, ref);
    expect(indexFind(p, memberKey(keyOf(1)))).toBe(0);
    expect(indexShrink(p)).toBe(true);
    expect(indexPageCount(p)).toBe(1);
    expect(indexShrink(p)).toBe(false);
    remove(p, keyOf(1));
    expect(p.i32[HEADER.pageFreeCount]).toBe(free);
  });

  it('refuses a member without memory for that page', () => {
    const p = partitionMake();
    const refs = [memberInsert(p, keyOf(1))];
    indexRemove(p, itemHash(p, refs[0]), refs[0]);
    indexShrink(p);
    while (pageTake(p) >= 0);
    expect(indexInsert(p, itemHash(p, refs[0]), refs[0])).toBe(false);
    expect(indexFind(p, memberKey(keyOf(1)))).toBe(0);
  });

  it('grows and shrinks without touching the other', () => {
    const p = partitionMake({ bytes: 8 * MIB });
    const COUNT = 20_000;
    for (let n = 0; n < 1000; n++) insert(p, keyOf(n));
    const refs = Array.from({ length: COUNT }, (_, n) => memberInsert(p, keyOf(n)));
    expect(refs).not.toContain(0);
    for (let n = 0; n < COUNT; n++) {
      if (indexFind(p, memberKey(keyOf(n))) !== refs[n]) expect(n).toBe('found');
    }
    entriesExpectPlaced(p);
    for (const ref of refs.slice(100)) {
      indexRemove(p, itemHash(p, ref), ref);
      chunkGive(p, ref);
    }
    while (indexShrink(p));
    expect(p.i32[MEMBERS + TABLE.pageCount]).toBe(1);
    for (let n = 0; n < 200; n++) {
      expect(indexFind(p, memberKey(keyOf(n)))).toBe(n < 100 ? refs[n] : 0);
    }
    for (let n = 0; n < 1000; n++) expect(find(p, keyOf(n))).not.toBe(0);
    entriesExpectPlaced(p);
  });
});

describe('the index without memory', () => {
  it('refuses an entry that needs a further bucket, and is as it was', () => {
    const p = partitionMake();
    const keys = keysColliding(SLOTS_PER_BUCKET + 1, 0xf);
    const items = keys.map((key) => itemMake(p, key));
    while (pageTake(p) >= 0);
    const inserted = items.map((ref) => indexInsert(p, itemHash(p, ref), ref));
    expect(inserted).toEqual([...Array(SLOTS_PER_BUCKET).fill(true), false]);
    expect(keys.map((key) => find(p, key))).toEqual([...items.slice(0, -1), 0]);
    expect(p.i32[KEYS + TABLE.itemCount]).toBe(SLOTS_PER_BUCKET);
    entriesExpectPlaced(p);
  });

  it('takes a split back that finds no room for what it moves', () => {
    const p = partitionMake();
    // One chain of three buckets all of whose entries move together when bucket 1 appears: it has
    // twelve slots, and no page is left for its overflow.
    const mask = 0x1ff;
    let n = 0;
    while ((hashOf(keyOf(n)) & 1) === 0) n++;
    const wanted = hashOf(keyOf(n)) & mask;
    const keys: Buffer[] = [];
    for (let at = n; keys.length < 30; at++) {
      const key = keyOf(at);
      if ((hashOf(key) & mask) === wanted) keys.push(key);
    }
    p.i32[KEYS + TABLE.itemCount] = -100; // no split for now
    for (const key of keys) expect(insert(p, key)).not.toBe(0);
    p.i32[KEYS + TABLE.itemCount] += 100;
    expect(p.i32[KEYS + TABLE.bucketCount]).toBe(1);
    expect(indexOverflowCount(p)).toBe(2);
    while (pageTake(p) >= 0);
    while (chunkTake(p, 0) !== 0);
    const before = keys.map((key) => find(p, key));
    const more = keyOf(1_000_000);
    const ref = itemMake(p, more);
    expect(ref).not.toBe(0);
    expect(indexInsert(p, itemHash(p, ref), ref)).toBe(true);
    expect([p.i32[KEYS + TABLE.bucketCount], p.i32[KEYS + TABLE.bucketMask]]).toEqual([1, 0]);
    expect(keys.map((key) => find(p, key))).toEqual(before);
    expect(find(p, more)).toBe(ref);
    entriesExpectPlaced(p);
  });

  it('goes on with fewer buckets when no page is left for more', () => {
    const p = partitionMake();
    const items: number[] = [];
    const keys = Array.from({ length: 10_000 }, (_, n) => keyOf(n));
    for (const key of keys) items.push(itemMake(p, key));
    while (p.i32[HEADER.pageFreeCount] > 1) pageTake(p);
    let refused = 0;
    for (const ref of items) if (!indexInsert(p, itemHash(p, ref), ref)) refused++;
    expect(p.i32[KEYS + TABLE.bucketCount]).toBeLessThanOrEqual(2 * BUCKETS_PER_PAGE);
    expect(keys.filter((key) => find(p, key) === 0).length).toBe(refused);
    entriesExpectPlaced(p);
  });
});
