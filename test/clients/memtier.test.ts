/** memtier_benchmark as a client: mixed traffic, over every protocol, without one error. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programFind } from '../../bench/support/command.ts';
import { commandRun } from '../support/command-run.ts';
import { respSpawn } from '../support/resp-server.ts';
import { spawnFlagstone } from '../support/server.ts';
import { clientUse } from '../support/text-client.ts';
import { UsersFile } from './users-file.ts';

const IS_LONG = process.env['FLAGSTONE_LONG'] === '1';
const DURATION_SEC = 60;
/** For all but the traffic of a long run: the connecting, and a machine that is busy. */
const SPARE_SEC = 60;
const MS_MAX = (DURATION_SEC + SPARE_SEC) * 1000;
const TEXT = 'memcache_text';
const BINARY = 'memcache_binary';
const RESP2 = 'redis';
const RESP3 = 'resp3';

/** Many for small values, few for large ones, from each of the 16 clients. */
const LONG = [`--test-time=${DURATION_SEC}`, '--key-maximum=1000'];
const MANY = IS_LONG ? LONG : ['--requests=2000', '--key-maximum=1000'];
const FEW = IS_LONG ? LONG : ['--requests=300', '--key-maximum=100'];

const PIPELINED = ['--pipeline=16', '--data-size-range=1-200', '--ratio=1:10', ...MANY];
const LARGE = ['--data-size-range=1-500000', '--ratio=1:4', ...FEW];
const MULTIPLE = ['--multi-key-get=10', '--data-size=100', '--ratio=1:10', ...MANY];

/** Other commands than SET and GET, a key each. */
const COMMANDS = [
  'HSET h:__key__ f1 __data__ f2 __data__',
  'HGETALL h:__key__',
  'LPUSH l:__key__ __data__ __data__',
  'LTRIM l:__key__ 0 99',
  'LRANGE l:__key__ 0 9',
  'ZINCRBY z 1 __key__',
  'ZREVRANGE z 0 9 WITHSCORES',
  'SADD s:__key__ __data__',
  'SPOP s:__key__',
  'INCR n:__key__',
  'SETEX x:__key__ 100 __data__',
];

const tool = programFind('memtier_benchmark');
const reason = tool === null ? ' (skipped: no memtier_benchmark on the PATH)' : '';

/** Its rates are of no use: in a short run it may take the end of the time before its start. */
type Totals = { readonly Count: number };

describe.skipIf(tool === null)(`memtier_benchmark${reason}`, () => {
  it.each([
    [TEXT, 'small values, pipelined', PIPELINED],
    [TEXT, 'values up to the largest', LARGE],
    [TEXT, 'many keys at once', MULTIPLE],
    [BINARY, 'small values, pipelined', PIPELINED],
    [BINARY, 'values up to the largest', LARGE],
  ])('%s: %s', { timeout: MS_MAX }, async (protocol, _name, load) => {
    const server = await spawnFlagstone();
    try {
      const setCount = await trafficRun(server, protocol, load);
      const stats = await clientUse(server, (client) => client.stats());
      expect(Number(stats.get('cmd_set'))).toBeGreaterThanOrEqual(setCount);
      expect(Number(stats.get('get_hits'))).toBeGreaterThan(0);
      const own = await clientUse(server, (client) => client.stats('server'));
      expect(own.get('thread_restarts')).toBe('0');
    } finally {
      await server.stop();
    }
  });

  it.each([
    [RESP2, 'small values, pipelined', PIPELINED],
    [RESP2, 'values up to the largest', LARGE],
    [RESP3, 'small values, pipelined', PIPELINED],
    [RESP3, 'values up to the largest', LARGE],
  ])('%s: %s', { timeout: MS_MAX }, async (protocol, _name, load) => {
    const server = await respSpawn();
    try {
      await trafficRun(server, protocol, load);
      await threadsStand(server);
    } finally {
      await server.stop();
    }
  });

  it.each([RESP2, RESP3])('%s: many commands', { timeout: MS_MAX }, async (protocol) => {
    const server = await respSpawn();
    const ratio = ['--command-ratio=1', '--command-key-pattern=R'];
    const commands = COMMANDS.flatMap((one) => [`--command=${one}`, ...ratio]);
    try {
      await toolRun(server, protocol, ['--pipeline=8', '--data-size=100', ...FEW, ...commands]);
      await threadsStand(server);
    } finally {
      await server.stop();
    }
  });

  it('memcache_binary: after SASL', { timeout: MS_MAX }, async () => {
    const users = await UsersFile.forSasl('PLAIN');
    const server = await spawnFlagstone(users.spawnOptions);
    try {
      const who = `--authenticate=${users.username}:${users.password}`;
      await trafficRun(server, BINARY, [who, ...PIPELINED]);
    } finally {
      users.remove();
      await server.stop();
    }
  });
});

type Address = { readonly host: string; readonly port: number };

async function threadsStand(server: Address & { readonly memcachedPort: number }): Promise<void> {
  const memcached = { host: server.host, port: server.memcachedPort };
  const own = await clientUse(memcached, (client) => client.stats('server'));
  expect(own.get('thread_restarts')).toBe('0');
  expect(own.get('partition_resets')).toBe('0');
}

/** Runs it to its end, without an error; how many sets it counted. */
async function trafficRun(
  server: Address,
  protocol: string,
  load: readonly string[],
): Promise<number> {
  const report = await toolRun(server, protocol, load);
  const { Gets: gets, Sets: sets } = report['ALL STATS'] as Record<'Gets' | 'Sets', Totals>;
  expect(gets.Count).toBeGreaterThan(0);
  expect(sets.Count).toBeGreaterThan(0);
  return sets.Count;
}

/** Runs it to its end, without an error; its report. */
async function toolRun(
  server: Address,
  protocol: string,
  load: readonly string[],
): Promise<Record<string, unknown>> {
  if (tool === null) throw new Error('no memtier_benchmark on the PATH');
  const folder = mkdtempSync(join(tmpdir(), 'flagstone-memtier-'));
  try {
    const where = ['-s', server.host, '-p', `${server.port}`, '-P', protocol];
    const json = `--json-out-file=${join(folder, 'out.json')}`;
    const size = ['-t', '2', '-c', '8'];
    const { code, err } = await commandRun(
      tool,
      [...where, ...size, ...load, '--hide-histogram', json],
      { msMax: MS_MAX },
    );
    expect(err).not.toMatch(/error|fail|refused|reset/i);
    expect(code).toBe(0);
    return JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
