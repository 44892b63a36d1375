/** Transactions: what is queued, what is refused, what WATCH sees, and that nobody sees half of one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, RespError, type RespReply, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { TextClient } from '../support/text-client.ts';
import { wordsCall } from './blocked.ts';

const OK = new RespSimple('OK');
const QUEUED = new RespSimple('QUEUED');
const ABORT = new RespError('EXECABORT Transaction discarded because of previous errors.');
const TEST_MS_MAX = 60_000;
const TRANSFERS = process.env['FLAGSTONE_LONG'] === '1' ? 50_000 : 2000;
const LONG = 'x'.repeat(9000);

let server: RespServer;
let client: RespClient;
let other: RespClient;

beforeAll(async () => {
  server = await respSpawn(['-t', '4']);
});
afterAll(() => server.stop());
beforeEach(async () => {
  client = server.client();
  other = server.client();
  await other.call('flushall');
});
afterEach(() => {
  client.end();
  other.end();
});

describe('MULTI and EXEC', () => {
  it('runs what was queued, and goes on after errors', async () => {
    const words = ['multi', 'set a 1', 'lpush a x', 'rpush l x y', 'lrange l 0 -1', 'exec'];
    expect(await wordsCall(client, ...words)).toEqual([
      OK,
      QUEUED,
      QUEUED,
      QUEUED,
      QUEUED,
      [OK, expect.objectContaining({ error: expect.stringMatching(/^WRONGTYPE/) }), 2, ['x', 'y']],
    ]);
    expect(await wordsCall(client, 'multi', 'exec')).toEqual([OK, []]);
  });

  it('says what is out of place', async () => {
    expect(await wordsCall(client, 'exec', 'discard', 'multi', 'multi', 'watch a', 'exec')).toEqual(
      [
        new RespError('ERR EXEC without MULTI'),
        new RespError('ERR DISCARD without MULTI'),
        OK,
        new RespError('ERR MULTI calls can not be nested'),
        new RespError('ERR WATCH inside MULTI is not allowed'),
        [],
      ],
    );
  });

  it.each(['nonsense', 'get', 'client nonsense', 'set k', 'shutdown'])(
    'is given up when `%s` was refused',
    async (refused) => {
      await wordsCall(client, 'multi', 'set a 1');
      expect(await client.call(...refused.split(' '))).toBeInstanceOf(RespError);
      expect(await wordsCall(client, 'set b 1', 'exec', 'ping')).toEqual([
        QUEUED,
        ABORT,
        new RespSimple('PONG'),
      ]);
      expect(await other.call('exists', 'a', 'b')).toBe(0);
    },
  );

  it('can be refused as a whole', async () => {
    await wordsCall(client, 'multi', 'set a 1');
    await other.call('config', 'set', 'min-replicas-to-write', 2);
    const text = 'EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas';
    expect(await client.call('exec')).toMatchObject({ error: expect.stringContaining(text) });
    await other.call('config', 'set', 'min-replicas-to-write', 0);
    expect(await client.call('ping')).toEqual(new RespSimple('PONG'));
    expect(await other.call('exists', 'a')).toBe(0);
  });

  it('is forgotten by DISCARD, RESET and QUIT', async () => {
    await wordsCall(client, 'multi', 'set a 1', 'discard', 'multi', 'set a 1', 'reset');
    expect(await client.call('exec')).toEqual(new RespError('ERR EXEC without MULTI'));
    await wordsCall(client, 'multi', 'set a 1', 'quit');
    expect(await other.call('exists', 'a')).toBe(0);
  });

  it('may change the database, many keys, and the whole keyspace', async () => {
    const words = [
      'multi',
      'set a 1',
      'select 4',
      'set a 2',
      'flushdb',
      'set b 3',
      'dbsize',
      'exec',
    ];
    expect((await wordsCall(client, ...words)).at(-1)).toEqual([OK, OK, OK, OK, OK, 1]);
    await client.call('select', 0);
    expect(await client.call('get', 'a')).toBe('1');
    await client.call('multi');
    for (let n = 0; n < 300; n++) await client.call('set', `key-${n}`, n);
    client.send('keys', 'key-*');
    await client.read();
    const replies = (await client.call('exec')) as RespReply[];
    expect(replies.at(-1)).toHaveLength(300);
  });

  it('answers for a key that is too long, and runs the rest', async () => {
    await client.call('multi');
    for (const key of ['a', LONG, 'b']) await client.call('set', key, '1');
    await client.call('mget', 'a', LONG, 'b');
    const replies = await client.call('exec');
    expect(replies).toEqual([OK, expect.any(RespError), OK, expect.any(RespError)]);
    expect(await other.call('exists', 'a', 'b')).toBe(2);
  });

  it('has replies of any length', async () => {
    await client.call('set', 'long', 'y'.repeat(200_000));
    await wordsCall(client, 'multi', 'get long', 'ping', 'get long');
    const replies = (await client.call('exec')) as string[];
    expect(replies.map((reply) => reply.length ?? 0)).toEqual([200_000, 0, 200_000]);
  });
});

/** What changes a key: how it is made, and then changed by somebody else. */
const CHANGES: readonly (readonly [setup: string, change: string])[] = [
  ['', 'set k v'],
  ['set k v', 'set k v'],
  ['set k v', 'del k'],
  ['set k v', 'unlink k'],
  ['set k v', 'append k x'],
  ['set k v', 'setrange k 0 x'],
  ['set k v', 'setbit k 0 1'],
  ['set k 1', 'incr k'],
  ['set k 1', 'incrbyfloat k 1.5'],
  ['set k v', 'getset k w'],
  ['set k v', 'getdel k'],
  ['set k v', 'getex k ex 100'],
  ['set k v', 'mset j w k v'],
  ['', 'msetnx j w k v'],
  ['set k v', 'expire k 100'],
  ['set k v', 'pexpireat k 1'],
  ['set k v ex 100', 'persist k'],
  ['set k v', 'rename k j'],
  ['set j v', 'rename j k'],
  ['set j v', 'copy j k'],
  ['set k v', 'move k 7'],
  ['set k v', 'flushdb'],
  ['set k v', 'flushall'],
  ['set k v', 'swapdb 0 7'],
  ['rpush k a b', 'rpush k c'],
  ['rpush k a b', 'lpop k'],
  ['rpush k a b', 'lset k 0 x'],
  ['rpush k a b', 'linsert k before b x'],
  ['rpush k a b', 'lrem k 1 a'],
  ['rpush k a b', 'ltrim k 0 0'],
  ['rpush k a b', 'lmove k j left left'],
  ['rpush k a b', 'lmove k k left right'],
  ['rpush j a b', 'rpoplpush j k'],
  ['rpush k a b', 'lmpop 1 k left'],
  ['rpush j 2 1', 'sort j alpha store k'],
  ['sadd k a b', 'sadd k c'],
  ['sadd k a b', 'srem k a'],
  ['sadd k a b', 'spop k'],
  ['sadd k a b', 'smove k j a'],
  ['sadd j a b', 'smove j k a'],
  ['sadd j a b', 'sunionstore k j'],
  ['sadd k a b', 'sinterstore k none'],
  ['hset k f v', 'hset k f w'],
  ['hset k f v', 'hdel k f'],
  ['hset k f 1', 'hincrby k f 1'],
  ['hset k f 1', 'hincrbyfloat k f 1.5'],
  ['hset k f 1', 'hsetnx k g 1'],
  ['zadd k 1 a 2 b', 'zadd k 3 a'],
  ['zadd k 1 a 2 b', 'zadd k 3 c'],
  ['zadd k 1 a 2 b', 'zincrby k 1 a'],
  ['zadd k 1 a 2 b', 'zrem k a'],
  ['zadd k 1 a 2 b', 'zpopmin k'],
  ['zadd k 1 a 2 b', 'zremrangebyrank k 0 0'],
  ['zadd k 1 a 2 b', 'zmpop 1 k min'],
  ['zadd j 1 a 2 b', 'zrangestore k j 0 -1'],
  ['zadd j 1 a 2 b', 'zunionstore k 1 j'],
  ['', 'pfadd k a'],
  ['pfadd j a', 'pfmerge k j'],
  ['', 'geoadd k 13 38 a'],
];

