/**
 * What the console is told is true: after known traffic over both protocols, rates over their spans come to
 * exactly what was asked for.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  ConsoleHistory,
  ConsolePartition,
  ConsoleSeries,
  ConsoleState,
} from '../../src/admin/console-state.ts';
import { type AdminServer, adminSpawn } from '../support/admin-client.ts';
import { consoleAsk, looksUntil } from '../support/console-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const KEYS = 40;

let server: AdminServer;
/** From before the traffic until after it. */
let looks: readonly ConsoleState[] = [];
let last: ConsoleState;

beforeAll(async () => {
  server = await adminSpawn();
  const first = await consoleAsk<ConsoleState>(server.adminPort, '/console/state');
  // The next one has seen all that it took to start.
  const [before] = (
    await looksUntil(server.adminPort, ({ sequence }) => sequence > first.sequence)
  ).slice(-1);
  const memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
  for (let at = 0; at < KEYS; at++) {
    await memcached.set(`m${at}`, Buffer.from('value'));
    await memcached.get(`m${at}`);
  }
  for (let at = 0; at < KEYS / 2; at++) await memcached.get(`no${at}`);
  expect(await memcached.set('large', Buffer.alloc(3_000_000))).toMatch(/too large/);
  const resp = server.client();
  for (let at = 0; at < KEYS; at++) {
    await resp.call('SET', `r${at}`, 'value', ...(at % 4 === 0 ? ['EX', 1000] : []));
    await resp.call('GET', `r${at}`);
  }
  await resp.call('GET', 'none');
  await resp.call('LPUSH', 'list', 'a', 'b');
  await resp.call('GET', 'list');
  const after = await looksUntil(
    server.adminPort,
    ({ commands }) => commands.find(({ name }) => name === 'lpush')?.calls === 1,
  );
  looks = [before, ...after.filter(({ sequence }) => sequence > before.sequence)];
  last = looks.at(-1) as ConsoleState;
  memcached.destroy();
  resp.end();
});
afterAll(async () => {
  await server.stop();
});

/** How much of something there was, by its rates. */
function sum(rate: (state: ConsoleState) => number): number {
  const [, ...later] = looks;
  return Math.round(later.reduce((total, state) => total + rate(state) * state.spanSec, 0));
}

function series(name: keyof ConsoleSeries): number {
  return sum((state) => state.series[name] as number);
}

function command(protocol: string, name: string) {
  return last.commands.find((one) => one.protocol === protocol && one.name === name);
}

describe('looks', () => {
  it('come one after the other while somebody asks', () => {
    const [first] = looks;
    expect(looks.map(({ sequence }) => sequence)).toEqual(
      looks.map((_, at) => first.sequence + at),
    );
    for (const { spanSec } of looks.slice(1)) expect(spanSec).toBeGreaterThan(0);
  });

  it('are the same for whoever asks', async () => {
    const states = await Promise.all(
      Array.from({ length: 20 }, () =>
        consoleAsk<ConsoleState>(server.adminPort, '/console/state'),
      ),
    );
    expect(new Set(states.map(({ sequence }) => sequence)).size).toBeLessThanOrEqual(2);
  });

  it('are kept for a quarter of an hour, five seconds apart', async () => {
    const history = await eventually(
      'a step of the history',
      () => consoleAsk<ConsoleHistory>(server.adminPort, '/console/history'),
      ({ series: steps }) => steps.some(({ respPerSec }) => respPerSec > 0),
    );
    expect(history.stepSec).toBe(5);
    const total = history.series.reduce((all, { respPerSec }) => all + respPerSec * 5, 0);
    expect(total).toBeGreaterThan(KEYS);
  });
});

