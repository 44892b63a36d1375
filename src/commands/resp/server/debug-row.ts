/** A subcommand of DEBUG. Unlike those of other commands they are none of COMMAND's business. */
import type { Handler } from '../row.ts';

export type DebugRow = {
  readonly name: string;
  /** How many words may follow its name. */
  readonly wordsMin: number;
  readonly wordsMax: number;
  readonly syntax: string;
  readonly doc: string;
  readonly run: Handler;
};
