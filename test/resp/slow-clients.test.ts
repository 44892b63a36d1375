/**
 * Clients that do not read what they are sent: cut by client-output-buffer-limit, counted and logged, before
 * they cost memory; and harmless to those who read.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';

const MIB = 1 << 20;
const TEST_MS_MAX = 120_000;
const DEFAULT_LIMITS = 'normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60';
/** What the system's buffers between two sockets take in at most. */
const SOCKET_BYTES_MAX = 12 * MIB;

describe.each([1, 3])('slow clients with %i threads', (threadCount) => {
  let server: RespServer;
  let other: RespClient;

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`]);
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    other = server.client();
  });
  afterEach(async () => {
    await limitsSet(DEFAULT_LIMITS);
    other.end();
  });

  async function limitsSet(limits: string): Promise<void> {
    expect(await other.call('config', 'set', 'client-output-buffer-limit', limits)).toMatchObject({
      simple: 'OK',
    });
  }

  /** A client that has subscribed, and reads nothing any more. */
  async function deafSubscriber(channel: string): Promise<RespClient> {
    const client = server.client();
    await client.call('subscribe', channel);
    client.socket.pause();
    return client;
  }

  async function cutCount(): Promise<number> {
    const info = String(await other.call('info', 'stats'));
    return Number(/client_output_buffer_limit_disconnections:(\d+)/.exec(info)?.[1]);
  }

  function residentBytes(): number {
    const status = readFileSync(`/proc/${server.pid}/status`, 'latin1');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  it(
    'a subscriber that never reads is cut at the hard limit, and the others get all',
    async () => {
      await limitsSet('pubsub 1mb 0 0');
      const deaf = [
        await deafSubscriber('c'),
        await deafSubscriber('c'),
        await deafSubscriber('c'),
      ];
      const reader = server.client();
      await reader.call('subscribe', 'c');
      const payload = 'x'.repeat(65_536);
      let published = 0;
      let receivers = 4;
      const before = residentBytes();
      while (receivers > 1 && published < 1000) {
        receivers = Number(await other.call('publish', 'c', payload));
        published++;
        const message = (await reader.read()) as string[];
        expect(message[2] === payload).toBe(true);
      }
      expect(receivers).toBe(1);
      expect(published * payload.length).toBeLessThan(SOCKET_BYTES_MAX);
      expect(residentBytes() - before).toBeLessThan(60 * MIB);
      await eventually(
        'three lines in the log',
        () => server.log().split('it left too much unread').length - 1,
        (count) => count >= 3,
      );
      for (const client of [...deaf, reader]) client.end();
    },
    TEST_MS_MAX,
  );

  it(
    'short messages cost their bytes and no more',
    async () => {
      await limitsSet('pubsub 8mb 0 0');
      const deaf = await deafSubscriber('c');
      const before = residentBytes();
      let receivers = 1;
      let published = 0;
      let omemMax = 0;
      while (receivers > 0 && published < 1_000_000) {
        for (let n = 0; n < 2000; n++) other.send('publish', 'c', 'twenty bytes of text');
        for (let n = 0; n < 2000; n++) receivers = Math.min(receivers, Number(await other.read()));
        published += 2000;
        const list = String(await other.call('client', 'list', 'type', 'pubsub'));
        omemMax = Math.max(omemMax, Number(/ omem=(\d+)/.exec(list)?.[1] ?? 0));
      }
      expect(receivers).toBe(0);
      expect(omemMax).toBeGreaterThan(4 * MIB);
      expect(omemMax).toBeLessThan(9 * MIB);
      expect(residentBytes() - before).toBeLessThan(100 * MIB);
      deaf.end();
    },
    TEST_MS_MAX,
  );

  it(
    'a subscriber is cut when it is beyond the soft limit for too long, and not before',
    async () => {
      await limitsSet('pubsub 0 1mb 4');
      const late = await deafSubscriber('late');
      const deaf = await deafSubscriber('deaf');
      const payload = 'x'.repeat(8 * MIB);
      for (const channel of ['late', 'deaf']) {
        expect(await other.call('publish', channel, payload)).toBe(1);
      }
      const cuts = await cutCount();
      late.socket.resume();
      expect(((await late.read()) as string[])[2]).toHaveLength(payload.length);
      await eventually('the end of the other', cutCount, (count) => count === cuts + 1);
      expect(await other.call('publish', 'deaf', 'x')).toBe(0);
      expect(await other.call('publish', 'late', 'x')).toBe(1);
      for (const client of [late, deaf]) client.end();
    },
    TEST_MS_MAX,
  );

  it('a client that asks and does not read is served on, or cut, by the limit of its class', async () => {
    await other.call('set', 'k', 'y'.repeat(MIB));
    const patient = server.client();
    patient.socket.pause();
    for (let n = 0; n < 40; n++) patient.send('get', 'k');
    await other.call('ping');
    patient.socket.resume();
    for (let n = 0; n < 40; n++) expect(await patient.read()).toHaveLength(MIB);
    await limitsSet('normal 4mb 0 0');
    const cuts = await cutCount();
    patient.socket.pause();
    for (let n = 0; n < 40; n++) patient.send('get', 'k');
    await eventually('its end', cutCount, (count) => count === cuts + 1);
    patient.end();
  });

  it('a reply beyond the limit is not begun', async () => {
    await limitsSet('normal 100kb 0 0');
    await other.call('set', 'k', 'y'.repeat(MIB));
    const client = server.client();
    let bytes = 0;
    client.socket.on('data', (data) => (bytes += data.length));
    client.send('multi');
    client.send('set', 'done', 'yes');
    client.send('get', 'k');
    client.send('exec');
    await eventually(
      'its end',
      () => client.closed,
      (closed) => closed,
    );
    expect(bytes).toBeLessThan(1000);
    expect(await other.call('get', 'done')).toBe('yes');
  });
});
