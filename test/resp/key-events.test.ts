/**
 * Keyspace notifications: which events are published, in which order, and each once, also those of keys that
 * expire or are evicted, on whatever thread.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { clientUse, eventually, TextClient } from '../support/text-client.ts';
import { wordsCall } from './blocked.ts';

const KEY_COUNT = 500;
const TEST_MS_MAX = 60_000;

describe.each([1, 3])('key events with %i threads', (threadCount) => {
  let server: RespServer;
  let client: RespClient;
  let listener: RespClient;

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`, '-m', '64']);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    client = server.client();
    await client.call('flushall');
    listener = server.client();
    await listener.call('psubscribe', '__key*');
  });
  afterEach(async () => {
    await wordsCall(client, 'config set maxmemory 64mb', 'config set maxmemory-policy allkeys-lru');
    client.end();
    listener.end();
  });

  async function events(count: number): Promise<string[]> {
    const texts: string[] = [];
    for (let n = 0; n < count; n++) {
      const [, , channel, payload] = (await listener.read()) as string[];
      texts.push(
        `${channel.replace(/^__key(space|event)@/, '$1 ').replace('__:', ' ')} ${payload}`,
      );
    }
    return texts;
  }

  /** What has come by the time that a request of the listener's is answered. */
  async function eventsUntilNow(): Promise<string[]> {
    const texts: string[] = [];
    listener.send('ping', 'now');
    for (;;) {
      const reply = (await listener.read()) as string[];
      if (reply[0] === 'pong') return texts;
      texts.push(`${reply[2]} ${reply[3]}`);
    }
  }

  function notify(flags: string): Promise<RespReply> {
    return client.call('config', 'set', 'notify-keyspace-events', flags);
  }

  it('shows the letters in order, and refuses others', async () => {
    for (const [given, shown] of [
      ['KA', 'AK'],
      ['lKE$g', 'g$lKE'],
      ['g$lshzxetdKE', 'AKE'],
      ['KEAmn', 'AKEmn'],
      ['', ''],
    ]) {
      await notify(given);
      const reply = (await client.call('config', 'get', 'notify-keyspace-events')) as string[];
      expect(reply[1]).toHaveLength(shown.length);
      expect([...reply[1]].sort()).toEqual([...shown].sort());
    }
    expect(await notify('KEw')).toMatchObject({ error: expect.stringContaining('Invalid event') });
  });

  it('tells of keys, of events, of both, or of nothing', async () => {
    await notify('KA');
    await client.call('set', 'a b', '1');
    await notify('EA');
    await client.call('set', 'a b', '2');
    await notify('KEA');
    await client.call('del', 'a b');
    await notify('A');
    await client.call('set', 'a b', '3');
    await notify('');
    await client.call('del', 'a b');
    expect(await events(4)).toEqual([
      'space 0 a b set',
      'event 0 set a b',
      'space 0 a b del',
      'event 0 del a b',
    ]);
    expect(await eventsUntilNow()).toEqual([]);
  });

  it('tells of chosen classes, in any database, and of what EXEC did', async () => {
    await notify('El');
    await wordsCall(client, 'set k v', 'rpush l x', 'select 3', 'multi', 'rpush m y', 'lpop m');
    await client.call('exec');
    await client.call('select', 0);
    expect(await events(3)).toEqual(['event 0 rpush l', 'event 3 rpush m', 'event 3 lpop m']);
    await notify('Eg');
    await wordsCall(client, 'rename l other', 'expire other 100', 'persist other', 'del other');
    expect(await events(5)).toEqual([
      'event 0 rename_from l',
      'event 0 rename_to other',
      'event 0 expire other',
      'event 0 persist other',
      'event 0 del other',
    ]);
  });

  it('tells of what is new, before what was done to it', async () => {
    await notify('KAn');
    await wordsCall(client, 'set k v', 'set k w', 'rpush l x');
    expect(await events(5)).toEqual([
      'space 0 k new',
      'space 0 k set',
      'space 0 k set',
      'space 0 l new',
      'space 0 l rpush',
    ]);
  });

  it('tells of an expired key before the reply to the command that met it', async () => {
    await notify('KAE');
    await client.call('config', 'set', 'notify-keyspace-events', 'Kx$');
    // Or the sweep may be first, and tell of it at its leisure.
    await clientUse({ host: server.host, port: server.memcachedPort }, async (operator) => {
      operator.send('lru_crawler disable\r\n');
      expect(await operator.line()).toBe('OK');
    });
    await client.call('set', 'k', 'v', 'px', 1);
    await listener.read();
    await new Promise((resolve) => setTimeout(resolve, 3));
    await client.call('set', 'k', 'w');
    expect(await eventsUntilNow()).toEqual(['__keyspace@0__:k expired', '__keyspace@0__:k set']);
    await clientUse({ host: server.host, port: server.memcachedPort }, async (operator) => {
      operator.send('lru_crawler enable\r\n');
      expect(await operator.line()).toBe('OK');
    });
  });

  it('tells once of each key that expires, whether it is met or swept', async () => {
    await notify('Ex');
    const names = Array.from({ length: KEY_COUNT }, (_, n) => `key-${n}`);
    for (const name of names) client.send('set', name, 'v', 'px', 30);
    for (const _ of names) await client.read();
    const readers = Array.from({ length: 4 }, () => server.client());
    await eventually(
      'all are gone',
      async () => {
        for (const reader of readers) for (const name of names) reader.send('exists', name);
        let count = 0;
        for (const reader of readers) for (const _ of names) count += Number(await reader.read());
        return count;
      },
      (count) => count === 0,
    );
    const heard = await events(KEY_COUNT);
    expect(heard.toSorted()).toEqual(names.map((name) => `event 0 expired ${name}`).toSorted());
    expect(await eventsUntilNow()).toEqual([]);
    for (const reader of readers) reader.end();
  });

  it('tells of what nobody asks for, by the sweep', async () => {
    await notify('KEx');
    const names = Array.from({ length: KEY_COUNT }, (_, n) => `key-${n}`);
    for (const name of names) client.send('set', name, 'v', 'px', 1);
    for (const _ of names) await client.read();
    const heard = await events(KEY_COUNT * 2);
    expect(new Set(heard).size).toBe(KEY_COUNT * 2);
    expect(heard).toContain('space 0 key-7 expired');
    expect(heard).toContain('event 0 expired key-7');
    expect(await eventsUntilNow()).toEqual([]);
  });

  it('tells of keys that memcached clients find expired', async () => {
    await notify('Ex');
    const memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
    await client.call('set', 'k', 'v', 'px', 1);
    await new Promise((resolve) => setTimeout(resolve, 3));
    memcached.send('get k\r\n');
    expect(await memcached.line()).toBe('END');
    expect(await events(1)).toEqual(['event 0 expired k']);
    memcached.destroy();
  });

  it('says nothing of keys that a flush took', async () => {
    await notify('KEA');
    await wordsCall(client, 'set k v', 'set l v', 'flushall', 'get k', 'get l');
    await events(4);
    expect(await eventsUntilNow()).toEqual([]);
  });

  it(
    'tells of evicted keys',
    async () => {
      await notify('Ee');
      const value = 'x'.repeat(7000);
      const count = 20_000;
      for (let n = 0; n < count; n++) {
        client.send('set', `key-${n}`, value);
        if (n % 100 === 99) for (let m = 0; m < 100; m++) await client.read();
      }
      const gone = count - Number(await client.call('dbsize'));
      expect(gone).toBeGreaterThan(1000);
      const heard = await events(gone);
      expect(new Set(heard).size).toBe(gone);
      expect(heard.every((text) => text.startsWith('event 0 evicted key-'))).toBe(true);
    },
    TEST_MS_MAX,
  );
});
