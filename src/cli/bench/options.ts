/** The options of `flagstone bench`: a row each, in the groups of its help. */
import { type Command, Option } from 'commander';
import { FAULT } from '../../base/errors.ts';
import { keyDrawParse } from '../../load/key-draw.ts';
import { KEY_COUNT_MAX, KEY_PREFIX_USUAL } from '../../load/key-names.ts';
import { PROTOCOLS } from '../../load/plan.ts';
import { valueSizesParse } from '../../load/value-sizes.ts';
import { decimalParser, integerParser, type Parse, wordParser } from '../units.ts';

export const PASSWORD_VARIABLE = 'FLAGSTONE_BENCH_PASSWORD';
const CONNECTIONS_MAX = 60_000;
const THREADS_MAX = 128;
const PIPELINE_MAX = 100_000;
const SECONDS_MAX = 30 * 86_400;
const RATE_MAX = 1e9;
const EXPIRE_SEC_MAX = 30 * 86_400;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const SEED_MAX = 2 ** 31;

type Row = readonly [flags: string, doc: string, usual: unknown, parse: Parse<unknown> | null];

const AUTO = 'auto';
const threadsParse: Parse<unknown> = (text, label) =>
  text === AUTO ? AUTO : integerParser(1, THREADS_MAX)(text, label);

// biome-ignore format: a table reads in columns
const GROUPS: readonly (readonly [string, readonly Row[]])[] = [
  ['Server:', [
    ['-P, --protocol <name>', 'text, meta and binary are memcached\'s; resp is Redis\'s', 'text', wordParser(PROTOCOLS)],
    ['--tls', 'speak TLS', undefined, null],
    ['--ca <file>', 'who vouches for the server (PEM), instead of those that Node knows', undefined, text],
    ['--insecure', 'take any certificate', undefined, null],
    ['--cert <file>', 'our certificate (PEM), for a server that asks for one', undefined, text],
    ['--key <file>', 'its key (PEM)', undefined, text],
    ['-u, --user <name>', 'log in as; RESP\'s default user needs no name', undefined, text],
    ['--password-file <file>', `the password is its first line; or it stands in ${PASSWORD_VARIABLE}`, undefined, text],
  ]],
  ['Load:', [
    ['-c, --clients <n>', 'connections, in all', 50, integerParser(1, CONNECTIONS_MAX)],
    ['-t, --threads <n>', 'threads that share them', AUTO, threadsParse],
    ['--pipeline <n>', 'requests that a connection has under way', 1, integerParser(1, PIPELINE_MAX)],
    ['--rate <n>', 'requests a second, in all, sent on time whatever the server does; 0: as fast as it goes', 0, rateParse],
    ['-s, --seconds <n>', 'how long', undefined, decimalParser(0, SECONDS_MAX)],
    ['-n, --requests <n>', 'how many requests, in all, instead of how long', undefined, integerParser(1, COUNT_MAX)],
    ['--warmup <seconds>', 'the same load before, which does not count', 1, warmupParse],
    ['--timeout <seconds>', 'give up when no reply has come for so long', 10, decimalParser(0, SECONDS_MAX)],
    ['--seed <n>', 'the same seed draws the same requests', 1, integerParser(0, SEED_MAX)],
  ]],
  ['Requests:', [
    ['--ratio <sets:gets>', 'how many sets to how many gets', '1:9', ratioParse],
    ['--command <words>', 'RESP: this instead, with __key__ and __value__ filled in; again for another', undefined, text],
    ['--command-ratio <n:n...>', 'RESP: how many of each --command', undefined, weightsParse],
    ['--fill', 'store every key first; usual where there are gets', undefined, null],
    ['--no-fill', 'do not', undefined, null],
    ['--verify', 'compare every value that comes with what was stored', undefined, null],
  ]],
  ['Keys and values:', [
    ['--keys <n>', 'different keys', 100_000, integerParser(1, KEY_COUNT_MAX)],
    ['--key-distribution <name>', 'uniform, zipf[:THETA], gaussian[:SHARE], sequential, hotspot[:KEYS:REQUESTS]', 'uniform', keyDrawParse],
    ['--key-prefix <text>', 'what keys begin with; a number follows', KEY_PREFIX_USUAL, prefixParse],
    ['-d, --value-bytes <sizes>', 'N, A-B, or SIZE:WEIGHT,... with k and m; a key\'s size is always the same', '100', valueSizesParse],
    ['--expire <seconds>', 'values expire after; 0: never', 0, integerParser(0, EXPIRE_SEC_MAX)],
  ]],
  ['Report:', [
    ['--json <file>', 'write everything measured; - for standard output, the report then goes to standard error', undefined, text],
    ['--hgrm <file>', 'write the latencies as HdrHistogram\'s percentiles', undefined, text],
    ['--quiet', 'no progress', undefined, null],
    ['--ascii', 'no other characters; usual unless the locale is UTF-8', undefined, null],
  ]],
];

/** Adds the options to a command. Errors while it parses: OPTION_VALUE. */
export function benchOptionsAdd(command: Command): void {
  for (const [group, rows] of GROUPS) {
    for (const [flags, doc, usual, parse] of rows) {
      const option = new Option(flags, doc).helpGroup(group);
      const long = option.long ?? flags;
      if (usual !== undefined) option.default(parsedDefault(usual, parse, long), `${usual}`);
      if (parse !== null) option.argParser(optionParser(long, parse));
      command.addOption(option);
    }
  }
}

/** Options that may be given again gather their texts. */
function optionParser(
  long: string,
  parse: Parse<unknown>,
): (word: string, before: unknown) => unknown {
  if (long !== '--command') return (word) => parse(word, `${long} ${word}`);
  return (word, before) => [...(Array.isArray(before) ? before : []), word];
}

function parsedDefault(usual: unknown, parse: Parse<unknown> | null, long: string): unknown {
  return parse === null ? usual : parse(`${usual}`, long);
}

function text(word: string, label: string): string {
  if (word === '') throw FAULT.optionValue(label, 'must not be empty');
  return word;
}

function rateParse(word: string, label: string): number {
  return word === '0' ? 0 : decimalParser(0, RATE_MAX)(word, label);
}

function warmupParse(word: string, label: string): number {
  return word === '0' ? 0 : decimalParser(0, SECONDS_MAX)(word, label);
}

function weightsParse(word: string, label: string): readonly number[] {
  const weights = word.split(':').map(Number);
  const isSound = /^\d{1,9}(:\d{1,9})*$/.test(word) && weights.some((weight) => weight > 0);
  if (!isSound) throw FAULT.optionValue(label, 'must be whole numbers, such as 1:9');
  return weights;
}

function ratioParse(word: string, label: string): readonly number[] {
  const weights = weightsParse(word, label);
  if (weights.length !== 2) throw FAULT.optionValue(label, 'must be SETS:GETS, such as 1:9');
  return weights;
}

/** What may begin a key of memcached: no blank and no control character. The rest of 250 bytes is for the number. */
function prefixParse(word: string, label: string): string {
  if (/^[!-~\u0080-\uffff]*$/.test(word) && Buffer.byteLength(word) <= 230) return word;
  throw FAULT.optionValue(label, 'must be at most 230 bytes without a blank');
}
