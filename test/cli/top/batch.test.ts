/** `flagstone top` where there is no terminal: frames as text, and what it says when it cannot. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandEnd, commandRun } from '../../support/command-run.ts';
import { ToldServer } from './told-server.ts';

const MAIN_TS = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

let server: ToldServer;
beforeAll(async () => {
  server = await ToldServer.start();
});
afterAll(() => server.stop());

function top(...words: readonly string[]): Promise<CommandEnd> {
  const args = [MAIN_TS, 'top', '--admin', `${server.port}`, ...words];
  return commandRun(process.execPath, args, { env: { LC_ALL: 'C', COLUMNS: '100' } });
}

describe('flagstone top without a terminal', () => {
  it('prints one frame, without a control character, and how to have more', async () => {
    const { code, out, err } = await top();
    expect(code).toBe(0);
    expect(out).toMatch(/^flagstone 0\.1\.0 cache-a/);
    expect(out).toMatch(/^[ -~\n]*$/);
    expect(out.match(/^PROTO/gm)).toHaveLength(1);
    expect(err).toBe(
      'flagstone: not on a terminal: this is one frame; --batch prints more, -n N so many\n',
    );
  });

  it('prints as many frames as are wanted, of the view that is wanted', async () => {
    const words = ['--batch', '-n', '3', '-d', '0.1', '--view', 'clients', '--sort', '-idle'];
    const { code, out, err } = await top(...words);
    expect([code, err]).toEqual([0, '']);
    expect(out.match(/^flagstone /gm)).toHaveLength(3);
    // The most idle first: the usual order is the other way round.
    expect(out.indexOf(':50002')).toBeLessThan(out.indexOf(':50000'));
    expect(out.indexOf(':50002')).toBeGreaterThan(0);
  });

  it('prints rows with a text in them', async () => {
    const { out } = await top('-n', '1', '--filter', 'zadd');
    expect(out).toContain('zadd');
    expect(out).not.toContain('memcached  set');
  });

  it('ends with an error where nobody answers', async () => {
    const gone = await ToldServer.start();
    gone.isGone = true;
    const { code, out, err } = await top('--admin', `${gone.port}`);
    gone.stop();
    expect(code).not.toBe(0);
    expect(out).toBe('');
    expect(err).toMatch(/^flagstone: cannot ask the admin port 127\.0\.0\.1:\d+: /);
  });

  it.each([
    [['-n', '0'], '-n 0'],
    [['-d', '0'], '-d 0'],
    [['--sort', 'nope'], '--sort nope'],
    [['--view', 'nope'], 'nope'],
  ])('refuses %j', async (words, named) => {
    const { code, out, err } = await top(...words);
    expect(code).not.toBe(0);
    expect(out).toBe('');
    expect(err).toContain(named);
  });
});
