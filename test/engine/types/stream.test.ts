/** Random sequences of everything that is done to streams, and what streams of certain shapes cost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { streamRootOf } from '../../../src/engine/types/stream.ts';
import { rootBytes } from '../../../src/memory/node.ts';
import { partitionExpectEmpty } from '../fixture.ts';
import { MIB } from '../limits.ts';
import { valueMake } from '../model-steps.ts';
import { StreamWorld } from './stream-world.ts';

const RUNS_FACTOR = process.env['FLAGSTONE_LONG'] === '1' ? 20 : 1;
const TIMEOUT_MS = 60_000 * RUNS_FACTOR;
const KEYS = ['a', 'stream', 'k'.repeat(250)];

type Step = { readonly run: (world: StreamWorld) => void };

const key = fc.constantFrom(...KEYS);
const small = fc.constantFrom('', 'a', 'temperature', '1526919030474-55', 'x'.repeat(130));
/** Texts that are integers, and that are nearly. */
const number = fc.oneof(
  fc.maxSafeInteger().map(String),
  fc.tuple(fc.nat(52), fc.constantFrom(-1, 0, 1)).map(([bits, off]) => `${2 ** bits + off}`),
  fc.tuple(fc.nat(16), fc.constantFrom(-1, 0, 1)).map(([digits, off]) => `-${10 ** digits + off}`),
  fc.constantFrom(
    '007',
    '-0',
    '-007',
    '--5',
    '12a',
    'a12',
    '1.5',
    '+12',
    '-',
    '999',
    '1000',
    ' 12',
  ),
);
const bytes = fc.oneof(
  { weight: 8, arbitrary: small.map((text) => Buffer.from(text)) },
  { weight: 6, arbitrary: number.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 2000 }).map((n) => valueMake(n, n)) },
  { weight: 1, arbitrary: fc.integer({ min: 7000, max: 30_000 }).map((n) => valueMake(n, n)) },
);
const entry = fc
  .array(fc.tuple(small, bytes), { minLength: 1, maxLength: 4 })
  .map((fields) => fields.flatMap(([name, value]) => [Buffer.from(name), value]));
/** How far an entry's id is from the one before: in number, in time, in both, and far. */
const ahead = fc.oneof(
  fc.bigInt({ min: 1n, max: 300n }),
  fc.tuple(fc.nat(70_000), fc.nat(2)).map(([ms, seq]) => ((BigInt(ms) + 1n) << 64n) | BigInt(seq)),
  fc.bigInt({ min: 1n, max: 1n << 80n }),
  fc.bigInt({ min: 1n, max: 1n << 122n }),
);
const share = fc.double({ min: 0, max: 1, noNaN: true });

function step(text: string, run: (world: StreamWorld) => void): Step {
  return Object.assign({ run }, { [fc.toStringMethod]: () => text });
}

/** The id of the entry before which there is this share; or one that no entry has. */
function idAt(world: StreamWorld, name: string, before: number): bigint {
  const entries = world.streams.get(name)?.entries ?? [];
  return entries[Math.floor(before * entries.length)]?.id ?? 5n;
}

const add = fc
  .tuple(key, ahead, entry)
  .map(([k, far, one]) => step(`add ${k} ${far}`, (world) => world.add(k, far, one)));
const fill = fc
  .tuple(key, ahead, entry, fc.integer({ min: 1, max: 300 }))
  .map(([k, far, one, count]) =>
    step(`fill ${k} ${count}`, (world) => {
      const size = one.reduce((sum, { length }) => sum + length + 1, 0);
      const most = Math.min(count, Math.ceil(60_000 / size));
      for (let n = 0; n < most; n++) world.add(k, n % 7 === 0 ? far : 1n << 64n, one);
    }),
  );
const remove = fc
  .tuple(key, share)
  .map(([k, at]) => step(`delete ${k} ${at}`, (world) => world.delete(k, idAt(world, k, at))));
const removeMany = fc.tuple(key, share, share).map(([k, from, part]) =>
  step(`delete many ${k} ${from} ${part}`, (world) => {
    const entries = world.streams.get(k)?.entries ?? [];
    const ids = entries.slice(Math.floor(from * entries.length)).map(({ id }) => id);
    for (const [n, id] of ids.entries()) if ((n * 0.618) % 1 < part) world.delete(k, id);
  }),
);
const limit = fc.constantFrom(0, 0, 50, 150);
const trimLength = fc
  .tuple(key, share, fc.boolean(), limit)
  .map(([k, left, isRough, countMax]) =>
    step(`trim ${k} to ${left}, ${isRough} ${countMax}`, (world) =>
      world.trimLength(k, Math.floor(left * world.count(k)), isRough, countMax),
    ),
  );
