/** The one table of all RESP commands. */
import { CommandTable } from './command-lookup.ts';
import { CONNECTION_ROWS } from './connection.ts';
import { DATABASE_ROWS } from './database.ts';
import { EXPIRE_ROWS } from './expire.ts';
import { KEY_ROWS } from './keys.ts';
import { PUBSUB_ROWS } from './pubsub.ts';
import type { RespRow } from './row.ts';
import { SCAN_ROWS } from './scan.ts';
import { STRING_ROWS } from './string.ts';
import { TRANSACTION_ROWS } from './transaction.ts';

const ROWS: readonly RespRow[] = [
  ...CONNECTION_ROWS,
  ...PUBSUB_ROWS,
  ...DATABASE_ROWS,
  ...EXPIRE_ROWS,
  ...KEY_ROWS,
  ...SCAN_ROWS,
  ...STRING_ROWS,
  ...TRANSACTION_ROWS,
];

export const COMMAND_TABLE = new CommandTable(ROWS);
