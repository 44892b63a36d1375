/** Locks as applications take them: redlock, unmodified, and a script that deletes only one's own. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import Redlock from 'redlock';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CONTENDER_COUNT = 8;
const servers: RespServer[] = [];
const clients: Redis[] = [];

const clientOpen = ({ host, port }: RespServer): Redis => {
  const client = new Redis({ host, port });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  for (let n = 0; n < 3; n++) servers.push(await applicationServerSpawn());
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  for (const server of servers) await server.stop();
});
beforeEach(async () => {
  for (const server of servers) await clientOpen(server).flushall();
});

/**
 * Contenders add to a number that only a lock protects: they read it, wait, and write it. They have connections
 * of their own, so that several threads of the server are at it.
 */
async function contend(
  take: (client: Redis) => Promise<() => Promise<unknown>>,
  addCount: number,
): Promise<number> {
  let shared = 0;
  const contenders = Array.from({ length: CONTENDER_COUNT }, async () => {
    const client = clientOpen(servers[0]);
    for (let n = 0; n < addCount; n++) {
      const release = await take(client);
      const read = shared;
      await client.ping();
      shared = read + 1;
      await release();
    }
  });
  await Promise.all(contenders);
  return shared;
}

describe('redlock', () => {
  it('gives a lock to one at a time', async () => {
    const total = await contend(async (client) => {
      const redlock = new Redlock([client], { retryCount: -1, retryDelay: 5, retryJitter: 5 });
      const lock = await redlock.lock('locks:account', 10_000);
      return () => lock.unlock();
    }, 15);
    expect(total).toBe(CONTENDER_COUNT * 15);
  });

  it('extends what is held, and neither extends nor unlocks what is lost', async () => {
    const client = clientOpen(servers[0]);
    const redlock = new Redlock([client], { retryCount: 0 });
    const lock = await redlock.lock('locks:a', 1000);
    expect(await client.get('locks:a')).toBe(lock.value);
    await expect(redlock.lock('locks:a', 1000)).rejects.toThrow('Exceeded 0 attempts');
    const longer = await lock.extend(60_000);
    expect(await client.pttl('locks:a')).toBeGreaterThan(50_000);
    await client.set('locks:a', 'of another');
    await expect(longer.unlock()).rejects.toThrow(/Unable to fully release/);
    await expect(longer.extend(1000)).rejects.toThrow();
    expect(await client.get('locks:a')).toBe('of another');
  });

  it('takes several resources or none', async () => {
    const client = clientOpen(servers[0]);
    const redlock = new Redlock([client], { retryCount: 0 });
    const one = await redlock.lock('locks:2', 10_000);
    await expect(redlock.lock(['locks:1', 'locks:2', 'locks:3'], 10_000)).rejects.toThrow();
    expect(await client.keys('locks:*')).toEqual(['locks:2']);
    await one.unlock();
    const all = await redlock.lock(['locks:1', 'locks:2', 'locks:3'], 10_000);
    expect((await client.keys('locks:*')).length).toBe(3);
    await all.unlock();
    expect(await client.dbsize()).toBe(0);
  });

  it('goes by the majority of several servers', async () => {
    const all = servers.map(clientOpen);
    const redlock = new Redlock(all, { retryCount: 0 });
    await all[2].set('locks:majority', 'of another');
    const lock = await redlock.lock('locks:majority', 10_000);
    const values = await Promise.all(all.map((client) => client.get('locks:majority')));
    expect(values).toEqual([lock.value, lock.value, 'of another']);
    await lock.unlock();
    await all[1].set('locks:majority', 'of another');
    await expect(redlock.lock('locks:majority', 10_000)).rejects.toThrow('Exceeded 0 attempts');
    expect(await all[0].exists('locks:majority')).toBe(0);
  });
});

describe('a lock by SET NX and a script', () => {
  async function acquireLock(client: Redis, name: string, ttlMs: number): Promise<string | null> {
    const id = randomUUID();
    const result = await client.set(`lock:${name}`, id, 'PX', ttlMs, 'NX');
    return result === 'OK' ? id : null;
  }

  async function releaseLock(client: Redis, name: string, id: string): Promise<boolean> {
    const script = `
    if redis.call("GET", KEYS[1]) == ARGV[1] then
      return redis.call("DEL", KEYS[1])
    else
      return 0
    end
  `;
    return (await client.eval(script, 1, `lock:${name}`, id)) === 1;
  }

  it('is released by its owner alone', async () => {
    const client = clientOpen(servers[0]);
    const id = (await acquireLock(client, 'job', 30_000)) ?? '';
    expect(await acquireLock(client, 'job', 30_000)).toBeNull();
    expect(await releaseLock(client, 'job', 'of another')).toBe(false);
    expect(await client.get('lock:job')).toBe(id);
    expect(await releaseLock(client, 'job', id)).toBe(true);
    expect(await releaseLock(client, 'job', id)).toBe(false);
    expect(await acquireLock(client, 'job', 30_000)).not.toBeNull();
  });

  it('is held by one at a time', async () => {
    const total = await contend(async (client) => {
      let id: string | null = null;
      while (id === null) id = await acquireLock(client, 'shared', 10_000);
      const mine = id;
      return async () => expect(await releaseLock(client, 'shared', mine)).toBe(true);
    }, 15);
    expect(total).toBe(CONTENDER_COUNT * 15);
  });
});
