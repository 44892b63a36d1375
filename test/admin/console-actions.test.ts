/** What the console tells of connections, the slow log and the cluster, and what it does to them. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  ConsoleCluster,
  ConsoleConnection,
  ConsoleConnections,
  ConsoleHotKeys,
  ConsoleSlowLog,
  ConsoleState,
} from '../../src/admin/console-state.ts';
import { type AdminServer, adminAsk, adminSpawn } from '../support/admin-client.ts';
import { consoleAct, consoleAsk, consolePost, looksUntil } from '../support/console-client.ts';
import { portFree } from '../support/free-port.ts';
import type { RespClient } from '../support/resp-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ACTIONS = [
  ['/console/flush', {}],
  ['/console/disconnect', { connection: 0, address: 'tcp:127.0.0.1:1' }],
  ['/console/pages', { from: -1, to: 5 }],
  ['/console/hotkeys', { seconds: 1 }],
] as const;

let server: AdminServer;
beforeAll(async () => {
  server = await adminSpawn();
});
afterAll(async () => {
  await server.stop();
});

function memcachedOpen(): Promise<TextClient> {
  return TextClient.open({ host: server.host, port: server.memcachedPort });
}

function addressOf(client: TextClient): string {
  return `tcp:127.0.0.1:${client.socket.localPort}`;
}

async function connections(): Promise<ConsoleConnections> {
  return consoleAsk<ConsoleConnections>(server.adminPort, '/console/connections');
}

/** The connection as it is listed, once it is. */
async function listed(
  isIt: (connection: ConsoleConnection) => boolean,
): Promise<ConsoleConnection> {
  const told = await eventually('the connection', connections, (all) => all.connections.some(isIt));
  return told.connections.find(isIt) as ConsoleConnection;
}

async function named(name: string): Promise<RespClient> {
  const client = server.client();
  await client.call('CLIENT', 'SETNAME', name);
  return client;
}

describe('connections', () => {
  it('are told with who they are and what they do', async () => {
    const memcached = await memcachedOpen();
    expect(await memcached.ask('mn\r\n')).toBe('MN');
    const resp = await named('worker');
    await resp.call('SELECT', '3');
    resp.send('BLPOP', 'nothing', 0);
    // A record is written field by field, and read meanwhile.
    const blocked = await listed(
      ({ phase, name, lastCommand }) =>
        name === 'worker' && phase === 'blocked' && lastCommand === 'blpop',
    );
    expect(blocked).toMatchObject({
      protocol: 'resp',
      listener: `tcp:127.0.0.1:${server.port}`,
      user: 'default',
      database: 3,
    });
    expect(blocked.thread).toMatch(/^data [01]$/);
    expect(blocked.bufferBytes).toBeGreaterThan(0);
    const plain = await listed(({ address }) => address === addressOf(memcached));
    expect(plain).toMatchObject({
      protocol: 'memcached',
      listener: `tcp:127.0.0.1:${server.memcachedPort}`,
      phase: 'idle',
      name: null,
      user: null,
      bufferBytes: null,
    });
    const { total, isCut, connections: all } = await connections();
    expect({ total, isCut }).toEqual({ total: all.length, isCut: false });
    const idle = all.map(({ idleSec }) => idleSec);
    expect(idle).toEqual(idle.toSorted((a, b) => a - b));
    resp.end();
    memcached.destroy();
  });

  it('are listed up to a number, and all are counted', async () => {
    const many = await Promise.all(Array.from({ length: 520 }, memcachedOpen));
    const told = await eventually('all of them', connections, ({ total }) => total >= 520);
    expect(told.isCut).toBe(true);
    expect(told.connections.length).toBe(500);
    for (const one of many) one.destroy();
    await eventually('the end of them', connections, ({ total }) => total < 520);
  });

  it('are closed, of both protocols, and no others', async () => {
    const [one, other] = [await memcachedOpen(), await memcachedOpen()];
    for (const client of [one, other]) expect(await client.ask('mn\r\n')).toBe('MN');
    const { connection, address } = await listed((all) => all.address === addressOf(one));
    expect(
      await consoleAct(server.adminPort, '/console/disconnect', { connection, address }),
    ).toEqual({ status: 200, isDone: true, text: `${address} is disconnected` });
    await one.closed;
    expect(await other.ask('mn\r\n')).toBe('MN');
    other.destroy();

    const [blocked, idle] = [await named('blocked'), await named('idle')];
    blocked.send('BLPOP', 'nothing', 0);
    const record = await listed(({ name, phase }) => name === 'blocked' && phase === 'blocked');
    const asked = { connection: record.connection, address: record.address };
    expect(await consoleAct(server.adminPort, '/console/disconnect', asked)).toMatchObject({
      isDone: true,
    });
    await eventually(
      'its end',
      () => idle.call('CLIENT', 'LIST'),
      (list) => !`${list}`.includes('name=blocked'),
    );
    // Numbers are used again: without its address none is meant.
    expect(await consoleAct(server.adminPort, '/console/disconnect', asked)).toEqual({
      status: 409,
      isDone: false,
      text: `${record.address} is not connected`,
    });
    idle.end();
    blocked.end();
  });
});

