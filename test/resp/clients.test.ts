/** What one client sees of others and does to them, on whatever threads they are: CLIENT, MONITOR. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RespClient, RespError, type RespReply, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { blockedUntil, wordsCall } from './blocked.ts';
import { shown } from './session.ts';

const OK = new RespSimple('OK');
const PONG = new RespSimple('PONG');
/** So many that they are on different threads. */
const CLIENT_COUNT = 12;
const LONG_MS = '600000';

let server: RespServer;
let asker: RespClient;
let others: RespClient[];

beforeAll(async () => {
  server = await respSpawn(['-t', '4']);
});
afterAll(() => server.stop());
beforeEach(async () => {
  asker = server.client();
  others = Array.from({ length: CLIENT_COUNT }, () => server.client());
  await asker.call('flushall');
  await Promise.all(others.map((other, n) => other.call('client', 'setname', `other-${n}`)));
});
afterEach(async () => {
  for (const client of [asker, ...others]) client.end();
  const last = server.client();
  await eventually(
    'the clients of a test are gone',
    async () => lines(await last.call('client', 'list')).length,
    (count) => count === 1,
  );
  last.end();
});

/** The lines of CLIENT LIST, as fields. */
function lines(reply: RespReply): Map<string, string>[] {
  const fields = (line: string): [string, string][] =>
    line.split(' ').map((word) => {
      const [name, ...value] = word.split('=');
      return [name, value.join('=')];
    });
  return `${reply}`
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => new Map(fields(line)));
}

async function named(name: string): Promise<Map<string, string> | undefined> {
  const listed = lines(await asker.call('client', 'list'));
  return listed.find((fields) => fields.get('name') === name);
}

/** Resolves when the client has been closed by the server. */
function closed(client: RespClient): Promise<unknown> {
  return eventually(
    'a client is closed',
    () => client.closed,
    (is) => is,
  );
}

describe('CLIENT LIST', () => {
  it('has all clients of all threads, in the order of their ids', async () => {
    // Those who asked whether the server is there may still be leaving.
    const listed = await vi.waitFor(async () => {
      const all = lines(await asker.call('client', 'list'));
      expect(all).toHaveLength(CLIENT_COUNT + 1);
      return all;
    });
    const ids = listed.map((fields) => Number(fields.get('id')));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    const own = listed.find((fields) => fields.get('name') === '');
    expect(own?.get('cmd')).toBe('client|list');
    const names = listed.map((fields) => fields.get('name')).toSorted();
    expect(names).toEqual(['', ...others.map((_, n) => `other-${n}`)].toSorted());
    const [first, second] = ids;
    const some = lines(await asker.call('client', 'list', 'id', `${second}`, `${first}`));
    expect(some.map((fields) => Number(fields.get('id')))).toEqual([first, second]);
  });

  it('tells what they are about', async () => {
    await wordsCall(others[0], 'select 5', 'watch a b', 'multi', 'set a 1');
    await wordsCall(others[1], 'subscribe x', 'psubscribe y*');
    await others[2].call('monitor');
    await others[3].call('hello', '3');
    const blocked = others[4].call('blpop', 'list', '0');
    await blockedUntil(asker, 1);
    expect(Object.fromEntries((await named('other-0')) ?? [])).toMatchObject({
      db: '5',
      watch: '2',
      multi: '1',
      flags: 'x',
      cmd: 'set',
    });
    const subscriber = { sub: '1', psub: '1', flags: 'P' };
    expect(Object.fromEntries((await named('other-1')) ?? [])).toMatchObject(subscriber);
    expect((await named('other-2'))?.get('flags')).toBe('O');
    expect((await named('other-3'))?.get('resp')).toBe('3');
    expect((await named('other-4'))?.get('flags')).toBe('b');
    const pubsub = lines(await asker.call('client', 'list', 'type', 'pubsub'));
    expect(pubsub.map((fields) => fields.get('name'))).toEqual(['other-1']);
    await asker.call('rpush', 'list', 'x');
    expect(await blocked).toEqual(['list', 'x']);
  });
});

