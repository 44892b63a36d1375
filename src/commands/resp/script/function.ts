/**
 * FUNCTION: the libraries of functions.
 *
 * Spec: Redis, "Redis functions". Texts: valkey-io/valkey src/functions.c.
 */
import { globMatches } from '../../../base/glob.ts';
import { OVERDUE, overdueKind } from '../../../memory/overdue-scripts.ts';
import { argumentCopy, argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { subcommandMisused } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBuffer,
  respInteger,
  respMap,
  respNull,
  respOk,
  respSet,
  respSimple,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { changesCount } from '../key-events.ts';
import { overdueKillAll, overdueText } from '../overdue.ts';
import { FLAG, type RespRow } from '../row.ts';
import { candidateCompile } from './function-compile.ts';
import { functionDump, functionRestore } from './function-dump.ts';
import { functionHead } from './function-head.ts';
import { loadedDrop } from './function-load.ts';
import { librariesFlush, libraryAdd, libraryDelete } from './function-notices.ts';
import { type Library, nameTaken } from './function-registry.ts';
import { scriptFlagNames } from './script-flags.ts';

const { WRITE, DENY_OOM, NO_SCRIPT, ALLOW_BUSY } = FLAG;
const CHANGES = NO_SCRIPT | WRITE;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'load',    arity: -3, flags: CHANGES | DENY_OOM,     since: '7.0.0', complexity: 'That of running the code once', syntax: '[REPLACE] function-code', doc: 'Makes a library of functions known.', run: functionLoad },
  { name: 'list',    arity: -2, flags: NO_SCRIPT,              since: '7.0.0', complexity: 'O(N), N the functions', syntax: '[LIBRARYNAME library-name-pattern] [WITHCODE]', doc: 'Tells of libraries and their functions.', run: functionList },
  { name: 'delete',  arity:  3, flags: CHANGES,                since: '7.0.0', complexity: 'O(1)', syntax: 'library-name', doc: 'Forgets a library.', run: functionDelete },
  { name: 'flush',   arity: -2, flags: CHANGES,                since: '7.0.0', complexity: 'O(N), N the functions', syntax: '[ASYNC | SYNC]', doc: 'Forgets all libraries.', run: functionFlush },
  { name: 'dump',    arity:  2, flags: NO_SCRIPT,              since: '7.0.0', complexity: 'O(N), N the bytes', syntax: '', doc: 'All libraries, as bytes for FUNCTION RESTORE.', run: functionDump },
  { name: 'restore', arity: -3, flags: CHANGES | DENY_OOM,     since: '7.0.0', complexity: 'O(N), N the functions', syntax: 'serialized-value [FLUSH | APPEND | REPLACE]', doc: 'Makes known what FUNCTION DUMP answered.', run: functionRestore },
  { name: 'stats',   arity:  2, flags: NO_SCRIPT | ALLOW_BUSY, since: '7.0.0', complexity: 'O(1)', syntax: '', doc: 'Tells of the function that runs too long, and how many there are.', run: functionStats },
  { name: 'kill',    arity:  2, flags: NO_SCRIPT | ALLOW_BUSY, since: '7.0.0', complexity: 'O(1)', syntax: '', doc: 'Ends the function that runs too long.', run: functionKill },
];

export const FUNCTION_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'function',
      group: 'scripting',
      since: '7.0.0',
      doc: 'The libraries of functions.',
      helpSince: '7.0.0',
    },
    SUBCOMMANDS,
  ),
];

function functionLoad(call: RespCall): void {
  const { args, reply, functions } = call;
  const codeAt = args.count - 1;
  for (let index = 2; index < codeAt; index++) {
    if (argumentIs(args, index, 'replace')) continue;
    answerError(call, `ERR Unknown option given: ${argumentText(args, index)}`);
    return;
  }
  const code = argumentCopy(args, codeAt);
  const head = functionHead(code);
  if (typeof head === 'string') {
    answerError(call, `ERR ${head}`);
    return;
  }
  const old = functions.registry.library(head.name);
  if (old !== null && codeAt === 2) {
    answerError(call, `ERR Library '${head.name}' already exists`);
    return;
  }
  const candidate = candidateCompile(call, head, code, true);
  if (typeof candidate === 'string') {
    answerError(call, `ERR ${candidate}`);
    return;
  }
  const taken = nameTaken(functions.registry, [candidate], true);
  if (taken !== null) {
    loadedDrop(candidate.machine, candidate.loaded);
    answerError(call, `ERR Function ${taken} already exists`);
    return;
  }
  libraryAdd(call, candidate);
  changesCount(call, 1);
  respText(reply, head.name);
}

