/** COMMAND DOCS: what a command is for, since when, and how it is written. */
import type { Reply } from '../../protocol/reply.ts';
import { respArray, respMap, respSet, respSimple, respText } from '../../protocol/resp/reply.ts';
import type { Command } from './command.ts';
import { type Argument, syntaxParse } from './command-syntax.ts';

export function commandDocsWrite(reply: Reply, command: Command): void {
  const { row, subcommands } = command;
  const args = syntaxParse(row.syntax);
  const fields: readonly (readonly [string, string])[] = [
    ['summary', row.doc],
    ['since', row.since],
    ['group', row.group],
    ['complexity', row.complexity],
  ];
  respMap(reply, fields.length + (args.length > 0 ? 1 : 0) + (subcommands.length > 0 ? 1 : 0));
  for (const [name, text] of fields) {
    respText(reply, name);
    respText(reply, text);
  }
  if (args.length > 0) {
    respText(reply, 'arguments');
    argumentsWrite(reply, args);
  }
  if (subcommands.length === 0) return;
  respText(reply, 'subcommands');
  respMap(reply, subcommands.length);
  for (const sub of subcommands) {
    respText(reply, sub.fullName);
    commandDocsWrite(reply, sub);
  }
}

function argumentsWrite(reply: Reply, args: readonly Argument[]): void {
  respArray(reply, args.length);
  for (const arg of args) argumentWrite(reply, arg);
}

function argumentWrite(reply: Reply, arg: Argument): void {
  const { name, type, token, parts } = arg;
  const flags = [...(arg.isOptional ? ['optional'] : []), ...(arg.isMultiple ? ['multiple'] : [])];
  const isGroup = type === 'oneof' || type === 'block';
  const texts: readonly (readonly [string, string])[] = [
    ['name', name],
    ['type', type],
    ...(isGroup ? [] : ([['display_text', name]] as const)),
    ...(token === null ? [] : ([['token', token]] as const)),
  ];
  respMap(reply, texts.length + (flags.length > 0 ? 1 : 0) + (parts.length > 0 ? 1 : 0));
  for (const [field, text] of texts) {
    respText(reply, field);
    respText(reply, text);
  }
  if (flags.length > 0) {
    respText(reply, 'flags');
    respSet(reply, flags.length);
    for (const flag of flags) respSimple(reply, flag);
  }
  if (parts.length === 0) return;
  respText(reply, 'arguments');
  argumentsWrite(reply, parts);
}
