/** Headers and records tile: every field has its bytes to itself, and lies within its record. */
import { describe, expect, it } from 'vitest';
import { DATABASE_COUNT, HASH_SECRET_WORDS } from '../../src/base/key.ts';
import { CHAIN, LINK, LINK_HEADER_BYTES } from '../../src/memory/chain.ts';
import { CLASS_TOTAL } from '../../src/memory/class-totals.ts';
import { CLIENT, CLIENT_F64, CLIENT_TEXT } from '../../src/memory/client-records.ts';
import { CONNECTION } from '../../src/memory/connections.ts';
import {
  CONNECTION_RECORD_BYTES,
  CONNECTION_TABLE_OFFSET,
  CONTROL,
  CONTROL_F64,
  COUNTER,
  CRAWL_CLASS_WORDS,
  controlBytes,
  counterBlock,
  GAUGE,
  PREFIX_COUNT_MAX,
  PREFIX_RECORD_BYTES,
  PREFIX_TABLE_OFFSET,
  THREAD_COUNT_MAX,
} from '../../src/memory/control.ts';
import { ITEM } from '../../src/memory/item.ts';
import { LOCK_WORDS } from '../../src/memory/lock.ts';
import {
  CLASS,
  CLASS_RECORD_BYTES,
  CLASS_TABLE_OFFSET,
  classRecord,
  HEADER,
  HEADER_BYTES,
  HEADER_F64,
  INDEX_DIRECTORY_OFFSET,
  indexDirectoryBytes,
  PAGE,
  PARTITION_BYTES_MAX,
  Partition,
  pageOffset,
  pageRecord,
  TABLE,
} from '../../src/memory/partition.ts';
import { CLASS_COUNT_MAX, PAGE_BYTES } from '../../src/memory/slab-classes.ts';
import { eventLogMake, partitionMake, trackedMake } from '../engine/fixture.ts';
import { KIB, MIB } from '../engine/limits.ts';

type Field = { readonly name: string; readonly from: number; readonly to: number };

/** Fields of `bytes` each, at `unit` times their number. */
function fields(table: Readonly<Record<string, number>>, unit: number, bytes = unit): Field[] {
  return Object.entries(table).map(([name, at]) => ({
    name,
    from: at * unit,
    to: at * unit + bytes,
  }));
}

function without<T extends object>(table: T, ...names: (keyof T)[]): Omit<T, keyof T> {
  const entries = Object.entries(table).filter(([name]) => !names.includes(name as keyof T));
  return Object.fromEntries(entries) as Omit<T, keyof T>;
}

/** What is wrong with the fields of a record; unused bytes are counted, not named. */
function faults(all: readonly Field[], bytes: number): string[] {
  const found: string[] = [];
  const sorted = all.toSorted((a, b) => a.from - b.from);
  for (const [index, field] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && next.from < field.to) found.push(`${field.name} meets ${next.name}`);
    if (field.to > bytes) found.push(`${field.name} ends behind the record`);
  }
  return found;
}

function gapBytes(all: readonly Field[], bytes: number): number {
  return bytes - all.reduce((sum, field) => sum + field.to - field.from, 0);
}

/** As bit 2 of an item's meta has it. */
const CHAIN_FIELD_BYTES = 16;

