/**
 * Threads on the same few keys: no addition is lost, no swap succeeds on a value that has changed, no
 * value is torn, and when the dust settles every structure is sound.
 */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Keyspace } from '../../src/engine/keyspace.ts';
import { HEADER_F64 } from '../../src/memory/partition.ts';
import { Client } from '../engine/client.ts';
import {
  handlesMake,
  keyspaceMake,
  partitionExpectEmpty,
  partitionExpectSound,
} from '../engine/fixture.ts';
import { KIB, MIB } from '../engine/limits.ts';
import * as plan from './hammer-plan.ts';

const ENTRY = new URL('./hammer-worker.ts', import.meta.url);
const THREADS = 3;
const IS_LONG = process.env['FLAGSTONE_LONG'] === '1';
const OPERATIONS = IS_LONG ? 3_600_000 : 12_000;
const TIMEOUT_MS = IS_LONG ? 300_000 : 60_000;

function hammerRun(start: plan.HammerStart): Promise<plan.HammerReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(ENTRY, { workerData: start });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

/** All threads at once; their reports. */
function threadsRun(
  handles: plan.HammerStart['handles'],
  isTight: boolean,
): Promise<plan.HammerReport[]> {
  const starts = Array.from({ length: THREADS }, (_, index) => index);
  return Promise.all(
    starts.map((index) => hammerRun({ handles, index, operations: OPERATIONS, isTight })),
  );
}

function sum(
  reports: readonly plan.HammerReport[],
  count: (report: plan.HammerReport) => number,
): number {
  return reports.reduce((total, report) => total + count(report), 0);
}

function keysDelete(keyspace: Keyspace): void {
  const client = new Client();
  const keys = [
    plan.COUNTERS,
    plan.CAS_KEYS,
    plan.LOG_KEY,
    plan.TOKENS,
    plan.SMALL_KEYS,
    plan.BIG_KEYS,
  ].flat();
  for (const key of keys) client.delete(keyspace.partitionFor(client.keySet(key)), key);
}

function text(keyspace: Keyspace, key: string): string | null {
  const client = new Client();
  return client.text(keyspace.partitionFor(client.keySet(key)), key);
}

function keysPut(keyspace: Keyspace): void {
  const client = new Client();
  for (const key of [...plan.COUNTERS, ...plan.CAS_KEYS]) {
    client.set(keyspace.partitionFor(client.keySet(key)), key, '0');
  }
  client.set(keyspace.partitionFor(client.keySet(plan.LOG_KEY)), plan.LOG_KEY, '');
}

describe(`${THREADS} threads on the same keys`, () => {
  it('lose nothing and tear nothing', { timeout: TIMEOUT_MS }, async () => {
    const handles = handlesMake({ bytes: 4 * MIB, partitionCount: 2 });
    const keyspace = keyspaceMake(handles);
    keysPut(keyspace);
    const reports = await threadsRun(handles, false);
    expect(reports.flatMap((report) => report.problems)).toEqual([]);
    for (const p of keyspace.partitions) partitionExpectSound(p);
    expect(sum(reports, (report) => report.read)).toBeGreaterThan(1000);

    for (const [n, key] of plan.COUNTERS.entries()) {
      expect(text(keyspace, key)?.trim(), key).toBe(
        String(sum(reports, (report) => report.added[n])),
      );
    }
    for (const [n, key] of plan.CAS_KEYS.entries()) {
      expect(text(keyspace, key)?.trim(), key).toBe(
        String(sum(reports, (report) => report.swaps[n])),
      );
    }
    for (const [n, key] of plan.TOKENS.entries()) {
      expect(text(keyspace, key) === null ? 0 : 1, key).toBe(
        sum(reports, (report) => report.tokens[n]),
      );
    }
    logExpectComplete(text(keyspace, plan.LOG_KEY) ?? '', reports);
    keysDelete(keyspace);
    for (const p of keyspace.partitions) partitionExpectEmpty(p);
  });

  it('tear nothing while memory is short', { timeout: TIMEOUT_MS }, async () => {
    const handles = handlesMake({ bytes: 448 * KIB });
    const keyspace = keyspaceMake(handles);
    keysPut(keyspace);
    const reports = await threadsRun(handles, true);
    expect(reports.flatMap((report) => report.problems)).toEqual([]);
    for (const p of keyspace.partitions) {
      partitionExpectSound(p);
      expect(p.f64[HEADER_F64.evictionTotal]).toBeGreaterThan(0);
    }
    keysDelete(keyspace);
    for (const p of keyspace.partitions) partitionExpectEmpty(p);
  });
});

/** Every thread's records are there, in the order in which it wrote them. */
function logExpectComplete(log: string, reports: readonly plan.HammerReport[]): void {
  const records: string[] = [];
  for (let at = 0; at < log.length; at += plan.LOG_RECORD_BYTES) {
    records.push(log.slice(at, at + plan.LOG_RECORD_BYTES));
  }
  for (const { index, logged } of reports) {
    const own = records.filter((record) => record.startsWith(`${index}:`));
    expect(own).toEqual(Array.from({ length: logged }, (_, n) => plan.logRecord(index, n)));
  }
  expect(records.length).toBe(sum(reports, (report) => report.logged));
}
