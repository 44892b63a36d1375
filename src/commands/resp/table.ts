/** The one table of all RESP commands. */
import { CommandTable } from './command-lookup.ts';
import { CONNECTION_ROWS } from './connection.ts';
import { DATABASE_ROWS } from './database.ts';
import { DUMP_ROWS } from './dump.ts';
import { EXPIRE_ROWS } from './expire.ts';
import { KEY_ROWS } from './keys.ts';
import { OBJECT_ROWS } from './object.ts';
import { RENAME_ROWS } from './rename.ts';
import type { RespRow } from './row.ts';
import { SCAN_ROWS } from './scan.ts';
import { SORT_ROWS } from './sort.ts';
import { STRING_ROWS } from './string.ts';
import { TRANSACTION_ROWS } from './transaction.ts';

const ROWS: readonly RespRow[] = [
  ...CONNECTION_ROWS,
  ...DATABASE_ROWS,
  ...DUMP_ROWS,
  ...EXPIRE_ROWS,
  ...KEY_ROWS,
  ...OBJECT_ROWS,
  ...RENAME_ROWS,
  ...SCAN_ROWS,
  ...SORT_ROWS,
  ...STRING_ROWS,
  ...TRANSACTION_ROWS,
];

export const COMMAND_TABLE = new CommandTable(ROWS);
