/**
 * Item sizes that change over time. Memory must follow them: whatever filled it before, items of the
 * new size are accepted at once, and soon hold most of it.
 */
import { describe, expect, it } from 'vitest';
import { indexWalk } from '../../src/engine/hash-index.ts';
import { STATUS } from '../../src/engine/status.ts';
import { itemValueBytes } from '../../src/memory/item.ts';
import type { Partition } from '../../src/memory/partition.ts';
import { PAGE_BYTES } from '../../src/memory/slab-classes.ts';
import { Client } from './client.ts';
import { partitionExpectSound, partitionMake } from './fixture.ts';
import { KIB, MIB } from './limits.ts';

const PARTITION_BYTES = 4 * MIB;
/** Value bytes, on both sides of where chains begin; each about five times the one before. */
const SIZES = [80, 400, 1900, 7800, 40 * KIB, 200 * KIB];
const SIZES_ALL = [4, 70, 400, 1900, 3500, 7800, 9000, 20 * KIB, 130 * KIB, MIB - 200];
/** How much of each size is stored, in partitions full. */
const STAGE_FILLS = 6;
/** What the newcomers must hold in the end. */
const SHARE_MIN = 0.6;

const values = new Map([...SIZES, ...SIZES_ALL].map((bytes) => [bytes, Buffer.alloc(bytes, 'v')]));

function randomMake(seed: number): (end: number) => number {
  let state = seed | 0;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % end;
  };
}

/** Stores items of one size; returns how many sets were refused. */
function stageRun(p: Partition, client: Client, bytes: number, stage: number): number {
  const count = Math.ceil((STAGE_FILLS * PARTITION_BYTES) / (bytes + 60));
  let refused = 0;
  for (let n = 0; n < count; n++) {
    const status = client.set(p, `${stage}:${bytes}:${n}`, values.get(bytes) as Buffer);
    if (status !== STATUS.OK) refused++;
  }
  return refused;
}

/** The share of the pages that keys and values of this size fill. */
function shareOf(p: Partition, bytes: number): number {
  let count = 0;
  indexWalk(p, (ref) => {
    if (itemValueBytes(p, ref) === bytes) count++;
  });
  return (count * (bytes + 36)) / (p.pageCount * PAGE_BYTES);
}

describe('memory full of items of one size', () => {
  it.each([
    { order: 'ascending', sizes: SIZES },
    { order: 'descending', sizes: SIZES.toReversed() },
  ])('goes over to the next size ($order)', ({ sizes }) => {
    const p = partitionMake({ bytes: PARTITION_BYTES });
    const client = new Client(2 * MIB);
    const shares: number[] = [];
    for (const [stage, bytes] of sizes.entries()) {
      expect(stageRun(p, client, bytes, stage), `sets of ${bytes} bytes refused`).toBe(0);
      partitionExpectSound(p);
      shares.push(shareOf(p, bytes));
    }
    for (const [stage, share] of shares.entries()) {
      expect(share, `share of ${sizes[stage]} bytes`).toBeGreaterThan(SHARE_MIN);
    }
  });

  it('takes any other, however long or short', () => {
    const p = partitionMake({ bytes: 2 * PARTITION_BYTES });
    const client = new Client(2 * MIB);
    const random = randomMake(5);
    for (let stage = 0; stage < 16; stage++) {
      const bytes = SIZES_ALL[random(SIZES_ALL.length)];
      const count = Math.ceil((random(100) * PARTITION_BYTES) / 50 / (bytes + 60));
      for (let n = 0; n < count; n++) {
        const status = client.set(p, `${stage}:${n}`, values.get(bytes) as Buffer);
        if (status !== STATUS.OK) expect([stage, bytes, status]).toEqual([stage, bytes, STATUS.OK]);
      }
      partitionExpectSound(p);
    }
  });

  it('takes any mixture without refusing one', () => {
    const p = partitionMake({ bytes: 2 * PARTITION_BYTES });
    const client = new Client(2 * MIB);
    const random = randomMake(9);
    let refused = 0;
    for (let n = 0; n < 20_000; n++) {
      // Small ones are the more frequent, as everywhere.
      const bytes = SIZES_ALL[Math.min(random(SIZES_ALL.length), random(SIZES_ALL.length))];
      const status = client.set(p, `${bytes}:${random(2000)}`, values.get(bytes) as Buffer);
      if (status !== STATUS.OK) refused++;
      if (n % 5000 === 0) partitionExpectSound(p);
    }
    expect(refused).toBe(0);
    partitionExpectSound(p);
  });
});

describe('a size whose items are read', () => {
  it('stays beside sizes whose items are only stored', () => {
    const p = partitionMake({ bytes: PARTITION_BYTES });
    const client = new Client();
    const hot = Array.from({ length: 1000 }, (_, n) => `hot:${n}`);
    const ROUNDS = 30;
    let hits = 0;
    for (let n = 0; n < ROUNDS * hot.length; n++) {
      const key = hot[n % hot.length];
      if (client.get(p, key) === null) client.set(p, key, values.get(400) as Buffer);
      else if (n >= (ROUNDS * hot.length) / 2) hits++;
      client.set(p, `cold:${n}`, values.get(n % 2 === 0 ? 70 : 1900) as Buffer);
    }
    partitionExpectSound(p);
    expect(hits / ((ROUNDS * hot.length) / 2)).toBeGreaterThan(0.95);
  });
});
