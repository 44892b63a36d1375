/**
 * Clients of other languages, unmodified, each as a script of its own that does the everyday work: Python's
 * pymemcache and pylibmc, PHP's memcached (both of these are libmemcached), Ruby's dalli.
 *
 * A script is given the addresses of two empty servers, HOST:PORT, and options, NAME=VALUE. It prints a
 * line for each check that it made.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext } from 'vitest';
import { commandRun, pythonFind } from '../support/command-run.ts';
import { type ServerProcess, type SpawnOptions, spawnFlagstone } from '../support/server.ts';
import type { UsersFile } from './users-file.ts';

/** A script, and what has to be there for it to run. `find` gives its interpreter, or null. */
export type ScriptClient = {
  readonly file: string;
  readonly needs: string;
  readonly find: () => string | null;
  readonly checkCount: number;
};

/** What servers ask of a client, and the options that say it to a script. */
export type Setting = {
  readonly spawnOptions: SpawnOptions;
  readonly options: readonly string[];
  /** Checks that are made in this setting alone. */
  readonly checkCount: number;
};

// biome-ignore format: a table reads in columns
export const CLIENTS = {
  pymemcache: { file: 'pymemcache_client.py', needs: 'Python with pymemcache', find: () => pythonFind('pymemcache'), checkCount: 14 },
  pylibmc:    { file: 'pylibmc_client.py',    needs: 'Python with pylibmc',    find: () => pythonFind('pylibmc'),    checkCount: 11 },
  php:        { file: 'php_client.php',       needs: 'PHP with memcached',     find: phpFind,                        checkCount: 12 },
  dalli:      { file: 'dalli_client.rb',      needs: 'Ruby with dalli',        find: rubyFind,                       checkCount: 12 },
} as const satisfies Record<string, ScriptClient>;

/** Of the scripts that can speak both. */
export const TEXT: readonly string[] = ['protocol=text'];
export const BINARY: readonly string[] = ['protocol=binary'];

export const OPEN: Setting = { spawnOptions: {}, options: [], checkCount: 0 };

export function settingOf({ spawnOptions, username, password }: UsersFile): Setting {
  return {
    spawnOptions,
    options: [`username=${username}`, `password=${password}`],
    checkCount: 1,
  };
}

/** Runs a script against two servers of its own; what it prints on standard error is what failed. */
export async function everydayWork(
  context: TestContext,
  client: ScriptClient,
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
  const has = spawnSync('ruby', ['-e', 'require "dalli"'], { stdio: 'ignore' }).status === 0;
  return has ? 'ruby' : null;
}
