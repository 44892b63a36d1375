/** MODULE, for clients that ask which modules there are: none, and none can be loaded. */
import { respEmptyArray } from '../../protocol/resp/reply.ts';
import type { RespCall } from './call.ts';
import { containerRow, type SubcommandRow } from './container.ts';
import { FLAG, type RespRow } from './row.ts';

const { ADMIN, NO_SCRIPT } = FLAG;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'list', arity: 2, flags: ADMIN | NO_SCRIPT, since: '4.0.0', complexity: 'O(1)', syntax: '', doc: 'Return the modules, of which there are none.', run: moduleList },
];

export const MODULE_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'module',
      group: 'server',
      since: '4.0.0',
      doc: 'Commands on modules, of which there are none.',
      helpSince: '5.0.0',
    },
    SUBCOMMANDS,
  ),
];

function moduleList({ reply }: RespCall): void {
  respEmptyArray(reply);
}
