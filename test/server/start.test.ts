/** Starting: what a server that cannot serve says, and what -u, -d, -P, -s and -a come to. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { portFree } from '../support/free-port.ts';
import { clientUse, eventually } from '../support/text-client.ts';
import { programRun, programStart } from './program.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOST = '127.0.0.1';
const IS_ROOT = process.getuid?.() === 0;

/** Its only line on standard error, or all that is there. */
function onlyLine(err: string): string {
  return /^[^\n]*\n$/.test(err) ? err.slice(0, -1) : `not one line: ${err}`;
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: HOST }, resolve);
  });
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a server that cannot start says why in one line', () => {
  it('port in use by a stranger', async () => {
    const stranger = createServer();
    await listening(stranger, 0);
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, err } = await programRun(['-p', `${port}`, '-l', HOST]);
    stranger.close();
    expect(onlyLine(err)).toBe(`flagstone: cannot listen on ${HOST}:${port}: it is in use already`);
    expect(code).toBe(71);
  });

  it('port in use by another of our servers', async () => {
    const port = await portFree();
    const first = await programStart(['-p', `${port}`, '-l', HOST]);
    const second = await programRun(['-p', `${port}`, '-l', HOST]);
    expect(onlyLine(second.err)).toMatch(/cannot listen on .* it is in use already$/);
    expect(second.code).toBe(71);
    expect(await clientUse({ port, host: HOST }, (client) => client.ask('version\r\n'))).toMatch(
      /^VERSION /,
    );
    await first.end();
  });

  it('of several that start on one port at once all but one', async () => {
    const port = await portFree();
    const starts = await Promise.allSettled(
      Array.from({ length: 4 }, () => programStart(['-p', `${port}`, '-l', HOST])),
    );
    const refusals: string[] = [];
    for (const one of starts) {
      if (one.status === 'fulfilled') await one.value.end();
      else refusals.push(`${one.reason}`);
    }
    const refusal = expect.stringMatching(/cannot listen on .*: it is in use already\n$/);
    expect(refusals).toEqual([refusal, refusal, refusal]);
  });

  it('a name that does not resolve', async () => {
    const { code, err } = await programRun(['-p', '11211', '-l', 'no-such-host.invalid']);
    expect(onlyLine(err)).toBe(
      'flagstone: cannot listen on no-such-host.invalid:11211: no such address on this machine',
    );
    expect(code).toBe(71);
  });

  it('an address of another machine', async () => {
    const { code, err } = await programRun(['-p', '11211', '-l', '192.0.2.1']);
    expect(onlyLine(err)).toBe(
      'flagstone: cannot listen on 192.0.2.1:11211: no such address on this machine',
    );
    expect(code).toBe(71);
  });

  it('too little memory', async () => {
    const { code, err } = await programRun(['-m', '1', '-p', '0']);
    expect(onlyLine(err)).toMatch(/^flagstone: -m 1 MiB: too little memory: /);
    expect(code).toBe(64);
  });

  it('a folder that is not there: of the unix socket, of the pid file', async () => {
    const lost = join(folder, 'none', 'file');
    const unix = await programRun(['-s', lost]);
    expect(onlyLine(unix.err)).toMatch(/^flagstone: cannot listen on .*none\/file: /);
    expect(unix.code).toBe(71);
    const pid = await programRun(['-p', `${await portFree()}`, '-l', HOST, '-P', lost]);
    expect(onlyLine(pid.err)).toMatch(/^flagstone: cannot write the pid file .*none\/file: /);
    expect(pid.code).toBe(73);
  });

  it('a unix socket where a file lies, which stays', async () => {
    const path = join(folder, 'precious');
    writeFileSync(path, 'not a socket');
    const { code, err } = await programRun(['-s', path]);
    expect(onlyLine(err)).toBe(`flagstone: cannot listen on ${path}: it is in use already`);
    expect(code).toBe(71);
    expect(readFileSync(path, 'utf8')).toBe('not a socket');
  });

  it('a unix socket that another server listens on, which goes on', async () => {
    const path = join(folder, 'socket');
    const first = await programStart(['-s', path]);
    const second = await programRun(['-s', path]);
    expect(onlyLine(second.err)).toBe(`flagstone: cannot listen on ${path}: it is in use already`);
    expect(second.code).toBe(71);
    expect(await clientUse({ path }, (client) => client.ask('version\r\n'))).toMatch(/^VERSION /);
    await first.end();
  });
});

describe('-s', () => {
  it.each([
    ['', 0o700],
    ['770', 0o770],
    ['0777', 0o777],
  ])('listens on a unix socket with the mode of -a %s', async (mask, mode) => {
    const path = join(folder, 'socket');
    const program = await programStart(['-s', path, ...(mask === '' ? [] : ['-a', mask])]);
    expect(statSync(path).mode & 0o777).toBe(mode);
    const port = await portFree();
    await clientUse({ path }, async (client) => {
      expect(await client.set('key', Buffer.from('value'))).toBe('STORED');
      expect(await client.get('key')).toEqual(Buffer.from('value'));
      const settings = await client.stats('settings');
      expect(settings.get('domain_socket')).toBe(path);
    });
    // A unix socket takes the place of TCP.
    await expect(
      new Promise((_, reject) => connect({ port, host: HOST }).once('error', reject)),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await program.end()).toEqual({ code: 0, signal: null });
    expect(existsSync(path)).toBe(false);
  });
});

describe('-d and -P', () => {
  it('serves from the background until it is told to end', async () => {
    const port = await portFree();
    const pidFile = join(folder, 'pid');
    const flags = ['-d', '-P', pidFile, '-p', `${port}`, '-l', HOST, '-t', '2', '-m', '64'];
    const started = await programRun(flags);
    expect(started).toEqual({ code: 0, signal: null, out: '', err: '' });
    const pid = Number(readFileSync(pidFile, 'utf8'));
    const stats = await clientUse({ port, host: HOST }, (client) => client.stats());
    expect(Number(stats.get('pid'))).toBe(pid);
    process.kill(pid, 'SIGTERM');
    await eventually(
      'the end of the daemon',
      () => existsSync(pidFile),
      (there) => !there,
    );
    await eventually(
      'the end of its process',
      () => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(procStat(pid)),
      (there) => !there,
    );
  });

  it('says in the foreground why it cannot', async () => {
    const stranger = createServer();
    await listening(stranger, 0);
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, err } = await programRun(['-d', '-p', `${port}`, '-l', HOST]);
    stranger.close();
    expect(onlyLine(err)).toBe(`flagstone: cannot listen on ${HOST}:${port}: it is in use already`);
    expect(code).toBe(71);
  });
});

function procStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ') Z '; // it went between the two looks
  }
}

describe.runIf(IS_ROOT)('-u (root only)', () => {
  it('serves as another user', async () => {
    const port = await portFree();
    const program = await programStart(['-u', 'nobody', '-p', `${port}`, '-l', HOST]);
    await clientUse({ port, host: HOST }, async (client) => {
      expect(await client.set('key', Buffer.from('value'))).toBe('STORED');
    });
    const ids = /^Uid:\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'));
    const nobody = execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).trim();
    expect([ids?.[1], ids?.[2]]).toEqual([nobody, nobody]);
    expect(await program.end()).toEqual({ code: 0, signal: null });
  });

  it('refuses one that does not exist', async () => {
    const port = await portFree();
    const { code, err } = await programRun(['-u', 'no-such-user', '-p', `${port}`, '-l', HOST]);
    expect(onlyLine(err)).toBe('flagstone: -u no-such-user: no such user');
    expect(code).toBe(67);
  });
});
