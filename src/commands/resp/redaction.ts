/** Arguments that neither the slow log nor MONITOR shows: passwords. */
import { configIsSensitive } from '../../config/config-change.ts';
import { type Arguments, argumentIs, argumentText } from '../../protocol/resp/arguments.ts';
import type { Command } from './command.ts';

const NONE: ReadonlySet<number> = new Set();

/** Indices of the arguments that are not to be shown. */
export function argumentsRedacted(command: Command, args: Arguments): ReadonlySet<number> {
  switch (command.fullName) {
    case 'auth':
      return from(args, 1);
    case 'hello':
      return behindWord(args, 2, 'auth', 2);
    case 'config|set':
      return sensitiveValues(args);
    case 'acl|setuser':
    case 'acl|getuser':
    case 'acl|deluser':
      return from(args, 2);
    case 'migrate':
      return new Set([...behindWord(args, 6, 'auth', 1), ...behindWord(args, 6, 'auth2', 2)]);
    default:
      return NONE;
  }
}

function from(args: Arguments, first: number): ReadonlySet<number> {
  return new Set(Array.from({ length: args.count - first }, (_, at) => first + at));
}

function sensitiveValues(args: Arguments): ReadonlySet<number> {
  const hidden = new Set<number>();
  for (let at = 2; at < args.count; at += 2) {
    if (configIsSensitive(argumentText(args, at))) hidden.add(at + 1);
  }
  return hidden;
}

/** `count` arguments behind a word that is looked for from `first` on. */
function behindWord(
  args: Arguments,
  first: number,
  word: string,
  count: number,
): ReadonlySet<number> {
  const hidden = new Set<number>();
  for (let at = first; at < args.count; at++) {
    if (!argumentIs(args, at, word)) continue;
    for (let behind = 1; behind <= count; behind++) hidden.add(at + behind);
  }
  return hidden;
}
