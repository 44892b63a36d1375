/** What a signal or a death changes: tokens, certificates and log files read anew, and a thread started anew. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerCertificate } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { programRun } from '../server/program.ts';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from '../server/tls-certificates.ts';
import {
  type AdminAsking,
  type AdminServer,
  adminAsk,
  adminSpawn,
} from '../support/admin-client.ts';
import { eventually } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TOKENS = ['the-first-token-there-was', 'the-second-token-there-is'] as const;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-admin-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let server: AdminServer | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});

function statusWith(port: number, token: string): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  return adminAsk(port, '/buildinfo', { headers }).then(({ status }) => status);
}

/** The cookie of a session, and what is said with it. */
async function signIn(
  port: number,
  token: string,
  asking: AdminAsking = {},
): Promise<{ readonly cookie: string; readonly attributes: readonly string[] }> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const body = `token=${token}`;
  const answer = await adminAsk(port, '/session', { ...asking, method: 'POST', headers, body });
  expect(answer.status).toBe(303);
  const [cookie, ...attributes] = answer.headers['set-cookie']?.[0]?.split('; ') ?? [];
  return { cookie, attributes };
}

describe('SIGHUP', () => {
  it('reads the token file anew; one that is no good changes nothing', async () => {
    const path = join(folder, 'token');
    writeFileSync(path, `${TOKENS[0]}\nwhat follows does not count\n`);
    const started = await adminSpawn(['--admin-token-file', path]);
    server = started;
    const { adminPort, pid } = started;
    expect(await statusWith(adminPort, TOKENS[0])).toBe(200);
    const { cookie, attributes } = await signIn(adminPort, TOKENS[0]);
    expect(attributes).not.toContain('Secure');
    writeFileSync(path, 'short\n');
    process.kill(pid, 'SIGHUP');
    await eventually(
      'a complaint',
      () => started.log(),
      (log) => log.includes('stays as it was'),
    );
    expect(started.log()).toContain(
      `cannot use the admin token in ${path}: a token has at least 16`,
    );
    expect(started.log()).not.toContain(TOKENS[0]);
    expect(await statusWith(adminPort, TOKENS[0])).toBe(200);
    expect((await adminAsk(adminPort, '/buildinfo', { headers: { cookie } })).status).toBe(200);
    writeFileSync(path, TOKENS[1]);
    process.kill(pid, 'SIGHUP');
    await eventually(
      'the new token',
      () => statusWith(adminPort, TOKENS[1]),
      (status) => status === 200,
    );
    expect(await statusWith(adminPort, TOKENS[0])).toBe(401);
    // Who has signed in with the old one has to do it again.
    expect((await adminAsk(adminPort, '/buildinfo', { headers: { cookie } })).status).toBe(401);
  });

  it('opens the log file anew, so that rotation loses no line', async () => {
    const path = join(folder, 'flagstone.log');
    const started = await adminSpawn(['-v', '--log', 'json', '--log-file', path]);
    expect(readFileSync(path, 'utf8')).toContain('"msg":"listening"');
    renameSync(path, `${path}.1`);
    process.kill(started.pid, 'SIGHUP');
    await eventually(
      'a new file',
      () => existsSync(path),
      (isThere) => isThere,
    );
    await started.stop();
    expect(readFileSync(path, 'utf8')).toMatch(/^\{.*"msg":"ending"\}\n$/);
    expect(readFileSync(`${path}.1`, 'utf8')).not.toContain('"msg":"ending"');
    // Nothing of it goes to standard error.
    expect(started.log()).toBe('');
  });

  it('says where a log cannot be written', async () => {
    const { code, err } = await programRun(['--log-file', join(folder, 'none', 'x.log')]);
    expect(code).toBe(73);
    expect(err).toMatch(/^flagstone: cannot write the log to .*: no such file or directory\n$/);
  });
});

describe.skipIf(!OPENSSL_IS_THERE)(`TLS${OPENSSL_REASON}`, () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = new Certificates();
  });
  afterAll(() => certificates.remove());

  function files(name: string): string[] {
    const at = (file: string): string => certificates.path(file);
    const all = [`ssl_chain_cert=${at(`${name}.crt`)}`, `ssl_key=${at(`${name}.key`)}`];
    return ['-o', [...all, `ssl_ca_cert=${at('authority.crt')}`].join(',')];
  }

  it('encrypts; the token still counts, and a new certificate is taken over', async () => {
    certificates.copy('server', 'admin');
    const started = await adminSpawn([
      ...files('admin'),
      '--admin-tls',
      'on',
      '--admin-token',
      TOKENS[0],
    ]);
    server = started;
    const { adminPort } = started;
    const tls = certificates.client();
    expect((await adminAsk(adminPort, '/metrics', { tls })).status).toBe(401);
    expect((await adminAsk(adminPort, '/readyz', { tls })).body).toBe('ok\n');
    const headers = { Authorization: `Bearer ${TOKENS[0]}` };
    expect((await adminAsk(adminPort, '/metrics', { tls, headers })).status).toBe(200);
    await expect(adminAsk(adminPort, '/livez')).rejects.toThrow();
    const { cookie, attributes } = await signIn(adminPort, TOKENS[0], { tls });
    expect(attributes).toEqual(['HttpOnly', 'SameSite=Strict', 'Path=/', 'Secure']);
    const signedIn = { tls, headers: { cookie } };
    expect((await adminAsk(adminPort, '/console/state', signedIn)).status).toBe(200);
    certificates.copy('server-new', 'admin');
    process.kill(started.pid, 'SIGHUP');
    const ca = certificates.text('authority.crt');
    const names: string[] = [];
    const checkServerIdentity = (_: string, { subject }: PeerCertificate): undefined => {
      names.push(`${subject.CN}`);
    };
    await eventually(
      'the new certificate',
      async () => {
        await adminAsk(adminPort, '/livez', { tls: { ca, checkServerIdentity } });
        return names.at(-1);
      },
      (name) => name === 'server-new',
    );
  });

  it('lets in by certificate, and nobody without', async () => {
    server = await adminSpawn([...files('server'), '--admin-tls', 'mtls', '--admin-listen', '*']);
    const { adminPort } = server;
    const known = certificates.client('client');
    expect((await adminAsk(adminPort, '/metrics', { tls: known })).status).toBe(200);
    for (const tls of [certificates.client(), certificates.client('client-strange')]) {
      await expect(adminAsk(adminPort, '/livez', { tls })).rejects.toThrow();
    }
    const headers = { Origin: 'https://evil.example' };
    expect((await adminAsk(adminPort, '/metrics', { tls: known, headers })).status).toBe(403);
    const browser = { tls: known, headers: { Accept: 'text/html' } };
    expect((await adminAsk(adminPort, '/', browser)).body).toContain('/console/console.js');
    for (const [name, value, status] of [
      ['Accept', '*/*', 200],
      ['Origin', 'https://evil.example', 403],
      ['Sec-Fetch-Site', 'cross-site', 403],
    ] as const) {
      const json = { 'Content-Type': 'application/json', [name]: value };
      const asking = { tls: known, method: 'POST', headers: json, body: '{}' };
      expect((await adminAsk(adminPort, '/console/flush', asking)).status, name).toBe(status);
    }
  });
});