describe('CLIENT KILL', () => {
  it('closes by id, by address, and by what the filters say together', async () => {
    const id = (await named('other-0'))?.get('id') ?? '';
    const address = (await named('other-1'))?.get('addr') ?? '';
    expect(await asker.call('client', 'kill', 'id', id)).toBe(1);
    await closed(others[0]);
    expect(await asker.call('client', 'kill', address)).toEqual(OK);
    await closed(others[1]);
    expect(await named('other-0')).toBeUndefined();
    expect(await asker.call('client', 'kill', 'id', id)).toBe(0);
    await others[2].call('subscribe', 'x');
    const normal = (await named('other-3'))?.get('id') ?? '';
    expect(await asker.call('client', 'kill', 'id', normal, 'type', 'pubsub')).toBe(0);
    expect(await asker.call('client', 'kill', 'type', 'pubsub')).toBe(1);
    await closed(others[2]);
    expect(await others[3].call('ping')).toEqual(PONG);
  });

  it('closes many at once, and itself only if it is told to', async () => {
    const own = lines(await asker.call('client', 'info'))[0];
    const local = own.get('laddr') ?? '';
    expect(await asker.call('client', 'kill', 'laddr', local)).toBe(CLIENT_COUNT);
    await Promise.all(others.map(closed));
    expect(await asker.call('client', 'kill', 'user', 'default', 'skipme', 'no')).toBe(1);
    await closed(asker);
  });

  it('leaves the young ones', async () => {
    expect(await asker.call('client', 'kill', 'maxage', '100000')).toBe(0);
    expect(await others[0].call('ping')).toEqual(PONG);
  });

  it('ends a wait and a transaction', async () => {
    others[0].send('blpop', 'list', '0');
    await wordsCall(others[1], 'multi', 'set a 1');
    await blockedUntil(asker, 1);
    expect(await asker.call('client', 'kill', 'type', 'normal')).toBe(CLIENT_COUNT);
    await Promise.all(others.map(closed));
    expect(await asker.call('rpush', 'list', 'x')).toBe(1);
    expect(await asker.call('llen', 'list')).toBe(1);
    expect(await asker.call('exists', 'a')).toBe(0);
  });
});

describe('CLIENT PAUSE', () => {
  const heldBack = async (count: number): Promise<void> => blockedUntil(asker, count);

  it('holds back what writes, on all threads, until CLIENT UNPAUSE', async () => {
    await asker.call('set', 'n', '0');
    expect(await asker.call('client', 'pause', LONG_MS, 'write')).toEqual(OK);
    for (const other of others) other.send('incr', 'n');
    await heldBack(CLIENT_COUNT);
    expect(await asker.call('get', 'n')).toBe('0');
    expect(others.every(({ unread }) => unread === 0)).toBe(true);
    expect(await asker.call('client', 'unpause')).toEqual(OK);
    const replies = await Promise.all(others.map((other) => other.read()));
    expect(replies.map(Number).toSorted((a, b) => a - b)).toEqual(others.map((_, n) => n + 1));
  });

  it('holds back EXEC if it writes, and lets reads pass', async () => {
    await wordsCall(others[0], 'multi', 'set a 1');
    await wordsCall(others[1], 'multi', 'get a');
    await asker.call('client', 'pause', LONG_MS, 'write');
    others[0].send('exec');
    await heldBack(1);
    expect(await others[1].call('exec')).toEqual([null]);
    expect(await others[2].call('ping')).toEqual(PONG);
    await asker.call('client', 'unpause');
    expect(await others[0].read()).toEqual([OK]);
  });

  it('has what expires stay where it is, unseen', async () => {
    const expired = async (): Promise<number> =>
      Number(/expired_keys:(\d+)/.exec(shown(await asker.call('info', 'stats')))?.[1]);
    const before = await expired();
    await wordsCall(asker, 'multi', 'set a 1 px 10', 'set b 1 px 10');
    await asker.call('client', 'pause', LONG_MS, 'write');
    await asker.call('exec');
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const other of others) expect(await other.call('get', 'a')).toBe(null);
    expect(await asker.call('exists', 'a', 'b')).toBe(0);
    expect(await asker.call('scan', '0', 'count', '1000')).toEqual(['0', []]);
    expect(await expired()).toBe(before);
    others[0].send('append', 'a', 'x');
    await heldBack(1);
    await asker.call('client', 'unpause');
    expect(await others[0].read()).toBe(1);
    await expect.poll(expired).toBe(before + 2);
  });

  it('of all commands is ended by the one that may pass', async () => {
    await asker.call('client', 'pause', LONG_MS);
    for (const other of others) other.send('ping');
    expect(await asker.call('client', 'unpause')).toEqual(OK);
    expect(await Promise.all(others.map((other) => other.read()))).toEqual(others.map(() => PONG));
  });

  it('is never made shorter, nor of fewer commands, and ends by itself', async () => {
    await asker.call('client', 'pause', '300', 'all');
    others[0].send('ping');
    // It is held back too, and after it is the other pause.
    expect(await asker.call('client', 'pause', '1', 'write')).toEqual(OK);
    expect(await others[0].read()).toEqual(PONG);
    expect(await others[0].call('set', 'a', '1')).toEqual(OK);
  });
});

