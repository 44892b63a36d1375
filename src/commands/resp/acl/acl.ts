/**
 * ACL: users, and what they may do.
 *
 * Source: Valkey src/acl.c aclCommand.
 */
import { randomBytes } from 'node:crypto';
import {
  type Arguments,
  argumentCopy,
  argumentsOf,
  argumentText,
} from '../../../protocol/resp/arguments.ts';
import { subcommandMisused, wrongArity } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respInteger,
  respMap,
  respNull,
  respOk,
  respSet,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import type { Command } from '../command.ts';
import { subcommandFind } from '../command-lookup.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';
import { CATEGORIES, commandCategories } from '../server/command-categories.ts';
import { ruleContext, usersChange } from './acl-change.ts';
import { aclVerdict } from './acl-check.ts';
import { aclLoad, aclSave } from './acl-disk.ts';
import { refusalTextOpen } from './acl-guard.ts';
import { aclLogGet } from './acl-log-reply.ts';
import { categoryNamed, hasBlank, type Selector, selectorTexts } from './acl-selector.ts';
import { type AclUser, USER_DEFAULT, userFlags, userPlan, userText } from './acl-user.ts';

const { ADMIN, NO_SCRIPT, LOADING, STALE, CHANGES_USERS } = FLAG;
const OPEN = NO_SCRIPT | LOADING | STALE;
const SECRET = ADMIN | NO_SCRIPT | LOADING | STALE;

const PASSWORD_BITS = 256;
const PASSWORD_BITS_MAX = 4096;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'cat',     arity: -2, flags: OPEN,           since: '6.0.0', complexity: 'O(N), N the commands', syntax: '[<category>]', doc: 'List all categories of commands, or all commands of one.', run: cat },
  { name: 'deluser', arity: -3, flags: SECRET | CHANGES_USERS, since: '6.0.0', complexity: 'O(N), N the users and clients', syntax: '<username> [<username> ...]', doc: 'Delete users, and close their connections.', run: delUser },
  { name: 'dryrun',  arity: -4, flags: SECRET,         since: '7.0.0', complexity: 'O(1)', syntax: '<username> <command> [<arg> ...]', doc: 'Tell whether the user could run the command, without running it.', run: dryRun },
  { name: 'genpass', arity: -2, flags: OPEN,           since: '6.0.0', complexity: 'O(1)', syntax: '[<bits>]', doc: 'Make up a password of 256 random bits, or as many as are asked for.', run: genPass },
  { name: 'getuser', arity:  3, flags: SECRET,         since: '6.0.0', complexity: 'O(N), N the rules of the user', syntax: '<username>', doc: 'Show what a user may do.', run: getUser },
  { name: 'list',    arity:  2, flags: SECRET,         since: '6.0.0', complexity: 'O(N), N the users', syntax: '', doc: 'Show all users as a configuration file has them.', run: list },
  { name: 'load',    arity:  2, flags: SECRET | CHANGES_USERS, since: '6.0.0', complexity: 'O(N), N the users', syntax: '', doc: 'Read the users from the file of users.', run: aclLoad },
  { name: 'log',     arity: -2, flags: SECRET,         since: '6.0.0', complexity: 'O(N), N the entries', syntax: '[<count> | RESET]', doc: 'Show what was refused, or forget it.', run: aclLogGet },
  { name: 'save',    arity:  2, flags: SECRET,         since: '6.0.0', complexity: 'O(N), N the users', syntax: '', doc: 'Write the users to the file of users.', run: aclSave },
  { name: 'setuser', arity: -3, flags: SECRET | CHANGES_USERS, since: '6.0.0', complexity: 'O(N), N the rules', syntax: '<username> <rule> [<rule> ...]', doc: 'Make a user, or change one.', run: setUser },
  { name: 'users',   arity:  2, flags: SECRET,         since: '6.0.0', complexity: 'O(N), N the users', syntax: '', doc: 'List the names of all users.', run: names },
  { name: 'whoami',  arity:  2, flags: OPEN,           since: '6.0.0', complexity: 'O(1)', syntax: '', doc: 'Return the name of the user of this connection.', run: whoAmI },
];

export const ACL_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'acl',
      group: 'server',
      since: '6.0.0',
      doc: 'Commands on users, and what they may do.',
      helpSince: '6.0.0',
    },
    SUBCOMMANDS,
  ),
];

// ── What may be done ────────────────────────────────────────────────────────────────────────────

function cat(call: RespCall): void {
  const { args, reply, table } = call;
  if (args.count > 3) {
    answerError(call, subcommandMisused('acl', argumentText(args, 1)));
    return;
  }
  if (args.count === 2) {
    textsWrite(call, CATEGORIES);
    return;
  }
  const text = argumentText(args, 2);
  const category = categoryNamed(text);
  if (category === null) {
    answerError(call, `ERR Unknown category '${text.slice(0, 128)}'`);
    return;
  }
  const found = table.byNumber.filter((command) => commandCategories(command).includes(category));
  respArray(reply, found.length);
  for (const { fullName } of found) respText(reply, fullName);
}

