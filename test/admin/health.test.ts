/** Health: whether the server lives, and whether each data thread answers on its ports. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from '../server/tls-certificates.ts';
import { type AdminServer, adminAsk, adminSpawn } from '../support/admin-client.ts';
import { portFree } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const VALUE_BYTES = 1_000_000;
/** More than the sockets' buffers hold. */
const GET_COUNT = 12;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-health-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let server: AdminServer | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});

/** What /readyz says; `asks` may see the details. */
async function ready(): Promise<string> {
  const { status, body } = await adminAsk(server?.adminPort ?? 0, '/readyz');
  return `${status} ${body}`;
}

describe('a server that is well', () => {
  it('lives and is ready: each thread answers on each port', async () => {
    server = await adminSpawn(['-t', '4']);
    const { status, body } = await adminAsk(server.adminPort, '/livez');
    expect({ status, body }).toEqual({ status: 200, body: 'ok\n' });
    expect(await ready()).toBe(
      `200 ok\n+ memcached 127.0.0.1:${server.memcachedPort}: 4 answered\n+ resp 127.0.0.1:${server.port}: 4 answered\n`,
    );
  });

  it('is ready also where it listens on all interfaces, of both families', async () => {
    const port = await portFree();
    server = await adminSpawn(['-l', `*:${port}`]);
    const { status, body } = await adminAsk(server.adminPort, '/readyz');
    expect({ status, body }).toMatchObject({ status: 200 });
    expect(body).toContain(`memcached *:${port}: 2 answered`);
  });

  it('is ready also where clients have to log in', async () => {
    server = await adminSpawn(['--requirepass', 'x']);
    expect(await ready()).toMatch(/^200 /);
  });

  it.skipIf(!OPENSSL_IS_THERE)(`is ready behind TLS${OPENSSL_REASON}`, async () => {
    const certificates = new Certificates();
    try {
      const authority = [`ssl_ca_cert=${certificates.path('authority.crt')}`, 'ssl_verify_mode=2'];
      server = await adminSpawn(certificates.flags('server', authority));
      expect(await ready()).toMatch(/^200 ok\n\+ memcached .* tls: 2 answered/);
    } finally {
      certificates.remove();
    }
  });
});

describe('a server that is not well', () => {
  it('is not ready while a thread hangs, says which, and is again afterwards', async () => {
    const conf = join(folder, 'redis.conf');
    writeFileSync(conf, 'enable-debug-command yes\n');
    server = await adminSpawn(['-t', '2', '--resp-conf', conf]);
    const client = new RespClient({ host: server.host, port: server.port });
    await client.call('ping');
    client.send('debug', 'sleep', '5');
    const silent = await eventually('silence', ready, (text) => text.startsWith('503'));
    expect(silent).toMatch(
      /^503 not ready\n- memcached \S+: no answer of data [01]: not within 2000 ms\n- resp /,
    );
    expect((await adminAsk(server.adminPort, '/livez')).status).toBe(200);
    await client.read();
    client.end();
    await eventually('readiness', ready, (text) => text.startsWith('200'));
  });

  it('is not ready once it was told to end', async () => {
    server = await adminSpawn(['-t', '1']);
    const client = await TextClient.open({ host: server.host, port: server.memcachedPort });
    expect(await client.set('key', Buffer.alloc(VALUE_BYTES))).toBe('STORED');
    // Replies that nobody reads let the end take its time.
    client.send('get key\r\n'.repeat(GET_COUNT));
    expect(await client.line()).toMatch(/^VALUE key/);
    client.socket.pause();
    expect(await ready()).toMatch(/^200/);
    process.kill(server.pid, 'SIGTERM');
    const text = await eventually('the end', ready, (said) => said.startsWith('503'));
    expect(text).toBe('503 not ready: the server is ending\n');
    client.destroy();
  });

  it('is not ready while it takes no connections', async () => {
    server = await adminSpawn(['-c', '1']);
    const client = new RespClient({ host: server.host, port: server.port });
    await client.call('ping');
    const text = await eventually('a refusal', ready, (said) => said.startsWith('503'));
    expect(text).toContain('there are too many connections');
    client.end();
  });
});
