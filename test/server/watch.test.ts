/** Watchers: who comes and goes, those who do not read, those who leave; and none at all. */
import { afterEach, expect, it } from 'vitest';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';

const TEST_MS_MAX = 60_000;
const GETS_PER_BATCH = 2000;
const WATCHER_COUNT_MAX = 20;

let server: ServerProcess | undefined;
const clients: TextClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server?.stop();
  server = undefined;
});

async function serverStart(...flags: string[]): Promise<TextClient> {
  server = await spawnFlagstone({ flags });
  return clientOpen();
}

async function clientOpen(): Promise<TextClient> {
  const client = await TextClient.open((server as ServerProcess).address);
  clients.push(client);
  return client;
}

async function watcherOpen(streams: string): Promise<TextClient> {
  const watcher = await clientOpen();
  expect(await watcher.ask(`watch ${streams}\r\n`)).toBe('OK');
  return watcher;
}

async function stat(client: TextClient, name: string): Promise<number> {
  return Number((await client.stats()).get(name));
}

it(
  'tells of every thread, each connection under the id that stats conns shows',
  async () => {
    const client = await serverStart('-t', '4');
    const watcher = await watcherOpen('fetchers');
    const seen = new Set<string>();
    for (let n = 0; n < 16; n++) {
      const other = await clientOpen();
      await other.ask(`get key-${n}\r\n`);
      const line = await watcher.line();
      expect(line).toContain(`key=key-${n} status=not_found`);
      const id = /cfd=(\d+)/.exec(line)?.[1] ?? '';
      seen.add(id);
      const own = await client.stats('conns');
      expect(own.get(`${id}:state`)).toBe('conn_read');
    }
    expect(seen.size).toBe(16);
  },
  TEST_MS_MAX,
);

it(
  'tells of connections, and why they went',
  async () => {
    await serverStart('-o', 'idle_timeout=1');
    const watcher = await watcherOpen('connevents');
    const quitter = await clientOpen();
    quitter.send('quit\r\n');
    expect(await watcher.line()).toMatch(/type=conn_close .* reason=idle_timeout|type=conn_new /);
    const lines = [await watcher.line()];
    const browser = await clientOpen();
    browser.send('GET / HTTP/1.1\r\n');
    await clientOpen(); // says nothing
    for (const reason of ['normal', 'error', 'idle_timeout']) {
      await eventually(
        `a close for the reason ${reason}`,
        async () => (lines.some((line) => line.includes(`reason=${reason}`)) ? '' : watcher.line()),
        (line) => line === '' || (lines.push(line) > 0 && line.includes(`reason=${reason}`)),
      );
    }
    expect(lines.every((line) => /rip=127\.0\.0\.1 rport=\d+ transport=tcp/.test(line))).toBe(true);
  },
  TEST_MS_MAX,
);

it(
  'skips lines for a watcher that does not read, tells it how many, and holds nobody up',
  async () => {
    const client = await serverStart('-o', 'watcher_logbuf_size=8');
    const watcher = await watcherOpen('fetchers');
    watcher.socket.pause();
    const batch = `get ${'k'.repeat(200)}\r\n`.repeat(GETS_PER_BATCH);
    let rounds = 0;
    while ((await stat(client, 'log_watcher_skipped')) === 0) {
      client.send(batch);
      await client.take('END\r\n'.length * GETS_PER_BATCH);
      expect(++rounds).toBeLessThan(1000);
    }
    watcher.socket.resume();
    const isTold = async (): Promise<string> => {
      client.send('get again\r\n');
      await client.line();
      return watcher.line();
    };
    await eventually('a line that says skipped', isTold, (line) => /^skipped=\d+$/.test(line));
    const stats = await client.stats();
    expect(Number(stats.get('log_watcher_sent'))).toBeGreaterThan(0);
    expect(Number(stats.get('log_worker_written'))).toBeGreaterThan(GETS_PER_BATCH * rounds);
  },
  TEST_MS_MAX,
);

it(
  'has so many watchers at most, and forgets those who leave',
  async () => {
    const client = await serverStart();
    const watchers: TextClient[] = [];
    for (let n = 0; n < WATCHER_COUNT_MAX; n++) watchers.push(await watcherOpen('mutations'));
    expect(await stat(client, 'log_watchers')).toBe(WATCHER_COUNT_MAX);
    const late = await clientOpen();
    expect(await late.ask('watch\r\n')).toBe('WATCHER_TOO_MANY log watcher limit reached');
    for (const watcher of watchers) watcher.destroy();
    await eventually(
      'no watchers',
      () => stat(client, 'log_watchers'),
      (count) => count === 0,
    );
    const written = await stat(client, 'log_worker_written');
    expect(await client.set('a', Buffer.from('1'))).toBe('STORED');
    expect(await stat(client, 'log_worker_written')).toBe(written);
  },
  TEST_MS_MAX,
);

it(
  'tells of evictions and of pages that move',
  async () => {
    const client = await serverStart('-m', '8');
    const value = Buffer.alloc(3000);
    for (let n = 0; n < 4000; n++) client.send(`set fill-${n} 0 0 3000 noreply\r\n${value}\r\n`);
    await client.ask('version\r\n');
    const watcher = await watcherOpen('evictions sysevents');
    for (let n = 0; n < 4000; n++)
      client.send(`set small-${n} 0 0 900 noreply\r\n${value.subarray(0, 900)}\r\n`);
    await client.ask('version\r\n');
    const isEviction = /type=eviction key=fill-\d+ fetch=no ttl=-1 la=\d+ clsid=\d+ size=3000$/;
    const isMove = /type=slab_move src=\d+ dst=\d+ state=ok$/;
    await eventually(
      'an eviction',
      () => watcher.line(),
      (line) => isEviction.test(line),
    );
    await eventually(
      'a page that moves',
      () => watcher.line(),
      (line) => isMove.test(line),
    );
  },
  TEST_MS_MAX,
);

it(
  'is refused with -W',
  async () => {
    const client = await serverStart('-W');
    expect(await client.ask('watch\r\n')).toBe('CLIENT_ERROR watch commands not allowed');
    expect(await client.ask('version\r\n')).toContain('VERSION');
  },
  TEST_MS_MAX,
);
