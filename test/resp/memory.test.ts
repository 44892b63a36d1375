/** maxmemory and its policies over the wire, and what memcached's lists of keys show of all that is stored. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, RespError, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { TextClient } from '../support/text-client.ts';

const OK = new RespSimple('OK');
const KEY_COUNT = 20_000;

let server: RespServer;
let resp: RespClient;

beforeAll(async () => {
  server = await respSpawn(['-m', '64', '-t', '2', '-o', 'track_sizes']);
});
afterAll(() => server.stop());
beforeEach(async () => {
  resp = server.client();
  await resp.call('flushall');
  await resp.call('config', 'set', 'maxmemory', '64mb', 'maxmemory-policy', 'allkeys-lru');
});

/** What came of storing many keys. */
async function fill(count: number, ...options: string[]): Promise<{ refused: number }> {
  const value = 'v'.repeat(1000);
  for (let n = 0; n < count; n++) resp.send('set', `key:${n}`, value, ...options);
  let refused = 0;
  for (let n = 0; n < count; n++) if ((await resp.read()) instanceof RespError) refused++;
  return { refused };
}

describe('maxmemory', () => {
  it('lowered below what is in use refuses what may need memory, if nothing may be evicted', async () => {
    await fill(KEY_COUNT);
    await resp.call('config', 'set', 'maxmemory-policy', 'noeviction', 'maxmemory', '5mb');
    for (const command of [
      'set k v',
      'mset a 1 b 2',
      'lpush l 1',
      'hset h f v',
      'sadd s m',
      'zadd z 1 m',
    ]) {
      const reply = await resp.call(...command.split(' '));
      expect(reply).toBeInstanceOf(RespError);
      expect((reply as RespError).error).toMatch(/^OOM command not allowed/);
    }
    expect(await resp.call('get', 'key:1')).toBe('v'.repeat(1000));
    expect(await resp.call('dbsize')).toBe(KEY_COUNT);
    expect(await resp.call('del', 'key:1')).toBe(1);
    await resp.call('multi');
    expect(await resp.call('set', 'k', 'v')).toBeInstanceOf(RespError);
    expect(((await resp.call('exec')) as RespError).error).toMatch(/^EXECABORT /);
    await resp.call('config', 'set', 'maxmemory', '0');
    expect(await resp.call('set', 'k', 'v')).toEqual(OK);
  });

  it('has others evicted, and never refuses, if any may be', async () => {
    await fill(KEY_COUNT);
    await resp.call('config', 'set', 'maxmemory', '5mb');
    expect(await fill(KEY_COUNT)).toEqual({ refused: 0 });
    const kept = Number(await resp.call('dbsize'));
    expect(kept).toBeGreaterThan(1000);
    expect(kept).toBeLessThan(6000);
  });

  it('has what expires evicted, and then refuses, if only that may be', async () => {
    await resp.call('config', 'set', 'maxmemory', '8mb', 'maxmemory-policy', 'volatile-lru');
    expect(await fill(KEY_COUNT, 'ex', '1000')).toEqual({ refused: 0 });
    expect((await fill(KEY_COUNT)).refused).toBeGreaterThan(KEY_COUNT / 2);
    expect(Number(await resp.call('dbsize'))).toBeGreaterThan(1000);
  });
});

describe('what memcached lists', () => {
  let memcached: TextClient;

  async function ask(request: string): Promise<string[]> {
    memcached.send(`${request}\r\n`);
    const lines: string[] = [];
    for (;;) {
      const line = await memcached.line();
      if (line === 'END' || line === 'EN') return lines;
      lines.push(line);
    }
  }

  async function sizesCount(): Promise<number> {
    const counts = (await ask('stats sizes')).map((line) => /^STAT \d+ (\d+)/.exec(line)?.[1]);
    return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
  }

  it('is database 0 alone, and of collections their names', async () => {
    memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
    await resp.call('set', 'here', 'v');
    const members = Array.from({ length: 2000 }, (_, n) => `member:${n}`);
    await resp.call('sadd', 'set', ...members);
    await resp.call('rpush', 'list', ...members, 'x'.repeat(20_000));
    await resp.call('zadd', 'zset', ...members.flatMap((member, n) => [`${n}`, member]));
    await resp.call('hset', 'hash', ...members.flatMap((member) => [member, 'value']));
    await resp.call('select', '4');
    await resp.call('set', 'elsewhere', 'v');
    await resp.call('sadd', 'elsewhere:set', ...members);
    const names = ['hash', 'here', 'list', 'set', 'zset'];

    const dumped = (await ask('lru_crawler metadump all')).filter((line) =>
      line.startsWith('key='),
    );
    expect(dumped.map((line) => /^key=(\S+)/.exec(line)?.[1]).toSorted()).toEqual(names);
    const asked = (await ask('lru_crawler mgdump all')).filter((line) => line.startsWith('mg '));
    expect(asked.map((line) => line.slice(3)).toSorted()).toEqual(names);
    const cached: string[] = [];
    for (let classId = 1; classId < 64; classId++) {
      const lines = await ask(`stats cachedump ${classId} 0`);
      cached.push(...lines.map((line) => /^ITEM (\S+)/.exec(line)?.[1] ?? line));
    }
    expect(cached.toSorted()).toEqual(names);
    // What the flush has left is counted until the sweep comes by.
    await expect.poll(sizesCount).toBe(names.length);
    expect(await ask('stats')).toContain(`STAT curr_items ${names.length}`);
  });
});
