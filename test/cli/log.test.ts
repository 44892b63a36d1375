import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  LogFile,
  type Logger,
  type LogSettings,
  loggerCreate,
  logLevel,
} from '../../src/base/log.ts';

describe('logLevel', () => {
  it.each([
    [0, false, 'warn'],
    [0, true, 'info'],
    [1, false, 'info'],
    [1, true, 'info'],
    [2, false, 'debug'],
    [3, false, 'trace'],
    [9, true, 'trace'],
  ] as const)('%i times -v, terminal %s: %s', (verbosity, isTerminal, level) => {
    expect(logLevel(verbosity, isTerminal)).toBe(level);
  });
});

describe('loggerCreate', () => {
  let folder = '';
  let path = '';
  let fd = -1;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagstone-log-'));
    path = join(folder, 'log');
    fd = openSync(path, 'w');
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  });

  /** What is in the file as soon as the calls return: nothing may wait in a buffer. */
  function written(settings: Omit<LogSettings, 'file'>, say: (log: Logger) => void): string {
    say(loggerCreate({ ...settings, file: new LogFile(fd), isColored: false }));
    return readFileSync(path, 'utf8');
  }

  it('writes JSON where nobody is watching', () => {
    const text = written({ verbosity: 1, format: 'auto', isTerminal: false }, (log) => {
      log.info({ port: 11211 }, 'listening');
      log.debug('not asked for');
    });
    expect(JSON.parse(text)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      pid: process.pid,
      port: 11211,
      msg: 'listening',
    });
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('writes for people on a terminal', () => {
    const text = written({ verbosity: 0, format: 'auto', isTerminal: true }, (log) => {
      log.info('listening on port 11211');
    });
    expect(text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: listening on port 11211\n$/);
  });

  it('is told otherwise by the format', () => {
    const json = written({ verbosity: 0, format: 'json', isTerminal: true }, (log) =>
      log.warn('a'),
    );
    expect(json).toMatch(/^\{"level":"warn"/);
    const both = written({ verbosity: 0, format: 'pretty', isTerminal: false }, (log) => {
      log.warn('b');
      log.info('quiet');
    });
    expect(both.slice(json.length)).toMatch(/^\[[\d:.]+\] WARN: b\n$/);
  });
});
