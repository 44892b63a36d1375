/**
 * Eviction among large collections: what goes, goes whole; what stays is intact, wherever its members were
 * moved to; what is guarded stays.
 */
import { describe, expect, it } from 'vitest';
import { graveyardCount } from '../../src/engine/collection/graveyard.ts';
import { expirySweep } from '../../src/engine/expiry.ts';
import { guardAdd, guardMove, guardsClear, itemIsGuarded } from '../../src/engine/guard.ts';
import { indexFind, indexKeyCount } from '../../src/engine/hash-index.ts';
import { partitionReset } from '../../src/engine/keyspace.ts';
import { itemOwner } from '../../src/engine/owner.ts';
import { classPageVacate, VACATE } from '../../src/engine/page-move.ts';
import {
  EVICTION_POLICY,
  EVICTION_POLICY_NAMES,
  keyspacePolicy,
  keyspacePolicySet,
} from '../../src/engine/policy.ts';
import { STATUS } from '../../src/engine/status.ts';
import { itemIsLarge } from '../../src/memory/collection.ts';
import { chunkKind, itemNoteUse, KIND_FREE, KIND_ITEM, KIND_NODE } from '../../src/memory/item.ts';
import { usesCountSet } from '../../src/memory/item-access.ts';
import { HEADER, HEADER_F64, PAGE, pageOffset, pageRecord } from '../../src/memory/partition.ts';
import { Client } from './client.ts';
import {
  handlesMake,
  keyspaceMake,
  partitionExpectSound,
  partitionMake,
  type Setup,
} from './fixture.ts';
import { MIB, NOW_MS } from './limits.ts';
import { valueMake } from './model-steps.ts';
import { Hashes } from './types/hashes.ts';
import { ListWorld } from './types/list-world.ts';
import { Zsets } from './types/zsets.ts';

const LONG_FACTOR = process.env['FLAGSTONE_LONG'] === '1' ? 20 : 1;
const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const NO_CONDITIONS = 0;

/** Integers below a bound, the same for the same seed. */
class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  below(end: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0;
    return Math.floor(((this.state >>> 8) / 2 ** 24) * end);
  }
}

/** Strings, lists, hashes and sorted sets in one partition, each with what it should hold. */
class Crowd {
  readonly lists: ListWorld;
  readonly zsets: Zsets;
  readonly hashes: Hashes;
  readonly strings = new Map<string, Buffer>();
  readonly client = new Client();
  readonly random: Random;
  nowMs = NOW_MS;
  losses = 0;

  constructor(setup: Setup, seed: number) {
    this.lists = new ListWorld(setup);
    this.zsets = new Zsets(this.p);
    this.hashes = new Hashes(this.p);
    this.random = new Random(seed);
  }

  get p() {
    return this.lists.p;
  }

  find(key: string): number {
    this.client.keySet(key);
    return indexFind(this.p, this.client.op.key);
  }

  stringSet(): void {
    const key = `s${this.random.below(4000)}`;
    const bytes = this.random.below(30) === 0 ? this.random.below(30_000) : this.size();
    const value = valueMake(bytes, this.random.below(9));
    const expiresAtMs = this.random.below(2) * (NOW_MS + 60_000 + this.random.below(1000));
    const status = this.client.set(this.p, key, value, { expiresAtMs });
    if (status === STATUS.OK) this.strings.set(key, value);
    else this.strings.delete(key);
  }

  /** One of few, so that classes have several pages. */
  size(): number {
    return [3, 30, 400, 3000][this.random.below(4)];
  }

  listPush(): void {
    const bytes = this.random.below(8) === 0 ? 12_000 : 200;
    const element = valueMake(this.random.below(bytes), this.random.below(9));
    const count = 1 + this.random.below(bytes > 200 ? 3 : 60);
    this.lists.push(`l${this.random.below(12)}`, Array(count).fill(element), true);
  }

  zsetAdd(): void {
    const key = `z${this.random.below(12)}`;
    if (this.zsets.find(key) === 0) this.zsets.models.delete(key);
    for (let n = 1 + this.random.below(150); n > 0; n--) {
      const name = `member:${this.random.below(3000)}`.padEnd(this.random.below(2) * 60, '.');
      this.zsets.add(key, name, this.random.below(50), NO_CONDITIONS);
    }
  }

  hashSet(): void {
    const key = `h${this.random.below(12)}`;
    for (let n = 1 + this.random.below(100); n > 0; n--) {
      const field = `field:${this.random.below(2000)}`;
      const choice = this.random.below(8);
      if (choice === 0) this.hashes.remove(key, field);
      else if (choice < 3) this.hashes.expire(key, field, this.nowMs + this.random.below(3000));
      else this.hashes.set(key, field, valueMake(this.random.below(2) * 60, n));
    }
  }

