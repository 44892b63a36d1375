/**
 * A selector: commands, keys and channels that go together. Every user has one, the root, and may have
 * more; a request has to be allowed by one of them as a whole.
 *
 *   +@all -@dangerous +config|get +select|0      commands: a bit each, in `allowed`
 *   ~cache:* %R~shared:*                         keys, to read and to write, or one of both
 *   &news.*                                      channels
 *
 * Rules are applied as they come. Those about commands are kept in their order too, less those that a
 * later one makes idle, since from them the selector is described and built anew.
 *
 * Source: Valkey src/acl.c ACLSetSelector.
 */

import type { Command } from '../command.ts';
import type { CommandTable } from '../command-lookup.ts';
import { CATEGORIES, type Category, commandCategories } from '../server/command-categories.ts';

export const KEY_PERMISSION = { READ: 1, WRITE: 2, BOTH: 3 } as const;

/** What is wrong with a rule, in the words of Redis. */
export const RULE_PROBLEM = {
  unknown: 'Unknown command or category name in ACL',
  syntax: 'Syntax error',
  keysDone:
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any " +
    "effect. Try 'resetkeys' to start with an empty list of patterns",
  channelsDone:
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have " +
    "any effect. Try 'resetchannels' to start with an empty list of channels",
  noSuchPassword: 'The password you are trying to remove from the user does not exist',
  badHash:
    'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
  duplicateUser: 'Duplicate user found. A user can only be defined once in config files',
  firstWordOfSubcommand: 'Allowing first-arg of a subcommand is not supported',
} as const;
export type RuleProblem = (typeof RULE_PROBLEM)[keyof typeof RULE_PROBLEM];

export type KeyPattern = { readonly bytes: Buffer; permission: number };

export class Selector {
  /** Bits by number of command. */
  readonly allowed: Int32Array;
  /** Every command is allowed, and nothing was taken away since. */
  allCommands = false;
  /** It began with +@all: whatever a later version knows is allowed as well. */
  takesFuture = false;
  /** Commands that are allowed only with one of these words behind them, in lower case; by number. */
  readonly firstWords = new Map<number, Buffer[]>();
  allKeys = false;
  keys: KeyPattern[] = [];
  allChannels: boolean;
  channels: Buffer[] = [];
  /** `+get`, `-@write`, `+config|get`. */
  rules: string[] = [];

  constructor(table: CommandTable, allChannels: boolean) {
    this.allowed = new Int32Array((table.byNumber.length + 31) >>> 5);
    this.allChannels = allChannels;
  }
}

/** A selector as threads tell each other of it. */
export type SelectorImage = Pick<Selector, 'takesFuture' | 'rules' | 'allKeys' | 'allChannels'> & {
  readonly keys: readonly { readonly text: string; readonly permission: number }[];
  readonly channels: readonly string[];
};

export function selectorImage(selector: Selector): SelectorImage {
  const { takesFuture, rules, allKeys, allChannels, keys, channels } = selector;
  return {
    takesFuture,
    rules,
    allKeys,
    allChannels,
    keys: keys.map(({ bytes, permission }) => ({ text: bytes.toString('latin1'), permission })),
    channels: channels.map((bytes) => bytes.toString('latin1')),
  };
}

