/**
 * What a bench says: progress on standard error, its report as Markdown on standard output, and
 * everything measured as JSON. A figure without its machine says nothing, so both end with it.
 */

import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import type { Arguments } from './arguments.ts';
import type { Summary } from './statistics.ts';

const PROGRESS_MS = 5000;
/** Others may use so much of the machine before a round counts as disturbed. */
const OTHER_CORES_MAX = 0.15;

/** One line of progress. */
export function progressSay(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Returns a function to call with the share done so far; it says so every few seconds. */
export function progressMake(label: string): (share: number) => void {
  let nextMs = performance.now() + PROGRESS_MS;
  return (share) => {
    if (performance.now() < nextMs) return;
    nextMs += PROGRESS_MS;
    progressSay(`${label}: ${Math.floor(share * 100)} %`);
  };
}

/** Prints the report, and writes `data` to the file that `--json` names, if it does. */
export function reportWrite(args: Arguments, report: string, data: object): void {
  const machine = {
    cpuModel: cpus()[0]?.model.trim() || 'unknown processor',
    coreCount: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    nodeVersion: process.version,
  };
  process.stdout.write(
    `${report}Machine: ${machine.cpuModel}, ${machine.coreCount} cores, ${machine.memoryGib} GiB, ` +
      `${machine.kernel}, Node ${machine.nodeVersion}.\n`,
  );
  const path = args.text('json');
  if (path === '') return;
  writeFileSync(path, `${JSON.stringify({ machine, flags: args.all, ...data }, null, 1)}\n`);
}

/**
 * Formats a Markdown table, padded so that it also reads well in a terminal; its last line ended.
 *   headers   one per column; the first column is aligned left, the others right
 *   rows      one cell per header, as text
 */
export function tableFormat(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = headers.map((header, column) =>
    Math.max(3, header.length, ...rows.map((cells) => cells[column].length)),
  );
  const lineFormat = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) =>
      column === 0 ? cells[column].padEnd(width) : cells[column].padStart(width),
    );
    return `| ${padded.join(' | ')} |\n`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [headers, rule, ...rows].map(lineFormat).join('');
}

/** A number with `digits` decimals, thousands apart without any; `n/a` for what is no number. */
export function numberFormat(value: number, digits: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  return digits === 0 ? Math.round(value).toLocaleString('en-US') : value.toFixed(digits);
}

/** A ratio and its spread: `**0.95** (0.91–1.02)`. */
export function ratioFormat({ median, min, max }: Summary): string {
  return `**${numberFormat(median, 2)}** (${numberFormat(min, 2)}–${numberFormat(max, 2)})`;
}

/** Bytes as MiB with one decimal. */
export function mibFormat(bytes: number): string {
  return numberFormat(bytes / 2 ** 20, 1);
}

/** Says in how many rounds other programs used the machine, given the cores they used; or nothing. */
export function disturbanceFormat(otherCores: readonly number[]): string {
  const { length } = otherCores.filter((cores) => cores > OTHER_CORES_MAX);
  if (length === 0) return '';
  return `Something else was using the machine in ${length} of ${otherCores.length} rounds.\n`;
}
