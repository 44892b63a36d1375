/**
 * A user who may do everything, but with his own keys and channels only, at the keys and channels of another:
 * plainly, in a transaction, by a script that declares its keys and by one that does not. All of it has to be
 * refused and to change nothing, and no reply may hold what is not his.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { shown } from '../resp/session.ts';
import type { RespClient } from '../support/resp-client.ts';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SECRET = 'top-secret';

/** What he tries; `*` behind: it may not be called by scripts. */
const TRIED = `
  get bob:string | getdel bob:string | getex bob:string | getset bob:string x | set bob:string x | setnx bob:string x
  mget ann:a bob:string | mset ann:a 1 bob:string x | msetnx ann:none 1 bob:string x | append bob:string x
  getrange bob:string 0 -1 | setrange bob:string 0 x | strlen bob:string | incr bob:number | lcs ann:string bob:string
  bitop or ann:x bob:string | bitop not bob:string ann:string | bitcount bob:string | bitfield bob:string get u8 0
  exists ann:string bob:string | type bob:string | ttl bob:string | expire bob:string 1 | persist bob:string
  touch bob:string | del bob:string | unlink ann:none bob:string | dump bob:string | restore bob:new 0 x
  object encoding bob:string | object refcount bob:string | memory usage bob:string
  copy bob:string ann:x | copy ann:string bob:string replace | copy bob:string ann:x db 1 | move bob:string 1
  rename bob:string ann:x | rename ann:string bob:string | renamenx ann:string bob:new
  lpush bob:list x | lpop bob:list | lrange bob:list 0 -1 | lmove bob:list ann:list left left | lmove ann:list bob:list left left
  rpoplpush bob:list ann:list | lmpop 2 ann:none bob:list left | lpos bob:list x | linsert bob:list before a b
  sort ann:list by bob:* get # | sort ann:list by nosort get bob:* | sort ann:list get bob:*->field
  sort bob:list alpha | sort ann:list alpha store bob:x | sort_ro ann:list by nosort get bob:* | sort_ro bob:list alpha
  sadd bob:set x | smembers bob:set | smove bob:set ann:set ${SECRET} | smove ann:set bob:set a
  sinter ann:set bob:set | sinterstore ann:x ann:set bob:set | sinterstore bob:x ann:set | sunionstore ann:x bob:set
  sdiff bob:set ann:set | sintercard 2 ann:set bob:set | srandmember bob:set | spop bob:set
  hset bob:hash f x | hgetall bob:hash | hget bob:hash field | hrandfield bob:hash | hscan bob:hash 0
  zadd bob:zset 1 x | zrange bob:zset 0 -1 | zrangestore ann:x bob:zset 0 -1 | zrangestore bob:x ann:zset 0 -1
  zunion 2 ann:zset bob:zset | zunionstore ann:x 2 ann:zset bob:zset | zunionstore bob:x 1 ann:zset
  zinterstore ann:x 1 bob:zset | zdiff 2 bob:zset ann:zset | zdiffstore ann:x 1 bob:zset | zmpop 1 bob:zset min
  geoadd bob:geo 1 1 x | geopos bob:geo ${SECRET} | georadius ann:geo 0 0 1 km store bob:x | georadius bob:geo 0 0 1 km
  georadiusbymember ann:geo a 1 km storedist bob:x | geosearchstore ann:x bob:geo fromlonlat 0 0 byradius 1 km
  geosearchstore bob:x ann:geo fromlonlat 0 0 byradius 1 km
  pfadd bob:hll x | pfcount ann:hll bob:hll | pfmerge ann:x bob:hll | pfmerge bob:x ann:hll
  xadd bob:stream * f v | xrange bob:stream - + | xread streams bob:stream 0 | xread streams ann:stream bob:stream 0 0
  xread count 1 block 1 streams bob:stream 0 | xreadgroup group g c streams bob:stream > | xack bob:stream g 1-1
  xreadgroup group g c streams ann:stream bob:stream > > | xgroup create bob:stream h 0 | xgroup destroy bob:stream g
  xinfo stream bob:stream | xinfo groups bob:stream | xpending bob:stream g | xclaim bob:stream g c 0 1-1
  xautoclaim bob:stream g c 0 0 | xdel bob:stream 1-1 | xtrim bob:stream maxlen 0 | xsetid bob:stream 9-9 | xlen bob:stream
  blpop ann:none bob:list 1* | brpop bob:list 1* | blmove bob:list ann:list left left 1* | blmpop 1 1 bob:list left*
  brpoplpush ann:list bob:list 1* | bzpopmin bob:zset 1* | bzpopmax ann:none bob:zset 1* | bzmpop 1 1 bob:zset min*
  watch bob:string* | watch ann:string bob:string*
  publish bob:news x | spublish bob:news x
`
  .split(/[|\n]/)
  .map((one) => one.trim())
  .filter((one) => one !== '');

/** Within a transaction these make no sense, or are another thing. */
const SUBSCRIPTIONS = [
  'subscribe bob:news',
  'subscribe ann:news bob:news',
  'psubscribe *',
  'psubscribe bob:*',
  'psubscribe ann:* b*',
  'ssubscribe bob:news',
];

