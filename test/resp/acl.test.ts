/** Users over the wire: what they may do, at every way to do it, and that all threads agree. */
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RespClient, RespError, type RespReply, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { blockedUntil, wordsCall } from './blocked.ts';
import { shown } from './session.ts';

const OK = new RespSimple('OK');
const QUEUED = new RespSimple('QUEUED');
const NO_KEY = new RespError('NOPERM No permissions to access a key');
const NO_CHANNEL = new RespError('NOPERM No permissions to access a channel');
const THREAD_COUNT = 4;
const ROUNDS = process.env['FLAGSTONE_LONG'] === '1' ? 1000 : 60;
const TEST_MS_MAX = 60_000;

let server: RespServer;
let admin: RespClient;
let clients: RespClient[] = [];

beforeAll(async () => {
  server = await respSpawn(['-t', `${THREAD_COUNT}`]);
});
afterAll(() => server.stop());
beforeEach(async () => {
  admin = server.client();
  clients = [];
  await wordsCall(admin, 'flushall', 'acl log reset', 'config resetstat');
});
afterEach(async () => {
  const names = ((await admin.call('acl', 'users')) as string[]).filter((one) => one !== 'default');
  if (names.length > 0) await admin.call('acl', 'deluser', ...names);
  for (const client of [admin, ...clients]) client.end();
});

/** A client that has logged in as a user whom the rules make. */
async function userClient(name: string, rules: string): Promise<RespClient> {
  expect(await admin.call('acl', 'setuser', name, ...rules.split(' '))).toEqual(OK);
  const client = clientNew();
  expect(await client.call('auth', name, 'pw')).toEqual(OK);
  return client;
}

function clientNew(): RespClient {
  const client = server.client();
  clients.push(client);
  return client;
}

function noCommand(user: string, command: string): RespError {
  return new RespError(`NOPERM User ${user} has no permissions to run the '${command}' command`);
}

/** One of the lists that INFO is: `acl_access_denied_key`. */
async function infoValue(name: string): Promise<number> {
  return Number(new RegExp(`${name}:(\\d+)`).exec(`${await admin.call('info', 'stats')}`)?.[1]);
}

async function logFields(count: number): Promise<Readonly<Record<string, RespReply>>[]> {
  const entries = (await admin.call('acl', 'log', `${count}`)) as RespReply[][];
  return entries.map((pairs) =>
    Object.fromEntries(
      pairs.flatMap((name, at) => (at % 2 === 0 ? [[`${name}`, pairs[at + 1]]] : [])),
    ),
  );
}

