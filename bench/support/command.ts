/** Programs on PATH. */

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Full path of a program on PATH, or of a path given as it is; null when it cannot be run. */
export function programFind(name: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = name.includes('/') ? [resolve(name)] : folders.map((folder) => join(folder, name));
  return paths.find(programRuns) ?? null;
}

function programRuns(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // access is asked to find out: whatever the reason, it does not run
  }
}
