/** The start as redis-server, with a redis.conf: what it says, what it follows while it runs, how it ends. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { programRun } from '../server/program.ts';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from '../server/tls-certificates.ts';
import { portFree } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { type RespServer, respConfSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { wordsCall } from './blocked.ts';
import { shown } from './session.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOST = '127.0.0.1';
const IS_LINUX = process.platform === 'linux';

let folder = '';
let servers: RespServer[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-redis-'));
});
afterEach(async () => {
  await Promise.all(servers.map((one) => one.stop()));
  servers = [];
  rmSync(folder, { recursive: true, force: true });
});

function conf(...lines: readonly string[]): string {
  const path = join(folder, 'redis.conf');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

async function start(...words: readonly string[]): Promise<RespServer> {
  const server = await respConfSpawn(words);
  servers.push(server);
  return server;
}

/** Whether a client at the address gets an answer. */
async function answersAt(
  address: { host: string; port: number } | { path: string },
): Promise<boolean> {
  const client = new RespClient(address);
  const reply = await client.call('ping').catch(() => null);
  client.end();
  return reply !== null;
}

describe('a server started with a redis.conf', () => {
  it('says what scripts wait for, in order, and exits with 0', async () => {
    const pidFile = join(folder, 'pid');
    const server = await start(conf('# mine', `pidfile ${pidFile}`, 'loglevel notice'));
    const said = / PID: (\d+)\n.*Server initialized\n.*Ready to accept connections tcp\n$/s;
    await eventually(
      'what it says',
      async () => server.log(),
      (log) => said.test(log),
    );
    expect(said.exec(server.log())?.[1]).toBe(`${server.pid}`);
    expect(readFileSync(pidFile, 'latin1')).toBe(`${server.pid}\n`);
    expect(await server.stop()).toBe(0);
    expect(server.log()).toMatch(/User requested shutdown\.\.\.\n.*bye bye\.\.\.\n$/s);
    expect(existsSync(pidFile)).toBe(false);
  });

  it('ends by SHUTDOWN, which answers only if there is something to wait for', async () => {
    const server = await start();
    const client = server.client();
    expect(shown(await client.call('shutdown', 'save'))).toMatch(/^-ERR Errors trying to SHUTDOWN/);
    expect(shown(await client.call('shutdown', 'abort'))).toBe('-ERR No shutdown in progress.');
    expect(shown(await client.call('shutdown', 'save', 'nosave'))).toBe('-ERR syntax error');
    client.send('shutdown', 'nosave');
    await expect(client.read()).rejects.toThrow('closed');
    expect(await server.stop()).toBe(0);
  });

  it('has nowhere to save its keys to, and says so', async () => {
    const server = await start(conf('save 60 1', 'appendonly no'));
    const client = server.client();
    for (const command of ['save', 'bgsave', 'bgrewriteaof']) {
      expect(shown(await client.call(command)), command).toMatch(/^-ERR nothing can be saved/);
    }
    expect(shown(await client.call('config', 'set', 'appendonly', 'yes'))).toMatch(
      /^-ERR CONFIG SET failed/,
    );
    client.end();
    expect(server.log()).toMatch(/Without effect here: .*\bsave\b/);
  });

  it('logs into its file, at its level', async () => {
    const path = join(folder, 'log');
    const server = await start('--logfile', path, '--loglevel', 'warning');
    const client = server.client();
    await client.call('config', 'set', 'loglevel', 'notice');
    client.end();
    await server.stop();
    expect(server.log()).toBe('');
    expect(readFileSync(path, 'latin1')).not.toContain('Server initialized');
    expect(readFileSync(path, 'latin1')).toContain('User requested shutdown...');
  });

  it.each([
    ['nothing 1', 'Bad directive or wrong number of arguments'],
    ['rename-command nothing x', 'No such command in rename-command'],
    ['rename-command get set', 'Target command name already exists'],
  ])('does not start with %j', async (line, problem) => {
    const { code, out, err } = await programRun(['--resp-conf', conf('', line)]);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/^\n\*\*\* FATAL CONFIG FILE ERROR \(Version [\d.]+\) \*\*\*\n/);
    const place = `Reading the configuration file, at line 2\n>>> '${line}'\n`;
    expect(err.endsWith(`\n${place}${problem}\n`)).toBe(true);
  });

  it('does not start on a port in use', async () => {
    const stranger = createServer();
    const port = await new Promise<number>((resolve) => {
      stranger.listen({ port: 0, host: HOST }, () => {
        const address = stranger.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const words = ['--resp-conf', '--port', `${port}`, '--bind', HOST];
    const { code, out } = await programRun(words);
    stranger.close();
    expect(code).not.toBe(0);
    expect(out).toContain(`Failed listening on port ${port} (tcp), aborting.`);
  });
});

describe('its commands', () => {
  it('go by the names that rename-command gives them', async () => {
    const server = await start(conf('rename-command flushall ""', 'rename-command GET fetch'));
    const client = server.client();
    await client.call('set', 'a', '1');
    expect(await client.call('FETCH', 'a')).toBe('1');
    expect(shown(await client.call('get', 'a'))).toMatch(/^-ERR unknown command 'get'/);
    expect(shown(await client.call('flushall'))).toMatch(/^-ERR unknown command 'flushall'/);
    expect(shown(await client.call('command', 'info', 'get'))).toMatch(/^\[\["get", /);
    client.end();
  });

  it('need a password, on all threads, as soon as there is one', async () => {
    const server = await start('--io-threads', '3');
    const clients = Array.from({ length: 9 }, () => server.client());
    for (const one of clients) await one.call('ping');
    await clients[0].call('config', 'set', 'requirepass', 'secret');
    const newer = Array.from({ length: 9 }, () => server.client());
    for (const one of clients) expect(shown(await one.call('ping'))).toBe('+PONG');
    for (const one of newer) {
      expect(shown(await one.call('get', 'a'))).toBe('-NOAUTH Authentication required.');
      expect(shown(await one.call('hello', '3'))).toMatch(/^-NOAUTH HELLO must be called with /);
      expect(shown(await one.call('auth', 'wrong'))).toMatch(/^-WRONGPASS /);
      expect(shown(await one.call('auth', 'secret'))).toBe('+OK');
      expect(await one.call('get', 'a')).toBe(null);
      one.write(`*2\r\n$3\r\nget\r\n$1\r\na\r\n`);
      expect(await one.read()).toBe(null);
    }
    const [other] = [server.client()];
    expect(shown(await other.call('hello', '2', 'auth', 'default', 'secret'))).toMatch(
      /^\["server"/,
    );
    expect(shown(await other.call('reset'))).toBe('+RESET');
    expect(shown(await other.call('get', 'a'))).toBe('-NOAUTH Authentication required.');
    other.write('*11\r\n');
    expect(shown(await other.read())).toBe('-ERR Protocol error: unauthenticated multibulk length');
    for (const one of [...clients, ...newer, other]) one.end();
  });
});

describe('CONFIG SET and REWRITE', () => {
  it('move its ports', async () => {
    const server = await start();
    const client = server.client();
    const port = await portFree();
    expect(shown(await client.call('config', 'set', 'port', port))).toBe('+OK');
    expect(await answersAt({ host: HOST, port })).toBe(true);
    expect(await answersAt({ host: HOST, port: server.port })).toBe(false);
    expect(shown(await client.call('ping'))).toBe('+PONG');
    const stranger = createServer();
    const taken = await portFree();
    await new Promise<void>((resolve) => {
      stranger.listen({ port: taken, host: HOST }, resolve);
    });
    expect(shown(await client.call('config', 'set', 'timeout', '7', 'port', taken))).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
    );
    stranger.close();
    expect(await client.call('config', 'get', 'port', 'timeout')).toEqual(
      expect.arrayContaining(['port', `${port}`, 'timeout', '0']),
    );
    expect(await answersAt({ host: HOST, port })).toBe(true);
    expect(shown(await client.call('config', 'set', 'bind', '192.0.2.1'))).toMatch(
      /Failed to bind to specified addresses\.$/,
    );
    expect(await answersAt({ host: HOST, port })).toBe(true);
    client.end();
  });

  it('keep comments, order and includes, and the next start has it all', async () => {
    const other = join(folder, 'other.conf');
    writeFileSync(other, 'hz 20\n');
    const path = conf(
      '# mine',
      'timeout 5',
      `include ${other}`,
      '',
      'maxmemory-policy volatile-ttl',
    );
    const server = await start(path);
    const client = server.client();
    await client.call('config', 'set', 'timeout', '9', 'maxmemory', '100mb', 'requirepass', 'a b');
    expect(shown(await client.call('config', 'rewrite'))).toBe('+OK');
    client.end();
    await server.stop();
    const written = readFileSync(path, 'latin1');
    expect(written).toMatch(/^# mine\ntimeout 9\ninclude .*\n\nmaxmemory-policy volatile-ttl\n/);
    expect(written).toContain('\n# Generated by CONFIG REWRITE\n');
    expect(written).toContain('\nmaxmemory 100mb\n');
    expect(written).toContain('\nrequirepass "a b"\n');
    const again = await start(path);
    const next = again.client();
    await next.call('auth', 'a b');
    const found = await next.call(
      'config',
      'get',
      'timeout',
      'hz',
      'maxmemory',
      'maxmemory-policy',
    );
    expect(found).toEqual(
      expect.arrayContaining([
        'timeout',
        '9',
        'maxmemory',
        '104857600',
        'volatile-ttl',
        'hz',
        '20',
      ]),
    );
    next.end();
  });

  it.runIf(IS_LINUX)('tell the kernel what it is worth', async () => {
    const server = await start(
      '--oom-score-adj',
      'relative',
      '--oom-score-adj-values',
      '100 200 300',
    );
    const score = (): number => Number(readFileSync(`/proc/${server.pid}/oom_score_adj`, 'latin1'));
    const own = Number(readFileSync('/proc/self/oom_score_adj', 'latin1'));
    expect(score()).toBe(Math.min(1000, own + 100));
    const client = server.client();
    await client.call('config', 'set', 'oom-score-adj', 'no');
    client.end();
    expect(score()).toBe(own);
  });
});

describe('where it listens', () => {
  it('is also a unix socket, with its permissions', async () => {
    const path = join(folder, 'socket');
    const server = await start('--unixsocket', path, '--unixsocketperm', '700');
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const client = new RespClient({ path });
    expect(shown(await client.call('client', 'info'))).toContain(
      ` addr=${path}:0 laddr=${path}:0 `,
    );
    expect(shown(await client.call('client', 'info'))).toContain(' flags=U ');
    client.end();
    await server.stop();
    expect(existsSync(path)).toBe(false);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  it.runIf(outside)('is for this machine alone while protected mode is on', async () => {
    const port = await portFree();
    const server = await start();
    const client = server.client();
    await client.call('config', 'set', 'bind', `${HOST} ${outside}`);
    const stranger = new RespClient({ host: outside, port: server.port });
    expect(shown(await stranger.read())).toMatch(/^-DENIED Redis is running in protected mode/);
    await eventually('its end', async () => stranger.closed, Boolean);
    await client.call('config', 'set', 'protected-mode', 'no');
    expect(await answersAt({ host: outside ?? '', port: server.port })).toBe(true);
    await client.call('config', 'set', 'protected-mode', 'yes', 'requirepass', 'x');
    expect(await answersAt({ host: outside ?? '', port: server.port })).toBe(true);
    stranger.end();
    client.end();
    expect(port).not.toBe(server.port);
  });
});

describe.runIf(OPENSSL_IS_THERE)(`with TLS${OPENSSL_REASON}`, () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = new Certificates();
  });
  afterAll(() => rmSync(certificates.folder, { recursive: true }));

  it('has a port for it, and one without', async () => {
    const port = await portFree();
    const server = await start(
      ...['--tls-port', `${port}`, '--tls-cert-file', certificates.path('server.crt')],
      ...['--tls-key-file', certificates.path('server.key')],
      ...['--tls-ca-cert-file', certificates.path('authority.crt'), '--tls-auth-clients', 'no'],
    );
    expect(await answersAt({ host: HOST, port: server.port })).toBe(true);
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = tlsConnect({ host: HOST, port, ...certificates.client() });
      socket.once('error', reject);
      socket.once('data', (bytes) => {
        resolve(bytes.toString('latin1'));
        socket.destroy();
      });
      socket.write('ping\r\n');
    });
    expect(reply).toBe('+PONG\r\n');
    const client = server.client();
    expect(await wordsCall(client, 'config get tls-port')).toEqual([['tls-port', `${port}`]]);
    client.end();
  });
});
