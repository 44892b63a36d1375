/** memtier_benchmark over TLS, unmodified. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { programFind } from '../../bench/support/command.ts';
import { commandRun } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from './tls-certificates.ts';
import { tlsOpen } from './tls-client.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const memtier = programFind('memtier_benchmark');
const memtierReason = memtier === null ? ' (skipped: no memtier_benchmark on the PATH)' : '';

describe.skipIf(!OPENSSL_IS_THERE)(`over TLS${OPENSSL_REASON}`, () => {
  let certificates: Certificates;
  let server: ServerProcess;
  beforeAll(async () => {
    if (!OPENSSL_IS_THERE) return;
    certificates = new Certificates();
    server = await spawnFlagstone({ flags: certificates.flags(), tls: certificates.client() });
  });
  afterAll(async () => {
    await server?.stop();
    certificates?.remove();
  });

  it.skipIf(memtier === null)(`memtier_benchmark sees no error${memtierReason}`, async () => {
    if (memtier === null) return;
    const where = ['-s', server.host, '-p', `${server.port}`, '-P', 'memcache_text'];
    const tls = ['--tls', `--cacert=${certificates.path('authority.crt')}`];
    const load = ['--pipeline=16', '--data-size-range=1-50000', '--ratio=1:10'];
    const size = ['-t', '2', '-c', '8', '--key-maximum=1000', '--test-time=2', '--hide-histogram'];
    const { code, err } = await commandRun(memtier, [...where, ...tls, ...load, ...size]);
    expect(err).not.toMatch(/error|fail|refused|reset/i);
    expect(code).toBe(0);
    const client = await tlsOpen(server, certificates.client());
    expect(Number((await client.stats()).get('cmd_set'))).toBeGreaterThan(0);
    expect((await client.stats()).get('ssl_proto_errors')).toBe('0');
    expect((await client.stats('server')).get('thread_restarts')).toBe('0');
    client.destroy();
  });
});