function functionDelete(call: RespCall): void {
  const { args, reply, functions } = call;
  const name = argumentText(args, 2);
  if (functions.registry.library(name) === null) {
    answerError(call, 'ERR Library not found');
    return;
  }
  libraryDelete(call, name);
  changesCount(call, 1);
  respOk(reply);
}

/** At once in any case: other threads forget theirs with their next batch. */
function functionFlush(call: RespCall): void {
  const { args, reply } = call;
  if (args.count > 3) {
    answerError(call, subcommandMisused('function', 'flush'));
    return;
  }
  if (args.count === 3 && !argumentIs(args, 2, 'sync') && !argumentIs(args, 2, 'async')) {
    answerError(call, 'ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
    return;
  }
  librariesFlush(call);
  changesCount(call, 1);
  respOk(reply);
}

function functionList(call: RespCall): void {
  const { args, reply, functions } = call;
  let withCode = false;
  let patternAt = 0;
  for (let index = 2; index < args.count; index++) {
    if (!withCode && argumentIs(args, index, 'withcode')) {
      withCode = true;
    } else if (patternAt === 0 && argumentIs(args, index, 'libraryname')) {
      patternAt = ++index;
      if (patternAt < args.count) continue;
      answerError(call, 'ERR library name argument was not given');
      return;
    } else {
      answerError(call, `ERR Unknown argument ${argumentText(args, index)}`);
      return;
    }
  }
  const libraries = [...functions.registry.all()].filter(({ name }) => {
    if (patternAt === 0) return true;
    const bytes = Buffer.from(name);
    const { source, start, end } = args;
    return globMatches(source, start[patternAt], end[patternAt], bytes, 0, bytes.length, true);
  });
  respArray(reply, libraries.length);
  for (const library of libraries) libraryShow(call, library, withCode);
}

function libraryShow({ reply }: RespCall, library: Library, withCode: boolean): void {
  const { name, code, functions } = library;
  respMap(reply, withCode ? 4 : 3);
  respText(reply, 'library_name');
  respText(reply, name);
  respText(reply, 'engine');
  respText(reply, 'LUA');
  respText(reply, 'functions');
  respArray(reply, functions.length);
  for (const one of functions) {
    respMap(reply, 3);
    respText(reply, 'name');
    respText(reply, one.name);
    respText(reply, 'description');
    if (one.description === null) respNull(reply);
    else respText(reply, one.description);
    respText(reply, 'flags');
    const flags = scriptFlagNames(one.flags);
    respSet(reply, flags.length);
    for (const flag of flags) respSimple(reply, flag);
  }
  if (!withCode) return;
  respText(reply, 'library_code');
  respBuffer(reply, code);
}

function functionStats(call: RespCall): void {
  const { reply, functions, overdue, keyspace } = call;
  if (overdueKind(keyspace.control) === OVERDUE.IS_EVAL) {
    answerError(call, overdueText(call));
    return;
  }
  const [running] = overdue.known.values();
  respMap(reply, 2);
  respText(reply, 'running_script');
  if (running === undefined) {
    respNull(reply);
  } else {
    respMap(reply, 3);
    respText(reply, 'name');
    respText(reply, running.name);
    respText(reply, 'command');
    respArray(reply, running.command.length);
    for (const word of running.command) respBuffer(reply, Buffer.from(word));
    respText(reply, 'duration_ms');
    respInteger(reply, Math.round(Date.now() - running.startedAtMs));
  }
  respText(reply, 'engines');
  respMap(reply, 1);
  respText(reply, 'LUA');
  respMap(reply, 2);
  respText(reply, 'libraries_count');
  respInteger(reply, functions.registry.libraryCount);
  respText(reply, 'functions_count');
  respInteger(reply, functions.registry.functionCount);
}

function functionKill(call: RespCall): void {
  overdueKillAll(call, OVERDUE.IS_FUNCTION);
}
