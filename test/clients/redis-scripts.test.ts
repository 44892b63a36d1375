/**
 * Scripts as client libraries run them: by their SHA-1, with the script itself where the server does not know
 * it, one by one, in pipelines and in transactions; ioredis, node-redis and redis-py, unmodified.
 */
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { type CommandParser, createClient, defineScript } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { commandRun, pythonFind } from '../support/command-run.ts';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: RespServer;
let admin: Redis;
beforeAll(async () => {
  server = await applicationServerSpawn();
  admin = new Redis({ host: server.host, port: server.port });
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await admin.flushall();
  await admin.script('FLUSH');
});

/** Takes from one account what is there, and gives it to another. */
const TRANSFER = `
  local have = tonumber(redis.call('GET', KEYS[1]) or '0')
  local amount = tonumber(ARGV[1])
  if have < amount then return redis.error_reply('POOR only ' .. have) end
  redis.call('DECRBY', KEYS[1], amount)
  return redis.call('INCRBY', KEYS[2], amount)
`;

interface Scripted {
  transfer(from: string, to: string, amount: number): Promise<number>;
  transferBuffer(from: string, to: string, amount: number): Promise<number>;
  count(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
  reversed(key: string): Promise<string | null>;
  reversedBuffer(key: string): Promise<Buffer | null>;
}

describe('ioredis', () => {
  const scripts = {
    transfer: { numberOfKeys: 2, lua: TRANSFER },
    count: { lua: 'return {#KEYS, #ARGV, KEYS, ARGV}' },
    reversed: {
      numberOfKeys: 1,
      lua: 'local v = redis.call("get", KEYS[1]); return v and v:reverse()',
    },
  };
  const open = (options = {}): Redis & Scripted => {
    const address = { host: server.host, port: server.port };
    // defineCommand, which `scripts` stands for, adds methods that the types do not know.
    return new Redis({ ...address, scripts, ...options }) as Redis & Scripted;
  };

  it('runs commands that it has been given', async () => {
    const redis = open();
    await redis.mset('ann', 100, 'bob', 0);
    expect(await redis.transfer('ann', 'bob', 30)).toBe(30);
    expect(await redis.transfer('ann', 'bob', 30)).toBe(60);
    await expect(redis.transfer('ann', 'bob', 50)).rejects.toThrow('POOR only 40');
    expect(await redis.mget('ann', 'bob')).toEqual(['40', '60']);
    expect(await redis.count(2, 'a', 'b', 'c')).toEqual([2, 1, ['a', 'b'], ['c']]);
    await redis.set('bytes', Buffer.from([0, 255, 13, 10]));
    expect(await redis.reversedBuffer('bytes')).toEqual(Buffer.from([10, 13, 255, 0]));
    expect(await redis.reversed('missing')).toBeNull();
    redis.disconnect();
  });

  it('sends the script again when the server has forgotten it', async () => {
    const redis = open();
    await redis.set('ann', 10);
    await redis.transfer('ann', 'bob', 1);
    await admin.script('FLUSH');
    expect(await redis.transfer('ann', 'bob', 1)).toBe(2);
    await admin.script('FLUSH');
    const results = await redis.pipeline().get('ann').evalsha('0'.repeat(40), 0).exec();
    expect(results?.[0]).toEqual([null, '8']);
    expect(results?.[1]?.[0]?.message).toMatch(/^NOSCRIPT No matching script/);
    redis.disconnect();
  });

  it('prefixes the keys of scripts', async () => {
    const redis = open({ keyPrefix: 'app:' });
    await redis.set('ann', 10);
    await redis.transfer('ann', 'bob', 4);
    expect(await admin.mget('app:ann', 'app:bob')).toEqual(['6', '4']);
    redis.disconnect();
  });

  it('runs them in pipelines and transactions', async () => {
    const redis = open();
    await redis.set('ann', 1000);
    const pipeline = redis.pipeline() as ReturnType<Redis['pipeline']> & Scripted;
    for (let n = 0; n < 200; n++) pipeline.transfer('ann', `to:${n}`, 1);
    const results = await pipeline.exec();
    expect(results).toHaveLength(200);
    expect(results?.every(([error, value]) => error === null && value === 1)).toBe(true);
    const transaction = redis.multi() as ReturnType<Redis['multi']> & Scripted;
    transaction.get('ann');
    transaction.transfer('ann', 'bob', 800);
    transaction.transfer('ann', 'bob', 1);
    transaction.get('bob');
    const [before, moved, refused, after] = (await transaction.exec()) ?? [];
    expect([before[1], moved[1], after[1]]).toEqual(['800', 800, '800']);
    expect(refused[0]?.message).toContain('POOR only 0');
    redis.disconnect();
  });

  it('runs them in pipelines that it makes by itself', async () => {
    const redis = open({ enableAutoPipelining: true });
    await redis.set('ann', 500);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, n) => [
        redis.transfer('ann', 'bob', 1),
        redis.set(`key:${n}`, n),
        redis.get(`key:${n}`),
      ]).flat(),
    );
    expect(answers.slice(0, 3)).toEqual([1, 'OK', '0']);
    expect(answers.slice(-3)).toEqual([500, 'OK', '499']);
    expect(await redis.mget('ann', 'bob')).toEqual(['0', '500']);
    redis.disconnect();
  });

  it('lets scripts of many connections at one key, one at a time', async () => {
    const many = Array.from({ length: 10 }, () => open());
    await admin.set('ann', 1000);
    const each = many.map(async (redis) => {
      for (let n = 0; n < 100; n++) await redis.transfer('ann', 'bob', 1);
    });
    await Promise.all(each);
    expect(await admin.mget('ann', 'bob')).toEqual(['0', '1000']);
    for (const redis of many) redis.disconnect();
  });
});