describe('a socket for UDP', () => {
  it('is told as what it is, and stays', async () => {
    const udpPort = await portFree();
    const udp = await adminSpawn(['-t', '1', '-U', `${udpPort}`]);
    try {
      const { connections: all } = await consoleAsk<ConsoleConnections>(
        udp.adminPort,
        '/console/connections',
      );
      const [socket] = all.filter(({ address }) => address.startsWith('udp:'));
      expect(socket).toMatchObject({ protocol: 'memcached', phase: 'listening' });
      const { connection, address } = socket;
      expect(
        await consoleAct(udp.adminPort, '/console/disconnect', { connection, address }),
      ).toEqual({ status: 409, isDone: false, text: `${address} is no connection of a client` });
    } finally {
      await udp.stop();
    }
  });
});

describe('the slow log', () => {
  it('is told with its threshold, the latest first, whatever bytes there are', async () => {
    const client = await named('slow \\ one');
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    await client.call('SET', 'k\xff\x00', 'caf\xc3\xa9');
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', 10_000);
    const log = await eventually(
      'the entry',
      () => consoleAsk<ConsoleSlowLog>(server.adminPort, '/console/slowlog'),
      ({ entries, thresholdUs }) =>
        thresholdUs === 10_000 && entries.some(({ words }) => words[0] === 'SET'),
    );
    const entry = log.entries.find(({ words }) => words[0] === 'SET');
    expect(entry?.words).toEqual(['SET', 'k\\xff\\x00', 'café']);
    expect(entry?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(entry?.us).toBeGreaterThanOrEqual(0);
    expect(Math.abs((entry?.atMs ?? 0) - Date.now())).toBeLessThan(600_000);
    const ids = log.entries.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
    await client.call('SLOWLOG', 'RESET');
    client.end();
  });
});

describe('the cluster', () => {
  it('is this node alone, unless it was told of others', async () => {
    const { nodes, version } = await consoleAsk<ConsoleCluster>(
      server.adminPort,
      '/console/cluster',
    );
    expect(version).toBe(1);
    expect(nodes).toMatchObject([{ port: server.memcachedPort, isThis: true }]);
  });

  it('is what config get cluster tells', async () => {
    const list = '4 a.example|10.0.0.1|11211 b.example|10.0.0.2|11211';
    const listing = await adminSpawn([
      '--cluster-nodes',
      list,
      '--announce',
      'b.example|10.0.0.2|11211',
    ]);
    try {
      expect(await consoleAsk<ConsoleCluster>(listing.adminPort, '/console/cluster')).toEqual({
        version: 4,
        nodes: [
          { host: 'a.example', address: '10.0.0.1', port: 11211, isThis: false },
          { host: 'b.example', address: '10.0.0.2', port: 11211, isThis: true },
        ],
      });
      const { server: told } = await consoleAsk<ConsoleState>(listing.adminPort, '/console/state');
      expect(told.configVersion).toBe(4);
    } finally {
      await listing.stop();
    }
  });
});

describe('a flush', () => {
  it('empties all databases of both protocols, and who tracks or watches hears of it', async () => {
    const memcached = await memcachedOpen();
    await memcached.set('kept', Buffer.from('v'));
    const [writer, tracker, watcher] = [server.client(), server.client(), server.client()];
    await writer.call('SELECT', 5);
    await writer.call('SET', 'there', 'v');
    await tracker.call('HELLO', 3);
    await tracker.call('CLIENT', 'TRACKING', 'ON');
    await tracker.call('GET', 'kept');
    await watcher.call('WATCH', 'kept');
    await watcher.call('MULTI');
    await watcher.call('SET', 'done', 'v');
    expect(await consoleAct(server.adminPort, '/console/flush', {})).toEqual({
      status: 200,
      isDone: true,
      text: 'all keys of all databases are gone',
    });
    expect(await memcached.get('kept')).toBe(null);
    expect(await writer.call('DBSIZE')).toBe(0);
    expect(await tracker.read()).toMatchObject({ type: 'push', value: ['invalidate', null] });
    expect(await watcher.call('EXEC')).toBe(null);
    await looksUntil(server.adminPort, ({ series }) => series.items === 0);
    expect(server.log()).toMatch(/"operator":"127\.0\.0\.1".*"kind":"flush"/);
    for (const client of [writer, tracker, watcher]) client.end();
    memcached.destroy();
  });

  it('is refused where flush_all is', async () => {
    const strict = await adminSpawn(['--disable-flush-all']);
    try {
      const client = strict.client();
      await client.call('SET', 'k', 'v');
      expect(await consoleAct(strict.adminPort, '/console/flush', {})).toEqual({
        status: 409,
        isDone: false,
        text: 'the server was started with --disable-flush-all',
      });
      expect(await client.call('GET', 'k')).toBe('v');
      client.end();
    } finally {
      await strict.stop();
    }
  });
});

describe('pages', () => {
  it('move between classes, or stay for a reason', async () => {
    const memcached = await memcachedOpen();
    for (let at = 0; at < 4000; at++) await memcached.set(`p${at}`, Buffer.alloc(1000));
    const looks = await looksUntil(server.adminPort, ({ classes }) =>
      classes.some(({ items }) => items >= 4000),
    );
    const from = looks.at(-1)?.classes.toSorted((a, b) => b.pages - a.pages)[0]?.id ?? 0;
    const to = from + 3;
    const act = (body: object) => consoleAct(server.adminPort, '/console/pages', body);
    expect(await act({ from, to })).toEqual({
      status: 200,
      isDone: true,
      text: 'a page was moved',
    });
    expect(await act({ from: -1, to })).toMatchObject({ isDone: true });
    expect(await act({ from: to, to })).toMatchObject({
      status: 409,
      text: 'a page does not move from a class to itself',
    });
    expect(await act({ from: to, to: from })).toMatchObject({
      status: 409,
      text: 'the class has no page to spare: each keeps its last',
    });
    expect(await act({ from: 127, to })).toMatchObject({ status: 409, isDone: false });
    memcached.destroy();
  });
});

describe('the hottest keys', () => {
  it('are found while somebody asks', async () => {
    const none = await consoleAsk<ConsoleHotKeys>(server.adminPort, '/console/hotkeys');
    expect(none).toMatchObject({ isRunning: false, samples: 0, keys: [] });
    const started = await consoleAct(server.adminPort, '/console/hotkeys', { seconds: 1 });
    expect(started).toEqual({ status: 200, isDone: true, text: 'keys are being sampled for 1 s' });
    const client = server.client();
    const found = await eventually(
      'the key',
      async () => {
        for (let at = 0; at < 200; at++) await client.call('GET', 'h\xffot');
        return consoleAsk<ConsoleHotKeys>(server.adminPort, '/console/hotkeys');
      },
      ({ keys }) => keys.length > 0,
    );
    expect(found.keys[0]).toMatchObject({ database: 0, key: 'h\\xffot' });
    expect(server.log()).toContain('an operator looks for the hottest keys');
    await eventually(
      'the end of it',
      () => consoleAsk<ConsoleHotKeys>(server.adminPort, '/console/hotkeys'),
      ({ isRunning }) => !isRunning,
    );
    client.end();
  });
});

describe('every action', () => {
  const post = (path: string, body: unknown, headers = {}) =>
    consolePost(server.adminPort, path, body, headers);

  it.each(ACTIONS)('%s is not done for another site', async (path, body) => {
    const client = server.client();
    await client.call('SET', 'stays', 'v');
    for (const [name, value, status] of [
      ['Origin', 'https://evil.example', 403],
      ['Origin', 'null', 403],
      ['Sec-Fetch-Site', 'cross-site', 403],
      ['Sec-Fetch-Site', 'same-site', 403],
      ['Host', 'evil.example', 421],
      ['Content-Type', 'text/plain', 415],
      ['Content-Type', 'application/x-www-form-urlencoded', 415],
      ['Content-Type', 'multipart/form-data', 415],
    ] as const) {
      const got = await post(path, body, { [name]: value });
      expect(got.status, `${name}: ${value}`).toBe(status);
      expect(got.headers['access-control-allow-origin']).toBe(undefined);
    }
    expect((await adminAsk(server.adminPort, path, { method: 'OPTIONS' })).status).toBe(405);
    expect(await client.call('GET', 'stays')).toBe('v');
    client.end();
  });

  it.each(ACTIONS)('%s wants what it knows, as JSON', async (path) => {
    for (const body of ['', 'null', '[]', '"x"', '{', '1']) {
      expect(await post(path, body)).toMatchObject({
        status: 400,
        body: 'the body must be an object of JSON\n',
      });
    }
    expect(await post(path, { more: 1 })).toMatchObject({
      status: 400,
      body: 'there is no field "more" here\n',
    });
    expect(await post(path, '{"__proto__": {}}')).toMatchObject({ status: 400 });
    expect(await post(path, `{}${' '.repeat(2000)}`)).toMatchObject({ status: 413 });
  });

  it.each([
    ['/console/disconnect', { connection: 1 }, 'the field "address" is missing'],
    ['/console/disconnect', { connection: '1', address: 'x' }, 'the field "connection" must be'],
    ['/console/disconnect', { connection: -1, address: 'x' }, 'the field "connection" must be'],
    ['/console/disconnect', { connection: 1, address: 'x'.repeat(65) }, 'the field "address"'],
    ['/console/pages', { from: 1 }, 'the field "to" is missing'],
    ['/console/pages', { from: -2, to: 1 }, 'the field "from" must be a whole number from -1'],
    ['/console/pages', { from: 1, to: 1.5 }, 'the field "to" must be a whole number'],
    ['/console/hotkeys', {}, 'the field "seconds" is missing'],
    ['/console/hotkeys', { seconds: 0 }, 'the field "seconds" must be a whole number from 1 to 60'],
    ['/console/hotkeys', { seconds: 61 }, 'the field "seconds" must be a whole number'],
    ['/console/pages', { from: 1, to: null }, 'the field "to" must be a whole number'],
  ] as const)('%s says what is wrong with %o', async (path, body, text) => {
    const got = await post(path, body);
    expect(got.status).toBe(400);
    expect(got.body).toContain(text);
  });
});
