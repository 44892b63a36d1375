/**
 * Readers who wait for entries of streams, over one and more threads: an entry serves all of them, each with
 * what it asked for. The kernel spreads the connections, so a handful of them is on all threads.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { blockedUntil, wordsCall } from './blocked.ts';
import { shown } from './session.ts';

describe.each([1, 3])('readers of streams with %i threads', (threadCount) => {
  let server: RespServer;
  let other: RespClient;
  let readers: RespClient[] = [];

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`]);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    other = server.client();
    await other.call('flushall');
  });
  afterEach(async () => {
    for (const reader of readers) reader.end();
    readers = [];
    await blockedUntil(other, 0);
    other.end();
  });

  /** Clients that have all sent this, and wait. */
  async function waiting(count: number, command: string): Promise<RespClient[]> {
    const fresh = Array.from({ length: count }, () => server.client());
    readers.push(...fresh);
    for (const reader of fresh) {
      await reader.call('ping');
      reader.send(...command.split(' '));
    }
    await blockedUntil(other, readers.length);
    return fresh;
  }

  it('all get an entry that is added', async () => {
    const all = await waiting(6, 'xread block 0 streams s $');
    await other.call('xadd', 's', '1-1', 'a', '1');
    for (const reader of all) {
      expect(shown(await reader.read())).toBe('[["s", [["1-1", ["a", "1"]]]]]');
    }
  });

  it('get what is behind their ids, and wait on for what is not', async () => {
    await other.call('xadd', 's', '5-0', 'a', '1');
    const [near, far] = [
      ...(await waiting(1, 'xread block 0 streams s 5')),
      ...(await waiting(1, 'xread block 0 streams s 6-1')),
    ];
    await other.call('xadd', 's', '6-0', 'a', '2');
    expect(shown(await near.read())).toBe('[["s", [["6-0", ["a", "2"]]]]]');
    expect(far.unread).toBe(0);
    await wordsCall(other, 'xadd s 6-2 a 3', 'xadd s 6-3 a 4');
    expect(shown(await far.read())).toBe('[["s", [["6-2", ["a", "3"]]]]]');
  });

  it('get all that one transaction adds, to any of their streams', async () => {
    const [reader] = await waiting(1, 'xread block 0 count 2 streams s t $ $');
    await wordsCall(other, 'multi', 'xadd t 1-1 a 1', 'xadd s 1-1 b 1', 'xadd s 1-2 b 2', 'exec');
    const expected =
      '[["s", [["1-1", ["b", "1"]], ["1-2", ["b", "2"]]]], ["t", [["1-1", ["a", "1"]]]]]';
    expect(shown(await reader.read())).toBe(expected);
  });

  it('do not mind that the key goes, or is of another type for a while', async () => {
    await other.call('xadd', 's', '1-1', 'a', '1');
    const [reader] = await waiting(1, 'xread block 0 streams s $');
    await wordsCall(other, 'del s', 'lpush s x', 'del s', 'set s v', 'del s');
    expect(reader.unread).toBe(0);
    await other.call('xadd', 's', '2-1', 'a', '2');
    expect(shown(await reader.read())).toBe('[["s", [["2-1", ["a", "2"]]]]]');
  });

  it('get what RENAME, RESTORE and COPY bring', async () => {
    await other.call('xadd', 'from', '7-7', 'a', '1');
    for (const bring of ['copy from s', 'rename from s']) {
      const [reader] = await waiting(1, 'xread block 0 streams s 7-6');
      await wordsCall(other, bring);
      expect(shown(await reader.read())).toBe('[["s", [["7-7", ["a", "1"]]]]]');
      await other.call('del', 's');
      reader.end();
      readers = [];
    }
  });

  it('are told in a map by RESP3, and nothing when time is up', async () => {
    const reader = server.client();
    readers.push(reader);
    expect(await reader.call('xread', 'block', '20', 'streams', 's', '$')).toBeNull();
    await reader.call('hello', '3');
    reader.send('xread', 'block', '0', 'streams', 's', '$');
    await blockedUntil(other, 1);
    await other.call('xadd', 's', '1-1', 'a', '1');
    expect(shown(await reader.read())).toBe('map(["s", [["1-1", ["a", "1"]]]])');
  });
});