export function selectorFromImage(table: CommandTable, image: SelectorImage): Selector {
  const selector = new Selector(table, image.allChannels);
  if (image.takesFuture) commandsAll(selector);
  for (const rule of image.rules) selectorRule(table, selector, rule);
  selector.allKeys = image.allKeys;
  selector.keys = image.keys.map(({ text, permission }) => ({ bytes: bytesOf(text), permission }));
  selector.channels = image.channels.map(bytesOf);
  return selector;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Applies one rule. Null, or what is wrong with it. */
export function selectorRule(
  table: CommandTable,
  selector: Selector,
  rule: string,
): RuleProblem | null {
  const word = rule.toLowerCase();
  if (word === 'allkeys' || word === '~*') keysSet(selector, true);
  else if (word === 'resetkeys') keysSet(selector, false);
  else if (word === 'allchannels' || word === '&*') channelsSet(selector, true);
  else if (word === 'resetchannels') channelsSet(selector, false);
  else if (word === 'allcommands' || word === '+@all') commandsAll(selector);
  else if (word === 'nocommands' || word === '-@all') commandsNone(selector);
  else if (/^[~%]/.test(rule)) return keyPatternAdd(selector, rule);
  else if (rule.startsWith('&')) return channelAdd(selector, rule.slice(1));
  else if (/^[+-]@/.test(rule)) return categoryChange(table, selector, word);
  else if (rule.startsWith('+')) return commandAllow(table, selector, word.slice(1));
  else if (rule.startsWith('-')) return commandForbid(table, selector, word.slice(1));
  else return RULE_PROBLEM.syntax;
  return null;
}

function keysSet(selector: Selector, all: boolean): void {
  selector.allKeys = all;
  selector.keys = [];
}

function channelsSet(selector: Selector, all: boolean): void {
  selector.allChannels = all;
  selector.channels = [];
}

function commandsAll(selector: Selector): void {
  selector.allowed.fill(-1);
  selector.allCommands = true;
  selector.takesFuture = true;
  selector.rules = [];
  selector.firstWords.clear();
}

function commandsNone(selector: Selector): void {
  selector.allowed.fill(0);
  selector.allCommands = false;
  selector.takesFuture = false;
  selector.rules = [];
  selector.firstWords.clear();
}

/** Blanks of C, and the byte 0: in no name and no pattern, or files of users could not be read back. */
export function hasBlank(text: string): boolean {
  return /[ \t\n\v\f\r\0]/.test(text);
}

function keyPatternAdd(selector: Selector, rule: string): RuleProblem | null {
  if (selector.allKeys) return RULE_PROBLEM.keysDone;
  const match = /^(?:~|%([RW]|RW|WR)~)(.*)$/is.exec(rule);
  if (match === null || hasBlank(match[2])) return RULE_PROBLEM.syntax;
  const letters = match[1]?.toUpperCase() ?? 'RW';
  const permission =
    (letters.includes('R') ? KEY_PERMISSION.READ : 0) |
    (letters.includes('W') ? KEY_PERMISSION.WRITE : 0);
  const bytes = bytesOf(match[2]);
  const known = selector.keys.find((one) => one.bytes.equals(bytes));
  if (known === undefined) selector.keys.push({ bytes, permission });
  else known.permission |= permission;
  return null;
}

function channelAdd(selector: Selector, pattern: string): RuleProblem | null {
  if (selector.allChannels) return RULE_PROBLEM.channelsDone;
  if (hasBlank(pattern)) return RULE_PROBLEM.syntax;
  const bytes = bytesOf(pattern);
  if (!selector.channels.some((one) => one.equals(bytes))) selector.channels.push(bytes);
  return null;
}

/** `rule`: `+@write` or `-@write`. Who gets or loses a command gets or loses its subcommands. */
function categoryChange(table: CommandTable, selector: Selector, rule: string): RuleProblem | null {
  const category = categoryNamed(rule.slice(2));
  if (category === null) return RULE_PROBLEM.unknown;
  for (const command of table.byNumber) {
    if (commandCategories(command).includes(category)) {
      commandChange(selector, command, rule.startsWith('+'));
    }
  }
  ruleKeep(selector, rule);
  return null;
}

export function categoryNamed(name: string): Category | null {
  return CATEGORIES.find((category) => category === name.toLowerCase()) ?? null;
}

/** `name`: `get`, `config|get`, or `select|0`, where the second word is none of a subcommand. */
function commandAllow(table: CommandTable, selector: Selector, name: string): RuleProblem | null {
  const bar = name.lastIndexOf('|');
  const command = table.named(bar < 0 ? name : name.slice(0, bar));
  if (command === null) return RULE_PROBLEM.unknown;
  if (bar < 0) {
    commandChange(selector, command, true);
  } else {
    if (command.parent !== null) return RULE_PROBLEM.firstWordOfSubcommand;
    const word = name.slice(bar + 1);
    if (word === '') return RULE_PROBLEM.syntax;
    if (command.subcommands.length === 0) {
      firstWordAllow(selector, command, word);
    } else {
      const subcommand = table.named(name);
      if (subcommand === null) return RULE_PROBLEM.unknown;
      commandChange(selector, subcommand, true);
    }
  }
  ruleKeep(selector, `+${name}`);
  return null;
}

function firstWordAllow(selector: Selector, { number }: Command, word: string): void {
  const words = selector.firstWords.get(number) ?? [];
  const bytes = bytesOf(word);
  if (!words.some((one) => one.equals(bytes))) words.push(bytes);
  selector.firstWords.set(number, words);
}

function commandForbid(table: CommandTable, selector: Selector, name: string): RuleProblem | null {
  const command = table.named(name);
  if (command === null) return RULE_PROBLEM.unknown;
  commandChange(selector, command, false);
  ruleKeep(selector, `-${name}`);
  return null;
}

function commandChange(selector: Selector, command: Command, isAllowed: boolean): void {
  const { allowed, firstWords } = selector;
  for (const { number } of [command, ...command.subcommands]) {
    if (isAllowed) allowed[number >>> 5] |= 1 << (number & 31);
    else allowed[number >>> 5] &= ~(1 << (number & 31));
  }
  if (!isAllowed) selector.allCommands = false;
  firstWords.delete(command.number);
}

/** A rule about the same, or about a subcommand of it, says nothing any more. */
function ruleKeep(selector: Selector, rule: string): void {
  const name = rule.slice(1);
  selector.rules = selector.rules.filter((old) => {
    const oldName = old.slice(1);
    return oldName !== name && !oldName.startsWith(`${name}|`);
  });
  selector.rules.push(rule);
}

// ── As text ─────────────────────────────────────────────────────────────────────────────────────

function commandRules({ takesFuture, rules }: Selector): readonly string[] {
  return [takesFuture ? '+@all' : '-@all', ...rules];
}

function keyRules({ allKeys, keys }: Selector): readonly string[] {
  return allKeys ? ['~*'] : keys.map(keyPatternRule);
}

/** As a rule: `~*` would be the end of the list, where other patterns may follow. */
function keyPatternRule(pattern: KeyPattern): string {
  const text = keyPatternText(pattern);
  return text === '~*' ? '%RW~*' : text;
}

function keyPatternText({ bytes, permission }: KeyPattern): string {
  const text = bytes.toString('latin1');
  if (permission === KEY_PERMISSION.BOTH) return `~${text}`;
  return permission === KEY_PERMISSION.WRITE ? `%W~${text}` : `%R~${text}`;
}

function channelRules({ allChannels, channels }: Selector): readonly string[] {
  return allChannels ? ['&*'] : channels.map((bytes) => `&${bytes.toString('latin1')}`);
}

/** What the selector allows, as ACL GETUSER shows it. */
export function selectorTexts(
  selector: Selector,
): Readonly<Record<'commands' | 'keys' | 'channels', string>> {
  return {
    commands: commandRules(selector).join(' '),
    keys: selector.allKeys ? '~*' : selector.keys.map(keyPatternText).join(' '),
    channels: channelRules(selector).join(' '),
  };
}

/** The rules that make it. */
export function selectorRules(selector: Selector): readonly string[] {
  const reset = selector.allChannels ? [] : ['resetchannels'];
  return [...keyRules(selector), ...reset, ...channelRules(selector), ...commandRules(selector)];
}
