/** Elements that move between lists of two partitions; within one, see list.test.ts. */
import { describe, expect, it } from 'vitest';
import { collectionCreate } from '../../../src/engine/collection/packed.ts';
import { indexFind } from '../../../src/engine/hash-index.ts';
import { STATUS } from '../../../src/engine/status.ts';
import { listPush } from '../../../src/engine/types/list.ts';
import { ListMove, listMove } from '../../../src/engine/types/list-move.ts';
import { ITEM_TYPE } from '../../../src/memory/item.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectSound, partitionMake } from '../fixture.ts';
import { valueMake } from '../model-steps.ts';
import { elementsFrom } from './list-world.ts';

function listMake(p: Partition, client: Client, elements: readonly Buffer[]): number {
  client.keySet('list');
  let ref = collectionCreate(p, client.op, ITEM_TYPE.LIST);
  for (const element of elements) {
    client.valueSet(element);
    ref = listPush(p, client.op, ref, false);
  }
  return ref;
}

const elements = [3, 900, 5000, 100_000, 0].map((bytes, n) => valueMake(bytes, n));

describe('an element moves to another partition', () => {
  it.each([true, false])('and makes a list there, or joins one (at the head: %s)', (atHead) => {
    const client = new Client();
    const [from, to] = [partitionMake(), partitionMake()];
    const move = new ListMove();
    let fromRef = listMake(from, client, elements);
    let toRef = 0;
    let moved: Buffer[] = [];
    for (const element of elements) {
      client.keySet('other');
      expect(listMove(from, fromRef, true, to, client.op, toRef, atHead, move)).toBe(STATUS.OK);
      moved = atHead ? [element, ...moved] : [...moved, element];
      ({ fromRef, toRef } = move);
      for (const p of [from, to]) partitionExpectSound(p);
      expect(indexFind(to, client.op.key)).toBe(toRef);
      const found = elementsFrom(to, toRef, 0, true);
      expect(found.length).toBe(moved.length);
      expect(Buffer.concat(found).equals(Buffer.concat(moved))).toBe(true);
    }
    expect(fromRef).toBe(0);
    client.keySet('list');
    expect(indexFind(from, client.op.key)).toBe(0);
  });

  it('or stays, if there is no memory for it', () => {
    const client = new Client();
    const from = partitionMake();
    const move = new ListMove();
    const fromRef = listMake(from, client, elements);
    for (const pagesLeft of [0, 2, 3, 4, 6]) {
      const to = partitionMake({ evicts: false });
      const famine = new Famine(to);
      famine.begin(pagesLeft);
      client.keySet('other');
      for (const atHead of [true, false]) {
        const status = listMove(from, fromRef, true, to, client.op, 0, atHead, move);
        if (status === STATUS.OK) return;
      }
      expect(indexFind(to, client.op.key)).toBe(0);
      famine.end();
      for (const p of [from, to]) partitionExpectSound(p);
      expect(elementsFrom(from, fromRef, 0, true).length).toBe(elements.length);
    }
  });
});
