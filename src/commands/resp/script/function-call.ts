/**
 * FCALL and FCALL_RO: functions are run.
 *
 * Texts: valkey-io/valkey src/functions.c, fcallCommandGeneric.
 */

import { int64Parse } from '../../../base/int64.ts';
import { type Arguments, argumentText } from '../../../protocol/resp/arguments.ts';
import { answerError, type RespCall } from '../call.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { monitorShow } from '../server/monitor.ts';
import { GATE } from '../session.ts';
import { libraryCompile } from './function-compile.ts';
import { scriptRunFlags } from './script-flags.ts';
import { scriptRun } from './script-run.ts';

const { READONLY, NO_SCRIPT, STALE, SKIP_MONITOR, MAY_REPLICATE, NO_MANDATORY_KEYS, WHOLE } = FLAG;
/** It takes the locks of its keys itself. */
const CALLS = NO_SCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | WHOLE;

const KEYS: readonly KeySpec[] = [{ use: 'RW access update', from: 2, counted: true }];
const READ_KEYS: readonly KeySpec[] = [{ use: 'RO access', from: 2, counted: true }];

const COMMON = {
  arity: -3,
  group: 'scripting',
  since: '7.0.0',
  complexity: 'That of the function',
  syntax: 'function numkeys [key [key ...]] [arg [arg ...]]',
} as const;

// biome-ignore format: a table reads in columns
export const FUNCTION_CALL_ROWS: readonly RespRow[] = [
  { name: 'fcall',    ...COMMON, flags: CALLS | MAY_REPLICATE, keys: KEYS,      requestFlags: functionFlags, doc: 'Runs a function.', run: functionCall },
  { name: 'fcall_ro', ...COMMON, flags: CALLS | READONLY,      keys: READ_KEYS, requestFlags: functionFlags, doc: 'Runs a function that only reads.', run: functionCall },
];

function functionCall(call: RespCall): void {
  const { args, functions, command } = call;
  if (call.gate & GATE.MONITORED) monitorShow(call, command);
  const found = functions.registry.function(argumentText(args, 1));
  if (found === null) {
    answerError(call, 'ERR Function not found');
    return;
  }
  const keyCount = int64Parse(args.source, args.start[2], args.end[2]);
  if (Number.isNaN(keyCount)) {
    answerError(call, 'ERR Bad number of keys provided');
    return;
  }
  if (keyCount > args.count - 3) {
    answerError(call, "ERR Number of keys can't be greater than number of args");
    return;
  }
  if (keyCount < 0) {
    answerError(call, "ERR Number of keys can't be negative");
    return;
  }
  const fault = libraryCompile(call, found.library);
  if (fault !== null) answerError(call, `ERR ${fault}`);
  else scriptRun(call, found, keyCount, (command.flags & READONLY) !== 0);
}

function functionFlags({ functions }: RespCall, args: Arguments, flags: number): number {
  const found = functions.registry.function(argumentText(args, 1));
  return found === null ? flags : scriptRunFlags(flags, found.flags);
}
