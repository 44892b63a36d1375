/** The npm package `memjs`, which speaks the binary protocol: its everyday work, unmodified. */
import { randomBytes } from 'node:crypto';
import * as memjs from 'memjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { clientUse, eventually } from '../support/text-client.ts';
import { relayOpen } from './relay.ts';
import { type Credentials, UsersFile } from './users-file.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const VALUE_BYTES_MAX = 1_047_552;
const EXPIRY_SEC = 100;

type Stats = Record<string, string>;

type Address = Pick<ServerProcess, 'host' | 'port'>;

function clientCreate(servers: readonly Address[], credentials?: Credentials): memjs.Client {
  const addresses = servers.map(({ host, port }) => `${host}:${port}`);
  const logger = { log: vi.fn() }; // the failures that a test expects are not for its output
  const { username, password } = credentials ?? {};
  return memjs.Client.create(addresses.join(','), { timeout: 20, logger, username, password });
}

describe('npm memjs', () => {
  let servers: ServerProcess[] = [];
  let client: memjs.Client;

  beforeAll(async () => {
    const env = { FLAGSTONE_DEBUG_COMMANDS: '1' };
    servers = await Promise.all([spawnFlagstone({ env }), spawnFlagstone({ env })]);
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));
  beforeEach(() => {
    client = clientCreate([servers[0]]);
  });
  afterEach(() => client.close());

  const text = async (key: string): Promise<string | undefined> =>
    (await client.get(key)).value?.toString();

  /** The answers of a command that every server answers, by server. */
  const statsOf = (
    from: memjs.Client,
    section: string,
    serverCount = 1,
  ): Promise<Map<string, Stats>> =>
    new Promise((resolve, reject) => {
      const found = new Map<string, Stats>();
      from.statsWithKey(section, (error, server, stats) => {
        if (error !== null || stats === null) return reject(error);
        found.set(server, stats);
        if (found.size === serverCount) resolve(found);
      });
    });

  it('stores strings and bytes', async () => {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, at) => at & 255));
    expect(await client.set('text', 'grüße')).toBe(true);
    expect(await client.set('bytes', bytes)).toBe(true);
    expect(await client.set('empty', '')).toBe(true);
    expect(await text('text')).toBe('grüße');
    const { value, flags } = await client.get('bytes');
    expect(value?.equals(bytes)).toBe(true);
    expect(flags?.equals(Buffer.alloc(4))).toBe(true);
    expect(await text('empty')).toBe('');
    expect(await client.get('missing')).toEqual({ value: null, flags: null });
  });

  it('keeps client flags, by a serializer', async () => {
    const json = memjs.Client.create(`${servers[0].host}:${servers[0].port}`, {
      serializer: {
        serialize: (_opcode, value: unknown, extras) => {
          const marked = Buffer.from(extras);
          marked.writeUInt32BE(0xdeadbeef);
          return { value: JSON.stringify(value), extras: marked };
        },
        deserialize: (_opcode, value, extras) => ({
          value: [JSON.parse(`${value}`), Buffer.from(extras).readUInt32BE()],
          extras,
        }),
      },
    });
    try {
      expect(await json.set('object', { a: [1, 'grüße'] })).toBe(true);
      expect((await json.get('object')).value).toEqual([{ a: [1, 'grüße'] }, 0xdeadbeef]);
    } finally {
      json.close();
    }
  });

  it('stores by condition', async () => {
    expect(await client.add('added', 'v')).toBe(true);
    expect(await client.add('added', 'w')).toBe(false);
    expect(await client.replace('added', 'w')).toBe(true);
    expect(await client.replace('missing', 'w')).toBe(false);
    expect(await text('added')).toBe('w');
    expect(await client.delete('added')).toBe(true);
    expect(await client.delete('added')).toBe(false);
  });

  it('appends, also where it says prepend', async () => {
    await client.set('joined', 'a');
    expect(await client.append('joined', 'b')).toBe(true);
    expect(await client.prepend('joined', 'c')).toBe(true); // it sends the opcode of append
    expect(await text('joined')).toBe('abc');
    await expect(client.append('missing', 'x')).rejects.toThrow('Item not stored');
  });

  it('counts, from an initial value where there is none', async () => {
    expect(await client.increment('counter', 5, { initial: 10 })).toEqual(counted(10));
    expect(await client.increment('counter', 5)).toEqual(counted(15));
    expect(await client.decrement('counter', 3, {})).toEqual(counted(12));
    expect(await client.decrement('counter', 20, {})).toEqual(counted(0));
    await client.set('number', '41');
    expect(await client.increment('number', 1)).toEqual(counted(42));
    expect(await text('number')).toBe('42');
    await client.set('word', 'abc');
    await expect(client.increment('word', 1)).rejects.toThrow('non-numeric');
  });

  it('lets items expire, and touches them', async () => {
    const expires = EXPIRY_SEC;
    await client.set('gone', 'v', { expires });
    await client.increment('gone-counter', 1, { initial: 1, expires });
    await client.set('touched', 'v', { expires });
    await client.set('stays', 'v');
    expect(await client.touch('touched', 10 * EXPIRY_SEC)).toBe(true);
    expect(await client.touch('missing', EXPIRY_SEC)).toBe(false);
    await clientUse(servers[0], (plain) => plain.ask(`debugtime ${EXPIRY_SEC + 1}\r\n`));
    const keys = ['gone', 'gone-counter', 'touched', 'stays'];
    expect(await Promise.all(keys.map(text))).toEqual([undefined, undefined, 'v', 'v']);
  });

  it('carries values up to the largest size, and refuses larger', async () => {
    for (const byteCount of [1_000, 20_000, 300_000, VALUE_BYTES_MAX]) {
      const value = randomBytes(byteCount);
      expect(await client.set('large', value)).toBe(true);
      expect((await client.get('large')).value?.equals(value)).toBe(true);
    }
    await expect(client.set('large', randomBytes(1_048_577))).rejects.toThrow('Value too large');
    expect(await text('large')).toBeUndefined();
    expect(await client.set('after', 'v')).toBe(true);
  });

  it('keeps many requests under way on one connection', async () => {
    const keys = Array.from({ length: 2000 }, (_, at) => `many-${at}`);
    const value = (key: string): string => key.repeat(Number(key.slice(5)) % 40);
    expect(await Promise.all(keys.map((key) => client.set(key, value(key))))).not.toContain(false);
    expect(await Promise.all(keys.map(text))).toEqual(keys.map(value));
    const large = keys.slice(0, 20);
    await Promise.all(large.map((key) => client.set(key, Buffer.alloc(200_000, key))));
    for (const { value: found } of await Promise.all(large.map((key) => client.get(key)))) {
      expect(found).toHaveLength(200_000);
    }
  });

  it('shares its keys with clients of the text protocol', async () => {
    await clientUse(servers[0], async (plain) => {
      await client.set('shared', 'from binary');
      expect(`${await plain.get('shared')}`).toBe('from binary');
      expect(await plain.set('shared', Buffer.from('from text'))).toBe('STORED');
      expect(await text('shared')).toBe('from text');
      await client.increment('shared-counter', 1, { initial: 9 });
      expect(await plain.ask('incr shared-counter 91\r\n')).toBe('100');
      expect(await client.decrement('shared-counter', 1, {})).toEqual(counted(99));
      expect(await plain.ask('delete shared-counter\r\n')).toBe('DELETED');
      expect(await text('shared-counter')).toBeUndefined();
    });
  });

  it('spreads keys over two servers', async () => {
    const pair = clientCreate(servers);
    try {
      const keys = Array.from({ length: 200 }, (_, at) => `spread-${at}`);
      await Promise.all(keys.map((key) => pair.set(key, key)));
      const found = await Promise.all(keys.map((key) => pair.get(key)));
      expect(found.map(({ value }) => value?.toString())).toEqual(keys);
      for (const [, stats] of await statsOf(pair, '', 2)) {
        expect(Number(stats['curr_items'])).toBeGreaterThan(20);
      }
    } finally {
      pair.close();
    }
  });

  it('reads statistics, and resets them', async () => {
    const { host, port, pid } = servers[0];
    const name = `${host}:${port}`;
    await client.set('counted', 'v');
    const general = (await statsOf(client, '')).get(name);
    expect(general).toMatchObject({ pid: `${pid}`, threads: '2' });
    expect(Number(general?.['cmd_set'])).toBeGreaterThan(0);
    const settings = (await statsOf(client, 'settings')).get(name);
    expect(settings).toMatchObject({ tcpport: `${port}`, cas_enabled: 'yes' });
    await new Promise((resolve) => client.resetStats(resolve));
    expect((await statsOf(client, '')).get(name)).toMatchObject({ cmd_set: '0' });
  });

  it('forgets everything on flush', async () => {
    await client.set('flushed', 'v');
    expect(await client.flush()).toEqual({ [`${servers[0].host}:${servers[0].port}`]: true });
    expect(await text('flushed')).toBeUndefined();
  });

  it('says goodbye', async () => {
    await client.set('said', 'v');
    const connected = (): Promise<string | undefined> =>
      clientUse(servers[0], async (plain) => (await plain.stats()).get('curr_connections'));
    const before = Number(await connected());
    client.quit();
    await eventually('the close', connected, (count) => Number(count) === before - 1);
  });

  it('goes on with a server that was restarted', async () => {
    const first = await spawnFlagstone();
    const relay = await relayOpen(first);
    const faithful = clientCreate([relay]);
    let second: ServerProcess | undefined;
    try {
      expect(await faithful.set('early', 'v')).toBe(true);
      const [code, next] = await Promise.all([first.stop(), spawnFlagstone()]);
      second = next;
      expect(code).toBe(0);
      relay.lead(next);
      expect((await faithful.get('early')).value).toBeNull();
      expect(await faithful.set('late', 'w')).toBe(true);
      expect((await faithful.get('late')).value?.toString()).toBe('w');
    } finally {
      faithful.close();
      relay.close();
      await Promise.all([first.stop(), second?.stop()]);
    }
  });
});

