/** What a thread has of functions: the libraries it knows, and the machine that runs them. */
import type { Loading } from './function-load.ts';
import { FunctionRegistry } from './function-registry.ts';
import type { ScriptMachine } from './script-machine.ts';

export class Functions {
  readonly registry = new FunctionRegistry();
  /** Made when the first library is compiled; null again when there is none any more, or it is beyond use. */
  machine: ScriptMachine | null = null;
  /** Reference, in the machine, of the globals that a library finds while it is compiled. */
  loadGlobals = 0;
  /** The library that is being compiled. */
  loading: Loading | null = null;
}
