/**
 * FUNCTION, as far as a server can answer it that runs no functions: there are none, and to flush them
 * all is done at once. LOAD and the rest are unknown subcommands.
 */
import { argumentIs } from '../../protocol/resp/arguments.ts';
import { respEmptyArray, respOk } from '../../protocol/resp/reply.ts';
import { answerError, type RespCall } from './call.ts';
import { containerRow, type SubcommandRow } from './container.ts';
import { FLAG, type RespRow } from './row.ts';

const { WRITE, NO_SCRIPT } = FLAG;
const COMMON = { since: '7.0.0', categories: ['scripting'] } as const;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'flush', arity: -2, flags: WRITE | NO_SCRIPT, ...COMMON, complexity: 'O(1)', syntax: '[ASYNC | SYNC]', doc: 'Forgets all functions: there are none.', run: flush },
  { name: 'list',  arity: -2, flags: NO_SCRIPT,         ...COMMON, complexity: 'O(1)', syntax: '[LIBRARYNAME library-name-pattern] [WITHCODE]', doc: 'Lists all functions: there are none.', run: list },
];

export const FUNCTION_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'function',
      group: 'scripting',
      since: '7.0.0',
      doc: 'Functions, of which there are none.',
      helpSince: '7.0.0',
    },
    SUBCOMMANDS,
  ),
];

function flush(call: RespCall): void {
  const { args, reply } = call;
  const isKnown =
    args.count === 2 ||
    (args.count === 3 && (argumentIs(args, 2, 'sync') || argumentIs(args, 2, 'async')));
  if (isKnown) respOk(reply);
  else answerError(call, 'ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
}

function list({ reply }: RespCall): void {
  respEmptyArray(reply);
}