describe.each([2, 3] as const)('node-redis over RESP%i', (RESP) => {
  const scripts = {
    transfer: defineScript({
      NUMBER_OF_KEYS: 2,
      SCRIPT: TRANSFER,
      parseCommand(parser, from: string, to: string, amount: number) {
        parser.pushKey(from);
        parser.pushKey(to);
        parser.push(`${amount}`);
      },
      transformReply: (reply: number) => reply,
    }),
    everything: defineScript({
      NUMBER_OF_KEYS: 0,
      SCRIPT: 'return {1, ARGV[1], {3, {"four"}}, true, {ok = "fine"}}',
      parseCommand: (parser: CommandParser) => parser.push('an argument'),
      transformReply: (reply: unknown) => reply,
    }),
  };
  const open = async () => {
    const socket = { host: server.host, port: server.port };
    const client = createClient({ RESP, socket, scripts });
    await client.connect();
    return client;
  };
  let client: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    client = await open();
  });
  afterAll(() => client.destroy());

  it('runs scripts that it has been given', async () => {
    await client.set('ann', '10');
    expect(await client.transfer('ann', 'bob', 3)).toBe(3);
    await admin.script('FLUSH');
    expect(await client.transfer('ann', 'bob', 3)).toBe(6);
    await expect(client.transfer('ann', 'bob', 5)).rejects.toThrow('POOR only 4');
    expect(await client.everything()).toEqual([1, 'an argument', [3, ['four']], 1, 'fine']);
  });

  it('runs them in transactions, and by EVAL', async () => {
    await client.set('ann', '10');
    const results = await client.multi().transfer('ann', 'bob', 7).get('ann').exec();
    expect(results).toEqual([7, '3']);
    const script = 'return {KEYS[1], ARGV[1], redis.call("incrby", KEYS[1], ARGV[1])}';
    const reply = await client.eval(script, { keys: ['n'], arguments: ['5'] });
    expect(reply).toEqual(['n', '5', 5]);
    const sha = await client.scriptLoad('return "loaded"');
    expect(await client.scriptExists([sha, '0'.repeat(40)])).toEqual([1, 0]);
    expect(await client.evalSha(sha)).toBe('loaded');
  });
});

const python = pythonFind('redis');
it.skipIf(python === null)('redis-py (skipped: no Python with redis)', async () => {
  const script = fileURLToPath(new URL('redis_py_scripts_client.py', import.meta.url));
  const end = await commandRun(python as string, [script, `${server.host}:${server.port}`]);
  expect(end.err).toBe('');
  expect(end.code).toBe(0);
  expect(end.out.match(/^ok /gm)).toHaveLength(30);
});