describe('npm memjs, SASL', () => {
  let users: UsersFile;
  let server: ServerProcess;
  beforeAll(async () => {
    users = await UsersFile.forSasl('PLAIN');
    server = await spawnFlagstone(users.spawnOptions);
  });
  afterAll(async () => {
    users.remove();
    await server.stop();
  });

  it('lets in who is known, with all requests that wait for it', async () => {
    const client = clientCreate([server], users);
    try {
      const keys = Array.from({ length: 200 }, (_, at) => `early-${at}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      const found = await Promise.all(keys.map((key) => client.get(key)));
      expect(found.map(({ value }) => value?.toString())).toEqual(keys);
      const large = randomBytes(VALUE_BYTES_MAX);
      expect(await client.set('large', large)).toBe(true);
      expect((await client.get('large')).value?.equals(large)).toBe(true);
      expect(await client.increment('counter', 1, { initial: 7 })).toEqual(counted(7));
    } finally {
      client.close();
    }
  });

  it.each([
    ['a wrong password', { password: 'wrong' }],
    ['a wrong name', { username: 'nobody' }],
  ])('refuses %s', async (_what, wrong) => {
    const { username, password } = users;
    const client = clientCreate([server], { username, password, ...wrong });
    try {
      const refused = client.get('early-1').catch((reason: unknown) => reason);
      expect(await refused).toBe('Memcached server authentication failed!');
    } finally {
      client.close();
    }
  });

  it('refuses who says no name', async () => {
    const client = clientCreate([server]);
    try {
      const refused = client.get('early-1').catch((reason: unknown) => reason);
      expect(await refused).toBe('Memcached server authentication failed!');
    } finally {
      client.close();
    }
  });
});

function counted(value: number): { success: boolean; value: number } {
  return { success: true, value };
}