/** What looks like it, and changes nothing. */
const READS: readonly (readonly [setup: string, read: string])[] = [
  ['set k v', 'get k'],
  ['set k v', 'getex k'],
  ['set k v', 'ttl k'],
  ['set k v', 'touch k'],
  ['set k v', 'set k w nx'],
  ['set k v', 'setnx k w'],
  ['set k v', 'msetnx k w j x'],
  ['set k v', 'persist k'],
  ['set k v', 'set kk v'],
  ['set k v', 'swapdb 6 7'],
  ['', 'del k'],
  ['', 'flushall'],
  ['', 'expire k 100'],
  ['', 'set k v xx'],
  ['', 'rpushx k v'],
  ['rpush k a b', 'lrange k 0 -1'],
  ['rpush k a b', 'lrem k 1 x'],
  ['sadd k a b', 'sadd k a'],
  ['sadd k a b', 'srem k x'],
  ['sadd k a b', 'sinterstore none k j'],
  ['hset k f v', 'hdel k g'],
  ['hset k f v', 'hsetnx k f w'],
  ['zadd k 1 a 2 b', 'zadd k 1 a'],
  ['zadd k 1 a 2 b', 'zadd k gt 0 a'],
  ['zadd k 1 a 2 b', 'zrem k x'],
  ['zadd k 1 a 2 b', 'zremrangebyscore k 5 6'],
];

