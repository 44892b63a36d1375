/**
 * Clients of other languages, unmodified, each as a script of its own that does the everyday work: Python's
 * pymemcache and pylibmc, PHP's memcached (both of these are libmemcached), Ruby's dalli.
 *
 * A script is given the addresses of two empty servers, HOST:PORT, and options, NAME=VALUE. It prints a
 * line for each check that it made.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commandRun, pythonFind } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A script, and what has to be there for it to run. `find` gives its interpreter, or null. */
type Client = {
  readonly file: string;
  readonly needs: string;
  readonly find: () => string | null;
  readonly checkCount: number;
};

// biome-ignore format: a table reads in columns
const PYMEMCACHE: Client = { file: 'pymemcache_client.py', needs: 'Python with pymemcache', find: () => pythonFind('pymemcache'), checkCount: 14 };
// biome-ignore format: a table reads in columns
const PYLIBMC: Client    = { file: 'pylibmc_client.py',    needs: 'Python with pylibmc',    find: () => pythonFind('pylibmc'),    checkCount: 11 };
// biome-ignore format: a table reads in columns
const PHP: Client        = { file: 'php_client.php',       needs: 'PHP with memcached',     find: phpFind,                        checkCount: 12 };
// biome-ignore format: a table reads in columns
const DALLI: Client      = { file: 'dalli_client.rb',      needs: 'Ruby with dalli',        find: rubyFind,                       checkCount: 12 };

describe.each([
  { name: 'pymemcache', client: PYMEMCACHE, options: [] },
  { name: 'pylibmc, text', client: PYLIBMC, options: ['protocol=text'] },
  { name: 'pylibmc, binary', client: PYLIBMC, options: ['protocol=binary'] },
  { name: 'PHP memcached, text', client: PHP, options: ['protocol=text'] },
  { name: 'PHP memcached, binary', client: PHP, options: ['protocol=binary'] },
  { name: 'dalli', client: DALLI, options: [] },
])('$name', ({ client, options }) => {
  const interpreter = client.find();
  let servers: ServerProcess[] = [];
  beforeAll(async () => {
    if (interpreter !== null) servers = await Promise.all([spawnFlagstone(), spawnFlagstone()]);
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('does its everyday work', async (context) => {
    if (interpreter === null) return context.skip(`no ${client.needs} here`);
    const script = fileURLToPath(new URL(`./${client.file}`, import.meta.url));
    const addresses = servers.map(({ host, port }) => `${host}:${port}`);
    const { code, out, err } = await commandRun(interpreter, [script, ...addresses, ...options]);
    const logs = servers.map((server) => server.log()).join('\n');
    expect(err, `after ${out.trim().split('\n').at(-1)}\n${logs}`).toBe('');
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toHaveLength(client.checkCount);
  });
});

function phpFind(): string | null {
  const code = 'exit(extension_loaded("memcached") && extension_loaded("pcntl") ? 0 : 1);';
  return spawnSync('php', ['-r', code], { stdio: 'ignore' }).status === 0 ? 'php' : null;
}

function rubyFind(): string | null {
  const ruby = ['-e', 'require "dalli"'];
  return spawnSync('ruby', ruby, { stdio: 'ignore' }).status === 0 ? 'ruby' : null;
}