describe('what a user may not do', () => {
  it('depends on the order of the rules, as with access strings of ElastiCache', async () => {
    const rules = 'on >pw ~product:* ~cache:*';
    const nobody = await userClient('nobody', `${rules} +get +mget +hgetall +smembers -@all`);
    expect(await nobody.call('get', 'product:1')).toEqual(noCommand('nobody', 'get'));
    const reader = await userClient('reader', `${rules} -@all +get +mget +hgetall +smembers`);
    await admin.call('set', 'product:1', 'x');
    expect(
      await wordsCall(reader, 'get product:1', 'smembers cache:1', 'get other', 'set product:1 y'),
    ).toEqual(['x', [], NO_KEY, noCommand('reader', 'set')]);
  });

  it('are other commands, keys and channels, also by a detour', async () => {
    const client = await userClient('u', 'on >pw +@all -config ~own:* &own:*');
    await wordsCall(admin, 'set secret s', 'rpush own:list 1', 'set weight_1 2', 'rpush l a');
    const refused = [
      'get secret',
      'mget own:a secret',
      'rename own:list secret',
      'copy own:list secret',
      'sort own:list store secret',
      'lmove own:list secret left right',
      'bitop and own:a own:b secret',
      'zunionstore own:z 2 own:a secret',
      'zdiff 1 secret',
      'object encoding secret',
      'memory usage secret',
      'restore secret 0 x',
      'watch secret',
      'touch own:a secret',
      'pfmerge own:a secret',
      'geosearchstore own:a secret frommember x byradius 1 m',
      'georadiusbymember own:g m 1 m store secret',
      'sintercard 2 own:a secret',
      'blpop own:a secret 0',
      'lmpop 2 own:a secret left',
      'eval x 1 secret',
      'xadd secret * a b',
      'xread count 1 streams own:a secret 0 0',
      'xrange secret - +',
      'xinfo stream secret',
      'xreadgroup group g c streams own:a secret > >',
      'xautoclaim secret g c 0 0',
      'fcall f 1 secret',
      'fcall_ro f 2 own:a secret',
    ];
    expect(await wordsCall(client, ...refused)).toEqual(refused.map(() => NO_KEY));
    const channels = [
      'publish c x',
      'spublish c x',
      'subscribe own:a c',
      'psubscribe own:*x',
      'ssubscribe c',
    ];
    expect(await wordsCall(client, ...channels)).toEqual(channels.map(() => NO_CHANNEL));
    expect(await wordsCall(client, 'config get x', 'CONFIG', 'sort own:list by weight_*')).toEqual([
      noCommand('u', 'config|get'),
      new RespError("ERR wrong number of arguments for 'config' command"),
      new RespError('ERR BY option of SORT denied due to insufficient ACL permissions.'),
    ]);
    expect(await wordsCall(client, 'sort own:list get secret', 'sort own:list by x get #')).toEqual(
      [
        new RespError('ERR GET option of SORT denied due to insufficient ACL permissions.'),
        new RespError('ERR GET option of SORT denied due to insufficient ACL permissions.'),
      ],
    );
    expect(await wordsCall(client, 'sort own:list by nosort', 'publish own:c x')).toEqual([
      ['1'],
      0,
    ]);
    const script = (text: string): Promise<RespReply> => client.call('eval', text, '0');
    const refusal = /^-ERR ACL failure in script: No permissions to access a (key|channel)/;
    expect(shown(await script("return redis.call('get', 'secret')"))).toMatch(refusal);
    expect(shown(await script("return redis.call('publish', 'c', 'x')"))).toMatch(refusal);
    expect(shown(await script("return redis.pcall('set', 'secret', 'x')"))).toMatch(refusal);
    expect(shown(await script("return redis.call('sort', 'own:list', 'by', 'weight_*')"))).toMatch(
      /BY option of SORT denied/,
    );
    expect(await logFields(1)).toMatchObject([
      { context: 'lua', reason: 'key', object: 'secret', username: 'u' },
    ]);
    expect(await admin.call('keys', '*')).toHaveLength(4);
  });

  it('breaks a transaction when it is queued, and is left out when it was taken away since', async () => {
    const client = await userClient('u', 'on >pw +@all ~*');
    expect(await wordsCall(client, 'multi', 'set a 1', 'incr a', 'get b')).toEqual([
      OK,
      QUEUED,
      QUEUED,
      QUEUED,
    ]);
    await admin.call('acl', 'setuser', 'u', '-incr', 'resetkeys', '~a');
    const [set, incr, get] = (await client.call('exec')) as RespReply[];
    expect(set).toEqual(OK);
    expect(shown(incr)).toMatch(
      /^-NOPERM ACLs rules changed .*: no permission to execute the command/,
    );
    expect(shown(get)).toMatch(
      /^-NOPERM ACLs rules changed .*: no permission to touch the specified keys$/,
    );
    expect(await wordsCall(client, 'multi', 'incr a', 'exec')).toEqual([
      OK,
      noCommand('u', 'incr'),
      new RespError('EXECABORT Transaction discarded because of previous errors.'),
    ]);
    await admin.call('acl', 'setuser', 'u', '-exec');
    expect(shown((await wordsCall(client, 'multi', 'get a', 'exec'))[2])).toBe(
      "-EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the 'exec' command",
    );
    expect(await admin.call('get', 'a')).toBe('1');
  });

  it('is so for the rest of a transaction in which it was taken away, or its user deleted', async () => {
    const one = await userClient('u', 'on >pw +@all ~*');
    expect(
      await wordsCall(
        one,
        'multi',
        'set a 1',
        'acl setuser u -get',
        'config set requirepass x',
        'get a',
        'acl whoami',
        'exec',
      ),
    ).toEqual([
      OK,
      ...Array.from({ length: 5 }, () => QUEUED),
      [
        OK,
        OK,
        OK,
        expect.objectContaining({ error: expect.stringContaining('rules changed') }),
        'u',
      ],
    ]);
    await admin.call('config', 'set', 'requirepass', '');
    one.send('multi');
    one.send('acl', 'deluser', 'u');
    one.send('set', 'a', '2');
    one.send('exec');
    for (let n = 0; n < 3; n++) await one.read();
    expect(await one.read()).toEqual([
      1,
      expect.objectContaining({ error: expect.stringContaining('NOPERM') }),
    ]);
    await eventually(
      'the end',
      async () => one.closed,
      (closed) => closed,
    );
    expect(await admin.call('get', 'a')).toBe('1');
  });

  it('is looked at anew when a blocked client is served', async () => {
    const [one, other] = [await userClient('u', 'on >pw +@all ~*'), clientNew()];
    one.send('blpop', 'l', '0');
    await blockedUntil(admin, 1);
    other.send('blpop', 'l', '0');
    await blockedUntil(admin, 2);
    await admin.call('acl', 'setuser', 'u', 'resetkeys');
    expect(await admin.call('rpush', 'l', 'x')).toBe(1);
    expect(await one.read()).toEqual(NO_KEY);
    expect(await other.read()).toEqual(['l', 'x']);
    expect(await one.call('ping')).toEqual(new RespSimple('PONG'));
    expect(await admin.call('info', 'commandstats')).toMatch(
      /blpop:calls=1,.*rejected_calls=1,failed_calls=0/,
    );
  });

  it(
    'is the same in the other thread’s next command, whoever changes it',
    async () => {
      await userClient('u', 'on >pw -@all +get +ping ~*');
      const many = await Promise.all(
        Array.from({ length: THREAD_COUNT * 3 }, async () => {
          const client = clientNew();
          await client.call('auth', 'u', 'pw');
          return client;
        }),
      );
      const admins = Array.from({ length: THREAD_COUNT * 2 }, () => clientNew());
      for (let round = 0; round < ROUNDS; round++) {
        const isAllowed = round % 2 === 0;
        await admins[round % admins.length].call(
          'acl',
          'setuser',
          'u',
          isAllowed ? '+get' : '-get',
        );
        const replies = await Promise.all(many.map((client) => client.call('get', 'a')));
        expect(new Set(replies.map(shown)).size).toBe(1);
        expect(replies[0]).toEqual(isAllowed ? null : noCommand('u', 'get'));
      }
    },
    TEST_MS_MAX,
  );

  it(
    'is agreed on by all threads, however many change it at once',
    async () => {
      const admins = Array.from({ length: THREAD_COUNT * 2 }, () => clientNew());
      // Who tracks keys reads what has changed under the locks of partitions, whenever threads hear each other.
      const trackers = Array.from({ length: THREAD_COUNT * 2 }, () => clientNew());
      for (const one of trackers) await wordsCall(one, 'hello 3', 'client tracking on bcast');
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(
          admins.map(async (one, at) => {
            one.send('acl', 'setuser', `u${round % 3}`, `~k${at}`, at % 2 === 0 ? '+get' : '-get');
            one.send('multi');
            one.send('set', `key${at}`, `${round}`);
            one.send('acl', 'setuser', `u${at % 3}`, `~m${at}`);
            one.send('exec');
            if (at === 3) one.send('acl', 'deluser', 'u0', 'u1');
            else one.send('acl', 'setuser', 'u2', `&c${at}`);
            for (let n = 0; n < 6; n++) await one.read();
          }),
        );
        const lists = await Promise.all(admins.map((one) => one.call('acl', 'list')));
        expect(new Set(lists.map((list) => JSON.stringify(list))).size).toBe(1);
      }
    },
    TEST_MS_MAX,
  );
});