const wordsOf = (text: string): readonly string[] => text.replace(/\*$/, '').split(' ');
const forScripts = TRIED.filter((one) => !one.endsWith('1*') && !/^watch|^b|block/.test(one));

let server: RespServer;
let admin: RespClient;
let ann: RespClient;

// biome-ignore format: a table reads in columns
const FILLING: readonly (readonly string[])[] = ['ann', 'bob'].flatMap((name) => {
  const value = name === 'bob' ? SECRET : 'a';
  return [
    ['set', `${name}:string`, value], ['set', `${name}:number`, '7'], ['rpush', `${name}:list`, value], ['sadd', `${name}:set`, value],
    ['hset', `${name}:hash`, 'field', value], ['zadd', `${name}:zset`, '1', value], ['geoadd', `${name}:geo`, '0', '0', value],
    ['pfadd', `${name}:hll`, value], ['xadd', `${name}:stream`, '1-1', 'f', value], ['xgroup', 'create', `${name}:stream`, 'g', '0'],
  ];
});

/** All that is stored, by name. */
async function contents(): Promise<readonly string[]> {
  const names = ((await admin.call('keys', '*')) as string[]).sort();
  const all = [shown(await admin.call('dbsize'))];
  for (const name of names) all.push(`${name} ${shown(await admin.call('dump', name))}`);
  return all;
}

async function nothingDone(what: () => Promise<unknown>): Promise<void> {
  const before = await contents();
  await what();
  expect(await contents()).toEqual(before);
}

beforeAll(async () => {
  server = await applicationServerSpawn();
  admin = server.client();
  for (const words of FILLING) expect(shown(await admin.call(...words))).not.toMatch(/^-/);
  const rules = 'on >of-ann ~ann:* resetchannels &ann:* +@all'.split(' ');
  expect(shown(await admin.call('acl', 'setuser', 'ann', ...rules))).toBe('+OK');
  ann = server.client();
  expect(shown(await ann.call('auth', 'ann', 'of-ann'))).toBe('+OK');
});
afterAll(async () => {
  for (const client of [admin, ann]) client.end();
  await server.stop();
});

