/**
 * Command lines of the benches: one row per flag, from which parsing, `--help` and the values of
 * `--quick` derive.
 */

import { parseArgs } from 'node:util';

export interface Flag {
  /** What stands behind the flag in the help, such as `N`; a flag without one is a switch. */
  readonly value?: string;
  readonly byDefault?: string;
  /** Replaces the default under `--quick`. */
  readonly quick?: string;
  readonly doc: string;
}

export type FlagTable = Readonly<Record<string, Flag>>;

/** Flags that every bench takes. */
export const COMMON_FLAGS = {
  seed: { value: 'N', byDefault: '1', doc: 'seed of keys, sizes and requests' },
  quick: { doc: 'a second or two, to see that it works; the figures mean nothing' },
  json: { value: 'FILE', doc: 'also write everything measured here' },
} as const satisfies FlagTable;

/** Flags of the benches that start servers. */
export const SERVER_FLAGS = {
  ...COMMON_FLAGS,
  ours: {
    value: 'COMMAND',
    doc: 'our server, with {port} {mem} {threads} to fill in (default: the one in src/); it is measured as one process, so a shell script must exec it',
  },
  peer: {
    value: 'EXE',
    doc: "memcached to compare with (default: the one on PATH), a COMMAND with {port}, or 'none'",
  },
} as const satisfies FlagTable;

/** A parsed command line. Its getters fail with the flag's name when the text does not fit. */
export class Arguments {
  /** All flags, for the record. */
  readonly all: Readonly<Record<string, string | boolean>>;

  constructor(all: Readonly<Record<string, string | boolean>>) {
    this.all = all;
  }

  text(name: string): string {
    return String(this.all[name]);
  }

  texts(name: string): readonly string[] {
    return this.text(name).split(',');
  }

  number(name: string): number {
    return this.numberOf(name, this.text(name));
  }

  numbers(name: string): readonly number[] {
    return this.texts(name).map((part) => this.numberOf(name, part));
  }

  /** Two numbers on either side of a colon. */
  pair(name: string): readonly [number, number] {
    const [first = '', second = ''] = this.text(name).split(':');
    return [this.numberOf(name, first), this.numberOf(name, second)];
  }

  get isQuick(): boolean {
    return this.all['quick'] === true;
  }

  private numberOf(name: string, part: string): number {
    const number = Number(part);
    if (part.trim() !== '' && Number.isFinite(number)) return number;
    throw new Error(`--${name}: ${JSON.stringify(part)} is not a number`);
  }
}

/** Reads this process's command line. `--help` prints `about` and the flags, and ends the process. */
export function argumentsRead(about: string, table: FlagTable): Arguments {
  const isSwitch = (flag: Flag): boolean => flag.value === undefined;
  const options: Record<string, { type: 'boolean' | 'string' }> = { help: { type: 'boolean' } };
  for (const [name, flag] of Object.entries(table)) {
    options[name] = { type: isSwitch(flag) ? 'boolean' : 'string' };
  }
  const { values } = parseArgs({ options });
  if (values['help'] === true) {
    process.stdout.write(helpFormat(about, table));
    process.exit(0);
  }
  const all: Record<string, string | boolean> = {};
  for (const [name, flag] of Object.entries(table)) {
    const preset = values['quick'] === true ? (flag.quick ?? flag.byDefault) : flag.byDefault;
    all[name] = values[name] ?? (isSwitch(flag) ? false : (preset ?? ''));
  }
  return new Arguments(all);
}

function helpFormat(about: string, table: FlagTable): string {
  const lines = Object.entries(table).map(([name, flag]) => {
    const head = flag.value === undefined ? `--${name}` : `--${name} ${flag.value}`;
    const preset = flag.byDefault ? ` (default ${flag.byDefault})` : '';
    return `  ${head.padEnd(24)} ${flag.doc}${preset}\n`;
  });
  return `${about}\n\n${lines.join('')}`;
}
