/** COMMAND DOCS: what a command is for, since when, and how it is written. */
import type { Reply } from '../../../protocol/reply.ts';
import {
  respArray,
  respInteger,
  respMap,
  respSet,
  respSimple,
  respText,
} from '../../../protocol/resp/reply.ts';
import type { Command } from '../command.ts';
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
    argumentsWrite(reply, args, new KeyNames(row.keys?.length ?? 0));
  }
  if (subcommands.length === 0) return;
  respText(reply, 'subcommands');
  respMap(reply, subcommands.length);
  for (const sub of subcommands) {
    respText(reply, sub.fullName);
    commandDocsWrite(reply, sub);
  }
}

/** Which of a command's key specs an argument belongs to: specs have the order in which keys are first named. */
class KeyNames {
  private readonly specCount: number;
  private readonly names: string[] = [];

  constructor(specCount: number) {
    this.specCount = specCount;
  }

  /** The spec's index; null: the argument is no key, or of no spec. */
  specOf({ name, type }: Argument): number | null {
    if (type !== 'key') return null;
    if (!this.names.includes(name)) this.names.push(name);
    const index = this.names.indexOf(name);
    return index < this.specCount ? index : null;
  }
}

function argumentsWrite(reply: Reply, args: readonly Argument[], keys: KeyNames): void {
  respArray(reply, args.length);
  for (const arg of args) argumentWrite(reply, arg, keys);
}

function argumentWrite(reply: Reply, arg: Argument, keys: KeyNames): void {
  const { name, type, token, parts } = arg;
  const flags = [
    ...(arg.isOptional ? ['optional'] : []),
    ...(arg.isMultiple ? ['multiple'] : []),
    ...(arg.repeatsToken ? ['multiple_token'] : []),
  ];
  const isGroup = type === 'oneof' || type === 'block';
  const texts: readonly (readonly [string, string])[] = [
    ['name', name],
    ['type', type],
    ...(isGroup ? [] : ([['display_text', name]] as const)),
    ...(token === null ? [] : ([['token', token]] as const)),
  ];
  const spec = keys.specOf(arg);
  const more = [spec !== null, flags.length > 0, parts.length > 0].filter((one) => one);
  respMap(reply, texts.length + more.length);
  for (const [field, text] of texts) {
    respText(reply, field);
    respText(reply, text);
  }
  if (spec !== null) {
    respText(reply, 'key_spec_index');
    respInteger(reply, spec);
  }
  if (flags.length > 0) {
    respText(reply, 'flags');
    respSet(reply, flags.length);
    for (const flag of flags) respSimple(reply, flag);
  }
  if (parts.length === 0) return;
  respText(reply, 'arguments');
  argumentsWrite(reply, parts, keys);
}
