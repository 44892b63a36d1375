/** The options of the admin port: what is refused, and what is warned of. */
import { describe, expect, it } from 'vitest';
import { hostIsLoopback } from '../../src/cli/admin-options.ts';
import { optionsShown } from '../../src/cli/options-shown.ts';
import { configOf, faultOf } from '../cli/support.ts';

const TOKEN = 'correct-horse-battery';
const TLS = '-o ssl_chain_cert=c,ssl_key=k';

describe('the options of the admin port', () => {
  it('leave it off unless it is asked for', () => {
    expect(configOf('')).toMatchObject({ adminPort: 0, adminListen: '127.0.0.1', adminTls: 'off' });
    expect(configOf('', { FLAGSTONE_ADMIN_PORT: '11280' }).adminPort).toBe(11280);
  });

  it.each([
    ['*', '*'],
    ['0.0.0.0', '0.0.0.0'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['cache-a', 'cache-a'],
  ])('listen on %s', (text, host) => {
    expect(configOf(`--admin-port 1 --admin-listen ${text} --admin-token ${TOKEN}`)).toMatchObject({
      adminListen: host,
      adminToken: TOKEN,
      warnings: [],
    });
  });

  it.each([
    ['--admin-port 65536', '--admin-port 65536: must be at most 65535'],
    [
      '--admin-listen 127.0.0.1:80',
      '--admin-listen 127.0.0.1:80: an address alone; the port is --admin-port',
    ],
    [
      '--admin-listen notls:a',
      '--admin-listen notls:a: an address alone; the port is --admin-port',
    ],
    ['--admin-token short', '--admin-token: a token has at least 16 characters'],
    [`--admin-token ${'x'.repeat(257)}`, '--admin-token: a token has at most 256 characters'],
    [
      '--admin-token täglich-ein-anderes',
      '--admin-token: a token is of printable ASCII without blanks',
    ],
    [
      `--admin-port 1 --admin-token ${TOKEN} --admin-token-file f`,
      '--admin-token with --admin-token-file is refused: there is one token',
    ],
    ['--admin-tls yes', '--admin-tls yes: must be one of off, on, mtls'],
    ['--admin-port 1 --admin-tls on', '--admin-tls on: needs -o ssl_chain_cert=FILE,ssl_key=FILE'],
    [
      `--admin-port 1 --admin-tls mtls ${TLS}`,
      '--admin-tls mtls: needs -o ssl_ca_cert=FILE, which vouches for clients',
    ],
  ])('refuse %s', (line, message) => {
    expect(faultOf(() => configOf(line)).message).toBe(message);
  });

  it('never put the token into a message', () => {
    expect(faultOf(() => configOf('', { FLAGSTONE_ADMIN_TOKEN: 'secret' })).message).toBe(
      'FLAGSTONE_ADMIN_TOKEN: a token has at least 16 characters',
    );
  });

  it.each([
    ['--admin-listen ::1', ['--admin-listen has no effect: it is for --admin-port']],
    [
      '--admin-port 1 --admin-listen *',
      [
        '--admin-listen * without a token or --admin-tls mtls: other machines are told of health and nothing else',
      ],
    ],
    [`--admin-port 1 --admin-listen * --admin-token-file f`, []],
    [`--admin-port 1 --admin-listen * --admin-tls mtls ${TLS},ssl_ca_cert=a`, []],
    [`--admin-port 1 --admin-tls on ${TLS}`, []],
    [
      `--admin-port 1 ${TLS}`,
      ['-o ssl_chain_cert,ssl_key has no effect: there is no TLS without -Z'],
    ],
  ])('warn at %s', (line, warnings) => {
    expect(configOf(line).warnings).toEqual(warnings);
  });
});

describe('the configuration as it is shown', () => {
  it('has all options by their names, and no secret', () => {
    const etcd = 'http://user:pass@etcd:2379';
    const config = configOf(
      `--admin-port 1 --admin-token ${TOKEN} --requirepass swordfish --etcd ${etcd} -M -vv -o idle_timeout=3`,
    );
    const shown = optionsShown(config, '(secret)');
    expect(shown).toMatchObject({
      'admin-token': '(secret)',
      requirepass: '(secret)',
      etcd: '(secret)',
      'users-file': null,
      'disable-evictions': true,
      'enable-sasl': false,
      verbose: 2,
      listen: [],
      extended: { idle_timeout: 3 },
    });
    expect(JSON.stringify(shown)).not.toMatch(/swordfish|pass@|correct-horse/);
  });
});

describe('loopback', () => {
  it.each([
    [true, '127.0.0.1'],
    [true, '127.1.2.3'],
    [true, '::1'],
    [true, 'localhost'],
    [false, '*'],
    [false, '0.0.0.0'],
    [false, '::'],
    [false, '127.evil.example'],
    [false, 'localhost.evil.example'],
  ])('%s: %s', (is, host) => {
    expect(hostIsLoopback(host)).toBe(is);
  });
});
