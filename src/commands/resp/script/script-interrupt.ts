/**
 * What happens every so often while a script runs: it may have been running for too long, or have to end.
 *
 * An error is how it ends, which pcall could catch. So from the first on it is raised again before each instruction
 * of a coroutine that has caught it (Sandbox.onCatch), until nothing is left that could.
 */
import type { RespCall } from '../call.ts';
import { overdueTick } from '../overdue.ts';
import { LOAD_TIMEOUT } from './function-load.ts';
import type { ScriptMachine } from './script-machine.ts';

const RUN_AGAIN = 'ERR the script is run again';

/** Called by the machine's hook, in the middle of the script. Raises an error in it if it has to end. */
export function scriptInterrupt(call: RespCall, machine: ScriptMachine, L: number): void {
  const { run } = call.scripts;
  const reason = run.isRunning ? runEnds(call) : loadEnds(call);
  if (reason === null) return;
  const { lua, fields } = machine;
  machine.interruptsSet(L, true);
  fields.errorPush(L, reason);
  lua.api.lua_error(L);
}

function runEnds(call: RespCall): string | null {
  const { run } = call.scripts;
  if (run.isAbandoned) return RUN_AGAIN;
  if (!run.isKilled && overdueTick(call, run)) run.isKilled = true;
  if (!run.isKilled) return null;
  return `ERR Script killed by user with ${run.isEval ? 'SCRIPT' : 'FUNCTION'} KILL.`;
}

/** A library that is loaded may take its time, but not all of it. */
function loadEnds({ functions }: RespCall): string | null {
  const { loading } = functions;
  return loading !== null && performance.now() > loading.endsAtMs ? LOAD_TIMEOUT : null;
}
