/** `flagstone top` in a real terminal, with a server that runs: what keys do, and what is left behind. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { programRun } from '../../server/program.ts';
import { type AdminServer, adminSpawn } from '../../support/admin-client.ts';
import { RespClient } from '../../support/resp-client.ts';
import { TMUX_IS_THERE, TMUX_REASON, TmuxPane } from '../../support/tmux.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MAIN_TS = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const PID_FILE = join(tmpdir(), `flagstone-top-${process.pid}`);

let server: AdminServer;
beforeAll(async () => {
  server = await adminSpawn();
  const client = new RespClient({ host: server.host, port: server.port });
  await client.call('set', 'a', 'b');
  await client.call('client', 'setname', 'somebody');
  await client.call('rpush', 'l', 'x');
  client.end();
});
afterAll(async () => {
  await server.stop();
  rmSync(PID_FILE, { force: true });
});

/** A terminal in which it runs; when it ends its exit code is shown. */
async function topOpen(
  width: number,
  height: number,
  env: Readonly<Record<string, string>> = {},
): Promise<TmuxPane> {
  const pane = new TmuxPane(width, height, { LC_ALL: 'C.UTF-8', ...env });
  const program = `exec ${process.execPath} ${MAIN_TS} top --admin ${server.adminPort}`;
  pane.type(`sh -c 'echo $$ > ${PID_FILE}; ${program}'; echo ended with $?`);
  pane.press('Enter');
  await pane.sees(/PROTO +COMMAND/);
  return pane;
}

function pid(): number {
  return Number(readFileSync(PID_FILE, 'utf8'));
}

/** That the shell has its terminal again as it was. */
async function restoredExpect(pane: TmuxPane): Promise<void> {
  expect(pane.tell('#{alternate_on} #{cursor_flag} #{wrap_flag}')).toBe('0 1 1');
  pane.type('clear; stty -a; echo told');
  pane.press('Enter');
  const screen = await pane.sees(/icanon[^$]*\ntold/);
  expect(screen).toMatch(/[^-]icanon/);
  expect(screen).toMatch(/[^-]echo\b/);
  pane.close();
}

