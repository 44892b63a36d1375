/** A real terminal for tests: a pane of a tmux that serves this test alone. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SEEN_MS_MAX = 30_000;
const POLL_MS = 50;

export const TMUX_IS_THERE = spawnSync('tmux', ['-V'], { stdio: 'ignore' }).status === 0;
export const TMUX_REASON = TMUX_IS_THERE ? '' : ' (skipped: no tmux here)';

export class TmuxPane {
  private readonly folder = mkdtempSync(join(tmpdir(), 'flagstone-tmux-'));

  /** A shell, in a window of this size. */
  constructor(width: number, height: number, env: Readonly<Record<string, string>> = {}) {
    const settings = Object.entries({ ...env, PS1: '$ ', ENV: '' });
    this.tmux(
      ...['-f', '/dev/null', 'new-session', '-d', '-x', `${width}`, '-y', `${height}`],
      ...settings.flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      'exec sh',
    );
  }

  /** Names of keys as tmux has them, or text. */
  press(...keys: string[]): void {
    this.tmux('send-keys', ...keys);
  }

  type(text: string): void {
    this.tmux('send-keys', '-l', text);
  }

  resize(width: number, height: number): void {
    this.tmux('resize-window', '-x', `${width}`, '-y', `${height}`);
  }

  /** What one sees: a line each. */
  screen(): string {
    return this.tmux('capture-pane', '-p');
  }

  /** A format of tmux: `#{alternate_on}`. */
  tell(format: string): string {
    return this.tmux('display-message', '-p', format).trim();
  }

  /** Resolves to the screen as soon as this is seen. */
  async sees(pattern: RegExp): Promise<string> {
    const endMs = performance.now() + SEEN_MS_MAX;
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (performance.now() > endMs) throw new Error(`${pattern} is not seen:\n${screen}`);
      await sleep(POLL_MS);
    }
  }

  close(): void {
    this.tmux('kill-server');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private tmux(...words: string[]): string {
    const socket = join(this.folder, 'socket');
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' };
    return execFileSync('tmux', ['-S', socket, ...words], { encoding: 'utf8', env });
  }
}
