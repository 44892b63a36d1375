/** MIGRATE, to another server of ours and to the real one. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, RespError, RespSimple } from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';

const OK = new RespSimple('OK');
const NOKEY = new RespSimple('NOKEY');
const TIMEOUT_MS = '3000';

let source: RespServer;
let from: RespClient;

beforeAll(async () => {
  source = await respSpawn();
  from = source.client();
});
afterAll(() => source.stop());

async function fill(): Promise<void> {
  await from.call('flushall');
  await from.call('mset', 'k', 'v', 'big', 'x'.repeat(100_000));
  await from.call('rpush', 'list', 'a', 'b', 'c');
  await from.call('hset', 'hash', 'f', 'v');
  await from.call('zadd', 'zset', '1', 'a', '2', 'b');
  await from.call('sadd', 'set', '1', '2');
  await from.call('set', 'brief', 'v', 'px', '60000');
}

const peer = redisFind();

describe.each([
  { name: 'ours', start: () => respSpawn(), skip: false },
  {
    name: 'redis-server (skipped: not on the PATH)',
    start: () => redisSpawn(peer?.command ?? ''),
    skip: peer === null,
  },
])('to $name', ({ start, skip }) => {
  let target: RespServer;
  let to: RespClient;

  beforeAll(async () => {
    if (skip) return;
    target = await start();
    to = target.client();
  });
  afterAll(async () => {
    if (!skip) await target.stop();
  });
  beforeEach(async () => {
    if (skip) return;
    await fill();
    await to.call('flushall');
  });

  const migrate = (...words: readonly string[]) =>
    from.call('migrate', target.host, `${target.port}`, ...words);

  it.skipIf(skip)('a key goes, with its time to live, and into another database', async () => {
    expect(await migrate('brief', '2', TIMEOUT_MS)).toEqual(OK);
    expect(await from.call('exists', 'brief')).toBe(0);
    await to.call('select', '2');
    expect(await to.call('get', 'brief')).toBe('v');
    expect(Number(await to.call('pttl', 'brief'))).toBeGreaterThan(10_000);
    await to.call('select', '0');
    expect(await migrate('brief', '2', TIMEOUT_MS)).toEqual(NOKEY);
  });

  it.skipIf(skip)('many keys go, of all types, but for those that are not there', async () => {
    const keys = ['k', 'big', 'list', 'none', 'hash', 'zset', 'set'];
    expect(await migrate('', '0', TIMEOUT_MS, 'keys', ...keys)).toEqual(OK);
    expect(await from.call('dbsize')).toBe(1);
    expect(await to.call('dbsize')).toBe(6);
    expect(await to.call('get', 'big')).toBe('x'.repeat(100_000));
    expect(await to.call('lrange', 'list', '0', '-1')).toEqual(['a', 'b', 'c']);
    expect(await to.call('zrange', 'zset', '0', '-1', 'withscores')).toEqual(['a', '1', 'b', '2']);
  });

  it.skipIf(skip)('a copy stays, and another value is replaced only if it may be', async () => {
    expect(await migrate('k', '0', TIMEOUT_MS, 'copy')).toEqual(OK);
    expect(await from.call('get', 'k')).toBe('v');
    await from.call('set', 'k', 'w');
    expect(await migrate('', '0', TIMEOUT_MS, 'keys', 'k', 'list')).toEqual(
      new RespError(
        'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
      ),
    );
    expect(await from.call('get', 'k')).toBe('w');
    expect(await from.call('exists', 'list')).toBe(0); // that one had gone
    expect(await migrate('k', '0', TIMEOUT_MS, 'replace')).toEqual(OK);
    expect(await to.call('get', 'k')).toBe('w');
  });

  it.skipIf(skip)('the target may ask for a password', async () => {
    await to.call('config', 'set', 'requirepass', 'secret');
    await to.call('auth', 'secret');
    const refused = await migrate('k', '0', TIMEOUT_MS, 'auth', 'wrong');
    expect(refused).toBeInstanceOf(RespError);
    expect(`${(refused as RespError).error}`).toContain('WRONGPASS');
    expect(await migrate('k', '0', TIMEOUT_MS, 'auth', 'secret')).toEqual(OK);
    expect(await migrate('list', '0', TIMEOUT_MS, 'auth2', 'default', 'secret')).toEqual(OK);
    expect(await to.call('dbsize')).toBe(2);
    await to.call('config', 'set', 'requirepass', '');
  });
});

describe('a target', () => {
  let listener: Server;
  let port = 0;
  let serve: (socket: Socket) => void = () => undefined;

  beforeAll(async () => {
    listener = createServer((socket) => serve(socket));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  });
  afterAll(() => listener.close());
  beforeEach(fill);

  it('that is not there is an I/O error', async () => {
    expect(await from.call('migrate', '127.0.0.1', '1', 'k', '0', TIMEOUT_MS)).toEqual(
      new RespError('IOERR error or timeout connecting to the client'),
    );
    expect(await from.call('get', 'k')).toBe('v');
  });

  it('that says nothing is one too, when time is up, while others are served', async () => {
    serve = () => undefined;
    const other = source.client();
    from.send('migrate', '127.0.0.1', `${port}`, 'k', '0', '200');
    expect(await other.call('get', 'k')).toBe('v');
    expect(await from.read()).toEqual(
      new RespError('IOERR error or timeout reading to target instance'),
    );
    expect(await other.call('exists', 'k')).toBe(1);
    other.end();
  });

  it('that leaves half way has the keys that it said it has', async () => {
    serve = (socket) => socket.once('data', () => socket.end('+OK\r\n+OK\r\n+OK\r\n'));
    expect(
      await from.call(
        'migrate',
        '127.0.0.1',
        `${port}`,
        '',
        '0',
        TIMEOUT_MS,
        'keys',
        'k',
        'list',
        'set',
      ),
    ).toEqual(new RespError('IOERR error or timeout reading to target instance'));
    expect(await from.call('exists', 'k', 'list', 'set')).toBe(1);
  });

  it('gets a key that changes on its way once more', async () => {
    const asked: string[] = [];
    const other = source.client();
    serve = (socket) => {
      socket.once('data', async (bytes) => {
        asked.push(bytes.toString('latin1'));
        if (asked.length === 1) await other.call('append', 'k', 'w');
        socket.write('+OK\r\n+OK\r\n');
      });
    };
    expect(await from.call('migrate', '127.0.0.1', `${port}`, 'k', '0', TIMEOUT_MS)).toEqual(OK);
    expect(asked.map((text) => text.includes('vw'))).toEqual([false, true]);
    expect(asked[1]).toContain('REPLACE');
    expect(await from.call('exists', 'k')).toBe(0);
    other.end();
  });
});

it('a request that makes no sense is refused', async () => {
  const rows: readonly (readonly [words: readonly string[], error: string])[] = [
    [['k', 'x', '1'], 'ERR value is not an integer or out of range'],
    [['k', '0', 'x'], 'ERR value is not an integer or out of range'],
    [['k', '0', '1', 'foo'], 'ERR syntax error'],
    [['k', '0', '1', 'auth'], 'ERR syntax error'],
    [
      ['k', '0', '1', 'keys', 'a'],
      'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
    ],
  ];
  for (const [words, error] of rows) {
    expect(await from.call('migrate', '127.0.0.1', '1', ...words)).toEqual(new RespError(error));
  }
});
