/** The commands on keys whatever they hold, as scripted sessions; and what takes many keys to try. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import {
  EXPIRE_SESSIONS,
  KEY_SESSIONS,
  RELOCATION_SESSIONS,
  WAIT_SESSIONS,
} from './generic-sessions.ts';
import { shown } from './session.ts';
import { sessionsTry, THEIRS, THEIRS_RUN } from './session-suite.ts';
import { DUMP_SESSIONS, SORT_SESSIONS } from './sort-sessions.ts';

const SESSIONS = [
  ...KEY_SESSIONS,
  ...EXPIRE_SESSIONS,
  ...RELOCATION_SESSIONS,
  ...SORT_SESSIONS,
  ...DUMP_SESSIONS,
  ...WAIT_SESSIONS,
];

const { ours: ourRunning, theirs: theirRunning } = sessionsTry(SESSIONS);
let ours: RespClient;
beforeAll(() => {
  ours = ourRunning.client;
});

describe.skipIf(!THEIRS_RUN)(`payloads, and ${THEIRS}`, () => {
  let theirs: RespClient;
  beforeAll(() => {
    theirs = theirRunning.client;
  });

  it.each([
    ['set', 'v', 'x'],
    ['set', 'v', 'some longer text, some longer text, some longer text'],
    ['set', 'v', '-123456'],
    [
      'rpush',
      'v',
      'a',
      '1',
      '',
      'x'.repeat(10_000),
      ...Array.from({ length: 500 }, (_, n) => `${n}`),
    ],
    ['sadd', 'v', '1', '-70000', '9223372036854775807'],
    ['sadd', 'v', 'a', '1', 'x'.repeat(100)],
    ['sadd', 'v', ...Array.from({ length: 1000 }, (_, n) => `member ${n}`)],
    ['zadd', 'v', '1.5', 'a', '-inf', 'b', '2', 'c'],
    ['zadd', 'v', ...Array.from({ length: 500 }, (_, n) => [`${n / 8}`, `member ${n}`]).flat()],
    ['hset', 'v', 'f', 'v', 'g', '12'],
    [
      'hset',
      'v',
      ...Array.from({ length: 500 }, (_, n) => [`field ${n}`, `${n}`.repeat(30)]).flat(),
    ],
  ])('takes what %s makes here, and gives it back: %#', async (command, ...args) => {
    await ours.call('flushall');
    await ours.call(command, ...args);
    const payload = (await ours.call('dump', 'v')) as string;
    const held = await valueRead(ours);
    expect(shown(await theirs.call('restore', 'v', '0', payload, 'replace'))).toBe('+OK');
    expect(await valueRead(theirs)).toEqual(held);
    const back = (await theirs.call('dump', 'v')) as string;
    expect(shown(await ours.call('restore', 'v', '0', back))).toMatch('BUSYKEY');
    expect(shown(await ours.call('restore', 'v', '5000000', back, 'replace'))).toBe('+OK');
    expect(await valueRead(ours)).toEqual(held);
    expect(await ours.call('pttl', 'v')).toBeGreaterThan(4_900_000);
  });

  /** What `v` holds, and how it is said to be kept, but where 7.0 differs. */
  async function valueRead(client: RespClient): Promise<RespReply> {
    const type = shown(await client.call('type', 'v'));
    if (type === '+string') return client.call('get', 'v');
    if (type === '+list') return client.call('lrange', 'v', '0', '-1');
    if (type === '+zset') return client.call('zrange', 'v', '0', '-1', 'withscores');
    const all = (await client.call(type === '+set' ? 'smembers' : 'hgetall', 'v')) as string[];
    return [...all].sort();
  }
});

describe('many keys', () => {
  /** Collects a whole scan; `between` runs between two calls of it. */
  async function scanned(
    between: (call: number) => Promise<void>,
    ...options: string[]
  ): Promise<string[]> {
    const found: string[] = [];
    let cursor = '0';
    let calls = 0;
    do {
      const [next, keys] = (await ours.call('scan', cursor, ...options)) as [string, string[]];
      found.push(...keys);
      cursor = next;
      await between(calls++);
    } while (cursor !== '0');
    return found;
  }

  async function fill(first: number, count: number): Promise<void> {
    for (let n = first; n < first + count; n++) ours.send('set', `key:${n}`, 'v');
    for (let n = 0; n < count; n++) await ours.read();
  }

  it('are all met by a scan, once while nothing goes', async () => {
    await ours.call('flushall');
    await fill(0, 3000);
    let next = 3000;
    const found = await scanned(
      async (call) => {
        if (call > 100) return;
        await fill(next, 50);
        next += 50;
      },
      'count',
      '20',
    );
    const old = found.filter((key) => Number(key.slice(4)) < 3000);
    expect(new Set(old).size).toBe(3000);
    expect(old.length).toBe(3000);
  });

  it('are met in about as many calls as COUNT says', async () => {
    await ours.call('flushall');
    await fill(0, 2000);
    let calls = 0;
    const found = await scanned(
      async () => {
        calls++;
      },
      'count',
      '100',
    );
    expect(found.length).toBe(2000);
    expect(calls).toBeLessThan(60);
    expect((await scanned(async () => undefined, 'match', 'key:1*')).length).toBe(1111);
  });

  it('of several databases are told apart', async () => {
    await ours.call('flushall');
    await fill(0, 500);
    await ours.call('select', '5');
    await ours.call('set', 'alone', '1');
    expect(await scanned(async () => undefined)).toEqual(['alone']);
    for (let n = 0; n < 20; n++) expect(await ours.call('randomkey')).toBe('alone');
    expect(await ours.call('keys', '*')).toEqual(['alone']);
    await ours.call('select', '0');
  });

  it('are drawn at random, each as often as another', async () => {
    await ours.call('flushall');
    await fill(0, 50);
    const drawn = new Map<string, number>();
    for (let n = 0; n < 5000; n++) ours.send('randomkey');
    for (let n = 0; n < 5000; n++) {
      const key = (await ours.read()) as string;
      drawn.set(key, (drawn.get(key) ?? 0) + 1);
    }
    expect(drawn.size).toBe(50);
    expect(Math.min(...drawn.values())).toBeGreaterThan(40);
    expect(Math.max(...drawn.values())).toBeLessThan(200);
  });

  it('keep their values when these are large and go elsewhere', async () => {
    await ours.call('flushall');
    const fields = Array.from({ length: 3000 }, (_, n) => [`field ${n}`, `value ${n}`]).flat();
    await ours.call('hset', 'hash', ...fields);
    for (let n = 0; n < 10; n++) {
      expect(
        shown(await ours.call('rename', n === 0 ? 'hash' : `hash ${n - 1}`, `hash ${n}`)),
      ).toBe('+OK');
      expect(await ours.call('hlen', `hash ${n}`)).toBe(3000);
    }
    expect(await ours.call('copy', 'hash 9', 'hash', 'db', '2')).toBe(1);
    await ours.call('hset', 'hash 9', 'field 5', 'changed');
    await ours.call('select', '2');
    expect(await ours.call('hgetall', 'hash')).toEqual(fields);
    await ours.call('select', '0');
    expect(await ours.call('dbsize')).toBe(1);
  });
});
