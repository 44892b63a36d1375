/**
 * The program as a user starts it, with every flag its own: for the tests of starting and ending. It
 * counts as started when it says that it listens, which it does under -v.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN_TS = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_MS_MAX = 20_000;
const END_MS_MAX = 20_000;

/** How it ended: an exit code, or the name of a signal. */
export type ProgramEnd = { readonly code: number | null; readonly signal: string | null };

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<ProgramEnd>;
  out = '';
  err = '';
  #wake: (() => void) | null = null;

  constructor(flags: readonly string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [MAIN_TS, ...flags], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString('utf8')));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.err += chunk.toString('utf8');
      this.#wake?.();
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal });
        this.#wake?.();
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Sends a signal and waits for the end, or for the time when it must have come. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProgramEnd> {
    this.child.kill(signal);
    const bound = setTimeout(() => this.child.kill('SIGKILL'), END_MS_MAX);
    const end = await this.ended;
    clearTimeout(bound);
    return end;
  }

  /** Resolves when standard error holds the text, or the program has ended. */
  async says(text: string): Promise<boolean> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
      this.#wake?.();
    };
    const bound = setTimeout(over, START_MS_MAX);
    void this.ended.then(over);
    while (!isOver && !this.err.includes(text)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(bound);
    return this.err.includes(text);
  }
}

/** Starts the program and waits until it listens. */
export async function programStart(
  flags: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Program> {
  const program = new Program(['-t', '2', '-m', '64', '-v', '--log', 'json', ...flags], env);
  if (await program.says('"msg":"listening"')) return program;
  await program.end('SIGKILL');
  throw new Error(`flagstone ${flags.join(' ')} did not start:\n${program.out}${program.err}`);
}

/** Runs the program to its own end, which is expected soon. */
export async function programRun(
  flags: readonly string[],
): Promise<ProgramEnd & { readonly out: string; readonly err: string }> {
  const program = new Program(flags, {});
  const bound = setTimeout(() => program.child.kill('SIGKILL'), END_MS_MAX);
  const { code, signal } = await program.ended;
  clearTimeout(bound);
  return { code, signal, out: program.out, err: program.err };
}
