/** The commands on sets and hashes, as scripted sessions; and what takes many members to try. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { HASH_EXPIRY_SESSIONS, HASH_SESSIONS } from './hash-sessions.ts';
import { sessionsTry } from './session-suite.ts';
import { SET_SESSIONS } from './set-sessions.ts';

const SESSIONS = [...HASH_SESSIONS, ...HASH_EXPIRY_SESSIONS, ...SET_SESSIONS];
const { ours: running } = sessionsTry(SESSIONS);
let ours: RespClient;
beforeAll(() => {
  ours = running.client;
});

const MEMBERS = Array.from({ length: 1000 }, (_, n) => `m${n}`);

/** All that a scan meets, in as many steps as it takes; between two of them something is done. */
async function scanAll(key: string, between: () => Promise<unknown>): Promise<string[]> {
  const met: string[] = [];
  let cursor = '0';
  do {
    const reply = (await ours.call('sscan', key, cursor, 'count', '17')) as RespReply[];
    cursor = reply[0] as string; // SSCAN answers a cursor and an array of names
    met.push(...(reply[1] as string[]));
    await between();
  } while (cursor !== '0');
  return met;
}

describe('a scan', () => {
  it('meets every member once, if nothing changes', async () => {
    await ours.call('flushall');
    await ours.call('sadd', 's', ...MEMBERS);
    const met = await scanAll('s', () => Promise.resolve());
    expect(met.toSorted()).toEqual(MEMBERS.toSorted());
  });

  it('meets all that stays, while others come and go, and the set changes its form', async () => {
    await ours.call('flushall');
    await ours.call('sadd', 's', ...MEMBERS);
    const stays = MEMBERS.slice(0, 20);
    let round = 0;
    const met = await scanAll('s', async () => {
      const gone = MEMBERS.slice(20 + round * 40, 60 + round * 40);
      if (gone.length > 0) await ours.call('srem', 's', ...gone);
      await ours.call('sadd', 's', `new${round}`, `newer${round}`);
      if (round === 25) {
        // Down to few members, and up again: packed in between.
        const fresh = MEMBERS.map((name) => `${name}x`);
        await ours.call('srem', 's', ...MEMBERS.slice(20));
        for (let n = 0; n <= round; n++) await ours.call('srem', 's', `new${n}`, `newer${n}`);
        await ours.call('sadd', 's', ...fresh);
      }
      round++;
    });
    for (const name of stays) expect(met).toContain(name);
  });
});

describe('EXEC', () => {
  it('joins sets of any partition, and stores into any', async () => {
    await ours.call('flushall');
    for (let n = 0; n < 20; n++) await ours.call('sadd', `k${n}`, 'all', `m${n}`, `m${n + 1}`);
    const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
    await ours.call('multi');
    for (let n = 0; n < 20; n++) await ours.call('sunionstore', `u${n}`, ...keys.slice(0, n + 1));
    await ours.call('sinterstore', 'i', ...keys);
    await ours.call('sdiffstore', 'k0', ...keys);
    const replies = await ours.call('exec');
    expect(replies).toEqual([...keys.map((_, n) => n + 3), 1, 1]);
    expect(await ours.call('smembers', 'i')).toEqual(['all']);
    expect(await ours.call('smembers', 'k0')).toEqual(['m0']);
  });
});

describe('large collections', () => {
  it('are deleted at once and freed later, when the same key is in use again', async () => {
    await ours.call('flushall');
    for (let round = 0; round < 5; round++) {
      await ours.call('sadd', 'big', ...MEMBERS.map((name) => `${name}:${round}`));
      const fields = MEMBERS.flatMap((name) => [name, `${round}`]);
      await ours.call('hset', 'bigger', ...fields);
      expect(await ours.call('scard', 'big')).toBe(1000);
      expect(await ours.call('sismember', 'big', `m7:${round}`)).toBe(1);
      expect(await ours.call('sismember', 'big', `m7:${round - 1}`)).toBe(0);
      expect(await ours.call('hget', 'bigger', 'm999')).toBe(`${round}`);
      if (round % 2 === 0) await ours.call('del', 'big', 'bigger');
      else await ours.call('unlink', 'big', 'bigger');
      expect(await ours.call('exists', 'big', 'bigger')).toBe(0);
    }
  });
});
