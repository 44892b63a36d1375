/** One keyspace for both protocols: what one has written the other reads, changes and forgets. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, RespError, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { TextClient } from '../support/text-client.ts';

let server: RespServer;
let resp: RespClient;
let memcached: TextClient;

beforeAll(async () => {
  server = await respSpawn();
});
afterAll(() => server.stop());
beforeEach(async () => {
  resp = server.client();
  memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
  await resp.call('flushall');
});

const OK = new RespSimple('OK');

/** All that memcached's side answers. */
async function ask(request: string): Promise<string> {
  memcached.send(`${request}mn\r\n`);
  let answer = '';
  for (let line = await memcached.line(); line !== 'MN'; line = await memcached.line()) {
    answer += `${line}\r\n`;
  }
  return answer;
}

describe('one keyspace', () => {
  it('SET is read by get, and by gets with a CAS unique', async () => {
    expect(await resp.call('set', 'k', 'hello')).toEqual(OK);
    expect(await ask('get k\r\n')).toBe('VALUE k 0 5\r\nhello\r\nEND\r\n');
    const unique = /VALUE k 0 5 (\d+)/.exec(await ask('gets k\r\n'))?.[1];
    expect(await ask(`cas k 0 0 2 ${unique}\r\nby\r\n`)).toBe('STORED\r\n');
    expect(await resp.call('get', 'k')).toBe('by');
    await resp.call('set', 'k', 'new');
    expect(await ask(`cas k 0 0 2 ${unique}\r\nno\r\n`)).toBe('EXISTS\r\n');
  });

  it('set is read by GET, and changed by APPEND, INCR and EXPIRE', async () => {
    await ask('set k 7 0 2\r\n10\r\n');
    expect(await resp.call('get', 'k')).toBe('10');
    expect(await resp.call('incr', 'k')).toBe(11);
    expect(await ask('get k\r\n')).toMatch(/^VALUE k \d+ 2\r\n11\r\nEND\r\n$/);
    expect(await resp.call('append', 'k', 'x')).toBe(3);
    expect(await resp.call('expire', 'k', '100')).toBe(1);
    expect(await ask('get k\r\n')).toMatch(/^VALUE k 7 3\r\n11x\r\nEND\r\n$/);
  });

  it('agrees on times to live', async () => {
    await ask('set k 0 100 1\r\nv\r\n');
    expect(await resp.call('ttl', 'k')).toBe(100);
    await resp.call('set', 'l', 'v', 'ex', '50');
    expect(await ask('mg l t\r\n')).toMatch(/^HD t(49|50)\r\n$/);
    await ask('touch k 0\r\n');
    expect(await resp.call('ttl', 'k')).toBe(-1);
    await resp.call('pexpireat', 'k', '1');
    expect(await ask('get k\r\n')).toBe('END\r\n');
  });

  it('watches see what memcached clients do', async () => {
    await resp.call('set', 'k', '1');
    await resp.call('watch', 'k');
    await ask('incr k 1\r\n');
    await resp.call('multi');
    await resp.call('set', 'k', '5');
    expect(await resp.call('exec')).toBeNull();
    await resp.call('watch', 'k');
    await ask('touch nothing 1\r\n');
    await resp.call('multi');
    await resp.call('set', 'k', '5');
    expect(await resp.call('exec')).toEqual([OK]);
  });

  it('a list is no value for memcached, which is told so', async () => {
    await resp.call('rpush', 'l', 'a');
    expect(await ask('get l\r\n')).toMatch(/^SERVER_ERROR /);
    expect(await ask('append l 0 0 1\r\nx\r\n')).toMatch(/^SERVER_ERROR /);
    expect(await ask('incr l 1\r\n')).toMatch(/^(SERVER|CLIENT)_ERROR /);
    expect(await resp.call('lrange', 'l', '0', '-1')).toEqual(['a']);
    expect(await ask('delete l\r\n')).toBe('DELETED\r\n');
    expect(await resp.call('exists', 'l')).toBe(0);
    await resp.call('rpush', 'l', 'a');
    expect(await ask('set l 0 0 1\r\nx\r\n')).toBe('STORED\r\n');
    expect(await resp.call('get', 'l')).toBe('x');
    expect(await resp.call('lpush', 'l', 'y')).toBeInstanceOf(RespError);
  });

  it('other databases are not memcached’s', async () => {
    await resp.call('select', '1');
    await resp.call('set', 'k', 'one');
    expect(await ask('get k\r\n')).toBe('END\r\n');
    await ask('set k 0 0 4\r\nzero\r\n');
    expect(await resp.call('get', 'k')).toBe('one');
    await resp.call('swapdb', '0', '1');
    expect(await ask('get k\r\n')).toMatch(/\r\n(one|zero)\r\n/);
    await ask('flush_all\r\n');
    expect(await resp.call('dbsize')).toBe(0);
  });
});
