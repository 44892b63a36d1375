/** Libraries as they are compiled: new ones to be added, and known ones when a thread calls them first. */
import type { RespCall } from '../call.ts';
import { type FunctionHead, functionHead } from './function-head.ts';
import { type Loaded, libraryLoad, loadGlobalsCreate } from './function-load.ts';
import type { Library } from './function-registry.ts';
import { beyondUse } from './machine-care.ts';
import { ScriptMachine } from './script-machine.ts';

/** A library that is compiled and not known yet. */
export type Candidate = {
  readonly name: string;
  readonly code: Buffer;
  readonly loaded: readonly Loaded[];
  readonly machine: ScriptMachine;
};

/** The thread's machine for functions, which the first library has made. */
export function functionMachine(call: RespCall): ScriptMachine {
  const { functions } = call;
  if (functions.machine === null) {
    functions.machine = new ScriptMachine(call, true);
    functions.loadGlobals = loadGlobalsCreate(call, functions.machine);
  }
  return functions.machine;
}

/** Compiles a library; or says what is wrong with it. `isTimed`: it must not take too long. */
export function candidateCompile(
  call: RespCall,
  { name, bodyAt }: FunctionHead,
  code: Buffer,
  isTimed: boolean,
): Candidate | string {
  const machine = functionMachine(call);
  const loaded = libraryTry(call, machine, code, bodyAt, isTimed);
  return typeof loaded === 'string' ? loaded : { name, code, loaded, machine };
}

/** Sees to it that a known library is compiled on this thread. Returns null, or what is wrong. */
export function libraryCompile(call: RespCall, library: Library): string | null {
  const machine = functionMachine(call);
  if (library.machine === machine) return null;
  const head = functionHead(library.code);
  if (typeof head === 'string') return head;
  const loaded = libraryTry(call, machine, library.code, head.bodyAt, false);
  if (typeof loaded === 'string') return loaded;
  library.machine = machine;
  for (const one of library.functions) {
    one.reference = loaded.find(({ name }) => name === one.name)?.reference ?? 0;
  }
  return null;
}

/** Loads a library, which may be more than Lua survives. */
function libraryTry(
  call: RespCall,
  machine: ScriptMachine,
  code: Buffer,
  bodyAt: number,
  isTimed: boolean,
): readonly Loaded[] | string {
  try {
    return libraryLoad(call, machine, code, bodyAt, isTimed);
  } catch (thrown) {
    call.functions.loading = null;
    return beyondUse(call, machine, thrown).replace(/^ERR /, '');
  }
}
