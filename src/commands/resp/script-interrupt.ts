/**
 * What happens every so often while a script runs: it may have been running for too long, or have to end.
 */
import { luaRaise } from '../../lua/lua-machine.ts';
import type { RespCall } from './call.ts';
import type { ScriptMachine } from './script-machine.ts';

/** Called by the machine's hook, in the middle of the script. Raises an error in it if it has to end. */
export function scriptInterrupt({ scripts }: RespCall, { lua }: ScriptMachine, L: number): void {
  if (scripts.run.isAbandoned) luaRaise(lua, L, 'the script is run again');
}
