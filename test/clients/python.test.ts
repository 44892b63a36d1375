/**
 * Python's clients, unmodified, as scripts of their own: pymemcache, and pylibmc (which is libmemcached)
 * in its text protocol.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commandRun, pythonFind } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What each script prints, one line per check that it made. */
const CHECK_COUNT = { pymemcache: 12, pylibmc: 11 } as const;

for (const [name, checkCount] of Object.entries(CHECK_COUNT)) {
  const python = pythonFind(name);
  const reason = python === null ? ` (skipped: no Python here has the module ${name})` : '';

  describe.skipIf(python === null)(`${name}${reason}`, () => {
    let server: ServerProcess | undefined;
    beforeAll(async () => {
      server = await spawnFlagstone();
    });
    afterAll(() => server?.stop());

    it('does its everyday work', async () => {
      if (server === undefined || python === null) return;
      const script = fileURLToPath(new URL(`./${name}_client.py`, import.meta.url));
      const { code, out, err } = await commandRun(python, [script, server.host, `${server.port}`]);
      expect(err, `after ${out.trim().split('\n').at(-1)}\n${server.log()}`).toBe('');
      expect(code).toBe(0);
      expect(out.trim().split('\n')).toHaveLength(checkCount);
    });
  });
}
