/**
 * What a thread has of scripts: those it knows, the machine that runs them, and the run that is going on.
 */

import type { RespSession } from '../session.ts';
import type { ScriptCache } from './script-cache.ts';
import type { ScriptMachine } from './script-machine.ts';

/** A run of a script. One object per thread: scripts do not run scripts. */
export class ScriptRun {
  isRunning = false;
  /** One of its commands is being run. */
  isInCommand = false;
  /** As whom it runs them. */
  session: RespSession | null = null;
  /** What an error and SCRIPT KILL call it: the script's SHA1, or the name of a function. */
  name = '';
  /** It came by EVAL, not FCALL. */
  isEval = true;
  isReadOnly = false;
  allowsOutOfMemory = false;
  /** There was too little memory when it began. */
  isOutOfMemory = false;
  /** A command that writes was run: from here on it cannot be as if it had not been. */
  hasWritten = false;
  /** RESP's version, for what commands answer to it. */
  resp: 2 | 3 = 2;
  /** It needs locks that it could not have, has written nothing, and will be run again. */
  isAbandoned = false;
  /** By SCRIPT KILL or FUNCTION KILL. */
  isKilled = false;
  /** It has used what it did not declare. */
  hasStrayed = false;
  /** In milliseconds of performance.now, or somewhat before. */
  startedAtMs = 0.5;
  /** Commands that it runs before it is looked after. */
  commandsLeft = 1;
}

export class Scripts {
  readonly cache: ScriptCache;
  readonly run = new ScriptRun();
  /** Made when the first script is run; null again after a flush, or when it is beyond use. */
  machine: ScriptMachine | null = null;

  constructor(cache: ScriptCache) {
    this.cache = cache;
  }
}
