/** Subcommands of DEBUG about the server, and those that switch something on or off. */
import { globMatches } from '../../../base/glob.ts';
import { memoryRead } from '../../../config/value-type.ts';
import { CONTROL } from '../../../memory/control.ts';
import { argumentText } from '../../../protocol/resp/arguments.ts';
import { respError, respInteger, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, errorCount, type RespCall, respClock } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { configFileRewrite } from './config.ts';
import { PROTOCOL_EXAMPLES } from './debug-protocol.ts';
import type { DebugRow } from './debug-row.ts';

const NO_EFFECT = 'Accepted, without effect:';
const PACKED_THRESHOLD_MAX = 4n * 2n ** 30n;

// biome-ignore format: a table reads in columns
export const SWITCH_DEBUG: readonly DebugRow[] = [
  { name: 'config-rewrite-force-all',   wordsMin: 0, wordsMax: 0, syntax: '', doc: 'As CONFIG REWRITE, with all directives.', run: debugConfigRewrite },
  { name: 'dict-resizing',              wordsMin: 1, wordsMax: 1, syntax: '<0 | 1>', doc: `${NO_EFFECT} the index grows bucket by bucket.`, run: accepted },
  { name: 'error',                      wordsMin: 1, wordsMax: 1, syntax: '<text>', doc: 'Return the text as an error.', run: debugError },
  { name: 'log',                        wordsMin: 1, wordsMax: 1, syntax: '<text>', doc: 'Write the text into the log.', run: debugLog },
  { name: 'pause-cron',                 wordsMin: 1, wordsMax: 1, syntax: '<0 | 1>', doc: `${NO_EFFECT} background work changes nothing that clients see.`, run: accepted },
  { name: 'protocol',                   wordsMin: 1, wordsMax: 1, syntax: '<type>', doc: 'Return a reply of that type.', run: debugProtocol },
  { name: 'quicklist-packed-threshold', wordsMin: 1, wordsMax: 1, syntax: '<size>', doc: `${NO_EFFECT} long elements of lists are always kept apart.`, run: debugPackedThreshold },
  { name: 'reload',                     wordsMin: 0, wordsMax: 3, syntax: '', doc: 'Refuse: nothing is written to disk.', run: debugReload },
  { name: 'replybuffer',                wordsMin: 2, wordsMax: 2, syntax: '<peak-reset-time | resizing> <value>', doc: `${NO_EFFECT} clients have no reply buffers of their own.`, run: accepted },
  { name: 'set-active-expire',          wordsMin: 1, wordsMax: 1, syntax: '<0 | 1>', doc: 'Choose whether expired keys are looked for, or only met.', run: debugActiveExpire },
  { name: 'set-disable-deny-scripts',   wordsMin: 1, wordsMax: 1, syntax: '<0 | 1>', doc: 'Choose whether scripts may call DEBUG and CLIENT LIST.', run: debugScripts },
  { name: 'sleep',                      wordsMin: 1, wordsMax: 1, syntax: '<seconds>', doc: 'Hold up the server for so long.', run: debugSleep },
  { name: 'stringmatch-len',            wordsMin: 2, wordsMax: 2, syntax: '<count> <pattern>', doc: 'Match the pattern against so many letters a.', run: debugStringMatch },
];

function accepted({ reply }: RespCall): void {
  respOk(reply);
}

function debugSleep(call: RespCall): void {
  const seconds = Number(argumentText(call.args, 2));
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  if (seconds > 0) Atomics.wait(nobody, 0, 0, seconds * 1000);
  if (!call.inTransaction) respClock(call);
  respOk(call.reply);
}

function debugError(call: RespCall): void {
  const text = argumentText(call.args, 2);
  errorCount(call, text);
  respError(call.reply, text);
}

function debugLog({ args, server, reply }: RespCall): void {
  server.warn(`DEBUG LOG: ${Buffer.from(argumentText(args, 2), 'latin1')}`, {});
  respOk(reply);
}

function debugProtocol(call: RespCall): void {
  const { args, reply } = call;
  const name = argumentText(args, 2).toLowerCase();
  const example = PROTOCOL_EXAMPLES[name];
  if (example === undefined) {
    const names = Object.keys(PROTOCOL_EXAMPLES).join('|');
    const what = 'Wrong protocol type name. Please use one of the following';
    answerError(call, `ERR ${what}: ${names}`);
  } else if (name === 'push' && reply.resp !== 3) {
    answerError(call, 'ERR RESP2 is not supported by this command');
  } else {
    example(reply);
  }
}

function debugPackedThreshold(call: RespCall): void {
  const bytes = memoryRead(argumentText(call.args, 2).toLowerCase());
  if (bytes === null || bytes > PACKED_THRESHOLD_MAX) {
    const bounds = 'bigger than 1 and smaller than 4gb';
    answerError(call, `ERR argument must be a memory value ${bounds}`);
    return;
  }
  respOk(call.reply);
}

function debugReload(call: RespCall): void {
  answerError(call, 'ERR nothing can be reloaded: this server keeps its keys in memory alone');
}

function debugActiveExpire({ args, keyspace, reply }: RespCall): void {
  const isOn = argumentText(args, 2) !== '0';
  Atomics.store(keyspace.control.i32, CONTROL.sweepIsOn, isOn ? 1 : 0);
  respOk(reply);
}

function debugScripts({ args, keyspace, reply }: RespCall): void {
  const isOn = argumentText(args, 2) !== '0';
  Atomics.store(keyspace.control.i32, CONTROL.scriptsDebug, isOn ? 1 : 0);
  respOk(reply);
}

function debugConfigRewrite(call: RespCall): void {
  const problem = configFileRewrite(call, true);
  if (problem === null) respOk(call.reply);
  else answerError(call, problem);
}

function debugStringMatch(call: RespCall): void {
  const { args, reply } = call;
  const count = integerArgument(call, 2);
  if (Number.isNaN(count)) return;
  const text = Buffer.alloc(Math.max(0, count), 'a');
  const { source, start, end } = args;
  const isMatch = globMatches(source, start[3], end[3], text, 0, text.length, false);
  respInteger(reply, isMatch ? 1 : 0);
}