describe('CLIENT REPLY', () => {
  it('off answers nothing until on, which is answered', async () => {
    asker.send('client', 'reply', 'off');
    asker.send('set', 'a', '1');
    asker.send('nonsense');
    asker.send('get', 'a');
    expect(await asker.call('client', 'reply', 'on')).toEqual(OK);
    expect(await asker.call('get', 'a')).toBe('1');
  });

  it('skip leaves out the answer of the next one', async () => {
    asker.send('client', 'reply', 'skip');
    asker.send('set', 'a', '2');
    expect(await asker.call('get', 'a')).toBe('2');
    asker.send('client', 'reply', 'skip');
    asker.send('get');
    expect(await asker.call('echo', 'x')).toBe('x');
  });
});

describe('CLIENT UNBLOCK', () => {
  it('ends the wait of a client on any thread, by a timeout or an error', async () => {
    const waits = others.map((other) => other.call('blpop', 'list', '0'));
    await blockedUntil(asker, CLIENT_COUNT);
    for (const n of others.keys()) {
      const id = (await named(`other-${n}`))?.get('id') ?? '';
      const how = n % 2 === 0 ? ['timeout'] : ['error'];
      expect(await asker.call('client', 'unblock', id, ...how)).toBe(1);
    }
    const unblocked = new RespError('UNBLOCKED client unblocked via CLIENT UNBLOCK');
    expect(await Promise.all(waits)).toEqual(
      others.map((_, n) => (n % 2 === 0 ? null : unblocked)),
    );
    const id = (await named('other-0'))?.get('id') ?? '';
    expect(await asker.call('client', 'unblock', id)).toBe(0);
  });
});

describe('MONITOR', () => {
  /** Reads lines until the one that has this word; what the others have behind the client's address. */
  async function seenUntil(monitor: RespClient, last: string): Promise<string[]> {
    const seen: string[] = [];
    for (;;) {
      const reply = await monitor.read();
      const line = /^\d+\.\d{6} \[(\d+ 127\.0\.0\.1):\d+\] (.*)$/.exec(
        (reply as RespSimple).simple,
      );
      expect(line, JSON.stringify(reply)).not.toBeNull();
      if (line?.[2].includes(last)) return seen;
      seen.push(`${line?.[1].split(' ')[0]} ${line?.[2]}`);
    }
  }

  it('shows what is run, on any thread, as it was sent', async () => {
    expect(await asker.call('monitor')).toEqual(OK);
    for (const other of others) await other.call('incr', 'n');
    await others[0].call('select', '3');
    await others[0].call('SET', 'a b', 'x"\r\n\xff');
    await others[0].call('echo', 'the end');
    const seen = await seenUntil(asker, 'the end');
    expect(seen.filter((line) => line === '0 "incr" "n"')).toHaveLength(CLIENT_COUNT);
    expect(seen).toContain('3 "SET" "a b" "x\\"\\r\\n\\xff"');
  });

  it('shows a transaction with its EXEC behind it, and nothing that was not run', async () => {
    await asker.call('monitor');
    await wordsCall(others[0], 'multi', 'set a 1', 'get a', 'exec', 'get', 'nonsense', 'echo end');
    expect(await seenUntil(asker, 'end')).toEqual([
      '0 "multi"',
      '0 "set" "a" "1"',
      '0 "get" "a"',
      '0 "exec"',
    ]);
  });

  it('shows no passwords, and not what administrators do', async () => {
    await asker.call('monitor');
    const secret = 'hunter2';
    await others[0].call('auth', secret);
    await others[0].call('hello', '2', 'auth', 'default', secret);
    await others[0].call('config', 'set', 'masterauth', secret);
    await others[0].call('echo', 'end');
    const seen = await seenUntil(asker, 'end');
    expect(seen).toEqual([
      '0 "auth" "(redacted)"',
      '0 "hello" "2" "auth" "(redacted)" "(redacted)"',
    ]);
  });

  it('is ended by RESET', async () => {
    await asker.call('monitor');
    await others[0].call('echo', 'one');
    await asker.read();
    expect(await asker.call('reset')).toEqual(new RespSimple('RESET'));
    await others[0].call('echo', 'two');
    expect(await asker.call('ping')).toEqual(PONG);
    expect((await named('other-1'))?.get('flags')).toBe('N');
  });
});
