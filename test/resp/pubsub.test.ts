/**
 * Publish and subscribe over one and more threads. The kernel spreads the connections, so a handful of
 * them is on all threads.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';

const CLIENT_COUNT = 8;
const MESSAGE_COUNT = 300;
const TEST_MS_MAX = 60_000;

describe.each([1, 2, 4])('pub/sub with %i threads', (threadCount) => {
  let server: RespServer;
  let clients: RespClient[] = [];

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`]);
  });
  afterAll(() => server.stop());

  /** Clients that are gone, and whose subscriptions are, when the test is over. */
  async function withClients(
    count: number,
    use: (clients: readonly RespClient[]) => Promise<void>,
  ): Promise<void> {
    clients = Array.from({ length: count }, () => server.client());
    await use(clients);
    for (const client of clients) client.end();
    const asker = server.client();
    await eventually(
      'the subscriptions are gone',
      async () => [await asker.call('pubsub', 'channels'), await asker.call('pubsub', 'numpat')],
      ([channels, patterns]) => JSON.stringify([channels, patterns]) === '[[],0]',
    );
    asker.end();
  }

  it('confirms, counts and sends as Redis does', () =>
    withClients(2, async ([listener, other]) => {
      listener.send('subscribe', 'a', 'b', 'a');
      expect(await reads(listener, 3)).toEqual([
        ['subscribe', 'a', 1],
        ['subscribe', 'b', 2],
        ['subscribe', 'a', 2],
      ]);
      expect(await listener.call('psubscribe', 'a*')).toEqual(['psubscribe', 'a*', 3]);
      expect(await listener.call('ssubscribe', 'a')).toEqual(['ssubscribe', 'a', 1]);
      expect(await other.call('publish', 'a', 'one')).toBe(2);
      expect(await other.call('publish', 'axx', '\0\r\n')).toBe(1);
      expect(await other.call('spublish', 'a', 'two')).toBe(1);
      expect(await other.call('publish', 'c', 'nobody')).toBe(0);
      expect(await other.call('spublish', 'b', 'nobody')).toBe(0);
      expect(await reads(listener, 4)).toEqual([
        ['message', 'a', 'one'],
        ['pmessage', 'a*', 'a', 'one'],
        ['pmessage', 'a*', 'axx', '\0\r\n'],
        ['smessage', 'a', 'two'],
      ]);
      expect(await listener.call('unsubscribe', 'a')).toEqual(['unsubscribe', 'a', 2]);
      expect(await listener.call('unsubscribe', 'a')).toEqual(['unsubscribe', 'a', 2]);
      expect(await listener.call('punsubscribe')).toEqual(['punsubscribe', 'a*', 1]);
      expect(await listener.call('unsubscribe')).toEqual(['unsubscribe', 'b', 0]);
      expect(await listener.call('unsubscribe')).toEqual(['unsubscribe', null, 0]);
      expect(await listener.call('punsubscribe')).toEqual(['punsubscribe', null, 0]);
      expect(await listener.call('sunsubscribe')).toEqual(['sunsubscribe', 'a', 0]);
      expect(await other.call('publish', 'a', 'nobody')).toBe(0);
    }));

  it('lets a client that has subscribed do little else', () =>
    withClients(1, async ([listener]) => {
      await listener.call('subscribe', 'a');
      expect(await listener.call('get', 'k')).toMatchObject({
        error: expect.stringMatching(/^ERR Can't execute 'get': only \(P\|S\)SUBSCRIBE/),
      });
      expect(await listener.call('ping')).toEqual(['pong', '']);
      expect(await listener.call('ping', 'x')).toEqual(['pong', 'x']);
      await listener.call('unsubscribe');
      expect(await listener.call('get', 'k')).toBeNull();
    }));

  it('says who is subscribed, on whatever thread', () =>
    withClients(CLIENT_COUNT, async (all) => {
      for (const [at, client] of all.entries()) {
        await client.call('subscribe', 'news', `own-${at}`);
        await client.read();
        await client.call('psubscribe', `p${at % 3}*`);
        await client.call('ssubscribe', 'shard');
      }
      const asker = server.client();
      const names = ['news', ...all.map((_, at) => `own-${at}`)];
      expect((await asker.call('pubsub', 'channels')) as string[]).toHaveLength(names.length);
      expect(await asker.call('pubsub', 'channels', '?ews')).toEqual(['news']);
      const counts = ['news', CLIENT_COUNT, 'own-3', 1, 'none', 0];
      expect(await asker.call('pubsub', 'numsub', 'news', 'own-3', 'none')).toEqual(counts);
      expect(await asker.call('pubsub', 'numsub')).toEqual([]);
      expect(await asker.call('pubsub', 'numpat')).toBe(3);
      expect(await asker.call('pubsub', 'shardchannels')).toEqual(['shard']);
      expect(await asker.call('pubsub', 'shardnumsub', 'shard')).toEqual(['shard', CLIENT_COUNT]);
      expect(await asker.call('pubsub', 'channels', 'a', 'b')).toMatchObject({
        error: expect.stringContaining("wrong number of arguments for 'channels'"),
      });
      asker.end();
    }));

  it('knows of each SUBSCRIBE that was answered, and of each UNSUBSCRIBE', () =>
    withClients(CLIENT_COUNT, async (all) => {
      const publisher = server.client();
      for (let round = 0; round < 20; round++) {
        for (const [at, client] of all.entries()) {
          await client.call('subscribe', 'c');
          expect(await publisher.call('publish', 'c', 'x')).toBe(at + 1);
        }
        for (const [at, client] of all.entries()) {
          for (let n = at; n < all.length; n++) await client.read();
          client.send('unsubscribe', 'c');
          expect(await nextOf(client, 'unsubscribe')).toEqual(['unsubscribe', 'c', 0]);
          expect(await publisher.call('publish', 'c', 'x')).toBe(all.length - at - 1);
        }
        for (const client of all) expect(client.unread).toBe(0);
      }
      publisher.end();
    }));

  it('sends before it answers: what a subscriber asks later is answered later', () =>
    withClients(CLIENT_COUNT, async (all) => {
      const publisher = server.client();
      for (const client of all) await client.call('subscribe', 'c');
      for (let n = 0; n < 50; n++) {
        await publisher.call('publish', 'c', `${n}`);
        for (const client of all) client.send('ping');
        for (const client of all) {
          expect(await reads(client, 2)).toEqual([
            ['message', 'c', `${n}`],
            ['pong', ''],
          ]);
        }
      }
      publisher.end();
    }));

  it(
    'keeps the order of each publisher, and counts exactly',
    () =>
      withClients(CLIENT_COUNT, async (all) => {
        for (const client of all) await client.call('subscribe', 'c', 'd');
        for (const client of all) await client.read();
        const publishers = Array.from({ length: 4 }, () => server.client());
        for (let n = 0; n < MESSAGE_COUNT; n++) {
          for (const [at, publisher] of publishers.entries()) {
            publisher.send('publish', n % 2 === 0 ? 'c' : 'd', `${at} ${n}`);
          }
        }
        for (const publisher of publishers) {
          const counts = await reads(publisher, MESSAGE_COUNT);
          expect(new Set(counts)).toEqual(new Set([CLIENT_COUNT]));
          publisher.end();
        }
        for (const client of all) {
          const texts = await reads(client, MESSAGE_COUNT * publishers.length);
          for (const at of publishers.keys()) {
            const own = texts.map(lastOf).filter((text) => text.startsWith(`${at} `));
            expect(own).toEqual(Array.from({ length: MESSAGE_COUNT }, (_, n) => `${at} ${n}`));
          }
        }
      }),
    TEST_MS_MAX,
  );

  it('carries messages of any length to many', () =>
    withClients(CLIENT_COUNT, async (all) => {
      const publisher = server.client();
      for (const client of all) await client.call('psubscribe', '*');
      for (const bytes of [0, 1, 5000, 40_000, 3_000_000]) {
        const payload = 'x'.repeat(bytes);
        expect(await publisher.call('publish', `c${bytes}`, payload)).toBe(CLIENT_COUNT);
        for (const client of all) {
          const [word, pattern, channel, text] = (await client.read()) as string[];
          expect([word, pattern, channel]).toEqual(['pmessage', '*', `c${bytes}`]);
          expect(text === payload).toBe(true);
        }
      }
      publisher.end();
    }));

  it('publishes within MULTI', () =>
    withClients(2, async ([listener, publisher]) => {
      await listener.call('subscribe', 'c');
      for (const words of [['multi'], ['publish', 'c', '1'], ['publish', 'c', '2']]) {
        await publisher.call(...words);
      }
      expect(await publisher.call('exec')).toEqual([1, 1]);
      expect((await reads(listener, 2)).map(lastOf)).toEqual(['1', '2']);
    }));

  it('forgets who has left', () =>
    withClients(1, async ([publisher]) => {
      const leavers = Array.from({ length: CLIENT_COUNT }, () => server.client());
      for (const leaver of leavers) await leaver.call('subscribe', 'c');
      expect(await publisher.call('publish', 'c', 'x')).toBe(CLIENT_COUNT);
      leavers[0].send('quit');
      for (const leaver of leavers.slice(1)) leaver.end();
      await eventually(
        'nobody is there',
        () => publisher.call('publish', 'c', 'x'),
        (count) => count === 0,
      );
    }));
});

async function reads(client: RespClient, count: number): Promise<RespReply[]> {
  const replies: RespReply[] = [];
  for (let n = 0; n < count; n++) replies.push(await client.read());
  return replies;
}

/** The next reply that starts with a word; what comes before it is passed over. */
async function nextOf(client: RespClient, word: string): Promise<RespReply> {
  for (;;) {
    const reply = await client.read();
    if (Array.isArray(reply) && reply[0] === word) return reply;
  }
}

function lastOf(reply: RespReply): string {
  const parts = reply as readonly string[];
  return parts[parts.length - 1];
}
