/** The one table of all RESP commands. */
import { CommandTable } from './command-lookup.ts';
import { CONNECTION_ROWS } from './connection.ts';
import { DATABASE_ROWS } from './database.ts';
import { ENTRY_SCAN_ROWS } from './entry-scan.ts';
import { EXPIRE_ROWS } from './expire.ts';
import { HASH_ROWS } from './hash.ts';
import { HASH_EXPIRY_ROWS } from './hash-expiry.ts';
import { HASH_RANDOM_ROWS } from './hash-random.ts';
import { KEY_ROWS } from './keys.ts';
import type { RespRow } from './row.ts';
import { SCAN_ROWS } from './scan.ts';
import { SET_ROWS } from './set.ts';
import { SET_ALGEBRA_ROWS } from './set-algebra.ts';
import { STRING_ROWS } from './string.ts';
import { TRANSACTION_ROWS } from './transaction.ts';

const ROWS: readonly RespRow[] = [
  ...CONNECTION_ROWS,
  ...DATABASE_ROWS,
  ...ENTRY_SCAN_ROWS,
  ...EXPIRE_ROWS,
  ...HASH_ROWS,
  ...HASH_EXPIRY_ROWS,
  ...HASH_RANDOM_ROWS,
  ...KEY_ROWS,
  ...SCAN_ROWS,
  ...SET_ROWS,
  ...SET_ALGEBRA_ROWS,
  ...STRING_ROWS,
  ...TRANSACTION_ROWS,
];

export const COMMAND_TABLE = new CommandTable(ROWS);
