import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LogFile } from '../../src/base/log.ts';
import { redisLevelSet, redisLoggerCreate } from '../../src/base/redis-log.ts';

it('writes lines as Redis does, from its level on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flagstone-log-'));
  const path = join(folder, 'a.log');
  const log = redisLoggerCreate('notice', new LogFile(path));
  log.debug('not this');
  log.info({ ports: [1] }, 'listening');
  log.error({ err: new Error('gone') }, 'a thread died');
  redisLevelSet(log, 'debug');
  log.trace('this');
  log.debug('and this');
  redisLevelSet(log, 'nothing');
  log.error('not this');
  const at = '\\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d\\.\\d{3}';
  const texts = ['\\* listening ports=\\[1\\]', '# a thread died: gone', '\\. this', '- and this'];
  const lines = texts.map((text) => `${process.pid}:M ${at} ${text}\n`);
  expect(readFileSync(path, 'latin1')).toMatch(new RegExp(`^${lines.join('')}$`));
  rmSync(folder, { recursive: true });
});
