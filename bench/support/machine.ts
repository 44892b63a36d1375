/** What a result was measured on. A figure without its machine says nothing. */

import { cpus, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cpuModel: string;
  readonly coreCount: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly nodeVersion: string;
}

export function machineRead(): Machine {
  return {
    cpuModel: cpus()[0]?.model.trim() || 'unknown processor',
    coreCount: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    nodeVersion: process.version,
  };
}

/** One line for the head of a report. */
export function machineLine(machine: Machine): string {
  const gib = Math.round(machine.memoryBytes / 2 ** 30);
  return (
    `Machine: ${machine.cpuModel}, ${machine.coreCount} cores, ${gib} GiB, ` +
    `${machine.kernel}, Node ${machine.nodeVersion}.`
  );
}
