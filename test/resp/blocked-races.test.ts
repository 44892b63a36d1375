/**
 * Blocked clients in a hurry: pushes, timeouts, CLIENT UNBLOCK and clients that leave, at the same time on
 * several threads. Each element must end in one place.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomBelow, randomMake } from '../../src/base/random.ts';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { blockedUntil } from './blocked.ts';

const TEST_MS_MAX = 60_000;
const ROUNDS = process.env['FLAGSTONE_LONG'] === '1' ? 20_000 : 1000;

describe.each([1, 2, 4])('races of blocked clients with %i threads', (threadCount) => {
  let server: RespServer;
  let other: RespClient;

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`]);
    other = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => other.call('flushall'));

  it(
    'every element is given once, to one of many who always ask for the next',
    async () => {
      const got: string[] = [];
      const takers = Array.from({ length: 8 }, async (_, n) => {
        const client = server.client();
        for (;;) {
          const keys = n % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
          const reply = (await client.call('blpop', ...keys, 'end', 0)) as string[];
          if (reply[0] === 'end') break;
          got.push(reply[1]);
        }
        client.end();
      });
      const pushers = Array.from({ length: 4 }, async (_, n) => {
        const client = server.client();
        for (let m = 0; m < ROUNDS; m++) client.send('rpush', m % 3 === 0 ? 'a' : 'b', `${n} ${m}`);
        for (let m = 0; m < ROUNDS; m++) await client.read();
        client.end();
      });
      await Promise.all(pushers);
      for (const _ of takers) await other.call('rpush', 'end', 'x');
      await Promise.all(takers);
      const left = await Promise.all(['a', 'b'].map((key) => popAll(server, key)));
      const all = [...got, ...left.flat()];
      expect(all).toHaveLength(4 * ROUNDS);
      expect(new Set(all).size).toBe(4 * ROUNDS);
    },
    TEST_MS_MAX,
  );

  it(
    'an element is either given or still there when time is up',
    async () => {
      const random = randomMake(threadCount);
      const taker = server.client();
      let given = 0;
      let timedOut = 0;
      for (let round = 0; round < ROUNDS / 10; round++) {
        taker.send('blpop', 'k', '0.004');
        await new Promise((resolve) => setTimeout(resolve, randomBelow(random, 8)));
        await other.call('rpush', 'k', `${round}`);
        const reply = await taker.read();
        if (reply === null) {
          timedOut++;
          expect(await other.call('lpop', 'k')).toBe(`${round}`);
        } else {
          given++;
          expect(reply).toEqual(['k', `${round}`]);
          expect(await other.call('exists', 'k')).toBe(0);
        }
      }
      expect(given + timedOut).toBe(ROUNDS / 10);
      taker.end();
    },
    TEST_MS_MAX,
  );

  it(
    'CLIENT UNBLOCK ends a wait once, from any thread',
    async () => {
      const clients = Array.from({ length: 8 }, () => server.client());
      const others = Array.from({ length: 3 }, () => server.client());
      for (let round = 0; round < ROUNDS / 20; round++) {
        const ids: RespReply[] = [];
        for (const client of clients) ids.push(await client.call('client', 'id'));
        for (const client of clients) client.send('blpop', 'k', 0);
        await blockedUntil(other, clients.length);
        const how = round % 2 === 0 ? ['error'] : [];
        for (const id of ids) {
          const asked = others.map((one) => one.call('client', 'unblock', `${id}`, ...how));
          expect((await Promise.all(asked)).filter((answer) => answer === 1)).toHaveLength(1);
        }
        const error = { error: 'UNBLOCKED client unblocked via CLIENT UNBLOCK' };
        for (const client of clients) {
          const reply = await client.read();
          if (how.length > 0) expect(reply).toMatchObject(error);
          else expect(reply).toBeNull();
        }
      }
      expect(await other.call('client', 'unblock', '999999')).toBe(0);
      for (const client of [...clients, ...others]) client.end();
    },
    TEST_MS_MAX,
  );

  it(
    'who leaves takes at most what it was given already',
    async () => {
      let left = 0;
      for (let round = 0; round < ROUNDS / 20; round++) {
        const leavers = Array.from({ length: 4 }, () => server.client());
        for (const client of leavers) client.send('blmove', 'k', 'taken', 'left', 'right', 0);
        await blockedUntil(other, leavers.length);
        other.send('rpush', 'k', 'x', 'y');
        for (const client of leavers) client.end();
        await other.read();
        await blockedUntil(other, 0);
        left += Number(await other.call('llen', 'k')) + Number(await other.call('llen', 'taken'));
        await other.call('del', 'k', 'taken');
        expect(left).toBe((round + 1) * 2);
      }
    },
    TEST_MS_MAX,
  );
});

/** Everything that is left in a list. */
async function popAll(server: RespServer, key: string): Promise<string[]> {
  const client = server.client();
  const elements = (await client.call('lrange', key, 0, -1)) as string[];
  client.end();
  return elements;
}
