/**
 * CONFIG GET and CONFIG SET without their wire: which directives a pattern means, and whether all that
 * one command sets can be set. Nothing is changed before everything is known to be sound.
 * Source: Redis src/config.c configSetCommand.
 */
import { type Apply, DIRECTIVE, type DirectiveRow } from './directive.ts';
import { DIRECTIVE_ENTRIES, type DirectiveEntry, directiveFind } from './directive-table.ts';
import type { RespConfig } from './resp-config.ts';

export type ConfigChange = {
  /** The name it was given, which errors name. */
  readonly name: string;
  readonly row: DirectiveRow;
  readonly value: unknown;
  readonly text: string;
};

/** What a CONFIG SET would do, or the error, without its code. */
export type ConfigPlan =
  | { readonly changes: readonly ConfigChange[]; readonly problem: null }
  | { readonly changes: null; readonly problem: string };

/**
 * Checks a CONFIG SET.
 *   words         name, value, name, value …
 *   mayProtected  whether this client may change what enable-protected-configs guards
 */
export function configPlan(
  config: RespConfig,
  words: readonly string[],
  mayProtected: boolean,
): ConfigPlan {
  const entries: DirectiveEntry[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const entry = directiveFind(words[at]);
    if (entry === undefined) {
      const what = 'Unknown option or number of arguments for CONFIG SET';
      return { changes: null, problem: `${what} - '${words[at]}'` };
    }
    const why = entryProblem(entry, entries, mayProtected);
    if (why !== null) return { changes: null, problem: configProblem(words[at], why) };
    entries.push(entry);
  }
  const changes: ConfigChange[] = [];
  for (const [at, { name, row }] of entries.entries()) {
    const given = words[at * 2 + 1];
    const result = config.parse(row, row.type.isMany === true ? given.split(' ') : [given], true);
    if (result.problem !== null) {
      return { changes: null, problem: configProblem(name, result.problem) };
    }
    const { value, text } = result;
    changes.push({ name, row, value, text });
  }
  return { changes, problem: null };
}

/** How CONFIG SET says why it failed. */
export function configProblem(name: string, why: string): string {
  return `CONFIG SET failed (possibly related to argument '${name}') - ${why}`;
}

/** Makes the changes, and returns those that take them back. */
export function configApply(
  config: RespConfig,
  changes: readonly ConfigChange[],
): readonly ConfigChange[] {
  const before = changes.map(({ name, row }) => ({
    name,
    row,
    value: config.value(row),
    text: config.text(row),
  }));
  for (const { row, value, text } of changes) config.assign(row, { value, text });
  return before.reverse();
}

/**
 * What has to follow the changes, each once, with the name to blame if it fails. A directive that got the
 * value it had asks for nothing.
 */
export function configApplies(
  config: RespConfig,
  changes: readonly ConfigChange[],
): ReadonlyMap<Apply, string> {
  const applies = new Map<Apply, string>();
  for (const { name, row, text } of changes) {
    if (row.apply === undefined || applies.has(row.apply)) continue;
    const isVolatile = (row.flags & DIRECTIVE.VOLATILE) !== 0;
    if (isVolatile || text !== config.text(row)) applies.set(row.apply, name);
  }
  return applies;
}

/** Whether the value of that name is not for the slow log. */
export function configIsSensitive(name: string): boolean {
  const row = directiveFind(name)?.row;
  return row !== undefined && (row.flags & DIRECTIVE.SENSITIVE) !== 0;
}

/**
 * What CONFIG GET shows: names, as they were asked for, and canonical texts, each once.
 *   names      names or patterns
 *   isMatch    whether a pattern means a name
 */
export function configShown(
  config: RespConfig,
  names: readonly string[],
  isMatch: (pattern: string, name: string) => boolean,
): ReadonlyMap<string, string> {
  const shown = new Map<string, string>();
  for (const asked of names) {
    if (!/[[*?]/.test(asked)) {
      const entry = directiveFind(asked);
      if (entry !== undefined && !isShown(shown, asked)) shown.set(asked, config.text(entry.row));
      continue;
    }
    for (const { name, row } of DIRECTIVE_ENTRIES) {
      if ((row.flags & DIRECTIVE.HIDDEN) !== 0 || isShown(shown, name)) continue;
      if (isMatch(asked, name)) shown.set(name, config.text(row));
    }
  }
  return shown;
}

function isShown(shown: ReadonlyMap<string, string>, name: string): boolean {
  return [...shown.keys()].some((one) => one.toLowerCase() === name.toLowerCase());
}

function entryProblem(
  entry: DirectiveEntry,
  before: readonly DirectiveEntry[],
  mayProtected: boolean,
): string | null {
  const { flags } = entry.row;
  if ((flags & DIRECTIVE.FIXED) !== 0) return "can't set immutable config";
  if ((flags & DIRECTIVE.PROTECTED) !== 0 && !mayProtected) return "can't set protected config";
  return before.includes(entry) ? 'duplicate parameter' : null;
}
