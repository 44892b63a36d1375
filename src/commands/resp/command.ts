/**
 * Commands as dispatch has them: a row, and what is worked out from it once. All have the same shape.
 */
import { commandStatsRecord } from '../../memory/command-stats.ts';
import { FLAG, type KeySpec, keyIsReal, type RespRow } from './row.ts';

/** How the partitions are found that have to be locked. */
export const KEY_MODE = {
  NONE: 0, // no keys
  ONE: 1, // argument 1 is the key
  SOME: 2, // as the row's key specs say
  ALL: 3, // all partitions
} as const;

export class Command {
  readonly row: RespRow;
  /** `set`, or of a subcommand `config|get`. */
  readonly fullName: string;
  readonly flags: number;
  readonly arity: number;
  readonly keyMode: number;
  /** f64 index of its record within a thread's block of statistics. */
  readonly statsRecord: number;
  /** Number among all commands. */
  readonly number: number;
  readonly subcommands: readonly Command[];
  /** It takes a microsecond or so, unless what it is given or answers is long: see command-note.ts. */
  readonly isBrief: boolean;
  readonly parent: RespRow | null;

  constructor(row: RespRow, parent: RespRow | null, numberNext: () => number) {
    this.row = row;
    this.parent = parent;
    this.fullName = parent === null ? row.name : `${parent.name}|${row.name}`;
    this.flags = row.flags;
    this.arity = row.arity;
    this.keyMode = keyModeOf(row);
    this.number = numberNext();
    this.statsRecord = commandStatsRecord(this.number);
    this.isBrief = this.keyMode === KEY_MODE.ONE && row.complexity === 'O(1)';
    this.subcommands = (row.subcommands ?? []).map((sub) => new Command(sub, row, numberNext));
  }
}

function keyModeOf(row: RespRow): number {
  if (row.flags & FLAG.ALL_LOCKED) return KEY_MODE.ALL;
  if (row.flags & FLAG.WHOLE) return KEY_MODE.NONE; // has keys, and takes their locks itself
  if (row.keysFind !== undefined || row.locks !== undefined) return KEY_MODE.SOME;
  const keys = (row.keys ?? []).filter(keyIsReal);
  if (keys.length === 0) return KEY_MODE.NONE;
  return keys.length === 1 && isFirstArgument(keys[0]) ? KEY_MODE.ONE : KEY_MODE.SOME;
}

function isFirstArgument({ from, to = 0, counted, keyword }: KeySpec): boolean {
  return from === 1 && to === 0 && !counted && keyword === undefined;
}
