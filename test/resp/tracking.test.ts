/** Client-side caching over the wire. Clients come to two threads as the kernel deals them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, type RespReply, RespSimple, RespTyped } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { TextClient } from '../support/text-client.ts';
import { shown } from './session.ts';

/** With so many clients both threads have some. */
const MANY = 12;
const OK = new RespSimple('OK');
const BROADCAST_ALL = ['bcast'];

let server: RespServer;
let writer: RespClient;
const opened: RespClient[] = [];

beforeAll(async () => {
  server = await respSpawn();
});
afterAll(() => server.stop());
beforeEach(async () => {
  writer = open();
  await writer.call('flushall');
});
afterEach(() => {
  for (const client of opened.splice(0)) client.socket.destroy();
});

function open(): RespClient {
  const client = server.client();
  opened.push(client);
  return client;
}

async function tracker(...options: readonly string[]): Promise<RespClient> {
  const client = open();
  await client.call('hello', '3');
  expect(await client.call('client', 'tracking', 'on', ...options)).toEqual(OK);
  return client;
}

async function trackers(...options: readonly string[]): Promise<RespClient[]> {
  return Promise.all(Array.from({ length: MANY }, () => tracker(...options)));
}

function pushed(keys: readonly string[] | null): RespReply {
  return new RespTyped('push', ['invalidate', keys]);
}

/** Nothing has come but the answer to this. */
async function expectQuiet(client: RespClient): Promise<void> {
  expect(await client.call('ping')).toEqual(new RespSimple('PONG'));
}

async function infoOf(client: RespClient, name: string): Promise<number> {
  const text = (await client.call('info')) as RespReply;
  return Number(new RegExp(`${name}:(\\d+)`).exec(shown(text))?.[1]);
}

/** `client id` of it. */
async function idOf(client: RespClient): Promise<string> {
  return `${await client.call('client', 'id')}`;
}

