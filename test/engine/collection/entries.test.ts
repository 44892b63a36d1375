/**
 * Sets and hashes beside Maps: entries come, change, expire and go at random, in all forms of collection,
 * with room for all, with allocations that fail, and with others evicted for them. After each step the
 * partition is walked, and at the end nothing is left in it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Entry,
  EntryWalk,
  entryAt,
  entryCount,
  entryName,
  OUTCOME,
  walkNext,
  walkStart,
} from '../../../src/engine/collection/entry.ts';
import { graveyardWork } from '../../../src/engine/collection/graveyard-work.ts';
import { expirySweep } from '../../../src/engine/expiry.ts';
import { STATUS } from '../../../src/engine/status.ts';
import {
  EXPIRE_IF,
  EXPIRED,
  hashExpire,
  hashFind,
  hashGet,
  hashPersist,
  hashRemove,
  hashSet,
  hashSettle,
} from '../../../src/engine/types/hash.ts';
import { setAdd, setFind, setHas, setRemove, setSettle } from '../../../src/engine/types/set.ts';
import { itemValueCopy } from '../../../src/memory/chain.ts';
import { collectionCount } from '../../../src/memory/collection.ts';
import { HEADER_F64, type Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectEmpty, partitionExpectSound, partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';
import { valueMake } from '../model-steps.ts';

const PAGES_ALL = 1000;

type Field = { value: Buffer; expiresAtMs: number };

/** The entry's value, wherever it is. */
function valueTake(p: Partition, entry: Entry): Buffer {
  const value = Buffer.alloc(entry.valueBytes);
  if (entry.memberRef !== 0) itemValueCopy(p, entry.memberRef, value, 0);
  else p.u8.copy(value, 0, entry.valueStart, entry.valueStart + entry.valueBytes);
  return value;
}

function nameOf(entry: Entry): string {
  return entry.name.toString('latin1', entry.nameStart, entry.nameStart + entry.nameBytes);
}

/** One hash and one set of the same names, beside Maps. */
class World {
  readonly p: Partition;
  readonly client = new Client();
  readonly famine: Famine;
  readonly entry = new Entry(Buffer.alloc(0));
  readonly hash = new Map<string, Field>();
  readonly set = new Set<string>();
  nowMs = NOW_MS;
  refusals = 0;

  constructor(evicts: boolean) {
    this.p = partitionMake({ bytes: 2 * MIB, evicts });
    this.famine = new Famine(this.p);
  }

  name(name: string): void {
    entryName(this.entry, Buffer.from(name, 'latin1'), 0, name.length);
  }

  /** Fields whose time has come are gone for whoever asks. */
  clockForward(ms: number): void {
    this.nowMs += ms;
    this.client.clockSet(this.nowMs);
    for (const [name, field] of this.hash) {
      if (field.expiresAtMs !== 0 && field.expiresAtMs <= this.nowMs) this.hash.delete(name);
    }
  }

  hashSet(name: string, value: Buffer, expiresAtMs: number): void {
    const { p, client, entry } = this;
    client.keySet('hash');
    client.valueSet(value, { expiresAtMs });
    const before = hashFind(p, client.op);
    this.name(name);
    const ref = hashSet(p, client.op, before, entry);
    if (entry.outcome === OUTCOME.NO_MEMORY) {
      this.refusals++;
    } else {
      expect(entry.outcome).toBe(this.hash.has(name) ? OUTCOME.CHANGED : OUTCOME.ADDED);
      this.hash.set(name, { value, expiresAtMs });
    }
    if (ref !== 0) hashSettle(p, client.op, ref);
  }

  hashRemove(name: string): void {
    const { p, client, entry } = this;
    client.keySet('hash');
    const before = hashFind(p, client.op);
    if (before === 0) return;
    this.name(name);
    const ref = hashRemove(p, client.op, before, entry);
    expect(entry.outcome).toBe(this.hash.delete(name) ? OUTCOME.CHANGED : OUTCOME.NONE);
    hashSettle(p, client.op, ref);
  }

  hashExpire(name: string, expiresAtMs: number): void {
    const { p, client, entry } = this;
    client.keySet('hash');
    const before = hashFind(p, client.op);
    if (before === 0) return;
    this.name(name);
    client.op.expiresAtMs = expiresAtMs;
    const ref = hashExpire(p, client.op, before, entry, EXPIRE_IF.ALWAYS);
    const field = this.hash.get(name);
    if (entry.outcome === EXPIRED.NO_MEMORY) {
      this.refusals++;
    } else if (field === undefined) {
      expect(entry.outcome).toBe(EXPIRED.NO_FIELD);
    } else if (expiresAtMs <= this.nowMs) {
      expect(entry.outcome).toBe(EXPIRED.DELETED);
      this.hash.delete(name);
    } else {
      expect(entry.outcome).toBe(EXPIRED.SET);
      field.expiresAtMs = expiresAtMs;
    }
    hashSettle(p, client.op, ref);
  }

