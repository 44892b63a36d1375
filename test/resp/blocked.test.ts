/**
 * Blocked clients over one and more threads: who is served, in which order, and who is not. The kernel
 * spreads the connections, so a handful of them is on all threads.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { blockedUntil, wordsCall } from './blocked.ts';

const TEST_MS_MAX = 60_000;
const MANY = 500;

describe.each([1, 2, 4])('blocked clients with %i threads', (threadCount) => {
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
  });
  afterEach(async () => {
    for (const client of clients) client.end();
    clients = [];
    await blockedUntil(other, 0);
    other.end();
  });

  /** A client that has sent a command, and waits: after all that came before. */
  async function blocked(...words: readonly (string | number)[]): Promise<RespClient> {
    const client = server.client();
    clients.push(client);
    const id = Number(await client.call('client', 'id'));
    client.send(...words);
    await eventually(
      `client ${id} waiting`,
      async () => `${await other.call('client', 'list', 'id', id)}`,
      (line) => / flags=\w*b/.test(line),
    );
    return client;
  }

  it('are served first come first, whatever their threads', async () => {
    const line: RespClient[] = [];
    for (let n = 0; n < 12; n++) line.push(await blocked(n % 2 === 0 ? 'blpop' : 'brpop', 'k', 0));
    for (const [n, client] of line.entries()) {
      await other.call('rpush', 'k', `${n}`);
      expect(await client.read()).toEqual(['k', `${n}`]);
      expect(line.slice(n + 1).map(({ unread }) => unread)).toEqual(line.slice(n + 1).map(() => 0));
      client.end();
    }
    expect(await other.call('exists', 'k')).toBe(0);
  });

  it('share what one command pushes', async () => {
    const first = await blocked('blpop', 'k', 0);
    const second = await blocked('brpop', 'k', 0);
    expect(await other.call('rpush', 'k', 'a', 'b', 'c')).toBe(3);
    expect(await first.read()).toEqual(['k', 'a']);
    expect(await second.read()).toEqual(['k', 'c']);
    expect(await other.call('lrange', 'k', 0, -1)).toEqual(['b']);
  });

  it('get nothing that the pusher still sees', async () => {
    const client = await blocked('blpop', 'k', 0);
    other.send('lpush', 'k', 'x');
    other.send('llen', 'k');
    expect([await other.read(), await other.read()]).toEqual([1, 0]);
    expect(await client.read()).toEqual(['k', 'x']);
  });

  it('wait for several keys, the first of which counts', async () => {
    const client = await blocked('blpop', 'a', 'b', 'a', 'c', 0);
    await wordsCall(other, 'multi', 'rpush c 1', 'rpush b 2', 'exec');
    expect(await client.read()).toEqual(['b', '2']);
    const next = await blocked('blmpop', 0, 2, 'a', 'b', 'right', 'count', 2);
    await other.call('rpush', 'b', 'x', 'y', 'z');
    expect(await next.read()).toEqual(['b', ['z', 'y']]);
  });

  it('wait for keys that hold something else, and are not served by it', async () => {
    const client = await blocked('blpop', 'a', 'b', 0);
    await other.call('zadd', 'a', 1, 'm');
    await other.call('set', 'b', 'text');
    await other.call('del', 'b');
    await other.call('rpush', 'b', 'x');
    expect(await client.read()).toEqual(['b', 'x']);
  });

  it('for sorted sets are served by those', async () => {
    const first = await blocked('bzpopmin', 'z', 0);
    const second = await blocked('bzmpop', 0, 2, 'y', 'z', 'max');
    const list = await blocked('blpop', 'z', 0);
    await other.call('zadd', 'z', 1, 'a', 2, 'b', 3, 'c');
    expect(await first.read()).toEqual(['z', 'a', '1']);
    expect(await second.read()).toEqual(['z', [['c', '3']]]);
    expect(await other.call('zrange', 'z', 0, -1)).toEqual(['b']);
    expect(list.unread).toBe(0);
  });

  it('hand on what they get', async () => {
    const first = await blocked('blmove', 'a', 'b', 'left', 'right', 0);
    const second = await blocked('brpoplpush', 'b', 'c', 0);
    const third = await blocked('blpop', 'c', 0);
    expect(await other.call('rpush', 'a', 'x')).toBe(1);
    expect(await first.read()).toBe('x');
    expect(await second.read()).toBe('x');
    expect(await third.read()).toEqual(['c', 'x']);
    expect(await other.call('exists', 'a', 'b', 'c')).toBe(0);
  });

  it('in a circle come to an end', async () => {
    const first = await blocked('blmove', 'a', 'b', 'left', 'left', 0);
    const second = await blocked('blmove', 'b', 'a', 'left', 'left', 0);
    await other.call('rpush', 'a', 'x');
    expect([await first.read(), await second.read()]).toEqual(['x', 'x']);
    expect(await other.call('lrange', 'a', 0, -1)).toEqual(['x']);
    const same = await blocked('blmove', 'c', 'c', 'left', 'right', 0);
    await other.call('rpush', 'c', '1', '2');
    expect(await same.read()).toBe('1');
    expect(await other.call('lrange', 'c', 0, -1)).toEqual(['2', '1']);
  });

  it('get an error where the other list is none, and the element stays', async () => {
    const client = await blocked('blmove', 'a', 'b', 'left', 'left', 0);
    await other.call('set', 'b', 'text');
    await other.call('rpush', 'a', 'x');
    expect(await client.read()).toMatchObject({ error: expect.stringMatching(/^WRONGTYPE/) });
    expect(await other.call('lrange', 'a', 0, -1)).toEqual(['x']);
  });

  it('do not wait for ever, nor within MULTI', async () => {
    const startedAt = performance.now();
    expect(await other.call('blpop', 'k', '0.05')).toBeNull();
    expect(performance.now() - startedAt).toBeGreaterThan(45);
    expect(await other.call('bzpopmin', 'k', '0.001')).toBeNull();
    expect(await other.call('blmove', 'k', 'l', 'left', 'left', '0.01')).toBeNull();
    const words = ['multi', 'blpop k 0', 'blmove k l left left 0', 'bzmpop 0 1 k min', 'exec'];
    expect((await wordsCall(other, ...words)).at(-1)).toEqual([null, null, null]);
    await other.call('rpush', 'k', 'left');
    expect(await other.call('blpop', 'k', '0.05')).toEqual(['k', 'left']);
  });

  it('are served after EXEC, by what it left', async () => {
    const client = await blocked('blpop', 'k', 0);
    const gone = await wordsCall(other, 'multi', 'rpush k a', 'rpush k b', 'del k', 'exec');
    expect(gone.at(-1)).toEqual([1, 2, 1]);
    await wordsCall(other, 'multi', 'rpush k c', 'lpush k d', 'exec');
    expect(await client.read()).toEqual(['k', 'd']);
    expect(await other.call('lrange', 'k', 0, -1)).toEqual(['c']);
  });

  it('go on with what they sent meanwhile', async () => {
    const client = await blocked('blpop', 'k', 0);
    client.send('ping');
    client.send('blpop', 'k', 'l', 0);
    client.send('rpush', 'm', 'x'.repeat(100_000));
    await other.call('ping');
    await other.call('rpush', 'k', '1');
    expect(await client.read()).toEqual(['k', '1']);
    expect(await client.read()).toEqual({ simple: 'PONG' });
    await blockedUntil(other, 1);
    await other.call('rpush', 'l', '2');
    expect(await client.read()).toEqual(['l', '2']);
    expect(await client.read()).toBe(1);
    expect(await other.call('llen', 'm')).toBe(1);
  });

  it('take nothing when they have left', async () => {
    const gone = await blocked('blpop', 'k', 0);
    const first = await blocked('blpop', 'k', 0);
    gone.end();
    await blockedUntil(other, 1);
    await other.call('rpush', 'k', 'a', 'b');
    expect(await first.read()).toEqual(['k', 'a']);
    expect(await other.call('lrange', 'k', 0, -1)).toEqual(['b']);
  });

  it.each([
    ['RENAME', ['rpush from x', 'rename from k']],
    ['COPY', ['rpush from x', 'copy from k']],
    ['SORT with STORE', ['rpush from 2 1', 'sort from store k']],
    ['SWAPDB', ['select 5', 'rpush k x', 'swapdb 0 5', 'select 0']],
    ['MOVE', ['select 5', 'rpush k x', 'move k 0', 'select 0']],
    ['LMOVE', ['rpush from x', 'lmove from k left left']],
  ])('are served by %s', async (_, commands) => {
    const client = await blocked('blpop', 'k', 0);
    await wordsCall(other, ...commands);
    expect(await client.read()).toEqual(['k', expect.stringMatching(/^[x1]$/)]);
  });

  it('are served by RESTORE', async () => {
    await other.call('rpush', 'from', 'x');
    const payload = (await other.call('dump', 'from')) as string;
    const client = await blocked('blpop', 'k', 0);
    await other.call('restore', 'k', 0, payload);
    expect(await client.read()).toEqual(['k', 'x']);
  });

  it(
    `are served first come first also when they are ${MANY}`,
    async () => {
      const line: RespClient[] = [];
      for (let n = 0; n < MANY; n++) {
        const client = server.client();
        clients.push(client);
        line.push(client);
        client.send('blpop', 'k', 0);
        if (n % 50 === 0) await blockedUntil(other, n + 1);
      }
      await blockedUntil(other, MANY);
      const elements = Array.from({ length: MANY }, (_, n) => `${n}`);
      await other.call('rpush', 'k', ...elements);
      const got = await Promise.all(line.map((client) => client.read()));
      expect(new Set(got.map((reply) => (reply as string[])[1])).size).toBe(MANY);
      expect(await other.call('exists', 'k')).toBe(0);
    },
    TEST_MS_MAX,
  );
});
