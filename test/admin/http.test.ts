/**
 * The admin port as HTTP: exact answers, to good requests and bad ones, and clients that are slow, greedy or
 * from another site.
 */
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AdminServer, adminAsk, adminSpawn, metricsAsk } from '../support/admin-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PATHS = [
  '/',
  '/livez',
  '/readyz',
  '/metrics',
  '/elasticache',
  '/buildinfo',
  '/configinfo',
  '/loglevel',
  '/console/state',
  '/console/history',
  '/console/connections',
  '/console/slowlog',
  '/console/cluster',
  '/console/hotkeys',
];

let server: AdminServer;
beforeAll(async () => {
  server = await adminSpawn(['--requirepass', 'a-secret-of-resp']);
});
afterAll(async () => {
  await server.stop();
});

/** Sends bytes as they are; resolves to all that is answered once the server has closed. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: server.adminPort });
    let text = '';
    socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

function statusOf(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);
}

describe('every answer', () => {
  it.each(PATHS)('to GET and HEAD %s has strict headers', async (path) => {
    const got = await adminAsk(server.adminPort, path);
    expect(got.status).toBe(200);
    expect(got.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(got.headers['access-control-allow-origin']).toBe(undefined);
    expect(got.headers['server']).toBe(undefined);
    const head = await adminAsk(server.adminPort, path, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body).toBe('');
  });

  it.each([
    [404, 'GET', '/no', 'there is no such page; / lists those there are\n'],
    [404, 'GET', '/metrics/', 'there is no such page; / lists those there are\n'],
    [404, 'GET', '//metrics', 'there is no such page; / lists those there are\n'],
    [404, 'GET', '/../metrics', 'there is no such page; / lists those there are\n'],
    [405, 'POST', '/metrics', 'this page knows GET, HEAD\n'],
    [405, 'OPTIONS', '/loglevel', 'this page knows GET, HEAD, PUT\n'],
    [405, 'DELETE', '/livez', 'this page knows GET, HEAD\n'],
    [414, 'GET', `/${'x'.repeat(1024)}`, 'a path has at most 1024 characters\n'],
    [200, 'GET', '/livez?verbose', 'ok\n'],
  ])('is %i for %s %s', async (status, method, path, body) => {
    const got = await adminAsk(server.adminPort, path, { method });
    expect({ status: got.status, body: got.body }).toEqual({ status, body });
    expect(got.headers['x-content-type-options']).toBe('nosniff');
    if (status === 405) expect(got.headers['allow']).toMatch(/^GET, HEAD/);
  });
});

describe('what is no request', () => {
  it.each([
    [400, 'nonsense\r\n\r\n'],
    [400, 'GET /livez HTTP/1.1\r\n\r\n'],
    [400, 'GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n'],
    [
      400,
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [400, 'PUT /loglevel HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n'],
    [431, `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9000)}\r\n\r\n`],
    [431, `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    [
      431,
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${'X: x\r\n'.repeat(80)}\r\n`,
    ],
  ])('is answered %i', async (status, bytes) => {
    expect(statusOf(await raw(bytes))).toBe(status);
  });

  it('is given up when it does not arrive', async () => {
    const startedMs = performance.now();
    const text = await raw('GET /livez HTTP/1.1\r\nHost: loc');
    expect(statusOf(text)).toBe(408);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
  });
});

describe('the log level', () => {
  const put = (body: string, headers: Record<string, string> = { 'Content-Type': 'text/plain' }) =>
    adminAsk(server.adminPort, '/loglevel', { method: 'PUT', headers, body });

  it('is told and set', async () => {
    expect((await adminAsk(server.adminPort, '/loglevel')).body).toBe('warn\n');
    expect(await put('debug\n')).toMatchObject({ status: 200, body: 'debug\n' });
    expect((await adminAsk(server.adminPort, '/loglevel')).body).toBe('debug\n');
    expect(await put('silent')).toMatchObject({ status: 200 });
    expect(await put('warn')).toMatchObject({ status: 200 });
    // Whichever level lets it through, the one before or the one after.
    for (const level of ['debug', 'silent', 'warn'])
      expect(server.log()).toMatch(new RegExp(`"operator":"127.0.0.1","logLevel":"${level}"`));
  });

  it('is one that there is, in a text', async () => {
    const levels = 'fatal, error, warn, info, debug, trace, silent';
    expect(await put('loud')).toMatchObject({ status: 400, body: `a level is one of ${levels}\n` });
    expect(await put('')).toMatchObject({ status: 400 });
    expect(await put('__proto__')).toMatchObject({ status: 400 });
    expect(await put('info', { 'Content-Type': 'application/json' })).toMatchObject({
      status: 415,
    });
    expect((await adminAsk(server.adminPort, '/loglevel')).body).toBe('warn\n');
  });

  it('is not read from a body without end', async () => {
    const got = await put('x'.repeat(2000));
    expect(got).toMatchObject({ status: 413, body: 'a body has at most 1024 bytes\n' });
    const chunks = `401\r\n${'x'.repeat(0x401)}\r\n`;
    const head =
      'PUT /loglevel HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(statusOf(await raw(head + chunks))).toBe(413);
  });

  it.each([
    ['Origin', 'https://evil.example', 403],
    ['Sec-Fetch-Site', 'cross-site', 403],
    ['Host', 'evil.example', 421],
  ])('is not set by another site: %s: %s', async (name, value, status) => {
    const headers = { 'Content-Type': 'text/plain', [name]: value };
    expect((await put('debug', headers)).status).toBe(status);
    expect((await adminAsk(server.adminPort, '/loglevel')).body).toBe('warn\n');
    // Nor does it learn anything but health.
    expect(
      (await adminAsk(server.adminPort, '/metrics', { headers: { [name]: value } })).status,
    ).toBe(status);
    const health = await adminAsk(server.adminPort, '/readyz', { headers: { [name]: value } });
    expect(health).toMatchObject({ status: 200, body: 'ok\n' });
  });
});

describe('the configuration', () => {
  it('is told without its secrets', async () => {
    const { body } = await adminAsk(server.adminPort, '/configinfo');
    const { options, directives } = JSON.parse(body);
    expect(options).toMatchObject({
      port: server.memcachedPort,
      threads: 2,
      requirepass: '(secret)',
      'admin-token': null,
    });
    expect(options.extended).toMatchObject({ idle_timeout: 0 });
    expect(directives).toMatchObject({ maxmemory: expect.any(String), requirepass: '(secret)' });
    expect(body).not.toContain('a-secret-of-resp');
  });
});

describe('clients that mean no good', () => {
  it('cannot keep others out by holding connections', async () => {
    const idle: Socket[] = [];
    for (let count = 0; count < 200; count++) {
      const socket = connect({ host: '127.0.0.1', port: server.adminPort });
      socket.on('error', () => undefined);
      if (count % 2 === 0) socket.write('GET /metrics HTTP/1.1\r\nHost: loc');
      idle.push(socket);
    }
    expect((await adminAsk(server.adminPort, '/livez')).status).toBe(200);
    expect((await adminAsk(server.adminPort, '/readyz')).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });

  it('cannot make the server keep pages that they do not read', async () => {
    const sockets = Array.from({ length: 32 }, () => {
      const socket = connect({ host: '127.0.0.1', port: server.adminPort });
      socket.on('error', () => undefined);
      socket.pause();
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(150));
      return socket;
    });
    const client = await TextClient.open({ host: server.host, port: server.memcachedPort });
    for (let count = 0; count < 200; count++) expect(await client.ask('mn\r\n')).toBe('MN');
    expect((await adminAsk(server.adminPort, '/livez')).status).toBe(200);
    client.destroy();
    for (const socket of sockets) socket.destroy();
  });

  it('are counted', async () => {
    const metrics = await metricsAsk(server.adminPort);
    for (const status of [200, 400, 403, 404, 408, 413, 421, 431]) {
      expect(
        metrics.get(`flagstone_admin_requests_total{status="${status}"}`),
        `${status}`,
      ).toBeGreaterThan(0);
    }
    expect(metrics.get('flagstone_thread_restarts_total')).toBe(0);
  });
});

/** An address of this machine that is not loopback, or null. */
function outerAddress(): string | null {
  for (const list of Object.values(networkInterfaces())) {
    for (const { address, family, internal } of list ?? []) {
      if (family === 'IPv4' && !internal) return address;
    }
  }
  return null;
}

