/** Clients that log in by SASL: libmemcached's memccat, and pylibmc. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { programFind } from '../../bench/support/command.ts';
import { OPCODE } from '../../src/protocol/memcached/binary.ts';
import { login, STATUS_OK, setPacket, UserFiles } from '../server/auth-fixture.ts';
import { BinaryClient } from '../support/binary-client.ts';
import { commandRun, pythonFind } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PYLIBMC_SCRIPT = `
import sys, pylibmc
assert pylibmc.support_sasl
def client(password):
    return pylibmc.Client([sys.argv[1]], binary=True, username='alice', password=password)
inside = client('secret')
inside.set('from-pylibmc', b'stored')
print(inside.get('greeting').decode())
try:
    print('let in', client('guess').get('greeting'))
except pylibmc.Error:
    print('refused')
`;

describe('a client with a password', () => {
  const files = new UserFiles();
  let server: ServerProcess;
  let control: BinaryClient;
  beforeAll(async () => {
    const path = await files.users('users', { alice: 'secret' });
    server = await spawnFlagstone({ flags: ['-S', '--users-file', path], isBinary: true });
    control = await BinaryClient.open(server.address);
    expect(await login(control, 'alice', 'secret')).toBe(STATUS_OK);
    control.send(setPacket('greeting', 'hello'));
    expect((await control.reply()).status).toBe(STATUS_OK);
  });
  afterAll(async () => {
    control.destroy();
    await server.stop();
    files.remove();
  });

  it('memccat is let in with the right one alone', async (context) => {
    const tool = programFind('memccat') ?? programFind('memcat');
    if (tool === null) context.skip('no memccat on the PATH (Debian: libmemcached-tools)');
    const cat = (...flags: readonly string[]) =>
      commandRun(tool ?? '', [`--servers=${server.host}:${server.port}`, '--binary', ...flags]);
    const user = '--username=alice';
    const right = await cat(user, '--password=secret', 'greeting');
    expect([right.code, right.out.trim()]).toEqual([0, 'hello']);
    for (const flags of [[user, '--password=guess'], []]) {
      const wrong = await cat(...flags, 'greeting');
      expect(wrong.code).not.toBe(0);
      expect(wrong.out).not.toContain('hello');
    }
  });

  it('pylibmc is let in with the right one alone', async (context) => {
    const python = pythonFind('pylibmc');
    if (python === null) context.skip('no Python here has the module pylibmc');
    const where = `${server.host}:${server.port}`;
    const { out, err } = await commandRun(python ?? '', ['-c', PYLIBMC_SCRIPT, where]);
    expect(err).toBe('');
    expect(out).toBe('hello\nrefused\n');
    const stored = await control.ask(OPCODE.GET, { key: 'from-pylibmc' });
    expect(stored.value).toBe('stored');
  });
});