  /** Time goes by, and the sweep. */
  wait(): void {
    this.nowMs += this.random.below(500);
    this.hashes.client.clockSet(this.nowMs);
    expirySweep(this.p, this.nowMs, 4);
  }

  /** Reads a key, so that eviction thinks better of it. */
  use(): void {
    const kind = ['s', 'l', 'z', 'h'][this.random.below(4)];
    const ref = this.find(`${kind}${this.random.below(12)}`);
    if (ref !== 0) itemNoteUse(this.p, ref, NOW_MS / 1000);
  }

  pageVacate(): void {
    const classId = 1 + this.random.below(this.p.classes.count - 1);
    const how = [VACATE.PACK, VACATE.SIFT, VACATE.CLEAR, null][this.random.below(4)];
    classPageVacate(this.p, classId, NOW_MS, how);
  }

  /** A collection that a command works on outlives whatever else is stored meanwhile. */
  guarded(): void {
    const keys = ['l', 'z', 'h'].map((kind) => `${kind}${this.random.below(12)}`);
    const refs = keys.map((key) => this.find(key)).filter((ref) => ref !== 0);
    for (const ref of refs) guardAdd(this.p, ref);
    for (let n = 0; n < 20; n++) this.stringSet();
    this.wait();
    this.pageVacate();
    expect(keys.map((key) => this.find(key)).filter((ref) => ref !== 0)).toEqual(refs);
    guardsClear(this.p);
  }

  step(): void {
    const choice = this.random.below(24);
    if (choice < 7) for (let n = 0; n < 10; n++) this.stringSet();
    else if (choice < 11) this.listPush();
    else if (choice < 13) this.lists.drop(`l${this.random.below(12)}`, 30, false);
    else if (choice < 16) this.zsetAdd();
    else if (choice < 18) this.use();
    else if (choice < 19) this.pageVacate();
    else if (choice < 22) this.hashSet();
    else if (choice < 23) this.wait();
    else this.guarded();
  }

  /** What is there is as it should be. */
  check(): void {
    this.lists.check();
    for (const key of [...this.zsets.models.keys()]) {
      if (this.zsets.find(key) !== 0) this.zsets.expectMembers(key);
      else if (this.zsets.models.delete(key)) this.losses++;
    }
    for (const [key, value] of this.strings) {
      const entry = this.client.get(this.p, key);
      if (entry === null) this.losses += this.strings.delete(key) ? 1 : 0;
      else expect(entry.value.equals(value)).toBe(true);
    }
    for (const key of [...this.hashes.models.keys()]) this.hashes.expectFields(key);
    this.ownersCheck();
  }

  /** Every chunk of a page leads to a key that is there, or is free, or waits in the graveyard. */
  private ownersCheck(): void {
    const { p } = this;
    for (let page = 0; page < p.i32[HEADER.pageBump]; page++) {
      const record = pageRecord(p, page);
      const classId = p.i32[record + PAGE.classId];
      if (classId <= 0) continue;
      for (let chunk = 0; chunk < p.i32[record + PAGE.bumpCount]; chunk++) {
        const ref = (pageOffset(p, page) + chunk * p.classes.chunkBytes[classId]) >>> 3;
        const owner = itemOwner(p, ref);
        if (chunkKind(p, ref) === KIND_FREE) expect(owner).toBe(0);
        else if (owner === 0) expect(graveyardCount(p)).toBeGreaterThan(0);
        else expect(chunkKind(p, owner)).toBe(KIND_ITEM);
        if (owner !== 0 && chunkKind(p, ref) === KIND_NODE)
          expect(itemIsLarge(p, owner)).toBe(true);
      }
    }
  }
}

