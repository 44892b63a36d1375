/**
 * Scripts that run too long, over one and more threads: everybody hears of it, wherever connected, and can
 * end it; what waits for it gives up; and afterwards all is as before.
 */
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { errorSystemCode } from '../../src/base/errors.ts';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually, TextClient } from '../support/text-client.ts';
import { shown } from './session.ts';

const CLIENTS = 6;
const TEST_MS_MAX = 60_000;
const BUSY =
  '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
const BUSY_FUNCTION = BUSY.replace('SCRIPT KILL', 'FUNCTION KILL');
const NOT_BUSY = '-NOTBUSY No scripts in execution right now.';
const KILLED =
  /^-ERR Script killed by user with SCRIPT KILL\. script: \w{40}, on @user_script:\d+\.$/;
const FOREVER = 'while true do end';

describe.each([1, 3])('overdue scripts with %i threads', (threadCount) => {
  let server: RespServer;
  let clients: RespClient[] = [];
  /** Runs the scripts. */
  let runner: RespClient;

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`]);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    clients = Array.from({ length: CLIENTS }, () => server.client());
    runner = server.client();
    await runner.call('flushall');
    await runner.call('config', 'set', 'busy-reply-threshold', '50');
    await Promise.all(clients.map((client) => client.call('ping')));
  });
  afterEach(async () => {
    for (const client of [...clients, runner]) client.end();
  });

  const ask = async (client: RespClient, ...words: string[]): Promise<string> =>
    shown(await client.call(...words));
  const all = (...words: string[]): Promise<string[]> =>
    Promise.all(clients.map((client) => ask(client, ...words)));
  const everybody = (reply: string): string[] => clients.map(() => reply);

  /** Sends the command of a script, and waits until it is overdue. */
  async function overdue(...words: readonly (string | number)[]): Promise<void> {
    runner.send(...words);
    await eventually(
      'the script overdue',
      () => ask(clients[0], 'ping'),
      (reply) => reply.startsWith('-BUSY'),
    );
  }

  it(
    'everybody hears of one, and anybody can have it killed',
    async () => {
      for (const client of clients) {
        await overdue('eval', FOREVER, 0);
        expect(await all('ping')).toEqual(everybody(BUSY));
        expect(await all('get', 'k')).toEqual(everybody(BUSY));
        expect(await all('flushall')).toEqual(everybody(BUSY));
        expect(await ask(client, 'function', 'kill')).toBe(BUSY);
        expect(await ask(client, 'function', 'stats')).toBe(BUSY);
        expect(await ask(client, 'shutdown')).toBe(BUSY);
        expect(await ask(client, 'script', 'kill')).toBe('+OK');
        expect(shown(await runner.read())).toMatch(KILLED);
        expect(await all('ping')).toEqual(everybody('+PONG'));
        expect(await ask(client, 'script', 'kill')).toBe(NOT_BUSY);
      }
    },
    TEST_MS_MAX,
  );

  it(
    'what needs no keys is answered as ever',
    async () => {
      await overdue('eval', FOREVER, 0);
      for (const client of clients) {
        expect(await ask(client, 'multi')).toBe('+OK');
        expect(await ask(client, 'get', 'k')).toBe(BUSY);
        expect(await ask(client, 'exec')).toBe(
          `-EXECABORT Transaction discarded because of: ${BUSY.slice(1)}`,
        );
        expect(await ask(client, 'multi')).toBe('+OK');
        expect(await ask(client, 'discard')).toBe('+OK');
        expect(await ask(client, 'unwatch')).toBe('+OK');
        expect(await ask(client, 'hello', '3')).toMatch(/^map\(/);
        expect(await ask(client, 'reset')).toBe('+RESET');
      }
      expect(await ask(clients[0], 'script', 'kill')).toBe('+OK');
      expect(shown(await runner.read())).toMatch(KILLED);
    },
    TEST_MS_MAX,
  );

  it(
    'requests that arrive in pieces, and many at once, are answered in order',
    async () => {
      await overdue('eval', FOREVER, 0);
      for (const client of clients) client.write('*2\r\n$3\r\nget\r\n$1\r\nk\r\n*1\r\n$4\r\npi');
      for (const client of clients) expect(shown(await client.read())).toBe(BUSY);
      for (const client of clients) client.write(`ng\r\n${'*1\r\n$4\r\nping\r\n'.repeat(500)}`);
      for (const client of clients) {
        for (let left = 501; left > 0; left--) expect(shown(await client.read())).toBe(BUSY);
      }
      expect(await ask(clients[0], 'script', 'kill')).toBe('+OK');
      expect(shown(await runner.read())).toMatch(KILLED);
    },
    TEST_MS_MAX,
  );

  it.each([
    ['pcall', 'local function f() while true do end end while true do pcall(f) end'],
    ['commands', 'local function f() while true do redis.call("ping") end end pcall(f) f()'],
    ['xpcall', 'while true do xpcall(function() while true do end end, type) end'],
    [
      'coroutines',
      `local function deep() while true do coroutine.resume(coroutine.create(function()
         while true do pcall(function() while true do end end) end end)) end end
       while true do coroutine.resume(coroutine.create(deep)) end`,
    ],
  ])('cannot catch its end by %s', async (_, script) => {
    await overdue('eval', script, 0);
    expect(await ask(clients[1], 'script', 'kill')).toBe('+OK');
    expect(shown(await runner.read())).toMatch(KILLED);
  });

  it('one that has written is not killed, and ends by itself', async () => {
    const script = `redis.call('set', KEYS[1], 'new')
      while not redis.call('time')[1] == 0 or redis.call('time')[1] < ARGV[1] do end
      return redis.call('get', KEYS[1])`;
    const untilSec = Math.floor(Date.now() / 1000) + 2;
    await overdue('eval', script, 1, 'k', untilSec);
    for (const kind of ['script', 'function']) {
      expect(await ask(clients[1], kind, 'kill')).toMatch(/^-UNKILLABLE Sorry the script already/);
    }
    expect(await runner.read()).toBe('new');
    expect(await all('get', 'k')).toEqual(everybody('"new"'));
  });

  it('a function is killed by the other command, and shown', async () => {
    const code = `redis.register_function('loop', function() ${FOREVER} end)`;
    await runner.call('function', 'load', 'replace', `#!lua name=loops\n${code}`);
    await overdue('fcall', 'loop', 0, 'with', 'words');
    for (const client of clients) {
      expect(await ask(client, 'get', 'k')).toBe(BUSY_FUNCTION);
      expect(await ask(client, 'script', 'kill')).toBe(BUSY_FUNCTION);
      expect(await ask(client, 'function', 'stats')).toMatch(
        /^\["running_script", \["name", "loop", "command", \["fcall", "loop", "0", "with", "words"\], "duration_ms", :\d+\], /,
      );
    }
    expect(await ask(clients[2], 'function', 'kill')).toBe('+OK');
    expect(shown(await runner.read())).toBe(
      '-ERR Script killed by user with FUNCTION KILL. script: loop, on @user_function:2.',
    );
    expect(await ask(clients[2], 'function', 'stats')).toMatch(/^\["running_script", nil, /);
  });

  it('what had come before it was overdue, and waits for its keys, gives up', async () => {
    await runner.call('config', 'set', 'busy-reply-threshold', '1000');
    runner.send('eval', `redis.log(redis.LOG_WARNING, 'begun') ${FOREVER}`, 1, 'k');
    await eventually(
      'the script begun',
      async () => server.log(),
      (log) => log.includes('begun'),
    );
    for (const client of clients) client.send('get', 'k');
    for (const client of clients) expect(shown(await client.read())).toBe(BUSY);
    expect(await ask(clients[0], 'script', 'kill')).toBe('+OK');
    expect(shown(await runner.read())).toMatch(KILLED);
    expect(await all('set', 'k', 'v')).toEqual(everybody('+OK'));
  });

  it('a transaction about users that gives up leaves them to others', async () => {
    await runner.call('config', 'set', 'busy-reply-threshold', '1000');
    expect(await all('multi')).toEqual(everybody('+OK'));
    expect(await all('acl', 'setuser', 'somebody', 'on')).toEqual(everybody('+QUEUED'));
    expect(await all('get', 'k')).toEqual(everybody('+QUEUED'));
    const before = server.log().split('begun').length;
    runner.send('eval', `redis.log(redis.LOG_WARNING, 'begun') ${FOREVER}`, 1, 'k');
    await eventually(
      'the script begun',
      async () => server.log().split('begun').length,
      (count) => count > before,
    );
    for (const client of clients) client.send('exec');
    for (const client of clients) expect(shown(await client.read())).toMatch(/^-EXECABORT .*BUSY/);
    expect(await ask(clients[0], 'script', 'kill')).toBe('+OK');
    expect(shown(await runner.read())).toMatch(KILLED);
    expect(await all('acl', 'setuser', 'somebody', 'off')).toEqual(everybody('+OK'));
    expect(await ask(runner, 'acl', 'deluser', 'somebody')).toBe(':1');
  });

  it('clients of memcached wait, and their threads serve others meanwhile', async () => {
    const address = { host: server.host, port: server.memcachedPort };
    const texts = await Promise.all(clients.map(() => TextClient.open(address)));
    await overdue('eval', FOREVER, 1, 'k');
    for (const text of texts) text.send('get k\r\n');
    for (let round = 0; round < 5; round++) {
      expect(await all('get', 'k')).toEqual(everybody(BUSY));
    }
    expect(await ask(clients[3], 'script', 'kill')).toBe('+OK');
    for (const text of texts) {
      expect(await text.line()).toBe('END');
      text.socket.end();
    }
    expect(shown(await runner.read())).toMatch(KILLED);
  });

  it(
    'who comes anew hears of it, too, and stays',
    async () => {
      await overdue('eval', FOREVER, 1, 'k');
      const late: RespClient[] = [];
      const answered = async (client: RespClient): Promise<boolean> => {
        client.send('ping');
        const wait = new Promise<null>((resolve) => setTimeout(() => resolve(null), 2000));
        const reply = client.read().catch(() => null); // it is given up below
        return (await Promise.race([reply, wait])) !== null;
      };
      // One of so many sockets is that of the thread itself, where a client has to wait.
      while (late.length < 4) {
        const client = server.client();
        if (await answered(client)) late.push(client);
        else client.end();
      }
      for (const client of late) {
        expect(await ask(client, 'get', 'k')).toBe(BUSY);
        expect(await ask(client, 'client', 'setname', 'late')).toBe(BUSY);
      }
      expect(await ask(late[0] as RespClient, 'script', 'kill')).toBe('+OK');
      expect(shown(await runner.read())).toMatch(KILLED);
      for (const client of late) {
        const value = 'v'.repeat(100_000);
        expect(await ask(client, 'set', 'k', value)).toBe('+OK');
        expect(await client.call('get', 'k')).toBe(value);
        expect(await ask(client, 'client', 'info')).toMatch(/ addr=127\.0\.0\.1:\d+ laddr=127\.0/);
        client.write('*1\r\n$4\r\nquit\r\n');
        expect(shown(await client.read())).toBe('+OK');
        await eventually(
          'the connection closed',
          async () => client.closed,
          (closed) => closed,
        );
      }
      expect(await ask(clients[0], 'client', 'list')).not.toContain('cmd=quit');
    },
    TEST_MS_MAX,
  );

  it('in a transaction ends alone', async () => {
    await runner.call('multi');
    await runner.call('set', 'k', 'v');
    await runner.call('eval', FOREVER, 0);
    await runner.call('get', 'k');
    await overdue('exec');
    expect(await ask(clients[1], 'script', 'kill')).toBe('+OK');
    expect(shown(await runner.read())).toMatch(/^\[\+OK, -ERR Script killed .*, "v"\]$/);
  });

  it('with a threshold of 0 none is', async () => {
    await runner.call('config', 'set', 'busy-reply-threshold', '0');
    const untilSec = Math.floor(Date.now() / 1000) + 2;
    runner.send('eval', "while redis.call('time')[1] < ARGV[1] do end return 7", 0, untilSec);
    expect(await all('ping')).toEqual(everybody('+PONG'));
    expect(await runner.read()).toBe(7);
  });
});

describe('SHUTDOWN NOSAVE', () => {
  it.each([1, 2])('ends a server of %i threads in the middle of a script', async (threadCount) => {
    const server = await respSpawn(['-t', `${threadCount}`]);
    const [runner, other] = [server.client(), server.client()];
    await other.call('config', 'set', 'lua-time-limit', '50');
    runner.send('eval', FOREVER, 0);
    await eventually(
      'the script overdue',
      async () => shown(await other.call('ping')),
      (reply) => reply === BUSY,
    );
    other.send('shutdown', 'nosave');
    await once(other.socket, 'close');
    // Whoever sees it close finds nobody listening.
    const refused = await TextClient.open({ host: server.host, port: server.port }).then(
      () => 'accepted',
      errorSystemCode,
    );
    expect(refused).toBe('ECONNREFUSED');
    await server.ended;
    runner.end();
    other.end();
  });
});
