/**
 * Where options come from: the command line, the environment and a config file. Each turns what it
 * finds into `Given`s, in order; none of them looks at a value.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { errorReason, FAULT } from '../base/errors.ts';
import {
  OPTION_ROWS,
  type OptionRow,
  optionEnvironmentName,
  optionIsSetting,
} from './option-rows.ts';

/** One option as it was given. */
export interface Given {
  readonly row: OptionRow;
  /** Null: a switch without a word, as on the command line and on a file's bare line. */
  readonly text: string | null;
  /** How messages name the option, without its value: `-p`, `FLAGSTONE_PORT`, `my.conf:3: port`. */
  readonly name: string;
  /** And with it: `-p 70000`, `FLAGSTONE_PORT=70000`, `my.conf:3: port 70000`. */
  readonly label: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The command line.
 *   argv      the words after the program's name
 *   returns   what was given, in order; combined (`-vvp11211`), negative (`-p -1`) and long
 *             (`--port=1`) forms as getopt_long reads them
 */
export function commandLineParse(argv: readonly string[]): readonly Given[] {
  const given: Given[] = [];
  const command = new Command('flagstone')
    .helpOption(false)
    .allowExcessArguments(true)
    .exitOverride()
    .configureOutput({ writeOut: drop, writeErr: drop });
  for (const row of OPTION_ROWS) {
    command.addOption(new Option(optionFlagsText(row)));
    command.on(`option:${row.name}`, (value: unknown) => {
      const text = typeof value === 'string' ? value.trim() : null;
      const name = row.flag === '' ? `--${row.name}` : `-${row.flag}`;
      given.push({ row, text, name, label: text === null ? name : `${name} ${textShown(text)}` });
    });
  }
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw FAULT.commandLine(commanderProblem(error));
    throw error;
  }
  if (command.args.length > 0) throw FAULT.commandLine(`unexpected argument '${command.args[0]}'`);
  return given;
}

/** An option as commander and the help write it: `-p, --port <num>`. */
export function optionFlagsText(row: OptionRow): string {
  const argument = row.argument === '' ? '' : ` <${row.argument}>`;
  return `${row.flag === '' ? '' : `-${row.flag}, `}--${row.name}${argument}`;
}

/**
 * The environment. An empty variable counts as absent. A cluster manager that runs a service named
 * flagstone sets FLAGSTONE_PORT to `tcp://10.0.0.1:11211` in every container; that is no option.
 */
export function environmentParse(env: Environment): readonly Given[] {
  const given: Given[] = [];
  for (const row of OPTION_ROWS) {
    const name = optionEnvironmentName(row);
    const text = env[name]?.trim() ?? '';
    if (text === '' || !optionIsSetting(row) || /^(tcp|udp):\/\//.test(text)) continue;
    given.push({ row, text, name, label: `${name}=${text}` });
  }
  return given;
}

/** Where the config file is, or null: `--config`, else FLAGSTONE_CONFIG. */
export function configPath(commandLine: readonly Given[], env: Environment): string | null {
  const row = OPTION_ROWS.find((one) => one.kind === 'config');
  if (row === undefined) return null;
  const last = commandLine.findLast((one) => one.row === row);
  const path = last?.text ?? env[optionEnvironmentName(row)] ?? '';
  return path === '' ? null : path;
}

/** The config file: one option per line, by its long name. */
export function configFileParse(path: string): readonly Given[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw FAULT.configUnreadable(path, errorReason(error));
  }
  return configTextParse(content, path);
}

/** The lines of a config file; `path` is for messages. */
export function configTextParse(content: string, path: string): readonly Given[] {
  const given: Given[] = [];
  for (const [lineIndex, line] of content.split(/\r?\n/).entries()) {
    const trimmed = line.replace(/(^|\s)#.*$/, '').trim();
    if (trimmed === '') continue;
    const place = `${path}:${lineIndex + 1}`;
    const match = /^([a-z-]+)(?:\s*=\s*|\s+|$)(.*)$/.exec(trimmed);
    const row = OPTION_ROWS.find((one) => one.name === match?.[1]);
    if (match === null || row === undefined) {
      throw FAULT.configLine(place, `no such option: ${trimmed}`);
    }
    if (!optionIsSetting(row)) {
      throw FAULT.configLine(place, `${row.name} is for the command line only`);
    }
    const text = match[2] === '' ? null : match[2];
    if (text === null && row.argument !== '') {
      throw FAULT.configLine(place, `${row.name} needs a value`);
    }
    const name = `${place}: ${row.name}`;
    given.push({ row, text, name, label: text === null ? name : `${name} ${text}` });
  }
  return given;
}

function drop(): void {
  // Commander would print here; its errors are thrown to us instead.
}

function textShown(text: string): string {
  return text === '' || /\s/.test(text) ? `'${text}'` : text;
}

/** Commander's message on one line, without its "error:" and with our words for what is missing. */
function commanderProblem(error: CommanderError): string {
  const line = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return line.replace(/^option '(.*)' argument missing$/, 'option $1 needs a value');
}