const OUTER = outerAddress();

describe.skipIf(OUTER === null)(
  'from another address (skipped where there is none but loopback)',
  () => {
    const host = OUTER ?? '';
    const TOKEN = 'correct-horse-battery';

    it('nothing but health is told without a token', async () => {
      const open = await adminSpawn(['--admin-listen', '*']);
      try {
        for (const path of PATHS) {
          const { status, body } = await adminAsk(open.adminPort, path, { host });
          if (/^\/(?:live|ready)z$/.test(path))
            expect({ status, body }).toEqual({ status: 200, body: 'ok\n' });
          else expect(status, path).toBe(403);
        }
        const headers = { 'Content-Type': 'text/plain', Host: 'localhost' };
        const put = await adminAsk(open.adminPort, '/loglevel', {
          host,
          method: 'PUT',
          body: 'debug',
          headers,
        });
        expect(put.status).toBe(403);
        for (const action of ['flush', 'disconnect', 'pages', 'hotkeys']) {
          const json = { 'Content-Type': 'application/json' };
          const asking = { host, method: 'POST', headers: json, body: '{}' };
          const { status } = await adminAsk(open.adminPort, `/console/${action}`, asking);
          expect(status, action).toBe(403);
        }
        expect((await adminAsk(open.adminPort, '/loglevel')).body).toBe('warn\n');
        expect(open.log()).toContain('other machines are told of health and nothing else');
      } finally {
        await open.stop();
      }
    });

    it('everything is told with it, and nothing is without it from this machine either', async () => {
      const open = await adminSpawn(['--admin-listen', '*', '--admin-token', TOKEN]);
      try {
        for (const from of [host, '127.0.0.1']) {
          const asking = { host: from, headers: { Authorization: `Bearer ${TOKEN}` } };
          expect((await metricsAsk(open.adminPort, asking)).get('redis_up')).toBe(1);
          const none = await adminAsk(open.adminPort, '/metrics', { host: from });
          expect(none.status).toBe(401);
          expect(none.headers['www-authenticate']).toBe('Bearer realm="flagstone"');
          const wrong = await adminAsk(open.adminPort, '/metrics', {
            host: from,
            headers: { Authorization: 'Bearer guess' },
          });
          expect(wrong.status).toBe(401);
          expect(wrong.headers['www-authenticate']).toContain('invalid_token');
          expect(await adminAsk(open.adminPort, '/readyz', { host: from })).toMatchObject({
            status: 200,
            body: 'ok\n',
          });
        }
        const headers = { Authorization: `Bearer ${TOKEN}` };
        await eventually(
          'the count of wrong tokens',
          () => metricsAsk(open.adminPort, { headers }),
          (metrics) => metrics.get('flagstone_admin_token_failures_total') === 2,
        );
        const { body } = await adminAsk(open.adminPort, '/configinfo', { headers });
        expect(body).not.toContain(TOKEN);
      } finally {
        await open.stop();
      }
    });
  },
);
