import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/cli/config.ts';
import { optionsHashUser, optionsParse, optionsText } from '../../src/cli/options.ts';
import { GIB, MIB } from '../../src/cli/units.ts';
import type { Settings } from '../../src/config/directive-table.ts';
import { RespConfig } from '../../src/config/resp-config.ts';
import { respTargets, respUnixTarget } from '../../src/config/resp-targets.ts';
import { configOf, faultOf, MACHINE } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-resp-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  writeFileSync(join(folder, 'redis.conf'), content);
  return join(folder, 'redis.conf');
}

function settingsOf({ resp }: Config): Settings {
  return RespConfig.fromImage(resp).settings;
}

function ports(config: Config): readonly string[] {
  return respTargets(settingsOf(config)).map(({ host, port, tls }) => `${host} ${port} ${tls}`);
}

describe('an ordinary start', () => {
  it('listens for RESP on all interfaces, or where memcached does', () => {
    expect(ports(configOf(''))).toEqual(['null 6379 off']);
    expect(ports(configOf('-l 127.0.0.1:1,[::1]:2,* -p 3'))).toEqual([
      '127.0.0.1 6379 off',
      '::1 6379 off',
      '0.0.0.0 6379 off',
    ]);
    expect(ports(configOf('--resp-port 7000'))).toEqual(['null 7000 off']);
    expect(ports(configOf('--resp-port 0'))).toEqual([]);
  });

  it('opens no port for RESP unasked where memcached is closed', () => {
    const closed = ['-s /tmp/s', '-Y /f', '-S --users-file /u'];
    for (const line of [...closed, '-Z -o ssl_chain_cert=/c,ssl_key=/k']) {
      expect(ports(configOf(line)), line).toEqual([]);
      expect(ports(configOf(`${line} --resp-port 7000`)), line).toEqual(['null 7000 off']);
    }
  });

  it('has one memory and one table of connections for both', () => {
    const settings = settingsOf(configOf('-m 100 -c 50'));
    expect(settings.maxmemory).toBe(100 * MIB);
    expect(settings.maxmemoryPolicy).toBe('allkeys-lru');
    expect(settings.maxclients).toBe(50);
    expect(settingsOf(configOf('-M')).maxmemoryPolicy).toBe('noeviction');
  });

  it('takes from redis.conf what no option says', () => {
    const path = file(
      'maxmemory 200mb\nmaxmemory-policy noeviction\nmaxclients 70\nio-threads 3\nport 7001\nrequirepass x',
    );
    const config = configOf(`--resp-conf=${path}`);
    expect(config).toMatchObject({
      port: 11211,
      respPort: 7001,
      memoryBytes: 200 * MIB,
      evict: false,
      connectionCountMax: 70,
      threadCount: 3,
      isRespServer: false,
    });
    expect(settingsOf(config).requirepass).toBe('x');
    const line = `-m 100 -c 5 -t 2 --resp-port 7002 --requirepass y --resp-conf ${path}`;
    const other = configOf(line);
    expect(other).toMatchObject({ memoryBytes: 100 * MIB, connectionCountMax: 5, threadCount: 2 });
    expect(settingsOf(other)).toMatchObject({
      maxmemory: 100 * MIB,
      maxclients: 5,
      port: 7002,
      requirepass: 'y',
    });
  });

  it('says what is wrong with a redis.conf as Redis says it', () => {
    const fault = faultOf(() => configOf(`-m 64 --resp-conf ${file('port x')}`));
    expect(fault.message).toMatch(/^\n\*\*\* FATAL CONFIG FILE ERROR .*\n.*line 1\n>>> 'port x'\n/);
    expect(fault.exitCode).toBe(1);
  });
});

