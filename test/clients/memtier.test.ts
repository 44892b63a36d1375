/** memtier_benchmark as a client: mixed traffic, over either protocol, without one error. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programFind } from '../../bench/support/command.ts';
import { commandRun } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { clientUse } from '../support/text-client.ts';
import { UsersFile } from './users-file.ts';

const IS_LONG = process.env['FLAGSTONE_LONG'] === '1';
const DURATION_SEC = 60;
/** For all but the traffic of a long run: the connecting, and a machine that is busy. */
const SPARE_SEC = 60;
const MS_MAX = (DURATION_SEC + SPARE_SEC) * 1000;
const TEXT = 'memcache_text';
const BINARY = 'memcache_binary';

/** Many for small values, few for large ones, from each of the 16 clients. */
const LONG = [`--test-time=${DURATION_SEC}`, '--key-maximum=1000'];
const MANY = IS_LONG ? LONG : ['--requests=2000', '--key-maximum=1000'];
const FEW = IS_LONG ? LONG : ['--requests=300', '--key-maximum=100'];

const PIPELINED = ['--pipeline=16', '--data-size-range=1-200', '--ratio=1:10', ...MANY];
const LARGE = ['--data-size-range=1-500000', '--ratio=1:4', ...FEW];
const MULTIPLE = ['--multi-key-get=10', '--data-size=100', '--ratio=1:10', ...MANY];

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

/** Runs it to its end, without an error; how many sets it counted. */
async function trafficRun(
  server: ServerProcess,
  protocol: string,
  load: readonly string[],
): Promise<number> {
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
    const report = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
    const { Gets: gets, Sets: sets } = report['ALL STATS'] as Record<'Gets' | 'Sets', Totals>;
    expect(gets.Count).toBeGreaterThan(0);
    expect(sets.Count).toBeGreaterThan(0);
    return sets.Count;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