describe('logging in', () => {
  it('needs a name and a password that fit, and that the user is on', async () => {
    const client = clientNew();
    const wrong = new RespError('WRONGPASS invalid username-password pair or user is disabled.');
    await wordsCall(admin, 'acl setuser u >a >b');
    expect(await wordsCall(client, 'auth u a', 'auth nobody a', 'acl whoami')).toEqual([
      wrong,
      wrong,
      'default',
    ]);
    await wordsCall(admin, 'acl setuser u on +acl');
    expect(await wordsCall(client, 'auth u b', 'acl whoami', 'auth u c', 'acl whoami')).toEqual([
      OK,
      'u',
      wrong,
      'u',
    ]);
    expect(await wordsCall(client, 'ping', 'reset', 'acl whoami')).toEqual([
      noCommand('u', 'ping'),
      new RespSimple('RESET'),
      'default',
    ]);
    expect(shown(await client.call('hello', '3', 'auth', 'u', 'c'))).toMatch(/^-WRONGPASS/);
    expect(shown(await client.call('hello', '2', 'auth', 'u', 'c', 'auth', 'u', 'a'))).toMatch(
      /server/,
    );
    expect(await client.call('acl', 'whoami')).toBe('u');
  });

  it('with a password alone is that of default, whom requirepass is about', async () => {
    expect(shown(await admin.call('auth', 'x'))).toMatch(
      /^-ERR AUTH <password> called without any password/,
    );
    const early = clientNew();
    await early.call('ping');
    await admin.call('config', 'set', 'requirepass', 'p q');
    expect(`${await admin.call('acl', 'list')}`).toMatch(
      /^user default on sanitize-payload #[0-9a-f]{64} ~\* &\* \+@all$/,
    );
    const late = clientNew();
    expect(await late.call('ping')).toEqual(new RespError('NOAUTH Authentication required.'));
    expect(await early.call('ping')).toEqual(new RespSimple('PONG'));
    expect(await late.call('auth', 'p q')).toEqual(OK);
    await admin.call('acl', 'setuser', 'default', '>r');
    expect(await wordsCall(late, 'auth r', 'auth default r')).toEqual([OK, OK]);
    const last = clientNew();
    expect(shown(await last.call('ping'))).toMatch(/^-NOAUTH/);
    await admin.call('config', 'set', 'requirepass', '');
    expect(await last.call('ping')).toEqual(new RespSimple('PONG'));
    expect(await admin.call('acl', 'list')).toEqual([
      'user default on nopass sanitize-payload ~* &* +@all',
    ]);
  });

  it('is needed by all when default is off', async () => {
    const inside = await userClient('u', 'on >pw ~* &* +@all');
    await admin.call('acl', 'setuser', 'default', 'off');
    const outside = clientNew();
    expect(await wordsCall(outside, 'ping', 'auth u pw', 'ping')).toEqual([
      new RespError('NOAUTH Authentication required.'),
      OK,
      new RespSimple('PONG'),
    ]);
    await inside.call('acl', 'setuser', 'default', 'on');
  });

  it(
    'is needed by whoever connects after default was turned off, on any thread',
    async () => {
      const root = await userClient('root', 'on >pw ~* &* +@all');
      for (let round = 0; round < ROUNDS; round++) {
        expect(
          await root.call('acl', 'setuser', 'default', round % 2 === 0 ? 'off' : 'on'),
        ).toEqual(OK);
        const fresh = Array.from({ length: THREAD_COUNT * 2 }, () => server.client());
        const replies = await Promise.all(fresh.map((one) => one.call('ping')));
        for (const one of fresh) one.end();
        const expected = round % 2 === 0 ? '-NOAUTH Authentication required.' : '+PONG';
        expect(new Set(replies.map(shown))).toEqual(new Set([expected]));
      }
      await root.call('acl', 'setuser', 'default', 'on');
    },
    TEST_MS_MAX,
  );

  it('tells nobody who looks on', async () => {
    const watcher = clientNew();
    await watcher.call('monitor');
    await wordsCall(admin, 'config set slowlog-log-slower-than 0', 'slowlog reset');
    await wordsCall(admin, 'acl setuser hidden on >sesame', 'auth hidden sesame', 'auth default x');
    await wordsCall(admin, 'config set slowlog-log-slower-than 10000');
    const log = JSON.stringify(await admin.call('slowlog', 'get', '20'));
    await admin.call('echo', 'end');
    const seen: string[] = [];
    while (!seen.at(-1)?.includes('end')) seen.push(shown(await watcher.read()));
    for (const text of [log, seen.join('\n')]) {
      expect(text).not.toContain('sesame');
      expect(text).toContain('(redacted)');
    }
  });
});

