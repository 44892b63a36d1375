/**
 * Threads that die: what they told the others is forgotten, and who takes their place learns what the others
 * know before it serves anybody. The supervisor runs in this process, so that a thread can be terminated.
 */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optionsParse } from '../../src/cli/options.ts';
import { Supervisor } from '../../src/supervisor.ts';
import { portFree } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { eventually } from '../support/text-client.ts';
import { blockedUntil, wordsCall } from './blocked.ts';

const THREAD_COUNT = 3;
const CLIENT_COUNT = 18;
const ROUNDS = process.env['FLAGSTONE_LONG'] === '1' ? 30 : 4;
const TEST_MS_MAX = 60_000 + ROUNDS * 6000;

describe('a thread that dies', () => {
  let supervisor: Supervisor;
  let port = 0;
  let restarts = 0;

  beforeAll(async () => {
    port = await portFree();
    const flags = ['-p', '-1', '-l', '127.0.0.1', '-t', `${THREAD_COUNT}`, '-m', '64'];
    const config = optionsParse([...flags, '--resp-port', `${port}`], {});
    const destination = {
      write: (line: string) => {
        if (line.includes('was started anew')) restarts++;
      },
    };
    const ignore = (): void => undefined;
    supervisor = new Supervisor(config, pino({ level: 'warn' }, destination), {
      version: 'test',
      plainWire: false,
      debugCommands: false,
      onShutdown: ignore,
    });
    await supervisor.start();
  });
  afterAll(() => supervisor.end());

  function clientsOpen(): RespClient[] {
    return Array.from({ length: CLIENT_COUNT }, () => new RespClient({ host: '127.0.0.1', port }));
  }

  async function kill(thread: number): Promise<void> {
    const before = restarts;
    await supervisor.dataWorker(thread)?.terminate();
    await eventually(
      'the new thread',
      () => restarts,
      (count) => count > before,
    );
  }

  function living(clients: readonly RespClient[]): RespClient[] {
    return clients.filter(({ closed }) => !closed);
  }

  it(
    'takes its subscribers along, and its successor knows those of the others',
    async () => {
      let listeners: RespClient[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const fresh = clientsOpen();
        for (const client of fresh) {
          await client.call('subscribe', 'c');
          await client.call('psubscribe', '?');
        }
        listeners = living([...listeners, ...fresh]);
        await kill(round % THREAD_COUNT);
        await eventually(
          'its connections are gone',
          () => living(listeners).length,
          (count) => count < listeners.length,
        );
        listeners = living(listeners);
        const publishers = clientsOpen();
        for (const [at, publisher] of publishers.entries()) {
          expect(await publisher.call('publish', 'c', `${at}`)).toBe(listeners.length * 2);
          expect(await publisher.call('pubsub', 'numsub', 'c')).toEqual(['c', listeners.length]);
        }
        for (const listener of listeners) {
          for (const at of publishers.keys()) {
            expect(await listener.read()).toEqual(['message', 'c', `${at}`]);
            expect(await listener.read()).toEqual(['pmessage', '?', 'c', `${at}`]);
          }
        }
        for (const publisher of publishers) publisher.end();
      }
      for (const listener of listeners) listener.end();
    },
    TEST_MS_MAX,
  );

  it(
    'takes its blocked clients along, and its successor knows those of the others',
    async () => {
      let waiting: RespClient[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const asker = new RespClient({ host: '127.0.0.1', port });
        const fresh = clientsOpen();
        for (const client of fresh) {
          client.send('blpop', 'k', 0);
          waiting.push(client);
          await blockedUntil(asker, waiting.length);
        }
        asker.end();
        await kill(round % THREAD_COUNT);
        const other = new RespClient({ host: '127.0.0.1', port });
        await eventually(
          'its connections are gone',
          () => living(waiting).length,
          (count) => count < waiting.length,
        );
        waiting = living(waiting);
        await blockedUntil(other, waiting.length);
        // Each push by another connection, and so by another thread.
        for (const client of waiting.splice(0, 6)) {
          const pusher = new RespClient({ host: '127.0.0.1', port });
          await pusher.call('rpush', 'k', 'x');
          expect(await client.read()).toEqual(['k', 'x']);
          client.end();
          pusher.end();
        }
        expect(await other.call('exists', 'k')).toBe(0);
        other.end();
      }
      for (const client of waiting) client.end();
    },
    TEST_MS_MAX,
  );

  it(
    'does not take the settings along',
    async () => {
      const clients = clientsOpen();
      await wordsCall(clients[0], 'config set notify-keyspace-events KEA slowlog-max-len 77');
      for (const client of clients) client.end();
      for (let thread = 0; thread < THREAD_COUNT; thread++) await kill(thread);
      const listener = new RespClient({ host: '127.0.0.1', port });
      await listener.call('subscribe', '__keyspace@0__:k');
      const others = clientsOpen();
      for (const client of others) {
        const [, length] = (await client.call('config', 'get', 'slowlog-max-len')) as string[];
        expect(length).toBe('77');
        await client.call('set', 'k', 'v');
        expect(await listener.read()).toEqual(['message', '__keyspace@0__:k', 'set']);
      }
      for (const client of [...others, listener]) client.end();
    },
    TEST_MS_MAX,
  );
});
