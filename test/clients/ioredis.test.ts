/**
 * ioredis, unmodified: what an application of sessions, a leaderboard, rate limits, locks, a feed and
 * messages does with it.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RespServer, respSpawn } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe('ioredis', () => {
  let server: RespServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await respSpawn();
    redis = new Redis({ host: server.host, port: server.port });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(() => redis.flushall());

  it('keeps sessions in hashes with a sliding expiry', async () => {
    const SESSION_TTL_SEC = 1800;
    const key = `session:${randomUUID()}`;
    const session = { userId: 'u1', email: 'u1@example.org', cart: JSON.stringify([{ id: 7 }]) };
    await redis.hmset(key, session);
    await redis.expire(key, SESSION_TTL_SEC);
    expect(await redis.hgetall(key)).toEqual(session);
    await redis.hset(key, 'lastActivity', 'now');
    expect(Object.keys(await redis.hgetall(key))).toHaveLength(4);
    expect(await redis.ttl(key)).toBeGreaterThan(SESSION_TTL_SEC - 60);
    expect(await redis.del(key)).toBe(1);
    expect(await redis.hgetall(key)).toEqual({});
  });

  it('caches by key, with a time to live', async () => {
    expect(await redis.get('product:1')).toBeNull();
    await redis.setex('product:1', 300, JSON.stringify({ name: 'lamp' }));
    expect(JSON.parse((await redis.get('product:1')) ?? '')).toEqual({ name: 'lamp' });
    expect(await redis.mget('product:1', 'product:2')).toEqual(['{"name":"lamp"}', null]);
    const bytes = Buffer.from([0, 13, 10, 255]);
    await redis.set('bytes', bytes);
    expect(await redis.getBuffer('bytes')).toEqual(bytes);
  });

  it('ranks a leaderboard', async () => {
    const scores = { ann: 30, bob: 10, cid: 20 };
    for (const [user, score] of Object.entries(scores)) {
      await redis.zadd('leaderboard:daily', score, user);
    }
    await redis.zincrby('leaderboard:daily', 15, 'bob');
    const top = await redis.zrevrange('leaderboard:daily', 0, 9, 'WITHSCORES');
    expect(top).toEqual(['ann', '30', 'bob', '25', 'cid', '20']);
    expect(await redis.zrevrank('leaderboard:daily', 'cid')).toBe(2);
    expect(await redis.zrevrank('leaderboard:daily', 'nobody')).toBeNull();
  });

  it('limits a rate with a sliding window in one pipeline', async () => {
    const allowed = async (requestsMax: number, windowSec: number): Promise<boolean> => {
      const now = Date.now();
      const pipeline = redis.pipeline();
      pipeline.zremrangebyscore('ratelimit:u', 0, now - windowSec * 1000);
      pipeline.zadd('ratelimit:u', now, `${now}-${Math.random()}`);
      pipeline.zcard('ratelimit:u');
      pipeline.expire('ratelimit:u', windowSec);
      const results = await pipeline.exec();
      return (results?.[2]?.[1] as number) <= requestsMax; // zcard's reply
    };
    const answers: boolean[] = [];
    for (let request = 0; request < 5; request++) answers.push(await allowed(3, 60));
    expect(answers).toEqual([true, true, true, false, false]);
  });

  it('gives a lock to one client at a time', async () => {
    expect(await redis.set('lock:job', 'one', 'PX', 30_000, 'NX')).toBe('OK');
    expect(await redis.set('lock:job', 'two', 'PX', 30_000, 'NX')).toBeNull();
    await redis.del('lock:job');
    expect(await redis.set('lock:job', 'two', 'PX', 30_000, 'NX')).toBe('OK');
  });

  it('keeps a feed of the last hundred, tags, and unique visitors', async () => {
    for (let post = 0; post < 150; post++) {
      await redis.lpush('feed:u', `post ${post}`);
      await redis.ltrim('feed:u', 0, 99);
    }
    expect(await redis.llen('feed:u')).toBe(100);
    expect(await redis.lrange('feed:u', 0, 1)).toEqual(['post 149', 'post 148']);
    await redis.sadd('tags:1', 'red', 'big');
    await redis.sadd('tags:2', 'red', 'small');
    expect(await redis.sinter('tags:1', 'tags:2')).toEqual(['red']);
    const visitors = Array.from({ length: 1000 }, (_, at) => `visitor ${at}`);
    await redis.pfadd('visitors', ...visitors);
    const count = await redis.pfcount('visitors');
    expect(Math.abs(count - 1000)).toBeLessThan(30);
  });

  it('runs transactions, and aborts one whose watched key has changed', async () => {
    const results = await redis.multi().set('n', 1).incr('n').lpush('n', 'x').exec();
    expect(results?.map(([error]) => error?.message ?? null)).toEqual([
      null,
      null,
      expect.stringContaining('WRONGTYPE'),
    ]);
    const other = redis.duplicate();
    await redis.watch('n');
    await other.set('n', 5);
    expect(await redis.multi().set('n', 6).exec()).toBeNull();
    expect(await redis.get('n')).toBe('5');
    other.disconnect();
  });

  it('carries messages, by channel and by pattern', async () => {
    const subscriber = redis.duplicate();
    const heard: string[] = [];
    subscriber.on('message', (channel, message) => heard.push(`${channel} ${message}`));
    subscriber.on('pmessage', (_, channel, message) => heard.push(`* ${channel} ${message}`));
    await subscriber.subscribe('news');
    await subscriber.psubscribe('ne*');
    expect(await redis.publish('news', 'hello')).toBe(2);
    await vi.waitFor(() => expect(heard).toEqual(['news hello', '* news hello']));
    subscriber.disconnect();
  });

  it('waits for work from others', async () => {
    const worker = redis.duplicate();
    const work = worker.blpop('queue', 30);
    await vi.waitFor(async () =>
      expect(await redis.info('clients')).toContain('blocked_clients:1'),
    );
    await redis.rpush('queue', 'job 1', 'job 2');
    expect(await work).toEqual(['queue', 'job 1']);
    expect(await worker.blpop('queue', 30)).toEqual(['queue', 'job 2']);
    worker.disconnect();
  });

  it('scans everything by its streams', async () => {
    const pipeline = redis.pipeline();
    for (let at = 0; at < 1000; at++) pipeline.set(`key:${at}`, at);
    await pipeline.exec();
    const seen = new Set<string>();
    for await (const keys of redis.scanStream({ match: 'key:*', count: 100 })) {
      for (const key of keys as string[]) seen.add(key);
    }
    expect(seen.size).toBe(1000);
  });

  it('takes ten thousand commands in one pipeline', async () => {
    const pipeline = redis.pipeline();
    for (let at = 0; at < 10_000; at++) pipeline.incr('counter');
    const results = await pipeline.exec();
    expect(results?.at(-1)).toEqual([null, 10_000]);
  });
});
