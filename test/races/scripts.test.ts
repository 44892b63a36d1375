/**
 * Many connections, on all threads, at the same keys: scripts that declare them and scripts that do not, in
 * transactions or not, move amounts between accounts, and whoever adds them up always finds the same sum; and
 * consumers of one group get each entry of a stream once.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Random, randomBelow, randomMake } from '../../src/base/random.ts';
import { shown } from '../resp/session.ts';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const CLIENT_COUNT = 12;
const TURN_COUNT = process.env['FLAGSTONE_LONG'] === '1' ? 5000 : 150;
const ACCOUNT_COUNT = 50;
const AMOUNT = 1000;
const NAMES = Array.from({ length: ACCOUNT_COUNT }, (_, n) => `account:${n}`);

/** It takes its accounts by KEYS, or makes their names up; it leaves traces in a stream and in a list. */
const transferOf = (from: string, to: string): string => `
  local from, to, amount = ${from}, ${to}, tonumber(ARGV[3])
  if tonumber(redis.call('GET', from)) < amount then return redis.error_reply('POOR') end
  redis.call('DECRBY', from, amount)
  redis.call('INCRBY', to, amount)
  redis.call('XADD', 'log', 'MAXLEN', '~', 100, '*', 'from', from, 'to', to)
  if redis.call('RPUSH', 'list:' .. ARGV[1], amount) > 10 then redis.call('DEL', 'list:' .. ARGV[1]) end
  return 1`;
const DECLARED = transferOf('KEYS[1]', 'KEYS[2]');
const UNDECLARED = transferOf("'account:' .. ARGV[1]", "'account:' .. ARGV[2]");
const SUM = `
  local sum = 0
  for n = 0, ${ACCOUNT_COUNT - 1} do sum = sum + redis.call('GET', 'account:' .. n) end
  return sum`;

let server: RespServer;
let admin: RespClient;
beforeAll(async () => {
  server = await applicationServerSpawn();
  admin = server.client();
});
afterAll(async () => {
  admin.end();
  await server.stop();
});

function transferDraw(random: Random): readonly string[] {
  const [from, to] = [randomBelow(random, ACCOUNT_COUNT), randomBelow(random, ACCOUNT_COUNT)];
  const args = [`${from}`, `${to}`, `${randomBelow(random, 20)}`];
  if (randomBelow(random, 3) > 0) return ['eval', UNDECLARED, '0', ...args];
  return ['eval', DECLARED, '2', `account:${from}`, `account:${to}`, ...args];
}

async function summed(client: RespClient, random: Random): Promise<number> {
  if (randomBelow(random, 2) === 0) return (await client.call('eval', SUM, '0')) as number;
  const amounts = (await client.call('mget', ...NAMES)) as string[];
  return amounts.reduce((sum, amount) => sum + Number(amount), 0);
}

async function transacted(
  client: RespClient,
  requests: readonly (readonly string[])[],
): Promise<readonly RespReply[]> {
  for (const words of [['multi'], ...requests, ['exec']]) client.send(...words);
  for (let reply = 0; reply <= requests.length; reply++) await client.read();
  return (await client.read()) as readonly RespReply[];
}

it('scripts of many connections keep a sum', async () => {
  for (const name of NAMES) await admin.call('set', name, `${AMOUNT}`);
  const all = Array.from({ length: CLIENT_COUNT }, async (_, id) => {
    const client = server.client();
    const random = randomMake(id);
    for (let turn = 0; turn < TURN_COUNT; turn++) {
      const replies =
        randomBelow(random, 4) === 0
          ? await transacted(client, [transferDraw(random), transferDraw(random)])
          : [await client.call(...transferDraw(random))];
      for (const reply of replies) expect(shown(reply)).toMatch(/^(:1|-POOR)/);
      expect(await summed(client, random)).toBe(ACCOUNT_COUNT * AMOUNT);
    }
    client.end();
  });
  await Promise.all(all);
  expect(await admin.call('eval', SUM, '0')).toBe(ACCOUNT_COUNT * AMOUNT);
});

it('consumers of a group get each entry once', async () => {
  const entryCount = CLIENT_COUNT * TURN_COUNT;
  await admin.call('xgroup', 'create', 'work', 'group', '0', 'mkstream');
  const seen: string[] = [];
  const consumers = Array.from({ length: CLIENT_COUNT }, async (_, id) => {
    const client = server.client();
    while (seen.length < entryCount) {
      const read = ['xreadgroup', 'group', 'group', `${id}`, 'count', '7', 'block', '100'];
      const reply = await client.call(...read, 'streams', 'work', '>');
      if (reply === null) continue;
      const [[, entries]] = reply as [[string, [string, [string, string]][]]]; // as XREADGROUP has it
      seen.push(...entries.map(([, [, value]]) => value));
      const ids = entries.map(([entry]) => entry);
      expect(await client.call('xack', 'work', 'group', ...ids)).toBe(ids.length);
    }
    client.end();
  });
  const producers = Array.from({ length: CLIENT_COUNT }, async (_, id) => {
    const client = server.client();
    for (let turn = 0; turn < TURN_COUNT; turn++) {
      const [script, value] = [
        "return redis.call('XADD', 'work', '*', 'v', ARGV[1])",
        `${id}:${turn}`,
      ];
      if (turn % 2 === 0) await client.call('eval', script, '0', value);
      else await client.call('xadd', 'work', '*', 'v', value);
    }
    client.end();
  });
  await Promise.all([...consumers, ...producers]);
  expect(seen.length).toBe(entryCount);
  expect(new Set(seen).size).toBe(entryCount);
  expect(shown(await admin.call('xpending', 'work', 'group'))).toMatch(/^\[:0, /);
});
