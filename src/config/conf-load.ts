/**
 * Reads redis.conf: lines of a directive and its words, from a file, from what it includes, and from
 * the command line, which counts as more lines at the end. Later lines win; those of `save` and a few
 * others add up. A line that cannot be is fatal, and told as Redis tells it.
 * Source: Redis src/config.c loadServerConfigFromString.
 */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorReason, FAULT, type FlagstoneError } from '../base/errors.ts';
import { wordsSplit } from '../base/word-split.ts';
import { DIRECTIVE, type DirectiveRow } from './directive.ts';
import { DIRECTIVE_ROWS, directiveFind } from './directive-table.ts';
import type { RespConfig } from './resp-config.ts';

/** Where the lines come from. All texts have one character per byte. */
export type ConfSource = {
  /** A config file. */
  readonly path: string | null;
  /** What standard input had, if it was asked. */
  readonly input: string;
  /** Lines made of the command line: `confOptionLines`. */
  readonly options: string;
};

export type ConfContext = {
  /** Flagstone's version, for messages. */
  readonly version: string;
  /** Goes to a directory, as `dir` does at once; what went wrong, or null. */
  directoryEnter(path: string): string | null;
};

/** Directives that went out of use, and are skipped. */
const SKIPPED = new Set([
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
]);
const INCLUDE_DEPTH_MAX = 16;

/**
 * Reads all lines of `source` into `config`.
 *   returns  the names of the directives met
 *   errors   RESP_CONF, whose message is to be printed as it is
 */
export function confLoad(
  config: RespConfig,
  source: ConfSource,
  context: ConfContext,
): ReadonlySet<string> {
  const loading = new Loading(config, context);
  if (source.path !== null) config.path = resolve(bytesPath(source.path));
  const file = source.path === null ? '' : loading.fileRead(bytesPath(source.path));
  const parts = [file + source.input, source.options].filter((part) => part !== '');
  loading.linesRead(parts.join('\n'), 0);
  for (const row of DIRECTIVE_ROWS) {
    if ((row.flags & DIRECTIVE.REFUSED) === 0 || config.isDefault(row)) continue;
    throw loading.fault(`${row.name} ${config.text(row)} cannot be had: ${row.does}`);
  }
  config.change('dir', Buffer.from(process.cwd()).toString('latin1'));
  return loading.met;
}

/** Directives that were given, and change nothing here: name, and why. */
export function confIdle(config: RespConfig): readonly DirectiveRow[] {
  return DIRECTIVE_ROWS.filter(
    (row) => (row.flags & DIRECTIVE.IDLE) !== 0 && !config.isDefault(row),
  );
}

/** A text of one character per byte as a path. */
export function bytesPath(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}

class Loading {
  private readonly config: RespConfig;
  private readonly context: ConfContext;
  /** Directives met so far: the first line of one that adds up starts anew. */
  readonly met = new Set<string>();
  private readonly title: string;
  /** How an error about the line in hand begins. */
  private place = '';

  constructor(config: RespConfig, context: ConfContext) {
    this.config = config;
    this.context = context;
    this.title = `\n*** FATAL CONFIG FILE ERROR (Version ${context.version}) ***\n`;
  }

  linesRead(content: string, depth: number): void {
    const lines = content.split('\n');
    for (let at = 0; at < lines.length; at++) {
      const line = lines[at].replace(/^[ \t\r]+|[ \t\r]+$/g, '');
      if (line === '' || line.startsWith('#')) continue;
      this.place = `${this.title}Reading the configuration file, at line ${at + 1}\n>>> '${line}'\n`;
      const problem = this.lineRead(line, depth);
      if (problem === null) continue;
      throw FAULT.respConf(this.place + problem);
    }
  }

  fileRead(path: string): string {
    try {
      return readFileSync(path, 'latin1');
    } catch (error) {
      throw FAULT.respConf(`Fatal error, can't open config file '${path}': ${errorReason(error)}`);
    }
  }

  fault(problem: string): FlagstoneError {
    return FAULT.respConf(this.title + problem);
  }

  /** What is wrong with the line, or null. */
  private lineRead(line: string, depth: number): string | null {
    const words = wordsSplit(line);
    if (words === null) return 'Unbalanced quotes in configuration line';
    const [name, ...rest] = words;
    const row = directiveFind(name)?.row;
    if (row !== undefined) return this.directiveRead(row, rest);
    return this.otherRead(name.toLowerCase(), rest, depth);
  }

  private directiveRead(row: DirectiveRow, given: readonly string[]): string | null {
    let words = given;
    if (row.type.isMany !== true) {
      if (given.length !== 1) return 'wrong number of arguments';
    } else if (given.length === 1 && given[0] !== '') {
      words = wordsSplit(given[0]) ?? [];
    }
    const result = this.config.parse(row, words, !this.met.has(row.name));
    if (result.problem !== null) return result.problem;
    if (row.name === 'dir') {
      const problem = this.context.directoryEnter(bytesPath(words[0]));
      if (problem !== null) return problem;
    }
    this.met.add(row.name);
    this.config.assign(row, result);
    return null;
  }

  /** The directives that are no settings. */
  private otherRead(name: string, words: readonly string[], depth: number): string | null {
    const { length } = words;
    if (SKIPPED.has(name) && length === 1) return null;
    if (name === 'include' && length === 1) return this.includeRead(words[0], depth);
    if (name === 'rename-command' && length === 2) {
      const [from, to] = words.map((word) => word.toLowerCase());
      this.config.renames.push({ from, to, place: this.place });
      return null;
    }
    if (name === 'user' && length >= 1) return this.userRead(words);
    if (name === 'sentinel') return 'sentinel directive while not in sentinel mode';
    if (name.includes('.') && length === 0) return 'Module config specified without value';
    if (name === 'loadmodule' || name.includes('.')) return 'modules cannot be loaded';
    return 'Bad directive or wrong number of arguments';
  }

  private userRead([name, ...words]: readonly string[]): string | null {
    const { users } = this.config;
    if (users.has(name)) {
      return `Error in user declaration '${name}': Duplicate user found. A user can only be defined once in config files`;
    }
    if (/[ \t\n\v\f\r\0]/.test(name)) return 'Spaces not allowed in ACL usernames';
    users.set(name, { name, words, place: this.place });
    return null;
  }

  /** A pattern may match no file; a plain path has to be one. */
  private includeRead(text: string, depth: number): string | null {
    if (depth === INCLUDE_DEPTH_MAX) return 'too many levels of include';
    const pattern = bytesPath(text);
    const paths = /[*?[]/.test(pattern) ? globSync(pattern).sort() : [pattern];
    for (const path of paths) this.linesRead(this.fileRead(path), depth + 1);
    return null;
  }
}
