/**
 * Scripts that mean harm: each is answered, and what comes after it finds the server, and Lua, as they were.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shown } from '../resp/session.ts';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';

let server: RespServer;
let client: RespClient;

beforeAll(async () => {
  server = await respSpawn(['-t', '2']);
  client = server.client();
});

afterAll(async () => {
  client.end();
  await server.stop();
});

const run = async (script: string, ...words: string[]): Promise<string> =>
  shown(await client.call('eval', script, '0', ...words));

/** Whether scripts are run as ever. */
async function expectHealth(): Promise<void> {
  const check = `redis.call('set', 'health', 'good')
    local t = {} for i = 1, 100 do t[i] = ('x'):rep(i) end
    return redis.call('get', 'health') .. #table.concat(t) .. math.floor(2.5)`;
  expect(await run(check)).toBe('"good50502"');
}

const NO_MEMORY = /^-ERR (Error running script|.*not enough memory)/;

/** What each script is answered. */
const SCRIPTS: readonly (readonly [what: string, script: string, reply: RegExp])[] = [
  ['a string that doubles', "local s = 'x' while true do s = s .. s end", NO_MEMORY],
  ['a string of all memory', "return ('x'):rep(2^31 - 1)", NO_MEMORY],
  ['tables without end', 'local t = {} while true do t = {t, {}, {}} end', NO_MEMORY],
  [
    'memory used up again and again',
    `local n = 0
     for i = 1, 3 do
       if not pcall(function() local s = ('x'):rep(1e6) while true do s = s .. s end end) then
         n = n + 1
       end
     end
     return n`,
    /^:3$/,
  ],
  ['recursion', 'local function f() return 1 + f() end return f()', /stack overflow/],
  ['recursion in C', "local function f() return (('a'):gsub('a', f)) end f()", /C stack overflow/],
  ['coroutines in coroutines', 'local function f() coroutine.wrap(f)() end f()', /overflow/],
  ['a pattern that recurses', "return ('a'):rep(5e5):find(('a?'):rep(5e5))", /^-ERR Error running/],
  ['pcall in pcall', 'local function f() pcall(f) end f() return 1', /^:1$/],
  ['many results', 'return unpack({}, 1, 1e7)', /too many results to unpack/],
  ['results beyond integers', 'return unpack({1, 2, 3}, -2, 2147483647)', /too many results/],
  ['a wide format', "return string.format('%99999d', 1)", /invalid format/],
  ['a long format', "return #string.format('%s', ('x'):rep(1e6))", /^:1000000$/],
  [
    'what compiled code starts with',
    "return (loadstring('\\27Lua\\81\\0\\1\\4\\4\\4\\8\\0'))",
    /^nil$/,
  ],
  ['string.dump', 'return type(string.dump(function() end))', /^"string"$/],
  ['a metatable of all strings', "getmetatable('').__index = nil", /readonly table/],
  ['a metatable of the globals', 'setmetatable(_G, {__index = 1})', /readonly table/],
  ['a function of a library', 'string.sub = function() end', /readonly table/],
  ['redis.call of another', 'redis.call = function() return 1 end', /readonly table/],
  ['a library of another', 'cjson.encode = 1', /readonly table/],
  ['a library inserted into', 'table.insert(cmsgpack, 1)', /readonly table/],
  ['globals sorted', 'table.sort(_G) return 1', /^:1$/],
  ['globals removed from', 'table.remove(_G) return 1', /^:1$/],
  ['the collector stopped', "collectgarbage('stop') return 1", /^:1$/],
  ['an error that is a table of itself', 'local t = {} t.err = t error(t)', /^-ERR unknown error/],
  ['an error with no text', 'error({})', /^-ERR unknown error script: /],
  ['an error with line ends', "error('a\\r\\n+OK\\r\\n')", /^-ERR user_script:1: a {2}\+OK/],
  ['a status with line ends', "return {ok = 'a\\r\\n$3'}", /^\+a {2}\$3$/],
  [
    'redis.call from a coroutine that stays',
    "coroutine.wrap(function() redis.call('get', 'x') coroutine.yield() end)() return 1",
    /^:1$/,
  ],
  ['a reader that never ends', "return load(function() return 'x ' end)", NO_MEMORY],
  [
    'redis.call in a sort',
    "local t = {2, 1} table.sort(t, function(a, b) redis.call('get', 'x') return a < b end) return t[1]",
    /^:1$/,
  ],
  [
    'redis.call in a gsub',
    "return (('ab'):gsub('%w', function(c) return redis.call('echo', c) .. '.' end))",
    /^"a\.b\."$/,
  ],
  [
    'redis.call in a metamethod',
    "return #setmetatable({}, {__index = function(_, k) return redis.call('echo', k) end}).abc",
    /^:3$/,
  ],
  [
    'arguments by the thousand',
    "local t = {} for i = 1, 7900 do t[i] = i end return redis.call('rpush', 'many', unpack(t))",
    /^:7900$/,
  ],
  ['an environment of its own', 'return getfenv', /nonexistent global variable 'getfenv'/],
  ['finalizers', 'return newproxy', /nonexistent global variable 'newproxy'/],
];