const trimId = fc
  .tuple(key, share, fc.boolean(), limit)
  .map(([k, at, isRough, countMax]) =>
    step(`trim ${k} before ${at}, ${isRough} ${countMax}`, (world) =>
      world.trimId(k, idAt(world, k, at), isRough, countMax),
    ),
  );
const drop = key.map((k) => step(`drop ${k}`, (world) => world.drop(k)));
const bury = fc.nat(50).map((chunks) => step(`bury ${chunks}`, (world) => world.bury(chunks)));
const limits = fc
  .tuple(fc.constantFrom(0, 100, 4096, 100_000), fc.constantFrom(0, 1, 10, 100, 5000))
  .map(([bytesMax, entriesMax]) =>
    step(`limits ${bytesMax} ${entriesMax}`, (world) => world.limit(bytesMax, entriesMax)),
  );

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: add },
    { weight: 6, arbitrary: fill },
    { weight: 4, arbitrary: remove },
    { weight: 4, arbitrary: removeMany },
    { weight: 2, arbitrary: trimLength },
    { weight: 2, arbitrary: trimId },
    { weight: 1, arbitrary: drop },
    { weight: 1, arbitrary: bury },
    { weight: 1, arbitrary: limits },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);

/** Deletes what is left; nothing of it may remain. */
function worldEnd(world: StreamWorld): void {
  for (const name of [...world.streams.keys()]) world.drop(name);
  world.bury(1e9);
  partitionExpectEmpty(world.p);
}

describe.each([1, Date.now() & 0x7fffffff])('a stream is an array (seed %i)', (seed) => {
  it('with room for everything', { timeout: TIMEOUT_MS }, () => {
    const property = fc.property(steps, (all) => {
      const world = new StreamWorld({ bytes: 16 * MIB, evicts: false });
      for (const { run } of all) {
        run(world);
        world.check();
      }
      worldEnd(world);
      expect(world.refusals).toBe(0);
    });
    fc.assert(property, { seed, numRuns: 10 * RUNS_FACTOR, endOnFailure: true });
  });

  it('and as it was, when an allocation fails', { timeout: TIMEOUT_MS }, () => {
    let refusals = 0;
    const famines = fc.infiniteStream(fc.option(fc.nat(4), { freq: 2 }));
    const property = fc.property(steps, famines, (all, pagesLeft) => {
      const world = new StreamWorld({ bytes: 16 * MIB, evicts: false });
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
    fc.assert(property, { seed, numRuns: 10 * RUNS_FACTOR, endOnFailure: true });
    expect(refusals).toBeGreaterThan(0);
  });

  it('and stays whole while others are evicted for it', { timeout: TIMEOUT_MS }, () => {
    let losses = 0;
    const fills = fc.infiniteStream(fc.tuple(fc.nat(6000), fc.nat(120)));
    const property = fc.property(steps, fills, (all, sizes) => {
      const world = new StreamWorld({ bytes: 2 * MIB });
      for (const [n, { run }] of all.entries()) {
        run(world);
        const [size, count] = sizes.next().value;
        for (let i = 0; i < count; i++) {
          world.client.set(world.p, `fill:${n}:${i}`, valueMake(size, n));
        }
        world.check();
      }
      losses += world.losses;
    });
    fc.assert(property, { seed, numRuns: 5 * RUNS_FACTOR, endOnFailure: true });
    expect(losses).toBeGreaterThan(0);
  });
});

describe('a long stream', () => {
  const COUNT = 12_000;
  const strings = ['sensor', '1234', 'temperature', '19.8'].map((text) => Buffer.from(text));

  function worldMake(): StreamWorld {
    const world = new StreamWorld({ bytes: 8 * MIB, evicts: false });
    for (let n = 0; n < COUNT; n++) world.add('a', n % 3 === 0 ? 5n << 64n : 1n, strings);
    return world;
  }

  it('takes few bytes beside its values', () => {
    const world = worldMake();
    world.check();
    const root = streamRootOf(world.p, world.find('a'));
    // Values with their lengths are 8 bytes; id, slot and the rest are no more.
    expect(rootBytes(world.p, root) / COUNT).toBeLessThan(18);
    worldEnd(world);
  });

  it('takes less when most of it has gone', () => {
    const world = worldMake();
    const { entries } = world.model('a');
    for (const [n, { id }] of [...entries].entries()) if (n % 10 !== 0) world.delete('a', id);
    world.check();
    const root = streamRootOf(world.p, world.find('a'));
    expect(rootBytes(world.p, root) / entries.length).toBeLessThan(60);
    worldEnd(world);
  });

  it('is trimmed one by one as well as in one go', () => {
    const world = worldMake();
    for (let n = 0; n < 500; n++) world.trimLength('a', COUNT - n, false, 0);
    world.check();
    world.trimLength('a', 5000, true, 0);
    world.check();
    world.trimLength('a', 0, false, 0);
    world.check();
    world.add('a', 1n, strings);
    world.check();
    worldEnd(world);
  });
});