  hashPersist(name: string): void {
    const { p, client, entry } = this;
    client.keySet('hash');
    const ref = hashFind(p, client.op);
    if (ref === 0) return;
    this.name(name);
    expect(hashGet(p, client.op, ref, entry)).toBe(this.hash.has(name));
    const field = this.hash.get(name);
    if (field === undefined) return;
    hashPersist(p, client.op, ref, entry);
    field.expiresAtMs = 0;
    hashSettle(p, client.op, ref);
  }

  setAdd(name: string): void {
    const { p, client, entry } = this;
    client.keySet('set');
    const before = setFind(p, client.op);
    this.name(name);
    const ref = setAdd(p, client.op, before, entry);
    if (entry.outcome === OUTCOME.NO_MEMORY) {
      this.refusals++;
    } else {
      expect(entry.outcome).toBe(this.set.has(name) ? OUTCOME.NONE : OUTCOME.ADDED);
      this.set.add(name);
    }
    if (ref !== 0) setSettle(p, client.op, ref);
  }

  setRemove(name: string): void {
    const { p, client, entry } = this;
    client.keySet('set');
    const before = setFind(p, client.op);
    if (before === 0) return;
    this.name(name);
    const ref = setRemove(p, client.op, before, entry);
    expect(entry.outcome).toBe(this.set.delete(name) ? OUTCOME.CHANGED : OUTCOME.NONE);
    setSettle(p, client.op, ref);
  }

  delete(key: string): void {
    const status = this.client.delete(this.p, key);
    const isThere = key === 'set' ? this.set.size > 0 : this.hash.size > 0;
    if (isThere) expect(status).toBe(STATUS.OK);
    if (key === 'set') this.set.clear();
    else this.hash.clear();
  }

  /** What is in the partition is what is in the Maps. Collections that were evicted are cleared. */
  check(mayBeGone: boolean): void {
    const { p, client, entry } = this;
    partitionExpectSound(p);
    client.keySet('hash');
    const hash = hashFind(p, client.op);
    if (mayBeGone && hash === 0) this.hash.clear();
    const found = new Map<string, Field>();
    const walk = new EntryWalk();
    if (hash !== 0) {
      for (walkStart(p, hash, walk); walkNext(p, walk, entry, this.nowMs); ) {
        found.set(nameOf(entry), { value: valueTake(p, entry), expiresAtMs: entry.expiresAtMs });
      }
      expect(entryCount(p, hash, this.nowMs)).toBe(this.hash.size);
    }
    expect(found.size).toBe(this.hash.size);
    for (const [name, { value, expiresAtMs }] of this.hash) {
      const field = found.get(name);
      if (field?.value.equals(value) !== true) expect.fail(`value of ${name}`);
      expect(field.expiresAtMs).toBe(expiresAtMs);
      this.name(name);
      expect(hashGet(p, client.op, hash, entry)).toBe(true);
    }
    client.keySet('set');
    const set = setFind(p, client.op);
    if (mayBeGone && set === 0) this.set.clear();
    const members = new Set<string>();
    if (set !== 0) {
      for (walkStart(p, set, walk); walkNext(p, walk, entry, 0); ) members.add(nameOf(entry));
      expect(collectionCount(p, set)).toBe(this.set.size);
    }
    expect(members).toEqual(this.set);
    for (const name of members) {
      this.name(name);
      expect(setHas(p, set, entry)).toBe(true);
    }
  }

  end(): void {
    this.delete('set');
    this.delete('hash');
    while (graveyardWork(this.p, 7) > 0) partitionExpectSound(this.p);
    partitionExpectEmpty(this.p);
  }
}

const NAMES = [
  ...Array.from({ length: 60 }, (_, n) => `name:${n}`),
  ...Array.from({ length: 10 }, (_, n) => 'long'.repeat(20 * n + 1)),
  ...['', 'x'.repeat(253), 'y'.repeat(254), 'z'.repeat(7990)],
];

