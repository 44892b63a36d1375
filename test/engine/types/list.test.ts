/** Random sequences of everything that is done to lists, and what lists of certain shapes cost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeBytes } from '../../../src/engine/collection/counted-tree.ts';
import { collectionRoot } from '../../../src/memory/collection.ts';
import { NODE_TYPE, rootBytes } from '../../../src/memory/node.ts';
import { CLASS, classRecord, type Partition } from '../../../src/memory/partition.ts';
import { chunkGive, chunkTake } from '../../../src/memory/slab.ts';
import { partitionExpectEmpty } from '../fixture.ts';
import { MIB } from '../limits.ts';
import { valueMake } from '../model-steps.ts';
import { ListWorld } from './list-world.ts';

const RUNS_FACTOR = process.env['FLAGSTONE_LONG'] === '1' ? 20 : 1;
const TIMEOUT_MS = 60_000 * RUNS_FACTOR;
const KEYS = ['a', 'list', 'k'.repeat(250)];

type Step = { readonly run: (world: ListWorld) => void };

const key = fc.constantFrom(...KEYS);
const small = fc.constantFrom('', 'a', 'b', 'cc', 'x'.repeat(60)).map((text) => Buffer.from(text));
const middling = fc
  .tuple(fc.integer({ min: 100, max: 1030 }), fc.nat(3))
  .map(([bytes, salt]) => valueMake(bytes, salt));
const long = fc
  .tuple(fc.integer({ min: 1000, max: 20_000 }), fc.nat(3))
  .map(([bytes, salt]) => valueMake(bytes, salt));
const element = fc.oneof(
  { weight: 6, arbitrary: small },
  { weight: 3, arbitrary: middling },
  { weight: 1, arbitrary: long },
);
const share = fc.double({ min: 0, max: 1, noNaN: true });

function step(text: string, run: (world: ListWorld) => void): Step {
  return Object.assign({ run }, { [fc.toStringMethod]: () => text });
}

/** An index of the list by the share of it that comes before; the list must not be empty. */
function indexOf(world: ListWorld, name: string, before: number): number {
  return Math.min(Math.floor(before * world.length(name)), world.length(name) - 1);
}

const push = fc
  .tuple(key, fc.array(element, { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([k, elements, atHead]) => step(`push ${k}`, (world) => world.push(k, elements, atHead)));
const fill = fc
  .tuple(key, element, fc.integer({ min: 1, max: 400 }), fc.boolean())
  .map(([k, one, count, atHead]) =>
    step(`push ${k} ${count} × ${one.length}`, (world) => {
      const most = Math.max(1, Math.min(count, Math.floor(60_000 / (one.length + 1))));
      world.push(k, Array(most).fill(one), atHead);
    }),
  );
const drop = fc
  .tuple(key, fc.oneof(fc.nat(3), fc.nat(100)), fc.boolean())
  .map(([k, count, atHead]) => step(`drop ${k} ${count}`, (world) => world.drop(k, count, atHead)));
const put = fc
  .tuple(key, share, element, fc.constantFrom('before', 'behind', 'instead'))
  .map(([k, before, one, how]) =>
    step(`${how} ${k} ${before} ${one.length}`, (world) => {
      if (world.length(k) > 0) world.put(k, indexOf(world, k, before), one, how);
    }),
  );
const putMany = fc
  .tuple(key, share, fc.array(element, { minLength: 10, maxLength: 60 }), fc.boolean())
  .map(([k, before, elements, scattered]) =>
    step(`put ${k} ${elements.length}`, (world) => {
      for (const [n, one] of elements.entries()) {
        const at = scattered ? (before + n * 0.618) % 1 : before;
        if (world.length(k) > 0) world.put(k, indexOf(world, k, at), one, 'before');
      }
    }),
  );
const remove = fc.tuple(key, share, fc.integer({ min: -5, max: 5 })).map(([k, before, count]) =>
  step(`remove ${k} ${count}`, (world) => {
    if (world.length(k) === 0) return;
    const one = world.lists.get(k)?.elements[indexOf(world, k, before)] ?? Buffer.alloc(0);
    world.remove(k, one, count);
  }),
);
const trim = fc.tuple(key, share, share).map(([k, start, kept]) =>
  step(`trim ${k}`, (world) => {
    const from = Math.floor((start * world.length(k)) / 3);
    world.trim(k, from, Math.ceil((world.length(k) - from) * Math.max(kept, 0.4)));
  }),
);
const shift = fc
  .tuple(key, fc.boolean(), key, fc.boolean(), fc.integer({ min: 1, max: 20 }))
  .map(([from, fromHead, to, toHead, count]) =>
    step(`shift ${from} ${fromHead} ${to} ${toHead} ${count}`, (world) => {
      for (let n = 0; n < count; n++) world.shift(from, fromHead, to, toHead);
    }),
  );
const touch = key.map((k) => step(`touch ${k}`, (world) => world.touch(k, 1e13)));
const clear = key.map((k) => step(`clear ${k}`, (world) => world.drop(k, 1e9, true)));
const bury = fc.nat(50).map((chunks) => step(`bury ${chunks}`, (world) => world.bury(chunks)));

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: push },
    { weight: 3, arbitrary: fill },
    { weight: 3, arbitrary: drop },
    { weight: 5, arbitrary: put },
    { weight: 2, arbitrary: putMany },
    { weight: 3, arbitrary: remove },
    { weight: 2, arbitrary: shift },
    { weight: 1, arbitrary: trim },
    { weight: 1, arbitrary: touch },
    { weight: 1, arbitrary: bury },
    { weight: 1, arbitrary: fc.oneof(clear, touch) },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);

