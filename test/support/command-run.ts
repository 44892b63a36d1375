/** Programs that run to their end. */
import { spawn, spawnSync } from 'node:child_process';

export type CommandEnd = {
  /** Exit code; null after a signal, also the one that bounds the wait. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
};

const COMMAND_MS_MAX = 60_000;

/** Runs a program without a shell and without input; rejects only when it cannot be started. */
export function commandRun(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly msMax?: number } = {},
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
    const bound = setTimeout(() => child.kill('SIGKILL'), options.msMax ?? COMMAND_MS_MAX);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(bound);
      resolve({ code, out, err });
    });
  });
}

/** A Python that has the module: the one on the PATH, or the system's. */
export function pythonFind(moduleName: string): string | null {
  const has = (python: string): boolean =>
    spawnSync(python, ['-c', `import ${moduleName}`], { stdio: 'ignore' }).status === 0;
  return ['python3', '/usr/bin/python3'].find(has) ?? null;
}
