/** The commands on the server as a whole, as scripted sessions; and what only ours answers so. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, RespError, type RespReply, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { wordsCall } from './blocked.ts';
import { CLUSTER_SESSIONS, MODULE_SESSIONS } from './cluster-sessions.ts';
import {
  CLIENT_SESSIONS,
  COMMAND_SESSIONS,
  DEBUG_SESSIONS,
  SERVER_SESSIONS,
} from './server-sessions.ts';
import { sessionsTry } from './session-suite.ts';
import { TRACKING_SESSIONS } from './tracking-sessions.ts';

const OK = new RespSimple('OK');
const CLIENT_COUNT = 8;

const folder = mkdtempSync(join(tmpdir(), 'flagstone-resp-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function confWrite(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

describe('sessions', () => {
  sessionsTry([
    ...COMMAND_SESSIONS,
    ...CLIENT_SESSIONS,
    ...SERVER_SESSIONS,
    ...TRACKING_SESSIONS,
    ...CLUSTER_SESSIONS,
  ]);
});

describe('sessions, where DEBUG and MODULE are allowed', () => {
  const allowed = ['enable-debug-command yes', 'enable-module-command yes'];
  sessionsTry([...DEBUG_SESSIONS, ...MODULE_SESSIONS], {
    ours: ['--resp-conf', confWrite('allowed.conf', ...allowed)],
    theirs: ['--enable-debug-command', 'yes', '--enable-module-command', 'yes'],
  });
});

describe('ours', () => {
  let server: RespServer;
  let clients: RespClient[];
  let client: RespClient;

  beforeAll(async () => {
    const path = confWrite('ours.conf', '# Ours', 'timeout 100', 'slowlog-max-len 128');
    server = await respSpawn(['-t', '4', '--resp-conf', path]);
    // So many that they are on different threads.
    clients = Array.from({ length: CLIENT_COUNT }, () => server.client());
    client = clients[0];
  });
  afterAll(async () => {
    for (const one of clients) one.end();
    await server.stop();
  });
  beforeEach(() => client.call('flushall'));

  /** Asks all clients; the replies. */
  function all(...words: readonly string[]): Promise<RespReply[]> {
    return Promise.all(clients.map((one) => one.call(...words)));
  }

  it('refuses to save, as there is nothing to save to', async () => {
    const refused = expect.stringMatching(/^ERR nothing can be saved/);
    const replies = await wordsCall(client, 'save', 'bgsave', 'bgsave schedule', 'bgrewriteaof');
    for (const reply of replies) expect(reply).toMatchObject({ error: refused });
    expect(await client.call('shutdown', 'save')).toBeInstanceOf(RespError);
    expect(await client.call('ping')).toEqual(new RespSimple('PONG'));
  });

  it('lets nobody DEBUG unless told to at its start', async () => {
    const refused = expect.stringMatching(/^ERR DEBUG command not allowed/);
    expect(await client.call('debug', 'sleep', '0')).toMatchObject({ error: refused });
    expect(await client.call('config', 'set', 'enable-debug-command', 'yes')).toMatchObject({
      error: expect.stringContaining("can't set"),
    });
  });

  it('has the settings of one thread on all of them at once', async () => {
    for (const [n, one] of clients.entries()) {
      await one.call('config', 'set', 'slowlog-max-len', `${n + 50}`, 'timeout', `${n + 500}`);
      const expected = ['timeout', `${n + 500}`];
      expect(await all('config', 'get', 'timeout')).toEqual(clients.map(() => expected));
    }
    await client.call('config', 'set', 'slowlog-max-len', '128');
  });

  it('writes its settings into the file that they came from', async () => {
    await client.call('config', 'set', 'timeout', '200', 'hash-max-listpack-entries', '9');
    expect(await client.call('config', 'rewrite')).toEqual(OK);
    const lines = readFileSync(join(folder, 'ours.conf'), 'latin1').split('\n');
    expect(lines.slice(0, 3)).toEqual(['# Ours', 'timeout 200', 'slowlog-max-len 128']);
    expect(lines).toContain('hash-max-listpack-entries 9');
  });

  it('forgets its statistics at CONFIG RESETSTAT', async () => {
    const misses = async (): Promise<string | undefined> =>
      /keyspace_misses:(\d+)/.exec(`${await client.call('info', 'stats')}`)?.[1];
    await client.call('config', 'resetstat');
    await all('get', 'none');
    expect(await misses()).toBe(`${CLIENT_COUNT}`);
    const calls = `cmdstat_get:calls=${CLIENT_COUNT},`;
    expect(await client.call('info', 'commandstats')).toContain(calls);
    expect(await client.call('config', 'resetstat')).toEqual(OK);
    expect(await misses()).toBe('0');
    expect(await client.call('info', 'commandstats')).not.toContain('cmdstat_get:');
  });

  it('has one slow log for all its threads', async () => {
    await client.call('config', 'set', 'slowlog-log-slower-than', '0');
    await client.call('slowlog', 'reset');
    await all('get', 'none');
    const entries = (await clients[5].call('slowlog', 'get', '-1')) as RespReply[][];
    const words = entries.map((entry) => (entry[3] as string[]).join(' '));
    expect(words.filter((request) => request === 'get none')).toHaveLength(CLIENT_COUNT);
    const ids = entries.map(([id]) => Number(id));
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
    expect(new Set(ids).size).toBe(ids.length);
    await clients[3].call('config', 'set', 'slowlog-log-slower-than', '-1');
    await clients[3].call('slowlog', 'reset');
    expect(await all('slowlog', 'len')).toEqual(clients.map(() => 0));
  });

  it('tells where its memory is', async () => {
    const numbers = Array.from({ length: 5000 }, (_, n) => `${n}`);
    await client.call('set', 'short', 'x');
    await client.call('set', 'long', 'x'.repeat(100_000));
    await client.call('rpush', 'list', ...numbers.map((n) => `element ${n}`));
    await client.call('zadd', 'zset', ...numbers.flatMap((n) => [n, n]));
    const usage = async (key: string): Promise<number> =>
      Number(await client.call('memory', 'usage', key));
    expect(await usage('short')).toBeLessThan(100);
    expect(await usage('long')).toBeGreaterThan(100_000);
    expect(await usage('list')).toBeGreaterThan(60_000);
    expect(await usage('zset')).toBeGreaterThan(100_000);
    const stat = async (name: string): Promise<number> => {
      const stats = (await client.call('memory', 'stats')) as RespReply[];
      return Number(stats[stats.indexOf(name) + 1]);
    };
    expect(await stat('keys.count')).toBe(4);
    const full = await stat('total.allocated');
    expect(full).toBeGreaterThan(400_000);
    await client.call('unlink', 'long', 'list', 'zset');
    const freed = (bytes: number): boolean => bytes < full - 250_000;
    await eventually('what was unlinked is free', () => stat('total.allocated'), freed);
    expect(await client.call('memory', 'doctor')).toMatch(/\.\n$/);
    expect(await client.call('memory', 'malloc-stats')).toMatch(/^partitions: \d+\n/);
  });
});

