/**
 * FUNCTION DUMP and RESTORE: libraries as bytes that other servers understand, too.
 *
 * Texts: valkey-io/valkey src/functions.c, functionRestoreCommand.
 */
import { payloadIsSound } from '../../../protocol/rdb/dump-payload.ts';
import { functionsRead, functionsWrite } from '../../../protocol/rdb/function-payload.ts';
import { RdbWriter, rdbWriterClear } from '../../../protocol/rdb/writer.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, subcommandMisused } from '../../../protocol/resp/errors.ts';
import { respBulk, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount } from '../key-events.ts';
import { type Candidate, candidateCompile } from './function-compile.ts';
import { functionHead } from './function-head.ts';
import { loadedDrop } from './function-load.ts';
import { librariesFlush, libraryAdd } from './function-notices.ts';
import { type FunctionRegistry, nameTaken } from './function-registry.ts';

const writer = new RdbWriter();
const POLICIES = ['append', 'replace', 'flush'] as const;
type Policy = (typeof POLICIES)[number];

export function functionDump(call: RespCall): void {
  const codes = [...call.functions.registry.all()].map(({ code }) => code);
  functionsWrite(writer, codes);
  if (writer.isFull) answerError(call, RESP_ERROR.stringTooLong);
  else respBulk(call.reply, writer.bytes, 0, writer.used);
  rdbWriterClear(writer);
}

export function functionRestore(call: RespCall): void {
  const { args, functions, reply } = call;
  if (args.count > 4) {
    answerError(call, subcommandMisused('function', 'restore'));
    return;
  }
  const policy = args.count === 4 ? POLICIES.find((one) => argumentIs(args, 3, one)) : 'append';
  if (policy === undefined) {
    answerError(
      call,
      'ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
    );
    return;
  }
  if (!payloadIsSound(args.source, args.start[2], args.end[2])) {
    answerError(call, 'ERR DUMP payload version or checksum are wrong');
    return;
  }
  const codes = functionsRead(args.source, args.start[2], args.end[2]);
  if (typeof codes === 'string') {
    answerError(call, `ERR ${codes}`);
    return;
  }
  const candidates: Candidate[] = [];
  const fault =
    candidatesCompile(call, codes, candidates) ?? conflict(functions.registry, candidates, policy);
  if (fault !== null) {
    for (const { machine, loaded } of candidates) loadedDrop(machine, loaded);
    answerError(call, `ERR ${fault}`);
    return;
  }
  if (policy === 'flush') librariesFlush(call);
  for (const candidate of candidates) libraryAdd(call, candidate);
  changesCount(call, 1);
  respOk(reply);
}

/** Compiles the payload's libraries, which must not be in each other's way. Returns null, or what is wrong. */
function candidatesCompile(
  call: RespCall,
  codes: readonly Buffer[],
  candidates: Candidate[],
): string | null {
  const libraries = new Set<string>();
  const functions = new Set<string>();
  for (const code of codes) {
    const head = functionHead(code);
    if (typeof head === 'string') return head;
    if (libraries.has(head.name)) return `Library '${head.name}' already exists`;
    libraries.add(head.name);
    const candidate = candidateCompile(call, head, code, true);
    if (typeof candidate === 'string') return candidate;
    candidates.push(candidate);
    for (const { name } of candidate.loaded) {
      if (functions.has(name.toLowerCase())) return `Function ${name} already exists`;
      functions.add(name.toLowerCase());
    }
  }
  return null;
}

/** What of the thread's libraries is in the way, or null. */
function conflict(
  registry: FunctionRegistry,
  candidates: readonly Candidate[],
  policy: Policy,
): string | null {
  if (policy === 'flush') return null;
  if (policy === 'append') {
    const taken = candidates.find(({ name }) => registry.library(name) !== null);
    if (taken !== undefined) return `Library ${taken.name} already exists`;
  }
  const name = nameTaken(registry, candidates, policy === 'replace');
  return name === null ? null : `Function ${name} already exists`;
}