describe('TLS for RESP', () => {
  const files = 'tls-port 7002\ntls-cert-file /c\ntls-key-file /k\n';

  it('has a port of its own, and the certificate of redis.conf', () => {
    const conf = `${files}tls-ca-cert-file /a\ntls-auth-clients optional\ntls-protocols TLSv1.3\n`;
    const config = configOf(`--resp-port 0 --resp-conf ${file(conf)}`);
    expect(ports(config)).toEqual(['null 7002 default']);
    expect(config).toMatchObject({
      tlsEnabled: false,
      tlsChainCert: '/c',
      tlsKey: '/k',
      tlsCaCert: '/a',
      tlsVerifyMode: 1,
      tlsMinVersion: 3,
      tlsSessionCache: true,
    });
  });

  it.each([
    ['tls-port 1', 'tls-port: needs tls-cert-file and tls-key-file'],
    [
      files,
      'tls-auth-clients yes: no certificate of a client can be verified without tls-ca-cert-file',
    ],
    [
      `${files}tls-auth-clients no\ntls-protocols SSLv3`,
      'tls-protocols SSLv3: must name TLSv1.2 or TLSv1.3',
    ],
  ])('%j is refused', (conf, message) => {
    expect(faultOf(() => configOf(`--resp-conf=${file(conf)} -m 64`)).message).toBe(message);
  });

  it('goes by the certificate of -Z where there is one', () => {
    const line = '-Z -o ssl_chain_cert=/cc,ssl_key=/kk --resp-conf';
    const config = configOf(`${line} ${file(files)}`);
    expect(config.tlsChainCert).toBe('/cc');
    expect(config.warnings).toEqual([
      'tls-cert-file has no effect: -Z has one certificate for all',
    ]);
  });
});

describe('a start as redis-server', () => {
  const start = (words: readonly string[], env = {}): Config =>
    optionsParse(['--resp-conf', ...words], env, MACHINE);

  it('leaves memcached off, unless the environment has it', () => {
    const config = start([file('port 7000'), '--timeout', '5', '--maxmemory 100mb']);
    expect(config).toMatchObject({
      isRespServer: true,
      port: 0,
      udpPort: 0,
      respPort: 7000,
      memoryBytes: 100 * MIB,
      connectionCountMax: 10000,
      evict: false,
      warnings: [],
    });
    expect(settingsOf(config).timeout).toBe(5);
    expect(start([], { FLAGSTONE_PORT: '11211', FLAGSTONE_THREADS: '3' })).toMatchObject({
      port: 11211,
      threadCount: 3,
    });
  });

  it('has the machine for a limit where none is given', () => {
    expect(start([])).toMatchObject({ memoryBytes: 32 * GIB, itemBytesMax: 512 * MIB });
    expect(start(['--maxmemory', '1gb'])).toMatchObject({
      memoryBytes: GIB,
      memoryBytesMax: 32 * GIB,
    });
  });

  it('writes a pid file, in the background at least', () => {
    expect(start(['--pidfile', '/p'])).toMatchObject({ pidFile: '/p', daemonize: false });
    expect(start(['--daemonize', 'yes']).pidFile).toBe('/var/run/flagstone.pid');
    expect(start([]).pidFile).toBeNull();
  });

  it('knows where to listen', () => {
    expect(ports(start(['--bind', '127.0.0.1', '-::1']))).toEqual([
      '127.0.0.1 6379 off',
      '::1 6379 off',
    ]);
    expect(ports(start(['--bind', '*']))).toEqual(['0.0.0.0 6379 off']);
    const config = start(['--port', '0', '--unixsocket', '/s', '--unixsocketperm', '700']);
    expect(ports(config)).toEqual([]);
    expect(respUnixTarget(settingsOf(config))).toEqual({ path: '/s', mode: 0o700 });
  });

  it('keeps the bytes of its words', () => {
    expect(settingsOf(start(['--requirepass', 'é'])).requirepass).toBe('\xc3\xa9');
  });

  it('takes every word behind the first as redis-server does', () => {
    expect(optionsText(['--resp-conf', '--help'])).toBeNull();
    expect(optionsHashUser(['--resp-conf', '--help'])).toBeNull();
    expect(faultOf(() => start(['--help'])).message).toMatch(/>>> 'help'\nBad directive/);
  });
});
