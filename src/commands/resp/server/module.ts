/**
 * MODULE, for clients that ask which modules there are: none. A module is machine code for Redis's own memory, so
 * that none can be loaded stays so.
 *
 * Cf. valkey-io/valkey src/module.c.
 */
import { respEmptyArray } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { FLAG, type RespRow } from '../row.ts';
import { isAllowed } from './config-set.ts';

const { ADMIN, NO_SCRIPT, NO_ASYNC_LOADING, PROTECTED } = FLAG;
const CHANGE = ADMIN | NO_SCRIPT | NO_ASYNC_LOADING | PROTECTED;
const V4 = '4.0.0';

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'list',   arity:  2, flags: ADMIN | NO_SCRIPT, since: V4, complexity: 'O(1)', syntax: '', doc: 'Return the modules, of which there are none.', run: moduleList },
  { name: 'load',   arity: -3, flags: CHANGE, since: V4,      complexity: 'O(1)', syntax: 'path [arg ...]', doc: 'Load a module; none can be.', run: (call) => refuse(call, UNLOADABLE) },
  { name: 'loadex', arity: -3, flags: CHANGE, since: '7.0.0', complexity: 'O(1)', syntax: 'path [CONFIG name value [CONFIG name value ...]] [ARGS arg ...]', doc: 'Load a module with settings; none can be.', run: (call) => refuse(call, UNLOADABLE) },
  { name: 'unload', arity:  3, flags: CHANGE, since: V4,      complexity: 'O(1)', syntax: 'name', doc: 'Unload a module; there is none.', run: (call) => refuse(call, NO_SUCH) },
];

export const MODULE_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'module',
      group: 'server',
      since: V4,
      doc: 'Commands on modules, of which there are none.',
      helpSince: '5.0.0',
    },
    SUBCOMMANDS,
  ),
];

const UNLOADABLE = 'ERR Error loading the extension. Please check the server logs.';
const NO_SUCH = 'ERR Error unloading module: no such module with that name';
const NOT_ALLOWED =
  'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run ' +
  'it from a local connection, otherwise you need to set this option in the configuration file, and ' +
  'then restart the server.';

function moduleList({ reply }: RespCall): void {
  respEmptyArray(reply);
}

function refuse(call: RespCall, reason: string): void {
  const mayTry = isAllowed(call, call.config.settings.enableModuleCommand);
  answerError(call, mayTry ? reason : NOT_ALLOWED);
}
