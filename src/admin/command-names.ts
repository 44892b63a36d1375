/** What commands are called, by the numbers under which they are counted. */
import { BINARY_TABLE, TEXT_TABLE } from '../commands/memcached/table.ts';
import { type CommandGroup, FLAG } from '../commands/resp/row.ts';
import { COMMAND_TABLE } from '../commands/resp/table.ts';

export type CommandName = {
  readonly protocol: 'memcached' | 'memcached-binary';
  /** That of the binary protocol in lower case, as all others. */
  readonly name: string;
  readonly number: number;
};

export const MEMCACHED_COMMANDS: readonly CommandName[] = [
  ...TEXT_TABLE.map(({ name, number }) => ({ protocol: 'memcached' as const, name, number })),
  ...BINARY_TABLE.map(({ name, number }) => ({
    protocol: 'memcached-binary' as const,
    name: name.toLowerCase(),
    number,
  })),
];

export type RespCommandName = {
  /** Subcommands are called `config|get`. */
  readonly name: string;
  readonly number: number;
  readonly group: CommandGroup;
  readonly isWrite: boolean;
  readonly isRead: boolean;
};

export const RESP_COMMANDS: readonly RespCommandName[] = COMMAND_TABLE.byNumber.map(
  ({ fullName, number, row }) => ({
    name: fullName,
    number,
    group: row.group,
    isWrite: (row.flags & FLAG.WRITE) !== 0,
    isRead: (row.flags & FLAG.READONLY) !== 0,
  }),
);
