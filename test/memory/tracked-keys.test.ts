import { describe, expect, it } from 'vitest';
import {
  type TrackedChange,
  TrackedKeys,
  trackedCountAdd,
  trackedHead,
  trackedIs,
  trackedKeysBytes,
  trackedRead,
  trackedSort,
  trackedWrite,
} from '../../src/memory/tracked-keys.ts';

const PARTITIONS = 3;

function make(): TrackedKeys {
  return new TrackedKeys(new SharedArrayBuffer(trackedKeysBytes(PARTITIONS)), 2);
}

function write(tracked: TrackedKeys, partition: number, name: string, client = 7): void {
  const source = Buffer.from(`--${name}--`, 'latin1');
  trackedWrite(tracked, partition, 4, 11, client, source, 2, name.length);
}

function namesFrom(tracked: TrackedKeys, partition: number, position: number): string[] | null {
  const changes: TrackedChange[] = [];
  const isWhole = trackedRead(tracked, partition, position, changes);
  return isWhole ? changes.map(({ name }) => name) : null;
}

describe('the counts of tracked keys', () => {
  it('are those of their hash and partition', () => {
    const tracked = make();
    trackedCountAdd(tracked, 1, -5, 1);
    trackedCountAdd(tracked, 1, -5, 1);
    expect(trackedIs(tracked, 1, -5)).toBe(true);
    expect(trackedIs(tracked, 1, -6)).toBe(false);
    expect(trackedIs(tracked, 0, -5)).toBe(false);
    expect(trackedIs(tracked, 2, -5)).toBe(false);
    trackedCountAdd(tracked, 1, -5, -1);
    expect(trackedIs(tracked, 1, -5)).toBe(true);
    trackedCountAdd(tracked, 1, -5, -1);
    expect(trackedIs(tracked, 1, -5)).toBe(false);
  });
});

describe('the records of tracked keys', () => {
  it('are read as they were written, by any thread', () => {
    const tracked = make();
    const reader = new TrackedKeys(tracked.words.buffer as SharedArrayBuffer, 3);
    trackedWrite(tracked, 1, 32, -1, 0x02000001, Buffer.alloc(0), 0, 0);
    write(tracked, 1, 'caf\xe9');
    const changes: TrackedChange[] = [];
    expect(trackedRead(reader, 1, 0, changes)).toBe(true);
    expect(changes).toEqual([
      { kind: 32, partition: 1, ordinal: 0, namespace: -1, client: 0x02000001, name: '' },
      { kind: 4, partition: 1, ordinal: 1, namespace: 11, client: 7, name: 'caf\xe9' },
    ]);
    expect(tracked.hasNews).toBe(true);
    expect(reader.hasNews).toBe(false);
    expect(trackedHead(reader, 0)).toBe(0);
    expect(trackedHead(reader, 2)).toBe(0);
  });

  it('are read on from where one was, over many rounds of the ring', () => {
    const tracked = make();
    const last = PARTITIONS - 1;
    let position = 0;
    for (let round = 0; round < 40; round++) {
      const names = Array.from({ length: 200 }, (_, at) =>
        `${round}:${at}:`.padEnd(at * 7 + 9, 'x'),
      );
      for (const name of names) write(tracked, last, name);
      expect(namesFrom(tracked, last, position)).toEqual(names);
      position = trackedHead(tracked, last);
    }
    expect(trackedHead(tracked, 0)).toBe(0);
    expect(trackedIs(tracked, last, 0)).toBe(false);
  });

  it('are put in order over partitions, also where their numbers start again', () => {
    const tracked = make();
    tracked.words[1] = 2 ** 31 - 2;
    for (const [at, name] of ['a', 'b', 'c', 'd'].entries()) write(tracked, 2 - (at % 3), name);
    const changes: TrackedChange[] = [];
    for (let id = 0; id < PARTITIONS; id++) trackedRead(tracked, id, 0, changes);
    expect(changes.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'd']);
    trackedSort(changes);
    expect(changes.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are missed by who is more than a ring behind, who reads on from the head', () => {
    const tracked = make();
    write(tracked, 0, 'first');
    const long = 'x'.repeat(8000);
    while ((trackedHead(tracked, 0) << 2) + 8020 <= 512 * 1024) write(tracked, 0, long);
    expect(namesFrom(tracked, 0, 0)?.[0]).toBe('first');
    write(tracked, 0, long);
    write(tracked, 0, long);
    expect(namesFrom(tracked, 0, 0)).toBe(null);
    const position = trackedHead(tracked, 0);
    write(tracked, 0, 'next');
    expect(namesFrom(tracked, 0, position)).toEqual(['next']);
  });

  it('go on when the count of words starts again', () => {
    const tracked = make();
    tracked.words[0] = -40; // as after 16 GiB
    let position = trackedHead(tracked, 0);
    for (let at = 0; at < 50; at++) {
      write(tracked, 0, `key:${at}`);
      expect(namesFrom(tracked, 0, position)).toEqual([`key:${at}`]);
      position = trackedHead(tracked, 0);
    }
    expect(position).toBeGreaterThan(0);
  });
});