/** Chunks in use. */
function classesUsed(p: Partition): number {
  let used = 0;
  for (let classId = 1; classId < p.classes.count; classId++) {
    used += p.i32[classRecord(classId) + CLASS.usedCount];
  }
  return used;
}

/** Deletes what is left; nothing of it may remain. */
function worldEnd(world: ListWorld): void {
  for (const name of [...world.lists.keys()]) world.drop(name, 1e9, false);
  world.bury(1e9);
  partitionExpectEmpty(world.p);
}

describe.each([1, Date.now() & 0x7fffffff])('a list is an array (seed %i)', (seed) => {
  it('with room for everything', { timeout: TIMEOUT_MS }, () => {
    const forms = new Set<string>();
    const property = fc.property(steps, (all) => {
      const world = new ListWorld({ bytes: 16 * MIB, evicts: false });
      for (const { run } of all) {
        run(world);
        world.check();
      }
      worldEnd(world);
      expect(world.refusals).toBe(0);
      for (const form of world.forms.keys()) forms.add(form);
    });
    fc.assert(property, { seed, numRuns: 25 * RUNS_FACTOR, endOnFailure: true });
    expect(forms.size).toBe(2 * KEYS.length);
  });

  it('and as it was, when an allocation fails', { timeout: TIMEOUT_MS }, () => {
    let refusals = 0;
    const famines = fc.infiniteStream(fc.option(fc.nat(4), { freq: 2 }));
    const property = fc.property(steps, famines, (all, pagesLeft) => {
      const world = new ListWorld({ bytes: 16 * MIB, evicts: false });
      for (const { run } of all) {
        const left = pagesLeft.next().value;
        if (left !== null) world.famine.begin(left);
        run(world);
        world.famine.end();
        world.check();
      }
      worldEnd(world);
      refusals += world.refusals;
    });
    fc.assert(property, { seed, numRuns: 25 * RUNS_FACTOR, endOnFailure: true });
    expect(refusals).toBeGreaterThan(0);
  });

  it('and stays whole while others are evicted for it', { timeout: TIMEOUT_MS }, () => {
    let losses = 0;
    const fills = fc.infiniteStream(fc.tuple(fc.nat(6000), fc.nat(120)));
    const property = fc.property(steps, fills, (all, sizes) => {
      const world = new ListWorld({ bytes: 2 * MIB });
      for (const [n, { run }] of all.entries()) {
        run(world);
        const [bytes, count] = sizes.next().value;
        for (let i = 0; i < count; i++) {
          world.client.set(world.p, `fill:${n}:${i}`, valueMake(bytes, n));
        }
        world.check();
      }
      losses += world.losses;
    });
    fc.assert(property, { seed, numRuns: 8 * RUNS_FACTOR, endOnFailure: true });
    expect(losses).toBeGreaterThan(0);
  });
});

describe('a long list', () => {
  const COUNT = 60_000;
  /** A list of so many numbers, with a long element here and there. */
  function worldMake(): ListWorld {
    const world = new ListWorld({ bytes: 8 * MIB, evicts: false });
    const elements = Array.from({ length: COUNT }, (_, n) =>
      n % 1000 === 7 ? valueMake(1100 + (n % 9000), n) : Buffer.from(`element ${n}`),
    );
    world.push('a', elements, false);
    world.check();
    return world;
  }

  it.each([
    [0, 1],
    [COUNT - 5, 5],
    [COUNT >> 1, 2000],
    [3000, COUNT >> 2],
    [0, COUNT >> 1],
    [40_000, 20_000],
    [5, COUNT - 10],
  ])('is cut down to what begins at %i, %i elements', (start, kept) => {
    const world = worldMake();
    world.trim('a', start, kept);
    world.check();
    for (let n = 0; n < 50; n++) world.bury(100);
    world.push('a', [Buffer.from('x')], true);
    world.push('a', [Buffer.from('y')], false);
    world.check();
    worldEnd(world);
  });

  it.each([0, 1, 2])('is cut down also without memory to move what stays (%i leaves)', (leaves) => {
    const world = worldMake();
    const { p, famine } = world;
    famine.begin(0);
    // One leaf is for the list that is to be; what stays has more than that.
    const leafClass = p.classes.classFor(nodeBytes(NODE_TYPE.TREE_LEAF, false));
    const taken: number[] = [];
    for (let ref = 1; ref !== 0; ) {
      ref = chunkTake(p, leafClass);
      if (ref !== 0) taken.push(ref);
    }
    for (const ref of taken.splice(0, leaves)) chunkGive(p, ref);
    world.trim('a', 3000, 15_000);
    for (const ref of taken) chunkGive(p, ref);
    famine.end();
    world.check();
    worldEnd(world);
  });

  it('is deleted at once, and freed in slices', () => {
    const world = worldMake();
    world.drop('a', COUNT, true);
    const used = classesUsed(world.p);
    world.bury(100);
    const less = classesUsed(world.p);
    expect(used - less).toBeGreaterThanOrEqual(100);
    expect(less).toBeGreaterThan(100);
    world.check();
    worldEnd(world);
  });

  it('takes little more than its elements, also when most have gone', () => {
    const world = worldMake();
    const element = Buffer.from('same');
    const mixed = Array.from({ length: 30_000 }, (_, n) =>
      n % 3 === 0 ? Buffer.from(`${n}`) : element,
    );
    world.push('list', mixed, false);
    world.remove('list', element, 0);
    world.check();
    const rootRef = collectionRoot(world.p, world.find('list'));
    const bytes = mixed.reduce((sum, one) => sum + (one === element ? 0 : one.length + 2), 0);
    expect(rootBytes(world.p, rootRef)).toBeLessThan(bytes * 2);
  });
});
