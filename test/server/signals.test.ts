/** Ending: by signals, and without warning. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { portFree } from '../support/free-port.ts';
import { clientUse, TextClient } from '../support/text-client.ts';
import { programStart } from './program.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOST = '127.0.0.1';
const VALUE_BYTES = 1_000_000;
/** More than the sockets' buffers hold, so that the server is in the middle of it when told to end. */
const GET_COUNT = 12;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-signals-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('SIGTERM and SIGUSR1', () => {
  it.each(['SIGTERM', 'SIGUSR1'] as const)(
    '%s ends with code 0, idle clients or not',
    async (signal) => {
      const port = await portFree();
      const pidFile = join(folder, 'pid');
      const program = await programStart(['-p', `${port}`, '-l', HOST, '-P', pidFile]);
      const idle = await Promise.all(
        Array.from({ length: 20 }, () => TextClient.open({ port, host: HOST })),
      );
      for (const client of idle) expect(await client.ask('version\r\n')).toMatch(/^VERSION/);
      expect(await program.end(signal)).toEqual({ code: 0, signal: null });
      await Promise.all(idle.map((client) => client.closed));
      expect(existsSync(pidFile)).toBe(false);
    },
  );

  it('answers the pipeline that is under way', async () => {
    const port = await portFree();
    const program = await programStart(['-p', `${port}`, '-l', HOST]);
    const client = await TextClient.open({ port, host: HOST });
    const value = Buffer.alloc(VALUE_BYTES, 'pipelined ');
    expect(await client.set('key', value)).toBe('STORED');
    client.send('get key\r\n'.repeat(GET_COUNT));
    expect(await client.line()).toMatch(/^VALUE key/);
    client.socket.pause();
    program.child.kill('SIGTERM');
    await program.says('"msg":"ending"');
    client.socket.resume();
    expect((await client.take(VALUE_BYTES)).equals(value)).toBe(true);
    for (let at = 1; at < GET_COUNT; at++) {
      expect(await client.line()).toBe('');
      expect(await client.line()).toBe('END');
      expect(await client.line()).toBe(`VALUE key 0 ${VALUE_BYTES}`);
      expect((await client.take(VALUE_BYTES)).equals(value)).toBe(true);
    }
    await client.closed;
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  it('does not wait for a client that never reads', async () => {
    const port = await portFree();
    const program = await programStart(['-p', `${port}`, '-l', HOST]);
    const client = await TextClient.open({ port, host: HOST });
    expect(await client.set('key', Buffer.alloc(VALUE_BYTES))).toBe('STORED');
    client.send('get key\r\n'.repeat(GET_COUNT));
    expect(await client.line()).toMatch(/^VALUE key/);
    client.socket.pause();
    expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });
    client.destroy();
  });
});

describe('SIGINT', () => {
  it('ends at once with code 0', async () => {
    const port = await portFree();
    const program = await programStart(['-p', `${port}`, '-l', HOST]);
    const client = await TextClient.open({ port, host: HOST });
    expect(await client.ask('version\r\n')).toMatch(/^VERSION/);
    expect(await program.end('SIGINT')).toEqual({ code: 0, signal: null });
    await client.closed;
  });
});

describe('SIGKILL', () => {
  it('leaves nothing to repair: the same port and socket serve again', async () => {
    const path = join(folder, 'socket');
    const port = await portFree();
    const pidFile = join(folder, 'pid');
    for (const flags of [
      ['-s', path, '-P', pidFile],
      ['-p', `${port}`, '-l', HOST, '-P', pidFile],
    ]) {
      const address = flags[0] === '-s' ? { path } : { port, host: HOST };
      const first = await programStart(flags);
      await clientUse(address, (client) => client.set('key', Buffer.from('v')));
      expect(await first.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
      expect(existsSync(pidFile)).toBe(true);
      const second = await programStart(flags);
      expect(await clientUse(address, (client) => client.get('key'))).toBeNull();
      expect(await second.end()).toEqual({ code: 0, signal: null });
      expect(existsSync(pidFile)).toBe(false);
    }
  });
});

describe('shutdown', () => {
  it.each(['shutdown', 'shutdown graceful'])('-A lets %s end the server', async (line) => {
    const port = await portFree();
    const program = await programStart(['-A', '-p', `${port}`, '-l', HOST]);
    const client = await TextClient.open({ port, host: HOST });
    client.send(`${line}\r\n`);
    await client.closed;
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });
});