describe('a full partition of strings, lists, hashes and sorted sets', () => {
  const POLICIES = [
    ['allkeys-lru', EVICTION_POLICY.ALLKEYS_LRU, 1500],
    ['allkeys-random', EVICTION_POLICY.ALLKEYS_RANDOM, 1500],
    ['volatile-ttl', EVICTION_POLICY.VOLATILE_TTL, 400],
    ['volatile-lru', EVICTION_POLICY.VOLATILE_LRU, 400],
    ['noeviction', EVICTION_POLICY.NOEVICTION, 400],
  ] as const;

  it.each(POLICIES)(
    '%s: keeps whole what it keeps',
    (_name, policy, steps) => {
      const crowd = new Crowd({ bytes: 2 * MIB }, SEED);
      const { i32, f64 } = crowd.p;
      i32[HEADER.evictionPolicy] = policy;
      for (let n = 0; n < steps * LONG_FACTOR; n++) {
        crowd.step();
        if (n % 100 === 0) crowd.check();
      }
      crowd.check();
      const evicts = policy !== EVICTION_POLICY.NOEVICTION;
      expect(f64[HEADER_F64.evictionTotal] > 0).toBe(evicts);
      if (steps < 1000) return;
      expect(f64[HEADER_F64.discardTotal]).toBeGreaterThan(10);
      expect(f64[HEADER_F64.rescueTotal]).toBeGreaterThan(10);
      expect(crowd.losses + crowd.lists.losses).toBeGreaterThan(100);
    },
    120_000,
  );

  it('frees what was deleted before anything is evicted', () => {
    const { p, zsets, client } = new Crowd({ bytes: 2 * MIB }, 1);
    for (let n = 0; n < 9000; n++) zsets.add('z', `member:${n}`, n, NO_CONDITIONS);
    client.set(p, 'kept', 'value');
    client.delete(p, 'z');
    expect(graveyardCount(p)).toBe(1);
    for (let n = 0; n < 4000; n++) expect(client.set(p, `s${n}`, 'x'.repeat(60))).toBe(STATUS.OK);
    expect([p.f64[HEADER_F64.evictionTotal], client.text(p, 'kept')]).toEqual([0, 'value']);
    partitionExpectSound(p);
  });

  it('gives up a large collection that nobody uses, and keeps one that is used', () => {
    const { p, zsets, client } = new Crowd({ bytes: 2 * MIB }, 1);
    for (let n = 0; n < 3000; n++) {
      zsets.add('unused', `member:${n}`, n, NO_CONDITIONS);
      zsets.add('used', `member:${n}`, n, NO_CONDITIONS);
    }
    for (let n = 0; n < 80_000; n++) {
      if (n % 10 === 0) itemNoteUse(p, zsets.find('used'), NOW_MS / 1000);
      client.set(p, `s${n}`, 'x'.repeat(60));
    }
    expect(zsets.find('unused')).toBe(0);
    expect(zsets.find('used')).not.toBe(0);
    zsets.expectMembers('used');
    partitionExpectSound(p);
  });
});

