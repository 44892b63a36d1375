/**
 * Command lines of the benches: one row per flag, from which parsing, `--help` and the values of
 * `--quick` derive.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

export interface Flag {
  /** What stands behind the flag in the help, such as `N`; a flag without one is a switch. */
  readonly value?: string;
  /** Several uses add up. */
  readonly many?: true;
  readonly byDefault?: string;
  /** Replaces the default under `--quick`. */
  readonly quick?: string;
  readonly doc: string;
}

export type FlagTable = Readonly<Record<string, Flag>>;

/** Flags that every bench takes. */
export const COMMON_FLAGS = {
  ours: {
    value: 'COMMAND',
    byDefault: '',
    doc: 'our server, with {port} {mem} {threads} to fill in (default: the one in src/); it is measured as one process, so a shell script must exec it',
  },
  peer: {
    value: 'EXE',
    byDefault: '',
    doc: "memcached to compare with (default: the one on PATH), a COMMAND with {port}, or 'none'",
  },
  seed: { value: 'N', byDefault: '1', doc: 'seed of keys, sizes and requests' },
  quick: { doc: 'a second or two, to see that it works; the figures mean nothing' },
  json: { value: 'FILE', byDefault: '', doc: 'also write everything measured here' },
} as const satisfies FlagTable;

/** Parsed flags; each getter fails with the flag's name when the text does not fit. */
export interface Arguments {
  text(name: string): string;
  texts(name: string): readonly string[];
  number(name: string): number;
  numbers(name: string): readonly number[];
  on(name: string): boolean;
  /** The flag stands on the command line. */
  given(name: string): boolean;
  /** All of them, for the record. */
  readonly all: Readonly<Record<string, string | boolean | readonly string[]>>;
}

/** Reads the command line. `--help` prints `about` and the flags, and ends the process. */
export function argumentsRead(about: string, table: FlagTable, argv: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries({ ...table, help: { doc: '' } as Flag }).map(([name, flag]) => [
      name,
      { type: flag.value === undefined ? 'boolean' : 'string', multiple: flag.many === true },
    ]),
  ) as Record<string, { type: 'boolean' | 'string'; multiple: boolean }>; // fromEntries widens 'type'
  const { values } = parseArgs({ args: [...argv], options, strict: true });
  if (values['help'] === true) {
    process.stdout.write(helpFormat(about, table));
    process.exit(0);
  }
  const all: Record<string, string | boolean | readonly string[]> = {};
  for (const [name, flag] of Object.entries(table)) {
    const preset = values['quick'] === true ? (flag.quick ?? flag.byDefault) : flag.byDefault;
    const given = values[name] as string | boolean | string[] | undefined; // as `options` says
    if (flag.value === undefined) all[name] = given === true;
    else if (flag.many === true) all[name] = (given as string[] | undefined) ?? [];
    else all[name] = (given as string | undefined) ?? preset ?? '';
  }
  return argumentsOver(all, new Set(Object.keys(values)));
}

/** Writes `result` as JSON to the file that `--json` names, if it does. */
export function jsonWrite(args: Arguments, result: unknown): void {
  const path = args.text('json');
  if (path !== '') writeFileSync(path, `${JSON.stringify(result, null, 1)}\n`);
}

/** One line of progress; standard output is for the report. */
export function progressSay(line: string): void {
  process.stderr.write(`${line}\n`);
}

function argumentsOver(all: Arguments['all'], given: ReadonlySet<string>): Arguments {
  const text = (name: string): string => String(all[name]);
  const numberRead = (name: string, part: string): number => {
    const number = Number(part);
    if (part.trim() === '' || !Number.isFinite(number)) {
      throw new Error(`--${name}: ${JSON.stringify(part)} is not a number`);
    }
    return number;
  };
  return {
    all,
    text,
    texts: (name) => all[name] as readonly string[], // a flag with `many`
    number: (name) => numberRead(name, text(name)),
    numbers: (name) =>
      text(name)
        .split(',')
        .map((part) => numberRead(name, part)),
    on: (name) => all[name] === true,
    given: (name) => given.has(name),
  };
}

function helpFormat(about: string, table: FlagTable): string {
  const lines = Object.entries(table).map(([name, flag]) => {
    const head = flag.value === undefined ? `--${name}` : `--${name} ${flag.value}`;
    const preset = flag.byDefault ? ` (default ${flag.byDefault})` : '';
    return `  ${head.padEnd(24)} ${flag.doc}${preset}\n`;
  });
  return `${about}\n\n${lines.join('')}`;
}
