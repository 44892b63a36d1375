/**
 * EVAL and its kin.
 *
 * Spec: Redis, "Scripting with Lua". Texts: valkey-io/valkey src/eval.c.
 */
import type { Arguments } from '../../../protocol/resp/arguments.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { monitorShow } from '../server/monitor.ts';
import { GATE } from '../session.ts';
import type { Script } from './script-cache.ts';
import { scriptHead, scriptRunFlags } from './script-flags.ts';
import { scriptAdd, scriptOf } from './script-notices.ts';
import { scriptMachine, scriptRun, subjectPrepare } from './script-run.ts';

const { READONLY, NO_SCRIPT, STALE, SKIP_MONITOR, MAY_REPLICATE, NO_MANDATORY_KEYS, WHOLE } = FLAG;
/** It takes the locks of its keys itself. */
const EVALUATES = NO_SCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | WHOLE;

const KEYS: readonly KeySpec[] = [{ use: 'RW access update', from: 2, counted: true }];
const READ_KEYS: readonly KeySpec[] = [{ use: 'RO access', from: 2, counted: true }];

const COMMON = { arity: -3, group: 'scripting', complexity: 'That of the script' } as const;
const TEXT = 'script numkeys [key [key ...]] [arg [arg ...]]';
const SHA = 'sha1 numkeys [key [key ...]] [arg [arg ...]]';

// biome-ignore format: a table reads in columns
export const SCRIPT_ROWS: readonly RespRow[] = [
  { name: 'eval',       ...COMMON, flags: EVALUATES | MAY_REPLICATE, keys: KEYS,      requestFlags: textFlags, since: '2.6.0', syntax: TEXT, doc: 'Runs a script.', run: evaluate },
  { name: 'eval_ro',    ...COMMON, flags: EVALUATES | READONLY,      keys: READ_KEYS, requestFlags: textFlags, since: '7.0.0', syntax: TEXT, doc: 'Runs a script that only reads.', run: evaluate },
  { name: 'evalsha',    ...COMMON, flags: EVALUATES | MAY_REPLICATE, keys: KEYS,      requestFlags: shaFlags,  since: '2.6.0', syntax: SHA,  doc: 'Runs a script that is known, by its SHA1.', run: evaluateSha },
  { name: 'evalsha_ro', ...COMMON, flags: EVALUATES | READONLY,      keys: READ_KEYS, requestFlags: shaFlags,  since: '7.0.0', syntax: SHA,  doc: 'Runs a script that is known and only reads.', run: evaluateSha },
];

export const NO_SCRIPT_FOUND = 'NOSCRIPT No matching script. Please use EVAL.';

function evaluate(call: RespCall): void {
  const { args } = call;
  if (call.gate & GATE.MONITORED) monitorShow(call, call.command);
  const keyCount = keyCountOf(call);
  if (keyCount < 0) return;
  const script = scriptOf(call, args.source, args.start[1], args.end[1]);
  if (typeof script === 'string') {
    answerError(call, script);
    return;
  }
  if (!call.scripts.cache.has(script) && !scriptCompiles(call, script)) return;
  scriptAdd(call, script, false);
  run(call, script, keyCount);
}

function evaluateSha(call: RespCall): void {
  const { args } = call;
  if (call.gate & GATE.MONITORED) monitorShow(call, call.command);
  const keyCount = keyCountOf(call);
  if (keyCount < 0) return;
  const script = call.scripts.cache.shaFind(args.source, args.start[1], args.end[1]);
  if (script === null) answerError(call, NO_SCRIPT_FOUND);
  else run(call, script, keyCount);
}

function run(call: RespCall, script: Script, keyCount: number): void {
  scriptRun(call, script, keyCount, (call.command.flags & READONLY) !== 0);
}

/** The flags of EVAL: as the script's first line says, whether it is known or not. */
function textFlags(
  { scripts }: RespCall,
  { source, start, end }: Arguments,
  flags: number,
): number {
  const known = scripts.cache.textFind(source, start[1], end[1]);
  if (known !== null) return scriptRunFlags(flags, known.flags);
  const head = scriptHead(source.subarray(start[1], end[1]));
  return typeof head === 'string' ? flags : scriptRunFlags(flags, head.flags);
}

function shaFlags({ scripts }: RespCall, { source, start, end }: Arguments, flags: number): number {
  const known = scripts.cache.shaFind(source, start[1], end[1]);
  return known === null ? flags : scriptRunFlags(flags, known.flags);
}

/** Whether Lua can compile the script; if not, that has been answered. */
export function scriptCompiles(call: RespCall, script: Script): boolean {
  const error = subjectPrepare(call, scriptMachine(call), script);
  if (error !== null) answerError(call, error);
  return error === null;
}

/** How many keys the call has; less than 0: that makes no sense, and was answered. */
function keyCountOf(call: RespCall): number {
  const count = integerArgument(call, 2);
  if (Number.isNaN(count)) return -1;
  if (count > call.args.count - 3) {
    answerError(call, "ERR Number of keys can't be greater than number of args");
    return -1;
  }
  if (count < 0) answerError(call, "ERR Number of keys can't be negative");
  return count;
}
