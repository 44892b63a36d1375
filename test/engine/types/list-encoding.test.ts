/** When clients are told that a list is a quicklist, by list-max-listpack-size. */
import { describe, expect, it } from 'vitest';
import { stripEntryBytes } from '../../../src/engine/collection/strip.ts';
import {
  listExpect,
  listGrown,
  listIsQuicklist,
  listShrunk,
} from '../../../src/engine/types/list-encoding.ts';
import { valueMake } from '../model-steps.ts';
import { ListWorld } from './list-world.ts';

const BYTES: readonly (readonly [limit: number, bytes: number])[] = [
  [-1, 4096],
  [-2, 8192],
  [-3, 16_384],
  [-4, 32_768],
  [-5, 65_536],
  [-6, 65_536],
];

/** A list of elements of so many bytes, whose entries in a listpack take `bytes` in all, or a little less. */
function worldOf(bytes: number, elementBytes: number): ListWorld {
  const world = new ListWorld({ evicts: false });
  const count = Math.floor(bytes / stripEntryBytes(elementBytes));
  world.push('list', Array(count).fill(valueMake(elementBytes, 1)), false);
  return world;
}

function isQuicklist(world: ListWorld): boolean {
  return listIsQuicklist(world.p, world.find('list'));
}

describe('a list is a quicklist', () => {
  it.each(BYTES)('by %i beyond %i bytes, until it has half of that', (limit, most) => {
    for (const elementBytes of [8, 100, 900, 3000]) {
      const world = worldOf(most - 7, elementBytes);
      const { p } = world;
      listGrown(p, world.find('list'), limit);
      expect(isQuicklist(world)).toBe(false);
      listExpect(p, world.find('list'), 1, stripEntryBytes(elementBytes), limit);
      expect(isQuicklist(world)).toBe(true);
      const isHalf = (): boolean =>
        world.length('list') * stripEntryBytes(elementBytes) + 7 <= most / 2;
      while (!isHalf() && world.length('list') > 1) {
        listShrunk(p, world.find('list'), limit);
        expect(isQuicklist(world)).toBe(true);
        world.drop('list', 1, true);
      }
      listShrunk(p, world.find('list'), limit);
      expect(isQuicklist(world)).toBe(!isHalf());
    }
  });

  it.each([0, 1, 3, 128])('by %i beyond as many elements, until it has half as many', (limit) => {
    const most = Math.max(1, limit);
    const world = worldOf(most * 3, 1);
    const { p } = world;
    listGrown(p, world.find('list'), limit);
    expect(isQuicklist(world)).toBe(false);
    world.push('list', [Buffer.from('x')], false);
    listGrown(p, world.find('list'), limit);
    expect(isQuicklist(world)).toBe(true);
    while (world.length('list') > Math.max(1, most >>> 1)) {
      listShrunk(p, world.find('list'), limit);
      expect(isQuicklist(world)).toBe(true);
      world.drop('list', 1, true);
    }
    listShrunk(p, world.find('list'), limit);
    // Half of one element is none, which no list has.
    expect(isQuicklist(world)).toBe(most === 1);
  });

  it('beyond 8 KiB, whatever the elements that it may have', () => {
    const world = worldOf(8192 - 7, 100);
    listGrown(world.p, world.find('list'), 100_000);
    expect(isQuicklist(world)).toBe(false);
    world.push('list', [valueMake(100, 1)], false);
    listGrown(world.p, world.find('list'), 100_000);
    expect(isQuicklist(world)).toBe(true);
  });
});
