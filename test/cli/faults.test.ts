import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  EXIT,
  errorReason,
  FAULT,
  type FlagstoneError,
  faultFromListen,
} from '../../src/base/errors.ts';

describe('the catalogue', () => {
  it('is an Error with a code of its own, an exit code, and one line', () => {
    const codes = new Set<string>();
    for (const make of Object.values(FAULT)) {
      // Two words are the most that any row takes.
      const fault = (make as (...words: string[]) => FlagstoneError)('ONE', 'TWO');
      expect(fault).toBeInstanceOf(Error);
      expect(fault.name).toBe('FlagstoneError');
      expect(fault.message).toMatch(/^[^\n]*ONE[^\n]*(?<!\.)$/);
      expect(fault.exitCode).toBeGreaterThan(0);
      expect(fault.exitCode).toBeLessThan(128);
      codes.add(fault.code);
    }
    expect(codes.size).toBe(Object.keys(FAULT).length);
  });

  it.each([
    [
      FAULT.memoryUnavailable('4 GiB', 'x'),
      'cannot allocate 4 GiB for items: x; give a smaller -m',
    ],
    [FAULT.pidFileUnwritable('/p', 'x'), 'cannot write the pid file /p: x'],
    [FAULT.userUnknown('x'), '-u x: no such user'],
    [FAULT.userRefused('x', 'y'), '-u x: cannot become this user: y'],
    [FAULT.workerDied('2', 'x'), 'worker 2 died while starting: x'],
    [FAULT.daemonDied('exit code 1'), 'the daemon ended before it was ready: exit code 1'],
  ])('%s', (fault, line) => {
    expect(fault.message).toBe(line);
  });
});

describe('faultFromListen', () => {
  let server: Server | null = null;
  afterEach(() => server?.close());

  /** The line for what really comes of listening there. */
  function listenFault(host: string, port: number): Promise<FlagstoneError> {
    return new Promise((resolve, reject) => {
      const probe = createServer();
      probe.once('error', (error) => resolve(faultFromListen(error, `${host}:${port}`)));
      probe.listen(port, host, () => {
        probe.close();
        reject(new Error('it listens'));
      });
    });
  }

  it('says that a port is in use', async () => {
    const taken = createServer();
    server = taken;
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const fault = await listenFault('127.0.0.1', port);
    expect(fault.message).toBe(`cannot listen on 127.0.0.1:${port}: it is in use already`);
    expect(fault.code).toBe('PORT_IN_USE');
    expect(fault.exitCode).toBe(EXIT.OS);
  });

  it('says that an address is not here', async () => {
    const fault = await listenFault('192.0.2.1', 11211);
    expect(fault.message).toBe('cannot listen on 192.0.2.1:11211: no such address on this machine');
  });

  it.each([
    ['ENOTFOUND', 'no such address on this machine'],
    ['EAI_AGAIN', 'no such address on this machine'],
    ['EACCES', 'permission denied'],
    ['EMFILE', 'too many open files'],
    ['EWHATEVER', 'words'],
  ])('%s', (code, reason) => {
    const error = Object.assign(new Error('words\nmore'), { code });
    expect(faultFromListen(error, 'fooble:1').message).toBe(`cannot listen on fooble:1: ${reason}`);
  });
});

describe('errorReason', () => {
  it.each([
    [new Error('a\nb'), 'a'],
    ['text', 'text'],
    [{ code: 'ENOENT' }, 'no such file or directory'],
    [null, 'null'],
  ])('%s', (error, reason) => {
    expect(errorReason(error)).toBe(reason);
  });
});
