/**
 * SCRIPT: the scripts that are known.
 *
 * Spec: Redis, SCRIPT LOAD and its kin. Texts: valkey-io/valkey src/eval.c.
 */
import { OVERDUE } from '../../../memory/overdue-scripts.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import {
  respArray,
  respBulk,
  respInteger,
  respOk,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { overdueKillAll } from '../overdue.ts';
import { FLAG, type RespRow } from '../row.ts';
import { NO_SCRIPT_FOUND, scriptCompiles } from './script.ts';
import { scriptAdd, scriptOf, scriptsFlush } from './script-notices.ts';

const { NO_SCRIPT, STALE, ALLOW_BUSY } = FLAG;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'debug',  arity:  3, flags: NO_SCRIPT,              since: '3.2.0', complexity: 'O(1)', syntax: '(YES | SYNC | NO)', doc: 'Would start the debugger, which there is none of.', run: scriptDebug },
  { name: 'exists', arity: -3, flags: NO_SCRIPT,              since: '2.6.0', complexity: 'O(N), N the scripts asked for', syntax: 'sha1 [sha1 ...]', doc: 'Says which scripts are known.', run: scriptExists },
  { name: 'flush',  arity: -2, flags: NO_SCRIPT,              since: '2.6.0', complexity: 'O(N), N the scripts', syntax: '[ASYNC | SYNC]', doc: 'Forgets all scripts.', run: scriptFlush },
  { name: 'kill',   arity:  2, flags: NO_SCRIPT | ALLOW_BUSY, since: '2.6.0', complexity: 'O(1)', syntax: '', doc: 'Ends the script that is running.', run: scriptKill },
  { name: 'load',   arity:  3, flags: NO_SCRIPT | STALE,      since: '2.6.0', complexity: 'O(N), N the bytes of the script', syntax: 'script', doc: 'Makes a script known without running it.', run: scriptLoad },
  { name: 'show',   arity:  3, flags: NO_SCRIPT,              since: '8.0.0', complexity: 'O(1)', syntax: 'sha1', doc: 'The text of a script that is known.', run: scriptShow },
];

export const SCRIPT_CACHE_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'script',
      group: 'scripting',
      since: '2.6.0',
      doc: 'The scripts that are known.',
      helpSince: '5.0.0',
    },
    SUBCOMMANDS,
  ),
];

function scriptLoad(call: RespCall): void {
  const { args } = call;
  const script = scriptOf(call, args.source, args.start[2], args.end[2]);
  if (typeof script === 'string') {
    answerError(call, script);
    return;
  }
  if (!call.scripts.cache.has(script) && !scriptCompiles(call, script)) return;
  scriptAdd(call, script, true);
  respText(call.reply, script.sha);
}

function scriptExists({ args, reply, scripts }: RespCall): void {
  respArray(reply, args.count - 2);
  for (let index = 2; index < args.count; index++) {
    const script = scripts.cache.shaFind(args.source, args.start[index], args.end[index]);
    respInteger(reply, script === null ? 0 : 1);
  }
}

/** Valkey has it since its version 8. */
function scriptShow(call: RespCall): void {
  const { args, reply, scripts } = call;
  const script = scripts.cache.shaFind(args.source, args.start[2], args.end[2]);
  if (script === null) answerError(call, NO_SCRIPT_FOUND);
  else respBulk(reply, script.text, 0, script.text.length);
}

/** At once in any case: other threads forget theirs with their next batch. */
function scriptFlush(call: RespCall): void {
  const { args, reply } = call;
  const isKnown =
    args.count === 2 ||
    (args.count === 3 && (argumentIs(args, 2, 'sync') || argumentIs(args, 2, 'async')));
  if (!isKnown) {
    answerError(call, 'ERR SCRIPT FLUSH only support SYNC|ASYNC option');
    return;
  }
  scriptsFlush(call);
  respOk(reply);
}

function scriptKill(call: RespCall): void {
  overdueKillAll(call, OVERDUE.IS_EVAL);
}

function scriptDebug(call: RespCall): void {
  const { args, reply } = call;
  if (argumentIs(args, 2, 'no')) respOk(reply);
  else if (argumentIs(args, 2, 'yes') || argumentIs(args, 2, 'sync')) {
    answerError(call, 'ERR there is no debugger for scripts');
  } else answerError(call, 'ERR Use SCRIPT DEBUG YES/SYNC/NO');
}
