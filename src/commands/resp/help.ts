/** HELP, the subcommand that every command with subcommands has: what the others are, from their rows. */
import { wrongArity } from '../../protocol/resp/errors.ts';
import { respArray, respSimple } from '../../protocol/resp/reply.ts';
import { answerError, type RespCall } from './call.ts';
import { FLAG, type RespRow } from './row.ts';

const HELP_DOC = 'Print this help.';

/** The row of HELP, of a command of this group. */
export function helpRow(group: RespRow['group'], since: string): RespRow {
  return {
    name: 'help',
    arity: 2,
    flags: FLAG.LOADING | FLAG.STALE,
    group,
    since,
    complexity: 'O(1)',
    syntax: '',
    doc: HELP_DOC,
    run: help,
  };
}

/** What a command with subcommands runs: never, since dispatch asks for one of them. */
export function containerRun(call: RespCall): void {
  answerError(call, wrongArity(call.command.fullName));
}

function help({ reply, command }: RespCall): void {
  const { name = '', subcommands = [] } = command.parent ?? {};
  const lines = [`${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  const others = subcommands.filter((row) => row.name !== 'help');
  for (const row of others) lines.push(...lineOf(row));
  lines.push('HELP', `    ${HELP_DOC}`);
  respArray(reply, lines.length);
  for (const line of lines) respSimple(reply, line);
}

function lineOf({ name, syntax, doc }: RespRow): [string, string] {
  return [`${name.toUpperCase()} ${syntax}`.trimEnd(), `    ${doc}`];
}
