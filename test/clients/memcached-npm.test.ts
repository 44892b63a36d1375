/** The npm package `memcached`: its everyday work, unmodified. */
import Memcached from 'memcached';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { clientUse, eventually } from '../support/text-client.ts';
import { relayOpen } from './relay.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

type Callback<Result> = (error: unknown, result: Result) => void;

const VALUE_BYTES_MAX = 1_047_552;
const EXPIRY_SEC = 100;

/** A call of the client as a promise. Its types say `any` for what a server may answer. */
function answer<Result>(call: (done: Callback<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    call((error, result) =>
      error === undefined || error === null ? resolve(result) : reject(error),
    );
  });
}

describe('npm memcached', () => {
  let servers: ServerProcess[] = [];
  let client: Memcached;

  beforeAll(async () => {
    const env = { FLAGSTONE_DEBUG_COMMANDS: '1' };
    servers = await Promise.all([spawnFlagstone({ env }), spawnFlagstone({ env })]);
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));
  beforeEach(() => {
    client = new Memcached(`${servers[0].host}:${servers[0].port}`);
  });
  afterEach(() => client.end());

  const set = (key: string, value: unknown, lifetime = 0): Promise<boolean> =>
    answer((done) => client.set(key, value, lifetime, done));
  const get = (key: string): Promise<unknown> => answer((done) => client.get(key, done));

  it('stores strings, numbers, buffers and objects, each as what it was', async () => {
    const values = {
      text: 'grüße',
      number: 42,
      buffer: Buffer.from([0, 13, 10, 255]),
      object: { a: [1] },
    };
    for (const [key, value] of Object.entries(values)) expect(await set(key, value)).toBe(true);
    for (const [key, value] of Object.entries(values)) expect(await get(key)).toEqual(value);
    expect(await get('missing')).toBeUndefined();
  });

  it('stores by condition', async () => {
    const add = (key: string): Promise<boolean> => answer((done) => client.add(key, 'v', 0, done));
    const replace = (key: string): Promise<boolean> =>
      answer((done) => client.replace(key, 'w', 0, done));
    expect(await add('added')).toBe(true);
    await expect(add('added')).rejects.toThrow('not stored');
    expect(await replace('added')).toBe(true);
    await expect(replace('missing')).rejects.toThrow('not stored');
    expect(await get('added')).toBe('w');
  });

  it('appends and prepends', async () => {
    await set('joined', 'b');
    expect(await answer((done) => client.append('joined', 'c', done))).toBe(true);
    expect(await answer((done) => client.prepend('joined', 'a', done))).toBe(true);
    expect(await get('joined')).toBe('abc');
    await expect(answer((done) => client.append('missing', 'x', done))).rejects.toThrow(
      'not stored',
    );
  });

  it('swaps by CAS unique', async () => {
    await set('swapped', 'first');
    const seen = await answer<{ cas: string; swapped: string }>((done) =>
      client.gets('swapped', (error, data) =>
        done(error, data as { cas: string; swapped: string }),
      ),
    );
    expect(seen.swapped).toBe('first');
    const cas = (value: string): Promise<boolean> =>
      answer((done) => client.cas('swapped', value, seen.cas, 0, done));
    expect(await cas('second')).toBe(true);
    expect(await cas('third')).toBe(false);
    expect(await get('swapped')).toBe('second');
  });

  it('counts', async () => {
    await set('counter', 10);
    expect(await answer((done) => client.incr('counter', 5, done))).toBe(15);
    expect(await answer((done) => client.decr('counter', 20, done))).toBe(0);
    expect(await answer((done) => client.incr('missing', 1, done))).toBe(false);
  });

  it('touches and deletes', async () => {
    await set('touched', 'v');
    expect(
      await answer((done) => client.touch('touched', 100, done as (error: unknown) => void)),
    ).toBe(true);
    expect(
      await answer((done) => client.touch('touched', -1, done as (error: unknown) => void)),
    ).toBe(true);
    expect(await get('touched')).toBeUndefined();
    await set('deleted', 'v');
    expect(await answer((done) => client.del('deleted', done))).toBe(true);
    expect(await answer((done) => client.del('deleted', done))).toBe(false);
  });

  it('lets items expire', async () => {
    for (const key of ['gone', 'touched']) await set(key, 'v', EXPIRY_SEC);
    await set('stays', 'v');
    await answer((done) => client.touch('touched', 10 * EXPIRY_SEC, done as Callback<void>));
    await clientUse(servers[0], (plain) => plain.ask(`debugtime ${EXPIRY_SEC + 1}\r\n`));
    expect([await get('gone'), await get('touched'), await get('stays')]).toEqual([
      undefined,
      'v',
      'v',
    ]);
  });

  it('puts a namespace before its keys, and a digest in the place of long ones', async () => {
    const address = `${servers[0].host}:${servers[0].port}`;
    const named = new Memcached(address, { namespace: 'app:', maxKeySize: 250 });
    try {
      const long = 'long'.repeat(100);
      for (const key of ['short', long]) {
        expect(await answer((done) => named.set(key, key, 0, done))).toBe(true);
        expect(await answer((done) => named.get(key, done))).toBe(key);
      }
      expect(await get('app:short')).toBe('short');
    } finally {
      named.end();
    }
  });

  it('fetches many keys at once', async () => {
    const keys = Array.from({ length: 300 }, (_, at) => `many-${at}`);
    await Promise.all(keys.map((key) => set(key, `value of ${key}`)));
    const found = await answer<Record<string, string>>((done) =>
      client.getMulti([...keys, 'missing'], done),
    );
    expect(found).toEqual(Object.fromEntries(keys.map((key) => [key, `value of ${key}`])));
  });

  it('carries a value of the largest size', async () => {
    const value = 'x'.repeat(VALUE_BYTES_MAX);
    expect(await set('largest', value)).toBe(true);
    expect((await get('largest')) === value).toBe(true);
  });

  it('reads versions, statistics, settings and items', async () => {
    const { host, port } = servers[0];
    const [version] = await answer<Memcached.VersionData[]>((done) => client.version(done));
    expect(version).toMatchObject({ server: `${host}:${port}`, major: '1', minor: '6' });
    const [stats] = await answer<Memcached.StatusData[]>((done) => client.stats(done));
    expect(stats).toMatchObject({ server: `${host}:${port}`, pid: servers[0].pid, threads: 2 });
    const [settings] = await answer<Memcached.StatusData[]>((done) => client.settings(done));
    expect(settings).toMatchObject({ tcpport: port, cas_enabled: 'yes' });
    await set('listed', 'v');
    const [items] = await answer<Memcached.StatusData[]>((done) => client.items(done));
    expect(Object.keys(items).length).toBeGreaterThan(1);
  });

  it('spreads keys over two servers', async () => {
    const pair = new Memcached(servers.map(({ host, port }) => `${host}:${port}`));
    try {
      const keys = Array.from({ length: 200 }, (_, at) => `spread-${at}`);
      await Promise.all(keys.map((key) => answer((done) => pair.set(key, key, 0, done))));
      const found = await answer<Record<string, string>>((done) => pair.getMulti(keys, done));
      expect(found).toEqual(Object.fromEntries(keys.map((key) => [key, key])));
      const stats = await answer<Memcached.StatusData[]>((done) => pair.stats(done));
      for (const each of stats) expect(Number(each['curr_items'])).toBeGreaterThan(20);
    } finally {
      pair.end();
    }
  });

  it('forgets everything on flush', async () => {
    await set('flushed', 'v');
    expect(await answer((done) => client.flush(done as Callback<unknown>))).toEqual([true]);
    expect(await get('flushed')).toBeUndefined();
  });

  it('goes on with a server that was restarted', async () => {
    const first = await spawnFlagstone();
    const relay = await relayOpen(first);
    const options = { retries: 0, failures: 100, retry: 10, reconnect: 10, timeout: 20_000 };
    const faithful = new Memcached(`${relay.host}:${relay.port}`, options);
    const setTry = (value: string): Promise<boolean> =>
      answer<boolean>((done) => faithful.set('key', value, 0, done)).catch(() => false);
    let second: ServerProcess | undefined;
    try {
      expect(await setTry('early')).toBe(true);
      const [code, next] = await Promise.all([first.stop(), spawnFlagstone()]);
      second = next;
      expect(code).toBe(0);
      relay.lead(next);
      await eventually(
        'a set',
        () => setTry('late'),
        (isStored) => isStored,
      );
      expect(await answer((done) => faithful.get('key', done))).toBe('late');
    } finally {
      faithful.end();
      relay.close();
      await Promise.all([first.stop(), second?.stop()]);
    }
  });
});
