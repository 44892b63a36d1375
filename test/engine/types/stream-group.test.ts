/** Random sequences of everything that is done to consumer groups, and what many pending entries cost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Key, keyFill } from '../../../src/base/key.ts';
import { streamRootOf } from '../../../src/engine/types/stream.ts';
import { rootBytes } from '../../../src/memory/node.ts';
import { partitionExpectEmpty } from '../fixture.ts';
import { MIB } from '../limits.ts';
import { GroupWorld } from './stream-group-world.ts';

const RUNS_FACTOR = process.env['FLAGSTONE_LONG'] === '1' ? 20 : 1;
const TIMEOUT_MS = 120_000 * RUNS_FACTOR;
const KEYS = ['a', 'stream', 'k'.repeat(250)];
const GROUPS = ['g', 'group', '', 'ü'.repeat(2000)];
const CONSUMERS = ['c', 'consumer:1', 'consumer:2', '', 'x'.repeat(8000), 'worker'.repeat(40)];

type Step = { readonly run: (world: GroupWorld) => void };

function step(text: string, run: (world: GroupWorld) => void): Step {
  return Object.assign({ run }, { [fc.toStringMethod]: () => text });
}

const key = fc.constantFrom(...KEYS);
const group = fc.constantFrom(...GROUPS);
const consumer = fc.oneof(
  fc.constantFrom(...CONSUMERS),
  fc.nat(60).map((n) => `many:${n}`),
);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const start = fc.oneof(
  fc.bigInt({ min: 0n, max: 3000n }),
  fc.bigInt({ min: 0n, max: 3000n }).map((n) => ((1n << 41n) + n) << 64n),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 5000n }),
);

/** The id of what is pending at this share of a group's; or one that is not. */
function idAt(world: GroupWorld, keyText: string, groupText: string, at: number): bigint {
  const ids = [...(world.streams.get(keyText)?.get(groupText)?.pending.keys() ?? [])];
  return ids[Math.floor(at * ids.length)] ?? 7n;
}

const deliver = fc
  .tuple(key, group, consumer, start, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 400 })))
  .map(([k, g, c, first, count]) =>
    step(`deliver ${k} ${g} ${c} ${first} ${count}`, (world) =>
      world.deliver(
        k,
        g,
        c,
        Array.from({ length: count }, (_, n) => first + BigInt(n * 3)),
      ),
    ),
  );
const acknowledge = fc
  .tuple(key, group, share)
  .map(([k, g, at]) =>
    step(`acknowledge ${k} ${g} ${at}`, (world) =>
      world.acknowledge(k, g, [idAt(world, k, g, at), 12n]),
    ),
  );
const acknowledgeMany = fc.tuple(key, group, share, share).map(([k, g, from, part]) =>
  step(`acknowledge many ${k} ${g} ${from} ${part}`, (world) => {
    const ids = [...(world.streams.get(k)?.get(g)?.pending.keys() ?? [])];
    const some = ids.slice(Math.floor(from * ids.length));
    world.acknowledge(
      k,
      g,
      some.filter((_, n) => (n * 0.618) % 1 < part),
    );
  }),
);
const claim = fc
  .tuple(key, group, consumer, share, fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 40))
  .map(([k, g, c, at, deliveries]) =>
    step(`claim ${k} ${g} ${c} ${at} ${deliveries}`, (world) =>
      world.claim(k, g, c, idAt(world, k, g, at), deliveries),
    ),
  );
const consumerDrop = fc
  .tuple(key, group, consumer)
  .map(([k, g, c]) => step(`drop ${k} ${g} ${c}`, (world) => world.consumerDrop(k, g, c)));
const groupDrop = fc
  .tuple(key, group)
  .map(([k, g]) => step(`drop ${k} ${g}`, (world) => world.groupDrop(k, g)));
const drop = key.map((k) => step(`drop ${k}`, (world) => world.drop(k)));
const bury = fc.nat(30).map((n) => step(`bury ${n}`, (world) => world.bury(n)));
const famine = fc.nat(2).map((n) => step(`famine ${n}`, (world) => world.famine.begin(n)));
const plenty = fc.constant(step('plenty', (world) => world.famine.end()));

const steps = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: deliver },
    { weight: 4, arbitrary: acknowledge },
    { weight: 4, arbitrary: acknowledgeMany },
    { weight: 6, arbitrary: claim },
    { weight: 2, arbitrary: consumerDrop },
    { weight: 1, arbitrary: groupDrop },
    { weight: 1, arbitrary: drop },
    { weight: 3, arbitrary: bury },
    { weight: 2, arbitrary: famine },
    { weight: 3, arbitrary: plenty },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
);

function walk(seed: number, bytes: number, evicts: boolean): GroupWorld[] {
  const worlds: GroupWorld[] = [];
  const property = fc.property(steps, (all) => {
    const world = new GroupWorld({ bytes, evicts });
    worlds.push(world);
    for (const { run } of all) {
      run(world);
      const taken = world.famine.pages.length;
      world.famine.end();
      world.check();
      if (taken > 0) world.famine.begin(0);
    }
    world.famine.end();
    for (const k of KEYS) world.drop(k);
    world.bury(1_000_000);
    partitionExpectEmpty(world.p);
  });
  fc.assert(property, { seed, numRuns: 8 * RUNS_FACTOR, endOnFailure: true });
  return worlds;
}

/** Two names of one hash: among some ten thousand there are such. */
function namesMeeting(): [string, string] {
  const key = new Key();
  const byHash = new Map<number, string>();
  for (let n = 0; ; n++) {
    const name = `name ${n}`;
    keyFill(key, Buffer.from(name), 0, name.length);
    const before = byHash.get(key.hash);
    if (before !== undefined) return [before, name];
    byHash.set(key.hash, name);
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, each) => total + each, 0);

describe('consumer groups', () => {
  it.each([1, 2, Date.now() & 0x7fffffff])(
    'are maps, also where memory runs out (seed %i)',
    (seed) => {
      const worlds = walk(seed, 2 * MIB, false);
      expect(sum(worlds.map(({ refusals }) => refusals))).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it.each([3, Date.now() & 0x7fffffff])(
    'go with their streams, which are evicted (seed %i)',
    (seed) => {
      const worlds = walk(seed, MIB, true);
      expect(sum(worlds.map(({ losses }) => losses))).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it('are told apart where their names have the same hash', () => {
    const [one, other] = namesMeeting();
    const world = new GroupWorld({ bytes: MIB, evicts: false });
    world.deliver('s', one, other, [1n, 2n]);
    world.deliver('s', other, one, [3n]);
    world.deliver('s', one, one, [4n]);
    world.check();
    world.consumerDrop('s', one, other);
    world.groupDrop('s', other);
    world.check();
    world.drop('s');
    world.bury(100);
    partitionExpectEmpty(world.p);
  });

  it('take some fifty bytes for what is pending', { timeout: TIMEOUT_MS }, () => {
    const world = new GroupWorld({ bytes: 8 * MIB, evicts: false });
    const ids = Array.from({ length: 5000 }, (_, n) => (BigInt(1_800_000_000_000 + n) << 64n) | 5n);
    world.deliver('s', 'g', 'c', ids);
    const rootRef = streamRootOf(world.p, world.find('s'));
    expect(rootBytes(world.p, rootRef) / ids.length).toBeLessThan(52);
    world.acknowledge('s', 'g', ids);
    expect(rootBytes(world.p, rootRef)).toBeLessThan(5000);
    world.drop('s');
    world.bury(10_000);
    partitionExpectEmpty(world.p);
  });
});
