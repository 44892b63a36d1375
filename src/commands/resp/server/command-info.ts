/** COMMAND: what commands there are. All of it follows from their rows. */
import { globMatches } from '../../../base/glob.ts';
import {
  type Arguments,
  argumentCopy,
  argumentIs,
  argumentsOf,
  argumentText,
} from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respInteger,
  respMap,
  respSet,
  respSimple,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import type { Command } from '../command.ts';
import { keysVisit } from '../command-keys.ts';
import { subcommandFind } from '../command-lookup.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { FLAG, type KeyUse, type RespRow } from '../row.ts';
import { commandCategories } from './command-categories.ts';
import { commandInfoWrite } from './command-description.ts';
import { commandDocsWrite } from './command-docs.ts';

const { LOADING, STALE } = FLAG;
const COMMAND_FLAGS = LOADING | STALE;
const ON = 'O(N), N the commands';

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'count',           arity:  2, flags: COMMAND_FLAGS, since: '2.8.13', complexity: 'O(1)', syntax: '', doc: 'Return how many commands there are.', run: commandCount },
  { name: 'docs',            arity: -2, flags: COMMAND_FLAGS, since: '7.0.0',  complexity: ON, syntax: '[<command-name> ...]', doc: 'Return what the commands, or all, are for.', run: commandDocs },
  { name: 'getkeys',         arity: -3, flags: COMMAND_FLAGS, since: '2.8.13', complexity: 'O(N), N the arguments', syntax: '<command> [<arg> ...]', doc: 'Return the keys in a whole command.', run: commandGetKeys },
  { name: 'getkeysandflags', arity: -3, flags: COMMAND_FLAGS, since: '7.0.0',  complexity: 'O(N), N the arguments', syntax: '<command> [<arg> ...]', doc: 'Return the keys in a whole command, and what it does with each.', run: commandGetKeysAndFlags },
  { name: 'info',            arity: -2, flags: COMMAND_FLAGS, since: '2.8.13', complexity: ON, syntax: '[<command-name> ...]', doc: 'Return what there is to know of the commands, or of all.', run: commandInfo },
  { name: 'list',            arity: -2, flags: COMMAND_FLAGS, since: '7.0.0',  complexity: ON, syntax: '[FILTERBY (MODULE <module-name> | ACLCAT <category> | PATTERN <pattern>)]', doc: 'Return the names of commands.', run: commandList },
];

const CONTAINER = containerRow(
  {
    name: 'command',
    group: 'server',
    since: '2.8.13',
    doc: 'Commands on commands.',
    helpSince: '5.0.0',
  },
  SUBCOMMANDS,
);
const categories = ['connection'];

export const COMMAND_ROWS: readonly RespRow[] = [
  {
    ...CONTAINER,
    arity: -1,
    flags: COMMAND_FLAGS,
    categories,
    subcommands: (CONTAINER.subcommands ?? []).map((row) => ({ ...row, categories })),
    run: commandAll,
  },
];

function commandCount({ table, reply }: RespCall): void {
  respInteger(reply, table.commands.length);
}

function commandAll({ table, reply }: RespCall): void {
  respArray(reply, table.commands.length);
  for (const command of table.commands) commandInfoWrite(reply, command);
}

function commandInfo(call: RespCall): void {
  const { args, table, reply } = call;
  if (args.count === 2) {
    commandAll(call);
    return;
  }
  respArray(reply, args.count - 2);
  for (let at = 2; at < args.count; at++) {
    commandInfoWrite(reply, table.named(argumentText(args, at)));
  }
}

function commandDocs({ args, table, reply }: RespCall): void {
  const found: Command[] = [];
  for (let at = 2; at < args.count; at++) {
    const command = table.named(argumentText(args, at));
    if (command !== null) found.push(command);
  }
  const shown = args.count === 2 ? table.commands : found;
  respMap(reply, shown.length);
  for (const command of shown) {
    respText(reply, command.fullName);
    commandDocsWrite(reply, command);
  }
}

function commandList(call: RespCall): void {
  const { args, table, reply } = call;
  const isListed = args.count === 2 ? () => true : listFilter(call);
  if (isListed === null) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const names = table.byNumber.filter(isListed).map(({ fullName }) => fullName);
  respSet(reply, names.length);
  for (const name of names) respText(reply, name);
}

/** Null: it makes no sense. */
function listFilter({ args }: RespCall): ((command: Command) => boolean) | null {
  if (args.count !== 5 || !argumentIs(args, 2, 'filterby')) return null;
  const word = argumentText(args, 4).toLowerCase();
  if (argumentIs(args, 3, 'module')) return () => false;
  if (argumentIs(args, 3, 'aclcat')) {
    return (command) => commandCategories(command).some((category) => category === word);
  }
  if (!argumentIs(args, 3, 'pattern')) return null;
  const { source, start, end } = args;
  return ({ fullName }) => {
    const name = Buffer.from(fullName, 'latin1');
    return globMatches(source, start[4], end[4], name, 0, name.length, true);
  };
}

type FoundKey = { readonly index: number; readonly use: KeyUse };

function commandGetKeys(call: RespCall): void {
  const asked = askedArguments(call.args);
  const keys = keysFind(call, asked);
  if (keys === null) return;
  respArray(call.reply, keys.length);
  for (const { index } of keys) keyWrite(call, asked, index);
}

function commandGetKeysAndFlags(call: RespCall): void {
  const { reply } = call;
  const asked = askedArguments(call.args);
  const keys = keysFind(call, asked);
  if (keys === null) return;
  respArray(reply, keys.length);
  for (const { index, use } of keys) {
    const flags = use.split(' ');
    respArray(reply, 2);
    keyWrite(call, asked, index);
    respSet(reply, flags.length);
    for (const flag of flags) respSimple(reply, flag);
  }
}

function keyWrite({ reply }: RespCall, { source, start, end }: Arguments, index: number): void {
  respBulk(reply, source, start[index], end[index] - start[index]);
}

/** The command that is asked about, as if a client had sent it. */
function askedArguments(args: Arguments): Arguments {
  return argumentsOf(Array.from({ length: args.count - 2 }, (_, at) => argumentCopy(args, at + 2)));
}

/** Null: why there are none has been answered. */
function keysFind(call: RespCall, asked: Arguments): readonly FoundKey[] | null {
  const found = call.table.find(asked);
  const command =
    found !== null && found.subcommands.length > 0 ? subcommandFind(found, asked) : found;
  if (command === null) {
    answerError(call, 'ERR Invalid command specified');
    return null;
  }
  const { row, arity, flags } = command;
  if ((row.keys ?? []).length === 0 && row.keysFind === undefined) {
    answerError(call, 'ERR The command has no key arguments');
    return null;
  }
  if (arity >= 0 ? asked.count !== arity : asked.count < -arity) {
    answerError(call, 'ERR Invalid number of arguments specified for command');
    return null;
  }
  const keys: FoundKey[] = [];
  const variable = row.keyUse?.(asked);
  const isSound = keysVisit(row, asked, (index, use) => {
    keys.push({ index, use: variable ?? use });
  });
  if ((isSound && keys.length > 0) || flags & FLAG.NO_MANDATORY_KEYS) return keys;
  answerError(call, 'ERR Invalid arguments specified for command');
  return null;
}