describe('the policy', () => {
  /** Stores every other key with an expiry time, until much more came than there is room for. */
  function fill(policy: number): {
    client: Client;
    kept: string[];
    lost: string[];
    refused: number;
  } {
    const p = partitionMake({ bytes: MIB });
    p.i32[HEADER.evictionPolicy] = policy;
    const client = new Client();
    const keys = Array.from({ length: 40_000 }, (_, n) => `${n % 2 === 0 ? 'v' : 'p'}:${n}`);
    let refused = 0;
    for (const [n, key] of keys.entries()) {
      const expiresAtMs = key.startsWith('v') ? NOW_MS + 1_000_000 - n : 0;
      if (client.set(p, key, 'x'.repeat(50), { expiresAtMs }) !== STATUS.OK) refused++;
      if (key === 'v:0') client.get(p, key);
    }
    partitionExpectSound(p);
    const isKept = (key: string): boolean => client.get(p, key) !== null;
    return { client, kept: keys.filter(isKept), lost: keys.filter((key) => !isKept(key)), refused };
  }

  it.each([
    ['volatile-lru', EVICTION_POLICY.VOLATILE_LRU],
    ['volatile-random', EVICTION_POLICY.VOLATILE_RANDOM],
    ['volatile-ttl', EVICTION_POLICY.VOLATILE_TTL],
  ])('%s evicts what expires, and when there is none of it refuses', (_name, policy) => {
    const { kept, refused } = fill(policy);
    const persistent = kept.filter((key) => key.startsWith('p'));
    expect(persistent.map((key) => Number(key.slice(2)))).toEqual(
      Array.from({ length: persistent.length }, (_, n) => 2 * n + 1),
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('noeviction refuses', () => {
    const { lost, refused } = fill(EVICTION_POLICY.NOEVICTION);
    expect(lost.length).toBe(refused);
  });

  it.each([
    ['allkeys-lru', EVICTION_POLICY.ALLKEYS_LRU, true],
    ['allkeys-random', EVICTION_POLICY.ALLKEYS_RANDOM, false],
  ])('%s has room for everything that comes', (_name, policy, looks) => {
    const { kept, refused } = fill(policy);
    expect(refused).toBe(0);
    expect(kept.some((key) => key.startsWith('p')) && kept.some((key) => key.startsWith('v'))).toBe(
      true,
    );
    if (!looks) expect(kept).not.toContain('v:0');
  });

  it('volatile-ttl evicts first what expires first', () => {
    const p = partitionMake({ bytes: MIB });
    p.i32[HEADER.evictionPolicy] = EVICTION_POLICY.VOLATILE_TTL;
    const client = new Client();
    let stored = 0;
    for (; p.f64[HEADER_F64.evictionTotal] === 0; stored++) {
      // Whatever the order of addresses, a third is due much sooner.
      const expiresAtMs = NOW_MS + (stored % 3 === 0 ? 1000 : 1_000_000) + stored;
      client.set(p, `k${stored}`.padEnd(5, '.'), 'x'.repeat(50), { expiresAtMs });
    }
    const count = indexKeyCount(p);
    for (let n = 0; n < count / 5; n++) {
      client.set(p, `m${n}`.padEnd(5, '.'), 'x'.repeat(50), { expiresAtMs: NOW_MS + 2_000_000 });
    }
    let soon = 0;
    for (let n = 0; n < stored; n++)
      if (n % 3 === 0 && client.get(p, `k${n}`.padEnd(5, '.')) !== null) soon++;
    expect(soon / count).toBeLessThan(0.2);
  });

  it('allkeys-lfu evicts what is used least, though it was used last', () => {
    const p = partitionMake({ bytes: MIB });
    p.i32[HEADER.evictionPolicy] = EVICTION_POLICY.ALLKEYS_LFU;
    usesCountSet(p, 10, 1);
    const client = new Client();
    let stored = 0;
    for (; p.f64[HEADER_F64.evictionTotal] === 0; stored++) {
      client.set(p, `k${stored}`.padEnd(5, '.'), 'x'.repeat(50));
    }
    const often = (n: number): boolean => n % 3 === 0;
    const keys = Array.from({ length: stored }, (_, n) => ({ n, key: `k${n}`.padEnd(5, '.') }));
    for (let turn = 0; turn < 30; turn++) {
      for (const { n, key } of keys) if (often(n)) client.get(p, key);
    }
    for (const { n, key } of keys) if (!often(n)) client.get(p, key);
    for (let n = 0; n < stored / 2; n++) client.set(p, `m${n}`.padEnd(5, '.'), 'x'.repeat(50));
    const left = keys.filter(({ key }) => client.get(p, key) !== null);
    expect(left.filter(({ n }) => often(n)).length).toBeGreaterThan((stored / 3) * 0.98);
  });

  it('can be changed at any time', () => {
    const keyspace = keyspaceMake(handlesMake({ partitionCount: 2 }));
    expect(keyspacePolicy(keyspace)).toBe(EVICTION_POLICY.ALLKEYS_LRU);
    keyspacePolicySet(keyspace, EVICTION_POLICY.VOLATILE_TTL);
    expect(keyspacePolicy(keyspace)).toBe(EVICTION_POLICY.VOLATILE_TTL);
    partitionReset(keyspace.partitions[0]);
    expect(keyspacePolicy(keyspace)).toBe(EVICTION_POLICY.VOLATILE_TTL);
    keyspacePolicySet(keyspace, EVICTION_POLICY.VOLATILE_LFU, { logFactor: 3, decayMinutes: 4 });
    partitionReset(keyspace.partitions[0]);
    for (const { i32 } of keyspace.partitions) {
      expect([i32[HEADER.usesLogFactor], i32[HEADER.usesDecayMinutes]]).toEqual([4, 4]);
    }
    expect(keyspacePolicy(keyspaceMake(handlesMake({ evicts: false })))).toBe(
      EVICTION_POLICY.NOEVICTION,
    );
    expect(EVICTION_POLICY_NAMES.length).toBe(Object.values(EVICTION_POLICY).length);
  });
});

describe('guards', () => {
  it('can be many, and follow an item that moves', () => {
    const p = partitionMake();
    for (let ref = 1; ref <= 100; ref++) guardAdd(p, ref);
    guardMove(p, 50, 500);
    expect([1, 49, 50, 500, 100, 101].map((ref) => itemIsGuarded(p, ref))).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
    guardsClear(p);
    expect(itemIsGuarded(p, 1)).toBe(false);
  });

  it('keep what is dead while a command works on it', () => {
    const p = partitionMake();
    const client = new Client();
    client.set(p, 'a', '1', { expiresAtMs: NOW_MS + 1 });
    client.keySet('a');
    const ref = indexFind(p, client.op.key);
    guardAdd(p, ref);
    expect(expirySweep(p, NOW_MS + 1, 100)).toBe(0);
    guardsClear(p);
    expect(expirySweep(p, NOW_MS + 1, 100)).toBe(1);
  });
});
