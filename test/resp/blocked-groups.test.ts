/**
 * Clients that wait for entries of a consumer group, over one and more threads: who gets them, and what those are
 * told whose stream or group goes.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { blockedUntil, wordsCall } from './blocked.ts';

const WORKERS = 12;
const ENTRIES = 200;
const NO_GROUP = { error: expect.stringMatching(/^NOGROUP /) };
const WRONG_TYPE = { error: expect.stringMatching(/^WRONGTYPE /) };

describe.each([1, 2, 4])('readers of a group that wait, with %i threads', (threadCount) => {
  let server: RespServer;
  let other: RespClient;
  let clients: RespClient[] = [];

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`]);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    other = server.client();
    await other.call('flushall');
    await other.call('xgroup', 'create', 's', 'g', '$', 'mkstream');
  });
  afterEach(async () => {
    for (const client of clients) client.end();
    clients = [];
    await blockedUntil(other, 0);
    other.end();
  });

  /** A client that waits for an entry of the group, behind all that came before. */
  async function reader(consumer: string, group = 'g'): Promise<RespClient> {
    const client = server.client();
    clients.push(client);
    const id = Number(await client.call('client', 'id'));
    client.send(
      'xreadgroup',
      'group',
      group,
      consumer,
      'count',
      1,
      'block',
      0,
      'streams',
      's',
      '>',
    );
    await eventually(
      `client ${id} waiting`,
      async () => `${await other.call('client', 'list', 'id', id)}`,
      (line) => / flags=\w*b/.test(line),
    );
    return client;
  }

  it('get entries first come first, each of them once', async () => {
    const line: RespClient[] = [];
    for (let n = 0; n < WORKERS; n++) line.push(await reader(`c${n}`));
    for (const [n, client] of line.entries()) {
      await other.call('xadd', 's', `${n + 1}-0`, 'f', 'v');
      expect(await client.read()).toEqual([['s', [[`${n + 1}-0`, ['f', 'v']]]]]);
      expect(line.slice(n + 1).every(({ unread }) => unread === 0)).toBe(true);
    }
    const [count, , , each] = (await other.call('xpending', 's', 'g')) as unknown[];
    expect(count).toBe(WORKERS);
    expect(each).toHaveLength(WORKERS);
  });

  it('take nothing from other groups, nor from who reads without one', async () => {
    await other.call('xgroup', 'create', 's', 'h', '$');
    const first = await reader('c');
    const second = await reader('d');
    const ofOther = await reader('c', 'h');
    const client = server.client();
    clients.push(client);
    client.send('xread', 'block', 0, 'streams', 's', '$');
    await blockedUntil(other, 4);
    await other.call('xadd', 's', '1-0', 'f', 'v');
    const entry = [['s', [['1-0', ['f', 'v']]]]];
    expect(await first.read()).toEqual(entry);
    expect(await ofOther.read()).toEqual(entry);
    expect(await client.read()).toEqual(entry);
    expect(second.unread).toBe(0);
    await wordsCall(other, 'multi', 'xadd s 2-0 f v', 'xadd s 3-0 f v', 'exec');
    expect(await second.read()).toEqual([['s', [['2-0', ['f', 'v']]]]]);
  });

  it.each([
    ['DEL', ['del s']],
    ['UNLINK', ['unlink s']],
    ['RENAME', ['rename s t']],
    ['FLUSHALL', ['flushall']],
    ['FLUSHDB', ['flushdb']],
    ['SWAPDB', ['swapdb 0 5']],
    ['MOVE', ['move s 5']],
    ['XGROUP DESTROY', ['xgroup destroy s g']],
    ['a time to live', ['pexpire s 30']],
    ['EXEC', ['multi', 'del s', 'xadd s 1-0 f v', 'exec']],
    ['RENAME onto it', ['xadd t 1-0 f v', 'rename t s']],
    ['RESTORE', ['xadd t 1-0 f v', 'copy t s replace']],
  ])('are told that the group is gone by %s', async (_, commands) => {
    const readers = [await reader('c'), await reader('d')];
    await wordsCall(other, ...commands);
    for (const client of readers) expect(await client.read()).toMatchObject(NO_GROUP);
    await wordsCall(other, 'select 5', 'flushdb', 'select 0');
  });

  it.each([
    ['SET', ['set s v']],
    ['EXEC', ['multi', 'del s', 'sadd s v', 'exec']],
    ['SWAPDB', ['select 5', 'rpush s v', 'select 0', 'swapdb 0 5']],
    ['SORT with STORE', ['rpush t 1', 'sort t store s']],
  ])('are told that the key has another type by %s', async (_, commands) => {
    const readers = [await reader('c'), await reader('d')];
    await wordsCall(other, ...commands);
    for (const client of readers) expect(await client.read()).toMatchObject(WRONG_TYPE);
    await wordsCall(other, 'select 5', 'flushdb', 'select 0');
  });

  it('are served by a stream that takes the place of theirs, with the group', async () => {
    await wordsCall(other, 'xgroup create t g 0 mkstream', 'xadd t 1-0 f v');
    const client = await reader('c');
    await other.call('rename', 't', 's');
    expect(await client.read()).toEqual([['s', [['1-0', ['f', 'v']]]]]);
  });

  it('get all that there is in several streams', async () => {
    await other.call('xgroup', 'create', 't', 'g', '$', 'mkstream');
    const client = server.client();
    clients.push(client);
    client.send('xreadgroup', 'group', 'g', 'c', 'block', 0, 'streams', 't', 's', '>', '>');
    await blockedUntil(other, 1);
    await wordsCall(other, 'multi', 'xadd s 1-0 f v', 'xadd t 2-0 f v', 'exec');
    expect(await client.read()).toEqual([
      ['t', [['2-0', ['f', 'v']]]],
      ['s', [['1-0', ['f', 'v']]]],
    ]);
  });

  it('count among the keys that are waited for, also where they go', async () => {
    const client = await reader('c');
    const info = `${await other.call('info', 'clients')}`;
    expect(info).toMatch(/total_blocking_keys:1\r\ntotal_blocking_keys_on_nokey:1\r\n/);
    await other.call('xgroup', 'destroy', 's', 'g');
    expect(await client.read()).toMatchObject(NO_GROUP);
    const after = `${await other.call('info', 'clients')}`;
    expect(after).toMatch(/total_blocking_keys:0\r\ntotal_blocking_keys_on_nokey:0\r\n/);
  });

  it('deal with all entries, whoever adds them', async () => {
    const got: string[] = [];
    const work = async (name: string): Promise<void> => {
      const client = server.client();
      clients.push(client);
      const words = ['xreadgroup', 'group', 'g', name, 'count', '3', 'block', '0', 'streams', 's'];
      for (;;) {
        const reply = await client.call(...words, '>');
        const [[, entries]] = reply as [[string, [string, string[]][]]];
        for (const [id, [, value]] of entries) {
          if (value === 'end') return;
          got.push(value);
          expect(await client.call('xack', 's', 'g', id)).toBe(1);
        }
      }
    };
    const workers = Array.from({ length: WORKERS }, (_, n) => work(`w${n}`));
    const add = async (from: number): Promise<void> => {
      const client = server.client();
      clients.push(client);
      for (let n = 0; n < ENTRIES; n++) await client.call('xadd', 's', '*', 'n', `${from + n}`);
    };
    await Promise.all([add(0), add(1000), add(2000)]);
    await eventually(
      'all entries dealt with',
      async () => got.length,
      (count) => count === 3 * ENTRIES,
    );
    for (let n = 0; n < 3 * WORKERS; n++) await other.call('xadd', 's', '*', 'n', 'end');
    await Promise.all(workers);
    expect(new Set(got).size).toBe(3 * ENTRIES);
  });
});