describe('clients of a user', () => {
  it('are cut when he is deleted, the one that does it after its answer', async () => {
    const own = await userClient('u', 'on >pw +@all ~*');
    const others = [await userClient('u', '+@all'), await userClient('u', '+@all')];
    const stranger = clientNew();
    await stranger.call('ping');
    expect(await own.call('acl', 'deluser', 'u', 'nobody')).toBe(1);
    expect(`${await admin.call('client', 'list')}`).not.toContain('user=u ');
    for (const client of [own, ...others]) {
      await eventually(
        'the end',
        async () => client.closed,
        (closed) => closed,
      );
    }
    expect(await stranger.call('ping')).toEqual(new RespSimple('PONG'));
    expect(shown(await admin.call('acl', 'deluser', 'default'))).toBe(
      "-ERR The 'default' user cannot be removed",
    );
  });

  it('are cut when they listen to what he may not hear any more', async () => {
    const rules = 'on >pw +@all resetchannels &a &b:*';
    const fine = await userClient('u', rules);
    const plain = await userClient('u', rules);
    const pattern = await userClient('u', rules);
    await fine.call('subscribe', 'a');
    await plain.call('subscribe', 'b:1');
    await pattern.call('psubscribe', 'b:*');
    await admin.call('acl', 'setuser', 'u', '&more');
    expect(`${await admin.call('client', 'list')}`.match(/user=u /g)).toHaveLength(3);
    await admin.call('acl', 'setuser', 'u', 'resetchannels', '&a');
    expect(`${await admin.call('client', 'list')}`.match(/user=u /g)).toHaveLength(1);
    expect(await admin.call('publish', 'b:1', 'x')).toBe(0);
    expect(await admin.call('publish', 'a', 'x')).toBe(1);
    for (const client of [plain, pattern]) {
      await eventually(
        'the end',
        async () => client.closed,
        (closed) => closed,
      );
    }
  });

  it('are listed with his name, and killed by it', async () => {
    const client = await userClient('u', 'on >pw +@all');
    expect(await client.call('client', 'list')).toContain('user=u ');
    expect(shown(await admin.call('client', 'kill', 'user', 'nobody'))).toBe(
      "-ERR No such user 'nobody'",
    );
    expect(await admin.call('client', 'kill', 'user', 'u')).toBe(1);
    await eventually(
      'the end',
      async () => client.closed,
      (closed) => closed,
    );
  });
});