describe('WATCH', () => {
  async function execAfter(...changes: readonly string[]): Promise<RespReply> {
    await client.call('watch', 'k');
    for (const change of changes) {
      const reply = await other.call(...change.split(' '));
      expect(reply, change).not.toBeInstanceOf(RespError);
    }
    await wordsCall(client, 'multi', 'ping');
    return client.call('exec');
  }

  /** Makes the key; if it is a collection, one that has outgrown its compact form. */
  async function setupRun(setup: string, isLarge: boolean): Promise<void> {
    if (setup === '') return;
    await other.call(...setup.split(' '));
    if (!isLarge) return;
    const [name, key] = setup.split(' ');
    const numbers = Array.from({ length: 600 }, (_, n) => [`${n + 10}`, `element-${n}`]).flat();
    if (['rpush', 'sadd', 'hset', 'zadd'].includes(name)) await other.call(name, key, ...numbers);
  }

  it.each(CHANGES)('sees `%s`, then `%s`', async (setup, change) => {
    for (const isLarge of [false, true]) {
      await other.call('flushall');
      await setupRun(setup, isLarge);
      expect(await execAfter(change), `large: ${isLarge}`).toBeNull();
      if (change.startsWith('swapdb')) await other.call('swapdb', '0', '7');
    }
  });

  it.each(READS)('does not see `%s`, then `%s`', async (setup, read) => {
    for (const isLarge of [false, true]) {
      await other.call('flushall');
      await setupRun(setup, isLarge);
      expect(await execAfter(read), `large: ${isLarge}`).toEqual([new RespSimple('PONG')]);
    }
  });

  it('sees that a key came and went', async () => {
    expect(await execAfter('set k v', 'del k')).toBeNull();
    expect(await execAfter('rpush k v', 'lpop k')).toBeNull();
    expect(await execAfter('set k v', 'flushall')).toBeNull();
    expect(await execAfter('set k v', 'flushdb', 'get k')).toBeNull();
    expect(await execAfter('set k v', 'rename k l')).toBeNull();
    expect(await execAfter('set k v', 'pexpire k 1', 'blpop none 0.005', 'get k')).toBeNull();
    expect(await execAfter('del l', 'set l v', 'del l')).toEqual([new RespSimple('PONG')]);
  });

  it('sees that a key has expired, but not that one had expired before', async () => {
    await other.call('set', 'k', 'v', 'px', 40);
    expect(await execAfter('blpop none 0.05')).toBeNull();
    await other.call('set', 'k', 'v', 'px', 1);
    await other.call('blpop', 'none', '0.005');
    expect(await execAfter('ping')).toEqual([new RespSimple('PONG')]);
    await other.call('set', 'k', 'v', 'px', 1);
    await other.call('blpop', 'none', '0.005');
    expect(await execAfter('get k', 'del k', 'flushall')).toEqual([new RespSimple('PONG')]);
    await other.call('set', 'k', 'v', 'px', 1);
    await other.call('blpop', 'none', '0.005');
    expect(await execAfter('set k w')).toBeNull();
  });

  it('is of the database that was chosen then', async () => {
    await wordsCall(client, 'select 2', 'watch k', 'select 0');
    await wordsCall(other, 'set k v', 'select 2', 'set k v');
    expect((await wordsCall(client, 'multi', 'ping', 'exec')).at(-1)).toBeNull();
    await wordsCall(client, 'watch k', 'multi', 'ping');
    await wordsCall(other, 'set k w', 'select 0');
    expect(await client.call('exec')).toEqual([new RespSimple('PONG')]);
  });

  it('sees an exchange of databases where either has the key', async () => {
    await wordsCall(other, 'select 7', 'set k v', 'select 0');
    expect(await execAfter('swapdb 0 7')).toBeNull();
    expect(await execAfter('swapdb 0 7')).toBeNull();
    await wordsCall(other, 'flushall');
    expect(await execAfter('swapdb 0 7')).toEqual([new RespSimple('PONG')]);
    await other.call('swapdb', '0', '7');
    expect(await execAfter('set k v', 'swapdb 0 7')).toBeNull();
    await other.call('swapdb', '0', '7');
  });

  it('is forgotten by UNWATCH, EXEC, DISCARD and RESET', async () => {
    for (const way of [['unwatch'], ['multi', 'exec'], ['multi', 'discard'], ['reset']]) {
      await client.call('watch', 'k');
      await other.call('set', 'k', 'v');
      await wordsCall(client, ...way);
      expect((await wordsCall(client, 'multi', 'ping', 'exec')).at(-1)).toEqual([
        new RespSimple('PONG'),
      ]);
    }
  });

  it('sees what memcached clients and its own client do', async () => {
    const memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
    await client.call('watch', 'k');
    expect(await memcached.set('k', Buffer.from('1'))).toBe('STORED');
    expect((await wordsCall(client, 'multi', 'exec')).at(-1)).toBeNull();
    memcached.destroy();
    await wordsCall(client, 'watch k', 'set k v');
    expect((await wordsCall(client, 'multi', 'exec')).at(-1)).toBeNull();
  });
});

