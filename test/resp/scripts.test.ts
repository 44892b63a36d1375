/** EVAL and SCRIPT: against the real redis-server, and over several threads. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { SAMPLE_KEYS, SAMPLES, type Sample } from './script-samples.ts';
import { SCRIPT_SESSIONS } from './script-sessions.ts';
import { shown } from './session.ts';
import { sessionsTry, THEIRS, THEIRS_RUN } from './session-suite.ts';

const { ours, theirs } = sessionsTry(SCRIPT_SESSIONS, { ours: ['-t', '3'] });

async function sampleRun(client: RespClient, sample: Sample): Promise<string> {
  for (const request of SAMPLE_KEYS) await client.call(...request);
  const { script, keys = 0, words = [] } = sample;
  return shown(await client.call('eval', script, `${keys}`, ...words));
}

describe.skipIf(!THEIRS_RUN)(`as ${THEIRS}`, () => {
  for (const resp of ['2', '3']) {
    it(`answers the same to RESP${resp}`, async () => {
      const mine = ours.server.client();
      const other = theirs.server.client();
      await mine.call('hello', resp);
      await other.call('hello', resp);
      for (const sample of SAMPLES) {
        const expected = await sampleRun(other, sample);
        expect(await sampleRun(mine, sample), sample.script).toBe(expected);
      }
      mine.end();
      other.end();
    }, 60_000);
  }
});

describe('scripts on several threads', () => {
  const CLIENTS = 6;
  let clients: RespClient[] = [];

  beforeAll(() => {
    clients = Array.from({ length: CLIENTS }, () => ours.server.client());
    return () => {
      for (const client of clients) client.end();
    };
  });

  it('are known on all as soon as they are on one', async () => {
    for (let round = 0; round < 30; round++) {
      const [first, ...others] = clients;
      const sha = String(await first.call('script', 'load', `return ${round}`));
      const replies = await Promise.all(others.map((client) => client.call('evalsha', sha, '0')));
      expect(replies.map(shown)).toEqual(others.map(() => `:${round}`));
      clients.push(clients.shift() as RespClient);
    }
  });

  it('are forgotten on all as soon as they are on one', async () => {
    const sha = String(await clients[0].call('script', 'load', 'return 7'));
    for (const client of clients) expect(await client.call('script', 'show', sha)).toBe('return 7');
    await clients[1].call('script', 'flush');
    for (const client of clients) {
      expect(shown(await client.call('script', 'exists', sha))).toBe('[:0]');
      expect(shown(await client.call('script', 'show', sha))).toMatch(/^-NOSCRIPT /);
    }
  });

  it('run as one each, also with keys that they have not declared', async () => {
    await clients[0].call('flushall');
    const move = `
      local from, to = 'purse:' .. ARGV[1], 'purse:' .. ARGV[2]
      local sum = 0
      for i = 1, 20 do sum = sum + (redis.call('get', 'purse:' .. i) or 0) end
      redis.call('decr', from)
      redis.call('incr', to)
      return sum`;
    const any = (): string => `${1 + Math.floor(Math.random() * 20)}`;
    const sums = await Promise.all(
      clients.map(async (client) => {
        const seen = new Set<string>();
        for (let turn = 0; turn < 200; turn++) {
          seen.add(shown(await client.call('eval', move, '0', any(), any())));
        }
        return [...seen];
      }),
    );
    expect(sums).toEqual(clients.map(() => [':0']));
  });

  it('run as one each under the locks of their keys', async () => {
    await clients[0].call('mset', 'left', '0', 'right', '0');
    const step = `local l, r = redis.call('incr', KEYS[1]), redis.call('incr', KEYS[2])
      return l == r`;
    await Promise.all(
      clients.map(async (client) => {
        for (let turn = 0; turn < 300; turn++) {
          expect(await client.call('eval', step, '2', 'left', 'right')).toBe(1);
        }
      }),
    );
    expect(await clients[0].call('get', 'left')).toBe(`${CLIENTS * 300}`);
  });

  it('that stray after some runs are run again, or take what they need', async () => {
    await clients[0].call('flushall');
    const script = `local n = redis.call('incr', KEYS[1])
      if n > 50 then redis.call('incr', 'far:' .. n % 40) end
      return n`;
    await Promise.all(
      clients.map(async (client) => {
        for (let turn = 0; turn < 100; turn++) {
          const reply = shown(await client.call('eval', script, '1', 'near'));
          expect(reply).toMatch(/^:\d+$/);
        }
      }),
    );
    expect(await clients[0].call('get', 'near')).toBe(`${CLIENTS * 100}`);
    let far = 0;
    for (let at = 0; at < 40; at++) far += Number(await clients[0].call('get', `far:${at}`));
    expect(far).toBe(CLIENTS * 100 - 50);
  });
});