describe('the ACL log', () => {
  it('counts what is alike, of all threads, and tells who it was', async () => {
    await admin.call('acl', 'setuser', 'u', 'on', '>pw', '+set', '+multi', '+publish', '~a');
    for (let n = 0; n < THREAD_COUNT * 2; n++) {
      const client = clientNew();
      await wordsCall(
        client,
        'client setname x',
        'auth u pw',
        'get a',
        'set b x',
        'publish c x',
        'auth u no',
      );
    }
    const entries = await logFields(10);
    expect(
      entries.map(({ reason, object, context, username, count }) => [
        reason,
        object,
        context,
        username,
        count,
      ]),
    ).toEqual([
      ['auth', 'auth', 'toplevel', 'u', 8],
      ['channel', 'c', 'toplevel', 'u', 8],
      ['key', 'b', 'toplevel', 'u', 8],
      ['command', 'get', 'toplevel', 'u', 8],
    ]);
    expect(entries[2]['client-info']).toMatch(/ name=x .* cmd=set user=u /);
    expect(entries.map((entry) => entry['entry-id'])).toEqual(
      entries.map((entry) => (entries[3]['entry-id'] as number) + 3 - entries.indexOf(entry)),
    );
    expect(Number(entries[0]['age-seconds'])).toBeLessThan(30);
    for (const name of ['auth', 'cmd', 'key', 'channel']) {
      expect(await infoValue(`acl_access_denied_${name}`)).toBe(8);
    }
    const queueing = await userClient('u', 'on');
    await wordsCall(queueing, 'multi', 'get a');
    expect((await logFields(1))[0]).toMatchObject({ context: 'multi', object: 'get', count: 1 });
    expect(await wordsCall(admin, 'acl log reset', 'acl log', 'acl log 5')).toEqual([OK, [], []]);
  });

  it('is as long as acllog-max-len says', async () => {
    await admin.call('config', 'set', 'acllog-max-len', '3');
    const client = await userClient('u', 'on >pw +set');
    for (let n = 0; n < 8; n++) await client.call('set', `k${n}`, 'x');
    expect((await logFields(10)).map(({ object }) => object)).toEqual(['k7', 'k6', 'k5']);
    await admin.call('config', 'set', 'acllog-max-len', '0');
    expect(await logFields(10)).toHaveLength(3);
    await client.call('set', 'k', 'x');
    expect(await logFields(10)).toHaveLength(0);
    await admin.call('config', 'set', 'acllog-max-len', '128');
  });
});