describe('a user of some keys', () => {
  it.each(TRIED)('may not %s', (text) =>
    nothingDone(async () => {
      const reply = shown(await ann.call(...wordsOf(text)));
      expect(reply).toMatch(/^-NOPERM |^-ERR (BY|GET) option of SORT/);
      expect(reply).not.toContain(SECRET);
    }),
  );

  it('may not do it in transactions', () =>
    nothingDone(async () => {
      for (const text of TRIED.filter((one) => !one.startsWith('watch'))) {
        await ann.call('multi');
        const queued = shown(await ann.call(...wordsOf(text)));
        const done = shown(await ann.call('exec'));
        expect(done, text).not.toContain(SECRET);
        if (queued === '+QUEUED') expect(done, text).toMatch(/^\[-(NOPERM|ERR (BY|GET))/);
        else expect(`${queued} ${done}`, text).toMatch(/^-NOPERM .* -EXECABORT /);
      }
    }));

  it.each([
    ['declared', 'bob:string'],
    ['not declared', 'ann:string'],
  ])('may not do it by scripts, its keys %s', (_, key) =>
    nothingDone(async () => {
      for (const text of forScripts) {
        const script = `return redis.call(${wordsOf(text).map((word) => `"${word}"`)})`;
        const caught = script.replace('call', 'pcall');
        for (const one of [script, caught]) {
          const reply = shown(await ann.call('eval', one, '1', key));
          expect(reply, text).toMatch(/^-(NOPERM|ERR) .*(permissions|ACL|can't)/);
          expect(reply, text).not.toContain(SECRET);
        }
      }
    }),
  );

  it('may not do it by the script of another', async () => {
    const sha = (await admin.call('script', 'load', 'return redis.call("get", ARGV[1])')) as string;
    expect(await admin.call('evalsha', sha, '0', 'bob:string')).toBe(SECRET);
    expect(shown(await ann.call('evalsha', sha, '0', 'bob:string'))).toMatch(
      /^-.*(permissions|ACL|can't)/,
    );
    expect(await ann.call('evalsha', sha, '0', 'ann:string')).toBe('a');
  });

  it('may not do it by the function of another', async () => {
    const code =
      "redis.register_function('read', function(_, args) return redis.call('get', args[1]) end)";
    await admin.call('function', 'load', `#!lua name=reading\n${code}`);
    expect(await admin.call('fcall', 'read', '0', 'bob:string')).toBe(SECRET);
    const refused = shown(await ann.call('fcall', 'read', '0', 'bob:string'));
    expect(refused).toMatch(/^-.*(permissions|ACL|can't)/);
    expect(shown(await ann.call('fcall', 'read', '1', 'bob:string', 'ann:string'))).toMatch(
      /^-NOPERM/,
    );
    expect(await ann.call('fcall', 'read', '0', 'ann:string')).toBe('a');
  });

  it.each(SUBSCRIPTIONS)('may not %s', async (text) => {
    expect(shown(await ann.call(...text.split(' ')))).toMatch(/^-NOPERM /);
    expect(await admin.call('publish', 'bob:news', SECRET)).toBe(0);
    expect(ann.unread).toBe(0);
  });

  it('may do it with his own', async () => {
    for (const text of [
      'get ann:string',
      'sort ann:list alpha',
      'copy ann:string ann:copied',
      'publish ann:news x',
    ]) {
      expect(shown(await ann.call(...text.split(' '))), text).not.toMatch(/^-/);
    }
    await admin.call('del', 'ann:copied');
  });
});

describe('a user of some commands', () => {
  let weak: RespClient;
  beforeAll(async () => {
    const rules = 'on >of-weak ~* &* +@all -@dangerous -@admin -get -client|no-evict'.split(' ');
    await admin.call('acl', 'setuser', 'weak', ...rules);
    weak = server.client();
    await weak.call('auth', 'weak', 'of-weak');
  });
  afterAll(() => weak.end());

  const refused = [
    'get bob:string',
    'config get *',
    'acl list',
    'acl setuser weak +@all',
    'client kill type normal',
    'client list',
    'monitor',
    'flushall',
    'keys *',
    'info',
    'shutdown nosave',
    'swapdb 0 1',
    'slowlog get',
    'replicaof no one',
  ];
  it.each(refused)('may not %s', async (text) => {
    expect(shown(await weak.call(...text.split(' ')))).toMatch(/^-NOPERM /);
    await weak.call('multi');
    expect(shown(await weak.call(...text.split(' ')))).toMatch(/^-/);
    expect(shown(await weak.call('exec'))).toMatch(/^-EXECABORT /);
  });

  it('may not do it by scripts', async () => {
    for (const text of ['get bob:string', 'flushall', 'keys *', 'info']) {
      const script = `return redis.pcall(${text.split(' ').map((word) => `"${word}"`)})`;
      const reply = shown(await weak.call('eval', script, '1', 'bob:string'));
      expect(reply, text).toMatch(
        /^-.*can't run this command|^-.*ACL failure|^-.*not allowed from script|^-NOPERM/,
      );
    }
    expect(await admin.call('get', 'bob:string')).toBe(SECRET);
  });

  it('may not do it under another case, by its parent or with more words', async () => {
    for (const words of [
      ['GET', 'bob:string'],
      ['gEt', 'bob:string'],
      ['CoNfIg', 'GeT', '*'],
      ['client', 'KILL', 'x'],
    ]) {
      expect(shown(await weak.call(...words))).toMatch(/^-NOPERM /);
    }
  });
});

describe('rights that are taken away', () => {
  it('are gone for a connection that is there, and for what it has queued', async () => {
    await admin.call('acl', 'setuser', 'cid', ...'on >of-cid ~cid:* &* +@all'.split(' '));
    const cid = server.client();
    await cid.call('auth', 'cid', 'of-cid');
    await cid.call('set', 'cid:a', '1');
    await cid.call('multi');
    await cid.call('get', 'cid:a');
    await cid.call('incr', 'cid:a');
    await admin.call('acl', 'setuser', 'cid', '-incr', 'resetkeys', '~other:*');
    expect(shown(await cid.call('exec'))).toMatch(/^\[-NOPERM .*, -NOPERM .*\]$/);
    expect(await admin.call('get', 'cid:a')).toBe('1');
    expect(shown(await cid.call('get', 'cid:a'))).toMatch(/^-NOPERM /);
    await admin.call('acl', 'deluser', 'cid');
    await vi.waitFor(() => expect(cid.closed).toBe(true));
  });

  it('end a subscription', async () => {
    await admin.call('acl', 'setuser', 'dan', ...'on >of-dan ~* &news +@all'.split(' '));
    const dan = server.client();
    await dan.call('auth', 'dan', 'of-dan');
    await dan.call('subscribe', 'news');
    await admin.call('acl', 'setuser', 'dan', 'resetchannels');
    await vi.waitFor(() => expect(dan.closed).toBe(true));
    expect(await admin.call('publish', 'news', SECRET)).toBe(0);
    await admin.call('acl', 'deluser', 'dan');
  });

  it('are not got back by a wrong password, or by HELLO', async () => {
    await admin.call(
      'acl',
      'setuser',
      'eve',
      ...'on >of-eve ~* &* -@all +ping +hello +auth +reset'.split(' '),
    );
    const eve = server.client();
    await eve.call('auth', 'eve', 'of-eve');
    const tried = [
      ['auth', 'ann', 'wrong'],
      ['hello', '3', 'auth', 'ann', 'x'],
      ['auth', 'none', ''],
      ['hello', '2'],
    ];
    for (const words of tried) {
      await eve.call(...words);
      expect(shown(await eve.call('get', 'bob:string')), words.join(' ')).toMatch(/^-NOPERM /);
    }
    eve.end();
    await admin.call('acl', 'deluser', 'eve');
  });
});