describe('isolation', () => {
  it(
    'transfers between keys are seen whole, from all threads',
    async () => {
      const keys = ['one', 'two', 'three', 'four'];
      for (const key of keys) await client.call('set', key, 1000);
      const movers = Array.from({ length: 4 }, async (_, n) => {
        const mover = server.client();
        for (let m = 0; m < TRANSFERS; m++) {
          const from = keys[(n + m) % 4];
          const to = keys[(n + m + 1 + (m % 3)) % 4];
          mover.send('multi');
          mover.send('decrby', from, (m % 7) + 1);
          mover.send('incrby', to, (m % 7) + 1);
          mover.send('exec');
          if (m % 50 === 49) for (let k = 0; k < 200; k++) await mover.read();
        }
        mover.end();
      });
      let isDone = false;
      const readers = Array.from({ length: 3 }, async (_, n) => {
        const reader = server.client();
        let rounds = 0;
        while (!isDone) {
          const words = n === 0 ? [`mget ${keys.join(' ')}`] : keys.map((key) => `get ${key}`);
          const replies = await wordsCall(reader, 'multi', ...words, 'exec');
          const values = (replies.at(-1) as RespReply[]).flat();
          expect(values.reduce((sum: number, value) => sum + Number(value), 0)).toBe(4000);
          rounds++;
        }
        reader.end();
        return rounds;
      });
      await Promise.all(movers);
      isDone = true;
      for (const rounds of await Promise.all(readers)) expect(rounds).toBeGreaterThan(1);
    },
    TEST_MS_MAX,
  );

  it(
    'an optimistic counter loses no step',
    async () => {
      await client.call('set', 'n', 0);
      const steps = TRANSFERS / 10;
      const counters = Array.from({ length: 4 }, async () => {
        const counter = server.client();
        let failures = 0;
        for (let done = 0; done < steps; ) {
          await counter.call('watch', 'n');
          const value = Number(await counter.call('get', 'n'));
          await wordsCall(counter, 'multi', `set n ${value + 1}`);
          if ((await counter.call('exec')) === null) failures++;
          else done++;
        }
        counter.end();
        return failures;
      });
      await Promise.all(counters);
      expect(await client.call('get', 'n')).toBe(`${4 * steps}`);
    },
    TEST_MS_MAX,
  );
});