function textsWrite({ reply }: RespCall, texts: readonly string[]): void {
  respArray(reply, texts.length);
  for (const text of texts) respText(reply, text);
}

function dryRun(call: RespCall): void {
  const { args, reply, users } = call;
  const name = argumentText(args, 2);
  const user = users.find(name);
  if (user === null) {
    answerError(call, `ERR User '${name}' not found`);
    return;
  }
  const asked = argumentsOf(
    Array.from({ length: args.count - 3 }, (_, at) => argumentCopy(args, at + 3)),
  );
  const command = commandFind(call, asked);
  if (command === null) {
    answerError(call, `ERR Command '${argumentText(args, 3)}' not found`);
    return;
  }
  const { arity, fullName } = command;
  if (arity >= 0 ? asked.count !== arity : asked.count < -arity) {
    answerError(call, wrongArity(fullName));
    return;
  }
  const verdict = aclVerdict(user, command, asked);
  if (verdict === 0) respOk(reply);
  else respText(reply, refusalTextOpen(user, command, asked, verdict));
}

function commandFind({ table }: RespCall, asked: Arguments): Command | null {
  const command = table.find(asked);
  if (command === null || command.subcommands.length === 0 || asked.count === 1) return command;
  return subcommandFind(command, asked);
}

// ── Users ───────────────────────────────────────────────────────────────────────────────────────

function setUser(call: RespCall): void {
  const { args, users } = call;
  const name = argumentText(args, 2);
  if (hasBlank(name)) {
    answerError(call, "ERR Usernames can't contain spaces or null characters");
    return;
  }
  const words = argumentsTexts(args, 3);
  const problem = usersChange(call, () => {
    const image = userPlan(ruleContext(call), name, users.find(name), words);
    return typeof image === 'string' ? image : { puts: [image], removes: [] };
  });
  if (problem === null) respOk(call.reply);
  else answerError(call, `ERR ${problem}`);
}

function argumentsTexts(args: Arguments, from: number): string[] {
  return Array.from({ length: args.count - from }, (_, at) => argumentText(args, from + at));
}

function delUser(call: RespCall): void {
  const { args, users } = call;
  const given = new Set(argumentsTexts(args, 2));
  if (given.has(USER_DEFAULT)) {
    answerError(call, "ERR The 'default' user cannot be removed");
    return;
  }
  let count = 0;
  usersChange(call, () => {
    const removes = [...given].filter((name) => users.find(name) !== null);
    count = removes.length;
    return { puts: [], removes };
  });
  respInteger(call.reply, count);
}

function getUser(call: RespCall): void {
  const { args, reply, users } = call;
  const user = users.find(argumentText(args, 2));
  if (user === null) {
    respNull(reply);
    return;
  }
  const [root, ...others] = user.selectors;
  respMap(reply, 6);
  respText(reply, 'flags');
  flagsWrite(call, user);
  respText(reply, 'passwords');
  textsWrite(call, user.passwords);
  selectorWrite(call, root);
  respText(reply, 'selectors');
  respArray(reply, others.length);
  for (const selector of others) {
    respMap(reply, 3);
    selectorWrite(call, selector);
  }
}

function flagsWrite({ reply }: RespCall, user: AclUser): void {
  const flags = userFlags(user);
  respSet(reply, flags.length);
  for (const flag of flags) respText(reply, flag);
}

/** Three pairs of a map. */
function selectorWrite({ reply }: RespCall, selector: Selector): void {
  const { commands, keys, channels } = selectorTexts(selector);
  for (const text of ['commands', commands, 'keys', keys, 'channels', channels]) {
    respText(reply, text);
  }
}

function list(call: RespCall): void {
  textsWrite(
    call,
    call.users.all().map((user) => `user ${user.name} ${userText(user)}`),
  );
}

function names(call: RespCall): void {
  textsWrite(
    call,
    call.users.all().map(({ name }) => name),
  );
}

function whoAmI({ reply, session }: RespCall): void {
  respText(reply, session.user.name);
}

function genPass(call: RespCall): void {
  const { args, reply } = call;
  if (args.count > 3) {
    answerError(call, subcommandMisused('acl', argumentText(args, 1)));
    return;
  }
  const bits = args.count === 3 ? integerArgument(call, 2) : PASSWORD_BITS;
  if (Number.isNaN(bits)) return;
  if (bits <= 0 || bits > PASSWORD_BITS_MAX) {
    const what = 'ACL GENPASS argument must be the number of bits for the output password';
    answerError(call, `ERR ${what}, a positive number up to ${PASSWORD_BITS_MAX}`);
    return;
  }
  const digits = Math.ceil(bits / 4);
  respText(
    reply,
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
  );
}
