import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ITEM_TYPE,
  itemCas,
  itemCasSet,
  itemHeaderWrite,
  itemNoteUse,
} from '../../src/memory/item.ts';
import {
  itemAccessBegin,
  itemAccessedSecSet,
  itemAccessTake,
  itemIdleSec,
  itemUses,
  itemUsesSet,
  USES_MAX,
  usesCountSet,
} from '../../src/memory/item-access.ts';
import type { Partition } from '../../src/memory/partition.ts';
import { partitionMake } from '../engine/fixture.ts';

/** 10:00:07, on any day. */
const NOW_SEC = 1_700_042_407;
const MINUTE = 60;
const DAY = 86_400;

function make(logFactor = 10, decayMinutes = 1): { p: Partition; ref: number } {
  const p = partitionMake();
  usesCountSet(p, logFactor, decayMinutes);
  const ref = p.pagesOffset >>> 3;
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, 0, 1, 1);
  itemCasSet(p, ref, 0x12345678, 0xabc);
  itemAccessBegin(p, ref, NOW_SEC);
  return { p, ref };
}

/** What so many uses come to. */
function used(times: number, logFactor: number): number {
  const { p, ref } = make(logFactor);
  for (let n = 0; n < times; n++) itemNoteUse(p, ref, NOW_SEC);
  return itemUses(p, ref, NOW_SEC);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('where uses are counted', () => {
  it('a new item has some, and the CAS unique beside them stays', () => {
    const { p, ref } = make();
    expect(itemUses(p, ref, NOW_SEC)).toBe(5);
    itemNoteUse(p, ref, NOW_SEC);
    expect(itemUses(p, ref, NOW_SEC)).toBe(6);
    expect(itemCas(p, ref)).toBe(0xabc * 2 ** 32 + 0x12345678);
  });

  it('a use counts the less, the more there are', () => {
    expect(used(300, 0)).toBe(USES_MAX);
    // As in redis.conf's table, give or take.
    expect(used(100, 1)).toBeGreaterThan(12);
    expect(used(100, 1)).toBeLessThan(26);
    expect(used(1000, 10)).toBeGreaterThan(13);
    expect(used(1000, 10)).toBeLessThan(26);
  });

  it('a use counts if chance has it', () => {
    const { p, ref } = make(10);
    itemUsesSet(p, ref, 15, NOW_SEC);
    vi.spyOn(Math, 'random').mockReturnValue(1 / 101 + 0.001);
    itemNoteUse(p, ref, NOW_SEC);
    expect(itemUses(p, ref, NOW_SEC)).toBe(15);
    vi.spyOn(Math, 'random').mockReturnValue(1 / 101 - 0.001);
    itemNoteUse(p, ref, NOW_SEC);
    expect(itemUses(p, ref, NOW_SEC)).toBe(16);
  });

  it('they get fewer while there is none', () => {
    const { p, ref } = make(0, 2);
    itemUsesSet(p, ref, 100, NOW_SEC);
    expect(itemUses(p, ref, NOW_SEC + MINUTE)).toBe(100);
    expect(itemUses(p, ref, NOW_SEC + 2 * MINUTE)).toBe(99);
    expect(itemUses(p, ref, NOW_SEC + 21 * MINUTE)).toBe(90);
    expect(itemUses(p, ref, NOW_SEC + 2 * DAY)).toBe(0);
    itemNoteUse(p, ref, NOW_SEC + 21 * MINUTE);
    expect(itemUses(p, ref, NOW_SEC + 21 * MINUTE)).toBe(91);
    usesCountSet(p, 0, 0);
    expect(itemUses(p, ref, NOW_SEC + DAY)).toBe(91);
  });

  it('a store is no use, and another value takes them over', () => {
    const { p, ref } = make();
    itemUsesSet(p, ref, 50, NOW_SEC);
    itemAccessedSecSet(p, ref, NOW_SEC + 10 * MINUTE);
    expect(itemUses(p, ref, NOW_SEC + 10 * MINUTE)).toBe(40);
    const other = ref + 8;
    itemHeaderWrite(p, other, ITEM_TYPE.STRING, 0, 1, 1);
    itemAccessTake(p, other, ref, NOW_SEC + 15 * MINUTE);
    expect(itemUses(p, other, NOW_SEC + 15 * MINUTE)).toBe(35);
  });

  it('the last one is told in minutes', () => {
    const { p, ref } = make();
    expect(itemIdleSec(p, ref, NOW_SEC + 52)).toBe(0);
    expect(itemIdleSec(p, ref, NOW_SEC + 53)).toBe(60);
    expect(itemIdleSec(p, ref, NOW_SEC + DAY)).toBe(DAY);
  });
});

it('where they are not, the time is, to the second', () => {
  const { p, ref } = make(-1);
  itemNoteUse(p, ref, NOW_SEC + 5);
  expect(itemIdleSec(p, ref, NOW_SEC + 9)).toBe(4);
  itemAccessedSecSet(p, ref, NOW_SEC + 7);
  expect(itemIdleSec(p, ref, NOW_SEC + 9)).toBe(2);
});
