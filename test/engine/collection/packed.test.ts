/**
 * Items of packed collections against arrays, while they are spliced at random: with room for all,
 * with allocations that fail, and with others evicted for them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  collectionCreate,
  collectionMake,
  itemChanged,
  PACKED_BYTES_MAX,
  PACKED_HEADER_BYTES,
  packedEnd,
  packedFits,
  packedGrowFits,
  packedStart,
  valueSplice,
} from '../../../src/engine/collection/packed.ts';
import {
  stripContentBytes,
  stripContentStart,
  stripEntryBytes,
  stripNext,
  stripSeek,
  stripWrite,
} from '../../../src/engine/collection/strip.ts';
import { indexFind } from '../../../src/engine/hash-index.ts';
import { itemCasUnique, itemFree, itemLink } from '../../../src/engine/lifecycle.ts';
import { STATUS } from '../../../src/engine/status.ts';
import {
  collectionCount,
  collectionCountSet,
  collectionFlags,
  collectionFlagsSet,
  collectionForm,
  collectionRoot,
  FORM,
  LARGE_VALUE_BYTES,
} from '../../../src/memory/collection.ts';
import {
  ITEM_TYPE,
  itemBytes,
  itemExpiresAtMs,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../../src/memory/item.ts';
import { ROOT_BYTES, rootInit, rootItem, rootItemSet } from '../../../src/memory/node.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { chunkClass, chunkTake } from '../../../src/memory/slab.ts';
import { CHUNK_BYTES_MAX } from '../../../src/memory/slab-classes.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';
import { valueMake } from '../model-steps.ts';

/** What the model knows of a key. */
type Model = { contents: Buffer[]; expiresAtMs: number; casUnique: number };

const KEYS = ['a', 'list', 'k'.repeat(40), 'l'.repeat(250)];

function find(p: Partition, client: Client, key: string): number {
  client.keySet(key);
  return indexFind(p, client.op.key);
}

function contentsOf(p: Partition, ref: number): Buffer[] {
  const contents: Buffer[] = [];
  for (let at = packedStart(p, ref); at < packedEnd(p, ref); at = stripNext(p.u8, at)) {
    const start = stripContentStart(p.u8, at);
    contents.push(Buffer.from(p.u8.subarray(start, start + stripContentBytes(p.u8, at))));
  }
  return contents;
}

/** Replaces `removed` entries from `index` by `added`; the item's ref, or 0 without memory. */
function splice(
  p: Partition,
  client: Client,
  from: number,
  { index, removed, added }: { index: number; removed: number; added: readonly Buffer[] },
): number {
  const start = packedStart(p, from);
  const count = collectionCount(p, from);
  const at = stripSeek(p.u8, start, packedEnd(p, from), count, index);
  const end = stripSeek(p.u8, start, packedEnd(p, from), count, index + removed);
  const position = at - itemValueOffset(p, from);
  const bytes = added.reduce((sum, each) => sum + stripEntryBytes(each.length), 0);
  const { hash } = client.op.key;
  const ref = valueSplice(p, hash, from, position, end - at, bytes, client.op.nowMs);
  if (ref === 0) return 0;
  let to = itemValueOffset(p, ref) + position;
  for (const each of added) to = stripWrite(p.u8, to, each, 0, each.length);
  collectionCountSet(p, ref, count + added.length - removed);
  itemChanged(p, ref);
  return ref;
}

const addedBytes = fc.array(fc.oneof(fc.nat(12), fc.nat(12), fc.nat(300)), { maxLength: 4 });
const steps = fc.array(
  fc.record({
    key: fc.constantFrom(...KEYS),
    index: fc.nat(100),
    removed: fc.oneof(fc.nat(1), fc.nat(9)),
    added: addedBytes,
    salt: fc.nat(255),
    touches: fc.boolean(),
    pagesLeft: fc.option(fc.nat(4), { freq: 3 }),
    evicted: fc.nat(30),
  }),
  { minLength: 40, maxLength: 150, size: 'max' },
);

