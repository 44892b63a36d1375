/** Reading options in tests: nothing from this machine's environment, and a machine that is known. */
import { FlagstoneError } from '../../src/base/errors.ts';
import type { Config, Machine } from '../../src/cli/config.ts';
import type { Environment } from '../../src/cli/option-sources.ts';
import { optionsParse } from '../../src/cli/options.ts';
import { GIB } from '../../src/cli/units.ts';

export const MACHINE: Machine = { coreCount: 16, memoryBytes: 32 * GIB };

/** `line` as a shell would split it, without quoting. */
export function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

export function configOf(line: string, env: Environment = {}, machine = MACHINE): Config {
  return optionsParse(words(line), env, machine);
}

/** The fault that `run` throws. */
export function faultOf(run: () => unknown): FlagstoneError {
  try {
    run();
  } catch (error) {
    if (error instanceof FlagstoneError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
