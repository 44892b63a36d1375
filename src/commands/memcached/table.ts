/**
 * The one table of commands: every row of every protocol, numbered. Parsing, counting (`stats commands`)
 * and the list of commands in the README follow from it.
 */
import { assert } from '../../base/assert.ts';
import { COMMAND_COUNT_MAX } from '../../memory/control.ts';
import { ADMIN_ROWS } from './admin.ts';
import { ARITHMETIC_ROWS } from './arithmetic.ts';
import { ADMIN_BINARY_ROWS } from './binary-admin.ts';
import { ARITHMETIC_BINARY_ROWS } from './binary-arithmetic.ts';
import { CONFIG_BINARY_ROWS } from './binary-config.ts';
import { RETRIEVAL_BINARY_ROWS } from './binary-retrieval.ts';
import { SASL_BINARY_ROWS } from './binary-sasl.ts';
import { STORAGE_BINARY_ROWS } from './binary-storage.ts';
import { CONFIG_ROWS } from './config.ts';
import { META_CHANGE_ROWS } from './meta-change.ts';
import { META_DEBUG_ROWS } from './meta-debug.ts';
import { META_GET_ROWS } from './meta-get.ts';
import { META_STORE_ROWS } from './meta-store.ts';
import { RETRIEVAL_ROWS } from './retrieval.ts';
import type { BinaryRow, Numbered, TextRow } from './row.ts';
import { STORAGE_ROWS } from './storage.ts';

export const TEXT_TABLE: readonly Numbered<TextRow>[] = numbered(0, [
  ...RETRIEVAL_ROWS,
  ...STORAGE_ROWS,
  ...ARITHMETIC_ROWS,
  ...META_GET_ROWS,
  ...META_STORE_ROWS,
  ...META_CHANGE_ROWS,
  ...META_DEBUG_ROWS,
  ...ADMIN_ROWS,
  ...CONFIG_ROWS,
]);

export const BINARY_TABLE: readonly Numbered<BinaryRow>[] = numbered(TEXT_TABLE.length, [
  ...RETRIEVAL_BINARY_ROWS,
  ...STORAGE_BINARY_ROWS,
  ...ARITHMETIC_BINARY_ROWS,
  ...ADMIN_BINARY_ROWS,
  ...CONFIG_BINARY_ROWS,
  ...SASL_BINARY_ROWS,
]);

function numbered<Row>(first: number, rows: readonly Row[]): readonly Numbered<Row>[] {
  return rows.map((row, at) => ({ ...row, number: first + at }));
}

/** By number. Commands of the binary protocol are in capitals. */
export const COMMAND_NAMES: readonly string[] = [...TEXT_TABLE, ...BINARY_TABLE].map(
  ({ name }) => name,
);
assert(COMMAND_NAMES.length <= COMMAND_COUNT_MAX, 'every command has a counter');