describe('fields', () => {
  it('of the partition header share no byte, and the lock shares no cache line', () => {
    const arrays: Partial<Record<keyof typeof HEADER, number>> = {
      keysTable: TABLE.words,
      membersTable: TABLE.words,
      databaseKeys: DATABASE_COUNT,
      databaseExpiring: DATABASE_COUNT,
      databaseFlushLo: DATABASE_COUNT,
      databaseFlushHi: DATABASE_COUNT,
      emptyBucket: 16,
    };
    const words = Object.entries<number>(without(HEADER, 'words')).map(([name, at]) => ({
      name,
      from: at * 4,
      to: (at + (arrays[name as keyof typeof HEADER] ?? 1)) * 4,
    }));
    const totals = fields(without(HEADER_F64, 'words'), 8);
    expect(faults([...words, ...totals], HEADER_BYTES)).toEqual([]);
    const others = words.filter((field) => field.name !== 'lock');
    expect(Math.min(...others.map((field) => field.from))).toBeGreaterThanOrEqual(64);
    expect(Math.max(...words.map((field) => field.to))).toBeLessThanOrEqual(HEADER.words * 4);
  });

  it('of an index table', () => {
    expect(faults(fields(without(TABLE, 'words'), 4), TABLE.words * 4)).toEqual([]);
  });

  it('of a page record', () => {
    const words = fields(without(PAGE, 'words', 'expiresAtMinMs'), 4);
    const time = fields({ expiresAtMinMs: PAGE.expiresAtMinMs }, 4, 8);
    expect(faults([...words, ...time], PAGE.words * 4)).toEqual([]);
    expect(PAGE.expiresAtMinMs % 2).toBe(0);
  });

  it('of a class record', () => {
    const words = fields(without(CLASS, 'words'), 4);
    const totals = fields(without(CLASS_TOTAL, 'words'), 8).map(({ name, from, to }) => {
      const first = CLASS.words * 4;
      return { name, from: first + from, to: first + to };
    });
    expect(faults([...words, ...totals], CLASS_RECORD_BYTES)).toEqual([]);
    expect(gapBytes([...words, ...totals], CLASS_RECORD_BYTES)).toBe(0);
    expect(classRecord(3) - classRecord(2)).toBe(CLASS_RECORD_BYTES / 4);
  });

  it('of an item header, without a gap', () => {
    const words = fields(without(ITEM, 'headerBytes'), 1, 4);
    expect(faults(words, ITEM.headerBytes)).toEqual([]);
    expect(gapBytes(words, ITEM.headerBytes)).toBe(0);
  });

  it('of the chain field and of a link, without a gap', () => {
    for (const { table, bytes } of [
      { table: CHAIN, bytes: CHAIN_FIELD_BYTES },
      { table: LINK, bytes: LINK_HEADER_BYTES },
    ]) {
      expect(faults(fields(table, 4), bytes)).toEqual([]);
      expect(gapBytes(fields(table, 4), bytes)).toBe(0);
    }
  });

  it('of the control block', () => {
    const words = [
      ...fields(without(CONTROL, 'seed', 'crawlClasses', 'databases', 'usersLock'), 4),
      ...fields({ usersLock: CONTROL.usersLock }, 4, LOCK_WORDS * 4),
      {
        name: 'databases',
        from: CONTROL.databases * 4,
        to: (CONTROL.databases + DATABASE_COUNT) * 4,
      },
      { name: 'seed', from: CONTROL.seed * 4, to: (CONTROL.seed + HASH_SECRET_WORDS) * 4 },
      {
        name: 'crawlClasses',
        from: CONTROL.crawlClasses * 4,
        to: (CONTROL.crawlClasses + CRAWL_CLASS_WORDS) * 4,
      },
    ];
    expect(CRAWL_CLASS_WORDS * 32).toBeGreaterThanOrEqual(CLASS_COUNT_MAX);
    const times = fields(CONTROL_F64, 8);
    expect(faults([...words, ...times], counterBlock(0) * 8)).toEqual([]);
    expect(CONNECTION_TABLE_OFFSET % 64).toBe(0);
    expect(controlBytes(3)).toBe(CONNECTION_TABLE_OFFSET + 3 * CONNECTION_RECORD_BYTES);
  });

  it('of a counter block, and the blocks of threads', () => {
    const bytes = (counterBlock(1) - counterBlock(0)) * 8;
    expect(bytes % 64).toBe(0);
    expect(faults(fields({ ...COUNTER, ...GAUGE }, 8), bytes)).toEqual([]);
    // One block more than threads: the baseline.
    expect(counterBlock(THREAD_COUNT_MAX - 1) * 8 + 2 * bytes).toBe(PREFIX_TABLE_OFFSET);
    expect(() => counterBlock(THREAD_COUNT_MAX)).toThrow('invariant');
  });

  it('of the prefix table, which ends where the connections begin', () => {
    const prefixesEnd = PREFIX_TABLE_OFFSET + PREFIX_COUNT_MAX * PREFIX_RECORD_BYTES;
    expect(prefixesEnd).toBe(CONNECTION_TABLE_OFFSET);
  });

  it('of a connection record leave room for its texts', () => {
    const words = [...fields(CONNECTION, 4), ...fields(CLIENT, 4), ...fields(CLIENT_F64, 8)];
    const texts = [
      { name: 'remote', from: 32, to: 80 },
      { name: 'listener', from: 80, to: 128 },
      ...Object.entries(CLIENT_TEXT).map(([name, { offset, bytesMax }]) => ({
        name,
        from: offset,
        to: offset + bytesMax + 1,
      })),
    ];
    expect(faults([...words, ...texts], CONNECTION_RECORD_BYTES)).toEqual([]);
    expect(gapBytes([...words, ...texts], CONNECTION_RECORD_BYTES)).toBe(0);
  });
});

describe('a partition', () => {
  it.each([128 * KIB, MIB, 8 * MIB + 64 * KIB, 64 * MIB, 777 * MIB, PARTITION_BYTES_MAX])(
    'of %i bytes: its tables and pages follow each other and end within it',
    (bytes) => {
      const p = partitionMake({ bytes });
      const directoryEnd = INDEX_DIRECTORY_OFFSET + 2 * indexDirectoryBytes(p.pageCount);
      const ghostEnd = (p.ghostStart + p.ghostEntryCount) * 2;
      const classesEnd = CLASS_TABLE_OFFSET + CLASS_COUNT_MAX * CLASS_RECORD_BYTES;
      expect(classesEnd).toBe(INDEX_DIRECTORY_OFFSET);
      expect(p.pageTableWord * 4).toBeGreaterThanOrEqual(directoryEnd);
      expect(p.ghostStart * 2).toBeGreaterThanOrEqual(pageRecord(p, p.pageCount) * 4);
      expect(p.pagesOffset).toBeGreaterThanOrEqual(ghostEnd);
      expect(p.pagesOffset % 4096).toBe(0);
      expect(pageOffset(p, p.pageCount)).toBeLessThanOrEqual(bytes);
      expect(p.ghostEntryCount & (p.ghostEntryCount - 1)).toBe(0);
      expect(p.i32[HEADER.ghostMask]).toBe(p.ghostEntryCount - 1);
      // What the tables do not need becomes pages, up to one that no longer fits.
      expect(bytes - pageOffset(p, p.pageCount)).toBeLessThan(PAGE_BYTES + p.pagesOffset);
    },
  );

  it('is refused beyond 2 GiB, and without room for a page', () => {
    const log = eventLogMake();
    const place = { id: 0, stride: 1, log, ready: [], notes: [], tracked: trackedMake() };
    const { classes } = partitionMake();
    const make = (bytes: number) => new Partition(new SharedArrayBuffer(bytes), place, classes, 1);
    expect(() => make(2 ** 31)).toThrow('2 GiB');
    expect(() => make(PAGE_BYTES)).toThrow('no room');
  });
});
