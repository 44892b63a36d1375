/**
 * CPU time and memory of processes, read from outside.
 *
 * CPU comes from /proc/PID/stat, which sums the threads of a process, live and ended, in clock ticks.
 * Where there is no /proc (macOS) CPU is NaN, and memory comes from `ps`.
 * Spec: proc(5), "/proc/pid/stat", "/proc/pid/schedstat" and "/proc/stat".
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICK_US = 1e6 / ticksPerSecRead();

/** Field numbers as proc(5) counts them; the text after the command name starts at field 3. */
const STAT_FIELD = { utime: 14, stime: 15, childrenUtime: 16, childrenStime: 17 } as const;
const STAT_FIELD_FIRST = 3;

/** utime + stime of a process since its start, in µs. */
export function processCpuUsRead(pid: number): number {
  return statFieldsUsRead(pid, STAT_FIELD.utime, STAT_FIELD.stime);
}

/**
 * The same of those of its threads whose names match; in nanoseconds at heart where the kernel keeps such
 * statistics, since a tick is too coarse for short rounds.
 */
export function threadsCpuUsRead(pid: number, name: RegExp): number {
  return readdirSync(`/proc/${pid}/task`)
    .filter((thread) => name.test(fileRead(`/proc/${pid}/task/${thread}/comm`)?.trim() ?? ''))
    .map((thread) => threadCpuUsRead(`${pid}/task/${thread}`))
    .reduce((sum, us) => sum + us, 0);
}

/** CPU time in µs of those children of this process that have ended. */
export function childrenCpuUsRead(): number {
  return statFieldsUsRead(process.pid, STAT_FIELD.childrenUtime, STAT_FIELD.childrenStime);
}

/** Resident memory of a process. */
export function processRssBytesRead(pid: number): number {
  const status = fileRead(`/proc/${pid}/status`);
  if (status !== null) return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
}

/** CPU time of the whole machine in µs, with what its host took away. */
export function machineCpuUsRead(): number {
  const line = fileRead('/proc/stat')?.split('\n', 1)[0];
  if (line === undefined) return Number.NaN;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq + steal) * TICK_US;
}

/** Most files this process may hold open; Infinity when unknown. */
export function fileLimitRead(): number {
  const limits = fileRead('/proc/self/limits') ?? '';
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}

function threadCpuUsRead(thread: string): number {
  const ranNs = fileRead(`/proc/${thread}/schedstat`)?.split(' ', 1)[0];
  if (ranNs !== undefined) return Number(ranNs) / 1000;
  return statFieldsUsRead(thread, STAT_FIELD.utime, STAT_FIELD.stime);
}

function statFieldsUsRead(pid: number | string, ...wanted: readonly number[]): number {
  // The command name is in parentheses and may hold any byte, so count from the last one.
  const fields = fileRead(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ') ?? [];
  return wanted.reduce((us, field) => us + Number(fields[field - STAT_FIELD_FIRST]) * TICK_US, 0);
}

function fileRead(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // node:fs throws nothing else
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

function ticksPerSecRead(): number {
  if (process.platform !== 'linux') return 100;
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}