const names = fc.constantFrom(...NAMES);
const valueBytes = fc.oneof(
  { weight: 10, arbitrary: fc.nat(40) },
  { weight: 3, arbitrary: fc.nat(700) },
  { weight: 1, arbitrary: fc.integer({ min: 7000, max: 40_000 }) },
);
const KINDS = [
  ...['hset', 'hset', 'hset', 'hset', 'hdel', 'hdel', 'hexpire', 'hpersist'],
  ...['sadd', 'sadd', 'sadd', 'srem', 'srem'],
  ...['hfill', 'sfill', 'hdrain', 'sdrain', 'clock', 'sweep', 'bury', 'del'],
] as const;
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    name: names,
    bytes: valueBytes,
    salt: fc.nat(255),
    ms: fc.integer({ min: -5, max: 2000 }),
    pagesLeft: fc.option(fc.nat(4), { freq: 3 }),
  }),
  { minLength: 30, maxLength: 120, size: 'max' },
);
type Step = { kind: (typeof KINDS)[number]; name: string; bytes: number; salt: number; ms: number };

function run(world: World, { kind, name, bytes, salt, ms }: Step): void {
  if (kind === 'hset') world.hashSet(name, valueMake(bytes, salt), 0);
  else if (kind === 'hdel') world.hashRemove(name);
  else if (kind === 'hexpire') world.hashExpire(name, world.nowMs + ms);
  else if (kind === 'hpersist') world.hashPersist(name);
  else if (kind === 'sadd') world.setAdd(name);
  else if (kind === 'srem') world.setRemove(name);
  else if (kind === 'hfill') {
    for (let n = 0; n < 40; n++) {
      world.hashSet(`fill:${n + salt}`, valueMake(n, salt), n % 7 === 0 ? world.nowMs + n + 1 : 0);
    }
  } else if (kind === 'sfill') for (let n = 0; n < 70; n++) world.setAdd(`fill:${n + salt}`);
  else if (kind === 'hdrain') {
    for (const field of [...world.hash.keys()].slice(0, salt >>> 1)) world.hashRemove(field);
  } else if (kind === 'sdrain') {
    for (const member of [...world.set].slice(0, salt >>> 1)) world.setRemove(member);
  } else if (kind === 'clock') world.clockForward(Math.abs(ms));
  else if (kind === 'sweep') expirySweep(world.p, world.nowMs, PAGES_ALL);
  else if (kind === 'bury') graveyardWork(world.p, salt);
  else world.delete(salt < 128 ? 'set' : 'hash');
}

describe.each([1, Date.now() & 0x7fffffff])(
  'sets and hashes are Sets and Maps (seed %i)',
  (seed) => {
    it('with room for everything', () => {
      const property = fc.property(steps, (all) => {
        const world = new World(false);
        for (const step of all) {
          run(world, step);
          world.check(false);
        }
        world.end();
        expect(world.refusals).toBe(0);
      });
      fc.assert(property, { seed, numRuns: 15 });
    });

    it('when allocations fail', () => {
      let refusals = 0;
      const property = fc.property(steps, (all) => {
        const world = new World(false);
        for (const { pagesLeft, ...step } of all) {
          if (pagesLeft !== null) world.famine.begin(pagesLeft);
          run(world, step);
          world.famine.end();
          world.check(false);
        }
        refusals += world.refusals;
        world.end();
      });
      fc.assert(property, { seed, numRuns: 15 });
      expect(refusals).toBeGreaterThan(0);
    });

    it('when others are evicted for them, and they for others', () => {
      let evictions = 0;
      const property = fc.property(steps, (all) => {
        const world = new World(true);
        for (const { pagesLeft: _, ...step } of all) {
          for (let n = 0; n < 200; n++) {
            world.client.set(world.p, `s${n * step.salt}`, valueMake(900, n));
          }
          world.check(true);
          run(world, step);
          world.check(true);
        }
        evictions += world.p.f64[HEADER_F64.evictionTotal];
      });
      fc.assert(property, { seed, numRuns: 4 });
      expect(evictions).toBeGreaterThan(0);
    });
  },
);

describe('a collection that changes its form', () => {
  it('keeps the order of its entries, but for those that fill holes', () => {
    const world = new World(false);
    const { p, client, entry } = world;
    for (let n = 0; n < 300; n++) world.setAdd(`m${n}`);
    for (let n = 0; n < 300; n++) if (n % 12 !== 0) world.setRemove(`m${n}`);
    client.keySet('set');
    const ref = setFind(p, client.op);
    const order = Array.from({ length: collectionCount(p, ref) }, (_, index) => {
      entryAt(p, ref, index, entry, 0);
      return nameOf(entry);
    });
    for (let n = 400; n < 600; n++) world.setAdd(`m${n}`);
    client.keySet('set');
    const large = setFind(p, client.op);
    for (const [index, name] of order.entries()) {
      entryAt(p, large, index, entry, 0);
      expect(nameOf(entry)).toBe(name);
    }
    world.check(false);
    world.end();
  });
});
