/** What is counted of clients, as CLIENT LIST and INFO tell it, and what limits they have; on several threads. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respConfSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { wordsCall } from './blocked.ts';
import { shown } from './session.ts';

/** Clients go to threads in turn, or as the kernel has it: with so many there are some on each. */
const MANY = 12;

let server: RespServer;
let clients: RespClient[] = [];
let asker: RespClient;

beforeAll(async () => {
  const debug = ['--enable-debug-command', 'yes'];
  server = await respConfSpawn(['--io-threads', '3', '--maxclients', '100', ...debug]);
});
afterAll(() => server.stop());
beforeEach(async () => {
  asker = client();
  await wordsCall(asker, 'flushall', 'config resetstat');
});
afterEach(async () => {
  for (const one of clients) one.end();
  clients = [];
  const last = server.client();
  await eventually('the others leaving', () => infoOf(last, 'clients', 'connected_clients'), is(1));
  last.end();
});

function client(): RespClient {
  const one = server.client();
  clients.push(one);
  return one;
}

function is(wanted: number): (found: number) => boolean {
  return (found) => found === wanted;
}

async function idOf(one: RespClient): Promise<number> {
  return Number(await one.call('client', 'id'));
}

async function clientList(): Promise<readonly string[]> {
  return `${await asker.call('client', 'list')}`.split('\n').filter((line) => line !== '');
}

async function infoText(one: RespClient, section: string): Promise<string> {
  return `${await one.call('info', section)}`;
}

/** A field of INFO: the number that it starts with. */
async function infoOf(one: RespClient, section: string, field: string): Promise<number> {
  const text = await infoText(one, section);
  return Number.parseFloat(text.match(new RegExp(`^${field}:(.*)\r$`, 'm'))?.[1] ?? 'NaN');
}

/** A field of a command's statistics. */
async function statOf(command: string, field: string): Promise<number> {
  const text = await infoText(asker, 'commandstats');
  const line = text.match(new RegExp(`^cmdstat_${command}:.*$`, 'm'))?.[0] ?? '';
  return Number(line.match(new RegExp(`[:,]${field}=([^,\r]*)`))?.[1] ?? 'NaN');
}

async function many(count: number): Promise<RespClient[]> {
  const all = Array.from({ length: count }, () => client());
  for (const one of all) await one.call('ping');
  return all;
}

describe('the list of clients', () => {
  it('counts what a client sent, got and had run, before it has the reply', async () => {
    const one = client();
    const id = await idOf(one);
    await one.call('echo', 'x'.repeat(100));
    const line = `${await asker.call('client', 'list', 'id', id)}`;
    const sent =
      '*2\r\n$6\r\nclient\r\n$2\r\nid\r\n'.length + '*2\r\n$4\r\necho\r\n$100\r\n\r\n'.length;
    expect(line).toContain(` tot-net-in=${sent + 100} `);
    expect(line).toContain(` tot-net-out=${`:${id}\r\n`.length + 108} tot-cmds=2\n`);
  });

  it('shows who waits, and counts the command once it is answered', async () => {
    const one = client();
    const id = await idOf(one);
    one.send('blpop', 'list', '0');
    const line = (): Promise<string> =>
      asker.call('client', 'list', 'id', id).then((text) => `${text}`);
    const waiting = await eventually('the client waiting', line, (text) => / flags=b /.test(text));
    expect(waiting).toContain(' tot-cmds=1\n');
    expect(await infoOf(asker, 'clients', 'blocked_clients')).toBe(1);
    expect(await infoText(asker, 'commandstats')).not.toContain('cmdstat_blpop');
    await asker.call('rpush', 'list', 'x');
    expect(await one.read()).toEqual(['list', 'x']);
    expect(await statOf('blpop', 'calls')).toBe(1);
    await eventually('the count', line, (text) => / flags=N .* tot-cmds=2\n/.test(text));
  });
});

describe('CLIENT KILL', () => {
  it('closes clients of all threads, which are gone from the list at once', async () => {
    const others = await many(MANY);
    expect(await asker.call('client', 'kill', 'type', 'normal')).toBe(MANY);
    expect((await clientList()).length).toBe(1);
    for (const one of others) await eventually('its end', async () => one.closed, Boolean);
    expect(await asker.call('client', 'kill', 'type', 'normal')).toBe(0);
  });
});

describe('CLIENT', () => {
  it('UNBLOCK answers for the client, and counts as its failure', async () => {
    const one = client();
    const id = await idOf(one);
    for (const [how, reply] of [
      ['timeout', 'nil'],
      ['error', '-UNBLOCKED client unblocked via CLIENT UNBLOCK'],
    ] as const) {
      one.send('blpop', 'list', '0');
      await eventually('it waiting', () => infoOf(asker, 'clients', 'blocked_clients'), is(1));
      expect(await asker.call('client', 'unblock', id, how)).toBe(1);
      expect(shown(await one.read())).toBe(reply);
    }
    expect(await asker.call('client', 'unblock', id)).toBe(0);
    expect(await statOf('blpop', 'calls')).toBe(2);
    expect(await statOf('blpop', 'failed_calls')).toBe(1);
    expect(await infoText(asker, 'errorstats')).toContain('errorstat_UNBLOCKED:count=1');
  });

  it('NO-TOUCH leaves idle times as they are, but for TOUCH', async () => {
    await wordsCall(asker, 'set a 1', 'set b 1', 'client no-touch on');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await wordsCall(asker, 'get a', 'touch b');
    expect(Number(await asker.call('object', 'idletime', 'a'))).toBeGreaterThanOrEqual(1);
    expect(await asker.call('object', 'idletime', 'b')).toBe(0);
    await wordsCall(asker, 'client no-touch off', 'get a');
    expect(await asker.call('object', 'idletime', 'a')).toBe(0);
  });
});

