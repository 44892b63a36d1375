/**
 * `-d`: the server in the background.
 *
 * Node cannot fork(), so the command starts itself once more, detached into a session of its own,
 * and waits until that child listens or gives up; the shell gets the child's verdict as exit code.
 * Between the two runs one channel:
 *
 *     parent  daemonStart ──── spawn, with the mark in the environment ────▶  child  daemonIsChild
 *             resolves    ◀──── { ready: true } ─────────────────────────── daemonReady
 *             throws      ◀──── { code, exitCode, line } ────────────────── daemonFailed
 *
 * The child keeps its working directory, so that relative paths mean what they meant to the user.
 * Its standard error goes nowhere, unless -v asks to see it, as in memcached.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { errorReason, FAULT, type FaultCode, FlagstoneError } from '../base/errors.ts';
import type { Config } from './config.ts';

const CHILD_MARK = 'FLAGSTONE_DAEMON_CHILD';
const START_MS_MAX = 60_000;

type Verdict = { ready: true } | { ready: false; code: FaultCode; exitCode: number; line: string };

/** Whether this process is the one in the background, and should serve. */
export function daemonIsChild(env: NodeJS.ProcessEnv = process.env): boolean {
  return env[CHILD_MARK] === '1';
}

/**
 * Starts the server in the background; resolves with its process id once it is ready.
 *   argv      the words after the program's name, passed on as they are
 *   program   the script to run; this one unless told
 *   folder    where it is to run: paths among the words may be relative to that
 *   errors    FlagstoneError: the child's own, or DAEMON_DIED
 */
export async function daemonStart(
  config: Pick<Config, 'verbosity'>,
  argv: readonly string[],
  program: string = process.argv[1],
  folder: string = process.cwd(),
): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, program, ...argv], {
    cwd: folder,
    detached: true,
    env: { ...process.env, [CHILD_MARK]: '1' },
    stdio: ['ignore', 'ignore', config.verbosity > 0 ? 'inherit' : 'ignore', 'ipc'],
  });
  try {
    await childReady(child);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
  return child.pid ?? 0;
}

/** In the child: the server listens. Without a parent it does nothing. */
export function daemonReady(): Promise<void> {
  return verdictSend({ ready: true });
}

/** In the child: the server cannot start. Resolves when the parent can say so; then exit. */
export function daemonFailed(fault: FlagstoneError): Promise<void> {
  const { code, exitCode, message } = fault;
  return verdictSend({ ready: false, code, exitCode, line: message });
}

function childReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const bound = setTimeout(() => {
      child.kill();
      reject(FAULT.daemonDied(`not ready after ${START_MS_MAX / 1000} seconds`));
    }, START_MS_MAX);
    const settle = (fault: FlagstoneError | null) => {
      clearTimeout(bound);
      if (fault === null) resolve();
      else reject(fault);
    };
    child.once('message', (message) => {
      // Only verdictSend below writes to this channel.
      const verdict = message as Verdict;
      settle(
        verdict.ready ? null : new FlagstoneError(verdict.code, verdict.exitCode, verdict.line),
      );
    });
    child.once('error', (error) => settle(FAULT.daemonDied(errorReason(error))));
    child.once('exit', (code, signal) => {
      settle(FAULT.daemonDied(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  });
}

function verdictSend(verdict: Verdict): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    // A parent that is gone cannot be told; the server serves all the same.
    process.send(verdict, undefined, undefined, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}
