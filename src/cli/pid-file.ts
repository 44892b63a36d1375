/** `-P`: the file with the process id. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorReason, FAULT } from '../base/errors.ts';

/** Writes this process's id. A reader sees the old file or the whole new one, never half of it. */
export function pidFileWrite(path: string): void {
  const pathUnderWay = `${path}.tmp`;
  try {
    writeFileSync(pathUnderWay, `${process.pid}\n`);
    renameSync(pathUnderWay, path);
  } catch (error) {
    throw FAULT.pidFileUnwritable(path, errorReason(error));
  }
}

/** Removes the file; that it is gone already, or may not be removed, stops nobody from exiting. */
export function pidFileRemove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    process.emitWarning(`cannot remove the pid file ${path}: ${errorReason(error)}`);
  }
}
