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

const PARTITION_BYTES = 8 * MIB;
/** Value bytes: from the smallest item to the longest, on both sides of where chains begin. */
const SIZES = [4, 70, 400, 1900, 3500, 7800, 9000, 20 * KIB, 130 * KIB, MIB - 200];
/** How much of each size is stored, in partitions full. */
const STAGE_FILLS = 2.5;
/** What the newcomers must hold in the end. Small items leave an index behind, which stays. */
const SHARE_MIN = 0.6;

const values = new Map(SIZES.map((bytes) => [bytes, Buffer.alloc(bytes, 'v')]));

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

function shuffled(seed: number): number[] {
  const random = randomMake(seed);
  const left = [...SIZES];
  return SIZES.map(() => left.splice(random(left.length), 1)[0]);
}

const ORDERS = [
  { order: 'ascending', sizes: SIZES },
  { order: 'descending', sizes: SIZES.toReversed() },
  { order: 'random', sizes: shuffled(5) },
];

describe('memory full of items of one size', () => {
  it.each(ORDERS)('goes over to the next size ($order)', ({ sizes }) => {
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

  it('takes any mixture of sizes without refusing one', () => {
    const p = partitionMake({ bytes: PARTITION_BYTES });
    const client = new Client(2 * MIB);
    const random = randomMake(9);
    let refused = 0;
    for (let n = 0; n < 20_000; n++) {
      // Small ones are the more frequent, as everywhere.
      const bytes = SIZES[Math.min(random(SIZES.length), random(SIZES.length))];
      const key = `${bytes}:${random(2000)}`;
      if (client.set(p, key, values.get(bytes) as Buffer) !== STATUS.OK) refused++;
      if (n % 5000 === 0) partitionExpectSound(p);
    }
    expect(refused).toBe(0);
    partitionExpectSound(p);
  });

  it('lets a size that is read stay beside one that is not', () => {
    const p = partitionMake({ bytes: PARTITION_BYTES });
    const client = new Client();
    const hot = Array.from({ length: 2000 }, (_, n) => `hot:${n}`);
    for (const key of hot) client.set(p, key, values.get(400) as Buffer);
    for (let n = 0; n < 60_000; n++) {
      client.get(p, hot[n % hot.length]);
      client.set(p, `cold:${n}`, values.get(n % 2 === 0 ? 70 : 1900) as Buffer);
    }
    partitionExpectSound(p);
    const kept = hot.filter((key) => client.get(p, key) !== null).length;
    expect(kept / hot.length).toBeGreaterThan(0.9);
  });
});
