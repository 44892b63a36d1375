import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { daemonIsChild, daemonStart } from '../../src/cli/daemon.ts';
import { pidFileRemove, pidFileWrite } from '../../src/cli/pid-file.ts';
import { userAssume } from '../../src/cli/user.ts';
import { faultOf } from './support.ts';

const DAEMON = join(import.meta.dirname, 'daemon-program.ts');

/** Ends the process and waits until it is gone. */
async function processEnd(pid: number): Promise<void> {
  process.kill(pid);
  for (let tries = 0; tries < 500; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`process ${pid} is still there`);
}

describe('-d', () => {
  it('returns once the server in the background is ready', async () => {
    const pid = await daemonStart({ verbosity: 0 }, ['ready'], DAEMON);
    expect(pid).not.toBe(process.pid);
    expect(process.kill(pid, 0)).toBe(true);
    await processEnd(pid);
  });

  it('passes on why the server cannot start', async () => {
    await expect(daemonStart({ verbosity: 0 }, ['fault'], DAEMON)).rejects.toMatchObject({
      name: 'FlagstoneError',
      code: 'PORT_IN_USE',
      exitCode: 71,
      message: 'cannot listen on port 1: it is in use already',
    });
  });

  it.each([
    ['exit', 'the daemon ended before it was ready: exit code 3'],
    ['signal', 'the daemon ended before it was ready: signal SIGKILL'],
  ])('notices a child that ends without a word: %s', async (how, message) => {
    await expect(daemonStart({ verbosity: 0 }, [how], DAEMON)).rejects.toMatchObject({ message });
  });

  it('knows the child by its environment', () => {
    expect(daemonIsChild({})).toBe(false);
    expect(daemonIsChild({ FLAGSTONE_DAEMON_CHILD: '1' })).toBe(true);
  });
});

describe('-P', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagstone-pid-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('writes the process id over an old file, and removes it', () => {
    const path = join(folder, 'pid');
    writeFileSync(path, 'an older and longer text');
    pidFileWrite(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    pidFileRemove(path);
    expect(existsSync(path)).toBe(false);
    pidFileRemove(path);
  });

  it('says why it cannot', () => {
    const path = join(folder, 'none', 'pid');
    expect(faultOf(() => pidFileWrite(path)).message).toBe(
      `cannot write the pid file ${path}: no such file or directory`,
    );
  });
});

describe('-u', () => {
  it.runIf(process.getuid?.() === 0)('refuses a user that does not exist, for root', () => {
    for (const user of ['no-such-user', '-g', 'a b']) {
      expect(faultOf(() => userAssume(user)).message).toBe(`-u ${user}: no such user`);
    }
  });

  it.runIf(process.getuid?.() !== 0)('means nothing for anybody but root', () => {
    userAssume('no-such-user');
  });

  it('keeps root root when asked to', () => {
    const before = process.getuid?.();
    userAssume('root');
    expect(process.getuid?.()).toBe(before);
  });

  it.runIf(process.getuid?.() === 0)('becomes another user', async () => {
    const pid = await daemonStart({ verbosity: 0 }, ['nobody'], DAEMON);
    await processEnd(pid);
  });
});