describe.skipIf(!TMUX_IS_THERE)(`flagstone top in a terminal${TMUX_REASON}`, () => {
  it('shows the server, does what keys say, and leaves nothing behind', async () => {
    const pane = await topOpen(100, 30);
    expect(pane.tell('#{alternate_on} #{cursor_flag}')).toBe('1 0');
    const first = await pane.sees(/resp +rpush/);
    expect(first).toMatch(/^flagstone \d+\.\d+\.\d+ .* every 1 s {2}\d\d:\d\d:\d\d\n/);
    expect(first).toMatch(/\nMem +\[.*\] +Hits \[.*\]\n/);
    expect(first).toMatch(/\ndata 0 \[.*\] +data 1 \[.*\]\n/);
    pane.press('3');
    await pane.sees(/\nload {6}[▁-█]+ max .*\nmeetings .*\n PARTITION /);
    pane.press('BTab');
    await pane.sees(/\ntypes .*\ndatabases .*\n CLASS/);
    pane.press('4');
    await pane.sees(/\nADDRESS.*\n/);
    pane.press('1', '/');
    pane.type('rpu');
    await pane.sees(/\nFilter: rpu_/);
    pane.press('Enter');
    const filtered = await pane.sees(/\nFilter: rpu \(1 of \d+\)/);
    expect(filtered).not.toMatch(/resp +set/);
    pane.press('Escape');
    await pane.sees(/resp +set/);
    pane.press('>', 'F6');
    await pane.sees(/P50▼/);
    pane.press('r');
    await pane.sees(/P50▲/);
    pane.press('Space');
    await pane.sees(/PAUSED/);
    pane.press('Space', '+');
    await pane.sees(/every 2 s/);
    pane.press('h');
    await pane.sees(/any key goes back/);
    pane.press('h', 's');
    await pane.sees(/\nsampl(?:ing|ed) .* operations in \d+ s/);
    pane.press('q');
    await pane.sees(/ended with 0/);
    await restoredExpect(pane);
  });

  it('follows the size of its window', async () => {
    const pane = await topOpen(100, 30);
    pane.resize(60, 15);
    const small = await pane.sees(/^(?:.*\n){14}h Help .*q Quit\n$/);
    expect(small).toContain('requests ');
    pane.resize(59, 15);
    await pane.sees(/needs 60 columns/);
    pane.resize(120, 40);
    await pane.sees(/^(?:.*\n){39}h Help .*Interval\n$/);
    pane.press('C-c');
    await pane.sees(/ended with 0/);
    await restoredExpect(pane);
  });

  it('keeps to ASCII and to no colours where that is asked for', async () => {
    const pane = await topOpen(80, 24, { LC_ALL: 'C', NO_COLOR: '1' });
    expect(pane.screen()).toMatch(/^[ -~\n]*$/);
    pane.press('q');
    await pane.sees(/ended with 0/);
    await restoredExpect(pane);
  });

  it('gives the terminal back when it is ended', async () => {
    const pane = await topOpen(80, 24);
    process.kill(pid(), 'SIGTERM');
    await pane.sees(/ended with 143/);
    await restoredExpect(pane);
  });

  it('gives the terminal back when it fails, and what is wrong can be read', async () => {
    const bug = encodeURIComponent('process.on("SIGUSR2", () => { throw new Error("a-bug"); });');
    const preload = `--import=data:text/javascript,${bug}`;
    const pane = await topOpen(80, 24, { NODE_OPTIONS: preload });
    process.kill(pid(), 'SIGUSR2');
    const screen = await pane.sees(/ended with [1-9]/);
    expect(screen).toContain('a-bug');
    await restoredExpect(pane);
  });

  it('stops and goes on as programs do', async () => {
    const pane = new TmuxPane(80, 24, { LC_ALL: 'C.UTF-8' });
    pane.type(`${process.execPath} ${MAIN_TS} top --admin ${server.adminPort}`);
    pane.press('Enter');
    await pane.sees(/PROTO +COMMAND/);
    pane.press('C-z');
    await pane.sees(/Stopped|suspended/i);
    expect(pane.tell('#{alternate_on} #{cursor_flag}')).toBe('0 1');
    pane.type('fg');
    pane.press('Enter');
    await pane.sees(/PROTO +COMMAND/);
    pane.press('q');
    await pane.sees(/fg\n/);
    await restoredExpect(pane);
  });

  it('says that the server is gone, keeps the last numbers, and goes on when it is back', async () => {
    const pane = await topOpen(80, 24);
    await pane.sees(/resp +rpush/);
    process.kill(server.pid, 'SIGSTOP');
    const gone = await pane.sees(/NO ANSWER/);
    expect(gone).toMatch(/resp +rpush/);
    process.kill(server.pid, 'SIGCONT');
    await pane.sees(/every 1 s/);
    pane.press('q');
    await pane.sees(/ended with 0/);
    await restoredExpect(pane);
  });
});

describe('flagstone top without a terminal', () => {
  it('prints one frame, and says how to have more', async () => {
    const run = await programRun(['top', '--admin', `${server.adminPort}`]);
    expect(run.code).toBe(0);
    expect(run.err).toMatch(/^flagstone: not on a terminal: .*\n$/);
    expect(run.out).toMatch(/^flagstone \d[\s\S]*\nPROTO +COMMAND/);
    expect(run.out).not.toContain('\x1b');
    expect(run.out.match(/^flagstone /gm)).toHaveLength(1);
  });

  it('prints as many as it is asked for, of what it is asked for', async () => {
    const words = ['-b', '-n', '3', '-d', '0.1', '--filter', 'rpu', '--sort=-calls'];
    const run = await programRun(['top', '--admin', `${server.adminPort}`, ...words]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out.match(/^flagstone /gm)).toHaveLength(3);
    expect(run.out.match(/^resp +rpush /gm)).toHaveLength(3);
    expect(run.out).not.toMatch(/^resp +set /m);
  });

  it('refuses what makes no sense, before it asks', async () => {
    for (const words of [
      ['-n', '0'],
      ['-d', 'x'],
      ['--view', 'nothing'],
      ['--sort', 'nothing'],
    ]) {
      const run = await programRun(['top', '--admin', `${server.adminPort}`, ...words]);
      expect(run.code, words.join(' ')).toBe(64);
      expect(run.out).toBe('');
    }
  });
});