describe('rates', () => {
  it('come to what was asked for', () => {
    expect(series('memcachedPerSec')).toBe(KEYS * 2 + KEYS / 2 + 1);
    // A key that is there and of another type is found.
    expect(series('hitsPerSec')).toBe(KEYS * 2 + 1);
    expect(series('missesPerSec')).toBe(KEYS / 2 + 1);
    // What was too large, and what was of another type.
    expect(series('errorsPerSec')).toBe(2);
    expect(series('respPerSec')).toBe(KEYS * 2 + 3);
    expect(series('evictionsPerSec')).toBe(0);
    expect(series('bytesReadPerSec')).toBeGreaterThan(KEYS * 20);
    expect(series('bytesWrittenPerSec')).toBeGreaterThan(KEYS * 20);
  });

  it('of commands are theirs', () => {
    expect(command('memcached', 'get')).toMatchObject({ calls: KEYS + KEYS / 2, errors: 0 });
    expect(command('memcached', 'set')).toMatchObject({ calls: KEYS + 1 });
    expect(command('resp', 'set')).toMatchObject({ calls: KEYS, errors: 0 });
    expect(command('resp', 'get')).toMatchObject({ calls: KEYS + 2, errors: 1 });
    expect(command('resp', 'hset')).toBe(undefined);
    const rate = sum(
      ({ commands }) => commands.find(({ name }) => name === 'lpush')?.callsPerSec ?? 0,
    );
    expect(rate).toBe(1);
  });

  it('of threads and partitions come to the same', () => {
    const threads = sum((state) =>
      state.threads.reduce((all, { commandsPerSec }) => all + commandsPerSec, 0),
    );
    expect(threads).toBe(series('memcachedPerSec') + series('respPerSec'));
    const operations = (state: ConsoleState): number =>
      state.partitions.reduce((all, one: ConsolePartition) => all + one.operationsPerSec, 0);
    // Each key of each command: the store that was refused for its size would have taken the old value away.
    expect(sum(operations)).toBe(KEYS * 4 + KEYS / 2 + 4);
  });
});

describe('times', () => {
  it('are those of what ran, in order', () => {
    for (const get of [command('resp', 'get'), command('memcached', 'get')]) {
      expect(get?.meanUs).toBeGreaterThan(0);
      expect(get?.p50Us).toBeGreaterThan(0);
      expect(get?.p99Us).toBeGreaterThanOrEqual(get?.p50Us ?? Number.NaN);
      expect(get?.p999Us).toBeGreaterThanOrEqual(get?.p99Us ?? Number.NaN);
    }
    expect(last.series.p99Us).toBeGreaterThanOrEqual(last.series.p50Us ?? Number.NaN);
  });

  it('are nobody knows what once nothing has run for a while', async () => {
    const quiet = await looksUntil(server.adminPort, ({ series: { p50Us } }) => p50Us === null);
    const state = quiet.at(-1) as ConsoleState;
    const [get] = state.commands.filter(
      ({ name, protocol }) => name === 'get' && protocol === 'resp',
    );
    expect(get).toMatchObject({ calls: KEYS + 2, callsPerSec: 0, meanUs: null, p99Us: null });
  });
});

describe('what there is', () => {
  it('is told', () => {
    expect(last.series.items).toBe(KEYS * 2 + 1);
    expect(last.databases).toEqual([{ name: 'db0', keys: KEYS * 2 + 1, expiring: KEYS / 4 }]);
    expect(last.partitions.reduce((all, { items }) => all + items, 0)).toBe(KEYS * 2 + 1);
    const types = new Map(last.types.map(({ name, items }) => [name, items]));
    expect(types.get('string')).toBe(KEYS * 2);
    expect(types.get('list')).toBe(1);
    const inClasses = last.classes.reduce((all, { items }) => all + items, 0);
    expect(inClasses).toBeGreaterThanOrEqual(KEYS * 2 + 1);
    for (const one of last.classes) {
      expect(one.chunksUsed).toBeLessThanOrEqual(one.chunks);
      expect(one.itemBytes).toBeLessThanOrEqual(one.chunksUsed * one.chunkBytes);
    }
    expect(last.threads.map(({ name }) => name)).toEqual(['data 0', 'data 1']);
    const connections = last.threads.reduce((all, one) => all + one.connections, 0);
    expect(connections).toBe(last.series.connections);
    expect(last.server).toMatchObject({
      pid: server.pid,
      logLevel: 'warn',
      memoryLimitBytes: 256 * 2 ** 20,
      evicts: true,
      threadRestarts: 0,
      authFailures: 0,
      configVersion: 1,
    });
    const pages = last.partitions.reduce((all, one) => all + one.pageLimit - one.pages, 0);
    expect(last.server.pagesFree).toBe(pages);
  });
});
