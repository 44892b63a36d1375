/** What is counted, logged and published of what scripts do. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, RespError } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { shown } from './session.ts';

let server: RespServer;
let client: RespClient;

beforeAll(async () => {
  server = await respSpawn(['-t', '1']);
  client = server.client();
});

afterAll(async () => {
  client.end();
  await server.stop();
});

beforeEach(async () => {
  await client.call('flushall');
  await client.call('config', 'resetstat');
});

async function info(section: string, name: string): Promise<string> {
  const text = String(await client.call('info', section));
  return new RegExp(`^${name.replaceAll('|', '\\|')}:(.*)\r$`, 'm').exec(text)?.[1] ?? '';
}

const run = (script: string, ...keys: string[]) =>
  client.call('eval', script, `${keys.length}`, ...keys);

describe('scripts are counted', () => {
  it('and so are their commands', async () => {
    await run("redis.call('set', KEYS[1], 1) redis.call('get', KEYS[1])", 'a');
    expect(await info('commandstats', 'cmdstat_eval')).toMatch(/^calls=1,.*failed_calls=0$/);
    expect(await info('commandstats', 'cmdstat_set')).toMatch(/^calls=1,/);
    expect(await info('commandstats', 'cmdstat_get')).toMatch(/^calls=1,/);
    expect(await info('persistence', 'rdb_changes_since_last_save')).toMatch(/^[1-9]/);
  });

  it('with the time of their commands', async () => {
    await run("for i = 1, 20000 do redis.call('incr', KEYS[1]) end", 'n');
    const us = async (name: string): Promise<number> =>
      Number(/usec=(\d+)/.exec(await info('commandstats', `cmdstat_${name}`))?.[1]);
    expect(await us('eval')).toBeGreaterThanOrEqual(await us('incr'));
    expect(await us('incr')).toBeGreaterThan(0);
  });

  it('each error once', async () => {
    await client.call('set', 'str', 'x');
    const errors = (): Promise<string> => info('errorstats', 'errorstat_WRONGTYPE');
    await run("return redis.call('lpush', KEYS[1], 1)", 'str');
    expect(await errors()).toBe('count=1');
    expect(await info('commandstats', 'cmdstat_lpush')).toMatch(/failed_calls=1$/);
    await run("redis.pcall('lpush', KEYS[1], 1)", 'str');
    expect(await errors()).toBe('count=2');
    await run("return redis.pcall('lpush', KEYS[1], 1)", 'str');
    expect(await errors()).toBe('count=3');
    await run("return redis.error_reply('MINE text')");
    expect(await info('errorstats', 'errorstat_MINE')).toBe('count=1');
    await run("redis.pcall('nosuch')");
    await run("redis.pcall('get')");
    expect(await info('errorstats', 'errorstat_ERR')).toBe('count=2');
    expect(await info('commandstats', 'cmdstat_get')).toMatch(/rejected_calls=1,failed_calls=0$/);
    await run('return nosuch');
    expect(await info('errorstats', 'errorstat_ERR')).toBe('count=3');
    expect(await info('stats', 'total_error_replies')).toBe('7');
  });

  it('and what Lua has in use', async () => {
    await run('return 1');
    expect(Number(await info('memory', 'used_memory_vm_eval'))).toBeGreaterThan(10_000);
    expect(Number(await info('memory', 'number_of_cached_scripts'))).toBeGreaterThan(0);
    await client.call('script', 'flush');
    expect(await info('memory', 'number_of_cached_scripts')).toBe('0');
    expect(await info('memory', 'used_memory_scripts_eval')).toBe('0');
    expect(await info('memory', 'used_memory_vm_eval')).toBe('0');
  });
});

describe('scripts are seen', () => {
  it('by MONITOR, and their commands behind them', async () => {
    const monitor = server.client();
    await monitor.call('monitor');
    await run(
      "redis.call('set', KEYS[1], 'v') redis.pcall('nosuch') return redis.call('get', KEYS[1])",
      'a',
    );
    const lines: string[] = [];
    while (lines.length < 3) lines.push(shown(await monitor.read()));
    expect(lines[0]).toMatch(/\[0 127\.0\.0\.1:\d+\] "eval" /);
    expect(lines[1]).toMatch(/\[0 lua\] "set" "a" "v"$/);
    expect(lines[2]).toMatch(/\[0 lua\] "get" "a"$/);
    monitor.end();
  });

  it('in the slow log, and their commands before them', async () => {
    await client.call('config', 'set', 'slowlog-log-slower-than', '0');
    await client.call('slowlog', 'reset');
    await run("redis.call('set', KEYS[1], 'v')", 'a');
    const log = shown(await client.call('slowlog', 'get', '2'));
    await client.call('config', 'set', 'slowlog-log-slower-than', '10000');
    expect(log).toMatch(/\["eval", .*\["set", "a", "v"\], "\?:0", ""/);
  });

  it('by who has subscribed to the events of keys', async () => {
    await client.call('config', 'set', 'notify-keyspace-events', 'KEA');
    const listener = server.client();
    await listener.call('psubscribe', '__keyevent@0__:*');
    await run(
      "redis.call('set', KEYS[1], 1) redis.call('lpush', 'l', 1) redis.call('del', KEYS[1])",
      'a',
    );
    const events: string[] = [];
    while (events.length < 3) events.push(shown(await listener.read()));
    expect(events.map((event) => /__:(\w+)", "(\w+)"\]$/.exec(event)?.slice(1).join(' '))).toEqual([
      'set a',
      'lpush l',
      'del a',
    ]);
    await client.call('config', 'set', 'notify-keyspace-events', '');
    listener.end();
  });

  it('by who waits for a key, when they are done', async () => {
    const waiting = server.client();
    const popped = waiting.call('blpop', 'queue', '5');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await run("redis.call('rpush', KEYS[1], 'a', 'b') redis.call('lpop', KEYS[1])", 'queue');
    expect(shown(await popped)).toBe('["queue", "b"]');
    waiting.end();
  });

  it('and do not wait themselves', async () => {
    expect(shown(await run("return redis.call('blpop', KEYS[1], 0)", 'none'))).toBe('nil');
  });
});

describe('scripts keep to what their client may', () => {
  it('run', async () => {
    await client.call('acl', 'setuser', 'reader', 'on', '>x', '~*', '+@read', '+eval', '+auth');
    const reader = server.client();
    await reader.call('auth', 'reader', 'x');
    const get = await reader.call('eval', "return redis.call('get', KEYS[1])", '1', 'a');
    expect(shown(get)).toBe('nil');
    const set = await reader.call('eval', "return redis.call('set', KEYS[1], 1)", '1', 'a');
    expect(set).toBeInstanceOf(RespError);
    expect(shown(set)).toMatch(
      /^-ERR ACL failure in script: User reader has no permissions to run the 'set' command/,
    );
    const checks = "return {redis.acl_check_cmd('get', 'a'), redis.acl_check_cmd('set', 'a', 1)}";
    expect(shown(await reader.call('eval', checks, '0'))).toBe('[:1, nil]');
    expect(shown(await client.call('acl', 'log'))).toContain('"lua"');
    reader.end();
  });
});
