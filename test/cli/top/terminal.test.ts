/** `flagstone top` on a real terminal: what keys do, and that the terminal is as before on every way out. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SCREEN_ENTER, SCREEN_LEAVE } from '../../../src/cli/top/screen.ts';
import { Terminal, terminalIsThere } from '../../support/terminal.ts';
import { eventually } from '../../support/text-client.ts';
import { ToldServer } from './told-server.ts';

const MAIN_TS = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
/** Each frame is asked for so soon after the last. */
const DELAY_SEC = 0.1;
const ROW = /memcached {2}get/;
/** It throws when it gets SIGUSR2. */
const FAULTY =
  "data:text/javascript,process.once('SIGUSR2',()=>{throw%20new%20Error('a%20fault')})";

let server: ToldServer;
let terminal: Terminal;
beforeEach(async () => {
  server = await ToldServer.start();
});
afterEach(() => {
  terminal.end();
  server.stop();
});

type Running = { readonly tty: string; readonly pid: number };

/** Starts it, and a look at the terminal's modes after it; resolves once a frame is there. */
async function topStart(env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const top = `${process.execPath} ${MAIN_TS} top --admin ${server.port} -d ${DELAY_SEC}`;
  const command = `sh -c 'tty; echo pid $$ begins; exec ${top}'; echo left $?; stty -a; echo over`;
  terminal = new Terminal(command, { LC_ALL: 'C', NO_COLOR: '1', ...env });
  const begun = await terminal.shown(/pid \d+ begins/);
  await terminal.shown(ROW);
  return { tty: /\S*\/pts\/\d+/.exec(begun)?.[0] ?? '', pid: Number(/pid (\d+)/.exec(begun)?.[1]) };
}

/** It has ended with this code, and the terminal is as it was. */
async function leftExpect(code: number): Promise<void> {
  await terminal.shown(new RegExp(`left ${code}\\n`));
  const modes = await terminal.shown(/over/);
  expect(modes).toMatch(/ icanon/);
  expect(modes).toMatch(/ echo /);
  const { sent } = terminal;
  expect(sent.split(SCREEN_ENTER)).toHaveLength(2);
  expect(sent.split(SCREEN_LEAVE)).toHaveLength(2);
  const behind = sent.slice(sent.indexOf(SCREEN_LEAVE) + SCREEN_LEAVE.length);
  expect(behind).not.toContain('\x1b');
}

function resize(tty: string, width: number, height: number): void {
  const { status, stderr } = spawnSync('stty', [
    ...['-F', tty, 'cols', `${width}`, 'rows', `${height}`],
  ]);
  expect(status, String(stderr)).toBe(0);
}

describe.skipIf(!terminalIsThere())(
  'flagstone top on a terminal (skipped without `script`)',
  () => {
    it('does what keys say', async () => {
      await topStart();
      for (const [keys, shown] of [
        ['2', /ITEM-MEMv/],
        ['>', /LOSTv/],
        ['r', /LOST\^/],
        ['<', /ITEM-MEMv/],
        ['3', /OPS\/Sv/],
        ['\t', /10\.0\.0\.9:50000/],
        ['\x1b[Z', /OPS\/Sv/],
        ['5', /keys \*/],
        ['\x1b[C', /session:42/],
        ['1/zadd', /filter: zadd \(1 of 6\).*Filter: zadd_/],
        ['\r', /h Help/],
        ['\x1b', /memcached {2}set/],
        [' ', /PAUSED/],
        [' ', /every 0\.1 s/],
        ['+', /every 0\.5 s/],
        ['+', /every 1 s/],
        ['-', /every 0\.5 s/],
        ['h', /any key goes back/],
        ['x', ROW],
      ] as const) {
        terminal.type(keys);
        await terminal.shown(shown);
      }
      terminal.type('s');
      await terminal.shown(/session:42/);
      const wish = 'POST /console/hotkeys {"seconds":5}';
      const isWished = (asked: readonly string[]): boolean => asked.includes(wish);
      await eventually(wish, () => server.asked, isWished);
      terminal.type('q');
      await leftExpect(0);
    });

    it('leaves on Ctrl-C, also while a filter is typed', async () => {
      await topStart();
      terminal.type('/a');
      await terminal.shown(/Filter: a_/);
      terminal.type('\x03');
      await leftExpect(0);
    });

    it('leaves when a question has no answer yet', async () => {
      await topStart();
      server.isGone = true;
      await terminal.shown(/trying again/);
      terminal.type('q');
      await leftExpect(0);
    });

    it.each([
      ['SIGTERM', 143],
      ['SIGINT', 130],
      ['SIGHUP', 129],
    ] as const)('leaves on %s, and ends by it', async (signal, code) => {
      const { pid } = await topStart();
      process.kill(pid, signal);
      await leftExpect(code);
    });

    it('leaves before it tells of an error that nobody caught', async () => {
      const { pid } = await topStart({ NODE_OPTIONS: `--import=${FAULTY}` });
      process.kill(pid, 'SIGUSR2');
      await terminal.shown(/Error: a fault/);
      await leftExpect(1);
      expect(terminal.sent.indexOf('Error: a fault')).toBeGreaterThan(
        terminal.sent.indexOf(SCREEN_LEAVE),
      );
    });

    it('says that the server is gone, and goes on once it is back', async () => {
      await topStart();
      server.isGone = true;
      await terminal.shown(/NO ANSWER/);
      await terminal.shown(/cannot ask .*; trying again/);
      server.isGone = false;
      await terminal.shown(/every 0\.1 s/);
      await terminal.shown(/h Help/);
      terminal.type('q');
      await leftExpect(0);
    });

    it('follows the size of the terminal', async () => {
      const { tty } = await topStart();
      resize(tty, 59, 15);
      await terminal.shown(/needs 60 columns and 15 lines/);
      resize(tty, 60, 15);
      // The smallest has no room for these columns.
      expect(await terminal.shown(/CALLS\/Sv.*h Help/)).not.toMatch(/MEAN|P50|ERRORS/);
      resize(tty, 130, 40);
      await terminal.shown(/MEAN .*ERRORS/);
      terminal.type('q');
      await leftExpect(0);
    });

    it('sends only lines that have changed', async () => {
      await topStart();
      terminal.type(' ');
      await terminal.shown(/PAUSED/);
      const before = terminal.sent.length;
      terminal.type('>');
      await terminal.shown(/MEANv/);
      // The head of the table and its rows; not what stands above, nor below.
      const changed = terminal.sent.slice(before);
      expect(changed).not.toMatch(/Mem|data 0|1Commands|Help/);
      terminal.type('q');
      await leftExpect(0);
    });
  },
);
