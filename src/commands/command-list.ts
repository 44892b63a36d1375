/**
 * What commands there are, by the numbers under which they are counted: plain data, for a thread that tells
 * their counts and would otherwise have to load all handlers to learn their names.
 */
import { BINARY_TABLE, TEXT_TABLE } from './memcached/table.ts';
import { type CommandGroup, FLAG } from './resp/row.ts';
import { COMMAND_TABLE } from './resp/table.ts';

export type MemcachedCommandName = {
  readonly protocol: 'memcached' | 'memcached-binary';
  /** That of the binary protocol in lower case, as all others. */
  readonly name: string;
  readonly number: number;
};

export type RespCommandName = {
  /** Subcommands are called `config|get`. */
  readonly name: string;
  readonly number: number;
  readonly group: CommandGroup;
  readonly isWrite: boolean;
  readonly isRead: boolean;
};

export type CommandList = {
  readonly memcached: readonly MemcachedCommandName[];
  readonly resp: readonly RespCommandName[];
};

export function commandList(): CommandList {
  const text = TEXT_TABLE.map(
    ({ name, number }): MemcachedCommandName => ({ protocol: 'memcached', name, number }),
  );
  const binary = BINARY_TABLE.map(
    ({ name, number }): MemcachedCommandName => ({
      protocol: 'memcached-binary',
      name: name.toLowerCase(),
      number,
    }),
  );
  const resp = COMMAND_TABLE.byNumber.map(
    ({ fullName, number, row }): RespCommandName => ({
      name: fullName,
      number,
      group: row.group,
      isWrite: (row.flags & FLAG.WRITE) !== 0,
      isRead: (row.flags & FLAG.READONLY) !== 0,
    }),
  );
  return { memcached: [...text, ...binary], resp };
}
