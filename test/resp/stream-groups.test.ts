/** The commands on consumer groups: as scripted sessions, and what a session cannot say. */
import { describe, expect, it } from 'vitest';
import { sessionsTry } from './session-suite.ts';
import { STREAM_GROUP_SESSIONS } from './stream-group-sessions.ts';

const { ours } = sessionsTry(STREAM_GROUP_SESSIONS);

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
});
