/** `flagstone stats` and `flagstone doctor`, as one types them, against a server that runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { subcommandRun } from '../../src/cli/subcommands.ts';
import { programRun } from '../server/program.ts';
import { type AdminServer, adminSpawn } from '../support/admin-client.ts';
import { portFree } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TOKEN = 'correct-horse-battery';

let server: AdminServer;
let folder = '';
let tokenFile = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-subcommands-'));
  tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${TOKEN}\n`);
  server = await adminSpawn(['--admin-token-file', tokenFile]);
  const client = new RespClient({ host: server.host, port: server.port });
  await client.call('set', 'a', 'b');
  await client.call('rpush', 'l', 'x');
  client.end();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function words(name: string, ...more: string[]): string[] {
  return [name, '--admin', `${server.adminPort}`, '--seconds', '0.1', ...more];
}

describe('flagstone stats', () => {
  it('prints the numbers', async () => {
    const { text, code } = await subcommandRun(words('stats', '--token-file', tokenFile), {});
    expect(code).toBe(0);
    expect(text).toMatch(/^server\n {2}version {8}\d+\.\d+\.\d+ on Node 24\./);
    expect(text).toMatch(/\n {2}keys {11}2, 0 of them with an expiry time\n/);
    expect(text).toMatch(/\n {2}rpush {10}1 \(resp, [\d.]+ µs each\)\n/);
    expect(text).toMatch(/\n {2}data 1 {9}busy [\d.]+ %, 0 requests\/s\n$/);
  });

  it('finds port and token in the environment', async () => {
    const env = { FLAGSTONE_ADMIN_PORT: `${server.adminPort}`, FLAGSTONE_ADMIN_TOKEN: TOKEN };
    const { text } = await subcommandRun(['stats', '--seconds', '0.1'], env);
    expect(text).toContain('memory\n');
  });

  it('says why it cannot', async () => {
    await expect(subcommandRun(words('stats'), {})).rejects.toThrow(
      `cannot ask the admin port 127.0.0.1:${server.adminPort}: this needs the token`,
    );
    const port = await portFree();
    await expect(subcommandRun(['stats', '--admin', `localhost:${port}`], {})).rejects.toThrow(
      `cannot ask the admin port localhost:${port}: `,
    );
    await expect(subcommandRun(words('stats', '--seconds', '0'), {})).rejects.toThrow(
      '--seconds 0: must be above 0 and at most 60',
    );
    await expect(subcommandRun(words('stats', '--nonsense'), {})).rejects.toThrow('unknown option');
  });
});

describe('flagstone doctor', () => {
  it('ends with 0 where nothing is bad, and never tells the token', async () => {
    const { text, code } = await subcommandRun(words('doctor', '--token-file', tokenFile), {});
    expect(code, text).toBe(0);
    expect(text).toMatch(/was found by \d+ checks\.\n$/);
    expect(text).not.toContain(TOKEN);
  });

  it('is a subcommand of the program', async () => {
    const run = await programRun(words('doctor', '--token-file', tokenFile));
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain('checks.\n');
    const refused = await programRun(words('doctor'));
    expect(refused.code).toBe(69);
    expect(refused.err).toMatch(
      /^flagstone: cannot ask the admin port .*: this needs the token.*\n$/,
    );
    const help = await programRun(['doctor', '--help']);
    expect(help.out).toMatch(/^Usage: flagstone doctor /);
    expect(help.code).toBe(0);
  });
});
