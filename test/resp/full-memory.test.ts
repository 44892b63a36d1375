/**
 * Full memory, over the wire and on several threads: where nothing may be evicted, what cannot be stored is
 * refused and changes nothing; under every other policy writing goes on and nothing is ever half there.
 *
 * FLAGSTONE_SEED=N repeats a run, FLAGSTONE_LONG=1 makes it a long one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomMake } from '../../src/base/random.ts';
import { EVICTION_POLICY_NAMES } from '../../src/engine/policy.ts';
import { type RespClient, RespError, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { clientUse, eventually } from '../support/text-client.ts';
import { CountingKeeper } from './counting-keeper.ts';
import { Keeper } from './keeper.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const IS_LONG = process.env['FLAGSTONE_LONG'] === '1';
const STEPS = IS_LONG ? 20_000 : 1500;
const TEST_MS_MAX = IS_LONG ? 1_200_000 : 120_000;
/** Of keepers, each with so many requests. */
const ROUNDS = IS_LONG ? 2000 : 100;
const EVICTED_MIN = 500;
const KEEPERS = 4;
const MIB = 2 ** 20;
const OK = new RespSimple('OK');
const BALLAST = 'b'.repeat(8000);
const MEMORY = ['-m', '32', '-t', '4'];

async function soundExpect(server: RespServer): Promise<void> {
  const memcached = { host: server.host, port: server.memcachedPort };
  await clientUse(memcached, async (client) => {
    const own = await client.stats('server');
    expect(own.get('thread_restarts'), server.log()).toBe('0');
    expect(own.get('partition_resets'), server.log()).toBe('0');
  });
}

/** Fills all memory, or as far as so many keys go; how many it took. */
async function ballastFill(
  client: RespClient,
  countMax = Number.MAX_SAFE_INTEGER,
): Promise<number> {
  let refused = 0;
  for (let n = 0; n < countMax; n++) {
    const isRefused = (await client.call('set', `ballast:${n}`, BALLAST)) instanceof RespError;
    refused = isRefused ? refused + 1 : 0;
    // In a row: all partitions are full.
    if (refused === 30) return n;
  }
  return countMax;
}

describe('where nothing may be evicted', () => {
  it(`what is refused has changed nothing, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    const server = await respSpawn([...MEMORY, '-M']);
    const filler = server.client();
    const count = await ballastFill(filler);
    let next = 0;
    const keepers = Array.from({ length: KEEPERS }, (_, n) => {
      return new Keeper(server.client(), `keeper${n}`, randomMake(SEED * 100 + n));
    });
    await Promise.all(
      keepers.map(async (keeper) => {
        for (let step = 0; step < STEPS; step++) {
          if (await keeper.step()) continue;
          // Room for a few more.
          if (next < count) await keeper.client.call('del', `ballast:${next++}`);
          else await keeper.drop();
        }
      }),
    );
    for (const keeper of keepers) {
      expect(await keeper.check()).toBeNull();
      expect(keeper.refused).toBeGreaterThan(STEPS / 20);
    }
    await soundExpect(server);
    await server.stop();
  });
});

it('what a flush leaves is room at once', { timeout: TEST_MS_MAX }, async () => {
  const server = await respSpawn([...MEMORY, '-M']);
  const client = server.client();
  await ballastFill(client, 1500);
  await client.call('select', '1');
  await ballastFill(client);
  expect(await client.call('set', 'a', BALLAST)).toBeInstanceOf(RespError);
  await client.call('flushdb');
  for (let n = 0; n < 500; n++) {
    const pairs = ['a', BALLAST.slice(0, 200 + n), 'b', 'c'];
    expect(await client.call('hset', `hash:${n}`, ...pairs)).toBe(2);
    expect(await client.call('set', `string:${n}`, BALLAST.slice(0, 100 + 10 * n))).toEqual(OK);
  }
  await client.call('select', '0');
  expect(await client.call('dbsize')).toBe(1500);
  // The same where the limit is one of bytes. While there are dead items, they go instead of a refusal.
  await client.call('config', 'set', 'maxmemory', '3mb');
  await eventually(
    'a refusal',
    () => client.call('set', 'a', 'b'),
    (reply) => reply instanceof RespError,
  );
  await client.call('flushall');
  expect(await client.call('set', 'a', 'b')).toEqual(OK);
  await server.stop();
});

const POLICIES = EVICTION_POLICY_NAMES.filter((name) => name !== 'noeviction');

describe('where others are evicted', () => {
  let server: RespServer;
  beforeAll(async () => {
    server = await respSpawn(MEMORY);
  });
  afterAll(() => server.stop());

  it.each(POLICIES)(
    `%s: all that stays is whole, seed ${SEED}`,
    async (policy) => {
      const client = server.client();
      await client.call('flushall');
      await client.call('config', 'set', 'maxmemory-policy', policy);
      await client.call('config', 'resetstat');
      const isVolatile = policy.startsWith('volatile');
      const keepers = Array.from({ length: KEEPERS }, (_, n) => {
        const random = randomMake(SEED * 1000 + n);
        return new CountingKeeper(
          server.client(),
          `counted${n}`,
          random,
          400,
          isVolatile ? 1000 : 0,
        );
      });
      const resident = new CountingKeeper(server.client(), 'stays', randomMake(SEED), 10, 0);
      const evicted = async (): Promise<number> =>
        Number(/evicted_keys:(\d+)/.exec(`${await client.call('info', 'stats')}`)?.[1]);
      let rounds = 0;
      while (rounds < ROUNDS || (await evicted()) < EVICTED_MIN) {
        await Promise.all(keepers.map((keeper) => keeper.step()));
        if (isVolatile && rounds % 10 === 0) await resident.step();
        rounds++;
      }
      for (const keeper of keepers) {
        expect(await keeper.check(false)).toBeNull();
        expect(keeper.refused).toBe(0);
      }
      if (isVolatile) expect(await resident.check(true)).toBeNull();
      const used = Number(/used_memory:(\d+)/.exec(`${await client.call('info', 'memory')}`)?.[1]);
      expect(used).toBeLessThanOrEqual(32 * MIB);
      await soundExpect(server);
      for (const one of [client, resident.client, ...keepers.map((keeper) => keeper.client)])
        one.end();
    },
    TEST_MS_MAX,
  );
});
