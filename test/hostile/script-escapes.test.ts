/**
 * Hostile scripts, one after another, on several connections. Each is answered, in one reply, while others are
 * served and find their own values; afterwards the same threads are there, and no script has left anything to
 * another.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { shown } from '../resp/session.ts';
import type { RespClient } from '../support/resp-client.ts';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';
import { clientUse } from '../support/text-client.ts';
import {
  ANSWERS,
  BOMBS,
  type Escape,
  FATAL_TO_PEERS,
  LIBRARIES,
  SHARED_STATE,
  TOO_MUCH,
  WAYS_OUT,
} from './script-escapes.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: RespServer;
let client: RespClient;
let other: RespClient;

beforeAll(async () => {
  server = await applicationServerSpawn();
  client = server.client();
  other = server.client();
  await other.call('mset', 'own', 'value of another', 'x', 'y');
  await other.call('select', '3');
  await other.call('set', 'own', 'value in another database');
});
afterAll(async () => {
  for (const one of [client, other]) one.end();
  await server.stop();
});

async function tried({ script, expected }: Escape): Promise<void> {
  client.send('eval', script, '0');
  client.send('echo', 'behind it');
  expect(shown(await client.read()).slice(0, 1000)).toMatch(expected);
  expect(await client.read()).toBe('behind it');
  expect(await other.call('get', 'own')).toBe('value in another database');
}

describe.each([
  ['ways out', WAYS_OUT],
  ['what scripts share', SHARED_STATE],
  ['too much', TOO_MUCH],
  ['libraries', LIBRARIES],
  ['answers', ANSWERS],
])('scripts: %s', (_, escapes) => {
  it.each(escapes)('$name', tried);

  it('all of them again, over RESP3 and in a transaction', async () => {
    const third = server.client();
    await third.call('hello', '3');
    for (const { script } of escapes) {
      await third.call('eval', script, '0');
      for (const words of [['multi'], ['eval', script, '0'], ['set', 'z', '1'], ['exec']]) {
        third.send(...words);
      }
      for (let reply = 0; reply < 3; reply++) await third.read();
      const results = await third.read();
      expect(Array.isArray(results) && shown(results[1])).toBe('+OK');
    }
    third.end();
  });
});

describe('replies that have no end', () => {
  const deep = 'for n = 1, 100000 do t = {t} end';
  it.each([
    ['deep', `local t = {} ${deep} return t`],
    ['itself', 'local t = {} t[1] = t return t'],
    ['deep in RESP3', `redis.setresp(3) local t = {} ${deep} return {map = {a = t}}`],
  ])('%s', async (_, script) => {
    const raw = server.client();
    let tail = '';
    raw.socket.removeAllListeners('data'); // its reader would follow it down
    raw.socket.on('data', (bytes: Buffer) => {
      tail = (tail + bytes.toString('latin1')).slice(-200);
    });
    raw.send('eval', script, '0');
    await vi.waitFor(() => expect(tail).toMatch(/-[^\r\n]*\r\n$/), { timeout: 20_000 });
    raw.end();
    expect(await other.call('get', 'own')).toBe('value in another database');
  });
});

const isPeer = process.env['FLAGSTONE_PEER'] === '1';

describe.skipIf(isPeer)('scripts that end a redis-server (skipped on one)', () => {
  it.each(FATAL_TO_PEERS)('$name', tried);

  it.each(BOMBS)('by all its memory: $name', async ({ script, expected }) => {
    client.send('eval', script, '0');
    // Whoever may be told that a script runs is told so before long.
    expect(shown(await other.call('get', 'own'))).toMatch(/^"value in another database"$|^-BUSY /);
    await expect(client.read().then(shown)).resolves.toMatch(expected);
    expect(shown(await client.call('eval', 'return ("x"):rep(3)', '0'))).toBe('"xxx"');
  });
});

it('leaves the server as it was', async () => {
  await sleep(100);
  expect(shown(await client.call('get', 'own'))).toBe('"value of another"');
  expect(shown(await other.call('eval', 'return redis.call("get", "own")', '0'))).toBe(
    '"value in another database"',
  );
  expect(shown(await client.call('eval', 'redis.call("select", 3) return 1', '0'))).toBe(':1');
  expect(shown(await client.call('get', 'own'))).toBe('"value of another"');
  if (isPeer) return;
  await clientUse({ host: server.host, port: server.memcachedPort }, async (memcached) => {
    const own = await memcached.stats('server');
    expect(own.get('thread_restarts'), server.log()).toBe('0');
    expect(own.get('partition_resets')).toBe('0');
  });
});
