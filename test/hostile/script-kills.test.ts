/**
 * Scripts that do not end, whatever they do to go on: SCRIPT KILL ends them, and others, told BUSY or served
 * meanwhile, are served after. One that has written is not ended but with its server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { shown } from '../resp/session.ts';
import type { RespClient } from '../support/resp-client.ts';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const BUSY =
  '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
const NOT_BUSY = '-NOTBUSY No scripts in execution right now.';
const KILLED = /^-ERR .*[Ss]cript killed by user with SCRIPT KILL/;

// biome-ignore format: a table reads in columns
const ENDLESS: readonly (readonly [name: string, script: string])[] = [
  ['a loop', 'while true do end'],
  ['a loop of repeat', 'repeat until false'],
  ['a loop of numbers', 'for n = 1, math.huge do end'],
  ['a loop that catches its end', 'while true do pcall(function() while true do end end) end'],
  ['a loop in a coroutine', 'coroutine.wrap(function() while true do end end)()'],
  ['a loop of calls', 'while true do redis.call("get", "x") end'],
  ['a loop of calls that catches errors', 'while true do redis.pcall("nothing", "x") end'],
  ['a recursion at its end', 'local function f() return f() end return f()'],
  ['a loop in a metamethod', 'local t = setmetatable({}, {__index = function() while true do end end}) return t.x'],
  ['a loop in an iterator', 'for n in function() return 1 end do end'],
  ['a loop in gsub', '("x"):gsub("x", function() while true do end end)'],
  ['a sort', 'table.sort({1, 2, 3}, function() while true do end end)'],
  ['a loop of code', 'while true do loadstring("return 1")() end'],
  ['a loop that keeps the collector busy', 'while true do local t = {} for n = 1, 1000 do t[n] = {} end collectgarbage() end'],
];

/** What redis-server is not able to end, or only after long. */
// biome-ignore format: a table reads in columns
const ENDLESS_TO_PEERS: typeof ENDLESS = [
  ['a loop that takes all memory, and catches that', 'local t = {} while true do pcall(function() while true do t[#t + 1] = #t .. ("x"):rep(100000) end end) end'],
  ['a loop that catches its end in its error handler', 'while true do xpcall(function() while true do end end, function() while true do end end) end'],
  ['coroutines that follow one another', 'while true do local c = coroutine.create(function() while true do pcall(error) end end) coroutine.resume(c) end'],
  ['a loop in a library', 'while true do ("x"):rep(100000):reverse() end'],
];
const isPeer = process.env['FLAGSTONE_PEER'] === '1';

let server: RespServer;
let hostile: RespClient;
let other: RespClient;
let admin: RespClient;

async function serverStart(): Promise<void> {
  server = await applicationServerSpawn();
  [hostile, other, admin] = [server.client(), server.client(), server.client()];
  await admin.call('config', 'set', 'lua-time-limit', '100');
  await other.call('set', 'x', 'of another');
}

async function busyWait(): Promise<void> {
  await vi.waitFor(async () => expect(shown(await other.call('ping'))).toBe(BUSY), {
    timeout: 20_000,
  });
}

describe('scripts without an end', () => {
  beforeAll(serverStart);
  afterAll(async () => {
    for (const client of [hostile, other, admin]) client.end();
    await server.stop();
  });

  it.each([...ENDLESS, ...(isPeer ? [] : ENDLESS_TO_PEERS)])('%s', async (_, script) => {
    expect(shown(await admin.call('script', 'kill'))).toBe(NOT_BUSY);
    hostile.send('eval', script, '0');
    hostile.send('get', 'x');
    await busyWait();
    expect(shown(await other.call('set', 'x', 'lost'))).toBe(BUSY);
    expect(shown(await admin.call('script', 'kill'))).toBe('+OK');
    expect(shown(await hostile.read())).toMatch(KILLED);
    expect(shown(await hostile.read())).toBe('"of another"');
    expect(await other.call('get', 'x')).toBe('of another');
    expect(await hostile.call('eval', 'return redis.call("get", KEYS[1])', '1', 'x')).toBe(
      'of another',
    );
  });

  it('one whose client has gone', async () => {
    const leaving = server.client();
    leaving.send('eval', 'while true do end', '0');
    await busyWait();
    leaving.end();
    await sleep(50);
    expect(shown(await admin.call('script', 'kill'))).toBe('+OK');
    await vi.waitFor(async () => expect(shown(await other.call('ping'))).toBe('+PONG'));
  });

  it('one in a transaction', async () => {
    for (const words of [['multi'], ['eval', 'while true do end', '0'], ['get', 'x'], ['exec']]) {
      hostile.send(...words);
    }
    await busyWait();
    expect(shown(await admin.call('script', 'kill'))).toBe('+OK');
    for (let reply = 0; reply < 3; reply++) await hostile.read();
    const results = await hostile.read();
    expect(shown(results)).toMatch(/^\[-ERR .*SCRIPT KILL.*, "of another"\]$/);
  });

  it('several at once', async () => {
    const many = Array.from({ length: 6 }, () => server.client());
    for (const client of many) client.send('eval', 'while true do end', '0');
    const replies = many.map((client) => client.read().then(shown));
    let left = many.length;
    for (const reply of replies) void reply.then(() => left--);
    await vi.waitFor(
      async () => {
        await admin.call('script', 'kill');
        expect(left).toBe(0);
      },
      { timeout: 30_000 },
    );
    for (const reply of await Promise.all(replies)) {
      expect(reply === BUSY || KILLED.test(reply), reply).toBe(true);
    }
    expect(shown(await other.call('ping'))).toBe('+PONG');
    for (const client of many) client.end();
  });
});

describe('a script that has written', () => {
  it.each([
    ['', 'redis.call("set", "x", 1) while true do end'],
    [', however it did', 'pcall(redis.call, "set", "x", 1) while true do pcall(error) end'],
  ])('is not killed%s, and SHUTDOWN NOSAVE ends it', async (_, script) => {
    await serverStart();
    hostile.send('eval', script, '0');
    await busyWait();
    expect(shown(await admin.call('script', 'kill'))).toMatch(/^-UNKILLABLE /);
    expect(shown(await other.call('shutdown'))).toBe(BUSY);
    admin.send('shutdown', 'nosave');
    const ended = await Promise.race([server.ended.then(() => true), sleep(15_000, false)]);
    for (const client of [hostile, other, admin]) client.end();
    await server.stop();
    expect(ended).toBe(true);
  });
});