it.each(['shutdown', 'shutdown nosave now force'])(
  '%s ends it, without an answer',
  async (request) => {
    const server = await respSpawn();
    const client = server.client();
    await client.call('set', 'a', '1');
    await expect(client.call(...request.split(' '))).rejects.toThrow('closed the connection');
    expect(await server.ended).toBe(0);
  },
);

it('asks for the password, if there is one, until it is given', async () => {
  const server = await respSpawn(['--requirepass', 'secret']);
  const [first, second] = [server.client(), server.client()];
  const noAuth = new RespError('NOAUTH Authentication required.');
  const wrong = new RespError('WRONGPASS invalid username-password pair or user is disabled.');
  expect(await wordsCall(first, 'get a', 'multi', 'auth wrong', 'get a')).toEqual([
    noAuth,
    noAuth,
    wrong,
    noAuth,
  ]);
  expect(await wordsCall(first, 'auth secret', 'set a 1', 'reset', 'get a')).toEqual([
    OK,
    OK,
    new RespSimple('RESET'),
    noAuth,
  ]);
  expect(await second.call('hello', '3')).toMatchObject({
    error: expect.stringMatching(/^NOAUTH HELLO must be called/),
  });
  const greeting = await second.call('hello', '3', 'auth', 'default', 'secret');
  expect(greeting).toHaveProperty('type', 'map');
  expect(await second.call('get', 'a')).toBe('1');
  first.end();
  second.end();
  await server.stop();
});
