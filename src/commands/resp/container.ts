/** Containers: commands that consist of subcommands, HELP among them. */
import { containerRun, helpRow } from './help.ts';
import type { RespRow } from './row.ts';

/** A subcommand's row, but for what it has of its container. */
export type SubcommandRow = Omit<RespRow, 'group' | 'subcommands'>;

/** What a container has besides. */
export type ContainerRow = Pick<RespRow, 'name' | 'group' | 'since' | 'doc'> & {
  readonly helpSince: string;
};

export function containerRow(
  { name, group, since, doc, helpSince }: ContainerRow,
  subcommands: readonly SubcommandRow[],
): RespRow {
  return {
    name,
    arity: -2,
    flags: 0,
    group,
    since,
    complexity: 'That of the subcommand',
    syntax: '',
    doc,
    run: containerRun,
    subcommands: [
      ...subcommands.map((row): RespRow => ({ ...row, group })),
      helpRow(group, helpSince),
    ],
  };
}
