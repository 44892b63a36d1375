/** All directives, by name, and the type of what they come to. */
import { assert } from '../base/assert.ts';
import { DATA_ROWS } from './data-rows.ts';
import type { DirectiveRow } from './directive.ts';
import { NETWORK_ROWS } from './network-rows.ts';
import { PERSISTENCE_ROWS } from './persistence-rows.ts';
import { PROCESS_ROWS } from './process-rows.ts';
import { REPLICATION_ROWS } from './replication-rows.ts';
import type { ValueOf } from './value-type.ts';

const ROWS = [
  ...NETWORK_ROWS,
  ...PROCESS_ROWS,
  ...DATA_ROWS,
  ...PERSISTENCE_ROWS,
  ...REPLICATION_ROWS,
] as const;

type Row = (typeof ROWS)[number];

/** `max-listpack-size` → `maxListpackSize` */
type FieldName<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<FieldName<Rest>>}`
  : Name;

export type DirectiveName = Row['name'];

/** The value of every directive, each of the type that its row has: `maxmemory-policy` → `maxmemoryPolicy`. */
export type Settings = {
  -readonly [One in Row as FieldName<One['name']>]: ValueOf<One['type']>;
};

export const DIRECTIVE_ROWS: readonly DirectiveRow[] = ROWS;

/** A name that a directive goes by, in lower case: its own, or its alias. */
export type DirectiveEntry = { readonly name: string; readonly row: DirectiveRow };

const ENTRIES = new Map<string, DirectiveEntry>();
for (const row of DIRECTIVE_ROWS) {
  for (const name of [row.name, ...(row.alias === undefined ? [] : [row.alias])]) {
    assert(!ENTRIES.has(name), 'every name of a directive is its own');
    ENTRIES.set(name, { name, row });
  }
}

/** All names, aliases included, in the order of the tables. */
export const DIRECTIVE_ENTRIES: readonly DirectiveEntry[] = [...ENTRIES.values()];

/** The directive of that name or alias, in either case. */
export function directiveFind(name: string): DirectiveEntry | undefined {
  return ENTRIES.get(name.toLowerCase());
}

/** The field of Settings that a row fills. */
export function directiveField(row: DirectiveRow): keyof Settings {
  // FieldName above says the same to the compiler.
  return row.name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof Settings;
}
