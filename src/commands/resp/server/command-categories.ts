/** Categories of commands, as ACLs know them: by a command's group, its flags, and what its row adds. */
import type { Command } from '../command.ts';
import { type CommandGroup, FLAG } from '../row.ts';

/** All categories, in the order in which Redis shows them. */
export const CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const;
export type Category = (typeof CATEGORIES)[number];

const OF_GROUP: Readonly<Partial<Record<CommandGroup, Category>>> = {
  string: 'string',
  hash: 'hash',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  stream: 'stream',
  hyperloglog: 'hyperloglog',
  bitmap: 'bitmap',
  geo: 'geo',
  generic: 'keyspace',
  transactions: 'transaction',
  scripting: 'scripting',
  connection: 'connection',
};

const GROUPS: ReadonlySet<string> = new Set(Object.values(OF_GROUP));

/**
 * A command's categories, in order. A row that names a group's (SORT is one of lists and sets) is not of its
 * own group; and a container of subcommands is of none that it does not name.
 */
export function commandCategories({ row, flags }: Command): readonly Category[] {
  const own = new Set<string>(row.categories);
  const ofGroup = OF_GROUP[row.group];
  const isElsewhere = [...own].some((category) => GROUPS.has(category));
  if (ofGroup !== undefined && !isElsewhere && row.subcommands === undefined) own.add(ofGroup);
  if (flags & FLAG.WRITE) own.add('write');
  if (flags & FLAG.READONLY && row.group !== 'scripting') own.add('read');
  if (flags & FLAG.ADMIN) {
    own.add('admin');
    own.add('dangerous');
  }
  if (flags & FLAG.PUBSUB) own.add('pubsub');
  if (flags & FLAG.BLOCKING) own.add('blocking');
  own.add(flags & FLAG.FAST ? 'fast' : 'slow');
  return CATEGORIES.filter((category) => own.has(category));
}
