/** SIGHUP: the files that name users are read again. Those who are inside stay. */
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { OPCODE } from '../../src/protocol/memcached/binary.ts';
import { BinaryClient } from '../support/binary-client.ts';
import { portFree } from '../support/free-port.ts';
import { TextClient } from '../support/text-client.ts';
import { login, STATUS_AUTH_ERROR, STATUS_OK, tokenSet, UserFiles } from './auth-fixture.ts';
import { type Program, programStart } from './program.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const HOST = '127.0.0.1';
const FAILURE = 'CLIENT_ERROR authentication failure';
const READ_AGAIN = '"msg":"the users were read again"';
const AS_THEY_WERE = '"msg":"the users stay as they were"';

const files = new UserFiles();
let program: Program | null = null;
afterEach(async () => {
  await program?.end('SIGKILL');
});
afterAll(() => files.remove());

/** Sends SIGHUP and waits until the server has said what came of it, once more than before. */
async function reload(running: Program, message: string): Promise<void> {
  running.err = '';
  running.child.kill('SIGHUP');
  expect(await running.says(message), running.err).toBe(true);
}

describe('SIGHUP', () => {
  it('lets in who is new, and leaves out who has gone, by SASL', async () => {
    const path = await files.users('users', { alice: 'secret', bob: 'first' });
    const port = await portFree();
    const where = ['-p', `${port}`, '-l', HOST];
    program = await programStart(['-S', '--users-file', path, ...where]);
    const open = async (): Promise<BinaryClient> => {
      const client = await BinaryClient.open({ port, host: HOST });
      await client.ask(OPCODE.VERSION); // its thread has seen all that came before
      return client;
    };
    const [alice, bob] = [await open(), await open()];
    expect(await login(alice, 'alice', 'secret')).toBe(STATUS_OK);
    expect(await login(bob, 'bob', 'first')).toBe(STATUS_OK);
    await files.users('users', { bob: 'second', carol: 'new' });
    await reload(program, READ_AGAIN);
    for (const inside of [alice, bob]) expect((await inside.ask(OPCODE.NOOP)).status).toBe(0);
    // Every thread has heard of it: connections are spread over both.
    for (let round = 0; round < 8; round++) {
      expect(await login(await open(), 'carol', 'new')).toBe(STATUS_OK);
      expect(await login(await open(), 'bob', 'second')).toBe(STATUS_OK);
    }
    expect(await login(await open(), 'alice', 'secret')).toBe(STATUS_AUTH_ERROR);
    expect(await login(await open(), 'bob', 'first')).toBe(STATUS_AUTH_ERROR);
    expect(await login(alice, 'alice', 'secret')).toBe(STATUS_AUTH_ERROR);
    expect(await program.end()).toEqual({ code: 0, signal: null });
  });

  it('does the same for -Y, and keeps the users of before when the file is broken', async () => {
    const path = files.write('auth', 'alice:secret\nbob:first\n');
    const port = await portFree();
    program = await programStart(['-Y', path, '-p', `${port}`, '-l', HOST]);
    const open = async (): Promise<TextClient> => {
      const client = await TextClient.open({ port, host: HOST });
      await client.ask('version\r\n'); // its thread has seen all that came before
      return client;
    };
    const alice = await open();
    expect(await alice.ask(tokenSet('alice secret'))).toBe('STORED');
    for (const broken of ['', 'alice:secret\nbob\n', 'a:b\n'.repeat(9), `a:${'b'.repeat(300)}`]) {
      writeFileSync(path, broken);
      await reload(program, AS_THEY_WERE);
      expect(program.err).toContain(path);
      expect(program.err).not.toContain('secret');
      expect(await (await open()).ask(tokenSet('bob first'))).toBe('STORED');
    }
    writeFileSync(path, 'carol:new\n');
    await reload(program, READ_AGAIN);
    expect(await alice.ask('get any\r\n')).toBe('END');
    for (let round = 0; round < 8; round++) {
      expect(await (await open()).ask(tokenSet('carol new'))).toBe('STORED');
    }
    expect(await (await open()).ask(tokenSet('alice secret'))).toBe(FAILURE);
    expect(await program.end()).toEqual({ code: 0, signal: null });
  });

  it('is nothing to a server without users', async () => {
    const port = await portFree();
    program = await programStart(['-p', `${port}`, '-l', HOST]);
    const client = await TextClient.open({ port, host: HOST });
    program.child.kill('SIGHUP');
    for (let round = 0; round < 10; round++) expect(await client.ask('get any\r\n')).toBe('END');
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect(program.err).not.toContain('users');
  });
});
