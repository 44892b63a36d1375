/** The commands on consumer groups: as scripted sessions, and what a session cannot say. */
import { describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { clientUse } from '../support/text-client.ts';
import { blockedUntil, wordsCall } from './blocked.ts';
import { sessionsTry, THEIRS, THEIRS_RUN } from './session-suite.ts';
import { STREAM_GROUP_SESSIONS } from './stream-group-sessions.ts';

const { ours, theirs } = sessionsTry(STREAM_GROUP_SESSIONS);

/** A stream with all that its groups can have: gaps, what was deleted, consumers without entries. */
async function streamMake(client: RespClient): Promise<void> {
  await wordsCall(client, 'select 0', 'flushall', 'xgroup create s empty 0 mkstream');
  for (let n = 1; n <= 300; n++) await client.call('xadd', 's', `${n}-${n % 3}`, 'f', `${n}`);
  const commands = [
    'xgroup create s g 0',
    'xgroup create s unread 100-5 entriesread 7',
    'xgroup createconsumer s g idle',
    'xreadgroup group g a count 100 streams s >',
    'xreadgroup group g b count 50 streams s >',
    'xclaim s g c 0 5-2 7-1 9-0 time 1000 retrycount 77 justid',
    'xack s g 20-2 21-0 150-0',
    'xdel s 1-1 120-0',
    'xreadgroup group empty a count 1 streams s >',
  ];
  await wordsCall(client, ...commands);
}

/** All that is known of it, but for what 7.2 knows more, and when a consumer was seen. */
async function streamTold(client: RespClient): Promise<string> {
  const told = JSON.stringify(await client.call('xinfo', 'stream', 's', 'full', 'count', '0'));
  const timeless = told.replace(/"(seen|active)-time",-?\d+,/g, '');
  return timeless.replace(/"radix-tree-(keys|nodes)",\d+,/g, '');
}

describe('consumer groups', () => {
  it('have names of any bytes, up to the limit', async () => {
    const { client } = ours;
    await client.call('del', 's');
    for (const name of ['', '\0\r\n', 'ü', 'x'.repeat(8000)]) {
      expect(await client.call('xgroup', 'create', 's', name, '0', 'mkstream')).toMatchObject({});
      expect(await client.call('xgroup', 'createconsumer', 's', name, name)).toBe(1);
    }
    const tooLong = { error: expect.stringMatching(/^ERR the key or member is too long/) };
    const long = 'x'.repeat(8001);
    expect(await client.call('xgroup', 'create', 's', long, '0')).toMatchObject(tooLong);
    expect(await client.call('xgroup', 'createconsumer', 's', '', long)).toMatchObject(tooLong);
    const read = ['xreadgroup', 'group', '', long, 'streams', 's', '>'];
    expect(await client.call(...read)).toMatchObject(tooLong);
    expect(await client.call('xack', 's', long, '1-1')).toBe(0);
    expect(await client.call('xgroup', 'destroy', 's', long)).toBe(0);
  });

  it('tell when a consumer asked last, and when it got something last', async () => {
    const { client } = ours;
    await client.call('del', 's');
    await client.call('xgroup', 'create', 's', 'g', '$', 'mkstream');
    const read = ['xreadgroup', 'group', 'g', 'c', 'streams', 's', '>'];
    expect(await client.call(...read)).toBeNull();
    const consumers = async (): Promise<unknown> => client.call('xinfo', 'consumers', 's', 'g');
    expect(await consumers()).toEqual([
      ['name', 'c', 'pending', 0, 'idle', expect.any(Number), 'inactive', -1],
    ]);
    await client.call('xadd', 's', '*', 'f', 'v');
    await client.call(...read);
    expect(await consumers()).toEqual([
      ['name', 'c', 'pending', 1, 'idle', expect.any(Number), 'inactive', expect.any(Number)],
    ]);
    expect(await consumers()).not.toEqual([expect.arrayContaining([-1])]);
  });

  it('refuse ids that are meaningless for a group', async () => {
    const { client } = ours;
    await client.call('del', 's');
    await client.call('xgroup', 'create', 's', 'g', '$', 'mkstream');
    expect(await client.call('xreadgroup', 'group', 'g', 'c', 'streams', 's', '+')).toMatchObject({
      error: expect.stringMatching(/^ERR The \+ ID is meaningless in the context of XREADGROUP/),
    });
  });

  it('hold many consumers, and what is pending at each', async () => {
    const { client } = ours;
    await client.call('del', 's');
    await client.call('xgroup', 'create', 's', 'g', '0', 'mkstream');
    for (let n = 0; n < 1000; n++) {
      client.send('xadd', 's', `${n + 1}-0`, 'f', `${n}`);
      client.send('xreadgroup', 'group', 'g', `c${n % 300}`, 'count', '1', 'streams', 's', '>');
    }
    for (let n = 0; n < 2000; n++) await client.read();
    const [count, first, last, each] = (await client.call('xpending', 's', 'g')) as unknown[];
    expect([count, first, last]).toEqual([1000, '1-0', '1000-0']);
    expect(each).toHaveLength(300);
    expect(await client.call('xgroup', 'delconsumer', 's', 'g', 'c5')).toBe(4);
    expect(await client.call('xgroup', 'destroy', 's', 'g')).toBe(1);
  });

  it('are there again after RESTORE', async () => {
    const { client } = ours;
    await streamMake(client);
    const told = await streamTold(client);
    const payload = `${await client.call('dump', 's')}`;
    expect(await client.call('restore', 's', 0, payload, 'replace')).toEqual({ simple: 'OK' });
    expect(await streamTold(client)).toBe(told);
    expect(`${await client.call('dump', 's')}`).toBe(payload);
  });

  it.skipIf(!THEIRS_RUN)(`go to ${THEIRS} and back`, async () => {
    for (const [from, to] of [
      [ours.client, theirs.client],
      [theirs.client, ours.client],
    ]) {
      await streamMake(from);
      const told = await streamTold(from);
      const payload = `${await from.call('dump', 's')}`;
      expect(await to.call('restore', 's', 0, payload, 'replace')).toEqual({ simple: 'OK' });
      expect(await streamTold(to)).toBe(told);
    }
  });

  it('tell of their events', async () => {
    const { client, server } = ours;
    await wordsCall(client, 'flushall', 'config set notify-keyspace-events KEA');
    const listener = server.client();
    await listener.call('psubscribe', '__keyevent@0__:x*');
    const commands = [
      'xgroup create s g 0 mkstream',
      'xgroup createconsumer s g a',
      'xreadgroup group g b streams s >',
      'xgroup setid s g 5',
      'xgroup delconsumer s g a',
      'xgroup destroy s g',
    ];
    await wordsCall(client, ...commands);
    const events: RespReply[] = [];
    for (let n = 0; n < commands.length; n++) events.push(await listener.read());
    listener.end();
    await client.call('config', 'set', 'notify-keyspace-events', '');
    expect(events.map((event) => `${(event as string[])[2]}`.replace(/^.*:/, ''))).toEqual([
      'xgroup-create',
      'xgroup-createconsumer',
      'xgroup-createconsumer',
      'xgroup-setid',
      'xgroup-delconsumer',
      'xgroup-destroy',
    ]);
  });

  it('go by a command of memcached, and readers that wait are told', async () => {
    const { client, server } = ours;
    await wordsCall(client, 'flushall', 'xgroup create s g 0 mkstream');
    const reader = server.client();
    reader.send('xreadgroup', 'group', 'g', 'c', 'block', 0, 'streams', 's', '>');
    await blockedUntil(client, 1);
    await clientUse({ port: server.memcachedPort, host: server.host }, async (memcached) => {
      memcached.send('delete s\r\n');
      expect(await memcached.line()).toBe('DELETED');
    });
    expect(await reader.read()).toMatchObject({ error: expect.stringMatching(/^NOGROUP /) });
    reader.end();
  });

  it('do not make a script wait', async () => {
    const { client } = ours;
    await wordsCall(client, 'flushall', 'xgroup create s g 0 mkstream');
    const script =
      "return redis.call('xreadgroup','group','g','c','block',0,'streams',KEYS[1],'>')";
    expect(await client.call('eval', script, '1', 's')).toBeNull();
    await client.call('xadd', 's', '1-0', 'f', 'v');
    expect(await client.call('eval', script, '1', 's')).toEqual([['s', [['1-0', ['f', 'v']]]]]);
  });
});