type Step = (typeof steps extends fc.Arbitrary<infer T> ? T : never)[number];

class World {
  readonly p: Partition;
  readonly client = new Client();
  readonly model = new Map<string, Model>();
  refusals = 0;
  losses = 0;

  constructor(evicts: boolean) {
    this.p = partitionMake({ bytes: evicts ? MIB : 2 * MIB, evicts });
  }

  /** What was evicted leaves the model; the rest is as the model has it. */
  check(): void {
    const { p, client, model } = this;
    partitionExpectSound(p);
    for (const [key, { contents, expiresAtMs, casUnique }] of model) {
      const ref = find(p, client, key);
      if (ref === 0 && p.evicts) {
        this.losses++;
        model.delete(key);
        continue;
      }
      expect(Buffer.concat(contentsOf(p, ref)).equals(Buffer.concat(contents))).toBe(true);
      expect(collectionCount(p, ref)).toBe(contents.length);
      expect([itemType(p, ref), collectionForm(p, ref)]).toEqual([ITEM_TYPE.LIST, FORM.PACKED]);
      expect(collectionFlags(p, ref)).toBe(key.length & 0xff);
      expect([itemExpiresAtMs(p, ref), itemCasUnique(p, ref)]).toEqual([expiresAtMs, casUnique]);
    }
  }

  run(step: Step): void {
    const { p, client, model } = this;
    let ref = find(p, client, step.key);
    if (ref === 0) {
      ref = collectionCreate(p, client.op, ITEM_TYPE.LIST);
      if (ref === 0) {
        this.refusals++;
        return;
      }
      collectionFlagsSet(p, ref, step.key.length);
      const casUnique = itemCasUnique(p, ref);
      model.set(step.key, { contents: [], expiresAtMs: 0, casUnique });
    }
    const known = model.get(step.key) as Model; // set above, if it was not there
    const index = step.index % (known.contents.length + 1);
    const removed = Math.min(step.removed, known.contents.length - index);
    const added = step.added.map((bytes, n) => valueMake(bytes, step.salt + n));
    const grown = added.reduce((sum, each) => sum + stripEntryBytes(each.length), 0);
    if (packedGrowFits(p, ref, grown)) {
      const to = splice(p, client, ref, { index, removed, added });
      if (to === 0) this.refusals++;
      else {
        expect(find(p, client, step.key)).toBe(to);
        expect(itemCasUnique(p, to)).toBeGreaterThan(known.casUnique);
        known.contents.splice(index, removed, ...added);
        known.casUnique = itemCasUnique(p, to);
      }
    }
    if (step.touches && client.touch(p, step.key, NOW_MS + 1000) === STATUS.OK) {
      known.expiresAtMs = NOW_MS + 1000;
    }
  }
}

describe.each([1, Date.now() & 0x7fffffff])('a packed collection is an array (seed %i)', (seed) => {
  it('and as it was, when an allocation fails', () => {
    let refusals = 0;
    const property = fc.property(steps, (all) => {
      const world = new World(false);
      const famine = new Famine(world.p);
      for (const step of all) {
        if (step.pagesLeft !== null) famine.begin(step.pagesLeft);
        world.run(step);
        famine.end();
        world.check();
      }
      for (const key of world.model.keys()) world.client.delete(world.p, key);
      partitionExpectEmpty(world.p);
      refusals += world.refusals;
    });
    fc.assert(property, { seed, numRuns: 15 });
    expect(refusals).toBeGreaterThan(0);
  });

  it('and stays while others are evicted for it', () => {
    let losses = 0;
    const property = fc.property(steps, (all) => {
      const world = new World(true);
      for (const [n, step] of all.entries()) {
        world.run(step);
        const bytes = 20 + 30 * step.evicted;
        for (let i = 0; i < 60; i++) {
          world.client.set(world.p, `fill:${n}:${i}`, valueMake(bytes, n));
        }
        world.check();
      }
      losses += world.losses;
    });
    fc.assert(property, { seed, numRuns: 5 });
    expect(losses).toBeGreaterThan(0);
  });
});

