/** What of TLS changes while a server runs: its certificate, and the sessions that clients resume. */
import { createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { portFree } from '../support/free-port.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';
import { Program } from './program.ts';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from './tls-certificates.ts';
import { tlsOpen, tlsRefused } from './tls-client.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Enough for the kernel to spread them over all threads. */
const CLIENT_COUNT = 24;

let certificates: Certificates;
beforeAll(() => {
  if (OPENSSL_IS_THERE) certificates = new Certificates();
});
afterAll(() => certificates?.remove());

async function withServer(
  flags: readonly string[],
  work: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const server = await spawnFlagstone({
    flags: ['-t', '4', ...flags],
    tls: certificates.client('client'),
  });
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

const open = (server: ServerProcess): Promise<TextClient> =>
  tlsOpen(server, certificates.client('client'));

function servedName({ socket }: TextClient): string {
  return `${(socket as TLSSocket).getPeerCertificate().subject.CN}`;
}

/** The names that new connections are served, each once. */
async function servedNames(server: ServerProcess): Promise<string[]> {
  const clients = await Promise.all(Array.from({ length: CLIENT_COUNT }, () => open(server)));
  const names = clients.map(servedName);
  for (const client of clients) client.destroy();
  return [...new Set(names)];
}

describe.skipIf(!OPENSSL_IS_THERE)(`refresh_certs${OPENSSL_REASON}`, () => {
  beforeEach(() => certificates.copy('server', 'live'));

  it('serves the new certificate from then on, and open connections go on', async () => {
    await withServer(certificates.flags('live'), async (server) => {
      const early = await open(server);
      expect(await servedNames(server)).toEqual(['server']);
      certificates.copy('server-new', 'live');
      expect(await servedNames(server)).toEqual(['server']);
      expect(await early.ask('refresh_certs\r\n')).toBe('OK');
      expect(await servedNames(server)).toEqual(['server-new']);
      expect(servedName(early)).toBe('server');
      expect(await early.ask('set a 0 0 1\r\nx\r\n')).toBe('STORED');
      certificates.copy('server', 'live');
      expect(await early.ask('refresh_certs\r\n')).toBe('OK');
      expect(await servedNames(server)).toEqual(['server']);
      early.destroy();
    });
  });

  it('keeps the old certificate when the new one is broken, and says why', async () => {
    await withServer(certificates.flags('live'), async (server) => {
      const client = await open(server);
      const path = certificates.path('live.crt');
      certificates.write('live.crt', 'no certificate\n');
      const broken = await client.ask('refresh_certs\r\n');
      expect(broken.startsWith(`Error loading the certificate chain: ${path} : `)).toBe(true);
      certificates.write('live.crt', certificates.text('server-new.crt'));
      const strange = await client.ask('refresh_certs\r\n');
      expect(strange).toMatch(/^Error validating the certificate: .*mismatch/);
      expect(await servedNames(server)).toEqual(['server']);
      certificates.copy('server-new', 'live');
      expect(await client.ask('refresh_certs\r\n')).toBe('OK');
      expect(await servedNames(server)).toEqual(['server-new']);
      client.destroy();
    });
  });

  it('takes new authorities too', async () => {
    certificates.write('vouch.crt', certificates.text('authority.crt'));
    const flags = certificates.flags('server', [
      `ssl_ca_cert=${certificates.path('vouch.crt')}`,
      'ssl_verify_mode=2',
    ]);
    await withServer(flags, async (server) => {
      const strange = certificates.client('client-strange');
      expect(await tlsRefused(server, strange)).not.toBeNull();
      const client = await open(server);
      certificates.write('vouch.crt', certificates.text('stranger.crt'));
      expect(await client.ask('refresh_certs\r\n')).toBe('OK');
      expect(await tlsRefused(server, strange)).toBeNull();
      expect(await tlsRefused(server, certificates.client('client'))).not.toBeNull();
      certificates.write('vouch.crt', '');
      expect(await client.ask('refresh_certs\r\n')).toMatch(/^Error loading the CA certificate: /);
      expect(await tlsRefused(server, strange)).toBeNull();
      client.destroy();
    });
  });

  it('is done on SIGHUP as well, and the time since is told', async () => {
    certificates.copy('server', 'live');
    await withServer(certificates.flags('live'), async (server) => {
      const client = await open(server);
      const sinceSec = async (): Promise<number> =>
        Number((await client.stats()).get('time_since_server_cert_refresh'));
      await eventually('a second', sinceSec, (sec) => sec > 0);
      certificates.copy('server-new', 'live');
      process.kill(server.pid, 'SIGHUP');
      await eventually(
        'the new one',
        () => servedNames(server),
        ([name]) => name === 'server-new',
      );
      expect(await servedNames(server)).toEqual(['server-new']);
      certificates.write('live.key', '');
      process.kill(server.pid, 'SIGHUP');
      await eventually(
        'a line',
        () => server.log(),
        (log) => /the old certificate stays/.test(log),
      );
      expect(await servedNames(server)).toEqual(['server-new']);
      client.destroy();
    });
  });

  it('is an error without TLS', async () => {
    const server = await spawnFlagstone();
    const client = await TextClient.open(server);
    expect(await client.ask('refresh_certs\r\n')).toBe('Error TLS not enabled');
    expect(await client.ask('version\r\n')).toMatch(/^VERSION/);
    client.destroy();
    await server.stop();
  });
});

describe.skipIf(!OPENSSL_IS_THERE)(`sessions${OPENSSL_REASON}`, () => {
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;

  /** The sessions that a first connection brings, and how many of many more resume the last. */
  async function resumedCount(
    server: ServerProcess,
    version: (typeof versions)[number],
    port = server.port,
    again = port,
  ): Promise<number> {
    const options = { ...certificates.client('client'), maxVersion: version };
    const first = await tlsOpen(server, { ...options, port });
    let session: Buffer | undefined = (first.socket as TLSSocket).getSession();
    first.socket.on('session', (newer: Buffer) => (session = newer));
    expect(await first.ask('version\r\n')).toMatch(/^VERSION/);
    first.destroy();
    let count = 0;
    for (let at = 0; at < CLIENT_COUNT; at++) {
      const next = await tlsOpen(server, { ...options, port: again, ...(session && { session }) });
      if ((next.socket as TLSSocket).isSessionReused()) count++;
      expect(await next.ask('version\r\n')).toMatch(/^VERSION/);
      next.destroy();
    }
    return count;
  }

  it.each(versions)('of %s are not resumed', async (version) => {
    await withServer(certificates.flags(), async (server) => {
      expect(await resumedCount(server, version)).toBe(0);
      const client = await open(server);
      expect((await client.stats()).has('ssl_new_sessions')).toBe(false);
      client.destroy();
    });
  });

  it.each(versions)('of %s are with ssl_session_cache, on any thread', async (version) => {
    const flags = certificates.flags('server', ['ssl_session_cache']);
    await withServer(flags, async (server) => {
      const client = await open(server);
      const sessions = async (): Promise<number> =>
        Number((await client.stats()).get('ssl_new_sessions'));
      const before = await sessions();
      expect(await resumedCount(server, version)).toBe(CLIENT_COUNT);
      expect(await sessions()).toBe(before + 1);
      client.destroy();
    });
  });

  it('outlive a change of the certificate', async () => {
    certificates.copy('server', 'live');
    const flags = certificates.flags('live', ['ssl_session_cache']);
    await withServer(flags, async (server) => {
      const client = await open(server);
      let session: Buffer | undefined;
      client.socket.on('session', (one: Buffer) => (session = one));
      expect(await client.ask('refresh_certs\r\n')).toBe('OK');
      await eventually(
        'a session',
        () => session,
        (one) => one !== undefined,
      );
      const next = await tlsOpen(server, { ...certificates.client(), ...(session && { session }) });
      expect((next.socket as TLSSocket).isSessionReused()).toBe(true);
      for (const one of [client, next]) one.destroy();
    });
  });

  it.each(versions)(
    'of %s begun without a certificate open no door that wants one',
    async (version) => {
      const [lax, strict] = await Promise.all([portFree(), portFree()]);
      const more = ['ssl_session_cache', `ssl_ca_cert=${certificates.path('authority.crt')}`];
      const listeners = ['-l', `btls:127.0.0.1:${lax},mtls:127.0.0.1:${strict}`];
      await withServer([...certificates.flags('server', more), ...listeners], async (server) => {
        expect(await resumedCount(server, version, lax)).toBe(CLIENT_COUNT);
        expect(await resumedCount(server, version, strict)).toBe(CLIENT_COUNT);
        expect(await resumedCount(server, version, lax, strict)).toBe(0);
        const options = { ...certificates.client(), maxVersion: version };
        const first = await tlsOpen(server, { ...options, port: lax });
        let session: Buffer | undefined = (first.socket as TLSSocket).getSession();
        first.socket.on('session', (newer: Buffer) => (session = newer));
        expect(await first.ask('version\r\n')).toMatch(/^VERSION/);
        first.destroy();
        const resumed = { ...options, port: strict, ...(session && { session }) };
        expect(await tlsRefused(server, resumed)).not.toBeNull();
      });
    },
  );
});

describe.skipIf(!OPENSSL_IS_THERE)(`at the start${OPENSSL_REASON}`, () => {
  /** How a start ends that has to fail. */
  async function refusal(flags: readonly string[]): Promise<string> {
    const program = new Program(['-p', `${await portFree()}`, '-l', '127.0.0.1', ...flags], {});
    const { code } = await program.ended;
    expect(code, program.err).toBe(78);
    expect(program.err.trim().split('\n')).toHaveLength(1);
    return program.err.trim();
  }

  it('a certificate or key that is missing, broken or strange is told in one line', async () => {
    const flags = (...options: string[]): string[] => ['-Z', '-o', options.join(',')];
    const path = (name: string): string => certificates.path(name);
    const chain = `ssl_chain_cert=${path('server.crt')}`;
    const key = `ssl_key=${path('server.key')}`;
    certificates.write(
      'rubbish.pem',
      '-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n',
    );
    const rubbish = path('rubbish.pem');
    const start = 'flagstone: cannot serve TLS: error';
    expect(await refusal(flags(`ssl_chain_cert=${path('none.crt')}`, key))).toBe(
      `${start} loading the certificate chain: ${path('none.crt')} : no such file or directory`,
    );
    expect(await refusal(flags(`ssl_chain_cert=${rubbish}`, key))).toContain(
      `${start} loading the certificate chain: ${rubbish} : `,
    );
    expect(await refusal(flags(chain, `ssl_key=${rubbish}`))).toContain(
      `${start} loading the key: ${rubbish} : `,
    );
    expect(await refusal(flags(chain, `ssl_key=${path('client.key')}`))).toContain(
      `${start} validating the certificate: `,
    );
    expect(await refusal(flags(chain, key, `ssl_ca_cert=${rubbish}`))).toContain(
      `${start} loading the CA certificate: ${rubbish} : `,
    );
    expect(await refusal(flags(chain, key, 'ssl_ciphers=NONSENSE'))).toContain(
      `${start} setting the ciphers: NONSENSE : `,
    );
  });

  it('certificate and key may be one file', async () => {
    const both = certificates.text('server.crt') + certificates.text('server.key');
    certificates.write('both.pem', both);
    const path = certificates.path('both.pem');
    await withServer(['-Z', '-o', `ssl_chain_cert=${path},ssl_key=${path}`], async (server) => {
      expect(await servedNames(server)).toEqual(['server']);
    });
  });

  it.each(['pkcs8', 'sec1'] as const)('a key may be DER, as %s', async (type) => {
    const key = createPrivateKey(certificates.text('server.key'));
    const path = certificates.path(`${type}.der`);
    writeFileSync(path, key.export({ format: 'der', type }));
    const options = `ssl_chain_cert=${certificates.path('server.crt')},ssl_key=${path}`;
    await withServer(['-Z', '-o', `${options},ssl_keyformat=2`], async (server) => {
      expect(await servedNames(server)).toEqual(['server']);
    });
  });
});
