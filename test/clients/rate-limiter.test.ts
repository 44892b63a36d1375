/** rate-limiter-flexible, unmodified: its counters are a Lua script, or a transaction. */
import { Redis } from 'ioredis';
import {
  BurstyRateLimiter,
  RateLimiterMemory,
  RateLimiterQueue,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: RespServer;
beforeAll(async () => {
  server = await applicationServerSpawn();
});
afterAll(() => server.stop());

/** What `consume` resolves to, or rejects with. */
type Consumed = { readonly allowed: boolean; readonly result: RateLimiterRes };

async function consumed(limiter: RateLimiterRedis, key: string, points = 1): Promise<Consumed> {
  try {
    return { allowed: true, result: await limiter.consume(key, points) };
  } catch (result) {
    if (!(result instanceof RateLimiterRes)) throw result;
    return { allowed: false, result };
  }
}

const overIoredis = async () => {
  const client = new Redis({ host: server.host, port: server.port });
  return { storeClient: client, close: () => client.disconnect() };
};
const overNodeRedis = async () => {
  const client = createClient({ socket: { host: server.host, port: server.port } });
  await client.connect();
  return { storeClient: client, useRedisPackage: true, close: () => client.destroy() };
};

describe.each([
  ['ioredis', overIoredis],
  ['node-redis', overNodeRedis],
])('rate-limiter-flexible over %s', (_, connect) => {
  let store: Awaited<ReturnType<typeof overIoredis | typeof overNodeRedis>>;

  beforeAll(async () => {
    store = await connect();
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    const admin = new Redis({ host: server.host, port: server.port });
    await admin.flushall();
    admin.disconnect();
  });

  it('lets so many through in a time, and then no more', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 5, duration: 60 });
    const answers: boolean[] = [];
    for (let n = 0; n < 7; n++) answers.push((await consumed(limiter, 'ann')).allowed);
    expect(answers).toEqual([true, true, true, true, true, false, false]);
    const { allowed, result } = await consumed(limiter, 'bob', 3);
    expect(allowed).toBe(true);
    expect(result).toMatchObject({ remainingPoints: 2, consumedPoints: 3 });
    expect(result.msBeforeNext).toBeGreaterThan(50_000);
    expect(result.msBeforeNext).toBeLessThanOrEqual(60_000);
    expect((await limiter.get('ann'))?.consumedPoints).toBe(7);
    expect(await limiter.delete('ann')).toBe(true);
    expect(await limiter.get('ann')).toBeNull();
    expect((await consumed(limiter, 'ann')).allowed).toBe(true);
  });

  it('counts no request twice and misses none, however many come at once', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 100, duration: 60 });
    const all = await Promise.all(Array.from({ length: 300 }, () => consumed(limiter, 'all')));
    expect(all.filter(({ allowed }) => allowed)).toHaveLength(100);
    const counts = all.map(({ result }) => result.consumedPoints).sort((a, b) => a - b);
    expect(counts).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  });

  it('starts again when the time is over', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 1, duration: 1 });
    expect((await consumed(limiter, 'ann')).allowed).toBe(true);
    const { allowed, result } = await consumed(limiter, 'ann');
    expect(allowed).toBe(false);
    expect(result.msBeforeNext).toBeLessThanOrEqual(1000);
    await vi.waitFor(async () => expect((await consumed(limiter, 'ann')).allowed).toBe(true), {
      timeout: 10_000,
    });
  });

  it('blocks, rewards and punishes', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 2, duration: 60, blockDuration: 600 });
    await limiter.penalty('ann', 2);
    const { allowed, result } = await consumed(limiter, 'ann');
    expect(allowed).toBe(false);
    expect(result.msBeforeNext).toBeGreaterThan(500_000);
    await limiter.reward('bob', 1);
    const rewarded = await Promise.all([1, 2, 3].map(() => consumed(limiter, 'bob')));
    expect(rewarded.every((one) => one.allowed)).toBe(true);
    await limiter.block('cid', 100);
    expect((await consumed(limiter, 'cid')).allowed).toBe(false);
    await limiter.set('dan', 1, 0);
    expect((await limiter.get('dan'))?.msBeforeNext).toBe(-1);
  });

  it('allows a burst on top', async () => {
    const steady = new RateLimiterRedis({ ...store, points: 2, duration: 60, keyPrefix: 's' });
    const burst = new RateLimiterRedis({ ...store, points: 3, duration: 60, keyPrefix: 'b' });
    const limiter = new BurstyRateLimiter(steady, burst);
    const answers: boolean[] = [];
    for (let n = 0; n < 7; n++) {
      const answer = await limiter.consume('ann').then(
        () => true,
        () => false,
      );
      answers.push(answer);
    }
    expect(answers).toEqual([true, true, true, true, true, false, false]);
  });

  it('lets what is too fast wait in a queue', async () => {
    const limiter = new RateLimiterRedis({ ...store, points: 2, duration: 1 });
    const queue = new RateLimiterQueue(limiter, { maxQueueSize: 10 });
    const start = performance.now();
    await Promise.all(Array.from({ length: 4 }, () => queue.removeTokens(1)));
    expect(performance.now() - start).toBeGreaterThan(500);
  });
});

it('rate-limiter-flexible counts by itself while there is no server', async () => {
  const own = await applicationServerSpawn();
  const client = new Redis({ host: own.host, port: own.port, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined); // it is about to lose its server
  const insuranceLimiter = new RateLimiterMemory({ points: 1, duration: 60 });
  const limiter = new RateLimiterRedis({
    storeClient: client,
    points: 10,
    duration: 60,
    insuranceLimiter,
    rejectIfRedisNotReady: true,
  });
  await vi.waitFor(() => expect(client.status).toBe('ready'));
  expect((await consumed(limiter, 'ann')).result.remainingPoints).toBe(9);
  await own.stop();
  await vi.waitFor(() => expect(client.status).not.toBe('ready'));
  expect(await consumed(limiter, 'ann')).toMatchObject({ allowed: true });
  expect(await consumed(limiter, 'ann')).toMatchObject({ allowed: false });
  client.disconnect();
});
