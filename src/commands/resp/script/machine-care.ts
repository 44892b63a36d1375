/** What becomes of a machine after it was used: it is kept, or was too much, or is beyond use. */
import { RESP_COUNTER } from '../../../memory/resp-stats.ts';
import type { RespCall } from '../call.ts';
import type { ScriptMachine } from './script-machine.ts';

/** A machine that has grown so much is given up when its script is done. */
const MEMORY_BYTES_KEPT = 96 << 20;
const BEYOND_USE = 'ERR Error running script: it has used up the stack or the memory of Lua';

/** Notes what memory the machine has in use; gives it up if that was much, or it is broken. */
export function machineKeep(call: RespCall, machine: ScriptMachine): void {
  const { scripts, functions, respStats, respBlock } = call;
  const { lua } = machine;
  const isKept = !lua.isBroken && lua.memoryBytes <= MEMORY_BYTES_KEPT;
  const usedBytes = isKept ? machine.usedBytes : 0;
  if (machine === functions.machine) {
    if (!isKept) functions.machine = null;
    respStats.f64[respBlock + RESP_COUNTER.functionBytes] = usedBytes;
  } else {
    if (!isKept) scripts.machine = null;
    respStats.f64[respBlock + RESP_COUNTER.luaBytes] = usedBytes;
  }
}

/**
 * After an error that Lua does not catch: a trap in it, or its giving up. The machine is beyond use then, and the
 * server is not. Returns what to answer.
 */
export function beyondUse(call: RespCall, machine: ScriptMachine, thrown: unknown): string {
  if (call.scripts.run.isInCommand || !machine.lua.isBroken) throw thrown;
  machineKeep(call, machine);
  return BEYOND_USE;
}
