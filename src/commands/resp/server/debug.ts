/**
 * DEBUG: for those who test or examine the server. All partitions are locked meanwhile, so DEBUG SLEEP holds up
 * everybody. What Redis has here to crash, or about its own structures, is missing.
 */
import { argumentCopy, argumentText } from '../../../protocol/resp/arguments.ts';
import { respArray, respSimple } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { FLAG, type RespRow } from '../row.ts';
import { isAllowed } from './config-set.ts';
import { KEY_DEBUG } from './debug-keys.ts';
import type { DebugRow } from './debug-row.ts';
import { SWITCH_DEBUG } from './debug-switches.ts';

const { ADMIN, NO_SCRIPT, LOADING, STALE, PROTECTED, ALL_LOCKED } = FLAG;

const NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it ' +
  'from a local connection, otherwise you need to set this option in the configuration file, and then ' +
  'restart the server.';

// biome-ignore format: a table reads in columns
export const DEBUG_ROWS: readonly RespRow[] = [
  { name: 'debug', arity: -2, flags: ADMIN | NO_SCRIPT | LOADING | STALE | PROTECTED | ALL_LOCKED, group: 'server', since: '1.0.0', complexity: 'That of the subcommand', syntax: 'subcommand [argument ...]', doc: 'For tests, and for examining the server.', run: debug },
];

const SUBCOMMANDS: ReadonlyMap<string, DebugRow> = new Map(
  [...KEY_DEBUG, ...SWITCH_DEBUG].map((row) => [row.name, row]),
);

function debug(call: RespCall): void {
  const { args } = call;
  if (!isAllowed(call, call.config.settings.enableDebugCommand)) {
    answerError(call, NOT_ALLOWED);
    return;
  }
  const name = argumentText(args, 1).toLowerCase();
  if (name === 'help' && args.count === 2) {
    help(call);
    return;
  }
  const row = SUBCOMMANDS.get(name);
  const count = args.count - 2;
  if (row === undefined || count < row.wordsMin || count > row.wordsMax) {
    const word = argumentCopy(args, 1).toString('latin1').slice(0, 128);
    const what = 'unknown subcommand or wrong number of arguments for';
    answerError(call, `ERR ${what} '${word}'. Try DEBUG HELP.`);
    return;
  }
  row.run(call);
}

function help({ reply }: RespCall): void {
  const lines = ['DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:'];
  for (const { name, syntax, doc } of SUBCOMMANDS.values()) {
    lines.push(`${name.toUpperCase()} ${syntax}`.trimEnd(), `    ${doc}`);
  }
  lines.push('HELP', '    Print this help.');
  respArray(reply, lines.length);
  for (const line of lines) respSimple(reply, line);
}