describe('limits of clients', () => {
  it('maxclients refuses one too many', async () => {
    await asker.call('config', 'set', 'maxclients', '3');
    await many(2);
    const refused = server.client();
    expect(shown(await refused.read())).toBe('-ERR max number of clients reached');
    await eventually('its end', async () => refused.closed, Boolean);
    refused.end();
    expect(await infoOf(asker, 'stats', 'rejected_connections')).toBe(1);
    await asker.call('config', 'set', 'maxclients', '100');
    await many(2);
  });

  it('timeout closes who is idle, and nobody who waits or listens', async () => {
    const [idle, waiting, listening] = await many(3);
    waiting.send('blpop', 'list', '0');
    await listening.call('subscribe', 'a');
    await asker.call('config', 'set', 'timeout', '1');
    await eventually(
      'the end of the idle one',
      async () => {
        await asker.call('ping');
        return idle.closed;
      },
      Boolean,
    );
    await asker.call('config', 'set', 'timeout', '0');
    expect([waiting.closed, listening.closed]).toEqual([false, false]);
  });

  it('client-query-buffer-limit cuts who sends too much', async () => {
    const one = client();
    await asker.call('config', 'set', 'client-query-buffer-limit', '1mb');
    one.send('set', 'a', 'x'.repeat(2 ** 20));
    await eventually('its end', async () => one.closed, Boolean);
    await asker.call('config', 'set', 'client-query-buffer-limit', '1gb');
    expect(await infoOf(asker, 'stats', 'client_query_buffer_limit_disconnections')).toBe(1);
    expect(await asker.call('exists', 'a')).toBe(0);
  });

  it('a reply without end ends at client-output-buffer-limit', async () => {
    const one = client();
    await asker.call('config', 'set', 'client-output-buffer-limit', 'normal 1mb 0 0');
    await wordsCall(asker, 'sadd s a', 'hset h f v', 'zadd z 1 m');
    for (const request of ['srandmember s', 'hrandfield h', 'zrandmember z']) {
      const each = client();
      each.send(...request.split(' '), -1_000_000_000);
      await eventually('its end', async () => each.closed, Boolean);
    }
    expect(shown(await one.call('ping'))).toBe('+PONG');
    await asker.call('config', 'set', 'client-output-buffer-limit', 'normal 0 0 0');
    expect(await infoOf(asker, 'stats', 'client_output_buffer_limit_disconnections')).toBe(3);
  });

  describe('maxmemory-clients', () => {
    const MIB = 2 ** 20;
    afterEach(() => asker.call('config', 'set', 'maxmemory-clients', '0', 'maxmemory', '0'));

    /** Leaves a request of so many bytes unfinished; resolves when they have come. */
    async function occupy(one: RespClient, bytes: number): Promise<void> {
      const id = await idOf(one);
      one.write(`*2\r\n$${bytes}\r\n${'x'.repeat(bytes)}`);
      await eventually(
        'the bytes',
        async () => `${await asker.call('client', 'list', 'id', id)}`,
        (line) => line.includes(` qbuf=${bytes} `),
      );
    }

    it('closes those that take most, until the rest fits', async () => {
      const [small, large, larger, spared] = await many(4);
      await spared.call('client', 'no-evict', 'on');
      await occupy(small, MIB / 4);
      await occupy(large, MIB);
      await occupy(larger, 2 * MIB);
      await occupy(spared, 3 * MIB);
      await asker.call('config', 'set', 'maxmemory-clients', `${4 * MIB}`);
      await eventually('their end', async () => large.closed && larger.closed, Boolean);
      expect([small.closed, spared.closed]).toEqual([false, false]);
      expect(await infoOf(asker, 'stats', 'evicted_clients')).toBe(2);
      expect((await clientList()).length).toBe(3);
    });

    it('closes who grows beyond it: by a request, a transaction, watches or unread replies', async () => {
      await asker.call('config', 'set', 'maxmemory', '100mb', 'maxmemory-clients', '1%');
      await asker.call('setrange', 'k', 300_000, 'x');
      const [requester, inMulti, watcher, sleeper] = await many(4);
      requester.send('set', 'a', 'x'.repeat(MIB));
      await inMulti.call('multi');
      for (let n = 0; n < 4; n++) inMulti.send('set', 'a', 'x'.repeat(300_000));
      for (let n = 0; n < 9000; n++) watcher.send('watch', n);
      sleeper.socket.pause();
      for (let n = 0; n < 40; n++) sleeper.send('get', 'k');
      await eventually('four', () => infoOf(asker, 'stats', 'evicted_clients'), is(4));
      expect((await clientList()).length).toBe(1);
    });
  });
});
