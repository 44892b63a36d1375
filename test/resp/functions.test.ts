/** FUNCTION and FCALL: against the real redis-server, between the two, and over several threads. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { FUNCTION_SESSIONS } from './function-sessions.ts';
import { shown } from './session.ts';
import { sessionsTry, THEIRS, THEIRS_RUN } from './session-suite.ts';

const { ours, theirs } = sessionsTry(FUNCTION_SESSIONS, { ours: ['-t', '3'] });

function library(name: string, result: number | string): string {
  return `#!lua name=${name}\nredis.register_function('${name}_f', function() return ${result} end)`;
}

async function names(client: RespClient): Promise<string> {
  const libraries = (await client.call('function', 'list')) as readonly (readonly string[])[];
  return libraries
    .map(([, name]) => name)
    .toSorted()
    .join(' ');
}

describe('dumps', () => {
  /** A payload's bytes, as an argument of the other server. */
  async function dumpOf(client: RespClient): Promise<string> {
    return String(await client.call('function', 'dump'));
  }

  it.skipIf(!THEIRS_RUN)(`of ${THEIRS} are restored, and ours there`, async () => {
    const pairs = [
      [ours.client, theirs.client],
      [theirs.client, ours.client],
    ] as const;
    for (const [from, to] of pairs) {
      for (const client of [from, to]) await client.call('function', 'flush');
      await from.call('function', 'load', library('a', 1));
      await from.call('function', 'load', library('b', `'${'long '.repeat(1000)}'`));
      const payload = await dumpOf(from);
      expect(shown(await to.call('function', 'restore', payload))).toBe('+OK');
      expect(await names(to)).toBe('a b');
      expect(await to.call('fcall', 'a_f', 0)).toBe(1);
      expect(await to.call('fcall', 'b_f', 0)).toBe('long '.repeat(1000));
    }
  });

  it('are restored as they are told to', async () => {
    const { client } = ours;
    await client.call('function', 'flush');
    await client.call('function', 'load', library('a', 1));
    const payload = await dumpOf(client);
    const restore = async (...policy: string[]): Promise<string> =>
      shown(await client.call('function', 'restore', payload, ...policy));
    expect(await restore()).toBe('-ERR Library a already exists');
    expect(await restore('append')).toBe('-ERR Library a already exists');
    await client.call('function', 'load', 'replace', library('a', 2));
    await client.call('function', 'load', library('b', 3));
    expect(await restore('replace')).toBe('+OK');
    expect(await client.call('fcall', 'a_f', 0)).toBe(1);
    expect(await names(client)).toBe('a b');
    expect(await restore('flush')).toBe('+OK');
    expect(await names(client)).toBe('a');
    await client.call('function', 'flush');
    const taken = "#!lua name=c\nredis.register_function('a_f', function() end)";
    await client.call('function', 'load', taken);
    expect(await restore('replace')).toBe('-ERR Function a_f already exists');
    expect(await names(client)).toBe('c');
  });

  it('that are broken are refused', async () => {
    const { client } = ours;
    await client.call('set', 'k', 'v');
    const value = String(await client.call('dump', 'k'));
    expect(shown(await client.call('function', 'restore', value))).toBe(
      '-ERR given type is not a function',
    );
    const payload = await dumpOf(client);
    const broken = `${payload.slice(0, -1)}${payload.endsWith('x') ? 'y' : 'x'}`;
    expect(shown(await client.call('function', 'restore', broken))).toBe(
      '-ERR DUMP payload version or checksum are wrong',
    );
  });
});

describe('functions on several threads', () => {
  const CLIENTS = 6;
  let clients: RespClient[] = [];

  beforeAll(() => {
    clients = Array.from({ length: CLIENTS }, () => ours.server.client());
  });
  afterAll(() => {
    for (const client of clients) client.end();
  });

  it('are what they were made last, whoever has made them', async () => {
    await clients[0].call('function', 'flush');
    for (let round = 0; round < 30; round++) {
      const [first, ...others] = clients;
      await first.call('function', 'load', 'replace', library('x', round));
      const replies = await Promise.all(others.map((client) => client.call('fcall', 'x_f', 0)));
      expect(replies).toEqual(others.map(() => round));
      clients.push(first);
      clients.shift();
    }
  });

  it('are gone as soon as their library is', async () => {
    const [first, second] = clients as [RespClient, RespClient];
    await first.call('function', 'load', library('gone', 1));
    await second.call('function', 'delete', 'gone');
    for (const client of clients) {
      expect(shown(await client.call('fcall', 'gone_f', 0))).toBe('-ERR Function not found');
    }
    await first.call('function', 'load', library('gone', 2));
    expect(await second.call('fcall', 'gone_f', 0)).toBe(2);
    await second.call('function', 'flush');
    for (const client of clients) expect(await names(client)).toBe('');
  });

  it('outlive a flush of scripts, and count for themselves', async () => {
    const [first, second] = clients as [RespClient, RespClient];
    await first.call('function', 'load', library('kept', 5));
    await second.call('eval', 'return 1', 0);
    await second.call('script', 'flush');
    expect(await second.call('fcall', 'kept_f', 0)).toBe(5);
    const info = String(await second.call('info', 'memory'));
    expect(info).toContain('\r\nnumber_of_functions:1\r\nnumber_of_libraries:1\r\n');
    expect(info).toMatch(/\r\nused_memory_functions:[1-9]/);
  });

  it('are the same everywhere after everybody has changed them at once', async () => {
    const ROUNDS = 60;
    const LIBRARIES = ['p', 'q', 'r'];
    await Promise.all(
      clients.map(async (client, id) => {
        for (let round = 0; round < ROUNDS; round++) {
          const name = LIBRARIES[(round * 7 + id * 5) % LIBRARIES.length] as string;
          const shared = (round + id) % 4 === 0 ? "redis.register_function('s', redis.log)" : '';
          const step = (round * 5 + id * 3) % 8;
          if (step === 0) await client.call('function', 'delete', name);
          else if (step === 1 && id === 0) await client.call('function', 'flush');
          else if (step < 5) await client.call('fcall', `${name}_f`, 0);
          else {
            const code = `${library(name, round * CLIENTS + id)} ${shared}`;
            await client.call('function', 'load', 'replace', code);
          }
        }
      }),
    );
    const seen = async (client: RespClient): Promise<string> => {
      const list = (await client.call('function', 'list', 'withcode')) as readonly RespReply[];
      const values = [];
      for (const name of [...LIBRARIES.map((one) => `${one}_f`), 's']) {
        values.push(shown(await client.call('fcall', name, 0)));
      }
      return `${list.map(shown).toSorted().join('\n')} ${values.join(' ')}`;
    };
    const first = await seen(clients[0]);
    for (const client of clients) expect(await seen(client)).toBe(first);
  });

  it('run as one: a counter that all call loses no step', async () => {
    const body = `redis.register_function('step', function(keys)
      return redis.call('set', keys[1], (redis.call('get', keys[1]) or 0) + 1)
    end)`;
    await clients[0].call('function', 'load', `#!lua name=steps\n${body}`);
    await clients[0].call('del', 'steps');
    const STEPS = 50;
    await Promise.all(
      clients.map(async (client) => {
        for (let step = 0; step < STEPS; step++) await client.call('fcall', 'step', 1, 'steps');
      }),
    );
    expect(await clients[0].call('get', 'steps')).toBe(`${STEPS * CLIENTS}`);
  });
});
