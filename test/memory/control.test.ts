/** Counters of many threads and their reset; the connection table. */
import { describe, expect, it } from 'vitest';
import {
  CONNECTION,
  connectionClaim,
  connectionListener,
  connectionRelease,
  connectionRemote,
  connectionsOpen,
  connectionsWalk,
  connectionTextsSet,
} from '../../src/memory/connections.ts';
import {
  COUNTER,
  Control,
  controlBytes,
  counterBlock,
  counterSum,
  countersReset,
  GAUGE,
  gaugeSum,
  THREAD_COUNT_MAX,
} from '../../src/memory/control.ts';

function controlMake(connectionCountMax = 4): Control {
  return new Control(new SharedArrayBuffer(controlBytes(connectionCountMax)));
}

function records(control: Control): number[] {
  const found: number[] = [];
  connectionsWalk(control, (record) => found.push(record));
  return found;
}

describe('counters', () => {
  it('add up over all threads, each kind by itself', () => {
    const control = controlMake();
    for (let thread = 0; thread < THREAD_COUNT_MAX; thread++) {
      control.f64[counterBlock(thread) + COUNTER.getCommands] += thread;
      control.f64[counterBlock(thread) + COUNTER.outputCuts] += 1;
    }
    expect(counterSum(control, COUNTER.getCommands)).toBe((THREAD_COUNT_MAX * 63) / 2);
    expect(counterSum(control, COUNTER.outputCuts)).toBe(THREAD_COUNT_MAX);
    expect(counterSum(control, COUNTER.getMisses)).toBe(0);
  });

  it('start again from zero after a reset, while threads go on counting', () => {
    const control = controlMake();
    const at = counterBlock(7) + COUNTER.setCommands;
    control.f64[at] += 5;
    control.f64[counterBlock(7) + GAUGE.heapBytes] = 1000;
    countersReset(control);
    expect(counterSum(control, COUNTER.setCommands)).toBe(0);
    control.f64[at] += 2;
    expect(counterSum(control, COUNTER.setCommands)).toBe(2);
    countersReset(control);
    countersReset(control);
    expect(counterSum(control, COUNTER.setCommands)).toBe(0);
    expect(gaugeSum(control, GAUGE.heapBytes)).toBe(1000);
  });
});

describe('the connection table', () => {
  it('gives each connection a record of its own, until there is none left', () => {
    const control = controlMake(3);
    const claimed = [0, 1, 2].map(() => connectionClaim(control, 5));
    expect(new Set(claimed).size).toBe(3);
    expect(claimed).not.toContain(-1);
    expect(connectionClaim(control, 5)).toBe(-1);
    expect(connectionsOpen(control)).toBe(3);
    expect(records(control).toSorted()).toEqual(claimed.toSorted());
    connectionRelease(control, claimed[1]);
    expect(connectionsOpen(control)).toBe(2);
    expect(connectionClaim(control, 9)).toBe(claimed[1]);
    expect(control.i32[claimed[1] + CONNECTION.owner]).toBe(10);
  });

  it('hands a record over cleared, but for its number', () => {
    const control = controlMake(1);
    const record = connectionClaim(control, 0);
    control.i32.fill(-1, record + 1, record + 32);
    connectionRelease(control, record);
    expect(connectionClaim(control, 0)).toBe(record);
    expect([...control.i32.subarray(record, record + 32)]).toEqual([1, ...Array(31).fill(0)]);
  });

  it('keeps both texts as far as they fit, and spoils no neighbour', () => {
    const control = controlMake(3);
    const [first, second, third] = [0, 1, 2].map(() => connectionClaim(control, 1));
    connectionTextsSet(control, second, '1'.repeat(60), '2'.repeat(60));
    expect(connectionRemote(control, second)).toBe('1'.repeat(47));
    expect(connectionListener(control, second)).toBe('2'.repeat(47));
    for (const other of [first, third]) {
      expect(connectionRemote(control, other)).toBe('');
      expect(connectionListener(control, other)).toBe('');
      expect(control.i32[other + CONNECTION.owner]).toBe(2);
    }
    connectionTextsSet(control, second, '127.0.0.1:5', '');
    expect(connectionRemote(control, second)).toBe('127.0.0.1:5');
    expect(connectionListener(control, second)).toBe('');
  });

  it('goes round, so that a record just released is not the next one taken', () => {
    const control = controlMake(4);
    const first = connectionClaim(control, 0);
    connectionRelease(control, first);
    expect(connectionClaim(control, 0)).not.toBe(first);
  });
});