describe('a client that tracks', () => {
  it('hears once of a key that it has read, whoever changes it on whatever thread', async () => {
    const clients = await trackers();
    for (const client of clients) await client.call('get', 'k');
    await writer.call('set', 'k', '1');
    for (const client of clients) expect(await client.read()).toEqual(pushed(['k']));
    await writer.call('set', 'k', '2');
    for (const client of clients) await expectQuiet(client);
  });

  it('hears of what memcached clients do, of expiry and of a flush', async () => {
    const memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
    const client = await tracker();
    await client.call('mget', 'a', 'b', 'c');
    memcached.send('set a 0 0 1\r\n1\r\n');
    expect(await client.read()).toEqual(pushed(['a']));
    await writer.call('set', 'b', '1', 'px', '60');
    expect(await client.read()).toEqual(pushed(['b']));
    await client.call('get', 'b');
    expect(await client.read()).toEqual(pushed(['b'])); // the maintainer found it
    memcached.send('flush_all\r\n');
    expect(await client.read()).toEqual(pushed(null));
    await writer.call('set', 'c', '1');
    await expectQuiet(client);
  });

  it.each(['flushall', 'flushdb'])('hears of %s as of one change of all keys', async (command) => {
    const clients = await trackers();
    await writer.call(command);
    for (const client of clients) {
      expect(await client.read()).toEqual(pushed(null));
      await expectQuiet(client);
    }
  });

  it('hears of its own changes behind the reply, and of those of a transaction behind all', async () => {
    const client = await tracker();
    await client.call('get', 'k');
    expect(await client.call('set', 'k', '1')).toEqual(OK);
    expect(await client.read()).toEqual(pushed(['k']));
    await client.call('get', 'k');
    await client.call('multi');
    await client.call('incr', 'k');
    await client.call('get', 'k');
    expect(await client.call('exec')).toEqual([2, '2']);
    expect(await client.read()).toEqual(pushed(['k']));
    await writer.call('set', 'k', '3'); // for it has read it again
    expect(await client.read()).toEqual(pushed(['k']));
  });

  it('hears of what it finds expired behind the reply', async () => {
    const memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
    memcached.send('lru_crawler disable\r\n');
    expect(await memcached.line()).toBe('OK');
    const client = await tracker();
    await writer.call('set', 'k', '1', 'px', '20');
    await client.call('get', 'k');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await client.call('get', 'k')).toBe(null);
    expect(await client.read()).toEqual(pushed(['k']));
    memcached.send('lru_crawler enable\r\n');
    expect(await memcached.line()).toBe('OK');
  });

  it('tells keys of one database from those of another', async () => {
    const client = await tracker();
    await client.call('get', 'k');
    await writer.call('select', '1');
    await writer.call('set', 'k', '1');
    await expectQuiet(client);
    await writer.call('swapdb', '0', '1');
    await client.call('get', 'k');
    await writer.call('select', '0');
    await writer.call('set', 'k', '2');
    expect(await client.read()).toEqual(pushed(['k']));
    await writer.call('swapdb', '0', '1');
  });

  it('hears nothing of its own changes with NOLOOP', async () => {
    const client = await tracker('noloop');
    await client.call('get', 'k');
    await client.call('set', 'k', '1');
    await client.call('multi');
    await client.call('get', 'k');
    await client.call('append', 'k', '2');
    await client.call('exec');
    await expectQuiet(client);
    await client.call('get', 'k');
    await writer.call('set', 'k', '1');
    expect(await client.read()).toEqual(pushed(['k']));
  });

  it('tracks what it opts for, of one command or one transaction', async () => {
    const client = await tracker('optin');
    await client.call('get', 'a');
    await client.call('client', 'caching', 'yes');
    await client.call('get', 'b');
    await client.call('get', 'c');
    await client.call('client', 'caching', 'yes');
    for (const words of [['multi'], ['get', 'd'], ['get', 'e'], ['exec']]) {
      await client.call(...words);
    }
    await client.call('get', 'f');
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await writer.call('set', key, '1');
    for (const key of ['b', 'd', 'e']) expect(await client.read()).toEqual(pushed([key]));
    await expectQuiet(client);
  });

  it('tracks all but what it opts out of', async () => {
    const client = await tracker('optout');
    await client.call('client', 'caching', 'no');
    await client.call('get', 'a');
    await client.call('get', 'b');
    await writer.call('mset', 'a', '1', 'b', '1');
    expect(await client.read()).toEqual(pushed(['b']));
    await expectQuiet(client);
  });

  it('hears with its replies off, too', async () => {
    const client = await tracker();
    await client.call('get', 'k');
    client.send('client', 'reply', 'off');
    client.send('get', 'k');
    await writer.call('set', 'k', '1');
    expect(await client.read()).toEqual(pushed(['k']));
  });

  it('hears no more once it is off, was reset, or has left', async () => {
    const [off, reset, gone] = await Promise.all([tracker(), tracker(), tracker()]);
    for (const client of [off, reset, gone]) await client.call('get', 'k');
    await off.call('client', 'tracking', 'off');
    await reset.call('reset');
    await reset.call('hello', '3');
    gone.socket.destroy();
    await writer.call('set', 'k', '1');
    for (const client of [off, reset]) await expectQuiet(client);
    await expect.poll(() => infoOf(writer, 'tracking_clients')).toBe(0);
    await expect.poll(() => infoOf(writer, 'tracking_total_keys')).toBe(0);
  });

  it('hears behind its reply what was changed in its name while it waited', async () => {
    const client = await tracker();
    await writer.call('rpush', 'to', 'a');
    await client.call('lrange', 'to', '0', '-1');
    client.send('blmove', 'from', 'to', 'left', 'left', '0');
    await expect.poll(() => infoOf(writer, 'blocked_clients')).toBe(1);
    await writer.call('rpush', 'from', 'b');
    expect(await client.read()).toBe('b');
    expect(await client.read()).toEqual(pushed(['to']));
  });
});

