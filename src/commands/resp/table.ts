/** The one table of all RESP commands. */
import { CommandTable } from './command-lookup.ts';
import { CONNECTION_ROWS } from './connection.ts';
import { PUBSUB_ROWS } from './pubsub.ts';
import type { RespRow } from './row.ts';
import { STRING_ROWS } from './string.ts';
import { TRANSACTION_ROWS } from './transaction.ts';

const ROWS: readonly RespRow[] = [
  ...CONNECTION_ROWS,
  ...PUBSUB_ROWS,
  ...STRING_ROWS,
  ...TRANSACTION_ROWS,
];

export const COMMAND_TABLE = new CommandTable(ROWS);
