/** node-redis, unmodified: the present one over RESP2 and RESP3, and the one of callbacks. */
import { createClient } from 'redis';
import { createClient as createLegacyClient } from 'redis-legacy';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RespServer, respSpawn } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: RespServer;
beforeAll(async () => {
  server = await respSpawn();
});
afterAll(() => server.stop());

describe.each([2, 3] as const)('node-redis over RESP%i', (RESP) => {
  const connected = async () => {
    const client = createClient({ RESP, socket: { host: server.host, port: server.port } });
    await client.connect();
    return client;
  };
  let client: Awaited<ReturnType<typeof connected>>;

  beforeAll(async () => {
    client = await connected();
    await client.flushAll();
  });
  afterAll(() => client.destroy());

  it('stores every type', async () => {
    await client.set('s', 'v', { expiration: { type: 'EX', value: 100 } });
    expect(await client.get('s')).toBe('v');
    await client.hSet('h', { a: '1', b: '2' });
    expect({ ...(await client.hGetAll('h')) }).toEqual({ a: '1', b: '2' });
    await client.rPush('l', ['1', '2', '3']);
    expect(await client.lRange('l', 0, -1)).toEqual(['1', '2', '3']);
    await client.sAdd('set', ['x', 'y']);
    expect([...(await client.sMembers('set'))].sort()).toEqual(['x', 'y']);
    await client.zAdd('z', [
      { score: 1.5, value: 'a' },
      { score: -1, value: 'b' },
    ]);
    expect(await client.zRangeWithScores('z', 0, -1)).toEqual([
      { value: 'b', score: -1 },
      { value: 'a', score: 1.5 },
    ]);
    expect(await client.zScore('z', 'a')).toBe(1.5);
    await client.geoAdd('g', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' });
    await client.geoAdd('g', { longitude: 15.087269, latitude: 37.502669, member: 'Catania' });
    expect(Number(await client.geoDist('g', 'Palermo', 'Catania', 'km'))).toBeCloseTo(166.2742, 3);
  });

  it('runs transactions', async () => {
    expect(await client.multi().set('n', '1').incr('n').get('n').exec()).toEqual(['OK', 2, '2']);
  });

  it('carries messages between clients', async () => {
    const subscriber = await connected();
    const heard: string[] = [];
    await subscriber.subscribe('channel', (message) => heard.push(message));
    expect(await client.publish('channel', 'hello')).toBe(1);
    await vi.waitFor(() => expect(heard).toEqual(['hello']));
    subscriber.destroy();
  });

  it('blocks for a list', async () => {
    const worker = await connected();
    const popped = worker.blPop('jobs', 30);
    await client.rPush('jobs', 'job');
    expect({ ...(await popped) }).toEqual({ key: 'jobs', element: 'job' });
    worker.destroy();
  });
});

describe('node-redis of callbacks', () => {
  it('publishes to a subscriber', async () => {
    const publisher = createLegacyClient({ host: server.host, port: server.port });
    const subscriber = createLegacyClient({ host: server.host, port: server.port });
    const heard: string[] = [];
    subscriber.on('message', (channel: string, message: string) => {
      heard.push(`Received message ${message} on channel ${channel}`);
    });
    await new Promise((resolve) => subscriber.subscribe('example_channel', resolve));
    publisher.publish('example_channel', 'Hello, ElastiCache!');
    const expected = 'Received message Hello, ElastiCache! on channel example_channel';
    await vi.waitFor(() => expect(heard).toEqual([expected]));
    publisher.end(true);
    subscriber.end(true);
  });
});