describe('a client that broadcasts are for', () => {
  it('hears of all keys of a command at once, sorted', async () => {
    const clients = await trackers(...BROADCAST_ALL);
    await writer.call('mset', 'b', '1', 'a', '1', 'c', '1');
    for (const client of clients) expect(await client.read()).toEqual(pushed(['a', 'b', 'c']));
  });

  it('hears of keys with its prefixes, of each by itself', async () => {
    const client = await tracker('bcast', 'prefix', 'a:', 'prefix', 'b:');
    await client.call('client', 'tracking', 'on', 'bcast', 'prefix', 'c:');
    await writer.call('mset', 'a:1', '', 'b:1', '', 'c:1', '', 'd:1', '', 'a:2', '');
    expect(await client.read()).toEqual(pushed(['a:1', 'a:2']));
    expect(await client.read()).toEqual(pushed(['b:1']));
    expect(await client.read()).toEqual(pushed(['c:1']));
    await expectQuiet(client);
  });

  it('hears nothing of its own changes with NOLOOP, unless another came after', async () => {
    const client = await tracker('bcast', 'noloop');
    await client.call('mset', 'a', '1', 'b', '1');
    await expectQuiet(client);
    await writer.call('set', 'b', '2');
    expect(await client.read()).toEqual(pushed(['b']));
    await client.call('set', 'c', '1', 'px', '1');
    expect(await client.read()).toEqual(pushed(['c'])); // that it expired is nobody's doing
  });

  it('gets the changes of its own pipeline behind all replies', async () => {
    const client = await tracker(...BROADCAST_ALL);
    client.write('set a 1\r\nset b 2\r\nget a\r\n');
    for (const reply of [OK, OK, '1', pushed(['a', 'b'])]) {
      expect(await client.read()).toEqual(reply);
    }
  });
});

describe('a client that another is told for', () => {
  it('leaves that to a subscriber of RESP2, or to any client of RESP3, of whatever thread', async () => {
    const subscribers = await Promise.all(
      Array.from({ length: MANY }, async (_, at) => {
        const client = open();
        if (at % 2 === 1) await client.call('hello', '3');
        const id = await idOf(client);
        if (at % 2 === 0) await client.call('subscribe', '__redis__:invalidate');
        return { client, id, isNew: at % 2 === 1 };
      }),
    );
    for (const { client, id, isNew } of subscribers) {
      const reader = open();
      expect(await reader.call('client', 'tracking', 'on', 'redirect', id)).toEqual(OK);
      expect(`${await reader.call('client', 'getredir')}`).toBe(id);
      await reader.call('get', 'k');
      await writer.call('set', 'k', '1');
      const told = isNew ? pushed(['k']) : ['message', '__redis__:invalidate', ['k']];
      expect(await client.read()).toEqual(told);
      await writer.call('flushall');
      expect(await client.read()).toEqual(
        isNew ? pushed(null) : ['message', '__redis__:invalidate', null],
      );
      await reader.call('client', 'tracking', 'off');
    }
  });

  it('hears when that one is gone', async () => {
    const target = open();
    const id = await idOf(target);
    const client = await tracker('redirect', id);
    await client.call('get', 'k');
    target.socket.destroy();
    await expect.poll(async () => shown(await writer.call('client', 'list', 'id', id))).toBe('""');
    await writer.call('set', 'k', '1');
    expect(await client.read()).toEqual(
      new RespTyped('push', ['tracking-redir-broken', Number(id)]),
    );
    expect(shown(await client.call('client', 'trackinginfo'))).toContain('"broken_redirect"');
    expect(shown(await client.call('client', 'info'))).toMatch(/ flags=tR .* redir=\d+ /);
  });
});

describe('the tables of tracked keys', () => {
  it('hold no more keys together than tracking-table-max-keys', async () => {
    const clients = await trackers();
    for (const [at, client] of clients.entries()) {
      for (let key = 0; key < 10; key++) await client.call('get', `${at}:${key}`);
    }
    expect(await infoOf(writer, 'tracking_total_keys')).toBe(MANY * 10);
    expect(await infoOf(writer, 'tracking_total_items')).toBe(MANY * 10);
    expect(await infoOf(writer, 'tracking_clients')).toBe(MANY);
    await writer.call('config', 'set', 'tracking-table-max-keys', '30');
    await expect.poll(() => infoOf(writer, 'tracking_total_keys')).toBeLessThanOrEqual(30);
    let heard = 0;
    for (const client of clients) {
      client.send('ping');
      for (let next = await client.read(); next instanceof RespTyped; next = await client.read()) {
        heard++;
      }
    }
    expect(heard).toBe(MANY * 10 - 30);
    await writer.call('config', 'set', 'tracking-table-max-keys', '1000000');
  });

  it('are told of in INFO and CLIENT LIST', async () => {
    const client = await tracker('bcast', 'prefix', 'a', 'prefix', 'b');
    expect(await infoOf(client, 'tracking_total_prefixes')).toBe(2);
    expect(shown(await client.call('client', 'info'))).toMatch(/ flags=tB .* redir=0 /);
    await client.call('client', 'tracking', 'off');
    expect(shown(await client.call('client', 'info'))).toMatch(/ flags=N .* redir=-1 /);
  });
});
