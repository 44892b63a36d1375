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

const DURATION_SEC = process.env['FLAGSTONE_LONG'] === '1' ? 60 : 1;
/** For the connecting, and a machine that is busy. */
const SPARE_SEC = 60;
const TEXT = 'memcache_text';
const BINARY = 'memcache_binary';

const PIPELINED = ['--pipeline=16', '--data-size-range=1-200', '--ratio=1:10'];
const LARGE = ['--data-size-range=1-500000', '--ratio=1:4'];

const tool = programFind('memtier_benchmark');
const reason = tool === null ? ' (skipped: no memtier_benchmark on the PATH)' : '';

type Totals = {
  readonly Count: number;
  readonly 'Hits/sec': number;
  readonly 'Misses/sec': number;
};

describe.skipIf(tool === null)(`memtier_benchmark${reason}`, () => {
  it.each([
    [TEXT, 'small values, pipelined', PIPELINED],
    [TEXT, 'values up to the largest', LARGE],
    [TEXT, 'many keys at once', ['--multi-key-get=10', '--data-size=100', '--ratio=1:10']],
    [BINARY, 'small values, pipelined', PIPELINED],
    [BINARY, 'values up to the largest', LARGE],
  ])('%s: %s', { timeout: (DURATION_SEC + SPARE_SEC) * 1000 }, async (protocol, _name, load) => {
    const server = await spawnFlagstone();
    try {
      const setCount = await trafficRun(server, protocol, load);
      const stats = await clientUse(server, (client) => client.stats());
      expect(Number(stats.get('cmd_set'))).toBeGreaterThanOrEqual(setCount);
      const own = await clientUse(server, (client) => client.stats('server'));
      expect(own.get('thread_restarts')).toBe('0');
    } finally {
      await server.stop();
    }
  });

  it('memcache_binary: after SASL', { timeout: (DURATION_SEC + SPARE_SEC) * 1000 }, async () => {
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

/** Runs it until its time is up, without an error; how many sets it counted. */
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
    const size = ['-t', '2', '-c', '8', '--key-maximum=1000', `--test-time=${DURATION_SEC}`];
    const { code, err } = await commandRun(
      tool,
      [...where, ...size, ...load, '--hide-histogram', json],
      { msMax: (DURATION_SEC + SPARE_SEC) * 1000 },
    );
    expect(err).not.toMatch(/error|fail|refused|reset/i);
    expect(code).toBe(0);
    const report = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
    const { Gets: gets, Sets: sets } = report['ALL STATS'] as Record<'Gets' | 'Sets', Totals>;
    expect(gets.Count).toBeGreaterThan(0);
    expect(sets.Count).toBeGreaterThan(0);
    expect(gets['Hits/sec']).toBeGreaterThan(0);
    return sets.Count;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
