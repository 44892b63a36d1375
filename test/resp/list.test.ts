/**
 * Lists that outgrow what the differential sessions send: long elements, and many. Each command's answer is
 * compared with that of an array.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, type RespError, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';

let server: RespServer;
let resp: RespClient;

beforeAll(async () => {
  server = await respSpawn();
});
afterAll(() => server.stop());
beforeEach(async () => {
  resp = server.client();
  await resp.call('flushall');
});

const OK = new RespSimple('OK');
/** In strips, in chunks of their own, in chains. */
const LENGTHS = [0, 1, 253, 254, 1024, 1025, 3000, 8176, 8177, 8193, 70_000, 1_000_000];
const long = LENGTHS.map((length, n) => String.fromCharCode(97 + n).repeat(length));

describe('a list of long elements', () => {
  beforeEach(async () => {
    await resp.call('rpush', 'list', ...long);
  });

  it('is read from both ends', async () => {
    expect(await resp.call('lrange', 'list', '0', '-1')).toEqual(long);
    for (const [index, element] of long.entries()) {
      expect(await resp.call('lindex', 'list', `${index}`)).toBe(element);
      expect(await resp.call('lindex', 'list', `${index - long.length}`)).toBe(element);
      expect(await resp.call('lpos', 'list', element)).toBe(index);
      expect(await resp.call('lpos', 'list', `${element}!`)).toBe(null);
    }
  });

  it('is popped from both ends', async () => {
    expect(await resp.call('lpop', 'list', '5')).toEqual(long.slice(0, 5));
    expect(await resp.call('rpop', 'list', '100')).toEqual(long.slice(5).reverse());
    expect(await resp.call('exists', 'list')).toBe(0);
  });

  it('takes an element in the place of any other, and beside it', async () => {
    for (const element of [...long]) {
      await resp.call('del', 'list');
      await resp.call('rpush', 'list', ...long);
      const elements = [...long];
      for (let index = 0; index < long.length; index += 3) {
        expect(await resp.call('lset', 'list', `${index}`, element)).toEqual(OK);
        elements[index] = element;
      }
      const pivot = elements[4];
      elements.splice(elements.indexOf(pivot) + 1, 0, 'behind');
      elements.splice(elements.indexOf(pivot), 0, 'before');
      await resp.call('linsert', 'list', 'after', pivot, 'behind');
      expect(await resp.call('linsert', 'list', 'before', pivot, 'before')).toBe(elements.length);
      expect(await resp.call('lrange', 'list', '0', '-1')).toEqual(elements);
      const equal = elements.filter((one) => one === element).length;
      expect(await resp.call('lrem', 'list', '0', element)).toBe(equal);
      const rest = elements.filter((one) => one !== element);
      expect(await resp.call('lrange', 'list', '0', '-1')).toEqual(rest);
    }
  });

  it('gives its elements to other lists, and to itself', async () => {
    const turned: string[] = [];
    for (const element of long) {
      expect(await resp.call('lmove', 'list', 'other', 'left', 'left')).toBe(element);
      expect(await resp.call('lmove', 'other', 'other', 'left', 'right')).toBe(element);
      turned.push(element);
    }
    expect(await resp.call('lrange', 'other', '0', '-1')).toEqual(turned);
    expect(await resp.call('rpoplpush', 'other', 'other')).toBe(long.at(-1));
    expect(await resp.call('lrange', 'other', '0', '1')).toEqual([long.at(-1), long[0]]);
  });

  it('gives one to a client that waits', async () => {
    const other = server.client();
    const popped = other.call('blpop', 'waited', '0');
    const moved = server.client().call('blmove', 'waited', 'other', 'left', 'right', '0');
    // Both have to wait before something comes: their order does not matter.
    while ((await blockedCount()) < 2) await resp.call('ping');
    await resp.call('rpush', 'waited', ...long.slice(-2));
    const [, first] = (await popped) as readonly string[];
    expect([first, await moved].sort()).toEqual(long.slice(-2).sort());
    expect(await resp.call('llen', 'other')).toBe(1);
  });
});

async function blockedCount(): Promise<number> {
  const info = await resp.call('info', 'clients');
  return Number(/blocked_clients:(\d+)/.exec(String(info))?.[1] ?? 0);
}

describe('a list of many elements', () => {
  const COUNT = 200_000;
  const elements = Array.from({ length: COUNT }, (_, n) => `element ${n}`);

  beforeEach(async () => {
    for (let at = 0; at < COUNT; at += 5000) {
      await resp.call('rpush', 'list', ...elements.slice(at, at + 5000));
    }
  });

  it('is read, changed and cut at any place', async () => {
    expect(await resp.call('llen', 'list')).toBe(COUNT);
    expect(await resp.call('lrange', 'list', '-3', '-1')).toEqual(elements.slice(-3));
    for (const index of [0, 1, 77_777, 123_456, COUNT - 1]) {
      expect(await resp.call('lindex', 'list', `${index}`)).toBe(elements[index]);
      expect(await resp.call('lpos', 'list', elements[index], 'rank', '-1')).toBe(index);
    }
    const all = await resp.call('lrange', 'list', '0', '-1');
    expect((all as readonly string[]).join()).toBe(elements.join());
    expect(await resp.call('ltrim', 'list', '150000', '-2')).toEqual(OK);
    expect(await resp.call('llen', 'list')).toBe(49_999);
    expect(await resp.call('lrange', 'list', '0', '1')).toEqual(elements.slice(150_000, 150_002));
    expect(await resp.call('ltrim', 'list', '-7', '-1')).toEqual(OK);
    expect(await resp.call('lrange', 'list', '0', '-1')).toEqual(elements.slice(-8, -1));
  });

  it('is no string for memcached, nor for GET', async () => {
    const wrongType = await resp.call('get', 'list');
    expect((wrongType as RespError).error).toMatch(/^WRONGTYPE /);
    expect(await resp.call('set', 'list', 'string')).toEqual(OK);
    expect(await resp.call('get', 'list')).toBe('string');
  });
});
