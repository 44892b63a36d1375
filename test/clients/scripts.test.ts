/**
 * Clients of other languages, unmodified, each as a script of its own that does the everyday work: Python's
 * pymemcache and pylibmc, PHP's memcached (both of these are libmemcached), Ruby's dalli.
 *
 * A script is given the addresses of two empty servers, HOST:PORT, and options, NAME=VALUE. It prints a
 * line for each check that it made.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from '../server/tls-certificates.ts';
import { commandRun, pythonFind } from '../support/command-run.ts';
import { type ServerProcess, type SpawnOptions, spawnFlagstone } from '../support/server.ts';
import { saslMissing, UsersFile } from './users-file.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A script, and what has to be there for it to run. `find` gives its interpreter, or null. */
type Client = {
  readonly file: string;
  readonly needs: string;
  readonly find: () => string | null;
  readonly checkCount: number;
};

/** What servers ask of a client, and the options that say it to a script. */
type Setting = {
  readonly spawnOptions: SpawnOptions;
  readonly options: readonly string[];
  /** Checks that are made in this setting alone. */
  readonly checkCount: number;
};

// biome-ignore format: a table reads in columns
const CLIENTS = {
  pymemcache: { file: 'pymemcache_client.py', needs: 'Python with pymemcache', find: () => pythonFind('pymemcache'), checkCount: 14 },
  pylibmc:    { file: 'pylibmc_client.py',    needs: 'Python with pylibmc',    find: () => pythonFind('pylibmc'),    checkCount: 11 },
  php:        { file: 'php_client.php',       needs: 'PHP with memcached',     find: phpFind,                        checkCount: 12 },
  dalli:      { file: 'dalli_client.rb',      needs: 'Ruby with dalli',        find: rubyFind,                       checkCount: 12 },
} as const satisfies Record<string, Client>;

const OPEN: Setting = { spawnOptions: {}, options: [], checkCount: 0 };
const TEXT = ['protocol=text'];
const BINARY = ['protocol=binary'];

describe.each([
  ['pymemcache', CLIENTS.pymemcache, []],
  ['pylibmc, text', CLIENTS.pylibmc, TEXT],
  ['pylibmc, binary', CLIENTS.pylibmc, BINARY],
  ['PHP, text', CLIENTS.php, TEXT],
  ['PHP, binary', CLIENTS.php, BINARY],
  ['dalli', CLIENTS.dalli, []],
] as const)('%s', (_name, client, options) => {
  it('does its everyday work', (context) => everydayWork(context, client, options, OPEN));
});

describe('SASL', () => {
  let users: UsersFile;
  beforeAll(async () => {
    users = await UsersFile.forSasl('PLAIN');
  });
  afterAll(() => users.remove());

  it.for([
    ['pylibmc', CLIENTS.pylibmc, BINARY],
    ['PHP', CLIENTS.php, BINARY],
    ['dalli', CLIENTS.dalli, []],
  ] as const)('%s does its everyday work', async ([name, client, options], context) => {
    const missing = name === 'dalli' ? null : saslMissing(); // it does without the library
    if (missing !== null) return context.skip(missing);
    await everydayWork(context, client, options, settingOf(users));
  });
});

describe('a first set that authenticates', () => {
  let users: UsersFile;
  beforeAll(() => {
    users = UsersFile.forText();
  });
  afterAll(() => users.remove());

  it('pymemcache does its everyday work', (context) =>
    everydayWork(context, CLIENTS.pymemcache, [], settingOf(users)));
});

describe.skipIf(!OPENSSL_IS_THERE)(`TLS${OPENSSL_REASON}`, () => {
  let certificates: Certificates;
  let users: UsersFile;
  beforeAll(async () => {
    certificates = new Certificates();
    users = await UsersFile.forSasl('PLAIN');
  });
  afterAll(() => {
    users.remove();
    certificates.remove();
  });

  const overTls = (setting: Setting): Setting => {
    const { flags = [], ...others } = setting.spawnOptions;
    const tls = certificates.client();
    return {
      ...setting,
      spawnOptions: { ...others, flags: [...flags, ...certificates.flags()], tls },
      options: [...setting.options, `ca=${certificates.path('authority.crt')}`],
    };
  };

  it('pymemcache does its everyday work', (context) =>
    everydayWork(context, CLIENTS.pymemcache, [], overTls(OPEN)));

  it('dalli does its everyday work, with SASL as well', (context) =>
    everydayWork(context, CLIENTS.dalli, [], overTls(settingOf(users))));
});

function settingOf({ spawnOptions, username, password }: UsersFile): Setting {
  return {
    spawnOptions,
    options: [`username=${username}`, `password=${password}`],
    checkCount: 1,
  };
}

/** Runs a script against two servers of its own; what it prints on standard error is what failed. */
async function everydayWork(
  context: TestContext,
  client: Client,
  options: readonly string[],
  setting: Setting,
): Promise<void> {
  const interpreter = client.find();
  if (interpreter === null) return context.skip(`no ${client.needs} here`);
  const spawn = (): Promise<ServerProcess> => spawnFlagstone(setting.spawnOptions);
  const servers = await Promise.all([spawn(), spawn()]);
  try {
    const script = fileURLToPath(new URL(`./${client.file}`, import.meta.url));
    const addresses = servers.map(({ host, port }) => `${host}:${port}`);
    const args = [script, ...addresses, ...options, ...setting.options];
    const { code, out, err } = await commandRun(interpreter, args);
    const logs = servers.map((server) => server.log()).join('\n');
    expect(err, `after ${out.trim().split('\n').at(-1)}\n${logs}`).toBe('');
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toHaveLength(client.checkCount + setting.checkCount);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function phpFind(): string | null {
  const code = 'exit(extension_loaded("memcached") && extension_loaded("pcntl") ? 0 : 1);';
  return spawnSync('php', ['-r', code], { stdio: 'ignore' }).status === 0 ? 'php' : null;
}

function rubyFind(): string | null {
  const ruby = ['-e', 'require "dalli"'];
  return spawnSync('ruby', ruby, { stdio: 'ignore' }).status === 0 ? 'ruby' : null;
}