describe('an item of a collection', () => {
  it('gets as long as its chunk or the limit allows, and can expire then', () => {
    for (const keyBytes of [1, 250, 2048]) {
      const p = partitionMake();
      const client = new Client();
      const key = 'k'.repeat(keyBytes);
      client.keySet(key);
      let ref = collectionCreate(p, client.op, ITEM_TYPE.LIST);
      const room = Math.min(PACKED_BYTES_MAX, CHUNK_BYTES_MAX - keyBytes) - PACKED_HEADER_BYTES;
      const bytes = room - stripEntryBytes(254) + 254;
      expect(packedGrowFits(p, ref, room)).toBe(true);
      expect(packedGrowFits(p, ref, room + 1)).toBe(false);
      expect(packedFits(0, keyBytes, room)).toBe(true);
      expect(packedFits(0, keyBytes, room + 1)).toBe(false);
      ref = splice(p, client, ref, { index: 0, removed: 0, added: [valueMake(bytes, 1)] });
      expect(itemValueBytes(p, ref)).toBe(room + PACKED_HEADER_BYTES);
      expect(client.touch(p, key, NOW_MS + 5)).toBe(STATUS.OK);
      partitionExpectSound(p);
    }
  });

  it('keeps its chunk until a quarter of it is to spare', () => {
    const p = partitionMake();
    const client = new Client();
    client.keySet('list');
    let ref = collectionCreate(p, client.op, ITEM_TYPE.LIST);
    const added = Array.from({ length: 20 }, () => Buffer.alloc(48));
    ref = splice(p, client, ref, { index: 0, removed: 0, added });
    const first = chunkClass(p, ref);
    const chunkBytes = p.classes.chunkBytes[first];
    for (let n = 0; n < 10; n++) {
      ref = splice(p, client, ref, { index: 0, removed: 1, added: [] });
      expect(chunkClass(p, ref) === first).toBe(itemBytes(p, ref) * 4 > chunkBytes * 3);
    }
    expect(chunkClass(p, ref)).toBeLessThan(first);
    partitionExpectSound(p);
  });

  it('is found by its root when it moves', () => {
    const p = partitionMake();
    const client = new Client();
    const hash = client.keySet('large');
    const rootRef = chunkTake(p, p.classes.classFor(ROOT_BYTES));
    rootInit(p, rootRef);
    let ref = collectionCreate(p, client.op, ITEM_TYPE.LIST);
    ref = splice(p, client, ref, { index: 0, removed: 0, added: [valueMake(200, 1)] });
    const start = itemValueOffset(p, ref);
    p.u8.writeUInt8(FORM.LARGE, start);
    p.u8.writeUInt32LE(rootRef, start + PACKED_HEADER_BYTES);
    rootItemSet(p, rootRef, ref);
    const bytes = itemValueBytes(p, ref) - LARGE_VALUE_BYTES;
    const moved = valueSplice(p, hash, ref, LARGE_VALUE_BYTES, bytes, 0, NOW_MS);
    expect(moved).not.toBe(ref);
    expect([rootItem(p, rootRef), collectionRoot(p, moved)]).toEqual([moved, rootRef]);
  });

  it('is made beside the one it is to replace', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'key', 'string');
    client.keySet('key');
    let ref = collectionMake(p, client.op, ITEM_TYPE.SET);
    ref = splice(p, client, ref, { index: 0, removed: 0, added: [valueMake(300, 1)] });
    expect(client.text(p, 'key')).toBe('string');
    client.delete(p, 'key');
    expect(itemLink(p, client.keySet('key'), ref, 0)).toBe(true);
    partitionExpectSound(p);
    client.keySet('other');
    itemFree(p, collectionMake(p, client.op, ITEM_TYPE.SET));
    partitionExpectSound(p);
  });
});
