/** libmemcached's command-line tools, where a client has to authenticate first. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CommandEnd, commandRun } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { toolFind } from './libmemcached-tools.ts';
import { type Credentials, saslMissing, UsersFile } from './users-file.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe.for(['PLAIN', 'SCRAM-SHA-256'] as const)('libmemcached, SASL by %s', (mechanism) => {
  let users: UsersFile;
  let server: ServerProcess;
  let folder = '';
  beforeAll(async () => {
    users = await UsersFile.forSasl(mechanism);
    server = await spawnFlagstone(users.spawnOptions);
    folder = mkdtempSync(join(tmpdir(), 'flagstone-libmemcached-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    users.remove();
    await server.stop();
  });

  const run = (
    tool: string,
    credentials: Credentials,
    ...args: readonly string[]
  ): Promise<CommandEnd> => {
    const where = [`--servers=${server.host}:${server.port}`, '--binary'];
    const who = [`--username=${credentials.username}`, `--password=${credentials.password}`];
    return commandRun(tool, [...where, ...who, ...args]);
  };

  it('a user is let in, and nobody else', async (context) => {
    const [copy, show] = [toolFind(context, 'memccp'), toolFind(context, 'memccat')];
    const [stat, remove] = [toolFind(context, 'memcstat'), toolFind(context, 'memcrm')];
    const missing = saslMissing();
    if (missing !== null) return context.skip(missing);
    const { username, password } = users;
    writeFileSync(join(folder, 'file'), 'hello');
    expect((await run(copy, users, join(folder, 'file'))).code).toBe(0);
    expect((await run(show, users, 'file')).out.trim()).toBe('hello');
    expect((await run(stat, users)).out).toMatch(new RegExp(`pid: ${server.pid}\\n`));
    for (const stranger of [
      { username, password: 'wrong' },
      { username: 'nobody', password },
    ]) {
      const { code, out, err } = await run(show, stranger, 'file');
      expect(code).toBe(1);
      expect(out).toBe('');
      expect(err).toContain('AUTHENTICATION FAILURE');
    }
    const unnamed = await commandRun(show, [
      `--servers=${server.host}:${server.port}`,
      '--binary',
      'file',
    ]);
    expect(unnamed.code).toBe(1);
    expect(unnamed.out).toBe('');
    expect((await run(remove, users, 'file')).code).toBe(0);
    expect((await run(remove, users, 'file')).code).toBe(1);
  });

  it('memslap drives get from several threads', async (context) => {
    const tool = toolFind(context, 'memcslap', 'memslap');
    const missing = saslMissing();
    if (missing !== null) return context.skip(missing);
    const load = ['--concurrency=4', '--execute-number=500', '--test=get'];
    const { code, out, err } = await run(tool, users, ...load);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/Time to get +2000 keys/);
  });
});
