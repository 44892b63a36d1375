/** `flagstone bench` against servers of its own kind: every protocol, every way in, and what it reports. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserFiles } from '../server/auth-fixture.ts';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from '../server/tls-certificates.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { benchRecord, benchRun, SMALL } from './bench-runs.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PASSWORD = 'FLAGSTONE_BENCH_PASSWORD';

let server: RespServer;
let folder = '';
beforeAll(async () => {
  server = await respSpawn();
  folder = mkdtempSync(join(tmpdir(), 'flagstone-bench-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function portOf(protocol: string): number {
  return protocol === 'resp' ? server.port : server.memcachedPort;
}

describe('flagstone bench', () => {
  it.each(['text', 'meta', 'binary', 'resp'])('%s: all right, and counted', async (protocol) => {
    const words = ['-P', protocol, '--verify', '-d', '0-9000', '--pipeline', 7, '-t', 2];
    const keys = ['--key-prefix', `${protocol}:`, '--key-distribution', 'zipf'];
    const record = await benchRecord([portOf(protocol), ...SMALL, ...words, ...keys]);
    expect(record, record.err).toMatchObject({
      code: 0,
      schema: 'flagstone-bench/1',
      operationCount: 2000,
      missCount: 0,
      errorCount: 0,
      errors: { problems: [], lostConnections: 0 },
      server: { protocol, tls: false },
      settings: { keyDistribution: 'zipf:0.99', valueBytes: '0-9000', fill: true },
    });
    const { set, get } = record.latencyUs;
    expect(set['count'] + get['count']).toBe(2000);
    expect(record.hitCount).toBe(get['count']);
  });

  it('counts what was not stored as missed', async () => {
    const words = ['--no-fill', '--ratio', '0:1', '--key-prefix', 'nothing:'];
    const record = await benchRecord([portOf('text'), ...SMALL, ...words]);
    expect(record).toMatchObject({ code: 0, hitCount: 0, missCount: 2000, errorCount: 0 });
  });

  it('finds values that are not those it stores', async () => {
    const client = server.client();
    await client.call('set', 'wrong:00000000', 'something else');
    client.end();
    const words = ['--keys', 1, '--key-prefix', 'wrong:', '--no-fill', '--ratio', '0:1'];
    const record = await benchRecord([server.port, '-P', 'resp', ...SMALL, ...words, '--verify']);
    expect(record).toMatchObject({ code: 1, errorCount: 2000, hitCount: 0 });
    expect(record.errors.problems).toEqual([
      { text: 'another value than was stored', count: 2000 },
    ]);
    expect(record.err).toContain('flagstone: 2,000 of 2,000 replies were errors\n');
  });

  it('sends other commands of RESP, each as often as it is to be', async () => {
    const words = ['--command', 'RPUSH "l:__key__" __value__', '--command', 'llen l:__key__'];
    const more = ['--command-ratio', '1:3', '--keys', '10'];
    const record = await benchRecord([server.port, '-P', 'resp', ...SMALL, ...words, ...more]);
    expect(record).toMatchObject({ code: 0, errorCount: 0, settings: { fill: false } });
    const { rpush, llen } = record.latencyUs;
    expect(rpush['count'] + llen['count']).toBe(2000);
    expect(Math.abs(rpush['count'] - 500)).toBeLessThan(100);
    const client = server.client();
    const lengths = await Promise.all(
      Array.from({ length: 10 }, (_, key) => client.call('llen', `l:key:0000000${key}`)),
    );
    client.end();
    const sum = lengths.reduce<number>((all, length) => all + Number(length), 0);
    expect(sum).toBe(rpush['count']);
  });

  it('stores every key, and lets them expire', async () => {
    const words = ['--key-prefix', 'fill:', '--expire', '1000', '--ratio', '0:1', '-t', '2'];
    await benchRecord([server.port, '-P', 'resp', ...SMALL, ...words]);
    const client = server.client();
    const ttls = await Promise.all(
      [0, 1, 249, 250, 499].map((key) => client.call('ttl', `fill:${`${key}`.padStart(8, '0')}`)),
    );
    expect(ttls.every((ttl) => Number(ttl) > 900)).toBe(true);
    expect(await client.call('exists', 'fill:00000500')).toBe(0);
    client.end();
  });

  it('draws the same requests for the same seed', async () => {
    const words = [server.port, '-P', 'resp', ...SMALL, '-c', '1', '--no-fill'];
    const counts = async (seed: string): Promise<unknown> => {
      const { latencyUs } = await benchRecord([...words, '--seed', seed]);
      return latencyUs['set']['count'];
    };
    const first = await counts('5');
    expect(await counts('5')).toBe(first);
    expect(await counts('6')).not.toBe(first);
  });

  it('keeps to a rate', async () => {
    const words = ['--rate', '500', '-n', '250', '--warmup', '0', '--keys', '10'];
    const record = await benchRecord([portOf('text'), ...words]);
    expect(record).toMatchObject({ code: 0, operationCount: 250, client: { unsentCount: 0 } });
    const { elapsedSec } = record as unknown as { elapsedSec: number };
    expect(elapsedSec).toBeGreaterThan(0.49);
  });

  it('reports to people, and to files', async () => {
    const json = join(folder, 'record.json');
    const hgrm = join(folder, 'latencies.hgrm');
    const words = ['-s', '1.2', '--warmup', '0.1', '--keys', '500', '--json', json, '--hgrm', hgrm];
    const { code, out, err } = await benchRun([portOf('text'), ...words]);
    expect({ code, err }).toEqual({ code: 0, err: 'storing keys\nwarming up\nmeasuring\n' });
    expect(out).toMatch(/^memcached [\d.]+ at 127\.0\.0\.1:\d+: text protocol\n\n {2}load /);
    expect(out).toMatch(/\n {2}latency, ms +requests +mean +p50 +p90 +p99 +p99.9 +p99.99 +max\n/);
    expect(out).toMatch(/\n {2}all +[\d,]+( +[\d.]+){7}\n/);
    expect(out).toMatch(/\n {2}≤ +[\d.]+ ms {2}█.* %\n/);
    const record = JSON.parse(readFileSync(json, 'utf8'));
    const buckets: number[][] = record.histogramsUs.all;
    const counted = buckets.reduce((sum, [, , count]) => sum + count, 0);
    expect(counted).toBe(record.operationCount);
    expect(buckets.every(([from, below]) => from < below)).toBe(true);
    const told = record.series.reduce(
      (sum: number, second: { operationCount: number }) => sum + second.operationCount,
      0,
    );
    expect(told).toBeLessThanOrEqual(record.operationCount);
    expect(told).toBeGreaterThan(0);
    const lines = readFileSync(hgrm, 'utf8').split('\n');
    expect(lines[0]).toBe('       Value     Percentile TotalCount 1/(1-Percentile)');
    expect(lines.at(-4)).toMatch(new RegExp(` 1\\.000000000000 +${record.operationCount}$`));
  });

  it('does without Unicode where the locale is not UTF-8', async () => {
    const { out } = await benchRun([portOf('text'), ...SMALL], { LC_ALL: 'C' });
    expect(out).toMatch(/\n {2}<= +[\d.]+ ms {2}#+ /);
    expect(out).not.toMatch(/[^\n -~µ×]/);
  });
});

describe('ways in', () => {
  it('a unix socket', async () => {
    const local = await spawnFlagstone({ onUnixSocket: true });
    const { path = '' } = local.address as { path?: string };
    const record = await benchRecord([path, ...SMALL]);
    await local.stop();
    expect(record).toMatchObject({ code: 0, errorCount: 0, server: { address: path } });
  });

  describe.skipIf(!OPENSSL_IS_THERE)(`TLS${OPENSSL_REASON}`, () => {
    let certificates: Certificates;
    let safe: ServerProcess;
    beforeAll(async () => {
      certificates = new Certificates();
      const flags = certificates.flags('server');
      safe = await spawnFlagstone({ flags, tls: certificates.client() });
    });
    afterAll(async () => {
      await safe.stop();
      certificates.remove();
    });

    it('with an authority, or with none', async () => {
      const ca = certificates.path('authority.crt');
      const words = [`localhost:${safe.port}`, ...SMALL, '--tls', '--verify', '-d', '20000'];
      const record = await benchRecord([...words, '--ca', ca]);
      expect(record, record.err).toMatchObject({
        code: 0,
        errorCount: 0,
        missCount: 0,
        server: { tls: true },
      });
      expect(await benchRecord([...words, '--insecure'])).toMatchObject({ code: 0, errorCount: 0 });
    });

    it('with a certificate of our own', async () => {
      const asks = [`ssl_ca_cert=${certificates.path('authority.crt')}`, 'ssl_verify_mode=2'];
      const tls = certificates.client('client');
      const strict = await spawnFlagstone({ flags: certificates.flags('server', asks), tls });
      const words = [strict.port, ...SMALL, '--tls', '--insecure'];
      const ours = [
        '--cert',
        certificates.path('client.crt'),
        '--key',
        certificates.path('client.key'),
      ];
      expect(await benchRecord([...words, ...ours])).toMatchObject({ code: 0, errorCount: 0 });
      expect(await benchRun(words)).toMatchObject({ code: 69, out: '' });
      await strict.stop();
    });

    it('says what is wrong', async () => {
      const { code, err } = await benchRun([`localhost:${safe.port}`, '--tls']);
      expect(code).toBe(69);
      expect(err).toMatch(/^flagstone: cannot talk to localhost:\d+: .* \(--ca says whom to trust/);
      const plain = await benchRun([safe.port, ...SMALL]);
      expect(plain.code).toBe(69);
      expect(plain.err).toMatch(/^flagstone: cannot talk to 127\.0\.0\.1:\d+: /);
      const tooMuch = await benchRun([portOf('text'), '--tls']);
      expect(tooMuch.err).toContain(': it does not speak TLS\n');
    });
  });
});

describe('logging in', () => {
  const files = new UserFiles();
  afterAll(() => files.remove());

  /** Logs in with the right password from the environment and from a file, a wrong one, and none. */
  async function tried(
    words: readonly (string | number)[],
    user: readonly string[],
  ): Promise<void> {
    const file = files.write('password', 'secret\n');
    const all = [...words, ...SMALL];
    const right = await benchRecord([...all, ...user], { [PASSWORD]: 'secret' });
    expect(right, right.err).toMatchObject({ code: 0, operationCount: 2000, errorCount: 0 });
    const read = await benchRecord([...all, ...user, '--password-file', file]);
    expect(read).toMatchObject({ code: 0, errorCount: 0 });
    const wrong = await benchRun([...all, ...user], { [PASSWORD]: 'guessed' });
    expect(wrong).toMatchObject({ code: 77, out: '' });
    expect(wrong.err).toMatch(/^flagstone: 127\.0\.0\.1:\d+ does not let us in: /);
    expect(wrong.err).not.toContain('guessed');
    const none = await benchRun(all);
    expect(none).toMatchObject({ code: 77, out: '' });
  }

  it('RESP, with a name and without', async () => {
    const safe = await respSpawn(['--requirepass', 'secret']);
    await tried([safe.port, '-P', 'resp'], []);
    await tried([safe.port, '-P', 'resp'], ['--user', 'default']);
    await safe.stop();
  });

  it('the text protocol', async () => {
    const safe = await spawnFlagstone({ flags: ['-Y', files.write('auth', 'alice:secret\n')] });
    await tried([safe.port], ['--user', 'alice']);
    await safe.stop();
  });

  it('the binary protocol', async () => {
    const users = await files.users('users', { alice: 'secret' });
    const safe = await spawnFlagstone({ flags: ['-S', '--users-file', users], isBinary: true });
    await tried([safe.port, '-P', 'binary'], ['--user', 'alice']);
    await safe.stop();
  });

  it('wants a password, and a name where that is needed', async () => {
    writeFileSync(join(folder, 'empty'), '');
    const without = await benchRun(['--user', 'alice']);
    expect(without).toMatchObject({
      code: 64,
      err: `flagstone: --user alice: needs a password: --password-file, or ${PASSWORD}\n`,
    });
    const nameless = await benchRun([1], { [PASSWORD]: 'secret' });
    expect(nameless).toMatchObject({ code: 64 });
    expect(nameless.err).toBe('flagstone: a password: needs --user, except for RESP\n');
    const absent = await benchRun([1, '--password-file', join(folder, 'absent')]);
    expect(absent).toMatchObject({ code: 66 });
  });
});