describe('scripts that mean harm', () => {
  it.each(SCRIPTS)(
    '%s',
    async (_, script, reply) => {
      expect(await run(script)).toMatch(reply);
      await expectHealth();
    },
    60_000,
  );

  it('a reply that holds itself', async () => {
    const other = server.client();
    let bytes = '';
    other.socket.removeAllListeners('data');
    other.socket.on('data', (piece: Buffer) => {
      bytes += piece.toString('latin1');
    });
    other.send('eval', 'local t = {} t[1] = t return t', '0');
    other.send('ping');
    while (!bytes.endsWith('PONG\r\n')) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(bytes).toMatch(/^(\*1\r\n){7000,}-ERR reached lua stack limit\r\n\+PONG\r\n$/);
    other.end();
    await expectHealth();
  });

  it('a script of megabytes', async () => {
    const script = `return ${"'x' .. ".repeat(100)}'x' -- ${'y'.repeat(4 << 20)}`;
    expect(await run(script)).toBe(`"${'x'.repeat(101)}"`);
    await expectHealth();
  });

  it('an argument of megabytes, and its way back', async () => {
    const word = 'z'.repeat(16 << 20);
    expect(await run('return #ARGV[1]', word)).toBe(`:${16 << 20}`);
    expect((await run('return ARGV[1]', word)).length).toBe((16 << 20) + 2);
    await expectHealth();
  });

  it('a library that uses up the stack while it is loaded', async () => {
    const code = "#!lua name=deep\nreturn ('a'):rep(5e5):find(('a?'):rep(5e5))";
    expect(shown(await client.call('function', 'load', code))).toMatch(/^-ERR Error/);
    const good = "#!lua name=good\nredis.register_function('one', function() return 1 end)";
    expect(shown(await client.call('function', 'load', good))).toBe('"good"');
    expect(shown(await client.call('fcall', 'one', '0'))).toBe(':1');
    await expectHealth();
  });

  it('a function that uses up the stack, and another after it', async () => {
    const code = `#!lua name=both
      redis.register_function('deep', function() return ('a'):rep(5e5):find(('a?'):rep(5e5)) end)
      redis.register_function('two', function() return 2 end)`;
    expect(shown(await client.call('function', 'load', code))).toBe('"both"');
    expect(shown(await client.call('fcall', 'deep', '0'))).toMatch(/^-ERR Error running script/);
    expect(shown(await client.call('fcall', 'two', '0'))).toBe(':2');
  });

  it('more scripts than are kept', async () => {
    for (let at = 0; at < 700; at++) expect(await run(`return ${at}`)).toBe(`:${at}`);
    const info = String(await client.call('info', 'memory'));
    expect(Number(/number_of_cached_scripts:(\d+)/.exec(info)?.[1])).toBeLessThanOrEqual(500);
    const stats = String(await client.call('info', 'stats'));
    expect(Number(/evicted_scripts:(\d+)/.exec(stats)?.[1])).toBeGreaterThan(0);
    await expectHealth();
  });
});
