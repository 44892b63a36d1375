/** The prefix table: counts by prefix, from several views of one control block. */
import { describe, expect, it } from 'vitest';
import { Key, keyFill } from '../../src/base/key.ts';
import { Control, controlBytes, PREFIX_COUNT_MAX } from '../../src/memory/control.ts';
import {
  PREFIX,
  PREFIX_BYTES_MAX,
  PREFIX_COUNT,
  prefixCount,
  prefixCountOf,
  prefixesClear,
  prefixesCounted,
  prefixesCountedSet,
  prefixesWalk,
  prefixRecord,
  prefixText,
} from '../../src/memory/prefix-table.ts';

function controlMake(): Control {
  return new Control(new SharedArrayBuffer(controlBytes(1)));
}

function recordOf(control: Control, prefix: string): number {
  const bytes = Buffer.from(prefix, 'latin1');
  const key = new Key();
  keyFill(key, bytes, 0, bytes.length);
  return prefixRecord(control, key);
}

function prefixesOf(control: Control): string[] {
  const found: string[] = [];
  prefixesWalk(control, (record) => found.push(prefixText(control, record)));
  return found.sort();
}

describe('the prefix table', () => {
  it('keeps each prefix once, whatever its length, and every thread finds it', () => {
    const control = controlMake();
    const other = new Control(control.sab);
    const prefixes = ['', 'a', 'ab', 'abcd', 'abcde', '\xff\x01', 'k'.repeat(PREFIX_BYTES_MAX)];
    const records = prefixes.map((prefix) => recordOf(control, prefix));
    expect(new Set(records).size).toBe(prefixes.length);
    expect(prefixes.map((prefix) => recordOf(other, prefix))).toEqual(records);
    expect(prefixesOf(other)).toEqual([...prefixes].sort());
  });

  it('counts each kind by itself', () => {
    const control = controlMake();
    const record = recordOf(control, 'user');
    prefixCount(control, record, PREFIX_COUNT.gets);
    prefixCount(control, record, PREFIX_COUNT.gets);
    prefixCount(control, record, PREFIX_COUNT.deletes);
    const { gets, hits, sets, deletes } = PREFIX_COUNT;
    const counts = [gets, hits, sets, deletes].map((kind) => prefixCountOf(control, record, kind));
    expect(counts).toEqual([2, 0, 0, 1]);
  });

  it('counts on beyond 32 bits', () => {
    const control = controlMake();
    const record = recordOf(control, 'user');
    control.i32[record + PREFIX.counts + PREFIX_COUNT.sets] = -1;
    prefixCount(control, record, PREFIX_COUNT.sets);
    expect(prefixCountOf(control, record, PREFIX_COUNT.sets)).toBe(2 ** 32);
    expect(prefixCountOf(control, record, PREFIX_COUNT.deletes)).toBe(0);
  });

  it('starts from nothing after it was cleared', () => {
    const control = controlMake();
    prefixCount(control, recordOf(control, 'user'), PREFIX_COUNT.gets);
    prefixesClear(control);
    expect(prefixesOf(control)).toEqual([]);
    expect(prefixCountOf(control, recordOf(control, 'user'), PREFIX_COUNT.gets)).toBe(0);
  });

  it('leaves out what it has no room for', () => {
    const control = controlMake();
    const records = Array.from({ length: 3 * PREFIX_COUNT_MAX }, (_, at) =>
      recordOf(control, `prefix ${at}`),
    );
    const kept = records.filter((record) => record >= 0);
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept.length).toBeLessThanOrEqual(PREFIX_COUNT_MAX);
    expect(kept.length).toBeGreaterThan(PREFIX_COUNT_MAX * 0.9);
  });

  it('is on when some thread says so', () => {
    const control = controlMake();
    const other = new Control(control.sab);
    expect(prefixesCounted(other)).toBe(false);
    prefixesCountedSet(control, true);
    expect(prefixesCounted(other)).toBe(true);
  });
});