describe('ACL', () => {
  it('answers as Redis does', async () => {
    const setUser = ['acl', 'setuser', 'u', 'on', 'nopass', '%R~r', '&c', '+get', '(~x +set)'];
    expect(await admin.call(...setUser)).toEqual(OK);
    expect(await admin.call('acl', 'getuser', 'u')).toEqual([
      'flags',
      ['on', 'nopass', 'sanitize-payload'],
      'passwords',
      [],
      'commands',
      '-@all +get',
      'keys',
      '%R~r',
      'channels',
      '&c',
      'selectors',
      [['commands', '-@all +set', 'keys', '~x', 'channels', '']],
    ]);
    expect(await admin.call('acl', 'list')).toEqual([
      'user default on nopass sanitize-payload ~* &* +@all',
      'user u on nopass sanitize-payload %R~r resetchannels &c -@all +get (~x resetchannels -@all +set)',
    ]);
    expect(
      await wordsCall(
        admin,
        'acl users',
        'acl whoami',
        'acl getuser nobody',
        'acl dryrun u get r',
        'acl dryrun u get s',
        'acl dryrun u del r',
        'acl dryrun u publish c x',
        'acl genpass 1',
        'acl genpass 0',
        'acl cat nosuch',
        'acl dryrun nobody get r',
        'acl dryrun u nosuch r',
        'acl dryrun u get',
        'acl setuser u +nosuch',
        'acl load',
        'acl save',
      ),
    ).toEqual([
      ['default', 'u'],
      'default',
      null,
      OK,
      "User u has no permissions to access the 's' key",
      "User u has no permissions to run the 'del' command",
      "User u has no permissions to run the 'publish' command",
      expect.stringMatching(/^[0-9a-f]$/),
      new RespError(
        'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
      ),
      new RespError("ERR Unknown category 'nosuch'"),
      new RespError("ERR User 'nobody' not found"),
      new RespError("ERR Command 'nosuch' not found"),
      new RespError("ERR wrong number of arguments for 'get' command"),
      new RespError(
        "ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL",
      ),
      expect.objectContaining({
        error: expect.stringContaining('not configured to use an ACL file'),
      }),
      expect.objectContaining({
        error: expect.stringContaining('not configured to use an ACL file'),
      }),
    ]);
    expect(await admin.call('acl', 'cat')).toHaveLength(21);
    expect(await admin.call('acl', 'help')).toContainEqual(new RespSimple('WHOAMI'));
    expect(await admin.call('acl', 'cat', 'TRANSACTION')).toEqual(
      expect.arrayContaining(['multi', 'exec']),
    );
    expect(await admin.call('acl', 'genpass')).toMatch(/^[0-9a-f]{64}$/);
    expect(shown(await admin.call('acl', 'setuser', 'a b'))).toMatch(
      /^-ERR Usernames can't contain spaces/,
    );
  });
});

const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe.skipIf(outside === undefined)('protected mode (skipped: no other address here)', () => {
  it('turns away who is not of this machine while default needs no password', async () => {
    const open = await respSpawn(['-l', '127.0.0.1', '-l', `${outside}`]);
    const inside = open.client();
    const ask = async (): Promise<string> => {
      const client = new RespClient({ host: outside ?? '', port: open.port });
      const reply = await client.call('ping').then(shown, () => 'closed');
      client.end();
      return reply;
    };
    try {
      expect(await ask()).toMatch(/^-DENIED Redis is running in protected mode/);
      await inside.call('acl', 'setuser', 'default', '>pw');
      expect(await ask()).toMatch(/^-NOAUTH/);
      await inside.call('acl', 'setuser', 'default', 'nopass');
      expect(await ask()).toMatch(/^-DENIED/);
      await inside.call('config', 'set', 'protected-mode', 'no');
      expect(await ask()).toBe('+PONG');
    } finally {
      inside.end();
      await open.stop();
    }
  });
});
