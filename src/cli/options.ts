/**
 * Command line, environment and config file → `Config`. A higher place wins over a lower one:
 * command line, environment, file, default. Options that add up (`-l`, `-v`) do so within one
 * place; extended options (`-o`) are overlaid one name at a time.
 */
import { availableParallelism, totalmem } from 'node:os';
import { FAULT } from '../base/errors.ts';
import type { Config, Draft, Machine } from './config.ts';
import { configFinish } from './config-rules.ts';
import { EXTENDED_ROWS, extendedParse, extendedWarning } from './extended-options.ts';
import { helpText } from './help.ts';
import { listenAddressesParse } from './listen-address.ts';
import { OPTION_ROWS, type OptionRow, type SwitchRow } from './option-rows.ts';
import {
  commandLineParse,
  configFileParse,
  configPath,
  type Environment,
  environmentParse,
  type Given,
} from './option-sources.ts';
import { packageLicense, packageVersion } from './package-facts.ts';
import { respServerFinish, respServerWords } from './resp-server.ts';
import { booleanParse, integerParser } from './units.ts';

const VERBOSITY_MAX = 9;
const verbosityParse = integerParser(0, VERBOSITY_MAX);

/**
 * Reads all options.
 *   argv      the words after the program's name
 *   env       the environment
 *   machine   what defaults and sanity checks depend on; this machine unless told
 *   errors    FlagstoneError: its message is the one line to print, its exitCode how to exit
 */
export function optionsParse(
  argv: readonly string[],
  env: Environment,
  machine: Machine = machineHere(),
): Config {
  const words = respServerWords(argv);
  const draft = draftRead(words === null ? argv : [], env);
  return words === null ? configFinish(draft, machine) : respServerFinish(draft, machine, words);
}

/** What the places give, before the rules between options. */
function draftRead(argv: readonly string[], env: Environment): Draft {
  const commandLine = commandLineParse(argv);
  const path = configPath(commandLine, env);
  const places = [path === null ? [] : configFileParse(path), environmentParse(env), commandLine];
  const draft: Draft = { config: configDefaults(), given: new Set(), warnings: [] };
  for (const row of OPTION_ROWS) {
    for (const one of givensOf(row, places)) givenApply(draft, one);
  }
  return draft;
}

/**
 * What `--help`, `--version` or `--license` prints, or null when none was given.
 *   errors    FlagstoneError, for a command line that cannot be read
 */
export function optionsText(argv: readonly string[]): string | null {
  if (respServerWords(argv) !== null) return null;
  const asked = commandLineParse(argv).find((one) => one.row.kind === 'text');
  switch (asked?.row.name) {
    case 'help':
      return helpText(packageVersion());
    case 'version':
      return `flagstone ${packageVersion()}\n`;
    case 'license':
      return `flagstone ${packageVersion()}\n\n${packageLicense()}`;
    default:
      return null;
  }
}

/**
 * The user whose line `--hash-password` is to make, or null when it was not given.
 *   errors    FlagstoneError, for a command line that cannot be read
 */
export function optionsHashUser(argv: readonly string[]): string | null {
  if (respServerWords(argv) !== null) return null;
  return commandLineParse(argv).find((one) => one.row.name === 'hash-password')?.text ?? null;
}

/** The Config before anything is given; derived fields and `-t auto` are still to be filled in. */
export function configDefaults(): Draft['config'] {
  const fields: Record<string, unknown> = {
    listenAddresses: [],
    verbosity: 0,
    temporaryLru: false,
    statsDetailEnabled: false,
    warnings: [],
    resp: { path: null, texts: [], renames: [], users: [] },
    isRespServer: false,
  };
  for (const row of OPTION_ROWS) {
    if (row.kind === 'value') {
      fields[row.field] = row.default === null ? null : row.parse(row.default, `--${row.name}`);
    } else if (row.kind === 'switch') {
      fields[row.field] = !row.sets;
    }
  }
  for (const row of EXTENDED_ROWS) {
    if (row.kind === 'value') {
      fields[row.field] = row.default === null ? null : row.parse(row.default, row.name);
    }
    if (row.kind === 'switch') fields[row.field] = row.default;
  }
  // The rows name every field of Config, each with a parser of the field's type; a test counts them.
  return fields as unknown as Draft['config'];
}

/** What counts of one row: the highest place that has it, or all places for extended options. */
function givensOf(row: OptionRow, places: readonly (readonly Given[])[]): readonly Given[] {
  const perPlace = places.map((place) => place.filter((one) => one.row === row));
  if (row.kind === 'extended') return perPlace.flat();
  return perPlace.findLast((givens) => givens.length > 0) ?? [];
}

function givenApply(draft: Draft, one: Given): void {
  const { row, label } = one;
  const text = one.text ?? '';
  const isOn =
    row.argument !== '' || one.text === null || row.kind === 'count' || booleanParse(text, label);
  if (row.kind === 'refused' && isOn) throw FAULT.optionRefused(one.name, row.doc);
  if (row.warning !== undefined && isOn) {
    draft.warnings.push(`${one.name} ${row.warning}`);
  }
  if (isOn) draft.given.add(row.name);
  switch (row.kind) {
    case 'value':
      Object.assign(draft.config, { [row.field]: row.parse(text, label) });
      break;
    case 'switch':
      switchApply(draft, row, isOn);
      break;
    case 'count':
      draft.config.verbosity =
        one.text === null
          ? Math.min(draft.config.verbosity + 1, VERBOSITY_MAX)
          : verbosityParse(text, label);
      break;
    case 'list':
      listAdd(draft, listenAddressesParse(text, one.name));
      break;
    case 'extended':
      extendedApply(draft, one);
      break;
    default:
  }
}

function switchApply(draft: Draft, row: SwitchRow, isOn: boolean): void {
  draft.config[row.field] = isOn ? row.sets : !row.sets;
}

function listAdd(draft: Draft, addresses: readonly string[]): void {
  draft.config.listenAddresses = [...new Set([...draft.config.listenAddresses, ...addresses])];
}

function extendedApply(draft: Draft, one: Given): void {
  for (const setting of extendedParse(one.text ?? '', one.name)) {
    draft.given.add(setting.row.name);
    Object.assign(draft.config, setting.sets);
    const warning = extendedWarning(setting);
    if (warning !== null) draft.warnings.push(warning);
  }
}

function machineHere(): Machine {
  return { coreCount: availableParallelism(), memoryBytes: totalmem() };
}
